"""Company Hierarchy: who is shown, own and rolled up values, bounds, cycles."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.layouts.model import Layout, LayoutBook, Placement
from cyclorama.sections.company_hierarchy import section
from cyclorama.storage.configuration import FieldFacts
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import CompanyRow
from cyclorama.testing import Bench, company, relationship

pytestmark = pytest.mark.anyio
SHARE, COST = (
    FieldFacts(
        object="company",
        key=key,
        label=key.title(),
        type=type_,
        required=False,
        editable=True,
        help_text=None,
        picklist=None,
    )
    for key, type_ in (("share", "PERCENT"), ("cost", "CURRENCY"))
)


def below(number: int, parent: int | None, arr: int | None, **values: Any) -> Any:
    """A company below another, with an ARR in whole units."""
    above = None if parent is None else f"company_{parent}"
    minor = None if arr is None else arr * 100
    return company(number, parent_id=above, arr_minor=minor, **values)


def book(*columns: dict[str, Any]) -> LayoutBook:
    """The hierarchy with these columns on both kinds."""
    key = "company_hierarchy"
    placed = (Placement(key, key, config={"columns": list(columns)}),)
    return LayoutBook(
        tuple(
            Layout(kind, kind, None, "One", is_default=True, placements=placed)
            for kind in ("COMPANY", "RELATIONSHIP")
        )
    )


async def family(database: Database, *columns: dict[str, Any]) -> Bench:
    """1 above 2 and 3; 2 above 4 and 5; 3 above 6; 7 alone."""
    shown = book(*columns) if columns else None
    bench = Bench(database, [section], book=shown, fields=(SHARE, COST))
    await bench.fill(0)
    await bench.add(
        below(1, None, 100, employees=10, custom={"share": 10, "cost": 1.5}),
        below(2, 1, 200, employees=20, custom={"share": 20, "cost": 2}),
        below(3, 1, 1000, employees=3),
        below(4, 2, None),
        below(5, 2, 50, employees=5, custom={"share": 45, "cost": 2.25}),
        below(6, 3, 7),
        below(7, None, 9),
    )
    return bench


async def hierarchy(bench: Bench, number: int, fields: str) -> Any:
    """These fields of a company's hierarchy."""
    query = (
        f'{{ company(id: "company_{number}") {{ companyHierarchy {{ {fields} }} }} }}'
    )
    return (await bench.query(query))["company"]["companyHierarchy"]


async def seen(bench: Bench, number: int, arguments: str = "") -> list[int]:
    """The numbers of the companies that a company's hierarchy shows, in order."""
    found = await hierarchy(bench, number, f"nodes{arguments} {{ company {{ id }} }}")
    return [int(n["company"]["id"].partition("_")[2]) for n in found["nodes"]]


async def rolled(bench: Bench, number: int = 1) -> dict[str, list[Any]]:
    """The rolled up values of each company in the tree of a company."""
    fields = "nodes { company { id } rolledUp { value } }"
    nodes = (await hierarchy(bench, number, fields))["nodes"]
    return {n["company"]["id"]: [v["value"] for v in n["rolledUp"]] for n in nodes}


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


async def test_a_hidden_hierarchy_is_null_and_no_tree_is_read(
    database: Database,
) -> None:
    bench = Bench(database, [section], hidden=["company_hierarchy"])
    await bench.fill(1)
    query = '{ company(id: "company_1") { companyHierarchy { nodes { level } } } }'
    answer = await bench.ask(query)
    assert answer["data"]["company"] == {"companyHierarchy": None}
    assert answer["errors"][0]["extensions"]["code"] == "SECTION_NOT_IN_LAYOUT"
    assert "RECURSIVE" not in " ".join(bench.statements)


@pytest.mark.parametrize("depth", [0, -1, 51, 10_000])
async def test_a_depth_out_of_bounds_is_refused(database: Database, depth: int) -> None:
    bench = await family(database)
    query = """query($d: Int!) { company(id: "company_1") {
      companyHierarchy { nodes(maxDepth: $d) { level } } } }"""
    (error,) = (await bench.ask(query, d=depth))["errors"]
    assert error["message"] == (
        f"The argument `maxDepth` is {depth}; it must be from 1 to 50."
    )
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_ancestors_siblings_and_descendants_are_shown_parents_first(
    database: Database,
) -> None:
    bench = await family(database)
    assert await seen(bench, 1) == [1, 2, 3, 4, 5, 6]
    assert await seen(bench, 2) == [1, 2, 3, 4, 5]
    assert await seen(bench, 3) == [1, 2, 3, 6]
    assert await seen(bench, 5) == [1, 2, 4, 5]
    assert await seen(bench, 6) == [1, 3, 6]
    assert await seen(bench, 7) == [7]
    assert await seen(bench, 2, "(maxDepth: 2)") == [1, 2, 3]
    assert len(bench.statements) == 2


async def test_a_node_knows_its_place(database: Database) -> None:
    bench = await family(database)
    fields = "nodeCount root { id } nodes { parentId level childCount isCurrent }"
    found = await hierarchy(bench, 5, fields)
    assert (found["root"], found["nodeCount"]) == ({"id": "company_1"}, 6)
    assert [tuple(n.values()) for n in found["nodes"]] == [
        (None, 1, 2, False),
        ("company_1", 2, 2, False),
        ("company_2", 3, 0, False),
        ("company_2", 3, 0, True),
    ]


async def test_a_relationship_shows_the_tree_of_its_company(database: Database) -> None:
    bench = await family(database)
    await bench.add(relationship(1, of=5))
    query = """{ relationship(id: "relationship_1") { companyHierarchy { root { id }
      nodes { company { id } isCurrent } } } }"""
    found = (await bench.query(query))["relationship"]["companyHierarchy"]
    assert found["root"] == {"id": "company_1"}
    current = [n["company"]["id"] for n in found["nodes"] if n["isCurrent"]]
    assert (len(found["nodes"]), current) == (4, ["company_5"])


async def test_a_rolled_up_value_holds_its_own_and_all_below(
    database: Database,
) -> None:
    bench = await family(database)
    assert await rolled(bench) == {
        "company_1": [usd("1357.00")],
        "company_2": [usd("250.00")],
        "company_3": [usd("1007.00")],
        "company_4": [None],
        "company_5": [usd("50.00")],
        "company_6": [usd("7.00")],
    }
    above = await rolled(bench, 5)
    assert (len(above), above["company_1"]) == (4, [usd("1357.00")])


async def test_each_column_rolls_up_as_it_says_and_percentages_never_sum(
    database: Database,
) -> None:
    bench = await family(
        database,
        {"path": "employees"},
        {"path": "employees", "aggregation": "AVG"},
        {"path": "employees", "aggregation": "MIN"},
        {"path": "employees", "aggregation": "MAX"},
        {"path": "arr", "aggregation": "COUNT"},
        {"path": "arr", "aggregation": "AVG"},
        {"path": "custom.share", "aggregation": "SUM"},
        {"path": "custom.cost"},
        {"path": "custom.cost", "aggregation": "AVG"},
        {"path": "parent.employees"},
    )
    found = await rolled(bench, 2)
    assert found["company_1"] == [
        38,
        9.5,
        3,
        20,
        5,
        usd("271.40"),
        25.0,
        usd("5.75"),
        usd("1.92"),
        None,
    ]
    assert found["company_2"][:7] == [25, 12.5, 5, 20, 2, usd("125.00"), 32.5]
    assert found["company_2"][9] == 10
    assert found["company_4"] == [*[None] * 4, 0, *[None] * 4, 20]


async def test_several_currencies_are_not_summed(database: Database) -> None:
    bench = await family(database)
    await bench.add(below(8, 3, 4, currency="EUR"))
    found = await rolled(bench)
    assert found["company_1"] == found["company_3"] == [None]
    assert found["company_2"] == [usd("250.00")]
    assert found["company_8"] == [{"amount": "4.00", "currency": "EUR"}]


async def test_columns_are_renamed_and_shown_with_their_decimals(
    database: Database,
) -> None:
    bench = await family(
        database,
        {"path": "arr", "label": "Revenue", "decimals": 0},
        {"path": "custom.share", "decimals": 2},
        {"path": "custom.gone"},
    )
    fields = """nodes(maxDepth: 1) { own { label displayValue }
      rolledUp { label displayValue editable } }"""
    (top,) = (await hierarchy(bench, 1, fields))["nodes"]
    assert top["own"] == [
        {"label": "Revenue", "displayValue": "100 USD"},
        {"label": "Share", "displayValue": "10.00"},
    ]
    assert top["rolledUp"] == [
        {"label": "Revenue", "displayValue": "1357 USD", "editable": False},
        {"label": "Share", "displayValue": "25.00", "editable": False},
    ]


async def test_ten_levels_are_shown_unless_more_are_asked_for(
    database: Database,
) -> None:
    bench = Bench(database, [section])
    await bench.fill(0)
    await bench.add(*(below(n, n - 1 or None, 1) for n in range(1, 13)))
    assert await seen(bench, 1) == list(range(1, 11))
    assert await seen(bench, 12, "(maxDepth: 50)") == list(range(1, 13))


async def test_companies_that_are_above_each_other_are_answered(
    database: Database,
) -> None:
    bench = await family(database)
    async with database.write() as session:
        closed = sa.update(CompanyRow).where(CompanyRow.id == "company_1")
        await session.execute(closed.values(parent_id="company_5"))
    for number in range(1, 7):
        assert number in await seen(bench, number, "(maxDepth: 50)")


async def test_graph_resolvers_give_the_same_answer(database: Database) -> None:
    columns = ({"path": "arr", "decimals": 1}, {"path": "custom.cost"})
    planned = await family(database, *columns)
    resolved = Bench(
        database, [section], book=book(*columns), fields=(SHARE, COST), planned=False
    )
    fields = """nodeCount root { name } nodes { company { name } parentId level childCount
      isCurrent own { path value displayValue } rolledUp { value displayValue } }"""
    for number in (1, 2, 6):
        one = await hierarchy(planned, number, fields)
        assert one == await hierarchy(resolved, number, fields)
