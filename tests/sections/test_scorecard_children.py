"""The scores of the companies below a company as one: section 2.9 of the domain."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import Clause
from cyclorama.plugins.discovery import discover
from cyclorama.sections.scorecard.tables import CardRow
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.storage.rows import CompanyRow
from cyclorama.testing import ADMIN, Bench, company
from cyclorama.testing.bench import ELSEWHERE
from tests.sections.scorecards import score
from tests.sections.test_scorecard_assigning import APPLY, PLAN, answer
from tests.sections.test_scorecard_file import FILE, changed
from tests.sections.test_scorecard_writing import SET, accepted, rows

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
CHILDREN = """query($id: ID!) { company(id: $id) { scorecard { overall { value }
  children { value label scored unscored arrCoverage } } } }"""


def ruled(rule: str) -> str:
    """The file with a rule for the children of companies with the card `health`."""
    return changed(
        "    name: Health\n", f"    name: Health\n    children: {{{rule}}}\n", FILE
    )


async def children(bench: Bench, of: int = 1) -> Any:
    asked = CHILDREN.replace("overall { value }", "")
    found = await bench.query(asked, id=f"company_{of}")
    return found["company"]["scorecard"]["children"]


async def test_2_9_scores_of_child_companies_as_one(database: Database) -> None:
    """The worked example: ARR and scores (200k, 82), (50k, 40), (0, 90), (150k, none);
    the second and third child have a card of their own."""
    bench = Bench(database, SECTIONS)
    await bench.fill(1)
    arr = {2: 20_000_000, 3: 5_000_000, 4: 0, 5: 15_000_000}
    await bench.add(
        *(company(n, parent_id="company_1", arr_minor=m) for n, m in arr.items()),
        company(6, parent_id="company_4", arr_minor=1),
    )
    await answer(bench, APPLY, ADMIN, file=FILE)
    for number, value in {1: 5, 2: 82, 3: 40, 4: 90, 6: 1}.items():
        record = f"company_{number}"
        await accepted(bench, SET, "sentiment", recordId=record, value=value)
    assert await children(bench) is None
    for rule, value, label in (
        ("aggregate: AVG", 71, "Yellow"),
        ("aggregate: MIN", 40, "Red"),
        ("aggregate: WORST_N_AVG, worst: 2", 61, "Yellow"),
        ("aggregate: PCT_IN_BAND, above: 50", 67, "Yellow"),
        ("aggregate: WEIGHTED", 74, "Yellow"),
    ):
        found = await answer(bench, APPLY, ADMIN, file=ruled(rule))
        assert found["errors"] == []
        assert await children(bench) == {
            "value": value,
            "label": label,
            "scored": 3,
            "unscored": 1,
            "arrCoverage": 0.625,
        }
    plan = await answer(bench, PLAN, ADMIN, file=found["file"])
    assert plan["plan"]["changes"] == []
    assert (await children(bench, 4))["value"] == 1
    assert (await children(bench, 6))["value"] is None
    page = await bench.query(CHILDREN, id="company_1")
    assert page["company"]["scorecard"]["overall"]["value"] == 5

    name = (Clause("name", "EQ", ("Company 3",)),)
    deny = AccessRule(rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=name)
    bench.access = AccessBook(rules=(deny,))
    found = await children(bench)
    assert (found["value"], found["scored"], found["unscored"]) == (82, 2, 1)
    bench.access = AccessBook()
    bench.permissions = (FieldPermission("csm", "Company.arr", "hidden"),)
    assert await children(bench) is None
    applied = await answer(bench, APPLY, ADMIN, file=ruled("aggregate: MAX, levels: 2"))
    assert "levels: 2" in applied["file"]
    found = await children(bench)
    assert (found["value"], found["arrCoverage"]) == (90, None)
    bench.permissions = (FieldPermission("csm", "Score.value", "hidden"),)
    asked = CHILDREN.replace("overall { value }", "")
    found = await bench.query(asked, id="company_1")
    assert found["company"]["scorecard"]["children"] is None


async def test_2_9_scores_of_all_levels_below_as_one(database: Database) -> None:
    """Companies 2 and 3 are below 1, 4 and 5 below 2, which has no score, 6 below 4."""
    bench = Bench(database, SECTIONS)
    other = Bench(database, SECTIONS, planned=False)
    await bench.fill(1)
    above = {2: 1, 3: 1, 4: 2, 5: 2, 6: 4}
    scores = {1: 5, 3: 40, 4: 80, 5: 90, 6: 10}
    rule = {"aggregate": "AVG", "worst": 3, "above": 0, "up_to": 100}
    await bench.add(
        *(company(n, parent_id=f"company_{of}") for n, of in above.items()),
        *rows(children=rule),
        *(score("", value, of=f"company_{n}") for n, value in scores.items()),
    )

    async def found(of: int = 1) -> Any:
        got = await children(bench, of)
        assert await children(other, of) == got
        return got["value"], got["scored"], got["unscored"]

    async def change(row: Any, id: str, **values: Any) -> None:
        async with database.write() as session:
            await session.execute(sa.update(row).where(row.id == id).values(**values))

    assert await found() == (40, 1, 1)
    for levels, expected in ((2, (70, 3, 1)), (3, (55, 4, 1))):
        await change(CardRow, "card_health", children={**rule, "levels": levels})
        assert await found() == expected
    await change(CompanyRow, "company_1", parent_id="company_6")
    assert await found() == (55, 4, 1)
    await change(CardRow, "card_health", children={**rule, "levels": 50})
    assert await found() == (55, 4, 1)
    assert await found(6) == (54, 4, 1)
    name = (Clause("name", "EQ", ("Company 4",)),)
    deny = AccessRule(rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=name)
    bench.access = other.access = AccessBook(rules=(deny,))
    assert await found() == (65, 2, 1)


async def test_who_gets_the_section_on_some_companies_sees_no_children(
    database: Database,
) -> None:
    bench = Bench(database, SECTIONS, hidden=("scorecard",))
    await bench.fill(1)
    await bench.add(company(2, name=ELSEWHERE))
    await answer(bench, APPLY, ADMIN, file=ruled("aggregate: MAX"))
    assert await children(bench, 2) is None
