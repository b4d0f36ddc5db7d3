"""Rows that are the same by another key than their id, as a user's address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cyclorama.importers.drafts import Draft
from cyclorama.importers.references import REFS
from cyclorama.importers.targets import Target

Values = tuple[Any, ...]


async def rows_of(
    connection: AsyncConnection, table: sa.Table, condition: sa.ColumnElement[bool]
) -> dict[str, Mapping[str, Any]]:
    """Rows of a table by id, locked until the end of the transaction."""
    query = sa.select(table).where(condition).order_by(table.c.id)
    rows = (await connection.execute(query.with_for_update())).mappings()
    return {row["id"]: dict(row) for row in rows}


async def take_over(
    connection: AsyncConnection,
    system: str,
    target: Target,
    names: Sequence[str],
    drafts: Sequence[Draft],
) -> dict[int, str]:
    """Let new drafts become the rows that have their natural key already; place and
    reason of the drafts whose key belongs to another row."""
    found = await _found(connection, target.table, names, drafts)
    taken = await _taken(connection, system, drafts, [r["id"] for r in found.values()])
    refused: dict[int, str] = {}
    first: dict[Values, Draft] = {}
    for place, draft in enumerate(drafts):
        value = _natural(draft, names)
        if value is None:
            continue
        row, said = found.get(value), _said(names, value)
        if first.setdefault(value, draft) is not draft:
            refused[place] = f"{said} stands in line {first[value].row.line} too"
        elif row is None or row["id"] == draft.entity:
            continue
        elif draft.entity or row["id"] in taken:
            refused[place] = f"{said} belongs to {taken.get(row['id'], 'another row')}"
        else:
            draft.entity, draft.old = row["id"], row
    return refused


async def _found(
    connection: AsyncConnection,
    table: sa.Table,
    names: Sequence[str],
    drafts: Sequence[Draft],
) -> dict[Values, Mapping[str, Any]]:
    wanted = {_natural(draft, names) for draft in drafts} - {None}
    if not wanted:
        return {}
    columns = sa.tuple_(*(table.c[n] for n in names))
    rows = await rows_of(connection, table, columns.in_(list(wanted)))
    return {tuple(row[n] for n in names): row for row in rows.values()}


async def _taken(
    connection: AsyncConnection,
    system: str,
    drafts: Sequence[Draft],
    ids: Sequence[str],
) -> dict[str, str]:
    """Which of these rows mirror an object of this type already, with its id."""
    if not ids:
        return {}
    types = {draft.key[0] for draft in drafts}
    query = sa.select(REFS.c.entity_id, REFS.c.external_id).where(
        REFS.c.entity_id.in_(ids),
        REFS.c.system == system,
        REFS.c.object_type.in_(types),
    )
    found = (await connection.execute(query)).all()
    return {entity: repr(external) for entity, external in found}


def _natural(draft: Draft, names: Sequence[str]) -> Values | None:
    """The draft's values of a natural key; None where one is empty."""
    held = {**(draft.old or {}), **draft.values}
    value = tuple(held.get(name) for name in names)
    return None if None in value else value


def _said(names: Sequence[str], value: Values) -> str:
    if len(names) == 1:
        return f"{names[0]} {str(value[0])[:80]!r}"
    return f"the same {' and '.join(names)}"
