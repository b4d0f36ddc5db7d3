"""The list of companies: refusals, filters, orders, pages, counts."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cyclorama.plugins.discovery import discover
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import CompanyRow, PicklistItemRow, UserRow
from cyclorama.testing import NOW, Bench, company

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
PAGE = """query($first: Int! = 20, $after: String, $filter: CompanyFilter,
  $orderBy: [CompanyOrder!]) {
  companies(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
    edges { cursor node { name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }"""


@pytest.fixture
async def bench(database: Database) -> Bench:
    """Six companies with what filters ask for."""
    made = Bench(database, SECTIONS)
    await made.add(
        UserRow(id="user_csm", email="ann@example.com", name="Ann", created_at=NOW),
        *(
            PicklistItemRow(
                id=f"item_{key}", picklist=f"company.{kind}", key=key, label=key
            )
            for kind, key in (
                ("status", "active"),
                ("status", "churn"),
                ("stage", "live"),
                ("industry", "retail"),
            )
        ),
        company(1, name="Ácme", arr_minor=500, status_id="item_active", tags=["a"]),
        company(2, name="beta", arr_minor=None, stage_id="item_live", tags=["b", "a"]),
        company(3, name="東京電力", arr_minor=500, csm_id="user_csm"),
        company(4, name="100%_x", arr_minor=-1, parent_id="company_1"),
        company(5, name="Gamma", renewal_date=date(2026, 5, 1)),
        company(6, name="acme", industry_id="item_retail", status_id="item_churn"),
    )
    return made


async def names(bench: Bench, **variables: Any) -> list[str]:
    found = await bench.query(PAGE, **variables)
    return [edge["node"]["name"] for edge in found["companies"]["edges"]]


async def refusal(bench: Bench, **variables: Any) -> str:
    answer = await bench.ask(PAGE, **variables)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    message: str = error["message"]
    return message


@pytest.mark.parametrize("first", [0, -1, 201, 10_000])
async def test_a_page_size_out_of_bounds_is_refused(bench: Bench, first: int) -> None:
    assert f"`first` is {first}; it must be from 1 to 200" in await refusal(
        bench, first=first
    )


async def test_a_cursor_of_another_order_or_of_nothing_is_refused(bench: Bench) -> None:
    order = [{"field": "ARR"}]
    page = await bench.query(PAGE, first=1, orderBy=order)
    cursor = page["companies"]["pageInfo"]["endCursor"]
    for after in (cursor, "", "zz", "5b5d", "22", cursor + "00", "f" * 9_000):
        assert "`after` is no cursor of this list" in await refusal(bench, after=after)
    assert "`after`" in await refusal(
        bench, after=cursor, orderBy=[{"field": "ARR", "descending": True}]
    )


@pytest.mark.parametrize(
    ("field", "key"),
    [
        ("UPDATED_AT", "0001-01-01T00:00:00+23:00"),
        ("UPDATED_AT", "9999-12-31T23:59:59-23:00"),
        ("UPDATED_AT", "2026-01-01T00:00:00"),
        ("UPDATED_AT", 5),
        ("UPDATED_AT", None),
        ("RENEWAL_DATE", "2026-02-30"),
        ("ARR", True),
        ("ARR", 1.5),
        ("ARR", 1 << 63),
        ("NAME", "a\0"),
        ("NAME", ["a"]),
    ],
)
async def test_a_cursor_that_was_made_up_is_refused(
    bench: Bench, field: str, key: Any
) -> None:
    order = [{"field": field}]
    page = await bench.query(PAGE, first=1, orderBy=order)
    tag, _, last = json.loads(bytes.fromhex(page["companies"]["pageInfo"]["endCursor"]))
    made_up = json.dumps([tag, key, last]).encode().hex()
    assert "`after` is no cursor of this list" in await refusal(
        bench, after=made_up, orderBy=order
    )


async def test_the_cursor_of_the_longest_name_is_one(bench: Bench) -> None:
    await bench.add(company(7, name="\U0001d160" * 255))
    page = await bench.query(PAGE, first=7)
    cursor = page["companies"]["edges"][-1]["cursor"]
    assert len(cursor) > 4_800
    assert await names(bench, after=cursor) == []


async def test_a_field_named_twice_in_an_order_is_refused(bench: Bench) -> None:
    twice = [{"field": "ARR"}, {"field": "ARR", "descending": True}]
    assert "names ARR twice" in await refusal(bench, orderBy=twice)


@pytest.mark.parametrize(
    ("filter", "named"),
    [
        ({"search": "x" * 201}, "search"),
        ({"tags": ["t"] * 101}, "tags"),
        ({"statusKeys": ["k" * 201]}, "statusKeys"),
        ({"csmIds": ["u"] * 101}, "csmIds"),
        ({"arrAtLeast": "1e30"}, "arrAtLeast"),
        ({"arrAtLeast": "NaN"}, "arrAtLeast"),
        ({"arrAtLeast": "-1e999999999"}, "arrAtLeast"),
        ({"arrAtLeast": "1" * 17}, "arrAtLeast"),
    ],
)
async def test_a_filter_out_of_bounds_is_refused_by_name(
    bench: Bench, filter: dict[str, Any], named: str
) -> None:
    assert named in await refusal(bench, filter=filter)


async def test_an_unknown_filter_is_refused_by_name(bench: Bench) -> None:
    assert "nope" in await refusal(bench, filter={"nope": 1})


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({}, ["100%_x", "acme", "Ácme", "beta", "Gamma", "東京電力"]),
        ({"search": "ACM"}, ["acme", "Ácme"]),
        ({"search": "東京"}, ["東京電力"]),
        ({"search": "%"}, ["100%_x"]),
        ({"search": " "}, ["100%_x", "acme", "Ácme", "beta", "Gamma", "東京電力"]),
        ({"statusKeys": ["active", "none"]}, ["Ácme"]),
        ({"statusKeys": ["active", "churn"]}, ["acme", "Ácme"]),
        ({"statusKeys": ["live"]}, []),
        ({"stageKeys": ["live"]}, ["beta"]),
        ({"industryKeys": ["retail"]}, ["acme"]),
        ({"csmIds": ["user_csm"]}, ["東京電力"]),
        ({"csmIds": ["user_none"]}, []),
        ({"renewalBefore": "2026-05-01"}, []),
        ({"renewalBefore": "2026-05-02"}, ["Gamma"]),
        ({"renewalAfter": "2026-04-30"}, ["Gamma"]),
        ({"renewalAfter": "2026-05-01"}, []),
        ({"arrAtLeast": "5"}, ["Ácme", "東京電力"]),
        ({"arrAtLeast": "4.991"}, ["Ácme", "東京電力"]),
        ({"arrAtLeast": "5.001"}, []),
        ({"tags": ["a"]}, ["Ácme", "beta"]),
        ({"tags": ["b", "c"]}, ["beta"]),
        ({"tags": ["A"]}, []),
        ({"hasParent": True}, ["100%_x"]),
        ({"hasParent": False, "search": "a", "tags": ["a"]}, ["Ácme", "beta"]),
        ({"tags": []}, ["100%_x", "acme", "Ácme", "beta", "Gamma", "東京電力"]),
    ],
)
async def test_every_set_filter_must_hold(
    bench: Bench, filter: dict[str, Any], expected: list[str]
) -> None:
    found = await names(bench, filter=filter)
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ([], ["100%_x", "Ácme", "acme", "beta", "Gamma", "東京電力"]),
        ([{"field": "ARR"}], ["100%_x", "Ácme", "東京電力", "beta", "Gamma", "acme"]),
        (
            [{"field": "ARR", "descending": True}],
            ["Ácme", "東京電力", "100%_x", "beta", "Gamma", "acme"],
        ),
        (
            [
                {"field": "ARR", "descending": True},
                {"field": "NAME", "descending": True},
            ],
            ["東京電力", "Ácme", "100%_x", "Gamma", "beta", "acme"],
        ),
        (
            [{"field": "RENEWAL_DATE"}],
            ["Gamma", "Ácme", "beta", "東京電力", "100%_x", "acme"],
        ),
    ],
)
async def test_companies_without_a_value_come_last_both_ways(
    bench: Bench, order: list[Any], expected: list[str]
) -> None:
    assert await names(bench, orderBy=order) == expected


async def test_the_count_is_of_all_pages_and_read_only_if_asked(bench: Bench) -> None:
    query = (
        '{ companies(first: 2, filter: {tags: ["a"]}) { %s edges { node { id } } } }'
    )
    await bench.query(query % "")
    without = len(bench.statements)
    found = await bench.query(query % "totalCount")
    assert found["companies"]["totalCount"] == 2
    assert len(bench.statements) == without + 1
    everything = await bench.query("{ companies(first: 1) { totalCount } }")
    assert everything["companies"]["totalCount"] == 6


async def test_sections_of_a_list_take_as_many_statements_as_those_of_one(
    bench: Bench,
) -> None:
    sections = "{ name summary { tags } support { openCount } }"
    await bench.query(f'{{ company(id: "company_1") {sections} }}')
    single = len(bench.statements)
    for first in (1, 6):
        edges = f"{{ edges {{ node {sections} }} }}"
        await bench.query(f"{{ companies(first: {first}) {edges} }}")
        assert len(bench.statements) == single == 2


ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["NAME", "ARR", "RENEWAL_DATE", "UPDATED_AT"]), st.booleans()
    ),
    max_size=4,
    unique_by=lambda order: order[0],
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "Ä", "東"]),
        st.one_of(st.none(), st.integers(-2, 2)),
        st.one_of(st.none(), st.integers(0, 2)),
        st.integers(0, 2),
    ),
    max_size=9,
)


@pytest.fixture
async def empty(database: Database) -> Bench:
    return Bench(database, SECTIONS)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS, order=ORDERS, first=st.integers(1, 4))
async def test_pages_hold_every_company_once_and_in_order(
    empty: Bench, rows: list[Any], order: list[Any], first: int
) -> None:
    async with empty.database.write() as session:
        await session.execute(sa.delete(CompanyRow))
    made = [
        company(
            number,
            name=name,
            arr_minor=arr,
            renewal_date=None if day is None else date(2026, 1, 1 + day),
        )
        for number, (name, arr, day, _) in enumerate(rows)
    ]
    for row, (_, _, _, age) in zip(made, rows, strict=True):
        row.updated_at = NOW - timedelta(milliseconds=age)
    values = {
        row.id: {
            "NAME": row.search_key,
            "ARR": row.arr_minor,
            "RENEWAL_DATE": row.renewal_date,
            "UPDATED_AT": row.updated_at,
        }
        for row in made
    }
    expected = sorted(values)
    for field, descending in reversed(order or [("NAME", False)]):
        present = [i for i in expected if values[i][field] is not None]
        absent = [i for i in expected if values[i][field] is None]
        present.sort(key=lambda i: values[i][field], reverse=descending)
        if descending:  # a stable sort keeps equal ones in their order
            present = sorted(
                sorted(present, key=expected.index),
                key=lambda i: values[i][field],
                reverse=True,
            )
        expected = present + absent
    await empty.add(*made)
    query = """query($first: Int!, $after: String, $orderBy: [CompanyOrder!]) {
      companies(first: $first, after: $after, orderBy: $orderBy) {
        edges { node { id } } pageInfo { hasNextPage endCursor } } }"""
    order_by = [{"field": f, "descending": d} for f, d in order]
    found: list[str] = []
    after = None
    while True:
        page = (await empty.query(query, first=first, after=after, orderBy=order_by))[
            "companies"
        ]
        found += [edge["node"]["id"] for edge in page["edges"]]
        assert len(page["edges"]) <= first
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert found == expected
