"""`cyclorama access`: who may read which records, as a file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cyclorama.commands.common import AsJson, DatabaseUrl, author, run
from cyclorama.layouts.access import AccessBook
from cyclorama.layouts.access_file import Written, access_as_data, export_access
from cyclorama.layouts.clauses import OPERATORS
from cyclorama.plugins.commands import read_text, write_text
from cyclorama.resolvers.access_book import AccessChange, save_access
from cyclorama.resolvers.access_files import (
    AccessPlan,
    exported_access,
    plan_access,
    read_access,
)

access_app = typer.Typer(
    name="access",
    help="Who may read which records: rules and teams as a file.",
    no_args_is_help=True,
)
File = Annotated[Path, typer.Argument(help="An access file.")]


@access_app.command("list")
def list_command(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Say which rules and teams there are."""
    written = run(database_url, exported)
    if as_json:
        typer.echo(json.dumps(access_as_data(written), ensure_ascii=False))
        return
    for rule in written.rules:
        sides = {"viewer": rule.viewer, "record": rule.record}
        asked = [
            " ".join(
                [side, c.attribute, OPERATORS[c.operator].words, *map(str, c.values)]
            )
            for side, clauses in sides.items()
            for c in clauses
        ]
        off = "" if rule.enabled else " (disabled)"
        said = " and ".join(asked) or "always"
        typer.echo(f"{rule.effect} {rule.kind} {rule.name!r}{off}: {said}")
    for team in written.teams:
        typer.echo(
            f"TEAM {team.key} {team.name!r}: {len(team.members)} members, "
            f"{len(team.records)} records"
        )
    if not written.rules and not written.teams:
        typer.echo("There are no rules: everybody reads every record.")


@access_app.command("export")
def export_command(
    output: Annotated[
        Path | None, typer.Option(help="Write here, not to standard output.")
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write all rules and teams as an access file."""
    text = export_access(run(database_url, exported))
    if output is not None:
        write_text(output, text)
    else:
        typer.echo(text, nl=False)


@access_app.command("plan")
def plan_command(
    file: File, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Say what applying a file would change, and for whom; exit code 2 where it would."""
    text = read_text(file)
    plan = run(database_url, lambda app: planned(app, text))
    typer.echo(json.dumps(asdict(plan)) if as_json else "\n".join(_words_of(plan)))
    if plan.change.anything:
        raise typer.Exit(2)


@access_app.command("apply")
def apply_command(
    file: File,
    expected_version: Annotated[
        int | None,
        typer.Option(help="Refuse if the configuration is at another version."),
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Replace all rules and teams by those of a file, all or nothing."""
    text = read_text(file)
    change, version = run(
        database_url, lambda app: applied(app, text, expected_version)
    )
    if as_json:
        typer.echo(json.dumps({**asdict(change), "version": version}))
        return
    lines = _changes(change) or ["Nothing to change."]
    typer.echo("\n".join([*lines, f"The configuration is at version {version}."]))


async def exported(app: Any) -> Written:
    """All rules and teams."""
    async with app.database.read() as reading:
        return await exported_access(reading)


async def _book(app: Any, text: str) -> tuple[AccessBook, Any]:
    async with app.database.read() as reading:
        configuration = await app.configuration(reading)
        fields = configuration.fields
        return await read_access(reading, text, fields), fields


async def planned(app: Any, text: str) -> AccessPlan:
    """What applying a file would change."""
    book, fields = await _book(app, text)
    return await plan_access(app.database, book, fields, app.graph.sections.values())


async def applied(
    app: Any, text: str, expected_version: int | None = None
) -> tuple[AccessChange, int]:
    """What applying a file changed, and the configuration's version now."""
    book, _ = await _book(app, text)
    async with app.database.write() as session:
        return await save_access(
            session,
            book,
            expected_version=expected_version,
            author=author(app, "access apply"),
        )


def _changes(change: AccessChange) -> list[str]:
    return [
        f"{name.replace('_', ' ').capitalize()}: {', '.join(keys)}"
        for name, keys in asdict(change).items()
        if keys
    ]


def _words_of(plan: AccessPlan) -> list[str]:
    lines = _changes(plan.change) or ["Nothing to change."]
    for user in plan.users:
        parts = [
            f"{kind.lower()}: {user.before[kind]} -> {user.after[kind]}"
            for kind in user.before
        ]
        lines.append(f"{user.email} reads {', '.join(parts)}")
    return [*lines, f"The configuration is at version {plan.version}."]
