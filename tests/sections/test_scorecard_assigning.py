"""Overrides, pinned scorecards, and the scorecard file in the graph."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from cyclorama.plugins import Acting, Target
from cyclorama.plugins.discovery import discover
from cyclorama.plugins.working import Worker
from cyclorama.sections.scorecard.actions import SetScoreEntry, set_score
from cyclorama.sections.scorecard.commands import close
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS
from cyclorama.storage.masks import FieldPermission
from cyclorama.storage.types import wire_instant
from cyclorama.testing import ADMIN, CSM, NOW, Bench
from tests.sections.scorecards import card, score
from tests.sections.test_scorecard_file import FILE, changed
from tests.sections.test_scorecard_file import everything as everything_of
from tests.sections.test_scorecard_many import book as editable
from tests.sections.test_scorecard_many import work
from tests.sections.test_scorecard_writing import (
    CLEAR,
    RENEW,
    SET,
    accepted,
    book,
    refused,
    rows,
)

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
PAYLOAD = "{ scorecardKey overall { value label } errors { path code message } }"
OVERRIDE, REMOVE, PIN, UNPIN = (
    f"mutation($i: {name[0].upper()}{name[1:]}Input!) {{ answer: {name}(input: $i) {PAYLOAD} }}"
    for name in ("overrideScore", "removeOverride", "pinScorecard", "unpinScorecard")
)
CONFIGURE = """{ plan { changes { name kind } lostScores recordsMoved scoresChanged
  scoresUp scoresDown bandsChanged mostPoints } file version
  errors { path code message } } }"""
PLAN, APPLY = (
    f"mutation($i: {name[0].upper()}{name[1:]}Input!) {{ answer: {name}(input: $i) {CONFIGURE}"
    for name in ("planScorecards", "applyScorecards")
)
SHOWN = """query($id: ID!) { company(id: $id) { scorecard { scorecardKey overall { value }
  explanation { computed value override } } } }"""
UPDATE = """mutation($i: UpdateFieldsInput!) { answer: updateFields(input: $i) {
  errors { path code message } } }"""
SET_MANY = """mutation($i: BulkSetScoresInput!) { answer: bulkSetScores(input: $i) {
  results { value overall errors { message } } } }"""
LATER = wire_instant(NOW + timedelta(days=30))
OVERRIDING = {"value": 20, "reason": "They are leaving.", "expiresAt": LATER}
PINNING = {"scorecardKey": "second", "reason": "A pilot."}


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=book(overridable=True))
    await made.fill()
    second = (("MEASURE", "second", 1, None),)
    await made.add(
        *rows(),
        *card(second, key="second", is_default=False),
        score("logins", 80),
        score("depth", 50),
        score("second", 10, card="second"),
    )
    return made


async def answer(bench: Bench, query: str, viewer: Any = CSM, **given: Any) -> Any:
    found = await bench.ask(query, viewer=viewer, i=given)
    assert "errors" not in found, found
    return found["data"]["answer"]


async def done(bench: Bench, query: str, viewer: Any = CSM, **given: Any) -> Any:
    found = await answer(bench, query, viewer, **{"recordId": "company_1", **given})
    assert found["errors"] == []
    return found["scorecardKey"], found["overall"]["value"]


async def refusal(bench: Bench, query: str, **given: Any) -> Any:
    """Path and code of the one refusal, which has changed nothing."""
    before = await everything_of(bench)
    found = await answer(bench, query, **{"recordId": "company_1", **given})
    assert await everything_of(bench) == before
    (error,) = found.pop("errors")
    assert not any(found.values())
    return ".".join(error["path"]), error["code"]


async def shown(bench: Bench, of: str = "company_1") -> Any:
    found = await bench.query(SHOWN, id=of)
    return found["company"]["scorecard"]


async def test_an_override_or_a_pin_that_makes_no_sense_is_refused(
    bench: Bench,
) -> None:
    late = wire_instant(NOW + timedelta(days=91))
    past = wire_instant(NOW)
    for query, given, said in (
        (OVERRIDE, {**OVERRIDING, "value": 101}, ("value", "RANGE")),
        (OVERRIDE, {**OVERRIDING, "band": "Blue", "value": None}, ("band", "LOOKUP_NOT_FOUND")),
        (OVERRIDE, {**OVERRIDING, "reason": " "}, ("reason", "REQUIRED")),
        (OVERRIDE, {**OVERRIDING, "reason": "x" * 256}, ("reason", "LENGTH")),
        (OVERRIDE, {**OVERRIDING, "expiresAt": late}, ("expiresAt", "RANGE")),
        (OVERRIDE, {**OVERRIDING, "expiresAt": past}, ("expiresAt", "RANGE")),
        (OVERRIDE, {**OVERRIDING, "recordId": "company_9"}, ("recordId", "NOT_FOUND")),
        (OVERRIDE, {**OVERRIDING, "recordId": "relationship_1"}, ("recordId", "FORBIDDEN")),
        (REMOVE, {}, ("recordId", "INVALID_STATE")),
        (PIN, {**PINNING, "scorecardKey": "gone"}, ("scorecardKey", "LOOKUP_NOT_FOUND")),
        (PIN, {**PINNING, "reason": ""}, ("reason", "REQUIRED")),
        (PIN, {**PINNING, "until": past}, ("until", "RANGE")),
        (UNPIN, {}, ("recordId", "INVALID_STATE")),
    ):  # fmt: skip
        assert await refusal(bench, query, **given) == said
    bench.book = book()
    for query, given in (
        (OVERRIDE, OVERRIDING),
        (PIN, PINNING),
        (REMOVE, {}),
        (UNPIN, {}),
    ):
        assert await refusal(bench, query, **given) == ("recordId", "FORBIDDEN")
    assert await done(bench, OVERRIDE, ADMIN, **OVERRIDING) == ("health", 20)


async def test_an_override_holds_until_it_ends_or_is_removed(bench: Bench) -> None:
    await accepted(bench, SET, "logins", value=90)
    assert (await shown(bench))["overall"]["value"] == 74
    assert await done(bench, OVERRIDE, **OVERRIDING) == ("health", 20)
    found = await shown(bench)
    assert found["overall"]["value"] == 20
    explained = {"computed": 74, "value": 20, "override": "They are leaving."}
    assert found["explanation"] == explained
    assert (await accepted(bench, SET, "logins", value=80))["overall"]["value"] == 20
    assert await done(bench, REMOVE) == ("health", 68)
    assert (await shown(bench))["explanation"]["override"] is None
    given = {**OVERRIDING, "value": None, "band": "Red"}
    assert await done(bench, OVERRIDE, **given) == ("health", 25)
    bench.now = NOW + timedelta(days=31)
    bench.today = bench.now.date()
    await close(work(bench))
    assert (await shown(bench))["overall"]["value"] == 68
    async with bench.database.read() as reading:
        query = sa.select(AUDIT.c.action, AUDIT.c.details)
        query = query.where(AUDIT.c.action.like("%override")).order_by(AUDIT.c.number)
        told = await reading.execute(query)
    assert [t.action for t in told] == [
        "scorecard.override",
        "scorecard.remove_override",
        "scorecard.override",
    ]
    assert "They are leaving." in told[0].details


async def test_a_pinned_scorecard_stays_until_its_end(bench: Bench) -> None:
    await accepted(bench, SET, "logins", value=80)
    assert await done(bench, PIN, **PINNING) == ("second", 10)
    await close(work(bench))
    assert (await shown(bench))["scorecardKey"] == "second"
    assert await done(bench, OVERRIDE, **OVERRIDING) == ("second", 20)
    assert await done(bench, REMOVE) == ("second", 10)
    assert await done(bench, UNPIN) == ("health", 68)
    assert await done(bench, PIN, **{**PINNING, "until": LATER}) == ("second", 10)
    bench.now = NOW + timedelta(days=31)
    bench.today = bench.now.date()
    await close(work(bench))
    found = await shown(bench)
    assert (found["scorecardKey"], found["overall"]["value"]) == ("health", 68)


async def test_2_8_a_change_of_card_is_told_and_seen(bench: Bench) -> None:
    """By whom it was made, why, until when, and that scores are others for it alone."""
    asked = """query($id: ID!) { company(id: $id) { scorecard { scorecardKey isPinned
      scorecardSince pinReason pinnedUntil } } }"""

    async def seen(hides: bool = False) -> list[Any]:
        bench.book = book(show_comments=not hides, overridable=True)
        found = await bench.query(asked, id="company_1")
        return list(found["company"]["scorecard"].values())

    assert await seen() == ["health", False, None, None, None]
    await done(bench, OVERRIDE, **OVERRIDING)
    await done(bench, REMOVE)
    assert await seen() == ["health", False, None, None, None]
    now, pinned = wire_instant(NOW), {**PINNING, "until": LATER}
    await done(bench, PIN, **pinned)
    assert await seen() == ["second", True, now, PINNING["reason"], LATER]
    assert await seen(hides=True) == ["second", True, now, None, LATER]
    bench.now = NOW + timedelta(hours=1)
    await done(bench, PIN, **pinned)  # it has that card already
    assert (await seen())[2] == now
    await done(bench, UNPIN)
    assert await seen() == ["health", False, wire_instant(bench.now), None, None]
    async with bench.database.read() as reading:
        query = sa.select(EVENTS.c.payload).order_by(EVENTS.c.id)
        query = query.where(EVENTS.c.kind == "scorecard.card_changed")
        rows = await reading.execute(query)
    told = [(r.payload["before"], r.payload["after"]) for r in rows]
    first, second = {"scorecard": "health"}, {"scorecard": "second"}
    assert told == [(first, second), (second, first)]


async def test_what_ends_is_followed_when_it_ends(bench: Bench) -> None:
    """By a job that is due to the instant, not by the close of the night."""
    at = [NOW]
    worker = Worker(
        bench.database, bench.graph.sections, clock=lambda: at[0], zone=ZoneInfo("UTC")
    )
    end = NOW + timedelta(hours=1)

    async def told(now: datetime) -> tuple[str, int]:
        at[0] = bench.now = now
        while await worker.work():
            pass
        found = await shown(bench)
        return found["scorecardKey"], found["overall"]["value"]

    await accepted(bench, SET, "logins", value=90)
    await done(bench, OVERRIDE, **{**OVERRIDING, "expiresAt": wire_instant(end)})
    assert await told(end - timedelta(milliseconds=1)) == ("health", 20)
    assert await told(end) == ("health", 74)
    later = end + timedelta(hours=1)
    await done(bench, PIN, **{**PINNING, "until": wire_instant(later)})
    assert (await told(later - timedelta(milliseconds=1)))[0] == "second"
    assert await told(later) == ("health", 74)
    assert {how for _, how in worker.done} == {"done"}
    async with bench.database.read() as reading:
        query = sa.select(AUDIT.c.actor).where(AUDIT.c.action == "scorecard.end")
        assert [*await reading.execute(query)] == [("worker",), ("worker",)]


async def test_a_field_that_a_mask_closes_is_not_changed(bench: Bench) -> None:
    await bench.add(score("sentiment", 90))
    for field, access in (("Score.value", "read"), ("MeasureScore.score", "read")):
        bench.permissions = (FieldPermission("csm", field, access),)
        assert await refused(bench, SET, "logins", value=5) == ("value", "READ_ONLY")
        for query in (RENEW, CLEAR):
            found = await refused(bench, query, "sentiment")
            assert found == ("measureKey", "READ_ONLY")
    bench.permissions = (FieldPermission("csm", "Score.comment", "read"),)
    given = {"value": 5, "comment": "x"}
    assert await refused(bench, SET, "logins", **given) == ("comment", "READ_ONLY")
    await accepted(bench, SET, "logins", value=5)
    bench.permissions = (FieldPermission("csm", "ScorecardSection.overall", "read"),)
    assert await refusal(bench, OVERRIDE, **OVERRIDING) == ("value", "READ_ONLY")


async def test_only_admins_plan_and_apply_a_file(bench: Bench) -> None:
    before = await everything_of(bench)
    for query, given in ((PLAN, {}), (PLAN, {"file": FILE}), (APPLY, {"file": FILE})):
        found = await answer(bench, query, **given)
        assert [e["code"] for e in found.pop("errors")] == ["FORBIDDEN"]
        assert not any(found.values())
    for old, new, path in (
        ("{measure: sentiment, weight: 30}", "{measure: sentiment, weight: -1}", "weight"),
        ("from: 50, to: 75", "from: 55, to: 75", "bands"),
        ("scorecards:", "scorecard:", "scorecard"),
    ):  # fmt: skip
        for query in (PLAN, APPLY):
            found = await answer(bench, query, ADMIN, file=changed(old, new))
            assert found["errors"][0]["path"][0] == "file"
            assert found["errors"][0]["path"][-1] == path
            assert found["plan"] is found["version"] is None
    assert await everything_of(bench) == before


async def test_a_file_is_planned_and_applied_in_the_graph(database: Database) -> None:
    bench = Bench(database, SECTIONS, book=book())
    await bench.fill(4)
    empty = await answer(bench, PLAN, ADMIN)
    assert empty["plan"] is None
    assert empty["errors"] == []
    before = await everything_of(bench)
    plan = await answer(bench, PLAN, ADMIN, file=FILE)
    assert await everything_of(bench) == before
    added = {"name": "scorecard COMPANY health", "kind": "ADDED"}
    assert added in plan["plan"]["changes"]
    assert plan["plan"]["recordsMoved"] == 2
    assert plan["version"] == empty["version"]
    given = {"file": FILE, "expectedVersion": plan["version"]}
    applied = await answer(bench, APPLY, ADMIN, **given)
    assert applied["plan"] == plan["plan"]
    assert (await shown(bench, "company_2"))["scorecardKey"] == "vip"
    stale = await answer(bench, APPLY, ADMIN, **given)
    assert [(e["path"], e["code"]) for e in stale["errors"]] == [
        (["expectedVersion"], "CONFLICT")
    ]
    again = await answer(bench, PLAN, ADMIN, file=applied["file"])
    assert again["plan"]["changes"] == []
    await accepted(bench, SET, "tickets", value=30)
    lower = changed("values: [10]", "values: [30]")
    lower = lower.replace("value: 40", "value: 7")
    plan = (await answer(bench, PLAN, ADMIN, file=lower))["plan"]
    assert (plan["scoresChanged"], plan["scoresDown"], plan["mostPoints"]) == (1, 1, 23)
    assert (await shown(bench))["overall"]["value"] == 30
    await answer(bench, APPLY, ADMIN, file=lower)
    assert (await shown(bench))["overall"]["value"] == 7
    assert (await accepted(bench, SET, "tickets", value=25))["overall"]["value"] == 7


async def test_an_exception_may_ask_for_an_attribute_of_the_record(
    database: Database,
) -> None:
    bench = Bench(database, SECTIONS, book=editable())
    await bench.fill()
    file = changed("left: MEASURE, key: tickets", "left: ATTRIBUTE, key: arr")
    file = file.replace("values: [10]", "values: [5000]")
    assert (await answer(bench, APPLY, ADMIN, file=file))["errors"] == []
    await accepted(bench, SET, "tickets", value=90)
    assert await overall(bench) == (90, 90)
    arr = {"path": "arr", "value": {"amount": "4000", "currency": "USD"}}
    found = await answer(bench, UPDATE, recordId="company_1", fields=[arr])
    assert found["errors"] == []
    assert await overall(bench) == (40, 40)
    assert (await accepted(bench, SET, "tickets", value=80))["overall"]["value"] == 40
    row = {"recordId": "company_1", "measureKey": "tickets", "value": 85}
    (done,) = (await answer(bench, SET_MANY, rows=[row]))["results"]
    assert (done["value"], done["overall"]) == (85, 40)
    async with database.write() as session:
        acting = Acting(
            session=session,
            author=work(bench).author,
            now=bench.now,
            today=bench.today,
            fields=(),
            rule="again",
            name="Again",
        )
        again = SetScoreEntry(measure="tickets", value=85)
        await set_score(acting, again, [Target(record_id="company_1")])
    assert await overall(bench) == (40, 40)
    arr["value"] = {"amount": "6000", "currency": "USD"}
    await answer(bench, UPDATE, recordId="company_1", fields=[arr])
    assert await overall(bench) == (85, 85)
    higher = file.replace("values: [5000]", "values: [9000]")
    plan = (await answer(bench, APPLY, ADMIN, file=higher))["plan"]
    assert (plan["scoresChanged"], plan["mostPoints"]) == (1, 45)
    assert await overall(bench) == (40, 40)


async def overall(bench: Bench) -> tuple[int, int]:
    """As stored, and as explained."""
    found = await shown(bench)
    return found["overall"]["value"], found["explanation"]["value"]
