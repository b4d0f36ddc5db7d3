"""`cyclorama layouts`: the layout file out and in, and why a viewer sees what they see."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from cyclorama.commands.common import AsJson, DatabaseUrl, run
from cyclorama.commands.layout_edits import (
    Author,
    ExpectedVersion,
    clone_command,
    decouple_command,
    publish_command,
    relink_command,
)
from cyclorama.commands.layout_words import (
    plan_data,
    plan_words,
    resolution_data,
    revision_data,
    revision_words,
)
from cyclorama.commands.layout_work import (
    COMMAND_LINE,
    applied,
    current_text,
    explained,
    exported,
    planned,
    reverted,
    save,
)
from cyclorama.errors import ConfigError
from cyclorama.layouts.explanation import explain
from cyclorama.layouts.file import book_as_data
from cyclorama.plugins.commands import read_text, write_text
from cyclorama.storage.layout_history import Revision, revisions

Surface = Literal["PAGE", "CRM_ACCOUNT", "CRM_OPPORTUNITY", "EMBED"]
layouts_app = typer.Typer(
    name="layouts", help="Layouts as a file, and who gets which.", no_args_is_help=True
)
CHANGES: Final = 2
"""The exit code of `plan` where there are changes."""
File = Annotated[Path, typer.Argument(help="A layout file.")]


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
    text = run(database_url, current_text) if output or not as_json else ""
    if schema is not None:
        write_text(schema, f"{json.dumps(described, indent=2)}\n")
    if output is not None:
        write_text(output, text)
    if as_json:
        typer.echo(json.dumps(book_as_data(book), ensure_ascii=False))
    elif output is None:
        typer.echo(text, nl=False)


@layouts_app.command("plan")
def plan_command(
    file: File, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Say what applying a file would change, for whom, and what to think over; the exit
    code is 2 where there are changes, 1 where the file can't be used."""
    try:
        text = read_text(file)
        plan = run(database_url, lambda app: planned(app, text))
    except ConfigError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(plan_data(plan), ensure_ascii=False))
    else:
        typer.echo(plan_words(plan))
    if plan.changes:
        raise typer.Exit(CHANGES)


@layouts_app.command("apply")
def apply_command(
    file: File,
    expected_version: ExpectedVersion = None,
    author: Author = COMMAND_LINE,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Replace all layouts and assignments by those of a file, all or nothing; the exit
    code is 3 where the configuration is at another version."""
    text = read_text(file)
    save(
        database_url,
        lambda app: applied(app, text, expected_version, author),
        as_json,
    )


@layouts_app.command("history")
def history_command(
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many.")] = 20,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """List the last changes of layouts, newest first."""

    async def listed(app: Any) -> list[Revision]:
        async with app.database.read() as reading:
            return await revisions(reading, limit)

    found = run(database_url, listed)
    if as_json:
        typer.echo(json.dumps([revision_data(r) for r in found], ensure_ascii=False))
    for revision in () if as_json else found:
        typer.echo(revision_words(revision))


@layouts_app.command("revert")
def revert_command(
    version: Annotated[int, typer.Argument(help="A version of `history`.")],
    expected_version: ExpectedVersion = None,
    author: Author = COMMAND_LINE,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Go back to the layouts of a version, as one more change."""
    save(
        database_url,
        lambda app: reverted(app, version, expected_version, author),
        as_json,
    )


@layouts_app.command("explain")
def explain_command(
    record: Annotated[
        str, typer.Option(help="The record's id, or system:external id.")
    ],
    user: Annotated[
        str | None, typer.Option(help="The e-mail address of a user.")
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(help="As if in this group, and in no other; may be repeated."),
    ] = None,
    surface: Annotated[Surface, typer.Option(help="Where it is shown.")] = "PAGE",
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Say which layout a user, or somebody in these groups, gets on a record, and why."""
    groups = tuple(group or ())
    resolution = run(
        database_url, lambda app: explained(app, record, user, surface, groups)
    )
    if as_json:
        typer.echo(json.dumps(resolution_data(resolution), ensure_ascii=False))
    else:
        typer.echo("\n".join(explain(resolution)))


layouts_app.command("clone")(clone_command)
layouts_app.command("publish")(publish_command)
layouts_app.command("decouple")(decouple_command)
layouts_app.command("relink")(relink_command)
