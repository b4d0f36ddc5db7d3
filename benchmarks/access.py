"""What rules of access cost: pages, lists and counts of who reads half of the records.

    python -m benchmarks.access [--companies N] [--database URL]

measures in one process, in rounds that take turns: on SQLite the CPU time, on PostgreSQL,
whose work is done elsewhere, the time that passes.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from benchmarks import operations
from benchmarks.database import VIEWER, fill, postgresql
from benchmarks.inside import answered, opened
from cyclorama.app import App
from cyclorama.layouts.access import ALLOW, AccessBook, AccessRule, Team
from cyclorama.layouts.model import Clause
from cyclorama.resolvers.access_book import save_access
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import CompanyRow, UserRow

QUESTIONS = {
    "full page": operations.text("full"),
    "first 50 by name": "{ companies(first: 50) { edges { node { id name } } } }",
    "count": "{ companies(first: 1) { totalCount } }",
    "search": '{ search(text: "an", first: 10) { edges { matched } } }',
}


async def books(database: Database) -> Mapping[str, AccessBook]:
    """Nothing, and the ways to leave the viewer about half of the companies."""
    async with database.read() as reading:
        rows = await reading.execute(
            sa.select(CompanyRow.id, CompanyRow.employees).order_by(CompanyRow.id)
        )
        query = sa.select(UserRow.id).where(UserRow.email == VIEWER)
        ((viewer,),) = await reading.execute(query)
    employees = statistics.median(r.employees for r in rows if r.employees is not None)
    half = frozenset(r.id for r in rows[::2])
    team = Team(key="made", name="Made", members=frozenset({viewer}), records=half)
    return {
        "no rules": AccessBook(),
        "an attribute": _allowing(Clause("employees", "LTE", (employees,))),
        "a team's": AccessBook(
            rules=_allowing(Clause("teams", "IN", ("$viewer.teams",))).rules,
            teams=(team,),
        ),
    }


def _allowing(clause: Clause) -> AccessBook:
    rule = AccessRule(
        rank=0, name="Made", kind="COMPANY", effect=ALLOW, record=(clause,)
    )
    return AccessBook(rules=(rule,))


async def measured(url: str, count: int) -> dict[str, dict[str, float]]:
    """Milliseconds by question and book, the median of rounds."""
    async with opened(url) as app:
        held = await books(app.database)
        readable = {name: await _readable(app, book) for name, book in held.items()}
        times: dict[str, dict[str, list[float]]] = {
            question: {name: [] for name in held} for question in QUESTIONS
        }
        for _ in range(3):
            for name, book in held.items():
                await _apply(app, book)
                ids = readable[name][:count]
                for question, query in QUESTIONS.items():
                    await answered(app, query, ids[0])
                    times[question][name] += [
                        await _once(app, query, company) for company in ids
                    ]
        await _apply(app, AccessBook())
    return {
        question: {name: statistics.median(found) for name, found in by.items()}
        for question, by in times.items()
    }


async def _apply(app: App, book: AccessBook) -> None:
    async with app.database.write() as session:
        await save_access(session, book)


async def _readable(app: App, book: AccessBook) -> list[str]:
    await _apply(app, book)
    async with app.as_user(VIEWER) as context:
        query = sa.select(CompanyRow.id).order_by(CompanyRow.id)
        return [i for (i,) in await context.reading.execute(query)]


async def _once(app: App, query: str, company: str) -> float:
    is_sqlite = app.database.is_sqlite
    clock = time.process_time if is_sqlite else time.perf_counter
    started = clock()
    await answered(app, query, company)
    return (clock() - started) * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.access")
    parser.add_argument("--companies", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--database", metavar="URL", help="a PostgreSQL server")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _print(f"sqlite:///{Path(folder) / 'access.db'}", asked)
    with postgresql(asked.database) as server:
        url = server.new("access")
        _print(url, asked)
        server.drop(url)


def _print(url: str, asked: argparse.Namespace) -> None:
    asyncio.run(fill(url, asked.companies))
    found = asyncio.run(measured(url, asked.repeats))
    print(f"{url.partition(':')[0]}, {asked.companies:,} companies, ms")
    for question, by in found.items():
        said = ", ".join(f"{name} {ms:.2f}" for name, ms in by.items())
        print(f"  {question}: {said}")


if __name__ == "__main__":
    main()
