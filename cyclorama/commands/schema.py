"""`cyclorama schema`: the SDL of the graph, whole or as somebody sees it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cyclorama.commands.common import DatabaseUrl, run


def schema(
    user: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="USER",
            help="The e-mail address of a user: print what there is for them.",
        ),
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print the schema with every installed section, in the schema definition language."""
    from cyclorama.app import graph

    if user is None:
        typer.echo(graph().schema.as_str())
        return

    async def printed(app: Any) -> str:
        async with app.as_user(user) as context:
            text: str = app.engine.bind(context)._strawberry_schema.as_str()
            return text

    typer.echo(run(database_url, printed))
