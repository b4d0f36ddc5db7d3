"""Defects that are planted, to see whether the comparison finds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
import sqlalchemy as sa

from cyclorama.execution import composer, pages, plans, waves
from cyclorama.execution.leaves import Leaf
from cyclorama.resolvers.keyset import page_size
from cyclorama.storage.prefix import Prefix, Shadowed

Patch = pytest.MonkeyPatch


def null_check_dropped(patch: Patch) -> None:
    """A null is written where none may be."""
    made = Leaf.of

    def of(type_: Any, tripwire: str, *, proven: bool = False) -> Leaf:
        return made(type_, tripwire, proven=True)

    patch.setattr(Leaf, "of", staticmethod(of))


def wrong_alias(patch: Patch) -> None:
    """What speaks of the own row reads the record's."""
    put = composer.Composer.put

    def wrong(self: Any, template: Any, level: Any, *rest: Any, **more: Any) -> str:
        text: str = put(self, template, level, *rest, **more)
        alias = level.alias or "r0"
        return text.replace(f"{alias}.version", "r0.version")

    patch.setattr(composer.Composer, "put", wrong)


def values_left_out(patch: Patch) -> None:
    """A plan is found whatever the values of the variables that shape it."""
    patch.setattr(plans, "_variables", lambda running: ())
    patch.setattr(plans, "_values", lambda names, variables: b"")


def wrong_place(patch: Patch) -> None:
    """Records of a list are filled in at the place of the first."""
    places = waves.places

    def wrong(root: Any, steps: Any) -> Any:
        found = [*places(root, steps)]
        keys = [k for k, _ in found]
        return [(k, v) for k, (_, v) in zip(reversed(keys), found, strict=True)]

    patch.setattr(waves, "places", wrong)


def no_gate(patch: Patch) -> None:
    """Nested records show the sections of the first one's layout."""
    made = waves.refs_of

    def wrong(*arguments: Any, **more: Any) -> Any:
        refs = made(*arguments, **more)
        return [_with_variant(ref, refs[0].variant) for ref in refs]

    patch.setattr(waves, "refs_of", wrong)


def _with_variant(ref: Any, variant: Any) -> Any:
    object.__setattr__(ref, "variant", variant)
    return ref


def first_unguarded(patch: Patch) -> None:
    """Any size of a page is taken."""

    def any_size(first: int) -> int:
        return min(max(first, 1), 200)

    assert page_size is composer.page_size
    patch.setattr(composer, "page_size", any_size)


def float_unguarded(patch: Patch) -> None:
    """A float is written as the database prints it."""
    for name in ("_value_sqlite", "_value_postgresql"):
        guarded = getattr(Leaf, name)

        def bare(self: Leaf, e: Any, guarded: Any = guarded) -> Any:
            return (
                sa.type_coerce(e, sa.Float())
                if self.kind == "Float"
                else guarded(self, e)
            )

        patch.setattr(Leaf, name, bare)


def page_without_end(patch: Patch) -> None:
    """A page never says that there is more."""
    fact = pages._Page._fact

    def wrong(self: Any, type_: Any, details: Any) -> str:
        text: str = fact(self, type_, details)
        return text.replace("count(*) >", "-count(*) >")

    patch.setattr(pages._Page, "_fact", wrong)


def access_dropped(patch: Patch) -> None:
    """The statements of plans do not begin with what may be read."""
    made = Prefix.shadowed

    def bare(self: Prefix, sql: str, given: int, *, numbered: bool) -> Shadowed:
        if numbered:
            return Shadowed(sql, (), False)
        return made(self, sql, given, numbered=numbered)

    patch.setattr(Prefix, "shadowed", bare)


DEFECTS: Final[tuple[Callable[[Patch], None], ...]] = (
    null_check_dropped,
    wrong_alias,
    values_left_out,
    wrong_place,
    no_gate,
    first_unguarded,
    float_unguarded,
    page_without_end,
    access_dropped,
)
