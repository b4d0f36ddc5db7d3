"""Each read of a table about records happens inside of the prefix, as SQLite sees it.

SQLite's authorizer is told of every column that a statement reads, wherever it is named,
and of the innermost view, trigger or common table expression that reads it: of a shadowed
table that is its shadow, which has the table's own name, or behind `cy_` where the
shadow reads another one first.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from random import Random
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from access_cases import records_of
from sqlalchemy import event
from test_access_copy import LISTS, Site, half, site_on

from cyclorama.app import graph
from cyclorama.execution.engine import Operation
from cyclorama.resolvers.access_book import save_access
from cyclorama.storage.accounts import credential_of
from cyclorama.storage.configuration import load_fields
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import MembershipRow, Row, UserGroupRow, UserRow
from cyclorama.testing import NOW
from cyclorama.testing.selections import fields_alone

pytestmark = pytest.mark.anyio
SAMPLE = (
    "company_demo001",
    "company_demo002",
    "company_demo020",
    "relationship_demo020platform",
)
NESTED = """{ nodes(ids: ["company_demo001", "company_demo002", "case_1"]) { id
  ... on Company { parent { id summary { state } }
    companyHierarchy { nodes { company { support { openCount } } } }
    relationships { relationships { edges { node { company { usage { state } }
      summary { cards { key value } } externalRefs { externalId } } } } } } } }"""
TASKS = """{ company(id: "company_demo001") { cockpit { ctas(view: ALL) { edges {
  node { name tasks { name } linkedRecords { label } } } } } } }"""
PAGES = tuple(
    f"""{{ {record.partition("_")[0]}(id: "{record}") {{ name
      summary {{ cards {{ key value }} }} support {{ openCount }}
      usage {{ utilization }} relationships {{ byType {{ count }} }} }} }}"""
    for record in SAMPLE
)
LINKS = {"company_person", "relationship_person"}
"""The shadow of people counts their links past the shadows of these: who has none at all
is everybody's."""


class Read(NamedTuple):
    """A column that a statement reads, and the name of what it is read by."""

    table: str
    column: str
    by: str | None


class Watched(NamedTuple):
    """A site with rules of access, and what its connections read."""

    site: Site
    reads: set[Read]
    guarded: frozenset[str]

    @property
    def outside(self) -> set[Read]:
        """Reads of guarded tables that no shadow of theirs makes."""
        return {
            read
            for read in self.reads
            if read.table in self.guarded
            and read.by not in (read.table, f"cy_{read.table}")
            and not (read.table in LINKS and read.by == "person")
        }


@pytest.fixture
async def watched(demo_sqlite_url: str) -> AsyncIterator[Watched]:
    before = Database(demo_sqlite_url)
    site = await site_on(before)
    async with before.read() as reading:
        fields = await load_fields(reading)
    async with site.app.as_user("csm@example.com") as context:
        viewer = context.viewer
    records = await records_of(before, fields)
    book, _ = half(Random(2), records, viewer, fields)
    async with before.write() as session:
        await save_access(session, book)
    await before.close()

    database = Database(demo_sqlite_url)
    reads: set[Read] = set()

    def seen(action: int, table: Any, column: Any, _: Any, by: str | None) -> int:
        if action == sqlite3.SQLITE_READ:
            reads.add(Read(table, column, by))
        return sqlite3.SQLITE_OK

    def connected(connection: Any, _: Any) -> None:
        connection.run_async(lambda driver: driver.set_authorizer(seen))

    for engine in (database.engine, database.readers):
        event.listen(engine.sync_engine, "connect", connected)
    site = await site_on(database)
    async with site.app.as_user("csm@example.com") as context:
        prefix = context.database.prefix
    reads.clear()
    tables = (name for name in prefix.shadows if name in Row.metadata.tables)
    yield Watched(site, reads, frozenset(tables))
    await database.close()


async def ask_everything(site: Site) -> None:
    """All fields of all sections of some records, lists, searches, trees."""
    texts = [NESTED, TASKS, *LISTS, *PAGES]
    for record in SAMPLE:
        kind = record.partition("_")[0]
        fields = fields_alone(graph().schema, kind.title())
        whole = " ".join(one[1:-1] for one in fields)
        texts.append(f'{{ {kind}(id: "{record}") {{ {whole} }} }}')
    for text in texts:
        assert b'"data":{' in await site.ask(text), text


async def test_plans_read_guarded_tables_by_their_shadows_alone(
    watched: Watched,
) -> None:
    await ask_everything(watched.site)
    assert watched.guarded - {read.table for read in watched.reads} == set()
    assert watched.outside == set()


async def test_graph_resolvers_read_them_by_their_shadows_alone(
    watched: Watched,
) -> None:
    watched.site.app.engine.executor.planned = False  # type: ignore[attr-defined]
    await ask_everything(watched.site)
    assert watched.guarded - {read.table for read in watched.reads} == set()
    assert watched.outside == set()


async def test_the_short_way_reads_them_by_their_shadows_alone(
    watched: Watched,
) -> None:
    app, token = watched.site.app, watched.site.token
    app.now = lambda: NOW  # the token is of then
    answered, read = 0, set[str]()
    for text in (*PAGES, *LISTS[:4]):
        operation = Operation(query=text)
        for _ in range(3):
            async with app.as_user("csm@example.com") as context:
                context.credential = credential_of(token)
                expected = await app.answer(operation, context)
        watched.reads.clear()
        found = await app.answer_shortly(operation, token)
        if found is not None:
            answered += 1
            assert found[1].body == expected.body
            assert watched.outside == set()
            read |= {one.table for one in watched.reads}
    assert read >= {"company", "relationship", "support_case", "usage_daily"}
    assert answered >= 2  # the other records are out of reach


async def test_reads_past_the_rules_are_seen(watched: Watched) -> None:
    database = watched.site.app.database
    async with database.write() as session:  # the layout with all sections
        query = sa.select(UserGroupRow.id).where(UserGroupRow.key == "csm")
        csms = await session.scalar(query)
        query = sa.select(UserRow.id).where(UserRow.email == "admin@example.com")
        admin = await session.scalar(query)
        session.add(
            MembershipRow(group_id=csms, user_id=admin, by_hand=True, by_rule=False)
        )
    site = await site_on(database, "admin")
    await ask_everything(site)
    assert watched.guarded - LINKS - {read.table for read in watched.outside} == set()
