"""References between records of another system: found, left open, never in a circle."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cyclorama.importers.tables import OpenReferenceRow
from cyclorama.storage.ids import new_id
from cyclorama.storage.rows import ExternalRefRow, Row

Key = tuple[str, str]
"""Object type and external id."""
REFS = Row.metadata.tables[ExternalRefRow.__tablename__]
OPEN = Row.metadata.tables[OpenReferenceRow.__tablename__]
_MOST_PARAMETERS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Known:
    """An external reference that the database has."""

    id: str
    entity_id: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Open:
    """A column of a row that waits for a record."""

    id: str
    key: Key
    table: str
    column: str
    entity_id: str


async def known(
    connection: AsyncConnection, system: str, keys: Iterable[Key]
) -> dict[Key, Known]:
    """The external references among these keys; a statement for each object type."""
    found: dict[Key, Known] = {}
    for object_type, ids in _by_type(keys).items():
        query = sa.select(
            REFS.c.external_id, REFS.c.id, REFS.c.entity_id, REFS.c.url
        ).where(*_awaited(REFS, system, object_type, ids))
        for external_id, *rest in (await connection.execute(query)).all():
            found[object_type, external_id] = Known(*rest)
    return found


async def awaiting(
    connection: AsyncConnection, system: str, keys: Iterable[Key]
) -> list[Open]:
    """Who waits for these keys, in a fixed order; a statement for each object type."""
    found: list[Open] = []
    for object_type, ids in _by_type(keys).items():
        found += await _open(connection, *_awaited(OPEN, system, object_type, ids))
    return found


async def left_open(
    connection: AsyncConnection, system: str, table: str, rows: Collection[str]
) -> dict[tuple[str, str], Open]:
    """What these rows wait for, by row and column."""
    if not rows:
        return {}
    found = await _open(
        connection,
        OPEN.c.system == system,
        OPEN.c.table_name == table,
        OPEN.c.entity_id.in_(rows),
    )
    return {(o.entity_id, o.column): o for o in found}


async def leave_open(
    connection: AsyncConnection,
    system: str,
    table: str,
    waits: Mapping[tuple[str, str], Key],
) -> None:
    """Note what rows wait for: (row, column) -> key."""
    rows = [
        {
            "id": new_id("open_reference"),
            "system": system,
            "object_type": key[0],
            "external_id": key[1],
            "table_name": table,
            "column_name": column,
            "entity_id": entity,
        }
        for (entity, column), key in waits.items()
    ]
    if rows:
        await connection.execute(sa.insert(OPEN), rows)


async def close(connection: AsyncConnection, ended: Collection[Open]) -> None:
    """Forget what nobody waits for any more."""
    for ids in _bounded([o.id for o in ended]):
        await connection.execute(sa.delete(OPEN).where(OPEN.c.id.in_(ids)))


async def chains(
    connection: AsyncConnection, table: sa.Table, column: str, start: Collection[str]
) -> dict[str, str | None]:
    """Row -> the row it points to, for these rows and all above them."""
    found: dict[str, str | None] = {}
    for ids in _bounded(start):
        row = table.alias()
        begin = sa.select(table.c.id, table.c[column].label("above"))
        up = begin.where(table.c.id.in_(ids)).cte("up", recursive=True)
        # UNION, not UNION ALL: a circle that is there already ends the walk.
        above = sa.select(row.c.id, row.c[column]).join(up, row.c.id == up.c.above)
        up = up.union(above)
        rows = (await connection.execute(sa.select(up.c.id, up.c.above))).all()
        found |= {row.id: row.above for row in rows}
    return found


def in_circles(edges: Mapping[str, str | None]) -> list[list[str]]:
    """The circles that rows form by pointing to others, each as the rows on it."""
    circles: list[list[str]] = []
    done: set[str] = set()
    for start in edges:
        path: dict[str, None] = {}
        at: str | None = start
        while at is not None and at not in done and at not in path:
            path[at] = None
            at = edges.get(at)
        if at is not None and at in path:
            walked = list(path)
            circles.append(walked[walked.index(at) :])
        done.update(path)
    return circles


def _bounded(ids: Collection[str]) -> Iterator[list[str]]:
    """Ids in lots that a statement's parameters have room for."""
    ordered = list(ids)
    for start in range(0, len(ordered), _MOST_PARAMETERS):
        yield ordered[start : start + _MOST_PARAMETERS]


def _by_type(keys: Iterable[Key]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for object_type, external_id in dict.fromkeys(keys):
        found.setdefault(object_type, []).append(external_id)
    return found


def _awaited(
    table: sa.Table, system: str, object_type: str, ids: Sequence[str]
) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        table.c.system == system,
        table.c.object_type == object_type,
        table.c.external_id.in_(ids),
    )


async def _open(
    connection: AsyncConnection, *conditions: sa.ColumnElement[bool]
) -> list[Open]:
    query = (
        sa.select(
            OPEN.c.id,
            OPEN.c.object_type,
            OPEN.c.external_id,
            OPEN.c.table_name,
            OPEN.c.column_name,
            OPEN.c.entity_id,
        )
        .where(*conditions)
        .order_by(OPEN.c.id)
    )
    rows = (await connection.execute(query)).all()
    return [Open(i, (o, e), t, c, entity) for i, o, e, t, c, entity in rows]
