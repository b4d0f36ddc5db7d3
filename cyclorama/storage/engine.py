"""The database: one object that opens reading and writing transactions.

A request reads in one transaction on one connection (`Database.read`), so that all its
statements see one state. Plans run on the driver itself (`Reading.fetch`).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import URL, Executable, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)

from cyclorama.errors import ConfigError

Parameters = Sequence[Any] | Mapping[str, Any]
Watch = Callable[[str], None]
"""Is told the text of every statement."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=5000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-65536",
    "PRAGMA temp_store=MEMORY",
)


def database_url(text: str) -> URL:
    """The URL with our drivers; `ConfigError` names a URL that can't be used."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise ConfigError(
            "The database URL can't be read; write sqlite:///file.db or "
            "postgresql://user:password@host/name (CYCLORAMA_DATABASE_URL)."
        ) from None
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    name = url.get_backend_name()
    if name not in drivers:
        raise ConfigError(
            f"The database {name!r} is not supported; use sqlite or postgresql."
        )
    return url.set(drivername=drivers[name])


class Reading:
    """One reading transaction on one connection; one statement at a time."""

    def __init__(self, connection: AsyncConnection, watches: list[Watch]) -> None:
        self.connection = connection
        self._watches = watches
        self._turn = asyncio.Lock()
        self._ended = False

    async def _alone(
        self, run: Callable[[], Awaitable[Sequence[Any]]]
    ) -> Sequence[Any]:
        """Run a statement when none other runs. Who waits for it may be cancelled: the
        statement ends all the same, so that the connection stays whole."""

        async def turn() -> Sequence[Any]:
            async with self._turn:
                if self._ended:
                    raise RuntimeError("The reading transaction has ended.")
                return await run()

        task = asyncio.ensure_future(turn())
        task.add_done_callback(lambda t: t.cancelled() or t.exception())
        return await asyncio.shield(task)

    async def end(self) -> None:
        """Wait for the statement that runs; none starts after it."""
        async with self._turn:
            self._ended = True

    async def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> Sequence[Any]:
        """All rows of a Core statement."""

        async def run() -> Sequence[Any]:
            return (await self.connection.execute(statement, parameters)).all()

        return await self._alone(run)

    async def fetch(self, sql: str, parameters: Parameters) -> Sequence[Sequence[Any]]:
        """All rows of a statement's text, straight from the driver: `$1` with a list on
        PostgreSQL, `:name` with a mapping on SQLite."""
        for watch in self._watches:
            watch(sql)

        async def run() -> Sequence[Any]:
            raw = await self.connection.get_raw_connection()
            driver: Any = raw.driver_connection
            if self.connection.dialect.name == "sqlite":
                rows: list[Any] = await driver.execute_fetchall(sql, parameters)
                return rows
            fetched: list[Any] = await driver.fetch(sql, *parameters)
            return fetched

        return await self._alone(run)


class Database:
    """A SQLite file or a PostgreSQL schema, and the ways to read and write it."""

    def __init__(self, url: str, *, pool_size: int = 8, echo: bool = False) -> None:
        self.url = database_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.watches: list[Watch] = []
        self.engine = self._pool(pool_size)
        # Who writes holds a reading transaction, too: one pool for both could be full of
        # readers that wait for each other's second connection.
        self._writing = self._pool(1 if self.is_sqlite else max(2, pool_size // 2))

    def _pool(self, size: int) -> AsyncEngine:
        made = self._sqlite(size) if self.is_sqlite else self._postgres(size)
        event.listen(made.sync_engine, "before_cursor_execute", self._tell_watches)
        return made

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return "sqlite" if self.is_sqlite else "postgresql"

    def _tell_watches(self, _conn: Any, _cur: Any, statement: str, *_: Any) -> None:
        for watch in self.watches:
            watch(statement)

    def _sqlite(self, pool_size: int) -> AsyncEngine:
        memory = self.url.database in (None, "", ":memory:")
        if memory:
            raise ConfigError("A SQLite database needs a file: sqlite:///cyclorama.db.")
        engine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            connect_args={"cached_statements": 512},
        )

        @event.listens_for(engine.sync_engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            connection.isolation_level = None
            cursor = connection.cursor()
            for pragma in _PRAGMAS:
                cursor.execute(pragma)
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def begin(connection: Any) -> None:
            options = connection.get_execution_options()
            immediate = options.get("cyclorama_write", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

        return engine

    def _postgres(self, pool_size: int) -> AsyncEngine:
        try:
            return create_async_engine(
                self.url,
                pool_size=pool_size,
                max_overflow=0,
                pool_timeout=10,
                connect_args={
                    "timeout": 10,
                    "max_cacheable_statement_size": 0,
                    "statement_cache_size": 512,
                    "server_settings": {
                        "timezone": "UTC",
                        "jit": "off",
                        # A page's statement takes longer to plan than to run.
                        "plan_cache_mode": "force_generic_plan",
                    },
                },
            )
        except (ModuleNotFoundError, NoSuchModuleError):
            raise ConfigError(
                "PostgreSQL needs its driver: pip install 'cyclorama[postgres]'."
            ) from None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Reading]:
        """One reading transaction; all its statements see the same state."""
        async with self.engine.connect() as connection:
            if not self.is_sqlite:
                await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            async with connection.begin():
                reading = Reading(connection, self.watches)
                try:
                    yield reading
                finally:
                    await reading.end()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One writing transaction, committed at the end unless an error passes."""
        async with self._writing.connect() as plain:
            connection = await plain.execution_options(cyclorama_write=True)
            async with (
                AsyncSession(connection, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session

    async def check(self) -> None:
        """Raise `ConfigError` unless the database answers."""
        try:
            if self.is_sqlite:
                await asyncio.to_thread(_open_file, str(self.url.database))
            async with self.read() as reading:
                await reading.connection.exec_driver_sql("SELECT 1")
        except (OSError, TimeoutError, DBAPIError, sqlite3.Error) as error:
            shown = self.url.render_as_string(hide_password=True)
            raise ConfigError(
                f"The database {shown} can't be reached ({type(error).__name__}); "
                "check the URL, that the server runs and that the account may log in."
            ) from None

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
        await self._writing.dispose()


def _open_file(path: str) -> None:
    """Raise what is wrong with a SQLite file; the driver would raise it in a thread."""
    connection = sqlite3.connect(path, timeout=5)
    try:
        connection.execute("PRAGMA schema_version")
    finally:
        connection.close()
