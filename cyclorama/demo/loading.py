"""Loading the demo into a migrated database, in bulk and in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.demo.companies import DemoCompany, companies
from cyclorama.demo.layouts import with_demo_layout
from cyclorama.demo.rows import USERS, Ids, tables, user_id, vocabulary
from cyclorama.plugins import DemoRecords, Section
from cyclorama.resolvers.book import load_book, save_book
from cyclorama.storage.audit import Author, record
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    CompanyRow,
    PicklistItemRow,
    RelationshipTypeRow,
    Row,
    UserGroupRow,
)


async def is_loaded(database: Database) -> bool:
    """Whether the demo's companies are there."""
    first = companies()[0].id
    async with database.read() as reading:
        query = sa.select(CompanyRow.id).where(CompanyRow.id == first)
        return bool(await reading.execute(query))


async def load_demo(
    database: Database,
    sections: Iterable[Section],
    now: datetime,
    by: Author | None = None,
) -> None:
    """Write the demo: the core's records, then what each section adds to them, as the
    audit log notes of `by`.

    Two loads at the same instant give the same rows with the same ids. The database is
    up to date and holds no demo yet; vocabularies that it has are used as they are."""
    made = companies()
    async with database.read() as reading:
        book = await load_book(reading)
    async with database.write() as session:
        ids = await _vocabulary(session)
        for row, values in tables(made, ids, now):
            await _insert(session, row, values)
        records = _records(made, now, ids)
        for section in sections:
            if section.demo is not None:
                await add_rows(session, section.demo(records))
        await save_book(session, with_demo_layout(book), installer=by)
        if by is not None:
            added = {"companies": len(made), "users": [email for _, email, *_ in USERS]}
            await record(session, by, "demo.load", None, after=added)


def _records(made: Sequence[DemoCompany], now: datetime, ids: Ids) -> DemoRecords:
    return DemoRecords(
        companies=tuple(c.id for c in made),
        relationships=tuple((r.id, c.id) for c in made for r in c.relationships),
        users=tuple(user_id(group) for group, *_ in USERS),
        people=tuple((p.id, c.id) for c in made for p in c.people),
        today=now.date(),
        picklists={k: v for k, v in ids.items() if k[0] not in ("group", "type")},
    )


async def _vocabulary(session: AsyncSession) -> dict[tuple[str, str], str]:
    """Ids of picklist items, groups and types; what is missing is added."""
    found: dict[tuple[str, str], str] = {}
    for name, key, identifier in [
        *await session.execute(
            sa.select(PicklistItemRow.picklist, PicklistItemRow.key, PicklistItemRow.id)
        ),
        *await session.execute(_keys("group", UserGroupRow)),
        *await session.execute(_keys("type", RelationshipTypeRow)),
    ]:
        found[name, key] = identifier
    for row, key, values in vocabulary():
        if key not in found:
            await _insert(session, row, [values])
            found[key] = values["id"]
    return found


def _keys(name: str, row: Any) -> Any:
    return sa.select(sa.literal(name), row.key, row.id)


async def _insert(
    session: AsyncSession, row: Any, values: Sequence[dict[str, Any]]
) -> None:
    if values:
        await session.execute(sa.insert(row.__table__), values)


async def add_rows(session: AsyncSession, rows: Iterable[Row]) -> None:
    """Insert a section's rows table by table, in the order in which the tables appear."""
    batches: dict[tuple[Any, frozenset[str]], list[dict[str, Any]]] = {}
    for row in rows:
        values = {k: v for k, v in vars(row).items() if k != "_sa_instance_state"}
        batches.setdefault((type(row), frozenset(values)), []).append(values)
    for (kind, _), batch in batches.items():
        await _insert(session, kind, batch)
