"""The command line: `cyclorama COMMAND`."""

from __future__ import annotations

import gc
import sys
from collections import UserDict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from cyclorama import __version__
from cyclorama.errors import ConfigError, PluginError

COMMANDS: Final = {
    "demo": "demo.demo",
    "serve": "serve.serve",
    "worker": "worker.worker",
    "migrate": "migrate.migrate",
    "token": "tokens.token",
    "schema": "schema.schema",
    "doctor": "doctor.doctor",
    "users": "users.users_app",
    "import": "imports.imports_app",
    "layouts": "layouts.layouts_app",
    "access": "access.access_app",
    "masks": "masks.masks_app",
    "rules": "rules.rules_app",
    "plugins": "plugins.plugins_app",
    "audit": "audit.audit_app",
}
"""Where in `cyclorama.commands` each command is; loaded when it is run."""
HELP: Final = {
    "demo": "Serve demo data: 200 companies, three users with different layouts.",
    "serve": "Serve the graph over HTTP until it is told to stop.",
    "worker": "Do the background jobs until it is told to stop.",
    "migrate": "Bring the database up to date; a new one gets vocabularies, groups and layouts.",
    "token": "Print a new bearer token, alone; it is not kept and can't be shown again.",
    "schema": "Print the schema with every installed section, in the schema definition language.",
    "doctor": "Say what is wrong here; the exit code is 1 where something is.",
    "users": "The users of this installation.",
    "import": "Bring in records of other systems.",
    "layouts": "Layouts as a file, and who gets which.",
    "access": "Who may read which records: rules and teams as a file.",
    "masks": "Who may see and change which field.",
    "rules": "What follows from what happens: rules as a file, runs and their log.",
    "plugins": "The section plugins.",
    "audit": "What was changed and read, by whom.",
}
"""What each command says of itself, so that `--help` needs to load none."""


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """While modules are loaded, looking for garbage takes an eighth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@cache
def load_command(name: str) -> Any:
    """The command of this name, or its group of commands."""
    module, _, attribute = COMMANDS[name].partition(".")
    with without_garbage_collection():
        found = getattr(import_module(f"cyclorama.commands.{module}"), attribute)
    if isinstance(found, typer.Typer):
        return get_command(found)
    alone = typer.Typer(add_completion=False)
    alone.command(name)(found)
    return get_command(alone)


class Commands(UserDict[str, Any]):
    """The commands by name; each is loaded when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        """The command; `KeyError` where there is none."""
        return load_command(name)


class Program(TyperGroup):
    """The group of all commands, which lists them without loading them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = Commands(COMMANDS)

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """What the help lists of a command; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        return TyperCommand(cmd_name, help=HELP[cmd_name])

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """The command to run and its arguments."""
        if args[0] in COMMANDS:
            return args[0], load_command(args[0]), args[1:]
        from cyclorama.commands.of_sections import commands_of

        with without_garbage_collection():
            brought = commands_of(args[0])
        if brought is not None:
            return args[0], get_command(brought), args[1:]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="cyclorama",
    cls=Program,
    help="A self-hosted Customer 360.",
    epilog="Sections bring further commands: cyclorama scorecards --help.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


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
    from cyclorama.server.logs import configure_logs

    configure_logs("WARNING", "console")


def main() -> None:
    """Run a command; what the operator has to change is said in one line, exit code 2."""
    try:
        app()
    except (ConfigError, PluginError) as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(2)
