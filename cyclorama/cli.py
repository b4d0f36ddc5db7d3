"""The command line: `cyclorama COMMAND`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cyclorama import __version__
from cyclorama.commands.demo import demo
from cyclorama.commands.doctor import doctor
from cyclorama.commands.imports import imports_app
from cyclorama.commands.layouts import layouts_app
from cyclorama.commands.migrate import migrate
from cyclorama.commands.plugins import plugins_app
from cyclorama.commands.schema import schema
from cyclorama.commands.serve import serve
from cyclorama.commands.tokens import token
from cyclorama.commands.users import users_app
from cyclorama.errors import ConfigError, PluginError
from cyclorama.server.logs import configure_logs

app = typer.Typer(
    name="cyclorama",
    help="A self-hosted Customer 360.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (demo, serve, migrate, token, schema, doctor):
    app.command()(command)
for group in (users_app, imports_app, layouts_app, plugins_app):
    app.add_typer(group)


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True)
    ] = False,
) -> None:
    """A self-hosted Customer 360."""
    if version:
        typer.echo(f"cyclorama {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit
    configure_logs("WARNING", "console")


def main() -> None:
    """Run a command; what the operator has to change is said in one line, exit code 2."""
    try:
        app()
    except (ConfigError, PluginError) as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(2)
