"""`cyclorama audit`: whether the audit log is as it was written."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import typer

from cyclorama.commands.common import AsJson, DatabaseUrl, run
from cyclorama.errors import ConfigError
from cyclorama.storage.audit_checks import Mark, Verdict, verify

audit_app = typer.Typer(
    name="audit", help="What was changed and read, by whom.", no_args_is_help=True
)
_MARK = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")


@audit_app.callback()
def audit() -> None:
    """What was changed and read, by whom; admins read it as `auditLog` in the graph."""


@audit_app.command("verify")
def verify_command(
    mark: Annotated[
        str | None,
        typer.Option(help="A mark that an earlier run printed: NUMBER:HASH."),
    ] = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Look for entries that were changed, put in or taken out; the exit code is 1 where
    there are some. Prints a mark to keep elsewhere: with it, a log that was written anew
    as a whole is found, too."""
    earlier = _mark(mark)

    async def work(app: Any) -> Verdict:
        async with app.database.read() as reading:
            return await verify(reading, earlier)

    verdict = run(database_url, work)
    typer.echo(json.dumps(_data(verdict)) if as_json else _words(verdict))
    if verdict.fault is not None:
        raise typer.Exit(1)


def _mark(given: str | None) -> Mark | None:
    if given is None:
        return None
    found = _MARK.fullmatch(given.strip())
    if found is None:
        raise ConfigError(
            f"--mark {given[:80]!r} is no mark; give NUMBER:HASH as "
            "`cyclorama audit verify` printed it."
        )
    return Mark(int(found[1]), found[2])


def _words(verdict: Verdict) -> str:
    if verdict.fault is not None:
        fault = verdict.fault
        return f"The entry {fault.number} is not as it was written. {fault.reason}"
    head = verdict.head
    if not head.number:
        return "The audit log is empty."
    entries = "1 entry" if head.number == 1 else f"{head.number} entries"
    return f"The audit log is as it was written: {entries}.\nMark: {head}"


def _data(verdict: Verdict) -> dict[str, Any]:
    fault = verdict.fault
    return {
        "ok": fault is None,
        "entries": verdict.head.number,
        "mark": str(verdict.head) if verdict.head.number else None,
        "firstBad": fault and fault.number,
        "reason": fault and fault.reason,
    }
