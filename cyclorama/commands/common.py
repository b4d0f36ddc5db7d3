"""What all commands share: their options, and the application that they work on."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from cyclorama.cli import without_garbage_collection
from cyclorama.config import load_settings
from cyclorama.errors import ConfigError

T = TypeVar("T")
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        help="sqlite:///file.db or postgresql://…; CYCLORAMA_DATABASE_URL otherwise.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def run(
    database_url: str | None,
    work: Callable[[Any], Awaitable[T]],
    *,
    check_migrated: bool = True,
) -> T:
    """What `work` makes of the application on this database; `ConfigError` where the
    database fails meanwhile."""

    async def running() -> T:
        async with opened_app(database_url, check_migrated=check_migrated) as app:
            return await work(app)

    try:
        return asyncio.run(running())
    except Exception as error:
        if not _is_outage(error):
            raise
        raise ConfigError(
            f"The database failed meanwhile: {getattr(error, 'orig', error)}. What it "
            "had taken before stays; see that it is well, and run the command again."
        ) from None


def _is_outage(error: Exception) -> bool:
    """Whether it is the database that is not well, not what we asked of it."""
    from cyclorama.storage.outages import is_unavailable

    if isinstance(error, DBAPIError):
        outages = (OperationalError, InterfaceError)
        return error.connection_invalidated or isinstance(error, outages)
    return not isinstance(error, OSError) and is_unavailable(error)


def author(app: Any, command: str) -> Any:
    """Whom the audit log names for what a command changes: the operating system's user."""
    from cyclorama.storage.audit import Actor, Author

    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        name = "unknown"
    actor = Actor(kind="COMMAND", id=None, name=name)
    return Author(actor=actor, at=app.now(), operation=f"cyclorama {command}")


@asynccontextmanager
async def opened_app(
    database_url: str | None, *, check_migrated: bool = True
) -> AsyncIterator[Any]:
    """The application; imported late, so that `--help` needn't load the whole graph,
    and a database that can't be reached is named at once."""
    await _check_reachable(database_url)
    with without_garbage_collection():
        from cyclorama.app import graph, opened
        from cyclorama.server.logs import configure_logs

        configure_logs("WARNING", "console")
        graph()
    async with opened(database_url, check_migrated=check_migrated) as app:
        yield app


async def _check_reachable(database_url: str | None) -> None:
    """Raise `ConfigError` unless the database answers."""
    from cyclorama.storage.engine import Database

    settings = load_settings(database_url=database_url)
    database = Database(settings.database_url, pgbouncer=settings.pgbouncer)
    try:
        await database.check()
    finally:
        await database.close()
