"""What 10,000 events with 20 rules take, with workers that are killed in between.

`python -m benchmarks.rules` prints a line for each database.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from subprocess import Popen
from typing import Any, Final

import sqlalchemy as sa

from benchmarks.database import fill, postgresql
from cyclorama.app import opened
from cyclorama.cli import without_garbage_collection
from cyclorama.plugins.rules.file import parse
from cyclorama.plugins.rules.running import save_rules
from cyclorama.sections.cockpit.tables import CtaRow
from cyclorama.sections.scorecard.events import SCORE_CHANGED
from cyclorama.storage.audit import Actor, Author
from cyclorama.storage.audit_checks import verify
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS, Event, emit
from cyclorama.storage.switches import switch

EVENTS_OF_RUN: Final = 10_000
RULES: Final = 20
KILL_AFTER: Final = 4.0
_RULE: Final = """
  - key: rule{n}
    name: Rule {n}
    when: {{event: scorecard.score_changed}}
    event:
      - {{attribute: after.overall, operator: LT, values: [{below}]}}
      - {{attribute: change.overall, operator: LTE, values: [-5]}}
    record:
      - {{attribute: employees, operator: GT, values: [{n}]}}
    most_records: 10000
    actions:
      - action: cockpit.create_cta
        with: {{name: Rule {n}, type: risk, same: TYPE_REASON_AND_NAME}}
"""


def rules() -> str:
    """A rule file: each rule follows from one event of twenty, and looks at all."""
    made = "".join(_RULE.format(n=n, below=5 * (n + 1)) for n in range(RULES))
    return f"rules:{made}"


def events(companies: int, count: int) -> list[Event]:
    """Scores that drop, spread over all values."""
    found = []
    for n in range(count):
        value = 97 - n % 20 // 10 if n % 20 else 2
        found.append(
            Event(
                kind=SCORE_CHANGED,
                record_id=f"company_{n % companies + 1}",
                before={"overall": 100, "band": "Healthy"},
                after={"overall": value, "band": "At risk"},
            )
        )
    return found


async def prepare(url: str, companies: int, count: int) -> None:
    """Companies, rules and events that wait."""
    await fill(url, companies)
    async with opened(url) as app:
        author = Author(actor=Actor(kind="COMMAND", id=None, name="b"), at=app.now())
        new = parse(rules(), app.rules().engine.known, ())
        async with app.database.write() as session:
            await switch(session, "cockpit", True)
            await save_rules(session, author, new)
        async with app.database.write() as session:
            await emit(session, author, events(companies, count))


async def work(url: str) -> None:
    """Hand out all events that wait, as a worker does."""
    async with opened(url) as app:
        worker = app.worker()
        while await worker.work():
            pass


async def outcome(url: str) -> dict[str, Any]:
    """What there is by now."""
    database = Database(url)
    cta: Any = CtaRow.__table__
    key = sa.func.count(sa.distinct(cta.c.dedupe_key))
    score = EVENTS.c.kind == SCORE_CHANGED.key
    left = sa.select(sa.func.count()).where(score, EVENTS.c.handled_at.is_(None))
    async with database.read() as reading:
        ((ctas, keys),) = await reading.execute(sa.select(sa.func.count(cta.c.id), key))
        ((waiting,),) = await reading.execute(left.select_from(EVENTS))
        fault = (await verify(reading)).fault
    await database.close()
    return {"ctas": ctas, "different": keys, "waiting": waiting, "audit": fault}


def worker(url: str) -> Popen[bytes]:
    """A process that works until nothing is left."""
    return Popen([sys.executable, "-m", "benchmarks.rules", "--work", url])


def measure(url: str, companies: int, count: int, kills: int) -> str:
    """The line of a database."""
    asyncio.run(prepare(url, companies, count))
    begin = time.monotonic()
    for _ in range(kills):
        process = worker(url)
        time.sleep(KILL_AFTER)
        process.kill()
        process.wait()
    both = [worker(url), worker(url)]
    for process in both:
        process.wait()
    seconds = time.monotonic() - begin
    return f"{seconds:.1f} s with {kills} kills: {asyncio.run(outcome(url))}"


def main() -> None:
    """Measure both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", metavar="URL", help="Only hand out what waits there.")
    parser.add_argument("--companies", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=EVENTS_OF_RUN)
    parser.add_argument("--kills", type=int, default=0)
    databases = ("sqlite", "postgresql")
    parser.add_argument("--only", choices=databases, help="One of the databases.")
    given = parser.parse_args()
    if given.work:
        with without_garbage_collection():
            asyncio.run(work(given.work))
        return
    sizes = (given.companies, given.events, given.kills)
    if given.only != "postgresql":
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{Path(folder) / 'rules.db'}"
            sys.stdout.write(f"sqlite {measure(url, *sizes)}\n")
    if given.only != "sqlite":
        with postgresql() as server:
            url = server.new("rules")
            try:
                sys.stdout.write(f"postgresql {measure(url, *sizes)}\n")
            finally:
                server.drop(url)


if __name__ == "__main__":
    main()
