"""How long scores take to write, in one process without HTTP.

    python -m benchmarks.writing [--database URL] [--companies 10000]

Sets single scores on a card of 40 measures, 5,000 scores of as many companies in one
call, and closes the day for all companies. Times hold sign-in, layouts, checks, the
audit log and the answer.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import structlog

from benchmarks.data import COMPANIES
from benchmarks.database import Filled, fill, postgresql
from benchmarks.inside import opened
from benchmarks.report import table
from cyclorama.app import App
from cyclorama.execution.engine import Operation
from cyclorama.layouts.yaml_text import write_yaml
from cyclorama.plugins import Work
from cyclorama.sections.scorecard.commands import apply, close
from cyclorama.storage.accounts import credential_of, sign_in
from cyclorama.storage.audit import Actor, Author

FEW = 200
"""Companies whose single scores are set."""
MEASURES = 40
ROWS = 5_000
SET = """
mutation Set($input: SetScoreInput!) {
  setScore(input: $input) {
    measure { score { value label trend } }
    overall { value label trend }
    errors { path code message }
  }
}
"""
SET_MANY = """
mutation SetMany($input: BulkSetScoresInput!) {
  bulkSetScores(input: $input) {
    changed
    renewed
    refused
    results { recordId status value overall errors { path code message } }
    errors { path code message }
  }
}
"""


def forty() -> dict[str, Any]:
    """The file of a card of five groups with eight measures each."""
    kind = {"kind": "COMPANY"}
    colors = (("At risk", 0, 50), ("Watch", 50, 75), ("Healthy", 75, 100))
    bands = [
        {"label": label, "color": "#667085", "from": low, "to": high}
        for label, low, high in colors
    ]
    names = [f"measure{n}" for n in range(MEASURES)]
    measures = [{"key": n, "name": n, "validity_days": 90, **kind} for n in names]
    groups = [
        {
            "group": f"group{g}",
            "weight": 10 + g,
            "measures": [
                {"measure": name, "weight": 1 + n % 3}
                for n, name in enumerate(names[g * 8 : g * 8 + 8])
            ],
        }
        for g in range(5)
    ]
    card = {"key": "forty", "name": "Forty", "scheme": "COLOR", "is_default": True}
    return {
        "schemes": [{"kind": "COLOR", "bands": bands}],
        "measures": measures,
        "scorecards": [{**card, **kind, "nodes": groups}],
    }


def work_of(app: App) -> Work:
    """What the section's commands work with."""
    at = app.now()
    actor = Actor(kind="COMMAND", id=None, name="benchmark")
    author = Author(actor=actor, at=at, operation="benchmark")
    return Work(database=app.database, author=author, today=app.today(at), fields=())


async def told(app: App, token: str, query: str, input: Any) -> Any:
    """The payload of a mutation."""
    now = app.now()
    signing = partial(sign_in, token=token, now=now)
    operation = Operation(query=query, variables={"input": input})
    async with app.context(signing, now=now, operation=operation) as context:
        context.credential = credential_of(token)
        answer = await app.answer(operation, context)
    found = orjson.loads(answer.body)
    if "errors" in found:
        raise SystemExit(answer.body.decode())
    (payload,) = found["data"].values()
    if payload["errors"]:
        raise SystemExit(str(payload["errors"]))
    return payload


async def single(filled: Filled, count: int) -> dict[str, float]:
    """Milliseconds of one score on a card of 40 measures that all have scores, and the
    statements that it takes."""
    async with opened(filled.url) as app:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "forty.yaml"
            file.write_text(write_yaml(forty()))
            await apply(work_of(app), file)
        records = [f"company_{1 + n}" for n in range(min(20, filled.companies))]

        async def one(number: int) -> None:
            record = records[number % len(records)]
            measure = f"measure{number // len(records) % MEASURES}"
            value = float(number * 7 % 101)
            given = {"recordId": record, "measureKey": measure, "value": value}
            await told(app, filled.token, SET, given)

        for number in range(len(records) * MEASURES):
            await one(number)
        sent = app.database.statements
        await one(1)
        sent = app.database.statements - sent
        times = []
        spent = time.process_time()
        for number in range(count):
            started = time.perf_counter()
            await one(number * 13)
            times.append((time.perf_counter() - started) * 1000)
        spent = (time.process_time() - spent) / count * 1000
    return {
        "one score, p50 in ms": statistics.median(times),
        "one score, p95 in ms": sorted(times)[len(times) * 95 // 100],
        "one score, our CPU in ms": spent,
        "one score, statements with sign-in": float(sent),
    }


async def many(filled: Filled) -> dict[str, float]:
    """Seconds of the bulk call and of the close, and the megabytes that the process has
    had at most."""
    found = {}
    size = filled.companies

    async def timed(name: str, doing: Awaitable[Any]) -> Any:
        started = time.perf_counter()
        done = await doing
        found[f"{name}, s"] = time.perf_counter() - started
        return done

    async with opened(filled.url) as app:
        rows = [
            {
                "recordId": f"company_{1 + n % size}",
                "measureKey": f"measure{1 + n // size}",
                "value": 50 + n % 50,
            }
            for n in range(ROWS)
        ]
        payload = await timed(
            f"{ROWS:,} scores", told(app, filled.token, SET_MANY, {"rows": rows})
        )
        if payload["refused"]:
            raise SystemExit(f"{payload['refused']} rows were refused.")
        before = _megabytes()
        await timed(f"close of {size:,} companies", close(work_of(app)))
        await timed("the same once more", close(work_of(app)))
        found["memory that the close adds, MB"] = _megabytes() - before
    return found


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def figures(few: str, all_: str, companies: int, count: int) -> dict[str, float]:
    """All of them, on two empty databases."""
    found = await single(await fill(few, min(FEW, companies)), count)
    return found | await many(await fill(all_, companies))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure on PostgreSQL and on SQLite, and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.writing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--database", help="a PostgreSQL server to make databases on")
    parser.add_argument("--companies", type=int, default=COMPANIES)
    parser.add_argument("--count", type=int, default=500, help="of single scores")
    given = parser.parse_args(arguments)
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    with postgresql(given.database) as server:
        urls = [server.new("few"), server.new("many")]
        on_server = asyncio.run(figures(*urls, given.companies, given.count))
        for url in urls:
            server.drop(url)
    with tempfile.TemporaryDirectory() as folder:
        urls = [f"sqlite:///{Path(folder) / name}.db" for name in ("few", "many")]
        on_file = asyncio.run(figures(*urls, given.companies, given.count))
    rows = [[name, value, on_file[name]] for name, value in on_server.items()]
    print(table(["figure", "PostgreSQL", "SQLite"], rows))


if __name__ == "__main__":
    main()
