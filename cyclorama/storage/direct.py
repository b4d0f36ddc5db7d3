"""Statements of a writing transaction that are compiled once and run on the driver.

SQLAlchemy takes longer to send a small statement than the database to run it. What every
change sends goes this way.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.util.concurrency import greenlet_spawn

from cyclorama.storage.pools import WRITE_BEHIND_PGBOUNCER
from cyclorama.storage.prefix import WHOLE
from cyclorama.storage.prepared import Prepared, Statement

MOST_PREPARED: Final = 256
DIRECT: Final = "cy_direct"
"""What a session knows its own by."""
_OPTIONS: Final = {WHOLE: True}


class Direct:
    """The way of one writing transaction, which has begun on the driver. It reads all
    rows, whoever asks."""

    def __init__(self, dialect: Dialect, driver: Any, tell: Callable[[str], None]):
        self._dialect, self._driver, self._tell = dialect, driver, tell
        self.dialect = dialect.name
        """`sqlite` or `postgresql`."""

    async def fetch(
        self, statement: Statement, values: Mapping[str, Any]
    ) -> Sequence[Any]:
        """All rows of a statement that stays."""
        return await self._fetched(_prepared(statement, self._dialect), values)

    async def execute(
        self, statement: Statement, values: Mapping[str, Any]
    ) -> Sequence[Any]:
        """All rows of a statement that is made for this once."""
        return await self._fetched(Prepared(statement, self._dialect), values)

    async def send(
        self, statement: Statement, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Run a statement that stays and gives nothing with each of these values; a
        column without one is null."""
        prepared = _prepared(statement, self._dialect)
        given = [prepared.parameters(row) for row in rows]
        if len(given) == 1:
            await self._run(prepared.sql, given[0])
        else:
            await self._run_many(prepared.sql, given)

    async def _fetched(
        self, prepared: Prepared, values: Mapping[str, Any]
    ) -> Sequence[Any]:
        sql, given = prepared.expanded(values)
        return prepared.rows(await self._run(sql, given))

    async def _run(self, sql: str, values: Sequence[Any]) -> Any:
        if self.dialect == "sqlite":
            return await self._told(sql, self._driver.execute_fetchall(sql, values))
        return await self._told(sql, self._driver.fetch(sql, *values))

    async def _run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        if self.dialect == "sqlite":
            cursor = await self._told(sql, self._driver.executemany(sql, rows))
            await cursor.close()
        else:
            await self._told(sql, self._driver.executemany(sql, rows))

    async def _told(self, sql: str, running: Awaitable[Any]) -> Any:
        self._tell(sql)
        return await translated(sql, running)


class _Beside(Direct):
    """The way of a session's transaction, which its first statement begins. SQLAlchemy
    sends that one, what is made anew each time, and all where there is no session."""

    def __init__(
        self,
        connection: AsyncConnection,
        session: AsyncSession | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(connection.dialect, None, tell)
        self._connection, self._session = connection, session
        self._has_joined = session is None

    async def fetch(
        self, statement: Statement, values: Mapping[str, Any]
    ) -> Sequence[Any]:
        if await self._has_begun():
            return await super().fetch(statement, values)
        return await self.execute(statement, values)

    async def execute(
        self, statement: Statement, values: Mapping[str, Any]
    ) -> Sequence[Any]:
        await self._flushed()
        at = self._connection
        return (await at.execute(statement, values, execution_options=_OPTIONS)).all()

    async def send(
        self, statement: Statement, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        if await self._has_begun():
            await super().send(statement, rows)
        else:
            await self._connection.execute(statement, list(rows))

    async def _has_begun(self) -> bool:
        """Whether the transaction runs; all that the session still holds has been sent
        then."""
        if self._session is None:
            return False
        await self._flushed()
        if self._driver is None:
            raw = await self._connection.get_raw_connection()
            self._driver = raw.driver_connection
        if self.dialect == "sqlite":
            return bool(self._driver.in_transaction)
        return bool(self._driver.is_in_transaction())

    async def _flushed(self) -> None:
        """Have the session send what it holds, on this connection."""
        if self._session is None:
            return
        session = self._session.sync_session
        if session.new or session.dirty or session.deleted:
            await self._session.flush()
        if not self._has_joined:
            await self._session.connection()
            self._has_joined = True


async def translated(sql: str, running: Awaitable[Any]) -> Any:
    """What the driver gives; its errors as SQLAlchemy's."""
    try:
        return await running
    except Exception as error:
        raise DBAPIError(sql, None, error) from error


@asynccontextmanager
async def directly(
    engine: AsyncEngine, pgbouncer: bool, tell: Callable[[str], None]
) -> AsyncIterator[Direct]:
    """A writing transaction on a connection of the engine's pool, committed at the end
    unless an error passes."""
    is_sqlite = engine.dialect.name == "sqlite"
    begin = "BEGIN IMMEDIATE" if is_sqlite else "BEGIN"
    pooled = await greenlet_spawn(engine.sync_engine.pool.connect)
    driver: Any = pooled.driver_connection

    def is_lost() -> bool:
        return not is_sqlite and bool(driver.is_closed())

    async def run(sql: str) -> None:
        send = driver.execute_fetchall if is_sqlite else driver.execute
        await translated(sql, send(sql))

    has_ended = False
    try:
        await run(WRITE_BEHIND_PGBOUNCER if pgbouncer else begin)
        yield Direct(engine.dialect, driver, tell)
        await run("COMMIT")
        has_ended = True
    finally:
        try:
            if not has_ended and not is_lost():
                # Where somebody was cancelled, SQLite may only now begin.
                await (driver.rollback() if is_sqlite else run("ROLLBACK"))
                has_ended = True
        finally:
            if has_ended and not is_lost():
                pooled.close()
            else:
                await greenlet_spawn(pooled.invalidate)


def of_session(
    session: AsyncSession, connection: AsyncConnection, tell: Callable[[str], None]
) -> Direct:
    """The direct way of a session on this connection; `tell` is told of statements past
    SQLAlchemy."""
    return _Beside(connection, session, tell)


def direct(at: Direct | AsyncSession | AsyncConnection) -> Direct:
    """The direct way of a session of `Database.write`; for what is none, one that takes
    SQLAlchemy's."""
    if isinstance(at, Direct):
        return at
    if isinstance(at, AsyncConnection):
        return _Beside(at)
    found: Direct = at.info[DIRECT]
    return found


@lru_cache(MOST_PREPARED)
def _prepared(statement: Statement, dialect: Dialect) -> Prepared:
    return Prepared(statement, dialect)
