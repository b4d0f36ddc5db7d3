"""`cyclorama plugins`: the installed sections and their switches."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any

import typer

from cyclorama.commands.common import AsJson, DatabaseUrl, author, run
from cyclorama.errors import ConfigError, InvalidInputError
from cyclorama.plugins.switching import (
    PluginFacts,
    plugin_facts,
    set_enabled,
    switched,
    users,
)
from cyclorama.resolvers.book import load_book
from cyclorama.storage.audit import record
from cyclorama.storage.switches import load_switches

plugins_app = typer.Typer(
    name="plugins", help="The section plugins.", no_args_is_help=True
)
Key = Annotated[str, typer.Argument(metavar="KEY", help="The section's key.")]


@plugins_app.command("list")
def list_command(database_url: DatabaseUrl = None, as_json: AsJson = False) -> None:
    """List the installed sections, and the plugins that could not be used."""

    async def listed(app: Any) -> list[PluginFacts]:
        async with app.database.read() as reading:
            switches = await load_switches(reading)
            return plugin_facts(app.graph, await load_book(reading), switches)

    found = run(database_url, listed)
    if as_json:
        typer.echo(json.dumps([asdict(facts) for facts in found], ensure_ascii=False))
        return
    for facts in found:
        typer.echo(_line(facts))


@plugins_app.command("enable")
def enable_command(
    key: Key, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Switch a section on, for all workers."""
    _switch(database_url, key, True, as_json)


@plugins_app.command("disable")
def disable_command(
    key: Key, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Switch a section off, for all workers; its data stays."""
    _switch(database_url, key, False, as_json)


def _switch(database_url: str | None, key: str, enabled: bool, as_json: bool) -> None:
    action = "enable" if enabled else "disable"

    async def work(app: Any) -> tuple[bool, tuple[str, ...]]:
        async with app.database.write() as session:
            sections = app.graph.sections
            changed = await set_enabled(session, sections, key, enabled)
            if changed:
                by = author(app, f"plugins {action}")
                await record(session, by, f"plugin.{action}", key, **switched(enabled))
        async with app.database.read() as reading:
            return changed, users(await load_book(reading)).get(key, ())

    try:
        changed, used_by = run(database_url, work)
    except InvalidInputError as error:
        raise ConfigError(str(error)) from None
    if as_json:
        done = {"key": key, "enabled": enabled, "changed": changed, "usedBy": used_by}
        typer.echo(json.dumps(done))
        return
    state = "enabled" if enabled else "disabled"
    typer.echo(f"{key} is {state}{'' if changed else ' already'}.")
    if used_by:
        typer.echo(f"Layouts that place it: {', '.join(used_by)}.")


def _line(facts: PluginFacts) -> str:
    if facts.error is not None:
        return f"{facts.key}  failed  {facts.distribution}  {facts.error}"
    state = "enabled" if facts.enabled else "disabled"
    used = f"in {', '.join(facts.used_by)}" if facts.used_by else "in no layout"
    return f"{facts.key}  {state}  {facts.distribution} {facts.version}  {used}"
