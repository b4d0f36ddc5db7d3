"""Rules: what they may say, what follows from what happens, and what never does."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from cyclorama.plugins import Event
from cyclorama.plugins.dispatching import Dispatched
from cyclorama.plugins.rules.engine import MOST_DEPTH, follows, load
from cyclorama.plugins.rules.file import RuleFileError, difference, export, parse
from cyclorama.plugins.rules.running import batch_of
from cyclorama.plugins.working import Worker
from cyclorama.plugins.written import COMPANY_CHANGED
from cyclorama.sections.cockpit.tables import CtaRow
from cyclorama.sections.cockpit.vocabulary import vocabulary
from cyclorama.sections.scorecard import section as scorecard
from cyclorama.sections.scorecard.actions import ways_of
from cyclorama.sections.scorecard.events import SCORE_CHANGED
from cyclorama.storage.audit_checks import verify
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS
from cyclorama.storage.jobs import JOBS
from cyclorama.storage.rules import RUNS
from cyclorama.storage.switches import switch
from cyclorama.testing import NOW, Bench, company
from tests.sections.ctas import cta
from tests.sections.ruling import (
    ANN,
    KNOWN,
    RISK,
    RUNNING,
    dispatcher,
    hand_out,
    happen,
    logged,
    rows,
    save,
)
from tests.sections.scorecards import card, event, scheme, score

pytestmark = pytest.mark.anyio
CTAS: Any = CtaRow.__table__
SET = """mutation ($input: SetScoreInput!) {
  setScore(input: $input) { errors { message } overall { value } } }"""
WRONG = {
    "key: a": "rules.0.actions",
    "{key: a, name: A, actions: []}": "rules.0.actions",
    "{key: a, name: A, actions: [{action: x.y}]}": "no such action",
    "{key: a, name: A, when: {event: x.y}, actions: [{action: core.notify}]}": (
        "no such event"
    ),
    "{key: a, name: A, when: {trigger: x.y}, actions: [{action: x.y}]}": (
        "no such trigger"
    ),
    "{key: a, name: A, when: {event: company.changed, schedule: {}}, "
    "actions: [{action: x.y}]}": "write one of",
    "{key: a, name: A, when: {schedule: {at: '25:00'}}, actions: [{action: x.y}]}": (
        "rules.0.when.schedule.at"
    ),
    "{key: a, name: A, event: [{attribute: after.x, operator: IS_NULL}], "
    "actions: [{action: x.y}]}": "conditions on events need an event",
    "{key: a, name: A, when: {event: scorecard.score_changed}, event: "
    "[{attribute: after.nope, operator: IS_NULL}], actions: [{action: x.y}]}": (
        "has no after.nope"
    ),
    "{key: a, name: A, when: {event: scorecard.score_changed}, event: "
    "[{attribute: after.overall, operator: BETWEEN, values: [9, 1]}], "
    "actions: [{action: x.y}]}": "the lower first",
    "{key: a, name: A, record: [{attribute: nope, operator: IS_NULL}], "
    "actions: [{action: x.y}]}": "there is no record nope",
    "{key: a, name: A, most_records: 10001, actions: [{action: x.y}]}": (
        "rules.0.most_records"
    ),
    "{key: a, name: A, actions: [{action: core.webhook, with: {url: 'ftp://x'}}]}": (
        "write it as https://host/path"
    ),
    "{key: a, name: A, actions: [{action: core.webhook, with: "
    "{url: 'https://u:p@x.io/'}}]}": "messages are signed",
    "{key: a, name: A, actions: [{action: scorecard.set_score, with: "
    "{measure: m, value: 101}}]}": "rules.0.actions.0.with.value",
    "{key: a, name: A, actions: [{action: scorecard.set_score, with: "
    "{measure: m, value: 1, band: Red}}]}": "give one of value, band or clear",
    "{key: a, name: A, actions: [{action: cockpit.create_cta, with: "
    "{name: C, type: risk, due_days: -1}}]}": "rules.0.actions.0.with.due_days",
    "{key: a, name: A, actions: [{action: cockpit.create_cta, with: "
    "{name: 'C {record.nope}', type: risk}}]}": "{record.nope} is unknown",
}


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_a_rule_that_cannot_be_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(RuleFileError) as refused:
        parse(f"rules:\n  - {text}\n", KNOWN, ())
    assert WRONG[text] in str(refused.value)


def test_a_file_reads_as_it_was_written_and_says_what_is_new() -> None:
    rules = parse(RISK, KNOWN, ())
    again = parse(export(rules), KNOWN, ())
    assert again == rules
    other = [replace_rule(rules[0], name="Other"), replace_rule(rules[0], key="more")]
    assert difference(rules, other) == {"more": "added", "drop": "changed"}
    assert difference(rules, []) == {"drop": "removed"}
    assert difference(other, other[::-1]) == {"drop": "moved", "more": "moved"}
    with pytest.raises(RuleFileError, match="another rule has the key 'drop'"):
        parse(RISK + RISK.partition("rules:\n")[2], KNOWN, ())


def replace_rule(rule: Any, **values: Any) -> Any:
    return rule.model_copy(update=values)


def test_no_rule_follows_from_itself_nor_without_end() -> None:
    assert follows([], "a")
    assert not follows(["a"], "a")
    assert not follows([f"r{n}" for n in range(MOST_DEPTH)], "a")


@pytest.mark.parametrize(
    ("base", "old", "new", "ways"),
    [
        (78, (78, "Green"), (66, "Green"), ["DOWN"]),  # the alert of the domain
        (78, (66, "Yellow"), (64, "Yellow"), ["DOWN"]),  # which the pause suppresses
        (78, (78, "Green"), (70, "Yellow"), ["BAND"]),
        (78, (78, "Green"), (66, "Yellow"), ["DOWN", "BAND"]),
        (50, (55, "Red"), (66, "Yellow"), ["UP"]),
        (None, (78, "Green"), (69, "Green"), []),
        (70, (78, "Green"), (69, "Green"), []),
        (70, (78, "Green"), (None, None), ["NA"]),
        (None, (None, None), (70, "Green"), []),
    ],
)
def test_a_change_is_significant_in_its_ways(
    base: int | None, old: Any, new: Any, ways: list[str]
) -> None:
    before, after = (dict(zip(("score", "band"), x, strict=True)) for x in (old, new))
    assert ways_of(10, base, before, after) == ways


async def world(database: Database, companies: int = 3) -> Bench:
    """Companies that somebody looks after, with a scorecard and the words of CTAs."""
    bench = Bench(database, [scorecard])
    await bench.fill(0)
    numbers = range(1, companies + 1)
    companies_of = [company(n, csm_id="user_csm") for n in numbers]
    await bench.add(*companies_of, *vocabulary({}), *scheme(), *card())
    return bench


async def scored(bench: Bench, value: float, *, of: str = "company_1") -> None:
    """Somebody scores a measure, and so the whole."""
    given = {"recordId": of, "measureKey": "sentiment", "value": value}
    answer = await bench.query(SET, input=given)
    assert answer["setScore"]["errors"] == []


async def test_a_score_that_drops_makes_one_cta_and_its_rise_closes_it(
    database: Database,
) -> None:
    bench = await world(database)
    text = f"""{RISK}
  - key: better
    name: Score rose
    when: {{event: scorecard.score_changed}}
    event: [{{attribute: change.overall, operator: GT, values: [20]}}]
    actions: [{{action: cockpit.close_ctas, with: {{type: risk}}}}]
  - key: told
    name: Tell of risks
    when: {{event: cockpit.cta_created}}
    event: [{{attribute: after.type, operator: EQ, values: [risk]}}]
    actions:
      - {{action: core.notify, with: {{to: [CSM], text: At risk}}}}
      - {{action: core.webhook, with: {{url: 'https://example.com/hook'}}}}
"""
    assert set((await save(database, text)).values()) == {"added"}
    assert await save(database, text) == {}
    await scored(bench, 78)
    await scored(bench, 66)
    await scored(bench, 64)
    await hand_out(database)
    (made,) = await rows(database, sa.select(CTAS))
    assert (made.source, made.owner_id, made.company_id, made.created_by) == (
        "RULE",
        "user_csm",
        "company_1",
        "drop",
    )
    assert made.due_date == NOW.date() + timedelta(days=14)
    assert [r[:5] for r in await logged(database)] == [
        ("drop", "scorecard.score_changed", "DONE", 1, 1),
        ("told", "cockpit.cta_created", "DONE", 1, 2),
    ]
    chains = await rows(
        database, sa.select(EVENTS.c.kind, EVENTS.c.chain).order_by(EVENTS.c.id)
    )
    assert [tuple(c) for c in chains][3:] == [
        ("cockpit.cta_created", ["drop"]),
        ("rule.notified", ["drop", "told"]),
    ]
    (message,) = await rows(
        database, sa.select(JOBS.c.payload).where(JOBS.c.kind == "core.webhook")
    )
    assert message.payload["body"]["event"]["after"]["name"] == "Look at it"
    await scored(bench, 90)
    await hand_out(database)
    (closed,) = await rows(database, sa.select(CTAS))
    assert (closed.is_closed, closed.close_source, closed.version) == (True, "RULE", 2)
    async with database.read() as reading:
        assert (await verify(reading)).fault is None


async def test_what_is_open_already_is_not_made_again_and_failures_are_told(
    database: Database,
) -> None:
    bench = await world(database)
    await bench.add(cta(1, reason="other"), company(9))
    await save(
        database,
        """
rules:
  - key: risk
    name: Risk
    actions:
      - {action: cockpit.create_cta, with: {name: N, type: risk, reason: other}}
      - {action: scorecard.set_score, with: {measure: sentiment, band: Red}}
      - {action: scorecard.set_score, with: {measure: nope, value: 3}}
""",
    )
    async with database.write() as session:
        batch = batch_of(session, ANN, NOW.date(), ())
        (rule,) = await load(session)
        ids = await RUNNING.found(batch, rule)
        assert await RUNNING.page(batch, rule, ids, "demand") == []
    assert await logged(database) == [("risk", "demand", "DONE", 4, 6, 1, 5)]
    (run,) = await rows(database, sa.select(RUNS.c.details))
    reasons = Counter(d["reason"] for d in run.details if d["status"] == "FAILED")
    assert reasons["not_on_active_scorecard"] == 4
    data = await bench.query(
        '{ company(id: "company_2") { scorecard { overall { value } } } }'
    )
    assert data["company"]["scorecard"]["overall"]["value"] == 25


async def test_a_rule_stops_at_the_most_records_and_a_dry_run_writes_nothing(
    database: Database,
) -> None:
    await world(database, companies=8)
    text = """
rules:
  - key: many
    name: Many
    when: {event: company.changed}
    record: [{attribute: name, operator: NEQ, values: [Company 8]}]
    most_records: 5
    actions: [{action: cockpit.create_cta, with: {name: N, type: risk}}]
  - key: now
    name: Now
    most_records: 3
    actions: [{action: cockpit.create_cta, with: {name: N, type: risk}}]
"""
    await save(database, text)
    changed = [
        Event(kind=COMPANY_CHANGED, record_id=f"company_{n}") for n in range(1, 9)
    ]
    await happen(database, *changed)
    many, now = parse(text, KNOWN, ())
    async with database.write() as session:
        seen = await RUNNING.preview(session, many, ANN, NOW.date(), ())
        batch = batch_of(session, ANN, NOW.date(), ())
        found = await RUNNING.found(batch, now)
        assert await RUNNING.page(batch, now, found, "demand") == []
    assert seen == [f"company_{n}" for n in range(1, 7)]
    assert await rows(database, sa.select(CTAS)) == []
    await hand_out(database)
    assert len(await rows(database, sa.select(CTAS.c.id))) == 5
    await happen(database, *changed)
    await hand_out(database)
    assert len(await rows(database, sa.select(CTAS.c.id))) == 5
    assert [r[:4] for r in await logged(database)] == [
        ("now", "demand", "CAPPED", 4),
        ("many", "company.changed", "CAPPED", 7),
        ("many", "company.changed", "CAPPED", 7),
    ]


async def test_rules_that_lead_to_each_other_come_to_an_end(
    database: Database,
) -> None:
    bench = await world(database, companies=1)
    await bench.add(score("sentiment", 50), score("", 50))
    ping = """
  - key: {key}
    name: {key}
    when: {{event: scorecard.score_changed}}
    actions:
      - {{action: scorecard.set_score, with: {{measure: sentiment, value: {value}}}}}
"""
    values = {"a": 10, "b": 20, "c": 30, "d": 40, "e": 45}
    text = "".join(ping.format(key=k, value=v) for k, v in values.items())
    await save(database, f"rules:{text}")
    await scored(bench, 60)
    await hand_out(database)
    found = await rows(database, sa.select(EVENTS.c.chain, EVENTS.c.handled_at))
    assert max(len(e.chain) for e in found) == MOST_DEPTH
    assert all(len(set(e.chain)) == len(e.chain) and e.handled_at for e in found)


async def test_many_hand_out_each_event_once_and_in_order(
    database: Database,
) -> None:
    await world(database, companies=1)
    changed = Event(kind=COMPANY_CHANGED, record_id="company_1")
    await happen(database, *[changed] * 1_200)
    seen: list[str] = []

    async def listen(batch: Dispatched) -> None:
        seen.extend(e.id for e in batch.events)

    found = [dispatcher(database, listen) for _ in range(4)]

    async def until_none(one: Any) -> None:
        for _ in range(20):
            await one.step(NOW, NOW.date(), ())

    await asyncio.gather(*map(until_none, found))
    assert len(seen) == len(set(seen)) == 1_200
    assert seen == sorted(seen)


async def test_an_event_that_cannot_be_handled_is_put_aside_alone(
    database: Database,
) -> None:
    changed = [Event(kind=COMPANY_CHANGED, record_id=f"company_{n}") for n in range(10)]
    await happen(database, *changed)

    async def listen(batch: Dispatched) -> None:
        if any(e.record_id == "company_7" for e in batch.events):
            raise ValueError("seven")

    one = dispatcher(database, listen)
    while await one.step(NOW, NOW.date(), ()):
        pass
    assert one.done == {"handled": 9, "put_aside": 1}
    found = await rows(database, sa.select(EVENTS))
    assert all(e.handled_at is not None for e in found)
    assert {e.record_id: e.error for e in found if e.error} == {
        "company_7": "ValueError('seven')"
    }


async def test_of_one_that_is_killed_nothing_stays_and_the_next_does_it_once(
    database: Database, tables_url: str
) -> None:
    await world(database)
    await save(database, RISK.replace("pause_days: 7", "pause_days: 0"))
    drop = {"before": {"overall": 78}, "after": {"overall": 60}}
    dropped = [
        Event(kind=SCORE_CHANGED, record_id=f"company_{n}", **drop) for n in (1, 2, 3)
    ]
    await happen(database, *dropped)
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("ruling.py")),
            tables_url,
            env={"PYTHONPATH": ":".join(sys.path)},
        )
        assert await process.wait() == -9
    assert await rows(database, sa.select(CTAS)) == []
    await asyncio.gather(*(hand_out(database) for _ in range(3)))
    made = await rows(database, sa.select(CTAS.c.company_id))
    assert sorted(c.company_id for c in made) == ["company_1", "company_2", "company_3"]
    assert [r[3:5] for r in await logged(database)] == [(3, 3)]


async def test_a_schedule_is_kept_by_one_job_that_goes_with_the_rule(
    database: Database,
) -> None:
    await world(database, companies=3)
    at = [NOW]
    zone = ZoneInfo("Europe/Berlin")
    found = Worker(database, {}, clock=lambda: at[0], zone=zone, jobs=RUNNING.jobs())
    text = RISK.replace(
        "{trigger: scorecard.significant_change, with: {points: 10, days: 7}}",
        "{schedule: {at: '06:00', weekday: MONDAY}}",
    )
    query = sa.select(JOBS).where(JOBS.c.kind == "core.rule")
    for changed, weekday in (("FRIDAY", 4), ("MONDAY", 0)):
        await save(database, text.replace("MONDAY", changed))
        while await found.work():
            pass
        (job,) = await rows(database, query)
        assert (job.key, job.payload) == ("core.rule:drop", {"rule": "drop"})
        local = job.due_at.astimezone(zone)
        assert (local.weekday(), local.hour, local > NOW) == (weekday, 6, True)
    assert await rows(database, sa.select(CTAS.c.id)) == []
    at[0] = job.due_at + timedelta(seconds=1)
    while await found.work():
        pass
    assert len(await rows(database, sa.select(CTAS.c.id))) == 3
    assert (await logged(database))[0][:4] == ("drop", "schedule", "DONE", 3)
    (again,) = await rows(database, query)
    assert again.due_at == job.due_at + timedelta(days=7)
    await save(database, "rules: []")
    assert await rows(database, query) == []


async def test_a_drop_in_steps_is_held_against_the_score_that_the_days_began_with(
    database: Database,
) -> None:
    bench = await world(database, companies=2)
    days = timedelta(days=1)
    await bench.add(
        event(1, "", 60, NOW - 30 * days),
        event(2, "", 78, NOW - 9 * days),
        event(3, "", 72, NOW - 5 * days),
        event(4, "", 66, NOW),
        event(1, "", 90, NOW - 20 * days, of="company_2"),
        event(2, "", 72, NOW - 10 * days, of="company_2"),
        event(3, "", 66, NOW, of="company_2"),
    )
    await save(database, RISK)
    step: Any = {
        "before": {"overall": 72, "band": "Yellow"},
        "after": {"overall": 66, "band": "Yellow"},
    }
    await happen(
        database,
        Event(kind=SCORE_CHANGED, record_id="company_1", **step),
        Event(kind=SCORE_CHANGED, record_id="company_2", **step),
    )
    await hand_out(database)
    made = await rows(database, sa.select(CTAS.c.company_id))
    assert [c.company_id for c in made] == ["company_1"]
    # The next one within the days is suppressed, and after them it is not.
    for later, count in ((1, 1), (8, 2)):
        await happen(database, Event(kind=SCORE_CHANGED, record_id="company_1", **step))
        async with database.write() as session:
            closed = {"is_closed": True, "closed_on": NOW.date()}
            await session.execute(sa.update(CTAS).values(**closed))
            again = sa.update(EVENTS).where(EVENTS.c.handled_at.is_(None))
            await session.execute(again.values(at=NOW + later * days))
        await bench.add(event(4 + later, "", 66 - 10 * later, NOW + later * days))
        await hand_out(database, NOW + later * days)
        assert len(await rows(database, sa.select(CTAS.c.id))) == count


async def test_rules_of_a_section_that_is_switched_off_rest(
    database: Database,
) -> None:
    await world(database, companies=1)
    await save(database, RISK)
    async with database.write() as session:
        await switch(session, "cockpit", False)
    drop: Any = {"before": {"overall": 78}, "after": {"overall": 60}}
    await happen(database, Event(kind=SCORE_CHANGED, record_id="company_1", **drop))
    await hand_out(database)
    assert await rows(database, sa.select(CTAS)) == []
    assert await logged(database) == []
