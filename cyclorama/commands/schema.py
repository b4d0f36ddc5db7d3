"""`cyclorama schema`: the SDL of the graph."""

from __future__ import annotations

import typer


def schema() -> None:
    """Print the schema with every installed section, in the schema definition language."""
    from cyclorama.app import graph

    typer.echo(graph().schema.as_str())
