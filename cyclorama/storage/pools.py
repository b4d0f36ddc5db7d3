"""Pools of connections, and what a connection is set to.

A pool has no overflow: who finds all connections taken waits for one, and not forever.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import URL, event
from sqlalchemy.exc import DisconnectionError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from cyclorama.errors import ConfigError
from cyclorama.storage.calendar import keep_extremes

MOST_STATEMENTS: Final = 100
"""That a connection holds prepared; each of a full page takes 2 MB of PostgreSQL's memory
for every connection."""
MOST_DAYS: Final = 50_000
"""Minutes whose day in a time zone is kept."""
BEGIN_BEHIND_PGBOUNCER: Final = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
    "SET LOCAL timezone = 'UTC'; SET LOCAL jit = off"
)
"""One message. The next transaction of this client may have another server connection,
so that what is set for a session would be set for somebody else."""
WRITE_BEHIND_PGBOUNCER: Final = "BEGIN; SET LOCAL timezone = 'UTC'; SET LOCAL jit = off"
_SET_LOCAL: Final = (
    "SELECT set_config('timezone', 'UTC', true), set_config('jit', 'off', true)"
)
_PRAGMAS: Final = (
    "PRAGMA busy_timeout=5000",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-65536",
    "PRAGMA temp_store=MEMORY",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """Makes the pools of one database."""

    url: URL
    wait_seconds: float
    """How long to wait for a connection; then SQLAlchemy's `TimeoutError`."""
    pgbouncer: bool = False
    """Whether pgbouncer in transaction mode is in between."""

    def readers(self, size: int) -> AsyncEngine:
        """For reading transactions, which the driver itself begins and ends."""
        made = self._make(size, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
        if self.url.get_backend_name() == "postgresql" and self.pgbouncer:
            # What SQLAlchemy asks of a new connection is prepared and then executed.
            pool = made.sync_engine
            event.listen(pool, "connect", _run("BEGIN"), insert=True)
            event.listen(pool, "connect", _run("ROLLBACK"))
        return made

    def writers(self, size: int) -> AsyncEngine:
        """For writing transactions and migrations; each ends its own."""
        made = self._make(size, pool_reset_on_return=None)
        if self.url.get_backend_name() == "sqlite":
            event.listen(made.sync_engine, "begin", _begin_immediate)
            return made
        event.listen(made.sync_engine, "checkout", _refuse_lost)
        if self.pgbouncer:
            event.listen(made.sync_engine, "begin", _set_local)
        return made

    def _make(self, size: int, **options: Any) -> AsyncEngine:
        options |= {
            "pool_size": size,
            "max_overflow": 0,
            "pool_timeout": self.wait_seconds,
        }
        if self.url.get_backend_name() == "sqlite":
            return self._sqlite(options)
        try:
            made = create_async_engine(
                self.url, connect_args=self._postgresql(), **options
            )
        except (ModuleNotFoundError, NoSuchModuleError):
            raise ConfigError(
                "PostgreSQL needs its driver: pip install 'cyclorama[postgres]'."
            ) from None
        event.listen(made.sync_engine, "connect", _keep_extremes)
        return made

    def _sqlite(self, options: Any) -> AsyncEngine:
        if self.url.database in (None, "", ":memory:"):
            raise ConfigError("A SQLite database needs a file: sqlite:///cyclorama.db.")
        engine = create_async_engine(
            self.url, connect_args={"cached_statements": MOST_STATEMENTS}, **options
        )
        event.listen(engine.sync_engine, "connect", prepare_file)
        return engine

    def _postgresql(self) -> dict[str, Any]:
        """What asyncpg is called with."""
        if self.pgbouncer:
            return {
                "timeout": 10,
                "statement_cache_size": 0,
                "prepared_statement_cache_size": 0,
                # A named one would stay behind on a server connection of somebody else.
                "prepared_statement_name_func": lambda: "",
            }
        return {
            "timeout": 10,
            "max_cacheable_statement_size": 0,
            "statement_cache_size": MOST_STATEMENTS,
            "server_settings": {
                "timezone": "UTC",
                "jit": "off",
                # A page's statement takes longer to plan than to run.
                "plan_cache_mode": "force_generic_plan",
            },
        }


def _run(statement: str) -> Any:
    def run(connection: Any, _record: Any) -> None:
        connection.run_async(lambda driver: driver.execute(statement))

    return run


def _keep_extremes(connection: Any, _record: Any) -> None:
    connection.run_async(keep_extremes)


def _set_local(connection: Any) -> None:
    connection.exec_driver_sql(_SET_LOCAL)


def _refuse_lost(connection: Any, _record: Any, _proxy: Any) -> None:
    """Have the pool replace a connection that the server has closed: the driver knows,
    so that nothing need be sent."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def prepare_file(connection: Any, _record: Any) -> None:
    """Set a new connection up. The journal's mode is the file's: where it can't be set
    because another connection is at it, that one has set it, or the next one will."""
    connection.isolation_level = None
    cursor = connection.cursor()
    with contextlib.suppress(sqlite3.OperationalError):
        cursor.execute("PRAGMA journal_mode=WAL")
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()
    connection.create_function("sqrt", 1, _square_root, deterministic=True)
    connection.create_function("cy_day", 2, _day, deterministic=True)


def _day(instant: str | None, zone: str) -> str | None:
    """The calendar day of an instant in a time zone."""
    if instant is None or zone == "UTC":
        return instant and instant[:10]
    return _local_day(instant[:16], zone)


@lru_cache(MOST_DAYS)
def _local_day(minute: str, zone: str) -> str:
    at = datetime.fromisoformat(minute).replace(tzinfo=UTC)
    return at.astimezone(ZoneInfo(zone)).date().isoformat()


def _square_root(value: float | None) -> float | None:
    """A function that not every build of SQLite has."""
    return None if value is None or value < 0 else math.sqrt(value)
