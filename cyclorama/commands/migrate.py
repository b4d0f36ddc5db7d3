"""`cyclorama migrate`: the database brought up to date."""

from __future__ import annotations

import json
from typing import Any

import typer

from cyclorama.commands.common import AsJson, DatabaseUrl, author, run
from cyclorama.plugins.setup import Setup, bring_up_to_date


def migrate(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """Bring the database up to date; a new one gets vocabularies, groups and layouts."""

    async def work(app: Any) -> Setup:
        return await bring_up_to_date(app.database, app.graph, author(app, "migrate"))

    done = run(database_url, work, check_migrated=False)
    if as_json:
        typer.echo(
            json.dumps({"revisions": done.revisions, "seeded": done.seeded}, indent=2)
        )
        return
    for revision in done.revisions:
        typer.echo(f"Applied {revision}")
    for thing in done.seeded:
        typer.echo(f"Added {thing}")
    typer.echo("The database is up to date.")
