"""A run of the Salesforce importer: files in, batch by batch, a report for each object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

from cyclorama.importers.batches import Outcome
from cyclorama.importers.model import (
    BATCH,
    KEPT,
    FileReport,
    Incoming,
    Progress,
    Rejected,
    no_progress,
)
from cyclorama.importers.salesforce.activities import OBJECTS, TO_DO, Activities
from cyclorama.importers.salesforce.cells import Record, Source
from cyclorama.importers.salesforce.fields import CustomFields
from cyclorama.importers.salesforce.links import LINK, Links
from cyclorama.importers.salesforce.objects import HOMES, SYSTEM
from cyclorama.importers.salesforce.sources import find
from cyclorama.importers.salesforce.strangers import refuse_strangers
from cyclorama.importers.targets import Refusal
from cyclorama.importers.writing import Writer, targets
from cyclorama.plugins.section import Section
from cyclorama.plugins.written import Watch, nobody
from cyclorama.resolvers.membership import refresh_memberships
from cyclorama.storage.engine import Database

T = TypeVar("T")


async def import_salesforce(
    database: Database,
    sections: Mapping[str, Section],
    paths: Sequence[Path],
    *,
    now: datetime,
    progress: Progress | None = None,
    watch: Watch = nobody,
) -> list[FileReport]:
    """Read Salesforce exports as they are: CSV files named after their object, sObject
    trees and their plans in JSON, or folders of them, in any order.

    A report for each file and object: those that were read, in the order of the work,
    then the skipped ones. The links of contacts to companies have their own reports,
    under `Contact.AccountId`. Importing again changes nothing.
    `ConfigError` names a file that can't be read, or a tree whose references stand for
    other records already; nothing was imported then.
    """
    filled = targets(sections)
    homes = [name for name, home in HOMES.items() if home.target in filled]
    found = find(paths, homes)
    await refuse_strangers(database, found.sources)
    writer = Writer(database, filled, SYSTEM, now, watch)
    run = Run(database, writer, progress or no_progress)
    for source in found.sources:
        await run.take(source)
    await run.finish()
    return [*run.reports, *found.skipped]


class Run:
    """The work on the sources of a run, one after the other."""

    def __init__(self, database: Database, writer: Writer, progress: Progress) -> None:
        self.database, self.writer, self.progress = database, writer, progress
        self.reports: list[FileReport] = []
        self._fields = CustomFields(database)
        self._links = Links(database, writer)
        self._activities = Activities(database, writer)
        self._scopes: list[tuple[FileReport, str]] = []

    async def take(self, source: Source) -> None:
        """Import the records of a source, and report."""
        path, scope = str(source.path), f"{source.path}\0{source.object_type}"
        report = FileReport(path=path, object_type=source.object_type)
        links = FileReport(path=path, object_type=LINK)
        self.reports.append(report)
        self._scopes.append((report, scope))
        self.writer.begin(scope)
        people = FileReport(path=path, object_type=f"{source.object_type}.WhoId")
        to_dos = FileReport(path=path, object_type=TO_DO)
        if source.object_type in OBJECTS:
            await self._activities.prepare()
        for batch in _batches(source.read(), BATCH):
            report.read += len(batch)
            kept = await self._batch(batch, report, links)
            if source.object_type in OBJECTS:
                await self._act(kept, people, to_dos)
            self.progress(path, report.read, source.rows)
        self.reports += [r for r in (links, people, to_dos) if r.read]
        if source.object_type == "User" and report.created + report.updated:
            async with self.database.write() as session:
                await refresh_memberships(session)

    async def finish(self) -> None:
        """Link what waited since earlier imports, and say what waits now."""
        self.writer.begin("")
        late = FileReport(path="(earlier imports)", object_type=LINK)
        _count(late, await self._links.write_late(), {})
        late.read = late.created + late.updated + late.unchanged + late.rejected
        if late.read:
            self.reports.append(late)
        for report, scope in self._scopes:
            count, first = self.writer.waiting(scope)
            report.waiting += count
            report.waits = sorted([*report.waits, *first], key=lambda w: w.line)[:KEPT]

    async def _batch(
        self,
        batch: Sequence[Record | Rejected],
        report: FileReport,
        links: FileReport,
    ) -> list[Record]:
        """Write them; those that were written."""
        report.reject(item for item in batch if isinstance(item, Rejected))
        records = [item for item in batch if isinstance(item, Record)]
        by_line = {record.line: record for record in records}
        rows = list(_ready(records, report))
        kept = [by_line[row.line] for row in rows]
        if report.object_type == "Account":
            await self._fields.describe(kept)
        outcome = await self.writer.write(rows)
        _count(report, outcome, by_line)
        refused = {rejected.line for rejected in outcome.rejected}
        kept = [r for r in kept if r.line not in refused]
        if report.object_type == "Contact":
            await self._link(kept, report, links)
        return kept

    async def _act(
        self, records: Sequence[Record], people: FileReport, to_dos: FileReport
    ) -> None:
        """Write what hangs on Tasks or Events."""
        by_line = {record.line: record for record in records}
        object_type = people.object_type.partition(".")[0]
        given, outcome = await self._activities.write_people(object_type, records)
        people.read += given
        _count(people, outcome, by_line)
        if object_type == "Task":
            given, outcome = await self._activities.write_to_dos(records)
            to_dos.read += given
            _count(to_dos, outcome, by_line)

    async def _link(
        self, records: Sequence[Record], report: FileReport, links: FileReport
    ) -> None:
        linked = await self._links.write(records)
        links.read += linked.given
        _count(links, linked.outcome, {r.line: r for r in records})
        report.waiting += len(linked.waits)
        report.waits += linked.waits[: KEPT - len(report.waits)]


def _ready(records: Iterable[Record], report: FileReport) -> Iterator[Incoming]:
    """The records that can be written; the others are counted."""
    home = HOMES[report.object_type]
    for record in records:
        try:
            if record.is_deleted:
                report.left_out += 1
            else:
                yield home.incoming(report.object_type, record)
        except Refusal as refusal:
            row = Rejected(line=record.line, reason=str(refusal), raw=record.cells)
            report.reject([row])


def _count(report: FileReport, outcome: Outcome, by_line: Mapping[int, Record]) -> None:
    report.created += outcome.created
    report.updated += outcome.updated
    report.unchanged += outcome.unchanged
    report.reject(
        replace(r, raw=by_line[r.line].cells) if r.line in by_line else r
        for r in outcome.rejected
    )


def _batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(items, size)):
        yield batch
