"""Overall scores that people give, and trends after a change of card."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from cyclorama.plugins.discovery import discover
from cyclorama.sections.scorecard.tables import AssignmentRow
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import ADMIN, NOW, Bench
from tests.sections.scorecards import card, score
from tests.sections.test_scorecard_assigning import (
    APPLY,
    OVERRIDE,
    OVERRIDING,
    PIN,
    PINNING,
    PLAN,
    REMOVE,
    UNPIN,
    answer,
    refusal,
)
from tests.sections.test_scorecard_file import FILE
from tests.sections.test_scorecard_writing import SET, accepted, book, rows

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
GIVE = """mutation($i: SetOverallScoreInput!) { answer: setOverallScore(input: $i) {
  scorecardKey overall { value label comment naKind } version
  errors { path code message } } }"""
SHOWN = """query($id: ID!) { company(id: $id) { scorecard { rollsUp version
  overall { value label comment naKind trend previous } measures { score { trend } }
  groups { measures { score { trend } } } history(weeks: 1) { value }
  explanation { computed value contributions { node } } } } }"""
OF = {"recordId": "company_2"}


@pytest.fixture
async def bench(database: Database) -> Bench:
    """The second company has a card that does not roll up."""
    made = Bench(database, SECTIONS, book=book(overridable=True))
    await made.fill()
    second = (("MEASURE", "second", 1, None),)
    third = (("MEASURE", "third", 1, None),)
    await made.add(
        *rows(),
        *card(second, key="second", is_default=False),
        *card(
            third,
            key="third",
            is_default=False,
            roll_up=False,
            measures={"third": {"validity_days": 30}},
        ),
        score("depth", 50),
        score("second", 10, card="second"),
        score("", 10, card="second", computed=10),
    )
    await made.add(AssignmentRow(record_id="company_2", card_id="card_third"))
    return made


async def shown(bench: Bench, of: str = "company_1") -> Any:
    return (await bench.query(SHOWN, id=of))["company"]["scorecard"]


async def given(bench: Bench, **values: Any) -> Any:
    found = await answer(bench, GIVE, **OF, **values)
    assert found["errors"] == []
    page = await shown(bench, "company_2")
    assert found["version"] == page["version"]
    for name, value in found["overall"].items():
        assert page["overall"][name] == value
    return page


async def test_2_4_without_roll_up_the_overall_score_is_what_somebody_gave(
    bench: Bench,
) -> None:
    page = await given(bench, value=72, comment="They said so")
    assert page["rollsUp"] is False
    assert page["overall"]["label"] == "Yellow"
    assert page["overall"]["comment"] == "They said so"
    assert page["history"] == [{"value": 72}]
    assert page["explanation"] == {"computed": 72, "value": 72, "contributions": []}
    found = await accepted(bench, SET, "third", value=10, **OF)
    assert found["overall"]["value"] == 72
    again = await given(bench, value=72)
    assert again["overall"]["comment"] == "They said so"
    assert again["version"] == page["version"] + 2
    assert (await answer(bench, OVERRIDE, **OF, **OVERRIDING))["overall"]["value"] == 20
    said = ("recordId", "INVALID_STATE")
    assert await refusal(bench, GIVE, **OF, value=5) == said
    await accepted(bench, SET, "third", value=20, **OF)
    assert (await answer(bench, REMOVE, **OF))["overall"]["value"] == 72
    assert (await given(bench, band="Green"))["overall"]["value"] == 88
    page = await given(bench, clear=True, comment="Gone")
    assert (page["overall"]["value"], page["overall"]["naKind"]) == (None, "CLEARED")
    await accepted(bench, SET, "third", value=30, **OF)
    bench.now = NOW + timedelta(days=2)
    await accepted(bench, SET, "third", value=30, **OF)
    assert (await shown(bench, "company_2"))["overall"]["naKind"] == "CLEARED"


async def test_comments_on_an_overall_score_are_listed(bench: Bench) -> None:
    asked = """query($id: ID!) { company(id: $id) { scorecard {
      comments { text author { name } } } } }"""

    async def listed(of: str = "company_2") -> Any:
        found = await bench.query(asked, id=of)
        assert await other.query(asked, id=of) == found
        return found["company"]["scorecard"]["comments"]

    other = Bench(bench.database, SECTIONS, book=bench.book, planned=False)
    assert await listed() == []
    await given(bench, value=72, comment="So")
    await given(bench, value=72)
    await given(bench, value=60, comment="Worse")
    await given(bench, clear=True)
    ann = {"name": "Ann"}
    written = [{"text": "Worse", "author": ann}, {"text": "So", "author": ann}]
    assert await listed() == written
    await accepted(bench, SET, "logins", value=10, comment="On a measure")
    assert await listed("company_1") == []
    bench.book = other.book = book(show_comments=False)
    assert await listed() == []
    bench.permissions = (FieldPermission("csm", "Score.comment", "hidden"),)
    refused = await bench.ask(asked, id="company_2")
    assert "'text' on type 'ScoreComment'" in refused["errors"][0]["message"]


async def test_an_overall_score_that_makes_no_sense_is_refused(bench: Bench) -> None:
    for values, said in (
        ({"value": 101}, ("value", "RANGE")),
        ({}, ("value", "REQUIRED")),
        ({"value": 5, "band": "Red"}, ("band", "INVALID")),
        ({"value": 5, "clear": True}, ("clear", "INVALID")),
        ({"band": "Blue"}, ("band", "LOOKUP_NOT_FOUND")),
        ({"value": 5, "comment": "x" * 32_001}, ("comment", "LENGTH")),
        ({"value": 5, "expectedVersion": 9}, ("expectedVersion", "CONFLICT")),
        ({"value": 5, "recordId": "company_1"}, ("recordId", "READ_ONLY")),
        ({"value": 5, "recordId": "company_9"}, ("recordId", "NOT_FOUND")),
        ({"value": 5, "recordId": "relationship_1"}, ("recordId", "FORBIDDEN")),
    ):
        assert await refusal(bench, GIVE, **{**OF, **values}) == said
    for config in ({"editable": False}, {"editable_measures": ["third"]}):
        bench.book = book(**config)
        assert await refusal(bench, GIVE, **OF, value=5) == ("recordId", "FORBIDDEN")
    bench.book = book()
    for field, more, path in (
        ("ScorecardSection.overall", {}, "value"),
        ("Score.comment", {"comment": "x"}, "comment"),
    ):
        bench.permissions = (FieldPermission("csm", field, "read"),)
        found = await refusal(bench, GIVE, **OF, value=5, **more)
        assert found == (path, "READ_ONLY")
    await given(bench, value=5)


async def trends(bench: Bench) -> tuple[str, list[str]]:
    """Of the overall score, and those of measures that have a score."""
    page = await shown(bench)
    measures = [*page["measures"], *(m for g in page["groups"] for m in g["measures"])]
    found = {m["score"]["trend"] for m in measures} - {"NONE"}
    return page["overall"]["trend"], sorted(found)


async def test_2_8_the_trend_across_a_change_of_card_is_new(bench: Bench) -> None:
    def on_day(days: int) -> None:
        bench.now = NOW + timedelta(days=days)
        bench.today = bench.now.date()

    of = {"recordId": "company_1"}
    await accepted(bench, SET, "logins", value=80)
    on_day(8)
    await accepted(bench, SET, "logins", value=60)
    assert await trends(bench) == ("DOWN", ["DOWN", "NEW"])
    await answer(bench, PIN, **of, **PINNING)
    assert await trends(bench) == ("NEW", ["NEW"])
    await answer(bench, UNPIN, **of)
    assert await trends(bench) == ("NEW", ["NEW"])
    on_day(15)
    await accepted(bench, SET, "logins", value=90)
    assert await trends(bench) == ("UP", ["FLAT", "UP"])
    same = {**PINNING, "scorecardKey": "health"}
    await answer(bench, PIN, **of, **same)
    assert await trends(bench) == ("UP", ["FLAT", "UP"])


async def test_two_who_apply_the_first_file_at_once_don_t_clash(
    database: Database,
) -> None:
    bench = Bench(database, SECTIONS)
    other = Bench(database, SECTIONS)
    await bench.fill(1)
    version = (await answer(bench, PLAN, ADMIN))["version"]

    async def both(**more: Any) -> list[list[str]]:
        work = (answer(b, APPLY, ADMIN, file=FILE, **more) for b in (bench, other))
        found = await asyncio.gather(*work)
        return sorted([e["code"] for e in f["errors"]] for f in found)

    assert await both(expectedVersion=version) == [[], ["CONFLICT"]]
    await answer(bench, APPLY, ADMIN, file="{}")
    assert await both() == [[], []]
    assert (await answer(bench, PLAN, ADMIN, file=FILE))["plan"]["changes"] == []
