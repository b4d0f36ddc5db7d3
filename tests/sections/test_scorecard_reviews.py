"""Spot checks: verdicts on overall scores, section 2.11 of the domain."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import Clause
from cyclorama.plugins.discovery import discover
from cyclorama.sections.scorecard.tables import EventRow, ReviewRow, ScoreRow
from cyclorama.storage.accounts import Viewer
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import ADMIN, CSM, Bench
from tests.sections.scorecards import score
from tests.sections.test_scorecard_writing import book, rows

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
FOUND = "quarter verdict note value reviewer { name }"
REVIEW = f"""mutation($i: ReviewScoreInput!) {{ answer: reviewScore(input: $i) {{
  errors {{ path code message }} review {{ {FOUND} }} }} }}"""
SHOWN = f"""{{ company(id: "company_1") {{ scorecard {{ version overall {{ value }}
  reviews {{ {FOUND} }} peers(list: SPOT_CHECK) {{ reviewed accuracy
    records {{ recordId verdict }} }} }} }} }}"""
WRONG = {"recordId": "company_1", "verdict": "DISAGREE", "note": " They leave. "}


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=book(reviewable=True))
    await made.fill(3)
    scored = (score("", v, of=f"company_{n}") for n, v in ((1, 80.4), (2, 30)))
    await made.add(*rows(), *scored)
    return made


async def ask(bench: Bench, viewer: Viewer = CSM, **given: Any) -> Any:
    answer = await bench.ask(REVIEW, viewer=viewer, i={**WRONG, **given})
    assert "errors" not in answer, answer
    return answer["data"]["answer"]


async def everything(bench: Bench) -> list[Any]:
    """All that a verdict could write."""
    found: list[Any] = []
    async with bench.database.read() as reading:
        for row in (ScoreRow, EventRow, ReviewRow):
            found += await reading.execute(sa.select(*row.__table__.c))
        found += await reading.execute(sa.select(*AUDIT.c))
    return found


async def refused(bench: Bench, viewer: Viewer = CSM, **given: Any) -> Any:
    """Path and code of the one refusal; nothing was changed."""
    before = await everything(bench)
    answer = await ask(bench, viewer, **given)
    assert answer["review"] is None
    assert await everything(bench) == before
    (error,) = answer["errors"]
    assert error["message"].endswith(".")
    return ".".join(error["path"]), error["code"]


async def shown(bench: Bench) -> Any:
    return (await bench.query(SHOWN))["company"]["scorecard"]


async def test_a_verdict_that_makes_no_sense_is_refused(bench: Bench) -> None:
    for given, said in (
        ({"note": " "}, ("note", "REQUIRED")),
        ({"note": "x" * 32_001}, ("note", "LENGTH")),
        ({"expectedVersion": 9}, ("expectedVersion", "CONFLICT")),
        ({"recordId": "company_3"}, ("recordId", "INVALID_STATE")),
        ({"recordId": "company_9"}, ("recordId", "NOT_FOUND")),
        ({"recordId": "relationship_1"}, ("recordId", "FORBIDDEN")),
    ):
        assert await refused(bench, **given) == said, given
    client = replace(CSM, kind="API_CLIENT")
    assert await refused(bench, client) == ("recordId", "FORBIDDEN")
    for field, access, said in (
        ("ScorecardSection.overall", "hidden", ("recordId", "FORBIDDEN")),
        ("ScorecardSection.reviews", "read", ("verdict", "READ_ONLY")),
        ("ScoreReview.note", "read", ("note", "READ_ONLY")),
    ):
        bench.permissions = (FieldPermission("csm", field, access),)
        assert await refused(bench) == said
    bench.permissions = ()
    bench.book = book()
    assert await refused(bench) == ("recordId", "FORBIDDEN")
    assert (await ask(bench, ADMIN))["errors"] == []


async def test_2_11_verdicts_are_kept_by_quarter_and_make_the_accuracy(
    bench: Bench,
) -> None:
    before = await shown(bench)
    assert (before["peers"]["reviewed"], before["peers"]["accuracy"]) == (0, None)
    told = (await ask(bench, expectedVersion=before["version"]))["review"]
    assert told == {
        "quarter": "2026-Q1",
        "verdict": "DISAGREE",
        "note": "They leave.",
        "value": 80,
        "reviewer": {"name": "Ann"},
    }
    assert (await ask(bench, recordId="company_2", verdict="AGREE", note=None))[
        "errors"
    ] == []
    after = await shown(bench)
    assert after["reviews"] == [told]
    assert (after["version"], after["overall"]) == (
        before["version"],
        before["overall"],
    )
    peers = after["peers"]
    assert (peers["reviewed"], peers["accuracy"]) == (2, 50.0)
    assert {p["recordId"]: p["verdict"] for p in peers["records"]} == {
        "company_1": "DISAGREE",
        "company_2": "AGREE",
    }
    other = Bench(bench.database, SECTIONS, book=bench.book, planned=False)
    assert await shown(other) == after

    again = (await ask(bench, verdict="AGREE", note=None))["review"]
    assert (await shown(bench))["reviews"] == [again]
    assert (await shown(bench))["peers"]["accuracy"] == 100
    bench.today += timedelta(days=92)
    later = (await ask(bench))["review"]
    found = await shown(bench)
    assert (later["quarter"], found["reviews"]) == ("2026-Q2", [later, again])
    assert (found["peers"]["reviewed"], found["peers"]["accuracy"]) == (1, 0)
    async with bench.database.read() as reading:
        query = sa.select(AUDIT.c.details).where(AUDIT.c.action == "scorecard.review")
        logged = [r.details for r in await reading.execute(query)]
    assert len(logged) == 4
    assert not any("They leave." in details for details in logged)

    name = (Clause("name", "EQ", ("Company 2",)),)
    hidden = AccessRule(rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=name)
    bench.access, bench.today = AccessBook(rules=(hidden,)), other.today
    assert (await shown(bench))["peers"]["reviewed"] == 1
    bench.access = AccessBook()
    bench.permissions = (FieldPermission("csm", "Score.value", "hidden"),)
    found = await bench.query(SHOWN.replace("overall { value }", ""))
    assert found["company"]["scorecard"]["reviews"] == []
    bench.permissions, bench.book = (), book(show_comments=False)
    assert (await shown(bench))["reviews"] == []
