"""`cyclorama doctor`: what is wrong here, in words."""

from __future__ import annotations

import asyncio
import json
import platform
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import typer

from cyclorama import __version__
from cyclorama.commands.common import AsJson, DatabaseUrl, opened_app
from cyclorama.errors import CycloramaError
from cyclorama.execution.derived import Told, told
from cyclorama.layouts.model import LayoutBook
from cyclorama.plugins.configs import upgraded
from cyclorama.plugins.switching import users
from cyclorama.resolvers.access_book import load_access
from cyclorama.resolvers.book import load_book
from cyclorama.storage.audit_checks import guarded
from cyclorama.storage.configuration import load_fields
from cyclorama.storage.events import Waiting, put_aside, waiting
from cyclorama.storage.jobs import failed
from cyclorama.storage.masks import load_permissions
from cyclorama.storage.migration import pending
from cyclorama.storage.switches import failing, load_switches

LONGEST_WAIT: Final = timedelta(minutes=10)
"""How long an event waits where a worker runs and keeps up."""
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
            switches = await load_switches(reading)
            is_guarded = await guarded(reading)
            permissions = await load_permissions(reading)
            fields = await load_fields(reading)
            access = await load_access(reading)
            aside = await put_aside(reading)
            left = await waiting(reading)
        for section, since in broken.items():
            yield (
                False,
                f"The section {section!r} keeps failing since {since:%Y-%m-%d %H:%M} "
                "UTC and is read only now and then; the server's log says why.",
            )
        for finding in (
            *_of_layouts(book, app.graph.sections),
            *_of_settings(book, app.graph.sections),
            *_of_switches(book, switches),
            *_of_masks(told(app.graph, fields, permissions, book, access.rules)),
        ):
            yield finding
        for job in await failed(app.database):
            yield (
                False,
                f"Jobs of the kind {job.kind!r} that failed too often: {job.count}; the "
                f"last said {job.error}.",
            )
        for finding in _of_events(aside, left, app.now()):
            yield finding
        if not is_guarded:
            yield (
                False,
                "The database does not guard the audit log any more: its triggers are "
                "gone. See what was changed: cyclorama audit verify",
            )


def _of_events(aside: Sequence[Any], left: Waiting, now: datetime) -> Iterator[Finding]:
    for row in aside:
        yield (
            False,
            f"Events of the kind {row.kind!r} that could not be handled and were put "
            f"aside: {row.count}; one said {row.error:.200}.",
        )
    if left.since is not None and now - left.since > LONGEST_WAIT:
        yield (
            False,
            f"Events that wait to be handled: {left.count}, since "
            f"{left.since:%Y-%m-%d %H:%M} UTC; run a server, or cyclorama worker.",
        )
    elif left.count:
        yield True, f"Events that wait to be handled: {left.count}."


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


def _of_settings(book: LayoutBook, sections: Mapping[str, Any]) -> Iterator[Finding]:
    """What is wrong with the settings of placements, or is read as newer ones."""
    stored = {x.key: {p.instance_key: p for p in x.placements} for x in book.layouts}
    for layout in upgraded(book, sections).layouts:
        for placement in layout.placements:
            key, section = placement.instance_key, sections.get(placement.section)
            named = f"The placement {key!r} of the layout {layout.key}"
            if placement.problem:
                yield False, f"{named} is shown to nobody: {placement.problem}."
            elif section is None:
                continue
            elif section.requires_config and not placement.config:
                yield False, f"{named} is shown to nobody: it has no settings."
            elif placement.config_version != stored[layout.key][key].config_version:
                yield (
                    True,
                    f"{named} has settings of an earlier version; they are written as "
                    "new ones when layouts are applied.",
                )


def _of_masks(found: Sequence[Told]) -> Iterator[Finding]:
    yield from ((True, str(one)) for one in found)
    if not found:
        yield True, "Nothing that masks hide can be told from what they leave."


def _of_switches(book: LayoutBook, switches: Mapping[str, bool]) -> Iterator[Finding]:
    for key, layouts in sorted(users(book).items()):
        if not switches.get(key, True):
            placed = f"layouts that place it: {', '.join(layouts)}"
            yield True, f"The section {key!r} is switched off; {placed}."
