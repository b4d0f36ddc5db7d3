"""`cyclorama layouts`: the layout file out and in, and why a viewer sees what they see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import sqlalchemy as sa
import typer
from pydantic import BaseModel

from cyclorama.commands.common import AsJson, DatabaseUrl, author, run
from cyclorama.errors import ConfigError
from cyclorama.layouts.explanation import explain
from cyclorama.layouts.file import (
    book_as_data,
    export_layouts,
    layout_schema,
    parse_layouts,
)
from cyclorama.layouts.model import KINDS, LayoutBook
from cyclorama.layouts.resolution import Resolution
from cyclorama.layouts.yaml_text import MOST_BYTES
from cyclorama.plugins.configs import upgraded
from cyclorama.resolvers.book import Saved, load_book, load_vocabulary, save_book
from cyclorama.schema import catalogue
from cyclorama.storage.engine import Reading
from cyclorama.storage.ids import kind_of_id
from cyclorama.storage.rows import ExternalRefRow

Surface = Literal["PAGE", "CRM_ACCOUNT", "CRM_OPPORTUNITY", "EMBED"]
layouts_app = typer.Typer(
    name="layouts", help="Layouts as a file, and who gets which.", no_args_is_help=True
)


@layouts_app.command("export")
def export_command(
    output: Annotated[
        Path | None, typer.Option(help="Write here, not to standard output.")
    ] = None,
    schema: Annotated[
        Path | None, typer.Option(help="Write the JSON Schema for editors here.")
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Write all layouts and assignments as a layout file."""
    book, described = run(database_url, exported)
    if schema is not None:
        _write(schema, f"{json.dumps(described, indent=2)}\n")
    if output is not None:
        _write(output, export_layouts(book))
    if as_json:
        typer.echo(json.dumps(book_as_data(book), ensure_ascii=False))
    elif output is None:
        typer.echo(export_layouts(book), nl=False)


@layouts_app.command("apply")
def apply_command(
    file: Annotated[Path, typer.Argument(help="A layout file.")],
    expected_version: Annotated[
        int | None,
        typer.Option(help="Refuse if the configuration is at another version."),
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Replace all layouts and assignments by those of a file, all or nothing."""
    text = _read(file)
    saved = run(database_url, lambda app: applied(app, text, expected_version))
    typer.echo(json.dumps(_saved_data(saved)) if as_json else _saved_words(saved))


@layouts_app.command("explain")
def explain_command(
    record: Annotated[
        str, typer.Option(help="The record's id, or system:external id.")
    ],
    user: Annotated[str, typer.Option(help="The e-mail address of a user.")],
    surface: Annotated[Surface, typer.Option(help="Where it is shown.")] = "PAGE",
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Say which layout a user gets on a record, and why."""
    resolution = run(database_url, lambda app: explained(app, record, user, surface))
    if as_json:
        typer.echo(json.dumps(_resolution_data(resolution), ensure_ascii=False))
    else:
        typer.echo("\n".join(explain(resolution)))


async def exported(app: Any) -> tuple[LayoutBook, dict[str, Any]]:
    """All layouts, and the schema of their file with the settings of all sections."""
    async with app.database.read() as reading:
        book = upgraded(await load_book(reading), app.graph.sections)
    return book, layout_schema(_configs(app))


async def applied(app: Any, text: str, expected_version: int | None) -> Saved:
    """What applying a file changed; `LayoutFileError` where it can't be used."""
    async with app.database.read() as reading:
        configuration = await app.configuration(reading)
        vocabulary = await load_vocabulary(reading)
    book = parse_layouts(
        text,
        sections=configuration.facts,
        configs=_configs(app),
        attributes={
            kind: catalogue.attribute_names(kind, configuration.fields)
            for kind in KINDS
        },
        viewer_attributes=vocabulary.viewer_attributes,
        groups=vocabulary.groups,
        relationship_types=vocabulary.relationship_types,
        paths={
            kind: frozenset(catalogue.all_paths(kind, configuration.fields))
            for kind in KINDS
        },
    )
    async with app.database.write() as session:
        return await save_book(
            session,
            book,
            author=author(app, "layouts apply"),
            expected_version=expected_version,
        )


async def explained(app: Any, record: str, user: str, surface: str) -> Resolution:
    """The layout of a user on a record; `ConfigError` where there is no such record."""
    async with app.as_user(user) as context:
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


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(MOST_BYTES + 1).decode()
    except OSError as error:
        raise ConfigError(f"{file} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file} is no UTF-8 text; save it as UTF-8.") from None


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} can't be written: {error.strerror}.") from None


def _saved_data(saved: Saved) -> dict[str, Any]:
    return {
        "changed": saved.anything,
        "layoutsAdded": saved.added,
        "layoutsChanged": saved.changed,
        "layoutsRemoved": saved.removed,
        "assignmentsChanged": saved.assignments,
        "version": saved.version,
    }


def _saved_words(saved: Saved) -> str:
    if not saved.anything:
        return f"Nothing to change; the configuration stays at version {saved.version}."
    parts = {"Added": saved.added, "Changed": saved.changed, "Removed": saved.removed}
    lines = [f"{word}: {', '.join(keys)}" for word, keys in parts.items() if keys]
    lines += ["Changed: the assignments"] if saved.assignments else []
    return "\n".join([*lines, f"The configuration is at version {saved.version}."])


def _resolution_data(resolution: Resolution) -> dict[str, Any]:
    """In the words of the graph's `LayoutExplanation`."""
    layout = resolution.layout
    return {
        "layout": {"key": layout.key, "name": layout.name, "version": layout.version},
        "sections": [
            {"instanceKey": p.instance_key, "section": p.section}
            for p in resolution.placements
        ],
        "trail": [
            {
                "rank": t.rank,
                "assignment": t.assignment,
                "layoutKey": t.layout_key,
                "matched": t.matched,
                "because": list(t.because),
            }
            for t in resolution.trail
        ],
        "withheld": [
            {"instanceKey": w.instance_key, "section": w.section, "reason": w.reason}
            for w in resolution.withheld
        ],
    }
