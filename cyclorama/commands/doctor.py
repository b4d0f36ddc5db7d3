"""`cyclorama doctor`: what is wrong here, in words."""

from __future__ import annotations

import asyncio
import json
import platform
from collections.abc import AsyncIterator

import typer

from cyclorama import __version__
from cyclorama.commands.common import AsJson, DatabaseUrl, opened_app
from cyclorama.errors import CycloramaError
from cyclorama.resolvers.book import load_book
from cyclorama.storage.migration import pending

Finding = tuple[bool, str]
"""Whether it is well, and the sentence."""


def doctor(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Say what is wrong here; the exit code is 1 where something is."""
    found = asyncio.run(_all(database_url))
    if as_json:
        typer.echo(json.dumps([{"ok": ok, "finding": text} for ok, text in found]))
    else:
        for ok, text in found:
            typer.echo(f"{'ok   ' if ok else 'WRONG'}  {text}")
    if not all(ok for ok, _ in found):
        raise typer.Exit(1)


async def _all(database_url: str | None) -> list[Finding]:
    version = platform.python_version()
    found: list[Finding] = [(True, f"Cyclorama {__version__} on Python {version}.")]
    try:
        found += [finding async for finding in _findings(database_url)]
    except CycloramaError as error:
        found.append((False, str(error)))
    return found


async def _findings(database_url: str | None) -> AsyncIterator[Finding]:
    async with opened_app(database_url, check_migrated=False) as app:
        shown = app.database.url.render_as_string(hide_password=True)
        yield True, f"The database {shown} answers."
        for failure in app.graph.failures:
            yield (
                False,
                f"The plugin {failure.name} of {failure.distribution} can't be used: "
                f"{failure.message}",
            )
        yield True, f"Sections: {', '.join(app.graph.sections)}."
        missing = await pending(app.database, app.graph.sections.values())
        if missing:
            names = ", ".join(missing)
            yield False, f"Not applied: {names}; run: cyclorama migrate"
            return
        yield True, "The tables are up to date."
        async with app.database.read() as reading:
            book = await load_book(reading)
        for layout in book.layouts:
            for placement in layout.placements:
                if placement.section not in app.graph.sections:
                    yield (
                        False,
                        f"The layout {layout.key} places {placement.section!r}, which "
                        "is not installed.",
                    )
        yield bool(book.layouts), f"There are {len(book.layouts)} layouts."
