"""What masks hide and what they leave still tells of: worked out from declarations.

What is made of a masked field is hidden with it. What is left are lists whose conditions
read it, other amounts, and rules of layouts and of access that ask for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cyclorama.execution.reads import decided_by
from cyclorama.layouts.access import AccessRule
from cyclorama.layouts.model import Assignment, Clause, LayoutBook
from cyclorama.resolvers.masks import covered, kept_in, masked
from cyclorama.schema import catalogue
from cyclorama.schema.masks import Masked
from cyclorama.schema.symbols import ROWS
from cyclorama.storage.masks import EVERYBODY, FieldPermission

AMOUNTS: Final = "money.view"
NOBODY: Final = "people of whose groups no mask speaks"


@dataclass(frozen=True, slots=True)
class Told:
    """A field that is hidden from the members of a group, and what tells of it."""

    group: str
    field: str
    by: tuple[str, ...]
    """In words."""

    def __str__(self) -> str:
        return (
            f"{self.field} is hidden from {self.group}, who can still tell something of "
            f"it by: {'; '.join(self.by)}."
        )


def told(
    graph: Any,
    fields: Sequence[Any],
    permissions: Sequence[FieldPermission],
    book: LayoutBook,
    rules: Iterable[AccessRule],
) -> list[Told]:
    """By group and field, where anything tells of it."""
    asked = [*_asked(book), *_asking(rules)]
    found = []
    for group in sorted({p.group for p in permissions}):
        groups = frozenset[str]() if group == EVERYBODY else frozenset({group})
        hidden = masked(graph, fields, permissions, groups)
        for field in sorted(hidden.fields):
            by = (
                *_lists(graph, field, hidden),
                *_alike(graph, fields, field, hidden),
                *(f"{where}, which asks for it" for c, where in asked if c == field),
            )
            if by:
                name = NOBODY if group == EVERYBODY else group
                found.append(Told(name, field, tuple(dict.fromkeys(by))))
    return found


def _lists(graph: Any, field: str, hidden: Masked) -> Iterator[str]:
    columns = set(kept_in(graph, field))
    gone = graph.schema.units.hidden(hidden)
    for coordinate, read in decided_by(graph.schema._schema).items():
        if columns & read and coordinate not in gone:
            yield f"{coordinate}, whose rows are chosen by it"


def _alike(
    graph: Any, fields: Sequence[Any], field: str, hidden: Masked
) -> Iterator[str]:
    """Other amounts: they add up to one another, or are one another's multiples."""
    amounts = set(covered(graph, fields, [AMOUNTS]))
    for other in sorted(amounts - hidden.fields) if field in amounts else ():
        yield f"{other}, an amount as well"


def _asked(book: LayoutBook) -> Iterator[tuple[str, str]]:
    kinds = {layout.key: layout.kind for layout in book.layouts}
    for one in book.assignments:
        if one.enabled:
            yield from _by(one, kinds[one.layout], one.record, "the assignment")


def _asking(rules: Iterable[AccessRule]) -> Iterator[tuple[str, str]]:
    for one in rules:
        if one.enabled:
            yield from _by(one, one.kind, one.record, "the access rule")


def _by(
    rule: Assignment | AccessRule, kind: str, clauses: Sequence[Clause], what: str
) -> Iterator[tuple[str, str]]:
    """The fields that a rule asks for, each with the words for the rule."""
    for clause in clauses:
        table = ROWS[kind].__tablename__
        yield catalogue.coordinate(table, clause.attribute), f"{what} {rule.name!r}"
