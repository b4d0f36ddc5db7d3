"""A viewer with rules gets, byte by byte, what everybody gets of a copy of the database
from which all that they may not read was deleted."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
import strawberry
from access_cases import Records, Rules, readable_of, records_of
from sqlalchemy.ext.asyncio import AsyncSession

import cyclorama.app
from cyclorama.app import App, make_app
from cyclorama.config import load_settings
from cyclorama.execution.engine import Operation
from cyclorama.layouts.access import AccessBook, Team
from cyclorama.layouts.model import Placement
from cyclorama.plugins import Info, Parent, Record360, Section, SectionBase, read
from cyclorama.plugins.compose import compose
from cyclorama.plugins.discovery import discover
from cyclorama.resolvers.access import record_tables
from cyclorama.resolvers.access_book import save_access
from cyclorama.resolvers.book import load_book, save_book
from cyclorama.storage.accounts import create_token, sign_in
from cyclorama.storage.configuration import load_fields
from cyclorama.storage.engine import Database, Reading
from cyclorama.storage.rows import (
    CompanyPersonRow,
    CompanyRow,
    ExternalRefRow,
    PersonRow,
    RelationshipPersonRow,
)
from cyclorama.testing import NOW

pytestmark = pytest.mark.anyio
SECTIONS = """summary { cards { key value } fields { path displayValue } tags }
  attributes { groups { fields { path value displayValue } } }
  relationships { byType { count type { key } arr { amount } } relationships(first: 3) {
    totalCount pageInfo { endCursor } edges { node { id name company { id }
      support { openCount } } } } }
  companyHierarchy { nodeCount root { id name } nodes { level parentId childCount isCurrent
    company { id name parent { id } } own { path value } rolledUp { path value } } }
  support { openCount cases(view: ALL) { totalCount edges { node { subject } } } }
  surveys { nps responseCount trend(months: 3) { nps } surveys { sentCount }
    responses { totalCount edges { node { rating person { name } } } } }
  usage { utilization modules { key series { value } } }
  timeline { state activities { totalCount edges { node { id subject author { name }
    externalAttendees { id } comments { body } } } } milestones { id } }
  keys { raw { id above } refs { of } } readByHand"""
RECORD = f"""query($id: ID!) {{ node(id: $id) {{ id ... on Company {{ name
  parent {{ id name }} externalRefs {{ externalId }}
  fields(paths: ["parent", "parent.name", "csm.name"]) {{ path value displayValue }}
  {SECTIONS} }} ... on Relationship {{ name company {{ id name }} {SECTIONS} }} }} }}"""
LISTS = (
    "{ companies(first: 7) { totalCount pageInfo { hasNextPage endCursor } edges { "
    "cursor node { id name parent { id } support { openCount } } } } }",
    "{ companies(first: 200, filter: {hasParent: true}, orderBy: [{field: ARR, "
    "descending: true}]) { totalCount edges { node { id companyHierarchy { nodeCount } } } } }",
    "{ companies(first: 200, filter: {hasParent: false}) { totalCount edges { node { id } } } }",
    '{ companies(filter: {search: "a"}) { totalCount edges { node { name } } } }',
    '{ search(text: "a", first: 60) { pageInfo { hasNextPage } edges { matched node { __typename ... on Node { id } } } } }',
    '{ search(text: "an", types: [PERSON], first: 200) { edges { node { ... on Person { id } } } } }',
    '{ search(text: "p", types: [RELATIONSHIP], first: 100) { edges { node { '
    "... on Relationship { id company { name } } } } } }",
)


@strawberry.type(description="A company by its row.")
@read.table(CompanyRow)
class Raw:
    id: strawberry.ID
    above: strawberry.ID | None = read.value(CompanyRow.parent_id)


@strawberry.type(description="A record of another system by its row.")
@read.table(ExternalRefRow)
class RawRef:
    of: str = read.value(ExternalRefRow.entity_id)


@strawberry.type(description="What a section of somebody else's reads of the tables.")
class KeysSection(SectionBase):
    raw: list[Raw] = read.many(CompanyRow, order_by=[CompanyRow.id], limit=200)
    refs: list[RawRef] = read.many(
        ExternalRefRow, order_by=[ExternalRefRow.id], limit=200
    )


async def read_by_hand(record: Parent[Record360], info: Info) -> str:
    """The keys of companies and the external references, by plain SQL."""
    async with info.context.database.read() as reading:
        found = [
            (await reading.execute(sa.text(text)))
            for text in (
                "SELECT * FROM company ORDER BY id",
                "SELECT id, parent_id FROM company WHERE parent_id IS NOT NULL ORDER BY id",
                "SELECT id, manager_id FROM company_person ORDER BY id",
                "SELECT * FROM external_ref ORDER BY id",
            )
        ]
    told = repr([[tuple(row) for row in rows] for rows in found])
    return hashlib.sha256(told.encode()).hexdigest()


KEYS = Section(key="keys", title="Keys", type=KeysSection)
BY_HAND = Section(key="by_hand", title="By hand", fields=[read_by_hand])


@pytest.fixture(autouse=True)
def with_sections_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sections that know nothing of access show keys as they find them."""
    composed = compose([*discover().sections, KEYS, BY_HAND])
    monkeypatch.setattr(cyclorama.app, "graph", lambda: composed)


class Site:
    """The application on one database, asked as one of its users."""

    def __init__(self, app: App, token: str) -> None:
        self.app, self.token = app, token
        self.statements: list[str] = []
        app.database.watches.append(self.statements.append)

    async def ask(self, query: str, **variables: Any) -> bytes:
        self.statements.clear()

        async def sign(reading: Reading) -> Any:
            return await sign_in(reading, self.token, NOW)

        async with self.app.context(sign, now=NOW) as context:
            operation = Operation(query=query, variables=variables)
            return (await self.app.answer(operation, context)).body


async def site_on(database: Database, user: str = "csm") -> Site:
    async with database.read() as reading:
        book = await load_book(reading)
    further = (Placement("keys", "keys"), Placement("by_hand", "by_hand"))
    layouts = [
        replace(x, placements=tuple(dict.fromkeys((*x.placements, *further))))
        for x in book.layouts
    ]
    async with database.write() as session:
        await save_book(session, replace(book, layouts=tuple(layouts)))
        token = await create_token(session, email=f"{user}@example.com", now=NOW)
    return Site(make_app(load_settings(), database), token)


async def delete_others(
    session: AsyncSession, kept: dict[str, set[str]], tables: list[sa.Table]
) -> None:
    """Delete the records that are not kept, and all that is about them alone."""
    company: sa.Table = CompanyRow.__table__  # type: ignore[assignment]
    gone = sa.not_(company.c.parent_id.in_(kept["COMPANY"]))
    await session.execute(sa.update(company).where(gone).values(parent_id=None))
    links = [CompanyPersonRow.__table__, RelationshipPersonRow.__table__]
    person: Any = PersonRow.__table__
    linked = [sa.select(t.c.person_id) for t in links]
    known = set(await session.scalars(sa.union(*linked)))
    for table, column, of in _parts(tables):
        for parent_gone in _gone(of, kept):
            ids = sa.select(of.c.id).where(parent_gone)
            await session.execute(sa.delete(table).where(column.in_(ids)))
    below = [t for t in reversed(company.metadata.sorted_tables) if t in tables]
    for table in (t for t in below if t.name not in ("company", "relationship")):
        for gone in _gone(table, kept):
            await session.execute(sa.delete(table).where(gone))
    left = set(await session.scalars(sa.union(*linked)))
    for table, column in _of_people(tables):
        await session.execute(sa.delete(table).where(column.in_(known - left)))
    await session.execute(sa.delete(person).where(person.c.id.in_(known - left)))
    everything = kept["COMPANY"] | kept["RELATIONSHIP"]
    mirror: Any = ExternalRefRow.__table__
    await session.execute(
        sa.delete(mirror).where(mirror.c.entity_id.not_in(everything))
    )
    for kind in ("RELATIONSHIP", "COMPANY"):
        table = next(t for t in tables if t.name == kind.lower())
        await session.execute(sa.delete(table).where(table.c.id.not_in(kept[kind])))


def _gone(table: sa.Table, kept: dict[str, set[str]]) -> list[Any]:
    """What is true of the rows of a table that are about what is not kept."""
    kinds = {"company_id": "COMPANY", "relationship_id": "RELATIONSHIP"}
    return [table.c[n].not_in(kept[k]) for n, k in kinds.items() if n in table.c]


def _parts(tables: list[sa.Table]) -> list[tuple[sa.Table, Any, sa.Table]]:
    """Tables that are about records by way of another table, with the key to it."""
    return [
        (table, key.parent, key.column.table)
        for table in tables
        for key in table.foreign_keys
        if "company_id" in key.column.table.c and "company_id" not in table.c
        if key.column.table.name not in ("relationship", "company_person")
    ]


def _of_people(tables: list[sa.Table]) -> list[tuple[sa.Table, Any]]:
    """Tables that name people without being what links them to records."""
    return [
        (table, key.parent)
        for table in tables
        for key in table.foreign_keys
        if key.column.table.name == "person" and not table.name.endswith("_person")
    ]


def half(
    random: Random, records: Records, viewer: Any, fields: Any
) -> tuple[AccessBook, dict[str, set[str]]]:
    """A book that leaves the viewer some of the companies and of the relationships."""
    while True:
        ids = sorted(records["COMPANY"])
        team = Team(
            key="others", name="Others", records=frozenset(random.sample(ids, 20))
        )
        with_teams = random.random() < 0.5
        book = Rules(random, records).book(
            teams=(team,) if with_teams else (), has_records=with_teams
        )
        seen = records
        if with_teams:
            seen = {
                kind: {
                    i: {**values, "teams": ["others"] if i in team.records else []}
                    for i, values in held.items()
                }
                for kind, held in records.items()
            }
        kept = readable_of(book, viewer, seen, fields)
        of_kept = [
            i
            for i, values in records["RELATIONSHIP"].items()
            if values["company"] in kept["COMPANY"]
        ]
        has_rest = len(kept["RELATIONSHIP"]) < 0.9 * len(of_kept)
        if has_rest and all(
            0.2 < len(kept[k]) / len(records[k]) < 0.8 for k in records
        ):
            return book, kept


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_answers_are_those_of_a_copy_without_the_rest(
    demo_database: Database, other_demo_database: Database, seed: int
) -> None:
    random = Random(seed)
    async with demo_database.read() as reading:
        fields = await load_fields(reading)
    records = await records_of(demo_database, fields)
    restricted = await site_on(demo_database)
    deleted = await site_on(other_demo_database)
    async with restricted.app.as_user("csm@example.com") as context:
        viewer = context.viewer
    book, kept = half(random, records, viewer, fields)
    async with demo_database.write() as session:
        await save_access(session, book)
    tables = record_tables(restricted.app.graph.sections.values())
    async with other_demo_database.write() as session:
        await delete_others(session, kept, tables)
    ids = sorted(records["COMPANY"]) + sorted(records["RELATIONSHIP"])
    unreadable = 0
    below = [
        i
        for i in sorted(kept["COMPANY"])
        if records["COMPANY"][i]["parent"] in set(ids) - kept["COMPANY"]
    ]
    for record in [*random.sample(ids, 35), *below[:5]]:
        answer = await restricted.ask(RECORD, id=record)
        assert b'"errors"' not in answer
        assert answer == await deleted.ask(RECORD, id=record), record
        assert no_table_is_read_whole(restricted, tables)
        unreadable += answer == b'{"data":{"node":null}}'
    assert 0 < unreadable < 35
    for query in LISTS:
        answer = await restricted.ask(query)
        assert b'"errors"' not in answer
        assert answer == await deleted.ask(query), query
        assert no_table_is_read_whole(restricted, tables)
    some = random.sample(ids, 50)
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert await restricted.ask(query, ids=some) == await deleted.ask(query, ids=some)


def no_table_is_read_whole(site: Site, tables: list[sa.Table]) -> bool:
    """Whether each statement that names a table about records begins with its shadow."""
    about = {"company", "relationship", "person"} | {
        t.name
        for t in tables
        if {"company_id", "relationship_id"} & {c.name for c in t.c}
    }
    return all(
        f'"{name}" AS NOT MATERIALIZED' in statement
        for statement in site.statements
        for name in about
        if re.search(rf'(FROM|JOIN) "?{name}"?\s', statement)
    )


async def test_no_table_is_scanned_to_filter_what_a_tree_joins(
    demo_database: Database,
) -> None:
    site = await site_on(demo_database)
    async with demo_database.write() as session:
        await save_access(session, AccessBook(teams=(NOBODY_ELSE,)))
        await session.execute(sa.text("ANALYZE"))
    query = """{ company(id: "company_demo150") { companyHierarchy {
      nodeCount nodes { childCount rolledUp { path } } } } }"""
    assert b'"errors"' not in await site.ask(query)
    (tree,) = (s for s in site.statements if "RECURSIVE" in s)
    if not demo_database.is_sqlite:
        assert "likelihood" not in tree
        return
    numbers = [int(n) for n in re.findall(r"\?(\d+)", tree)]
    plan = await demo_database.fetch(
        f"EXPLAIN QUERY PLAN {tree}", [None] * max(numbers)
    )
    steps = [str(tuple(step)) for step in plan]
    assert not [s for s in steps if "BLOOM" in s or "AUTOMATIC" in s]
    assert not [s for s in steps if re.search(r"SCAN t[ ']", s)]


async def test_an_admin_reads_past_the_rules_unless_the_setting_forbids_it(
    demo_database: Database,
) -> None:
    site = await site_on(demo_database, "admin")
    async with demo_database.write() as session:
        await save_access(session, AccessBook(teams=(NOBODY,)))
    query = "{ companies { totalCount } }"
    assert b'"totalCount":200' in await site.ask(query)
    site.app.settings = site.app.settings.model_copy(update={"admin_bypass": False})
    assert b'"totalCount":0' in await site.ask(query)


NOBODY_ELSE = Team(
    key="others",
    name="Others",
    records=frozenset(f"company_demo{n:03}" for n in range(1, 100)),
)
NOBODY = Team(
    key="nobody",
    name="Nobody",
    records=frozenset(f"company_demo{n:03}" for n in range(1, 201)),
)
