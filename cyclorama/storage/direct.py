"""Statements of a writing transaction that are compiled once and run on the driver.

SQLAlchemy takes longer to send a small statement than the database to run it. What every
change sends goes this way; whatever is made anew each time goes through the session.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from cyclorama.storage.prefix import WHOLE
from cyclorama.storage.prepared import Prepared, Statement

MOST_PREPARED: Final = 256
DIRECT: Final = "cy_direct"
"""What a session knows its own by."""
_OPTIONS: Final = {WHOLE: True}


class Direct:
    """The way of one writing transaction. It reads all rows, whoever asks."""

    def __init__(
        self,
        connection: AsyncConnection,
        session: AsyncSession | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._connection, self._session = connection, session
        self.dialect = connection.dialect.name
        """`sqlite` or `postgresql`."""
        self._tell = tell
        """Is told of statements past SQLAlchemy; None: there are none."""
        self._driver: Any = None

    async def fetch(
        self, statement: Statement, values: Mapping[str, Any]
    ) -> Sequence[Any]:
        """All rows of a statement."""
        if not await self._has_begun():
            at = self._connection
            return (
                await at.execute(statement, values, execution_options=_OPTIONS)
            ).all()
        prepared = _prepared(statement, self._connection.dialect)
        rows = await self._run(prepared.sql, prepared.parameters(values))
        return prepared.rows(rows)

    async def send(
        self, statement: Statement, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Run a statement that gives nothing with each of these values; a column without
        one is null."""
        if not await self._has_begun():
            await self._connection.execute(statement, list(rows))
            return
        prepared = _prepared(statement, self._connection.dialect)
        given = [prepared.parameters(row) for row in rows]
        if len(given) == 1:
            await self._run(prepared.sql, given[0])
        else:
            await self._run_many(prepared.sql, given)

    async def _has_begun(self) -> bool:
        """Whether the transaction runs, which its first statement begins; all that the
        session still holds has been sent then."""
        if self._session is None or self._tell is None:
            return False
        session = self._session.sync_session
        if session.new or session.dirty or session.deleted:
            await self._session.flush()
        if self._driver is None:
            await self._session.connection()
            raw = await self._connection.get_raw_connection()
            self._driver = raw.driver_connection
        if self.dialect == "sqlite":
            return bool(self._driver.in_transaction)
        return bool(self._driver.is_in_transaction())

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
        assert self._tell is not None
        self._tell(sql)
        try:
            return await running
        except Exception as error:
            raise DBAPIError(sql, None, error) from error


def direct(at: AsyncSession | AsyncConnection) -> Direct:
    """The direct way of a session of `Database.write`; for what is none, one that takes
    SQLAlchemy's."""
    if isinstance(at, AsyncConnection):
        return Direct(at)
    found: Direct = at.info[DIRECT]
    return found


@lru_cache(MOST_PREPARED)
def _prepared(statement: Statement, dialect: Dialect) -> Prepared:
    return Prepared(statement, dialect)
