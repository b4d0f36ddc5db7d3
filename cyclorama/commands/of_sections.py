"""The commands that sections bring, for the command line."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import typer

from cyclorama.commands.common import AsJson, DatabaseUrl, author, run
from cyclorama.errors import ConfigError


def commands_of(name: str) -> typer.Typer | None:
    """The group of commands of this name that a section brings; None if none does."""
    from cyclorama.plugins.discovery import discover

    for section in discover().sections:
        brought = section.commands
        if brought is not None and brought.name == name:
            found = typer.Typer(name=name, help=brought.help, no_args_is_help=True)
            for function in brought.functions:
                found.command(function.__name__)(_command(name, function))
            return found
    return None


def _command(group: str, function: Callable[..., Any]) -> Callable[..., None]:
    """The function with the options that all commands take in place of its `Work`."""
    own = inspect.signature(function, eval_str=True)
    _, *given = own.parameters.values()
    options = {"database_url": DatabaseUrl, "as_json": AsJson}

    def command(**values: Any) -> None:
        url, as_json = (values.pop(name) for name in options)
        try:
            told = run(url, lambda app: _work(app, group, function, values))
        except ConfigError as error:
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(1) from None
        typer.echo(json.dumps(told.data, ensure_ascii=False) if as_json else told.words)
        if told.exit_code:
            raise typer.Exit(told.exit_code)

    further = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None if name == "database_url" else False,
            annotation=annotation,
        )
        for name, annotation in options.items()
    ]
    taken = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in given]
    signature = inspect.Signature([*taken, *further])
    command.__doc__ = inspect.getdoc(function)
    command.__annotations__ = {
        p.name: p.annotation for p in signature.parameters.values()
    }
    command.__signature__ = signature  # type: ignore[attr-defined]
    return command


async def _work(
    app: Any, group: str, function: Callable[..., Any], values: dict[str, Any]
) -> Any:
    from cyclorama.plugins import Work

    async with app.database.read() as reading:
        fields = (await app.configuration(reading)).fields
    by = author(app, f"{group} {function.__name__}")
    work = Work(database=app.database, author=by, today=app.today(by.at), fields=fields)
    return await function(work, **values)
