"""The work of `cyclorama layouts` on an open application."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
import typer
from pydantic import BaseModel

from cyclorama.commands.common import author as by_command
from cyclorama.commands.common import run
from cyclorama.commands.layout_words import saved_data, saved_words
from cyclorama.errors import ConfigError
from cyclorama.layouts.file import layout_schema
from cyclorama.layouts.model import LayoutBook
from cyclorama.layouts.resolution import Resolution
from cyclorama.plugins.configs import upgraded
from cyclorama.resolvers.book import (
    Authored,
    Saved,
    VersionConflictError,
    layout_text,
    load_book,
)
from cyclorama.resolvers.layout_files import Plan, apply_file, plan_file
from cyclorama.storage.accounts import GroupFacts, SignedIn, Viewer, signed_in_as
from cyclorama.storage.configuration import read_version
from cyclorama.storage.engine import Reading
from cyclorama.storage.ids import kind_of_id
from cyclorama.storage.layout_history import revision_at
from cyclorama.storage.rows import ExternalRefRow, UserGroupRow

CONFLICT: Final = 3
"""The exit code of what comes too late."""
COMMAND_LINE: Final = "command line"


def save(database_url: str | None, work: Any, as_json: bool) -> None:
    """Change layouts and say what changed; who comes too late is told by exit code 3."""
    try:
        saved: Saved = run(database_url, work)
    except VersionConflictError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(CONFLICT) from None
    typer.echo(json.dumps(saved_data(saved)) if as_json else saved_words(saved))


async def exported(app: Any) -> tuple[LayoutBook, dict[str, Any]]:
    """All layouts, and the schema of their file with the settings of all sections."""
    async with app.database.read() as reading:
        book = upgraded(await load_book(reading), app.graph.sections)
    return book, layout_schema(_configs(app))


async def current_text(app: Any) -> str:
    """The layout file, as it was applied where nothing has changed since."""
    async with app.database.read() as reading:
        book = upgraded(await load_book(reading), app.graph.sections)
        return await layout_text(reading, book)


async def planned(app: Any, text: str) -> Plan:
    """What applying a file would change; `LayoutFileError` where it can't be used."""
    async with app.database.read() as reading:
        return await plan_file(await app.desk(reading), text)


async def applied(
    app: Any,
    text: str,
    expected_version: int | None,
    author: str = COMMAND_LINE,
) -> Saved:
    """What applying a file changed; `LayoutFileError` where it can't be used,
    `VersionConflictError` where the configuration is at another version."""
    who = by_command(app, "layouts apply")
    by = Authored(text=text, author=author[:255], at=who.at, who=who)
    async with app.database.read() as reading:
        desk = await app.desk(reading)
        _, saved = await apply_file(app.database, desk, by, expected_version)
    return saved


async def reverted(
    app: Any, version: int, expected_version: int | None, author: str = COMMAND_LINE
) -> Saved:
    """What going back to a version changed; `ConfigError` where there is none."""
    async with app.database.read() as reading:
        revision = await revision_at(reading, version)
    if revision is None:
        raise ConfigError(
            f"There is no change of layouts with the version {version}; see: cyclorama "
            "layouts history"
        )
    return await applied(app, revision.file, expected_version, author)


async def explained(
    app: Any,
    record: str,
    user: str | None,
    surface: str,
    groups: Sequence[str] = (),
) -> Resolution:
    """The layout of a user, or of somebody in these groups, on a record; `ConfigError`
    where there is no such record, user or group."""

    async def sign(reading: Reading) -> SignedIn:
        return await _somebody(reading, user, groups)

    async with app.context(sign, now=app.now()) as context:
        record_id = await _record_id(context.reading, record)
        resolution: Resolution | None = await app.resolution(
            context, record_id, surface
        )
    if resolution is None:
        raise ConfigError(
            f"There is no company or relationship {record!r}; give its id, or "
            "system:external id as in salesforce:0015g00000XyZ."
        )
    return resolution


async def _somebody(
    reading: Reading, user: str | None, groups: Sequence[str]
) -> SignedIn:
    """A user, perhaps in other groups, or somebody of whom only the groups are known."""
    if user is None and not groups:
        raise ConfigError("Name whose layout is meant: --user, --group, or both.")
    signed = None if user is None else await signed_in_as(reading, user)
    if user is not None and signed is None:
        raise ConfigError(
            f"There is no active user {user[:80]!r}; see: cyclorama users list"
        )
    if signed is None:
        nobody = Viewer(
            id="",
            kind="USER",
            name="",
            email=None,
            groups=(),
            attributes={},
            permissions=(),
        )
        version = await read_version(reading)
        signed = SignedIn(viewer=nobody, configuration_version=version)
    if not groups:
        return signed
    table = UserGroupRow.__table__.c
    rows = await reading.execute(sa.select(table.id, table.key, table.name))
    known = {row.key: GroupFacts(row.id, row.key, row.name) for row in rows}
    for key in groups:
        if key not in known:
            there_are = ", ".join(sorted(known))
            raise ConfigError(f"There is no group {key[:80]!r}; there are {there_are}.")
    chosen = tuple(known[key] for key in sorted(set(groups)))
    return replace(signed, viewer=replace(signed.viewer, groups=chosen))


def _configs(app: Any) -> Mapping[str, type[BaseModel]]:
    held = app.graph.sections.items()
    return {key: s.config for key, s in held if s.config is not None}


async def _record_id(reading: Reading, named: str) -> str:
    """The id behind `system:external id`; an id as it is."""
    system, colon, external = named.partition(":")
    if not colon:
        return named
    query = sa.select(ExternalRefRow.entity_id).where(
        ExternalRefRow.system == system, ExternalRefRow.external_id == external
    )
    found = {row.entity_id for row in await reading.execute(query)}
    records = sorted(x for x in found if kind_of_id(x) in ("company", "relationship"))
    if len(records) > 1:
        raise ConfigError(
            f"{named!r} names {len(records)} records; give the id of one of them: "
            f"{', '.join(records[:10])}."
        )
    return records[0] if records else named
