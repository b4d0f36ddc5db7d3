"""`cyclorama doctor`: what is wrong here, in words."""

from __future__ import annotations

import asyncio
import json
import platform
from collections.abc import AsyncIterator, Iterator
from typing import Any

import typer

from cyclorama import __version__
from cyclorama.commands.common import AsJson, DatabaseUrl, opened_app
from cyclorama.errors import CycloramaError
from cyclorama.layouts.model import LayoutBook
from cyclorama.resolvers.book import load_book
from cyclorama.storage.migration import pending
from cyclorama.storage.switches import failing

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
    """All findings, up to the first thing without which the rest can't be looked at."""
    version = platform.python_version()
    found: list[Finding] = [(True, f"Cyclorama {__version__} on Python {version}.")]
    try:
        found += _of_plugins()
        found += [finding async for finding in _of_database(database_url)]
    except CycloramaError as error:
        found.append((False, str(error)))
    return found


def _of_plugins() -> Iterator[Finding]:
    from cyclorama.app import graph

    for failure in graph().failures:
        plugin = f"The plugin {failure.name} of {failure.distribution}"
        yield False, f"{plugin} can't be used: {failure.message}"
    yield True, f"Sections: {', '.join(graph().sections)}."


async def _of_database(database_url: str | None) -> AsyncIterator[Finding]:
    async with opened_app(database_url, check_migrated=False) as app:
        shown = app.database.url.render_as_string(hide_password=True)
        yield True, f"The database {shown} answers."
        missing = await pending(app.database, app.graph.sections.values())
        if missing:
            names = ", ".join(missing)
            yield False, f"Not applied: {names}; run: cyclorama migrate"
            return
        yield True, "The tables are up to date."
        async with app.database.read() as reading:
            book = await load_book(reading)
            broken = await failing(reading)
        for section, since in broken.items():
            yield (
                False,
                f"The section {section!r} keeps failing since {since:%Y-%m-%d %H:%M} "
                "UTC and is read only now and then; the server's log says why.",
            )
        for finding in _of_layouts(book, app.graph.sections):
            yield finding


def _of_layouts(book: LayoutBook, sections: Any) -> Iterator[Finding]:
    for layout in book.layouts:
        for placement in layout.placements:
            if placement.section not in sections:
                named = f"The layout {layout.key} places {placement.section!r}"
                yield False, f"{named}, which is not installed."
    if book.layouts:
        yield True, f"There are {len(book.layouts)} layouts."
    else:
        yield False, "There are no layouts; run: cyclorama migrate"
