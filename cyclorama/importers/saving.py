"""Drafts and what hangs on them as statements: one for each kind of change."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cyclorama.importers.drafts import Draft, changes, new_row
from cyclorama.importers.references import REFS, Key, Known, Open, close
from cyclorama.importers.targets import Target
from cyclorama.storage.ids import new_id
from cyclorama.storage.rows import Row

# Names of parameters start with b_, which no column's name does.


async def insert_rows(
    connection: AsyncConnection, target: Target, new: Sequence[Draft], now: datetime
) -> None:
    """All rows first, then what they point to in their own table."""
    if not new:
        return
    rows = [new_row(target, draft, now) for draft in new]
    later: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        for column in target.own:
            if row[column] is not None:
                pointer = {"b_at": row["id"], "b_to": row[column]}
                later.setdefault(column, []).append(pointer)
                row[column] = None
    await connection.execute(sa.insert(target.table), rows)
    for column, pointers in later.items():
        await connection.execute(_pointing(target.table, column), pointers)


async def update_rows(
    connection: AsyncConnection, target: Target, changed: Sequence[Draft], now: datetime
) -> None:
    """Write what changed; the rows are locked, so that columns which changed in other
    rows of the batch only are written as they are."""
    if not changed:
        return
    table = target.table
    new = [changes(draft) for draft in changed]
    names = sorted({name for values in new for name in values})
    statement = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("b_at"))
        .values({n: sa.bindparam(f"b_{n}") for n in names})
        .values(_stamps(table, now, names))
    )
    rows = []
    for draft, values in zip(changed, new, strict=True):
        after = {**(draft.old or {}), **values}
        rows.append({"b_at": draft.entity, **{f"b_{n}": after[n] for n in names}})
    await connection.execute(statement, rows)


async def save_refs(
    connection: AsyncConnection,
    system: str,
    drafts: Sequence[Draft],
    refs: Mapping[Key, Known],
) -> None:
    """Add the external references that are new, and renew addresses that changed."""
    new = [
        {
            "id": new_id("external_ref"),
            "system": system,
            "object_type": draft.key[0],
            "external_id": draft.key[1],
            "entity_id": draft.entity,
            "url": draft.row.url,
        }
        for draft in drafts
        if not draft.is_known
    ]
    if new:
        await connection.execute(sa.insert(REFS), new)
    moved = [
        {"b_at": refs[d.key].id, "b_url": d.row.url}
        for d in drafts
        if d.is_known and d.row.url not in (None, refs[d.key].url)
    ]
    if moved:
        statement = sa.update(REFS).where(REFS.c.id == sa.bindparam("b_at"))
        await connection.execute(statement.values(url=sa.bindparam("b_url")), moved)


async def save_settled(
    connection: AsyncConnection, settled: Sequence[tuple[Open, str]], now: datetime
) -> None:
    """Link rows that waited to the ids of what has come."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for opening, entity in settled:
        pointer = {"b_at": opening.entity_id, "b_to": entity}
        groups.setdefault((opening.table, opening.column), []).append(pointer)
    for (name, column), pointers in sorted(groups.items(), key=lambda g: g[0]):
        table = Row.metadata.tables[name]
        statement = _pointing(table, column).values(_stamps(table, now, (column,)))
        await connection.execute(statement, pointers)
    await close(connection, [opening for opening, _ in settled])


def _pointing(table: sa.Table, column: str) -> sa.Update:
    statement = sa.update(table).where(table.c.id == sa.bindparam("b_at"))
    return statement.values({column: sa.bindparam("b_to")})


def _stamps(table: sa.Table, now: datetime, changed: Collection[str]) -> dict[str, Any]:
    """What a change of a row changes too: the instant, and a record's version."""
    stamps: dict[str, Any] = {}
    if "version" in table.columns:
        stamps["version"] = table.c.version + 1
    if "updated_at" in table.columns and "updated_at" not in changed:
        stamps["updated_at"] = now
    return stamps
