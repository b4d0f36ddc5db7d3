"""Relationships: totals by type, the list, siblings on a relationship."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cyclorama.sections.relationships import section
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.storage.rows import RelationshipTypeRow
from cyclorama.testing import NOW, Bench, relationship

pytestmark = pytest.mark.anyio
TODAY = NOW.date()
BY_TYPE = "byType { type { key } count runningCount arr { amount currency } }"
KEYED = 'relationships(typeKeys: ["product"]) { total'
LISTED = "relationships { totalCount edges { node { id } } }"


def sold(
    number: int, arr: int | None = None, *, ends: int | None = None, **values: Any
) -> Any:
    """A product with an ARR in whole units, ending so many days from today."""
    values.setdefault("name", f"R{number}")
    return relationship(
        number,
        arr_minor=None if arr is None else arr * 100,
        churned_on=None if ends is None else TODAY + timedelta(days=ends),
        **values,
    )


def service(number: int, arr: int | None = None, **values: Any) -> Any:
    """A relationship of another type."""
    row = sold(number, arr, **values)
    row.type_id = "type_service"
    return row


@pytest.fixture
async def bench(database: Database) -> Bench:
    """Two companies, of which the second has the relationship 2."""
    made = Bench(database, [section])
    records = await made.fill(2)
    assert records.relationships[1] == ("relationship_2", "company_2")
    await made.add(RelationshipTypeRow(id="type_service", key="a_service", name="S"))
    return made


async def ask(bench: Bench, fields: str, record: str = "company_1") -> Any:
    """These fields of a record's relationships."""
    kind = record.partition("_")[0]
    query = f'{{ {kind}(id: "{record}") {{ relationships {{ {fields} }} }} }}'
    return (await bench.query(query))[kind]["relationships"]


def ids(found: Any) -> list[int]:
    nodes = [e["node"]["id"] for e in found["relationships"]["edges"]]
    return [int(i.rpartition("_")[2]) for i in nodes]


async def test_a_hidden_section_is_null_and_no_list_is_read(database: Database) -> None:
    bench = Bench(database, [section], hidden=["relationships"])
    await bench.fill(1)
    answer = await bench.ask(
        f'{{ company(id: "company_1") {{ relationships {{ {LISTED} }} }} }}'
    )
    assert answer["data"]["company"] == {"relationships": None}
    assert answer["errors"][0]["extensions"]["code"] == "SECTION_NOT_IN_LAYOUT"
    assert "FROM relationship" not in " ".join(bench.statements)


@pytest.mark.parametrize("first", [0, -1, 10_000])
async def test_a_page_out_of_bounds_is_refused(bench: Bench, first: int) -> None:
    answer = await bench.ask(
        f"""{{ company(id: "company_1") {{ relationships {{
          relationships(first: {first}) {{ totalCount }} }} }} }}"""
    )
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "`first`" in error["message"]


async def test_totals_count_all_and_add_up_what_still_runs(bench: Bench) -> None:
    await bench.add(
        sold(11, 100),
        sold(12, 20, ends=1),
        sold(13, 4000, ends=0),
        sold(14, 4000, ends=-1),
        service(15, 7),
        service(16),
        sold(17, 999, of=2),
    )
    found = await ask(bench, f"state {BY_TYPE}")
    assert found == {
        "state": "READY",
        "byType": [
            {
                "type": {"key": "a_service"},
                "count": 2,
                "runningCount": 2,
                "arr": {"amount": "7.00", "currency": "USD"},
            },
            {
                "type": {"key": "product"},
                "count": 5,
                "runningCount": 3,
                "arr": {"amount": "120.00", "currency": "USD"},
            },
        ],
    }


async def test_a_type_without_amounts_or_with_two_currencies_has_no_total(
    bench: Bench,
) -> None:
    await bench.add(sold(11), service(12, 1), service(13, 2, currency="EUR"))
    found = await ask(bench, "byType { count arr { amount } }")
    assert found["byType"] == [{"count": 2, "arr": None}, {"count": 2, "arr": None}]
    await bench.add(sold(14, 3, currency="JPY"), sold(15, 9, currency="EUR", ends=0))
    found = await ask(bench, "byType { arr { amount currency } }")
    assert found["byType"][1]["arr"] == {"amount": "3.00", "currency": "JPY"}


async def test_the_list_is_by_name_and_pages_have_no_gaps(bench: Bench) -> None:
    await bench.add(
        sold(11, name="beta"), sold(12, name="Älpha"), sold(13, name="Beta")
    )
    query = """query($a: String) { company(id: "company_1") { relationships {
      relationships(first: 2, after: $a) { totalCount edges { node { id } }
        pageInfo { hasNextPage endCursor } } } } }"""
    found, after = [], None
    for more in (True, False):
        page = (await bench.query(query, a=after))["company"]["relationships"]
        found += ids(page)
        info = page["relationships"]["pageInfo"]
        assert info["hasNextPage"] is more
        assert page["relationships"]["totalCount"] == 4
        after = info["endCursor"]
    assert found == [12, 11, 13, 1]


async def test_types_are_chosen_by_key_and_an_unknown_one_has_none(
    bench: Bench,
) -> None:
    await bench.add(service(11), sold(12))
    query = """query($k: [String!]) { company(id: "company_1") { relationships {
      relationships(typeKeys: $k) { totalCount edges { node { id } } } } } }"""

    async def listed(keys: list[str] | None) -> list[int]:
        return ids((await bench.query(query, k=keys))["company"]["relationships"])

    assert await listed(["a_service"]) == [11]
    assert await listed(["a_service", "product"]) == [11, 12, 1]
    assert await listed(["nope"]) == await listed([]) == []
    assert sorted(await listed(None)) == [1, 11, 12]
    bench.permissions = (FieldPermission("csm", "Relationship.type", "hidden"),)
    for kind in ("company", "relationship"):
        asked = f'{kind}(id: "{kind}_1") {{ relationships {{ {LISTED} }} }}'
        asked = asked.replace("relationships { total", KEYED)
        found = (await bench.query(f"{{ {asked} }}"))[kind]["relationships"]
        assert found["relationships"] == {"totalCount": 0, "edges": []}


async def test_a_relationship_shows_its_siblings_and_not_itself(bench: Bench) -> None:
    await bench.add(sold(11, 5), service(12, 7), sold(13, 9, of=2))
    found = await ask(bench, f"state {BY_TYPE} {LISTED}", "relationship_11")
    assert (found["state"], sorted(ids(found))) == ("READY", [1, 12])
    assert [t["count"] for t in found["byType"]] == [1, 1]
    assert found["byType"][0]["arr"] == {"amount": "7.00", "currency": "USD"}
    own = await ask(bench, f"state {LISTED}", "relationship_1")
    assert sorted(ids(own)) == [11, 12]


async def test_an_only_child_has_an_empty_section(bench: Bench) -> None:
    found = await ask(bench, f"state {BY_TYPE} {LISTED}", "relationship_1")
    assert (found["state"], found["byType"], ids(found)) == ("EMPTY", [], [])


async def test_many_relationships_cost_as_many_statements_as_one(bench: Bench) -> None:
    fields = f"{BY_TYPE} {LISTED}"
    await ask(bench, fields)
    few = len(bench.statements)
    async with bench.database.write() as session:
        session.add_all([sold(n, 1) for n in range(100, 500)])
    found = await ask(bench, fields)
    assert found["byType"][0]["arr"]["amount"] == "400.00"
    assert len(bench.statements) == few == 2


async def test_graph_resolvers_give_the_same_answer(bench: Bench) -> None:
    resolved = Bench(bench.database, [section], planned=False)
    await bench.add(sold(11, 5, ends=3), service(12, 7), service(13, 8, currency="EUR"))
    fields = f"state {BY_TYPE} {LISTED}"
    for record in ("company_1", "company_2", "relationship_12"):
        assert await ask(bench, fields, record) == await ask(resolved, fields, record)
