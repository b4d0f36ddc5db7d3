"""The database: one object that opens reading and writing transactions.

A request reads in one transaction on one connection (`Database.read`), so that all its
statements see one state. Plans run on the driver itself (`Reading.fetch`).
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Hashable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from copy import copy
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Executable, Select, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncSession,
)
from sqlalchemy.util.concurrency import greenlet_spawn

from cyclorama.errors import ConfigError
from cyclorama.storage.direct import DIRECT, Direct, directly, of_session
from cyclorama.storage.kept import Kept
from cyclorama.storage.pools import BEGIN_BEHIND_PGBOUNCER, Pools
from cyclorama.storage.prefix import PREFIX, WHOLE, Prefix, Shadowed
from cyclorama.storage.prepared import Prepared

Parameters = Sequence[Any]
Watch = Callable[[str], None]
"""Is told the text of every statement."""
Rollback = Callable[[], Awaitable[Any]]
Successor = Callable[[bool], Awaitable["Reading"]]
"""Gives the transaction in which a statement goes on that came too late for its own: that
has ended, or, as it is told, a neighbour's failure has made it useless."""
MOST_PREPARED = 256
MOST_MADE = 256
MOST_SHADOWED = 20_000_000
"""Characters of the statements of restricted viewers that are kept."""


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


class EndedError(RuntimeError):
    """A statement that comes too late for its transaction."""

    def __init__(self) -> None:
        super().__init__("The reading transaction has ended.")


class Reading:
    """One reading transaction on one connection; one statement at a time.

    Who waits for a statement may be cancelled, others go on reading: the statement comes
    to its end, or is stopped when the transaction ends."""

    def __init__(self, database: Database, pooled: Connection, driver: Any):
        self.connection = AsyncConnection(database.readers, pooled)
        self._pooled = pooled
        self.database = database
        self.restrict(database.prefix)
        self._driver = driver
        self._turn = asyncio.Lock()
        self._ended = False
        self.successor: Successor | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def restrict(self, prefix: Prefix | None) -> None:
        """From here on every statement reads what the prefix leaves, and no more."""
        self._prefix = prefix
        if prefix is not None:
            self._pooled.execution_options(**{PREFIX: prefix})

    async def end(self) -> None:
        """Stop what runs, in the database, too; nothing starts after it."""
        self._ended = True
        while self._tasks:
            if self.database.is_sqlite:
                await self._driver.interrupt()
            else:
                for task in self._tasks:
                    task.cancel()
            # A thread may not have begun yet with what was to be interrupted.
            await asyncio.wait(self._tasks, timeout=0.05)

    async def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> Sequence[Any]:
        """All rows of a Core statement."""
        rows: Sequence[Any] = await self._in_turn(
            lambda at: at.connection.execute(statement, parameters),
            lambda result: result.all(),
        )
        return rows

    async def guarded(self, statement: Executable) -> Sequence[Any]:
        """As `execute`, of a statement whose failure leaves the transaction as it was."""
        rows: Sequence[Any] = await self._in_turn(
            lambda at: at._within_savepoint(statement), lambda result: result.all()
        )
        return rows

    async def _within_savepoint(self, statement: Executable) -> Any:
        if self.database.is_sqlite:
            return await self.connection.execute(statement)
        await self._driver.execute("SAVEPOINT cy_guarded")
        try:
            result = await self.connection.execute(statement)
        except Exception:
            if not self._driver.is_closed():
                await self._driver.execute("ROLLBACK TO SAVEPOINT cy_guarded")
            raise
        await self._driver.execute("RELEASE SAVEPOINT cy_guarded")
        return result

    async def fetch(self, sql: str, parameters: Parameters) -> Sequence[Sequence[Any]]:
        """All rows of a statement's text, straight from the driver: `$1` on PostgreSQL,
        `?1` on SQLite."""
        return await self._fetched(sql, parameters, numbered=True)

    async def _fetched(
        self, sql: str, parameters: Parameters, *, numbered: bool
    ) -> Sequence[Sequence[Any]]:
        if self._prefix is not None:
            sql, parameters = self.database.shadowed(
                self._prefix, sql, parameters, numbered=numbered
            )
        self.database.tell_watches(sql)

        def run(at: Reading) -> Any:
            if self.database.is_sqlite:
                return at._driver.execute_fetchall(sql, parameters)
            return at._driver.fetch(sql, *parameters)

        rows: Sequence[Sequence[Any]] = await self._in_turn(run)
        return rows

    async def prepared(
        self, key: Hashable, make: Callable[[], Select[Any]], **values: Any
    ) -> list[Any]:
        """All rows of a Core statement that is compiled once for all requests with this
        key; `values` are its parameters by name."""
        statement = self.database.prepared(key, make)
        given = statement.parameters(values)
        rows = await self._fetched(statement.sql, given, numbered=False)
        return statement.rows(rows)

    async def _in_turn(
        self,
        run: Callable[[Reading], Awaitable[Any]],
        finish: Callable[[Any], Any] = lambda rows: rows,
    ) -> Any:
        try:
            return await self._turned(run, finish)
        except Exception as error:
            aborted = _is_aborted(error)
            if self.successor is None or not (aborted or isinstance(error, EndedError)):
                raise
            found = await self.successor(aborted)
            if found is self:
                raise
        return await found._in_turn(run, finish)

    async def _turned(self, run: Any, finish: Any) -> Any:
        async def turn() -> Any:
            async with self._turn:
                if self._ended:
                    raise EndedError
                return finish(await run(self))

        task = asyncio.ensure_future(turn())
        self._tasks.add(task)
        task.add_done_callback(self._done)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if self._ended and task.cancelled():  # the statement was, not who waits
                raise EndedError from None
            raise

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()


class Database:
    """A SQLite file or a PostgreSQL schema, and the ways to read and write it."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 8,
        pgbouncer: bool = False,
        wait_seconds: float = 10,
    ) -> None:
        self.url = database_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._pgbouncer = pgbouncer and not self.is_sqlite
        self.watches: list[Watch] = []
        self.before_close: list[Callable[[], Awaitable[None]]] = []
        """What still has to write."""
        pools = Pools(url=self.url, wait_seconds=wait_seconds, pgbouncer=pgbouncer)
        # Who writes holds a reading transaction, too: one pool for both could be full of
        # readers that wait for each other's second connection.
        self.engine = pools.writers(1 if self.is_sqlite else max(2, pool_size // 2))
        """For writing transactions and migrations."""
        self.readers = pools.readers(pool_size)
        """For reading transactions, which the driver itself begins and ends."""
        for pool in (self.engine, self.readers):
            event.listen(
                pool.sync_engine, "before_cursor_execute", self._send, retval=True
            )
        self.kept = Kept[Hashable, Prepared](MOST_PREPARED)
        """Compiled Core statements."""
        self.behind = Kept[Hashable, Shadowed](1024, MOST_SHADOWED)
        """Statements behind their shadows."""
        self.made = Kept[Hashable, Any](MOST_MADE)
        """What sections have made of rows, by keys that change where these do."""
        self.prefix: Prefix | None = None
        """What its readers may read; None: everything."""
        self.written = 0
        """How many writing transactions have ended; each that is `restricted` counts
        its own."""
        self._sent = [0]

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return "sqlite" if self.is_sqlite else "postgresql"

    @property
    def statements(self) -> int:
        """How many were sent, those that open and end transactions left out."""
        return self._sent[0]

    def restricted(self, prefix: Prefix | None) -> Database:
        """The same database, of which all that is read in any way is what the prefix
        leaves. What is written is not restricted: look it up before."""
        made = copy(self)
        made.prefix = prefix
        return made

    def tell_watches(self, statement: str) -> None:
        """Count a statement and show its text to those who watch."""
        self._sent[0] += 1
        for watch in self.watches:
            watch(statement)

    def prepared(self, key: Hashable, make: Callable[[], Select[Any]]) -> Prepared:
        """The compiled statement with this key."""
        dialect = self.readers.dialect
        return self.kept.get(key, lambda: Prepared(make(), dialect))

    def shadowed(
        self, prefix: Prefix, sql: str, parameters: Parameters, *, numbered: bool
    ) -> tuple[str, Parameters]:
        """A statement behind the shadows of a prefix, and its parameters."""
        given = len(parameters)
        found = self.behind.get(
            (prefix.key, sql, given, numbered),
            lambda: prefix.shadowed(sql, given, numbered=numbered),
            len(prefix.key) + 2 * len(sql),
        )
        return found.sql, prefix.parameters(found, parameters)

    def _send(
        self,
        _connection: Any,
        _cursor: Any,
        statement: str,
        parameters: Any,
        context: Any,
        many: bool,
    ) -> tuple[str, Any]:
        """What SQLAlchemy sends: behind the shadows of who reads on the connection."""
        prefix = context.execution_options.get(PREFIX)
        whole = many or context.execution_options.get(WHOLE)
        if prefix is not None and not whole:
            statement, parameters = self.shadowed(
                prefix, statement, parameters, numbered=not self.is_sqlite
            )
        self.tell_watches(statement)
        return statement, parameters

    @asynccontextmanager
    async def read(self, *, loosely: bool = False) -> AsyncIterator[Reading]:
        """One reading transaction; all its statements see the same state. `loosely` each
        sees what is there when it comes, which spares two turns to the database; behind
        pgbouncer, which sets connections up by transactions, it changes nothing."""
        pooled = await greenlet_spawn(self.readers.sync_engine.connect)
        driver: Any = None
        try:
            driver, rollback = await self._begun(pooled, loosely)
            reading = Reading(self, pooled, driver)
            try:
                yield reading
            finally:
                await reading.end()
                if rollback is not None and not self._is_lost(driver):
                    await rollback()
        finally:
            if driver is not None and self._is_lost(driver):
                await greenlet_spawn(pooled.invalidate)
            await greenlet_spawn(pooled.close)

    async def fetch(self, sql: str, parameters: Parameters) -> Sequence[Sequence[Any]]:
        """All rows of one statement's text, which needs no transaction to see one state;
        who is cancelled stops it in the database."""
        if self.prefix is not None:
            sql, parameters = self.shadowed(self.prefix, sql, parameters, numbered=True)
        self.tell_watches(sql)
        pooled = await greenlet_spawn(self.readers.sync_engine.pool.connect)
        driver: Any = pooled.driver_connection
        found: Sequence[Sequence[Any]]
        try:
            if self.is_sqlite:
                found = await self._interruptible(driver, sql, parameters)
            else:
                found = await driver.fetch(sql, *parameters)
            return found
        finally:
            if self._is_lost(driver):
                await greenlet_spawn(pooled.invalidate)
            else:  # it goes back as it is, which waits for nothing
                pooled.close()

    async def _interruptible(
        self, driver: Any, sql: str, parameters: Parameters
    ) -> Any:
        """The statement's thread is waited for, whoever is cancelled."""
        task = asyncio.ensure_future(driver.execute_fetchall(sql, parameters))
        try:
            return await asyncio.shield(task)
        finally:
            while not task.done():
                await driver.interrupt()
                await asyncio.wait({task}, timeout=0.05)

    async def _begun(
        self, pooled: Connection, loosely: bool
    ) -> tuple[Any, Rollback | None]:
        """The driver's own connection in a transaction, with what ends it. One that the
        server has closed meanwhile is replaced."""
        driver: Any = pooled.connection.driver_connection
        while True:
            if not self._is_lost(driver):
                if loosely and not self._pgbouncer:
                    return driver, None
                try:
                    return driver, await self._begin(driver)
                except Exception:
                    if not self._is_lost(driver):
                        raise
            driver = await greenlet_spawn(_replaced, pooled)

    def _is_lost(self, driver: Any) -> bool:
        return not self.is_sqlite and bool(driver.is_closed())

    async def _begin(self, driver: Any) -> Rollback:
        if self.is_sqlite:
            await driver.execute_fetchall("BEGIN")
            return partial(driver.rollback)
        if self._pgbouncer:
            await driver.execute(BEGIN_BEHIND_PGBOUNCER)
            return partial(driver.execute, "ROLLBACK")
        begun = driver.transaction(isolation="repeatable_read", readonly=True)
        await begun.start()
        return partial(begun.rollback)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One writing transaction, committed at the end unless an error passes."""
        try:
            async with (
                self.engine.connect() as connection,
                AsyncSession(connection, expire_on_commit=False) as session,
                session.begin(),
            ):
                if self.prefix is not None:
                    await connection.execution_options(**{PREFIX: self.prefix})
                way = of_session(session, connection, self.tell_watches)
                session.info[DIRECT] = way
                yield session
        finally:
            self.written += 1

    @asynccontextmanager
    async def write_directly(self) -> AsyncIterator[Direct]:
        """As `write`, without a session, which takes less time: for what is changed
        often."""
        try:
            async with directly(self.engine, self._pgbouncer, self.tell_watches) as way:
                yield way
        finally:
            self.written += 1

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
        """Close all connections, once what waits to be written is."""
        for finish in self.before_close:
            await finish()
        await self.readers.dispose()
        await self.engine.dispose()


def _is_aborted(error: Exception) -> bool:
    """Whether PostgreSQL refuses a statement for what an earlier one did wrong."""
    return getattr(getattr(error, "orig", error), "sqlstate", None) == "25P02"


def _replaced(pooled: Connection) -> Any:
    pooled.invalidate()
    return pooled.connection.driver_connection


def _open_file(path: str) -> None:
    """Raise what is wrong with a SQLite file; the driver would raise it in a thread."""
    connection = sqlite3.connect(path, timeout=5)
    try:
        connection.execute("PRAGMA schema_version")
    finally:
        connection.close()
