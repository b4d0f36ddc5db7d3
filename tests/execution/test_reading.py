"""Selections read by plan: what is asked, as asked, in one statement."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sample import Asker, fill
from sqlalchemy.exc import DBAPIError

from cyclorama.storage.engine import Database
from cyclorama.storage.outages import is_unavailable
from cyclorama.storage.rows import CompanyRow

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ask(database: Database) -> Asker:
    await fill(database)
    return Asker(database)


async def test_a_section_outside_the_layout_is_null_and_not_read(ask: Asker) -> None:
    answer = await ask('{ company(id: "company_3") { name items { names } } }')
    assert answer["data"]["company"]["items"] is None
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "SECTION_NOT_IN_LAYOUT"
    assert error["path"] == ["company", "items"]
    assert not any("FROM relationship" in s for s in ask.statements)
    assert not any('FROM "relationship"' in s for s in ask.statements)


async def test_an_unknown_instance_is_named(ask: Asker) -> None:
    answer = await ask('{ company(id: "company_1") { items(instance: "no") { any } } }')
    assert "no instance 'no'" in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("first", [0, -1, 201, 10_000])
async def test_a_page_size_out_of_bounds_is_refused(ask: Asker, first: int) -> None:
    query = 'query($f: Int!) { company(id: "company_1") { name items { page(first: $f) { totalCount } } } }'
    answer = await ask(query, f=first)
    assert answer["data"]["company"]["items"] is None
    assert "from 1 to 200" in answer["errors"][0]["message"]
    assert answer["errors"][0]["path"] == ["company", "items", "page"]


@pytest.mark.parametrize("after", ["", "zz", "5b2278225d", "5b2278222c22795d"])
async def test_a_cursor_of_another_list_is_refused(ask: Asker, after: str) -> None:
    query = 'query($a: String) { company(id: "company_1") { items { page(after: $a) { totalCount } } } }'
    answer = await ask(query, a=after)
    assert "no cursor of this list" in answer["errors"][0]["message"]


async def test_a_missing_value_that_may_not_be_null_is_an_error_of_its_field(
    ask: Asker,
) -> None:
    answer = await ask('{ company(id: "company_2") { name items { any must } } }')
    assert answer["data"]["company"]["items"] is None
    assert answer["errors"][0]["path"] == ["company", "items", "must"]
    assert answer["data"]["company"]["name"].startswith("Cömpany 2")


async def test_a_whole_page_is_two_statements_whatever_the_rows(ask: Asker) -> None:
    query = """{ company(id: "company_1") { name
      cards { items { path value } } voicesName: cards { state }
      items { names mean any byType { count type { key } arr { amount } }
        page(first: 2) { totalCount edges { node { name company { name } } } } } } }"""
    answer = await ask(query)
    assert "errors" not in answer
    assert len(ask.statements) == 2


async def test_records_with_different_layouts_share_one_statement(ask: Asker) -> None:
    answer = await ask("{ companies { name items { any } cards { state } } }")
    found = [(c["items"], c["cards"]) for c in answer["data"]["companies"]]
    assert found == [
        ({"any": True}, {"state": "READY"}),
        ({"any": True}, None),
        (None, {"state": "READY"}),
    ]
    assert len(ask.statements) == 2


async def test_a_page_is_walked_to_its_end_without_gaps(ask: Asker) -> None:
    query = """query($a: String) { company(id: "company_1") { items {
      page(first: 2, after: $a) { totalCount pageInfo { hasNextPage endCursor }
        edges { node { id } } } } } }"""
    seen: list[str] = []
    after: Any = None
    while True:
        page = (await ask(query, a=after))["data"]["company"]["items"]["page"]
        assert page["totalCount"] == 6
        seen += [e["node"]["id"] for e in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert sorted(seen) == [f"relationship_{n}" for n in range(6)]


async def test_a_failing_statement_leaves_the_neighbours_alone(ask: Asker) -> None:
    async with ask.database.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE relationship RENAME TO gone")
    answer = await ask(
        '{ company(id: "company_1") { name items { any } cards { state } } }'
    )
    company = answer["data"]["company"]
    assert company["items"] is None
    assert company["cards"] == {"state": "READY"}
    assert answer["errors"][0]["extensions"]["code"] == "SECTION_FAILED"
    assert answer["errors"][0]["path"] == ["company", "items"]
    assert "gone" not in str(answer)
    assert "relation " not in str(answer)


async def test_the_last_day_is_a_day(ask: Asker) -> None:
    days = {"renewal_date": date(9999, 12, 31), "original_contract_date": date.min}
    async with ask.database.write() as session:
        for name, day in days.items():
            setattr(await session.get(CompanyRow, "company_1"), name, day)
    query = '{ company(id: "company_1") { renewalDate originalContractDate } }'
    for planned in (True, False):
        found = (await Asker(ask.database, planned=planned)(query))["data"]["company"]
        assert [*found.values()] == ["9999-12-31", "0001-01-01"]


async def test_a_text_that_looks_like_json_is_a_text(ask: Asker) -> None:
    async with ask.database.write() as session:
        (await session.get(CompanyRow, "company_1")).name = "{}"
    query = '{ company(id: "company_1") { cards { items { value } } } }'
    for planned in (True, False):
        answer = await Asker(ask.database, planned=planned)(query)
        assert answer["data"]["company"]["cards"]["items"][0] == {"value": "{}"}


async def test_what_a_database_says_of_a_value_is_no_outage(ask: Asker) -> None:
    broken = "json_extract('{', '$.a')" if ask.database.is_sqlite else "'{'::json"
    async with ask.database.read() as reading:
        with pytest.raises(DBAPIError) as found:
            await reading.guarded(sa.text(f"SELECT {broken}"))
        assert not is_unavailable(found.value)
        assert len(await reading.guarded(sa.text("SELECT 1"))) == 1


async def test_what_two_roots_add_to_one_fragment_is_their_own(ask: Asker) -> None:
    query = """{ one: company(id: "company_2") { ...Both csm { email } }
      other: company(id: "company_2") { ...Both csm { name } } }
      fragment Both on Company { csm { id } }"""
    answer = await ask(query)
    assert answer["data"] == {
        "one": {"csm": {"id": "user_1", "email": "a@example.com"}},
        "other": {"csm": {"id": "user_1", "name": "Ann"}},
    }


async def test_an_integer_beyond_32_bits_is_an_error_of_its_field(ask: Asker) -> None:
    async with ask.database.write() as session:
        await session.execute(
            sa.update(CompanyRow)
            .where(CompanyRow.id == "company_1")
            .values(arr_minor=2**31)
        )
    answer = await ask('{ company(id: "company_1") { name items { any must } } }')
    (error,) = answer["errors"]
    assert error["path"] == ["company", "items", "must"]
    assert "32-bit" in error["message"]
    assert answer["data"]["company"]["items"] is None
