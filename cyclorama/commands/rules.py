"""`cyclorama rules`: what follows from what happens, as a file; runs and their log."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from cyclorama.commands.common import AsJson, DatabaseUrl, author, run
from cyclorama.errors import ConfigError
from cyclorama.plugins.commands import read_text, write_text
from cyclorama.plugins.rules.engine import read
from cyclorama.plugins.rules.file import data_of, difference, export, parse
from cyclorama.plugins.rules.log import read_runs
from cyclorama.plugins.rules.running import Runs, batch_of, save_rules

MOST_REASONS = 10
"""Records of which a run says why a condition could not be evaluated."""
CHANGES = 2
"""The exit code of `plan` where there are changes."""
rules_app = typer.Typer(
    name="rules",
    help="What follows from what happens: rules as a file, runs and their log.",
    no_args_is_help=True,
)
File = Annotated[Path, typer.Argument(help="A rule file.")]


@rules_app.command("export")
def export_command(
    output: Annotated[
        Path | None, typer.Option(help="Write here, not to standard output.")
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Write all rules as a rule file."""
    rules = run(database_url, _rules)
    if output is not None:
        write_text(output, export(rules))
    elif as_json:
        typer.echo(json.dumps([data_of(r) for r in rules], ensure_ascii=False))
    else:
        typer.echo(export(rules), nl=False)


@rules_app.command("plan")
def plan_command(
    file: File, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Say what applying a file would change; exit code 2 where it would."""
    text = read_text(file)

    async def work(app: Any) -> dict[str, str]:
        new = parse(text, app.rules().engine.known, await _fields(app))
        return difference(await _rules(app), new)

    changes = run(database_url, work)
    _say(changes, as_json)
    if changes:
        raise typer.Exit(CHANGES)


@rules_app.command("apply")
def apply_command(
    file: File, database_url: DatabaseUrl = None, as_json: AsJson = False
) -> None:
    """Replace all rules by those of a file."""
    text = read_text(file)

    async def work(app: Any) -> dict[str, str]:
        new = parse(text, app.rules().engine.known, await _fields(app))
        async with app.database.write() as session:
            return await save_rules(session, author(app, "rules apply"), new)

    _say(run(database_url, work), as_json)


@rules_app.command("run")
def run_command(
    key: Annotated[str, typer.Argument(help="The key of a rule.")],
    dry_run: Annotated[
        bool, typer.Option(help="Only say which records it would touch.")
    ] = False,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Run a rule now, over all records that meet its conditions.

    A dry run of a rule that follows from events looks at those that are kept."""
    told = run(database_url, lambda app: _run(app, key, dry_run))
    if as_json:
        typer.echo(json.dumps(told))
        return
    would = "would be touched" if dry_run else "met"
    if told["capped"]:
        # It is not looked further than that.
        most = f"{told['records'] - 1:,} records, which it may touch at most"
        typer.echo(f"More than {most}, {would}; nothing is done.")
    else:
        typer.echo(f"{told['records']:,} records {would}.")
    for record in told["ids"]:
        typer.echo(record)
    if told["failed"]:
        typer.echo(f"{told['failed']:,} records could not be judged:")
    for record, reason in told["reasons"].items():
        typer.echo(f"  {record}: {reason}")


@rules_app.command("log")
def log_command(
    key: Annotated[str | None, typer.Argument(help="The key of a rule.")] = None,
    first: Annotated[int, typer.Option(min=1, max=1_000, help="How many runs.")] = 50,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Say what rules have done, the newest first."""

    async def work(app: Any) -> Sequence[dict[str, Any]]:
        async with app.database.read() as reading:
            return await read_runs(reading, first, key)

    found = run(database_url, work)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        typer.echo(
            f"{one['at']}  {one['rule']}  {one['trigger']}  {one['state']}: "
            f"{one['records']} records, {one['changed']} changed, "
            f"{one['unchanged']} unchanged, {one['failed']} failed"
        )
        for detail in one["details"]:
            if detail["status"] == "FAILED":
                typer.echo(
                    f"  {detail['record']} {detail['action']}: {detail['reason']}"
                )
    if not found:
        typer.echo("No rule has run.")


async def _rules(app: Any) -> list[Any]:
    async with app.database.read() as reading:
        return await read(reading)


async def _fields(app: Any) -> Sequence[Any]:
    async with app.database.read() as reading:
        fields: Sequence[Any] = (await app.configuration(reading)).fields
    return fields


async def _run(app: Any, key: str, dry_run: bool) -> dict[str, Any]:
    runs: Runs = app.rules()
    rules = {r.key: r for r in await _rules(app)}
    if key not in rules:
        known = ", ".join(sorted(rules)) or "none"
        raise ConfigError(f"There is no rule {key!r}; there are: {known}.")
    rule, fields = rules[key], await _fields(app)
    if not (rule.enabled or dry_run):
        raise ConfigError(f"The rule {key!r} is disabled; apply it as `enabled: true`.")
    by = author(app, "rules run")
    today = app.today(by.at)
    failed: dict[str, str] = {}
    if not runs.engine.usable(rule):
        raise ConfigError(f"The rule {key!r} names what is not installed any more.")
    async with app.database.write() as session:
        if dry_run:
            ids = await runs.preview(session, rule, by, today, fields, failed)
        else:
            batch = batch_of(session, by, today, fields)
            ids = await runs.found(batch, rule, failed)
    capped = len(ids) > rule.most_records
    left, untold = ids, failed
    while (left or untold) and not dry_run:
        async with app.database.write() as session:
            batch = batch_of(session, by, today, fields)
            left = await runs.page(batch, rule, left, "demand", untold)
        untold = {}
    return {
        "records": len(ids),
        "capped": capped,
        "ids": ids if dry_run else [],
        "failed": len(failed),
        "reasons": dict(islice(failed.items(), MOST_REASONS)),
    }


def _say(changes: dict[str, str], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(changes))
        return
    for key, what in changes.items():
        typer.echo(f"rule {key}: {what}")
    if not changes:
        typer.echo("Nothing to change.")
