"""Statements behind their shadows: every way to read gives the readable rows alone."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import Clause
from cyclorama.resolvers.access import access_of
from cyclorama.schema.sql import walked
from cyclorama.storage.engine import Database
from cyclorama.storage.prefix import WHOLE
from cyclorama.storage.rows import (
    CompanyPersonRow,
    CompanyRow,
    ExternalRefRow,
    PersonRow,
    RelationshipPersonRow,
    RelationshipRow,
    RelationshipTypeRow,
    UserRow,
)
from cyclorama.testing import CSM, NOW, company, relationship

pytestmark = pytest.mark.anyio
HIDDEN = AccessBook(
    rules=(
        AccessRule(
            rank=0,
            name="Hidden",
            kind="COMPANY",
            effect=DENY,
            record=(Clause("name", "IN", ("Company 2", "Ü'?$1")),),
        ),
    )
)


def person(number: int) -> PersonRow:
    name = f"Person {number}"
    return PersonRow(
        id=f"person_{number}",
        name=name,
        search_key=name.lower(),
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.fixture
async def restricted(database: Database) -> Database:
    """Company 2 of three, each the parent of the next, can't be read."""
    rows: list[Any] = [
        RelationshipTypeRow(id="type_product", key="product", name="Product"),
        *(
            company(n, parent_id=f"company_{n - 1}" if n > 1 else None)
            for n in (1, 2, 3)
        ),
        *(relationship(n, of=n) for n in (1, 2, 3)),
        *(person(n) for n in range(5)),
    ]
    for who, where in ((1, 1), (1, 2), (2, 2), (4, 2)):
        rows.append(
            CompanyPersonRow(
                id=f"cp_{who}_{where}",
                person_id=f"person_{who}",
                company_id=f"company_{where}",
            )
        )
    rows.append(
        RelationshipPersonRow(
            id="rp_4",
            person_id="person_4",
            company_person_id="cp_4_2",
            relationship_id="relationship_1",
        )
    )
    async with database.write() as session:
        for row in rows:
            session.add(row)
            await session.flush()
    async with database.read() as reading:
        access = await access_of(database, reading, HIDDEN, (), [])
    return database.restricted(access.prefix(CSM))


async def ids(database: Database, query: Any) -> list[str]:
    async with database.read() as reading:
        return [row[0] for row in await reading.execute(query)]


async def test_every_way_of_a_session_to_read_is_restricted(
    restricted: Database,
) -> None:
    up = sa.select(CompanyRow.id, CompanyRow.parent_id).where(
        CompanyRow.id == "company_3"
    )
    above = up.cte(recursive=True)
    parent = aliased(CompanyRow)
    above = above.union_all(
        sa.select(parent.id, parent.parent_id).join(
            above, parent.id == above.c.parent_id
        )
    )
    kept = sa.select(CompanyRow.id).where(CompanyRow.id > "company_1").cte()
    joined = sa.select(RelationshipRow.id).join(
        CompanyRow, CompanyRow.id == RelationshipRow.company_id
    )
    async with restricted.write() as session:
        assert await session.scalar(sa.select(sa.func.count(CompanyRow.id))) == 2
        assert [*await session.scalars(joined.order_by(RelationshipRow.id))] == [
            "relationship_1",
            "relationship_3",
        ]
        assert [*await session.scalars(sa.select(above.c.id))] == ["company_3"]
        assert [*await session.scalars(sa.select(kept.c.id))] == ["company_3"]
        assert await session.get(CompanyRow, "company_2") is None
        text = sa.text("select count(*) from company where name <> :name")
        assert await session.scalar(text, {"name": "Company 1"}) == 1
        both = sa.union_all(joined, joined)
        assert len([*await session.execute(both)]) == 4
        assert (await session.get(CompanyRow, "company_3")).parent_id is None  # type: ignore[union-attr]


async def test_what_hangs_on_an_unreadable_record_goes_with_it(
    restricted: Database,
) -> None:
    assert await ids(restricted, sa.select(CompanyPersonRow.id)) == ["cp_1_1"]
    people = sa.select(PersonRow.id).order_by(PersonRow.id)
    assert await ids(restricted, people) == [f"person_{n}" for n in (0, 1, 3, 4)]
    linked = sa.select(RelationshipPersonRow.company_person_id)
    assert await ids(restricted, linked) == [None]


async def test_a_key_of_a_table_to_itself_leads_to_no_unreadable_row(
    restricted: Database, database: Database
) -> None:
    async with database.write() as session:
        session.add(company(4, parent_id="company_3"))
        await session.flush()
        for who, boss in ((3, None), (0, "cp_3"), (4, "cp_3_2")):
            session.add(
                CompanyPersonRow(
                    id="cp_3" if boss is None else f"cp_{who}",
                    person_id=f"person_{who}",
                    company_id="company_3",
                    manager_id=boss if boss != "cp_3_2" else "cp_2_2",
                )
            )
            await session.flush()
    child, parents = aliased(CompanyRow), sa.select(CompanyRow.id, CompanyRow.parent_id)
    below = sa.select(child.id).where(walked(child.parent_id) == sa.bindparam("id"))
    managers = sa.select(CompanyPersonRow.id, CompanyPersonRow.manager_id)
    text = sa.text("select * from company where id = 'company_3'")
    async with restricted.read() as reading:
        found = {r.id: r.parent_id for r in await reading.execute(parents)}
        assert found == {
            "company_1": None,
            "company_3": None,
            "company_4": "company_3",
        }
        held = {r.id: r.manager_id for r in await reading.execute(managers)}
        assert held == {"cp_1_1": None, "cp_3": None, "cp_0": "cp_3", "cp_4": None}
        (row,) = await reading.execute(text)
        assert "company_2" not in tuple(row)
        seen: list[str] = []
        restricted.watches.append(seen.append)
        walk = await reading.execute(below, {"id": "company_3"})
        assert [r.id for r in walk] == ["company_4"]
    if restricted.is_sqlite:
        plan = await database.fetch(f"EXPLAIN QUERY PLAN {seen[-1]}", ["", "x"])
        steps = " ".join(str(tuple(step)) for step in plan)
        assert "ix_company_parent_id" in steps
        assert "SCAN" not in steps.replace("SCAN json_each", "")
    async with database.read() as reading:
        walk = await reading.execute(below, {"id": "company_2"})
        assert [r.id for r in walk] == ["company_3"]


async def test_an_external_reference_goes_with_what_it_is_of(
    restricted: Database, database: Database
) -> None:
    of = [
        *(f"company_{n}" for n in (1, 2, 3)),
        "relationship_2",
        *(f"person_{n}" for n in (0, 2)),
        "cp_1_1",
        "user_1",
        "thing_1",
    ]
    async with database.write() as session:
        session.add(UserRow(id="user_1", email="a@x.example", name="A", created_at=NOW))
        for n, entity in enumerate(of):
            session.add(
                ExternalRefRow(
                    id=f"ref_{n}",
                    system="crm",
                    object_type="any",
                    external_id=f"X{n}",
                    entity_id=entity,
                )
            )
    query = sa.select(ExternalRefRow.entity_id).order_by(ExternalRefRow.id)
    assert await ids(database, query) == of
    readable = ["company_1", "company_3", "person_0", "user_1"]
    assert await ids(restricted, query) == readable
    for n, entity in enumerate(of):
        one = query.where(ExternalRefRow.external_id == f"X{n}")
        assert await ids(restricted, one) == [entity] * (entity in readable)


async def test_statements_of_the_driver_and_prepared_ones_are_restricted(
    restricted: Database,
) -> None:
    one = "?1" if restricted.is_sqlite else "$1"
    sql = f"SELECT id FROM company WHERE id <> {one} ORDER BY id"
    rows = await restricted.fetch(sql, ["company_1"])
    assert [r[0] for r in rows] == ["company_3"]
    async with restricted.read() as reading:
        rows = await reading.fetch(sql, ["company_1"])
        assert [r[0] for r in rows] == ["company_3"]
        query = sa.select(CompanyRow.id).where(CompanyRow.id != sa.bindparam("id"))
        found = await reading.prepared("one", lambda: query, id="company_3")
        assert [r.id for r in found] == ["company_1"]
        guarded = await reading.guarded(sa.select(CompanyRow.id))
        assert len(guarded) == 2


async def test_a_statement_that_names_the_schema_is_refused(
    restricted: Database,
) -> None:
    schema = "main" if restricted.is_sqlite else "public"
    for source in (
        f"{schema}.company",
        f'"{schema}"."company"',
        f"{schema} . company c",
    ):
        async with restricted.read() as reading:
            with pytest.raises(RuntimeError, match="names the schema"):
                await reading.fetch(f"SELECT count(*) FROM {source}", [])


async def test_what_must_hold_of_all_rows_can_be_asked_and_locks_are_kept(
    restricted: Database,
) -> None:
    query = sa.select(CompanyRow.id).order_by(CompanyRow.id)
    async with restricted.write() as session:
        whole = await session.scalars(query.execution_options(**{WHOLE: True}))
        assert len([*whole]) == 3
        seen: list[str] = []
        restricted.watches.append(seen.append)
        row = await session.get(
            CompanyRow, "company_1", with_for_update={"key_share": True}
        )
        assert row is not None
        locks = "FOR NO KEY UPDATE" in seen[-1]
        assert locks != restricted.is_sqlite
        assert ("NOT MATERIALIZED" in seen[-1]) is restricted.is_sqlite
        row.comment = "written"
    async with restricted.read() as reading:
        found = await reading.execute(
            sa.select(CompanyRow.comment).where(CompanyRow.id == "company_1")
        )
    assert found[0].comment == "written"


async def test_the_restriction_is_not_left_on_a_connection(
    restricted: Database, database: Database
) -> None:
    for _ in range(3):
        assert len(await ids(restricted, sa.select(CompanyRow.id))) == 2
        assert len(await ids(database, sa.select(CompanyRow.id))) == 3
        async with restricted.write() as session:
            assert len([*await session.scalars(sa.select(CompanyRow.id))]) == 2
        async with database.write() as session:
            assert len([*await session.scalars(sa.select(CompanyRow.id))]) == 3
