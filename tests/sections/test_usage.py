"""Usage: modules by period, people counted once, shares of the last complete month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from cyclorama.layouts.model import Layout, LayoutBook, Placement
from cyclorama.plugins import ExternalRefRow, Row
from cyclorama.sections import summary
from cyclorama.sections.usage import section
from cyclorama.sections.usage.tables import (
    UsageActiveDayRow,
    UsageDailyRow,
    UsageEntitlementRow,
    UsageModuleRow,
)
from cyclorama.storage.engine import Database
from cyclorama.testing import Bench, relationship

pytestmark = pytest.mark.anyio

SHARES = "utilization stickiness breadth trendPercent"


def module(key: str = "core", **values: Any) -> UsageModuleRow:
    """A module that sums."""
    return UsageModuleRow(
        id=f"module_{key}", key=key, name=key.upper(), unit="clicks", **values
    )


def used(
    day: str,
    value: float = 1,
    *,
    of: int = 1,
    part: int | None = None,
    key: str = "core",
) -> UsageDailyRow:
    """Usage on a day of 2026 (`02-24`), of a company or one of its relationships."""
    return UsageDailyRow(
        id=f"daily_{of}-{part}-{key}-{day}",
        company_id=f"company_{of}",
        relationship_id=None if part is None else f"relationship_{part}",
        module_id=f"module_{key}",
        day=date.fromisoformat(f"2026-{day}"),
        value=value,
    )


def active(
    day: str, *people: str, of: int = 1, part: int | None = None
) -> Iterator[UsageActiveDayRow]:
    """People who were active on a day of 2026."""
    for person in people:
        yield UsageActiveDayRow(
            id=f"active_{of}-{part}-{day}-{person}",
            company_id=f"company_{of}",
            relationship_id=None if part is None else f"relationship_{part}",
            person_key=person,
            day=date.fromisoformat(f"2026-{day}"),
        )


def entitled(
    quantity: int,
    modules: int | None = None,
    *,
    starts: str = "2025-01-01",
    ends: str | None = None,
    part: int | None = None,
) -> UsageEntitlementRow:
    """Licences of the first company or of one of its relationships."""
    return UsageEntitlementRow(
        id=f"entitlement_{quantity}-{starts}-{ends}",
        company_id="company_1",
        relationship_id=None if part is None else f"relationship_{part}",
        quantity=quantity,
        modules=modules,
        starts_on=date.fromisoformat(starts),
        ends_on=None if ends is None else date.fromisoformat(ends),
    )


def book(config: dict[str, Any]) -> LayoutBook:
    """Usage with these settings for everybody."""
    placed = (Placement("usage", "usage", config=config),)
    layout = Layout("only", "COMPANY", None, "Only", is_default=True, placements=placed)
    return LayoutBook((layout,))


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, [section])
    await made.fill()
    return made


async def usage(bench: Bench, fields: str, company: int = 1) -> Any:
    """These fields of a company's usage."""
    query = f'{{ company(id: "company_{company}") {{ usage {{ {fields} }} }} }}'
    return (await bench.query(query))["company"]["usage"]


async def of_relationship(bench: Bench, fields: str, number: int = 1) -> Any:
    """These fields of a relationship's usage."""
    query = (
        f'{{ relationship(id: "relationship_{number}") {{ usage {{ {fields} }} }} }}'
    )
    return (await bench.query(query))["relationship"]["usage"]


async def add_all(bench: Bench, rows: list[Row]) -> None:
    """Many rows in one go."""
    async with bench.database.write() as session:
        session.add_all(rows)


@pytest.mark.parametrize("periods", [0, -1, 121, 10_000])
async def test_a_number_of_periods_out_of_bounds_is_refused(
    bench: Bench, periods: int
) -> None:
    query = """query($p: Int!) { company(id: "company_1") {
      name usage { utilization activeUsers(periods: $p) { value } } } }"""
    answer = await bench.ask(query, p=periods)
    assert answer["data"]["company"] == {"name": "Company 1", "usage": None}
    (error,) = answer["errors"]
    assert error["message"] == (
        f"The argument `periods` is {periods}; it must be from 1 to 120."
    )
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["path"] == ["company", "usage", "activeUsers"]


async def test_the_periods_of_a_module_are_bounded_too(bench: Bench) -> None:
    await bench.add(module(), used("02-24"))
    answer = await bench.ask(
        '{ company(id: "company_1") { usage { modules { series(periods: 0) '
        "{ value } } } } }"
    )
    assert "must be from 1 to 120" in answer["errors"][0]["message"]


async def test_without_rows_everything_is_unknown_and_nothing_is_zero(
    bench: Bench,
) -> None:
    found = await usage(
        bench,
        f"state asOf sources modules {{ key }} {SHARES} "
        "activeUsers(periods: 2) { periodStart value partial }",
    )
    assert found == {
        "state": "EMPTY",
        "asOf": None,
        "sources": [],
        "modules": [],
        "utilization": None,
        "stickiness": None,
        "breadth": None,
        "trendPercent": None,
        "activeUsers": [
            {"periodStart": "2026-02-23", "value": None, "partial": False},
            {"periodStart": "2026-03-02", "value": None, "partial": True},
        ],
    }


async def test_people_of_a_week_are_counted_once_not_summed(bench: Bench) -> None:
    monday, tuesday = active("02-23", "a", "b"), active("02-24", "b", "c")
    await bench.add(*monday, *tuesday)
    found = await usage(
        bench,
        "week: activeUsers(periods: 2) { periodStart value partial } "
        "day: activeUsers(granularity: DAY, periods: 8) { value }",
    )
    assert found["week"] == [
        {"periodStart": "2026-02-23", "value": 3.0, "partial": False},
        {"periodStart": "2026-03-02", "value": None, "partial": True},
    ]
    values = [p["value"] for p in found["day"]]
    assert values == [2.0, 2.0, None, None, None, None, None, None]


async def test_a_week_starts_on_monday(bench: Bench) -> None:
    await bench.add(*active("02-22", "sunday"), *active("03-01", "next"))
    found = await usage(bench, "activeUsers(periods: 3) { periodStart value }")
    assert found["activeUsers"] == [
        {"periodStart": "2026-02-16", "value": 1.0},
        {"periodStart": "2026-02-23", "value": 1.0},
        {"periodStart": "2026-03-02", "value": None},
    ]


async def test_the_worked_month_64_of_100_licences_after_80(bench: Bench) -> None:
    february = [
        row
        for day in range(4)
        for row in active(f"02-1{day}", *(f"p{16 * day + n}" for n in range(16)))
    ]
    january = list(active("01-20", *(f"p{n}" for n in range(80))))
    await add_all(bench, [*february, *january, entitled(100)])
    found = await usage(bench, SHARES)
    assert found == {
        "utilization": 64.0,
        "trendPercent": -20.0,
        "stickiness": 25.0,
        "breadth": None,
    }


async def test_five_modules_of_eight_are_a_breadth_of_62_5(bench: Bench) -> None:
    keys = "abcdefg"
    await bench.add(*(module(k) for k in keys), entitled(10, 8))
    await bench.add(*(used("02-28", 3, key=k) for k in keys[:5]))
    await bench.add(used("02-28", 0, key="f"), used("01-31", 3, key="g"))
    assert await usage(bench, "breadth") == {"breadth": 62.5}


async def test_entitlements_of_the_months_last_day_add_up(bench: Bench) -> None:
    await bench.add(
        *active("02-10", "a", "b"),
        entitled(3),
        entitled(5, ends="2026-02-28"),
        entitled(100, ends="2026-02-27"),
        entitled(200, starts="2026-03-01"),
    )
    assert await usage(bench, "utilization") == {"utilization": 25.0}


async def test_more_people_than_licences_are_over_100_percent(bench: Bench) -> None:
    await bench.add(*active("02-10", "a", "b", "c"), entitled(2))
    assert await usage(bench, "utilization") == {"utilization": 150.0}


async def test_no_licence_is_no_utilization_not_a_division(bench: Bench) -> None:
    await bench.add(*active("02-10", "a"), entitled(0, 0))
    found = await usage(bench, SHARES)
    assert found["utilization"] is None
    assert found["breadth"] is None
    assert found["trendPercent"] is None


async def test_a_month_that_reported_use_but_nobody_is_zero(bench: Bench) -> None:
    await bench.add(module(), used("02-10", 0), *active("01-10", "a"), entitled(4, 4))
    assert await usage(bench, SHARES) == {
        "utilization": 0.0,
        "stickiness": None,
        "breadth": 0.0,
        "trendPercent": -100.0,
    }


async def test_a_company_pools_relationships_and_counts_nobody_twice(
    bench: Bench,
) -> None:
    await bench.add(
        relationship(9),
        *active("02-23", "a", "b", part=1),
        *active("02-24", "a", part=9),
        *active("02-24", "c"),
        *active("02-24", "z", of=2, part=2),
    )
    field = "activeUsers(periods: 2) { value }"
    assert (await usage(bench, field))["activeUsers"][0]["value"] == 3.0
    own = [(await of_relationship(bench, field, n))["activeUsers"] for n in (1, 9, 2)]
    assert [periods[0]["value"] for periods in own] == [2.0, 1.0, 1.0]


async def test_a_relationship_shows_its_own_modules_only(bench: Bench) -> None:
    await bench.add(
        module("a"),
        module("b"),
        used("02-24", 2, key="a", part=1),
        used("02-24", key="b"),
    )
    field = "modules { key total }"
    assert (await usage(bench, field))["modules"] == [
        {"key": "a", "total": 2.0},
        {"key": "b", "total": 1.0},
    ]
    own = await of_relationship(bench, field)
    assert own["modules"] == [{"key": "a", "total": 2.0}]


async def test_a_module_has_its_series_with_gaps_and_a_partial_period(
    bench: Bench,
) -> None:
    await bench.add(
        module(),
        used("02-09", 0),
        used("02-23", 1.5),
        used("03-01", 2),
        used("03-02", 4),
    )
    found = await usage(
        bench,
        "modules { key name unit total "
        "series(periods: 4) { periodStart value partial } "
        "months: series(granularity: MONTH, periods: 3) { periodStart value partial } "
        "days: series(granularity: DAY, periods: 2) { periodStart value partial } }",
    )
    (core,) = found["modules"]
    assert core.pop("series") == [
        {"periodStart": "2026-02-09", "value": 0.0, "partial": False},
        {"periodStart": "2026-02-16", "value": None, "partial": False},
        {"periodStart": "2026-02-23", "value": 3.5, "partial": False},
        {"periodStart": "2026-03-02", "value": 4.0, "partial": True},
    ]
    assert core.pop("months") == [
        {"periodStart": "2026-01-01", "value": None, "partial": False},
        {"periodStart": "2026-02-01", "value": 1.5, "partial": False},
        {"periodStart": "2026-03-01", "value": 6.0, "partial": True},
    ]
    assert core.pop("days") == [
        {"periodStart": "2026-03-01", "value": 2.0, "partial": False},
        {"periodStart": "2026-03-02", "value": 4.0, "partial": True},
    ]
    assert core == {"key": "core", "name": "CORE", "unit": "clicks", "total": 7.5}


@pytest.mark.parametrize(
    ("aggregation", "value"),
    [("SUM", 13.0), ("LAST", 3.0), ("MAX", 8.0), ("AVG", 4.3333)],
)
async def test_a_module_is_aggregated_over_days_as_it_says(
    bench: Bench, aggregation: str, value: float
) -> None:
    await bench.add(
        module(aggregation=aggregation),
        used("02-23", 5, part=1),
        used("02-23", 3),
        used("02-24", 2),
        used("02-26", 3),
    )
    found = await usage(bench, "modules { total series(periods: 2) { value } }")
    assert found["modules"] == [
        {"total": value, "series": [{"value": value}, {"value": None}]}
    ]


async def test_each_period_has_its_own_last_day(bench: Bench) -> None:
    await bench.add(
        module(aggregation="LAST"),
        used("02-17", 5),
        used("02-19", 7, part=1),
        used("02-19", 1),
        used("02-24", 2),
        used("02-26", 3),
    )
    found = await usage(bench, "modules { total series(periods: 3) { value } }")
    assert found["modules"] == [
        {"total": 3.0, "series": [{"value": 8.0}, {"value": 3.0}, {"value": None}]}
    ]


async def test_the_longest_series_has_120_periods(bench: Bench) -> None:
    found = await usage(
        bench, "activeUsers(granularity: MONTH, periods: 120) { periodStart }"
    )
    starts = [p["periodStart"] for p in found["activeUsers"]]
    assert (len(starts), starts[0], starts[-1]) == (120, "2016-04-01", "2026-03-01")


async def test_settings_choose_modules_and_window(database: Database) -> None:
    config = {"modules": ["a", "c"], "window_days": 7}
    bench = Bench(database, [section], book=book(config))
    await bench.fill()
    await bench.add(*(module(k) for k in "abc"))
    await bench.add(used("02-23", 100, key="a"), used("02-24", 2, key="a"))
    await bench.add(used("02-24", 5, key="b"), used("01-02", 9, key="c"))
    assert (await usage(bench, "modules { key total }"))["modules"] == [
        {"key": "a", "total": 2.0},
        {"key": "c", "total": 0.0},
    ]


async def test_modules_stand_in_their_order(bench: Bench) -> None:
    await bench.add(
        module("a", position=2), module("b", position=1), module("c", position=1)
    )
    await bench.add(*(used("02-24", key=k) for k in "abc"))
    found = await usage(bench, "modules { key }")
    assert [m["key"] for m in found["modules"]] == ["b", "c", "a"]


async def test_the_newest_day_and_the_sources_are_named(bench: Bench) -> None:
    ref = ExternalRefRow(
        id="external_ref_1",
        system="warehouse",
        object_type="Module",
        external_id="core",
        entity_id="module_core",
    )
    await bench.add(module(), used("02-24"), *active("02-27", "a"), ref)
    assert await usage(bench, "state asOf sources") == {
        "state": "READY",
        "asOf": "2026-02-27T00:00:00.000Z",
        "sources": ["warehouse"],
    }


async def test_summary_shows_the_months_active_users_and_where_they_head(
    database: Database,
) -> None:
    bench = Bench(database, [summary.section, section])
    await bench.fill()
    await bench.add(*active("02-10", "a", "b"), *active("01-10", "a"))
    query = """{ companies(first: 2) { edges { node { summary { cards {
      key label value trend section breakdown { label } } } } } } }"""
    edges = (await bench.query(query))["companies"]["edges"]
    first, second = (e["node"]["summary"]["cards"][0] for e in edges)
    assert first == {
        "key": "active_users",
        "label": "Active users",
        "value": 2,
        "trend": "UP",
        "section": "usage",
        "breakdown": [],
    }
    assert (second["value"], second["trend"]) == (None, "NONE")


async def test_a_page_costs_the_same_statements_for_any_number_of_rows(
    bench: Bench,
) -> None:
    fields = f"modules {{ total series {{ value }} }} activeUsers {{ value }} {SHARES}"
    await usage(bench, fields)
    few = len(bench.statements)
    start = date(2026, 1, 1)
    days = [f"{start + timedelta(days=n):%m-%d}" for n in range(60)]
    await bench.add(module())
    await add_all(bench, [used(day) for day in days])
    await add_all(bench, [row for day in days for row in active(day, "a", "b")])
    await usage(bench, fields)
    assert len(bench.statements) == few <= 3


async def test_graph_resolvers_give_the_same_answer(database: Database) -> None:
    planned = Bench(database, [section])
    await planned.fill()
    resolved = Bench(database, [section], planned=False)
    await planned.add(
        module(aggregation="LAST"),
        used("02-24", 2.25, part=1),
        used("03-02", 4),
        *active("02-10", "a", "b"),
        *active("01-10", "a", "b", "c"),
        entitled(7, 3),
    )
    fields = f"""state asOf sources {SHARES} activeUsers {{ periodStart value partial }}
      modules {{ key name total unit series {{ periodStart value partial }} }}"""
    assert await usage(planned, fields) == await usage(resolved, fields)
    assert await of_relationship(planned, fields) == await of_relationship(
        resolved, fields
    )
