"""What Cockpit shows of a record's calls to action."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import SURFACES, Clause, Layout, LayoutBook, Placement
from cyclorama.plugins.discovery import discover
from cyclorama.sections.cockpit import rules
from cyclorama.sections.cockpit.tables import CtaRow, TaskRow
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW, Bench, company, relationship
from tests.sections.ctas import cta, day, filled, playbook, task

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
COUNTS = """state asOf openCount overdueCount snoozedCount successRate
  openByType { type { key } count }"""
DERIVED = """id age daysDue daysUntilClose daysPastDue closedOverdue dueDateVariance
  percentComplete totalTaskCount closedTaskCount openTaskCount isSnoozed"""


def book(**config: Any) -> LayoutBook:
    placed = [
        Placement("cockpit", "cockpit", surfaces=SURFACES, config=config),
        Placement("summary", "summary", surfaces=SURFACES),
    ]
    return LayoutBook(
        tuple(
            Layout(kind, kind, None, kind, is_default=True, placements=tuple(placed))
            for kind in ("COMPANY", "RELATIONSHIP")
        )
    )


async def cockpit(bench: Bench, asked: str, record: str = "company_1") -> Any:
    root = record.partition("_")[0]
    found = await bench.query(
        f'{{ {root}(id: "{record}") {{ cockpit {{ {asked} }} }} }}'
    )
    return found[root]["cockpit"]


async def names(bench: Bench, arguments: str = "", record: str = "company_1") -> Any:
    given = f"({arguments})" if arguments else ""
    found = await cockpit(
        bench, f"ctas{given} {{ edges {{ node {{ name }} }} }}", record
    )
    return [e["node"]["name"].removeprefix("CTA ") for e in found["ctas"]["edges"]]


WORKED = {"created": -17, "due": -3, "original_due_date": day(-7)}
"""Created on 1 June, due on 11 June, then on 15 June, where today is 18 June."""


def rows() -> list[CtaRow]:
    return [
        cta(
            1,
            **WORKED,
            closed=0,
            status="closed_success",
            total_tasks=4,
            closed_tasks=4,
        ),
        cta(2, **WORKED, total_tasks=3, closed_tasks=2, is_important=True),
        cta(3, due=0, owner_id="user_jo", type="expansion"),
        cta(4, due=2, snoozed_until=day(0), snooze_reason="Later", total_tasks=1),
        cta(
            5, due=1, snoozed_until=day(-1), snooze_reason="Before", owner_id="user_jo"
        ),
        cta(6, due=-1, of="relationship_1"),
        cta(7, due=1, of="company_2"),
        cta(8, closed=-1, status="closed_lost", due=5),
        cta(9, closed=-2, status="closed_invalid", due=-9, created=-20),
    ]


def tasks() -> list[TaskRow]:
    return [
        task(1, of=2, status="COMPLETED", completed_at=NOW, due_date=day(-5)),
        task(2, of=2, status="SKIPPED"),
        task(3, of=2, owner_id="user_jo", due_date=day(3), depends_on="cta_task_1"),
        task(4, of=3),
    ]


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=book())
    return await filled(made, *rows(), *tasks(), *playbook("rescue", ("CREATED", 1)))


async def test_views_counts_and_order(bench: Bench) -> None:
    assert await cockpit(bench, COUNTS) == {
        "state": "READY",
        "asOf": "2026-03-02T12:00:00.000Z",
        "openCount": 4,
        "overdueCount": 2,
        "snoozedCount": 1,
        "successRate": 0.5,
        "openByType": [
            {"type": {"key": "risk"}, "count": 3},
            {"type": {"key": "expansion"}, "count": 1},
        ],
    }
    assert await names(bench) == ["2", "6", "3", "5"]
    assert await names(bench, "view: CLOSED") == ["9", "1", "8"]
    assert await names(bench, "view: SNOOZED") == ["4"]
    assert await names(bench, "view: MINE") == ["2", "6", "3"]
    assert await names(bench, "view: ALL") == ["9", "1", "2", "6", "3", "5", "4", "8"]
    assert await names(bench, "important: true") == ["2"]
    assert await names(bench, 'typeKeys: ["expansion", "no"]') == ["3"]
    assert await names(bench, 'ownerIds: ["user_jo"]') == ["3", "5"]
    assert await names(bench, record="relationship_1") == ["6"]
    assert (await cockpit(bench, COUNTS, "relationship_2")) == {
        "state": "EMPTY",
        "asOf": None,
        "openCount": 0,
        "overdueCount": 0,
        "snoozedCount": 0,
        "successRate": None,
        "openByType": [],
    }


async def test_pages_lead_through_all_in_one_order(bench: Bench) -> None:
    asked = """ctas(view: ALL, first: 3%s) { totalCount
      pageInfo { hasNextPage endCursor } edges { node { name } } }"""
    found, after = [], ""
    for _ in range(3):
        page = (await cockpit(bench, asked % after))["ctas"]
        assert page["totalCount"] == 8
        found += [e["node"]["name"].removeprefix("CTA ") for e in page["edges"]]
        after = f', after: "{page["pageInfo"]["endCursor"]}"'
    assert not page["pageInfo"]["hasNextPage"]
    assert found == await names(bench, "view: ALL")


async def test_3_5_is_what_the_database_computes(bench: Bench) -> None:
    """Each value of section 3.5, of every row, by the pure rules."""
    page = await cockpit(
        bench, f"ctas(view: ALL) {{ edges {{ node {{ {DERIVED} }} }} }}"
    )
    found = {e["node"]["id"]: e["node"] for e in page["ctas"]["edges"]}
    worked = {"age": 17, "daysDue": 10, "dueDateVariance": 4, "daysPastDue": 3}
    assert worked.items() <= found["cta_1"].items()
    assert found["cta_1"]["closedOverdue"] is True
    assert found["cta_1"]["percentComplete"] == 100
    assert worked.items() <= found["cta_2"].items()
    assert found["cta_2"]["daysUntilClose"] == -3
    assert found["cta_2"]["percentComplete"] == 66.67
    for row in rows():
        if row.id in found:
            assert found[row.id] == expected(row), row.id


def expected(row: CtaRow) -> dict[str, Any]:
    dates = rules.Dates(
        created=row.created_on,
        due=row.due_date,
        original_due=row.original_due_date,
        closed=row.closed_on,
    )
    today, total, done = day(0), row.total_tasks or 0, row.closed_tasks or 0
    progress = rules.percent_complete(total, done, is_closed=row.is_closed)
    return {
        "id": row.id,
        "age": dates.age(today),
        "daysDue": dates.days_due(),
        "daysUntilClose": dates.days_until_close(today),
        "daysPastDue": dates.days_past_due(today),
        "closedOverdue": dates.closed_overdue(),
        "dueDateVariance": dates.due_date_variance(),
        "percentComplete": rules.rounded(progress, 2),
        "totalTaskCount": total,
        "closedTaskCount": done,
        "openTaskCount": total - done,
        "isSnoozed": rules.is_snoozed(row.snoozed_until, today),
    }


async def test_3_6_a_snooze_ends_after_its_day(bench: Bench) -> None:
    assert "4" not in await names(bench)
    bench.now = NOW + timedelta(hours=12)
    bench.today = day(1)
    assert "4" in await names(bench)
    assert await names(bench, "view: SNOOZED") == []


async def test_a_cta_has_all_that_the_contract_names(bench: Bench) -> None:
    asked = """{ id name company { id } relationship { id } type { key label category }
      reason { key } priority { key } status { key category } owner { name } dueDate
      originalDueDate isImportant isClosed closedAt snoozedUntil comments version
      createdAt tasks { id name status owner { id } dueDate isMandatory dependsOn } }"""
    found = await bench.query(
        f'{{ node(id: "cta_2") {{ ... on Cta {asked} }} other: node(id: "cta_6") '
        "{ ... on Cta { relationship { id } company { id } } }"
        ' task: node(id: "cta_task_3") { ... on CtaTask { name } } }'
    )
    node = found["node"]
    assert node["company"] == {"id": "company_1"}
    assert node["relationship"] is None
    assert node["type"] == {"key": "risk", "label": "Risk", "category": "RISK"}
    assert node["status"] == {"key": "new", "category": "OPEN"}
    assert node["owner"] == {"name": "Ann"}
    assert [t["status"] for t in node["tasks"]] == ["COMPLETED", "SKIPPED", "OPEN"]
    assert node["tasks"][2]["dependsOn"] == "cta_task_1"
    assert found["other"]["relationship"] == {"id": "relationship_1"}
    assert found["task"] == {"name": "Task 3"}


async def test_a_company_shows_its_relationships_or_not(bench: Bench) -> None:
    bench.book = book(with_relationships=False)
    assert await names(bench) == ["2", "3", "5"]
    found = await cockpit(bench, COUNTS)
    assert found["openCount"] == 3
    assert found["openByType"][0]["count"] == 2
    assert await names(bench, record="relationship_1") == ["6"]


async def test_companies_below_are_shown_where_they_are_asked_for(bench: Bench) -> None:
    await bench.add(
        company(8, parent_id="company_1"),
        company(9, parent_id="company_8"),
        relationship(9, of=9),
        cta(81, of="company_8", due=1),
        cta(91, of="company_9", due=2),
        cta(92, of="relationship_9", due=3),
    )
    own = await names(bench)

    async def more(ids: str, record: str = "company_1") -> Any:
        found = await names(bench, f"companyIds: {ids}", record)
        return sorted(set(found) - set(own)) if record == "company_1" else found

    whole = '["company_2", "company_8", "company_9"]'
    assert await more(whole) == []
    bench.book = book(hierarchy_rollup=True)
    assert await more(whole) == ["81", "91", "92"]
    assert await more('["company_9"]') == ["91", "92"]
    assert await more("[]") == []
    assert await more('["company_1"]', "company_8") == ["81"]
    assert await more(whole, "relationship_9") == ["92"]
    assert await names(bench, "view: SNOOZED, companyIds: []") != []
    assert (await cockpit(bench, COUNTS))["openCount"] == 4
    by_rank = f"order: RECOMMENDED, companyIds: {whole}"
    assert len(await names(bench, by_rank)) == len(own) + 3
    bench.book = book(hierarchy_rollup=True, with_relationships=False)
    assert await more(whole) == ["81", "91"]
    hidden = Clause("name", "EQ", ("Company 8",))
    deny = AccessRule(
        rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=(hidden,)
    )
    bench.access = AccessBook(rules=(deny,))
    assert await more(whole) == []


async def test_a_card_on_summary_counts_by_type(bench: Bench) -> None:
    found = await bench.query(
        """{ company(id: "company_1") { summary { cards { key label value section
        breakdown { label count } } } } }"""
    )
    (card,) = found["company"]["summary"]["cards"]
    assert card == {
        "key": "open_ctas",
        "label": "Open CTAs",
        "value": 4,
        "section": "cockpit",
        "breakdown": [
            {"label": "Risk", "count": 3},
            {"label": "Expansion", "count": 1},
        ],
    }


async def test_what_may_be_chosen_depends_on_the_type(bench: Bench) -> None:
    found = await cockpit(
        bench,
        """types { type { key } onlyInPlans reasons { key } priorities { key }
        statuses { key } playbooks { key taskCount } }""",
    )
    by_key = {t["type"]["key"]: t for t in found["types"]}
    assert list(by_key) == ["risk", "expansion", "lifecycle", "objective", "activity"]
    assert [r["key"] for r in by_key["expansion"]["reasons"]] == [
        "upsell",
        "cross_sell",
        "other",
    ]
    assert by_key["objective"]["onlyInPlans"]
    assert by_key["risk"]["playbooks"] == [{"key": "rescue", "taskCount": 1}]
    assert by_key["activity"]["playbooks"] == []
