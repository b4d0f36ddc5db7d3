"""Companies with scores, rules over them, and a process that hands out events."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from cyclorama.plugins.dispatching import Dispatched, Dispatcher
from cyclorama.plugins.rules.actions import catalogue
from cyclorama.plugins.rules.engine import RuleEngine
from cyclorama.plugins.rules.file import parse
from cyclorama.plugins.rules.running import Runs, save_rules
from cyclorama.plugins.working import WORKER
from cyclorama.sections.cockpit import section as cockpit
from cyclorama.sections.scorecard import section as scorecard
from cyclorama.storage.audit import Actor, Author
from cyclorama.storage.engine import Database
from cyclorama.storage.events import Event, emit
from cyclorama.storage.rules import RUNS
from cyclorama.testing import NOW

ANN = Author(actor=Actor(kind="USER", id="user_csm", name="ann@example.com"), at=NOW)
KNOWN = catalogue([cockpit, scorecard])
RUNNING = Runs(engine=RuleEngine(KNOWN), zone=ZoneInfo("Europe/Berlin"))
RISK = """
rules:
  - key: drop
    name: Score dropped
    when: {trigger: scorecard.significant_change, with: {points: 10, days: 7}}
    pause_days: 7
    actions:
      - {action: cockpit.create_cta, with: {name: Look at it, type: risk}}
"""


async def save(database: Database, text: str) -> dict[str, str]:
    """Make these the rules."""
    async with database.write() as session:
        return await save_rules(session, ANN, parse(text, KNOWN, ()))


def dispatcher(database: Database, *more: Any) -> Dispatcher:
    """Hands out events to rules, and to others."""
    return Dispatcher(database, [RUNNING.engine.listen, *more], WORKER)


async def hand_out(database: Database, now: Any = NOW, *more: Any) -> None:
    """Hand out all events, and those that follow."""
    found = dispatcher(database, *more)
    while await found.step(now, now.date(), ()):
        pass


async def happen(database: Database, *events: Event, by: Author = ANN) -> None:
    """Leave events."""
    async with database.write() as session:
        await emit(session, by, events)


async def rows(database: Database, query: Any) -> Sequence[Any]:
    """The rows of a statement."""
    async with database.read() as reading:
        return await reading.execute(query)


async def logged(database: Database) -> list[tuple[Any, ...]]:
    """Rule, trigger, state and counts of all runs, in their order."""
    names = ("rule_key", "trigger", "state", "records")
    names += ("changed", "unchanged", "failed")
    found = await rows(database, sa.select(RUNS).order_by(RUNS.c.id))
    return [tuple(getattr(r, n) for n in names) for r in found]


async def _die(batch: Dispatched) -> None:
    """All is done and nothing is committed."""
    if batch.events:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(hand_out(Database(sys.argv[1]), NOW, _die))
