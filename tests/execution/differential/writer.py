"""Writes random operations of a schema."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    GraphQLNonNull,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
    is_object_type,
)
from graphql.pyutils import Undefined

from differential.words import Pools, Words, literal

DEEPEST: Final = 7
MOST_FIELDS: Final = 60
NOT_ASKED: Final = frozenset({"setSectionPluginEnabled"})
"""What changes the configuration, which both engines share."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation, and the values of its variables in one request or several."""

    text: str
    values: Sequence[Mapping[str, Any]]


@dataclass(slots=True)
class _Draft:
    """What one operation has come to so far."""

    fields: int = 0
    aliases: int = 0
    variables: dict[str, str] = field(default_factory=dict)
    values: tuple[dict[str, Any], ...] = ({}, {})
    fragments: dict[str, tuple[Any, str]] = field(default_factory=dict)


class Writer:
    """Draws operations; the same ones for the same seed and answers."""

    def __init__(
        self,
        schema: Any,
        seed: int,
        pools: Pools,
        *,
        roots: Sequence[str] = (),
        alone: bool = False,
    ) -> None:
        self.schema = schema
        self.chance = random.Random(seed)
        self.words = Words(self.chance, pools)
        self.roots = roots
        """Root fields that are drawn half of the time."""
        self.alone = alone
        """Whether an operation is a query of one of these and nothing else, of a record by
        its id, and with little that is refused: what the short way is for."""

    def operation(self) -> Asked:
        """One operation."""
        self.draft = _Draft()
        changes = self.schema.mutation_type
        may_change = changes is not None and changes.fields.keys() > NOT_ASKED
        is_mutation = may_change and not self.alone and self.maybe(0.03)
        type_ = changes if is_mutation else self.schema.query_type
        parts = []
        for _ in range(1 if self.alone else self.chance.choice((1, 1, 1, 2, 3))):
            if self.alone or (self.roots and not is_mutation and self.maybe(0.6)):
                name = self.chance.choice(self.roots)
            else:
                name = self.chance.choice(
                    [n for n in type_.fields if n not in NOT_ASKED]
                )
            parts += self._field(type_, name, DEEPEST)
        head = "mutation" if is_mutation else "query"
        given = ", ".join(f"${n}: {t}" for n, t in self.draft.variables.items())
        body = f"{head} Q{f'({given})' if given else ''} {{ {' '.join(parts)} }}"
        used = [f for f in self.draft.fragments.values() if f[1]]
        text = "\n".join([body, *(written for _, written in used)])
        asked = self.draft.values if self.draft.variables else self.draft.values[:1]
        return Asked(text, asked)

    def maybe(self, share: float) -> bool:
        """True in this share of all cases."""
        return self.chance.random() < share

    def _selection(self, type_: Any, depth: int) -> str:
        parts: list[str] = []
        if not is_abstract_type(type_) or hasattr(type_, "fields"):
            names = [n for n in type_.fields if self._fits(type_.fields[n], depth)]
            sizes = (1, 2) if self.alone and depth > 5 else (1, 2, 3, 4, 6)
            most = min(len(names), self.chance.choice(sizes))
            for name in self._drawn(names, type_, most):
                parts += self._field(type_, name, depth)
        if self.maybe(0.2):
            alias = self._alias() if self.maybe(0.3) else ""
            parts.append(f"{alias}__typename{self._directive()}")
        if depth > 1 and (is_abstract_type(type_) or self.maybe(0.15)):
            parts += self._fragments(type_, depth)
        self.chance.shuffle(parts)
        return f"{{ {' '.join(parts or ['__typename'])} }}"

    def _drawn(self, names: list[str], type_: Any, most: int) -> list[str]:
        """Distinct names; what leads on is preferred."""
        weights = {n: _weight(get_named_type(type_.fields[n].type)) for n in names}
        keyed = {n: self.chance.random() ** (1 / weights[n]) for n in names}
        return sorted(names, key=lambda n: -keyed[n])[:most]

    def _fits(self, field: Any, depth: int) -> bool:
        is_leaf = is_leaf_type(get_named_type(field.type))
        return is_leaf or (depth > 1 and self.draft.fields < MOST_FIELDS)

    def _fragments(self, type_: Any, depth: int) -> list[str]:
        parts = []
        for inner in self._conditions(type_):
            if self.maybe(0.5):
                parts.append(self._fragment(inner, depth - 1))
        return parts

    def _conditions(self, type_: Any) -> list[Any]:
        """Types that a fragment here may be on."""
        if is_object_type(type_):
            return [type_, *type_.interfaces]
        found = list(self.schema.get_possible_types(type_))
        if type_.name == "Node":
            found.append(self.schema.type_map["Record360"])
        return self.chance.sample(found, min(3, len(found)))

    def _fragment(self, type_: Any, depth: int) -> str:
        directive = self._directive()
        if self.maybe(0.5):
            return f"... on {type_.name}{directive} {self._selection(type_, depth)}"
        ready = [
            n for n, (t, text) in self.draft.fragments.items() if t is type_ and text
        ]
        if ready and self.maybe(0.6):
            return f"...{self.chance.choice(ready)}{directive}"
        name = f"F{len(self.draft.fragments)}"
        self.draft.fragments[name] = (type_, "")
        text = f"fragment {name} on {type_.name} {self._selection(type_, depth)}"
        self.draft.fragments[name] = (type_, text)
        return f"...{name}{directive}"

    def _field(self, type_: Any, name: str, depth: int) -> list[str]:
        """A field; sometimes twice under one key, its selections to be merged."""
        self.draft.fields += 1
        field = type_.fields[name]
        arguments = self._arguments(field)
        alias = self._alias() if arguments or self.maybe(0.25) else ""
        head = f"{alias}{name}{arguments}"
        inner = get_named_type(field.type)
        times = 2 if self.maybe(0.08) else 1
        if is_leaf_type(inner):
            return [f"{head}{self._directive()}" for _ in range(times)]
        return [
            f"{head}{self._directive()} {self._selection(inner, depth - 1)}"
            for _ in range(times)
        ]

    def _alias(self) -> str:
        self.draft.aliases += 1
        return f"x{self.draft.aliases}: "

    def _directive(self) -> str:
        if self.maybe(0.92):
            return ""
        name = self.chance.choice(("skip", "include"))
        value = self.chance.choice(("true", "false"))
        if self.maybe(0.6):
            value = self._variable("Boolean!", [True, False], None)
        return f" @{name}(if: {value})"

    def _arguments(self, field: Any) -> str:
        given = []
        single = "id" if self.alone else self.chance.choice(("id", "id", "id", "ref"))
        for name, argument in field.args.items():
            if field.args.keys() == {"id", "ref"} and self.maybe(0.96):
                if name == single:
                    given.append(f"{name}: {self._argument(name, argument)}")
                continue
            required = isinstance(argument.type, GraphQLNonNull)
            needed = required and argument.default_value is Undefined
            if needed or self.maybe(0.1 if self.alone else 0.5):
                given.append(f"{name}: {self._argument(name, argument)}")
        return f"({', '.join(given)})" if given else ""

    def _argument(self, name: str, argument: Any) -> str:
        values = [self.words.value(name, argument.type) for _ in range(2)]
        if self.maybe(0.6):
            return literal(values[0], argument.type)
        default = None
        if self.maybe(0.3):
            default = literal(self.words.value(name, argument.type), argument.type)
        return self._variable(str(argument.type), values, default)

    def _variable(self, type_: str, values: list[Any], default: str | None) -> str:
        name = f"v{len(self.draft.variables)}"
        self.draft.variables[name] = (
            type_ if default is None else f"{type_} = {default}"
        )
        optional = default is not None or not type_.endswith("!")
        for given, value in zip(self.draft.values, values, strict=True):
            if not (optional and self.maybe(0.25)):
                given[name] = value
        return f"${name}"


def _weight(type_: Any) -> int:
    """How much a field of this type is preferred: sections, then what leads on."""
    if is_leaf_type(type_):
        return 1
    names = [i.name for i in getattr(type_, "interfaces", ())]
    return 5 if "Section" in [type_.name, *names] else 2
