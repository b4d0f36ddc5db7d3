"""What rules ask of usage: the numbers that the section shows."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from cyclorama.plugins.rules.actions import catalogue
from cyclorama.plugins.rules.engine import RuleEngine
from cyclorama.plugins.rules.file import RuleFileError, parse
from cyclorama.plugins.rules.running import Runs, batch_of
from cyclorama.sections.cockpit import section as cockpit
from cyclorama.sections.cockpit.tables import CtaRow
from cyclorama.sections.cockpit.vocabulary import vocabulary
from cyclorama.sections.usage import section
from cyclorama.sections.usage.facts import usage_of
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW, Bench
from tests.sections.ruling import ANN, rows
from tests.sections.test_usage import SHARES, active, entitled, module, used

pytestmark = pytest.mark.anyio
KNOWN = catalogue([cockpit, section])
RULE = """
rules:
  - key: low
    name: Usage is low
    when: {schedule: {at: "06:00"}}
    record: [{attribute: usage.%s, operator: LT, values: [50]}]
    actions:
      - action: cockpit.create_cta
        with: {name: N, type: risk, reason: low_usage, owner: ann@example.com}
"""


def test_a_fact_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(RuleFileError, match=r"no record usage\.nope.*usage\.breadth"):
        parse(RULE % "nope", KNOWN, ())
    with pytest.raises(RuleFileError, match=r"there is no record usage\.utilization"):
        parse(RULE % "utilization", catalogue([cockpit]), ())


async def test_rules_ask_the_numbers_that_the_section_shows(
    database: Database,
) -> None:
    """A company pools its relationships; what is not known meets no condition."""
    bench = Bench(database, [section, cockpit])
    await bench.fill(3)
    await bench.add(module(), module("reports"), *vocabulary({}))
    await bench.add(
        *active("02-24", "a", "b"),
        *active("02-25", "a", "c", part=1),
        *active("01-20", "a", "b", "c", "d"),
        *active("01-21", "d", part=1),
        used("02-24", 3),
        used("02-26", 0, key="reports", part=1),
        used("01-10", 2, of=2),
        used("02-02", 1, of=2, part=2),
        entitled(7, 8),
        entitled(4, 2, part=1),
        entitled(9, 9, starts="2026-03-01"),
        entitled(5, 9, ends="2026-02-27"),
    )
    for kind in ("COMPANY", "RELATIONSHIP"):
        name = kind.lower()
        ids = [f"{name}_{n}" for n in (1, 2, 3)]
        async with database.write() as session:
            found = await usage_of(session, kind, ids, NOW.date())
        for id in ids:
            query = f'{{ {name}(id: "{id}") {{ usage {{ {SHARES} }} }} }}'
            shown = (await bench.query(query))[name]["usage"]
            held = {k.removeprefix("usage."): v for k, v in found[id].items()}
            held.pop("active_users")
            held["trendPercent"] = held.pop("trend_percent")
            assert held == shown, id
        people = [found[id]["usage.active_users"] for id in ids]
        assert people == ([3, 0, None] if kind == "COMPANY" else [2, 0, None])
    rules = parse(RULE % "utilization", KNOWN, ())
    runs = Runs(engine=RuleEngine(KNOWN), zone=ZoneInfo("Europe/Berlin"))
    assert runs.engine.usable(rules[0])
    assert not runs.engine.usable(rules[0], frozenset({"usage"}))
    async with database.write() as session:
        batch = batch_of(session, ANN, NOW.date(), ())
        ids = await runs.found(batch, rules[0])
        assert ids == ["company_1"]  # 3 of 11; nobody knows what the others may use
        assert await runs.page(batch, rules[0], ids, "demand") == []
    made: Any = await rows(database, sa.select(CtaRow.__table__.c.company_id))
    assert [c.company_id for c in made] == ["company_1"]
