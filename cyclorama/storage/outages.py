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
MESSAGE: Final = "The database can't be reached just now; try again in a moment."


def is_unavailable(error: BaseException | None) -> bool:
    """Whether an error says that the database can't be used just now: it does not answer,
    it is locked, full or broken, or all connections are taken."""
    if isinstance(error, exc.DBAPIError):
        if isinstance(error.orig, sqlite3.Error):
            return is_unavailable(error.orig)
        return error.connection_invalidated or not isinstance(error, _OURS)
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _SQLITE
    return isinstance(error, (exc.TimeoutError, exc.DisconnectionError, OSError))
