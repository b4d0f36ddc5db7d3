"""Companies by score: filters and orders, and who finds them."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from cyclorama.layouts.model import Assignment, Clause, Layout, LayoutBook, Placement
from cyclorama.plugins.discovery import discover
from cyclorama.sections.scorecard.tables import AssignmentRow
from cyclorama.storage.engine import Database
from cyclorama.testing import Bench
from tests.sections.scorecards import card, scheme, score

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
LIST = """query($f: CompanyFilter, $o: [CompanyOrder!], $a: String, $n: Int = 20) {
  companies(filter: $f, orderBy: $o, after: $a, first: $n) { totalCount
    pageInfo { endCursor hasNextPage } edges { node { id } } } }"""
SCORES = {1: 70, 2: 40, 3: None, 4: 90, 6: 55}


@pytest.fixture
async def bench(database: Database) -> Bench:
    """Six companies; the fifth is on another card, the sixth has a score of the first's
    card from before."""
    made = Bench(database, SECTIONS)
    await made.fill(6)
    await made.add(
        *scheme(),
        *card(),
        *card((("MEASURE", "pulse", 1, None),), key="vip", is_default=False),
        AssignmentRow(record_id="company_5", card_id="card_vip"),
        AssignmentRow(record_id="company_6", card_id="card_vip"),
        *(score("", v, of=f"company_{n}") for n, v in SCORES.items()),
        score("", 20, of="company_5", card="vip"),
        score("logins", 1, of="company_1"),
    )
    return made


async def listed(bench: Bench, **given: Any) -> list[int]:
    found = (await bench.query(LIST, **given))["companies"]
    numbers = [int(e["node"]["id"].rpartition("_")[2]) for e in found["edges"]]
    assert found["totalCount"] >= len(numbers)
    return numbers


async def test_companies_above_and_below_a_score(bench: Bench) -> None:
    assert await listed(bench, f={"scoreBelow": 70}) == [2, 5]
    assert await listed(bench, f={"scoreAbove": 40}) == [1, 4]
    assert await listed(bench, f={"scoreAbove": 19, "scoreBelow": 71}) == [1, 2, 5]


@pytest.mark.parametrize(
    ("descending", "expected"),
    [(False, [5, 2, 1, 4, 3, 6]), (True, [4, 1, 2, 5, 3, 6])],
)
async def test_companies_by_score_with_those_without_one_last(
    bench: Bench, descending: bool, expected: list[int]
) -> None:
    order = [{"field": "SCORE", "descending": descending}]
    assert await listed(bench, o=order) == expected
    walked, after = [], None
    for _ in range(3):
        page = (await bench.query(LIST, o=order, a=after, n=2))["companies"]
        walked += [int(e["node"]["id"].rpartition("_")[2]) for e in page["edges"]]
        after = page["pageInfo"]["endCursor"]
    assert walked == expected


async def test_the_list_takes_as_many_statements_as_any(bench: Bench) -> None:
    await listed(bench)
    usual = len(bench.statements)
    await listed(bench, f={"scoreBelow": 70}, o=[{"field": "SCORE"}])
    assert len(bench.statements) == usual


def book(*, on_all: bool) -> LayoutBook:
    whole = (Placement("scorecard", "scorecard"), Placement("summary", "summary"))
    some = whole if on_all else whole[1:]
    return LayoutBook(
        (
            Layout("all", "COMPANY", None, "All", placements=whole),
            Layout("some", "COMPANY", None, "Some", is_default=True, placements=some),
            Layout("none", "RELATIONSHIP", None, "None", is_default=True),
        ),
        (Assignment(1, "one", "all", record=(Clause("name", "EQ", ("Company 1",)),)),),
    )


NAMES = """{ filter: __type(name: "CompanyFilter") { inputFields { name } }
  order: __type(name: "CompanyOrderField") { enumValues { name } } }"""


async def names(bench: Bench) -> str:
    return str(await bench.query(NAMES))


@pytest.mark.parametrize(
    "given", [{"f": {"scoreBelow": 70}}, {"o": [{"field": "SCORE"}]}]
)
async def test_who_gets_the_section_on_some_companies_only_finds_nothing_of_it(
    bench: Bench, given: Any
) -> None:
    bench.book = book(on_all=False)
    answer = await bench.ask(LIST, **given)
    text = str(given).replace("scoreBelow", "nonsense").replace("SCORE", "NONSENSE")
    other = await bench.ask(LIST, **ast.literal_eval(text))
    message = other["errors"][0]["message"]
    assert answer["errors"][0]["message"].lower() == (
        message.replace("nonsense", "scoreBelow").replace("NONSENSE", "score").lower()
    )
    found = await names(bench)
    assert "scoreBelow" not in found
    assert "SCORE" not in found


async def test_who_gets_it_on_all_companies_finds_it(bench: Bench) -> None:
    bench.book = book(on_all=True)
    assert await listed(bench, f={"scoreBelow": 70}) == [2, 5]
    assert "scoreBelow" in await names(bench)
    bench.switches = {"scorecard": False}
    fresh = Bench(bench.database, SECTIONS, book=bench.book)
    fresh.switches = {"scorecard": False}
    assert "scoreBelow" not in await names(fresh)


async def test_without_the_section_there_is_no_score_to_compare(
    database: Database,
) -> None:
    made = Bench(database, [s for s in SECTIONS if s.key != "scorecard"])
    await made.fill(1)
    assert "score" not in (await names(made)).lower()
