"""A run of an importer: jobs, each the rows of one file for one target, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cyclorama.importers.converting import Converter
from cyclorama.importers.custom_fields import describe_fields
from cyclorama.importers.mapping import FieldRule, FileRule
from cyclorama.importers.model import BATCH, FileReport, Incoming, Progress, Rejected
from cyclorama.importers.targets import Refusal, Target
from cyclorama.importers.writing import Writer
from cyclorama.plugins.written import Watch, nobody
from cyclorama.storage.engine import Database

Cells = Mapping[str, str]
Numbered = tuple[int, Cells | str]
"""A row's line and its cells, or why they can't be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The rows of a file that become rows of one target."""

    path: Path
    rule: FileRule
    total: int | None
    rows: Callable[[], Iterator[Numbered]]
    wants: Callable[[Cells], bool] = lambda _: True
    """Whether a row is to be written; the others are counted as left out."""

    @property
    def scope(self) -> str:
        """What tells its rows from those of other jobs."""
        return f"{self.path}\0{self.rule.object}\0{self.rule.target}"


async def run_jobs(
    database: Database,
    targets: Mapping[str, Target],
    jobs: Sequence[Job],
    *,
    system: str,
    now: datetime,
    progress: Progress,
    watch: Watch = nobody,
) -> list[FileReport]:
    """Write what the jobs read; a report for each, in their order."""
    writer = Writer(database, targets, system, now, watch)
    await _add_fields(database, jobs)
    reports = [await _run(job, targets, writer, progress) for job in jobs]
    for job, report in zip(jobs, reports, strict=True):
        report.waiting, report.waits = writer.waiting(job.scope)
    return reports


async def _run(
    job: Job, targets: Mapping[str, Target], writer: Writer, progress: Progress
) -> FileReport:
    report = FileReport(path=str(job.path), object_type=job.rule.object)
    converter = Converter(job.rule, targets[job.rule.target])
    writer.begin(job.scope)
    batch: list[tuple[Incoming, Cells]] = []
    seen: set[str] = set()
    for line, cells in job.rows():
        report.read += 1
        if isinstance(cells, str):
            report.reject([Rejected(line=line, reason=cells)])
        elif not (job.wants(cells) and converter.wants(cells)) or (
            job.rule.takes_once and converter.id_of(cells) in seen
        ):
            report.left_out += 1
        else:
            try:
                incoming = converter.incoming(line, cells)
                batch.append((incoming, cells))
                if job.rule.takes_once and incoming.external_id:
                    seen.add(incoming.external_id)
            except Refusal as refusal:
                reason = str(refusal)
                report.reject([Rejected(line=line, reason=reason, raw=cells)])
        if len(batch) >= BATCH:
            await _write(writer, batch, report)
            batch = []
            progress(report.path, report.read, job.total)
    await _write(writer, batch, report)
    progress(report.path, report.read, job.total)
    return report


async def _write(
    writer: Writer, batch: Sequence[tuple[Incoming, Cells]], report: FileReport
) -> None:
    outcome = await writer.write([incoming for incoming, _ in batch])
    report.created += outcome.created
    report.updated += outcome.updated
    report.unchanged += outcome.unchanged
    cells = {incoming.line: raw for incoming, raw in batch}
    report.reject(
        Rejected(line=r.line, reason=r.reason, raw=cells.get(r.line, ""))
        for r in outcome.rejected
    )


async def _add_fields(database: Database, jobs: Iterable[Job]) -> None:
    """Describe the custom fields that the jobs fill, where they are new."""
    wanted = {
        (job.rule.target, key): _described(key, field)
        for job in jobs
        for key, field in job.rule.custom().items()
    }
    await describe_fields(database, wanted)


def _described(key: str, field: FieldRule) -> tuple[str, str]:
    label = field.label or key.replace("_", " ").capitalize()
    return label, field.type or "STRING"
