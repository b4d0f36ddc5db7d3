"""`cyclorama worker`: does the background jobs, beside the servers or in their place."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from typing import Annotated

import typer

from cyclorama.commands.common import DatabaseUrl, opened_app


def worker(
    database_url: DatabaseUrl = None,
    once: Annotated[bool, typer.Option(help="Do what is due now, and end.")] = False,
) -> None:
    """Do the background jobs until it is told to stop."""
    asyncio.run(_work(database_url, once))


async def _work(database_url: str | None, once: bool) -> None:
    async with opened_app(database_url) as app:
        found = app.worker()
        if once:
            while await found.work():
                pass
            typer.echo(_words(found.done), err=True)
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, found.stop)
        kinds = ", ".join(sorted(found.jobs)) or "none"
        typer.echo(f"Working; kinds of jobs: {kinds}", err=True)
        await found.run()
        typer.echo(_words(found.done), err=True)


def _words(done: Counter[tuple[str, str]]) -> str:
    if not done:
        return "Nothing was due."
    return "\n".join(f"{k}: {n} {how}" for (k, how), n in sorted(done.items()))
