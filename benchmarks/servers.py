"""Granian and uvicorn with the same application: one worker, a light query, a health check.

pip install uvicorn && python -m benchmarks.servers [--seconds S] [--rounds N]

A single run can be far off; the rounds take turns in who begins.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import psutil

from benchmarks.load import load, request_bytes
from benchmarks.serving import GRANIAN, ROOT, Running, cpu, first_answer
from cyclorama.app import clock, graph
from cyclorama.plugins.setup import bring_up_to_date
from cyclorama.storage.accounts import add_user, create_token
from cyclorama.storage.engine import Database

UVICORN = """
import sys, uvicorn
sys.path.insert(0, sys.argv[1])
uvicorn.run(sys.argv[2], factory=True, port=int(sys.argv[3]), access_log=False,
            log_level="error", loop="asyncio")
"""


async def prepare(url: str) -> str:
    """A migrated database; the token of its only user."""
    database = Database(url)
    await bring_up_to_date(database, graph())
    async with database.write() as session:
        await add_user(session, email="ann@example.com", now=clock())
        token = await create_token(session, email="ann@example.com", now=clock())
    await database.close()
    return token


@contextmanager
def served(program: str, port: int, url: str) -> Iterator[psutil.Process]:
    """A server process with one worker."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(ROOT), "cyclorama.app:asgi", str(port)],
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


async def measured(
    port: int, request: bytes, server: psutil.Process, seconds: float
) -> str:
    """The figures of one server and one request, as cells of a table."""
    await first_answer(Running("server", port, server), request)
    alone = await load(port, [request], 1, seconds)
    before = cpu([server])
    many = await load(port, [request], 8, seconds)
    used = (cpu([server]) - before) * 1000 / many.requests
    return f"{alone.p50:.2f} | {many.per_second:.0f} | {used:.2f}"


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print("| server | request | p50 ms | requests/s | CPU ms |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'servers.db'}"
        token = asyncio.run(prepare(url))
        body = orjson.dumps({"query": "{ viewer { email } }"})
        query = request_bytes("/graphql", token, body)
        health = b"GET /healthz HTTP/1.1\r\nhost: benchmark\r\n\r\n"
        names = ["granian", "uvicorn", "uvicorn", "granian"] * given.rounds
        for port, name in enumerate(names[: 2 * given.rounds], 8710):
            with served(GRANIAN if name == "granian" else UVICORN, port, url) as server:
                for kind, request in (("query", query), ("health", health)):
                    cells = asyncio.run(measured(port, request, server, given.seconds))
                    print(f"| {name} | {kind} | {cells} |")


if __name__ == "__main__":
    main()
