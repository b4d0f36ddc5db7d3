"""What all commands share: their options, and the application that they work on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, TypeVar

import typer

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
    """What `work` makes of the application on this database."""

    async def running() -> T:
        async with opened_app(database_url, check_migrated=check_migrated) as app:
            return await work(app)

    return asyncio.run(running())


def opened_app(
    database_url: str | None, *, check_migrated: bool = True
) -> AbstractAsyncContextManager[Any]:
    """The application; imported late, so that `--help` needn't load the whole graph."""
    from cyclorama.app import opened

    return opened(database_url, check_migrated=check_migrated)
