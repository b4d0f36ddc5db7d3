"""Databases for tests: a SQLite file and a PostgreSQL database of its own for each."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
from copies import (
    DEMO,
    MIGRATED,
    TABLES,
    Server,
    Templates,
    drop_templates,
    roomy,
    started,
)

from cyclorama.storage.engine import Database, database_url

SHARED = pytest.StashKey[Path]()
"""The folder that all workers of a run share."""


def pytest_xdist_auto_num_workers() -> int:
    """One more than processors: some always wait for a process that they started."""
    return (os.cpu_count() or 1) + 1


def pytest_configure(config: pytest.Config) -> None:
    """A folder for the run. It lies outside of pytest's, which a second run would close
    to the user that the PostgreSQL server runs as."""
    folder = getattr(config, "workerinput", {}).get("shared")
    if folder is None:
        made = tempfile.TemporaryDirectory(dir=roomy(), ignore_cleanup_errors=True)
        folder = made.name
        config.add_cleanup(made.cleanup)
        if given := os.environ.get("CYCLORAMA_TEST_DATABASE_URL"):
            config.add_cleanup(partial(drop_templates, Path(folder), given))
    config.stash[SHARED] = Path(folder)


def pytest_configure_node(node: Any) -> None:
    """Tell a worker of the folder."""
    node.workerinput["shared"] = str(node.config.stash[SHARED])


def pytest_collection_finish() -> None:
    """What is loaded by now need never be looked through for garbage."""
    gc.collect()
    gc.freeze()


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
def postgresql(pytestconfig: pytest.Config) -> Iterator[Server]:
    """The PostgreSQL server that is given, or that of the run."""
    given = os.environ.get("CYCLORAMA_TEST_DATABASE_URL")
    if given:
        with closing(Server(given)) as server:
            yield server
        return
    folder = pytestconfig.stash[SHARED]
    runtime = folder / "runtime"  # the folder itself is opened to the server's user
    runtime.mkdir(0o700, exist_ok=True)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    with started(folder) as url, closing(Server(url)) as server:
        yield server


@pytest.fixture(scope="session")
def templates(request: pytest.FixtureRequest) -> Templates:
    """What databases are copied from."""
    folder = request.config.stash[SHARED]
    return Templates(folder, lambda: request.getfixturevalue("postgresql"))


@pytest.fixture
def empty_postgresql_url(postgresql: Server) -> Iterator[str]:
    """The URL of a PostgreSQL database with nothing in it."""
    with postgresql.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    url: str = request.getfixturevalue("empty_postgresql_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def tables_url(request: pytest.FixtureRequest, templates: Templates) -> Iterator[str]:
    """The URL of a database with all tables, empty."""
    with templates.copied(TABLES, request.param) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def ready_url(request: pytest.FixtureRequest, templates: Templates) -> Iterator[str]:
    """The URL of a database as `cyclorama migrate` makes it."""
    with templates.copied(MIGRATED, request.param) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def demo_url(request: pytest.FixtureRequest, templates: Templates) -> Iterator[str]:
    """The URL of a database with the demo as of the test kit's clock."""
    with templates.copied(DEMO, request.param) as url:
        yield url


@pytest.fixture
def other_demo_url(demo_url: str, templates: Templates) -> Iterator[str]:
    """The URL of a second copy of the demo, beside that of `demo_url`."""
    engine = database_url(demo_url).get_backend_name()
    with templates.copied(DEMO, engine) as url:
        yield url


@pytest.fixture
def demo_sqlite_url(templates: Templates) -> Iterator[str]:
    """The URL of a SQLite file with the demo."""
    with templates.copied(DEMO, "sqlite") as url:
        yield url


@pytest.fixture
def demo_postgresql_url(templates: Templates) -> Iterator[str]:
    """The URL of a PostgreSQL database with the demo."""
    with templates.copied(DEMO, "postgresql") as url:
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
