"""`cyclorama import`: records of other systems, from files."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress as Bars
from rich.table import Table

from cyclorama.commands.common import AsJson, DatabaseUrl, author, run
from cyclorama.errors import ConfigError
from cyclorama.importers.csv_files import import_csv
from cyclorama.importers.model import FileReport, Progress
from cyclorama.importers.salesforce import import_salesforce
from cyclorama.plugins.written import Watch, watching
from cyclorama.storage.audit import record

SHOWN = 5
"""Rejected and waiting rows of a file that are shown."""
MOST_NOTED = 100
"""Files of an import that the audit log names."""

imports_app = typer.Typer(
    name="import", help="Bring in records of other systems.", no_args_is_help=True
)
Paths = Annotated[list[Path], typer.Argument(help="Files, or folders of files.")]
Rejects = Annotated[
    Path, typer.Option(help="The folder for files with the rejected rows.")
]


@imports_app.command("csv")
def csv_command(
    mapping: Annotated[Path, typer.Argument(help="A mapping file (YAML).")],
    paths: Paths,
    rejects: Rejects = Path(),
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Import CSV files through a mapping file; again, it changes what has changed."""
    _check_folder(rejects)

    async def work(app: Any) -> list[FileReport]:
        with _bars() as progress:
            reports = await import_csv(
                app.database,
                app.graph.sections,
                mapping,
                paths,
                now=app.now(),
                progress=progress,
                watch=await _watch(app, "csv"),
            )
        await _note(app, "csv", reports)
        return reports

    _finish(run(database_url, work), rejects, as_json)


@imports_app.command("salesforce")
def salesforce_command(
    paths: Paths,
    rejects: Rejects = Path(),
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Import a Salesforce export, unchanged: CSV files named as their objects, sObject
    tree JSON."""
    _check_folder(rejects)

    async def work(app: Any) -> list[FileReport]:
        with _bars() as progress:
            reports = await import_salesforce(
                app.database,
                app.graph.sections,
                paths,
                now=app.now(),
                progress=progress,
                watch=await _watch(app, "salesforce"),
            )
        await _note(app, "salesforce", reports)
        return reports

    _finish(run(database_url, work), rejects, as_json)


async def _watch(app: Any, command: str) -> Watch:
    """Who is told of the records that are written."""
    by = author(app, f"import {command}")
    async with app.database.read() as reading:
        fields = (await app.configuration(reading)).fields
    return watching(app.graph.sections.values(), by, app.today(by.at), fields)


async def _note(app: Any, command: str, reports: Sequence[FileReport]) -> None:
    """Note in the audit log what was imported, file by file, if anything was."""
    files = [
        {"file": Path(r.path).name, "object": r.object_type, **_written(r)}
        for r in reports
        if r.created or r.updated
    ]
    if not files:
        return
    by = author(app, f"import {command}")
    async with app.database.write() as session:
        await record(
            session, by, "import.run", None, after={"files": files[:MOST_NOTED]}
        )


def _written(report: FileReport) -> dict[str, int]:
    return {"created": report.created, "updated": report.updated}


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ConfigError(
            f"Rejected rows can't be written to {folder}, which is no folder; make it or "
            "choose another with --rejects. Nothing was imported."
        )


@contextmanager
def _bars() -> Iterator[Progress]:
    """A progress bar a file on standard error, where that is a terminal."""
    console = Console(stderr=True)
    with Bars(console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def progress(path: str, done: int, total: int | None) -> None:
            if path not in tasks:
                tasks[path] = bars.add_task(Path(path).name, total=total)
            bars.update(tasks[path], completed=done)

        yield progress


def _finish(reports: Sequence[FileReport], folder: Path, as_json: bool) -> None:
    files = write_rejects(reports, folder)
    if as_json:
        typer.echo(json.dumps([report_data(r) for r in reports], ensure_ascii=False))
    else:
        Console().print(report_table(reports))
        for note in (n for report in reports for n in report_notes(report)):
            typer.echo(note)
    for file in files:
        typer.echo(f"Rejected rows: {file}", err=True)


def write_rejects(reports: Sequence[FileReport], folder: Path) -> list[Path]:
    """Write the rejected rows of each file with line and reason; the files."""
    written: list[Path] = []
    for report in reports:
        if not report.rejected:
            continue
        name = f"{Path(report.path).stem}.{report.object_type}".replace("/", "_")
        file = folder / f"{name}.rejected.csv"
        if file in written:
            file = folder / f"{name}.{len(written)}.rejected.csv"
        try:
            # Rows may be rejected for bytes that are no text.
            with file.open(
                "w", encoding="utf-8", errors="backslashreplace", newline=""
            ) as stream:
                rows = csv.writer(stream)
                rows.writerow(["line", "reason", "row"])
                for one in report.all_rejects():
                    raw = json.dumps(one.raw, ensure_ascii=False) if one.raw else ""
                    rows.writerow([one.line, one.reason, raw])
        except OSError as error:
            raise ConfigError(
                f"{file} can't be written: {error.strerror}; the rows that were not "
                "rejected are imported. Choose another folder with --rejects."
            ) from None
        written.append(file)
    return written


def report_table(reports: Sequence[FileReport]) -> Table:
    """What was read, for people."""
    table = Table(box=None, pad_edge=False)
    for name in ("File", "Object"):
        table.add_column(name, overflow="fold")
    for name in ("Read", "Created", "Updated", "Unchanged", "Rejected", "Waiting"):
        table.add_column(name, justify="right", no_wrap=True)
    for r in reports:
        counts = (r.read, r.created, r.updated, r.unchanged, r.rejected, r.waiting)
        if not r.skipped:
            cells = (f"{count:,}" for count in counts)
            table.add_row(Path(r.path).name, r.object_type, *cells)
    return table


def report_notes(report: FileReport) -> Iterator[str]:
    """What else there is to say of a file: a line each."""
    name = Path(report.path).name
    if report.skipped:
        yield f"{name}: skipped, {report.skipped}"
    if report.left_out:
        yield f"{name}: {report.left_out:,} rows left out"
    for row in report.rejects[:SHOWN]:
        yield f"{name}, line {row.line}: {row.reason}"
    if report.rejected > SHOWN:
        yield f"{name}: {report.rejected - SHOWN:,} more rejected"
    for row in report.waits[:SHOWN]:
        yield f"{name}, line {row.line}: {row.reason}"
    if report.waiting > SHOWN:
        yield f"{name}: {report.waiting - SHOWN:,} more wait"


def report_data(report: FileReport) -> dict[str, Any]:
    """A report as JSON."""
    return {
        "path": report.path,
        "object": report.object_type,
        "read": report.read,
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "rejected": report.rejected,
        "leftOut": report.left_out,
        "waiting": report.waiting,
        "skipped": report.skipped,
    }
