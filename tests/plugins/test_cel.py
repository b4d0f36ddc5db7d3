"""Conditions in CEL: what they may say, of which facts they hold, and without the extra."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.plugins import Event
from cyclorama.plugins.jobs import Run
from cyclorama.plugins.rules.cel import CelError, Condition
from cyclorama.plugins.rules.engine import load
from cyclorama.plugins.rules.file import RuleFileError, export, parse
from cyclorama.plugins.rules.judging import Match
from cyclorama.plugins.rules.running import batch_of
from cyclorama.sections.cockpit.tables import CtaRow
from cyclorama.sections.cockpit.vocabulary import vocabulary
from cyclorama.sections.scorecard import section as scorecard
from cyclorama.sections.scorecard.events import SCORE_CHANGED
from cyclorama.storage.engine import Database
from cyclorama.storage.rules import RUNS
from cyclorama.testing import NOW, Bench, company
from tests.sections.ruling import (
    ANN,
    KNOWN,
    RUNNING,
    hand_out,
    happen,
    logged,
    rows,
    save,
)

ATTRIBUTES = ("employees", "arr", "tags", "custom.tier", "usage.utilization", "name")
FACTS = {
    "before.overall": 60,
    "after.overall": 49.5,
    "after.band": "Red",
    "change.overall": -10.5,
    "actor_kind": "USER",
    "record.employees": 120,
    "record.arr": Decimal("1200.50"),
    "record.tags": ["vip", "eu"],
    "record.custom.tier": "gold",
    "record.name": "Ann's",
}
HOLDS = (
    "after.overall < 50",
    "after.overall < before.overall && change.overall <= -10",
    "before.overall == 60.0 && record.employees + 1 > 120",
    "'vip' in record.tags && record.tags.exists(t, t.startsWith('e'))",
    "record.custom.tier == 'gold' || record.usage.utilization < 10",
    "record.arr > 1200 && record . name.matches('^Ann')",
    "actor_kind == 'USER' && size(record.tags) == 2",
    "actor_id == null",
    "record.usage.utilization == null",
)
DOES_NOT = (
    "after.overall > 50",
    "record.usage.utilization < 50",
    "record.employees > 100 && record.usage.utilization < 50",
    "after.band == 'Green'",
)
WRONG = {
    "after.nope > 1": r"no after\.nope; use one of: .*after\.overall",
    "record.nope == 1": r"no record\.nope; use one of: .*record\.custom\.tier",
    "after.overall <": "can't be read",
    "after.overall": "neither true nor false",
    "1 + 1": "neither true nor false",
    "system('rm') == 1": "can't be read",
    "after['overall'] > 1": "can't be read",
    "1 < 'a'": "can't be read",
}


def read(text: str, kind: Any = SCORE_CHANGED) -> Condition:
    return Condition.read(text, kind, ATTRIBUTES)


def test_a_condition_holds_of_facts_or_does_not() -> None:
    for text in (*HOLDS, *DOES_NOT):
        assert read(text).holds(FACTS) is (text in HOLDS), text


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(CelError, match=WRONG[text]):
        read(text)


FAILS = {
    "before.overall > 'a'": "values that do not fit",
    "timestamp(after.band) > timestamp('')": "an instant or a duration",
    "record.employees / 0 == 1": "by zero",
    "record.employees * 9223372036854775807 > 1": "too large",
    "record.tags[5] == 'a'": "not so many values",
    "int(record.name) > 1": "a number of text",
    "record.name.matches('(')": "no pattern",
    "record.name.more == 1": "a part of a value",
    "{'a': 1}[record.name] == 1": "no such key",
}


def test_what_cannot_be_evaluated_is_said_in_words_of_ours() -> None:
    for text, words in FAILS.items():
        with pytest.raises(CelError, match=words):
            read(text).holds(FACTS)


def test_a_rule_without_an_event_asks_records_alone() -> None:
    assert read("record.employees > 100", None).holds(FACTS)
    for text in ("after.overall > 1", "actor_kind == 'USER'"):
        with pytest.raises(CelError):
            read(text, None)


def test_what_takes_too_long_is_stopped() -> None:
    row = "[" + ",".join("1" * 60) + "]"
    loops = "".join(f"{row}.all({c}, " for c in "abcd")
    with pytest.raises(CelError, match="too many steps"):
        read(f"{loops}a + b + c + d == 4))))").holds({})


TEXT = """
rules:
  - key: told
    name: Told
    when: {event: scorecard.score_changed, cel: "%s"}
    actions: [{action: cockpit.create_cta, with: {name: N, type: risk}}]
  - key: large
    name: Large
    when: {cel: "record.employees >= 100"}
    actions: [{action: cockpit.create_cta, with: {name: N, type: expansion}}]
"""


def test_a_rule_file_names_the_rule_and_the_place_of_what_is_wrong() -> None:
    rules = parse(TEXT % "after.overall < 50", KNOWN, ())
    assert parse(export(rules), KNOWN, ()) == rules
    for text, expected in (
        ("after.nope < 50", "rules.0.when.cel: Rule 'told': there is no after.nope"),
        ("x" * 1_001, "rules.0.when.cel"),
    ):
        with pytest.raises(RuleFileError) as refused:
            parse(TEXT % text, KNOWN, ())
        assert expected in str(refused.value)


def test_without_the_extra_a_file_is_refused_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rules = parse(TEXT % "after.overall < 50", KNOWN, ())
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    with pytest.raises(RuleFileError, match=r"pip install 'cyclorama\[cel\]'"):
        parse(TEXT % "after.overall < 50", KNOWN, ())
    assert not RUNNING.engine.usable(rules[0])


@pytest.mark.anyio
async def test_rules_act_where_their_conditions_hold(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same on events and on demand; what can't be told apart is left alone."""
    bench = Bench(database, [scorecard])
    await bench.fill(0)
    sizes = {1: 500, 2: 50, 3: None, 4: 100}
    of = [company(n, csm_id="user_csm", employees=e) for n, e in sizes.items()]
    await bench.add(*of, *vocabulary({}))
    await save(database, TEXT % "after.overall < 50 && record.employees > 60")
    for number, score in ((1, 40), (2, 40), (3, 40), (4, 60)):
        scored = {"before": {"overall": 70}, "after": {"overall": score}}
        await happen(
            database,
            Event(kind=SCORE_CHANGED, record_id=f"company_{number}", **scored),
        )
    await hand_out(database)
    made: Any = sa.select(CtaRow.__table__.c.company_id).order_by(CtaRow.company_id)
    assert [c.company_id for c in await rows(database, made)] == ["company_1"]
    async with database.write() as session:
        batch = batch_of(session, ANN, NOW.date(), ())
        _, large = await load(session)
        assert await RUNNING.found(batch, large) == ["company_1", "company_4"]
        monkeypatch.setattr("cyclorama.plugins.rules.judging.MOST_SECONDS", -1.0)
        failed: dict[str, str] = {}
        assert await RUNNING.found(batch, large, failed) == ["company_1"]
    assert sorted(failed) == ["company_2", "company_3", "company_4"]
    assert "5 s" in failed["company_4"]


DIVIDES = """
rules:
  - key: told
    name: Told
    when: {event: scorecard.score_changed, cel: "1 / record.employees > 0"}
    actions: [{action: cockpit.create_cta, with: {name: N, type: risk}}]
  - key: daily
    name: Daily
    when: {schedule: {}, cel: "1 / record.employees > 0"}
    actions: [{action: cockpit.create_cta, with: {name: N, type: expansion}}]
"""


@pytest.mark.anyio
async def test_of_which_records_a_condition_failed_is_in_the_log_of_runs(
    database: Database,
) -> None:
    bench = Bench(database, [scorecard])
    await bench.fill(0)
    of = [company(n, csm_id="user_csm", employees=n - 2) for n in (1, 2, 3)]
    await bench.add(*of, *vocabulary({}))
    await save(database, DIVIDES)
    for number in (1, 2, 2, 3):
        scored = {"before": {"overall": 70}, "after": {"overall": 40}}
        await happen(
            database,
            Event(kind=SCORE_CHANGED, record_id=f"company_{number}", **scored),
        )
    await hand_out(database)
    by_event = ("told", "scorecard.score_changed")
    assert sorted(await logged(database)) == [
        (*by_event, "CONDITION_FAILED", 0, 0, 0, 1),
        (*by_event, "DONE", 1, 1, 0, 0),
    ]
    why = {"record": "company_2", "action": "condition", "status": "FAILED"}
    (failed,) = await rows(database, sa.select(RUNS).where(RUNS.c.failed > 0))
    assert failed.details == [{**why, "reason": "it divides by zero"}]
    async with database.write() as session:
        run = Run(
            session=session,
            kind="core.rule",
            payload={"rule": "daily"},
            now=NOW,
            today=NOW.date(),
            author=ANN,
            fields=(),
        )
        await RUNNING.scheduled(run)
        # The fact that it asks was removed.
        event, _ = await load(session)
        when = event.when.model_copy(update={"cel": "record.custom.gone == 1"})
        gone = event.model_copy(update={"when": when})
        missing: dict[str, str] = {}
        batch = batch_of(session, ANN, NOW.date(), ())
        matches = [Match("company_1"), Match("company_3")]
        assert await RUNNING.engine.holding(batch, gone, matches, missing) == []
    assert sorted(await logged(database))[:2] == [
        ("daily", "schedule", "CONDITION_FAILED", 0, 0, 0, 1),
        ("daily", "schedule", "DONE", 1, 1, 0, 0),
    ]
    assert sorted(missing) == ["company_1", "company_3"]
    assert "no record.custom.gone" in missing["company_1"]
