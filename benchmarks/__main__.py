"""Cyclorama beside other ways to serve the same pages.

    python -m benchmarks [--quick] [--database URL] [--json FILE]

Makes the data in PostgreSQL (a server of its own without `--database`) and in SQLite,
checks that all variants answer the same, lets them take turns, prints what came of it
and writes the tables into docs/performance.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson

from benchmarks import growth, inside, layouts, operations, peers, report
from benchmarks.data import COMPANIES
from benchmarks.database import Filled, Server, fill, postgresql
from benchmarks.measuring import check_answers, measure
from benchmarks.results import ALONE, BUSY, Results
from benchmarks.serving import served

VARIANTS = ("limit", "cyclorama", "tuned", "naive")
ON_SQLITE = ("cyclorama", "naive")


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is measured."""

    companies: int
    rounds: int
    seconds: float
    sizes: tuple[int, ...]
    """Numbers of companies beside `companies`."""
    repeats: int
    """Of what is measured in one process."""
    operations: int
    """Different ones for the memory of a worker."""


QUICK = Pace(COMPANIES, 2, 0.5, (1_000,), 15, 100)
WHOLE = Pace(COMPANIES, 5, 1.5, (1_000, 100_000), 200, 1_000)


def step(text: str) -> None:
    """Say on standard error what comes now."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr)


def compared(
    results: Results,
    filled: Filled,
    server: Server | None,
    names: Sequence[str],
    pace: Pace,
) -> None:
    """Check and measure the variants on a database."""
    ids = operations.company_ids(filled.companies)
    on_sqlite = filled.dialect == "sqlite"
    with ExitStack() as stack:
        running = [stack.enter_context(served(n, filled.url)) for n in names]
        asked = {
            name: operations.worded(name, filled.token, ids, names)
            for name in operations.NAMES
        }
        for requests in asked.values():
            check_answers(running, requests)
        for name, requests in asked.items():
            found = measure(
                running,
                server.process if server else None,
                name,
                requests,
                rounds=pace.rounds,
                seconds=pace.seconds,
                concurrency=(ALONE, BUSY) if on_sqlite else (ALONE, BUSY, 32),
            )
            (results.sqlite if on_sqlite else results.postgresql).extend(found)


def grown(results: Results, filled: Filled, server: Server, pace: Pace) -> None:
    """How cost grows."""
    given = {"rounds": pace.rounds, "seconds": pace.seconds}
    step("rows")
    results.growth["rows"] = growth.rows(filled, server, **given)
    step("layouts")
    results.growth["layouts"] = growth.layouts(filled, server, **given)
    step("companies")
    results.growth["companies"] = growth.companies(filled, server, pace.sizes, **given)
    step("plugins")
    results.growth["plugins"] = growth.plugins(pace.repeats)


def within(results: Results, filled: Filled, pace: Pace) -> None:
    """What is measured in one process, on SQLite."""
    held = results.inside
    step("full page without HTTP, new texts")
    held["sqlite.full_page_ms"] = asyncio.run(inside.full_page(filled, pace.repeats))
    held["new_text_ms"] = asyncio.run(inside.new_text(filled, pace.repeats))
    step("audit")
    spent = asyncio.run(inside.audit(filled, pace.repeats))
    held |= {f"audit.{k}": v for k, v in spent.items()}
    step("layouts")
    held["resolve_layout_ms"] = layouts.resolving(pace.repeats * 5)
    held["plan_layouts_s"] = layouts.planned(max(pace.companies, *pace.sizes))
    step("start-up")
    for plugins in (5, 25, 50):
        held[f"start_up_{plugins}_s"] = inside.start_up(filled, plugins, 3)
    step("memory")
    memory = inside.memory_growth(filled, many=pace.operations)
    held |= {f"memory.{k}": v for k, v in memory.items()}
    step("resolver form")
    plain = asyncio.run(inside.resolver_form(pace.repeats))
    held |= {f"resolver_form.{k}": v for k, v in plain.items()}


def on_node(results: Results) -> tuple[str, ...]:
    """The peers that take part; the results say by which Node, or why there are none."""
    step("installing the peers on Node")
    reason = peers.left_out()
    if reason is None:
        results.setting["node"] = peers.node_version()
        return peers.NAMES
    results.setting["left_out"] = f"{' and '.join(peers.NAMES)}: {reason}"
    step(f"left out: {results.setting['left_out']}")
    return ()


def run(pace: Pace, given: str | None) -> Results:
    """All of it."""
    results = Results(
        {
            "when": str(date.today()),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "companies": pace.companies,
            "rounds": pace.rounds,
            "seconds": pace.seconds,
        }
    )
    names = [*VARIANTS, *on_node(results)]
    with postgresql(given) as server:
        step("making the rows in PostgreSQL")
        filled = asyncio.run(fill(server.new("main"), pace.companies))
        compared(results, filled, server, names, pace)
        grown(results, filled, server, pace)
        server.drop(filled.url)
    with tempfile.TemporaryDirectory() as folder:
        step("making the rows in SQLite")
        url = f"sqlite:///{Path(folder) / 'benchmark.db'}"
        filled = asyncio.run(fill(url, pace.companies))
        compared(results, filled, None, ON_SQLITE, pace)
        within(results, filled, pace)
    return results


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it, print the tables, write them where they belong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="within five minutes")
    parser.add_argument("--database", metavar="URL", help="a PostgreSQL server")
    parser.add_argument("--json", metavar="FILE", type=Path, help="every median")
    asked = parser.parse_args(arguments)
    results = run(QUICK if asked.quick else WHOLE, asked.database)
    text = report.markdown(results)
    print(text)
    print(
        report.table(
            ["ratio", "Cyclorama's over the other's"], results.ratios().items()
        )
    )
    if asked.json:
        asked.json.write_bytes(
            orjson.dumps(results.as_json(), option=orjson.OPT_INDENT_2)
        )
    report.write(text)


if __name__ == "__main__":
    main()
