"""Errors that say that the database can't be used just now."""

from __future__ import annotations

import sqlite3
from typing import Final

from sqlalchemy import exc

_OURS: Final = (exc.ProgrammingError, exc.IntegrityError, exc.DataError)
"""What a database that answers says of a statement that is wrong."""
_SQLITE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
"""Result codes of SQLite that say so of the file."""
_POSTGRESQL: Final = ("08", "53", "57")
"""Classes of codes: no connection, no resources, the operator has stepped in."""
_CANCELED: Final = "57014"
MESSAGE: Final = "The database can't be reached just now; try again in a moment."


def is_unavailable(error: BaseException | None) -> bool:
    """Whether an error says that the database can't be used just now: it does not answer,
    it is locked, full or broken, or all connections are taken."""
    if isinstance(error, exc.DBAPIError):
        if isinstance(error.orig, sqlite3.Error):
            return is_unavailable(error.orig)
        code = getattr(error.orig, "sqlstate", None)
        if code:  # the server has answered; its class of error is none of SQLAlchemy's
            return _is_outage(code)
        return error.connection_invalidated or not isinstance(error, _OURS)
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _SQLITE
    if isinstance(error, (exc.TimeoutError, exc.DisconnectionError, OSError)):
        return True
    return _is_of_asyncpg(error)


def _is_of_asyncpg(error: BaseException | None) -> bool:
    """Whether it is an error of PostgreSQL's driver, which need not be installed, that
    says so: by its class, or by the class of its code."""
    names = {c.__name__ for c in type(error).__mro__ if c.__module__[:7] == "asyncpg"}
    if "InternalClientError" in names:  # the server has said that it closes, not more
        return "cannot switch to state" in str(error)
    code = str(getattr(error, "sqlstate", None) or "")
    return bool(names) and ("InterfaceError" in names or _is_outage(code))


def _is_outage(code: str) -> bool:
    return code[:2] in _POSTGRESQL and code != _CANCELED
