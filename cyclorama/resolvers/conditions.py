"""Conditions on records, as those of layouts, for whatever else applies to some of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cyclorama.layouts.clauses import OPERATORS, Subject, in_order
from cyclorama.layouts.entries import ClauseEntry
from cyclorama.layouts.model import Clause
from cyclorama.layouts.problems import listed
from cyclorama.schema import catalogue
from cyclorama.schema.symbols import ROWS

Execute = Callable[[Any, Mapping[str, Any]], Awaitable[Sequence[Any]]]
"""Sends a statement with parameters and gives its rows."""


def wrong_clauses(
    kind: str,
    clauses: Sequence[ClauseEntry],
    fields: Sequence[Any],
    more: Collection[str] = (),
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Place in the list, code of `UserErrorCode` and message of each problem that a file's
    conditions on records of a kind have; `fields` are the custom fields, `more` what may
    be asked beside attributes."""
    names = catalogue.attribute_names(kind, fields).union(more)
    for n, clause in enumerate(clauses):
        operator = OPERATORS[clause.operator]
        if clause.attribute not in names:
            message = f"there is no record {clause.attribute}; use one of: "
            yield (n, "attribute"), "LOOKUP_NOT_FOUND", f"{message}{listed(names)}."
        if clause.operator.endswith("_GROUP"):
            yield (n, "operator"), "INVALID", f"{clause.operator} asks for viewers."
        elif not operator.takes(len(clause.values)):
            message = f"{clause.operator} can't take {len(clause.values)} values."
            yield (n, "values"), "INVALID", message
        elif clause.operator == "BETWEEN" and not in_order(*clause.values):
            message = "BETWEEN takes two values of one sort, the lower first."
            yield (n, "values"), "INVALID", message


async def meeting(
    execute: Execute,
    kind: str,
    ids: Sequence[str],
    conditions: Mapping[str, Sequence[Mapping[str, Any]]],
    fields: Sequence[Any],
) -> dict[str, set[str]]:
    """Which of the named conditions each record meets, in one statement; conditions are
    lists of clauses as files write them, all of which have to hold."""
    asked = {
        name: [
            Clause(c["attribute"], c["operator"], tuple(c.get("values", ())))
            for c in clauses
        ]
        for name, clauses in conditions.items()
    }
    names = {c.attribute for clauses in asked.values() for c in clauses}
    held = await attributes_of(execute, kind, ids, names, fields)
    return {
        record: {name for name, c in asked.items() if Subject(values).meets(c)}
        for record, values in held.items()
    }


async def attributes_of(
    execute: Execute,
    kind: str,
    ids: Sequence[str],
    names: Collection[str],
    fields: Sequence[Any],
) -> dict[str, dict[str, Any]]:
    """Attributes of records, by id and name, as conditions compare them; one statement."""
    table: Any = ROWS[kind].__table__
    columns = catalogue.attribute_columns(kind, sorted(names), fields)
    given: Any = sa.bindparam("ids", expanding=True)
    query = sa.select(
        table.c.id, *(c.label(f"a{n}") for n, c in enumerate(columns.values()))
    )
    found = {}
    for record, *texts in await execute(
        query.where(table.c.id.in_(given)), {"ids": ids}
    ):
        found[record] = {
            name: catalogue.python_value(kind, name, text, fields)
            for name, text in zip(columns, texts, strict=True)
        }
    return found
