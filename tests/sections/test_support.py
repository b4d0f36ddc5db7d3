"""Support: open and all cases, how many are open, how long closing takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cyclorama.layouts.model import Layout, LayoutBook, Placement
from cyclorama.plugins import ExternalRefRow
from cyclorama.sections import summary
from cyclorama.sections.support import section
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW, Bench, relationship

pytestmark = pytest.mark.anyio

MONDAY = datetime(2026, 2, 2, 9, tzinfo=UTC)


def case(
    number: int,
    *,
    opened: datetime = MONDAY,
    days: float | None = None,
    of: int | None = 1,
    part: int | None = None,
    **values: Any,
) -> SupportCaseRow:
    """A case of a company or of one of its relationships, closed after some days."""
    closed = None if days is None else opened + timedelta(days=days)
    return SupportCaseRow(
        id=f"case_{number}",
        company_id=None if of is None else f"company_{of}",
        relationship_id=None if part is None else f"relationship_{part}",
        number=f"{number:05d}",
        status="New" if closed is None else "Closed",
        is_closed=closed is not None,
        opened_at=opened,
        closed_at=closed,
        updated_at=closed or opened,
        **values,
    )


def ref(number: int, system: str, external_id: str) -> ExternalRefRow:
    """What a case is in another system."""
    return ExternalRefRow(
        id=f"external_ref_{system}-{number}",
        system=system,
        object_type="Case",
        external_id=external_id,
        entity_id=f"case_{number}",
        url=f"https://{system}.example.com/{external_id}",
    )


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, [section])
    await made.fill()
    return made


async def support(bench: Bench, fields: str, company: int = 1) -> Any:
    """These fields of a company's support."""
    query = f'{{ company(id: "company_{company}") {{ support {{ {fields} }} }} }}'
    return (await bench.query(query))["company"]["support"]


def numbers(page: Any) -> list[int]:
    """The numbers of a page's cases, in its order."""
    return [int(e["node"]["number"]) for e in page["edges"]]


@pytest.mark.parametrize("first", [0, -1, 10_000])
async def test_a_page_size_out_of_bounds_is_refused(bench: Bench, first: int) -> None:
    query = """query($f: Int!) { company(id: "company_1") { support {
      cases(first: $f) { totalCount } } } }"""
    answer = await bench.ask(query, f=first)
    assert answer["data"]["company"]["support"] is None
    assert "from 1 to 200" in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_cursor_of_another_list_is_refused(bench: Bench) -> None:
    answer = await bench.ask(
        '{ company(id: "company_1") { support { cases(after: "5b2278225d") '
        "{ totalCount } } } }"
    )
    assert "no cursor of this list" in answer["errors"][0]["message"]


async def test_without_cases_the_section_is_empty_and_the_mean_null(
    bench: Bench,
) -> None:
    fields = (
        "state asOf sources openCount meanDaysToClose cases(view: ALL) { totalCount }"
    )
    assert await support(bench, fields) == {
        "state": "EMPTY",
        "asOf": None,
        "sources": [],
        "openCount": 0,
        "meanDaysToClose": None,
        "cases": {"totalCount": 0},
    }


async def test_open_cases_are_shown_unless_all_are_asked_for(bench: Bench) -> None:
    await bench.add(case(1), case(2, days=3), case(3))
    page = "{ totalCount edges { node { number isClosed } } }"
    found = await support(bench, f"openCount cases {page} all: cases(view: ALL) {page}")
    assert found["openCount"] == found["cases"]["totalCount"] == 2
    assert numbers(found["cases"]) == [1, 3]
    assert found["all"]["totalCount"] == 3
    assert [e["node"]["isClosed"] for e in found["all"]["edges"]] == [
        False,
        True,
        False,
    ]


async def test_the_newest_case_comes_first_and_pages_have_no_gaps(bench: Bench) -> None:
    later = MONDAY + timedelta(hours=1)
    await bench.add(case(1), case(2, opened=later), case(3), case(4, opened=later))
    query = """query($a: String) { company(id: "company_1") { support {
      cases(first: 3, after: $a) { edges { node { number } }
        pageInfo { hasNextPage endCursor } } } } }"""
    first = (await bench.query(query))["company"]["support"]["cases"]
    assert numbers(first) == [2, 4, 1]
    assert first["pageInfo"]["hasNextPage"]
    after = first["pageInfo"]["endCursor"]
    rest = (await bench.query(query, a=after))["company"]["support"]["cases"]
    assert numbers(rest) == [3]
    assert not rest["pageInfo"]["hasNextPage"]


async def test_closing_after_2_4_and_9_days_is_5_in_the_mean(bench: Bench) -> None:
    await bench.add(case(1, days=2), case(2, days=4), case(3, days=9), case(4))
    assert await support(bench, "meanDaysToClose") == {"meanDaysToClose": 5.0}


async def test_open_cases_alone_have_no_mean(bench: Bench) -> None:
    await bench.add(case(1), case(2))
    assert await support(bench, "meanDaysToClose") == {"meanDaysToClose": None}


async def test_a_case_that_was_opened_again_is_open_and_not_in_the_mean(
    bench: Bench,
) -> None:
    again = case(1, days=9)
    again.is_closed = False
    await bench.add(again, case(2, days=2))
    found = await support(bench, "openCount meanDaysToClose")
    assert found == {"openCount": 1, "meanDaysToClose": 2.0}


async def test_the_mean_is_rounded_half_up_to_one_digit(bench: Bench) -> None:
    await bench.add(case(1, days=0.25), case(2, days=2.25))
    assert await support(bench, "meanDaysToClose") == {"meanDaysToClose": 1.3}


async def test_a_period_leaves_out_what_was_closed_before_it(
    database: Database,
) -> None:
    config = {"period_days": 30}
    placed = (Placement("support", "support", config=config),)
    layout = Layout("one", "COMPANY", None, "One", is_default=True, placements=placed)
    bench = Bench(database, [section], book=LayoutBook((layout,)))
    await bench.fill()
    await bench.add(
        case(1, opened=NOW - timedelta(days=40), days=9),
        case(2, opened=NOW - timedelta(days=40), days=11),
        case(3, opened=NOW - timedelta(days=3), days=2),
    )
    assert await support(bench, "meanDaysToClose") == {"meanDaysToClose": 6.5}


async def test_a_company_holds_the_cases_of_its_relationships_which_hold_their_own(
    bench: Bench,
) -> None:
    await bench.add(
        relationship(9),
        case(1),
        case(2, part=1),
        case(3, part=9),
        case(4, of=2, part=2),
        case(5, of=None),
    )
    fields = "openCount cases { edges { node { number } } }"
    found = await support(bench, fields)
    assert (found["openCount"], numbers(found["cases"])) == (3, [1, 2, 3])
    query = f"""{{ a: relationship(id: "relationship_1") {{ support {{ {fields} }} }}
      b: relationship(id: "relationship_9") {{ support {{ {fields} }} }} }}"""
    own = await bench.query(query)
    assert numbers(own["a"]["support"]["cases"]) == [2]
    assert numbers(own["b"]["support"]["cases"]) == [3]


async def test_a_case_has_its_values_and_its_references(bench: Bench) -> None:
    await bench.add(
        case(1, days=2, subject='Ü "quoted" 東京', priority="High", csat=4.5),
        case(2),
        ref(1, "salesforce", "500A"),
        ref(1, "helpdesk", "17"),
        ref(2, "helpdesk", "18"),
    )
    fields = """state asOf sources cases(view: ALL, first: 1) { edges { node { __typename
      id number subject status isClosed priority openedAt closedAt csat
      externalRefs { system objectType externalId url } } } }"""
    found = await support(bench, fields)
    assert found["state"] == "READY"
    assert found["asOf"] == "2026-02-04T09:00:00.000Z"
    assert found["sources"] == ["helpdesk", "salesforce"]
    assert found["cases"]["edges"][0]["node"] == {
        "__typename": "SupportCase",
        "id": "case_1",
        "number": "00001",
        "subject": 'Ü "quoted" 東京',
        "status": "Closed",
        "isClosed": True,
        "priority": "High",
        "openedAt": "2026-02-02T09:00:00.000Z",
        "closedAt": "2026-02-04T09:00:00.000Z",
        "csat": 4.5,
        "externalRefs": [
            {
                "system": "helpdesk",
                "objectType": "Case",
                "externalId": "17",
                "url": "https://helpdesk.example.com/17",
            },
            {
                "system": "salesforce",
                "objectType": "Case",
                "externalId": "500A",
                "url": "https://salesforce.example.com/500A",
            },
        ],
    }


async def test_summary_counts_open_cases_by_priority(database: Database) -> None:
    bench = Bench(database, [summary.section, section])
    await bench.fill()
    await bench.add(
        case(1, priority="High"),
        case(2, priority="High"),
        case(3),
        case(4, days=1, priority="Low"),
    )
    query = """{ company(id: "company_1") { summary { cards {
      key label value section breakdown { label count } } } } }"""
    (card,) = (await bench.query(query))["company"]["summary"]["cards"]
    assert card == {
        "key": "open_cases",
        "label": "Open cases",
        "value": 3,
        "section": "support",
        "breakdown": [
            {"label": "High", "count": 2},
            {"label": "No priority", "count": 1},
        ],
    }


async def test_graph_resolvers_give_the_same_answer(database: Database) -> None:
    planned = Bench(database, [section])
    await planned.fill()
    resolved = Bench(database, [section], planned=False)
    await planned.add(case(1, days=2.3), case(2, part=1), ref(1, "salesforce", "x"))
    fields = """state asOf sources openCount meanDaysToClose cases(view: ALL) {
      totalCount pageInfo { hasNextPage startCursor }
      edges { cursor node { id csat closedAt externalRefs { system } } } }"""
    assert await support(planned, fields) == await support(resolved, fields)
