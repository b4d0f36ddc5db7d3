"""A section whose jobs leave marks, and a process that works on them."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.plugins import (
    KEY,
    Job,
    Parent,
    Record360,
    Row,
    Run,
    Schedule,
    Section,
    key_column,
    new_id,
)
from cyclorama.plugins.working import Worker
from cyclorama.storage.engine import Database

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


class MarkRow(Row):
    """What a job has done."""

    __tablename__ = "marks_mark"

    id: Mapped[str] = key_column()
    name: Mapped[str] = mapped_column(KEY)


async def mark(run: Run) -> None:
    """Leave a mark, and go on, fail or never end as the payload says."""
    name = run.payload.get("name", "scheduled")
    row = {"id": new_id("mark"), "name": name}
    await run.session.execute(sa.insert(MarkRow.__table__), [row])  # type: ignore[arg-type]
    if "left" in run.payload and run.payload["left"] > 0:
        await run.then({"name": name, "left": run.payload["left"] - 1})
    if run.payload.get("fails"):
        raise ValueError("The mark can't be left.")
    if run.payload.get("hangs"):
        sys.stdout.write("hangs\n")
        sys.stdout.flush()
        await asyncio.sleep(60)


async def nothing(record: Parent[Record360]) -> int:
    """Nothing: the section has to show something."""
    return 0


def marks(**options: Any) -> Section:
    """The section."""
    jobs = (
        Job(kind="marks.leave", run=mark),
        Job(kind="marks.weekly", run=mark, schedule=Schedule(weekday=0)),
    )
    given: dict[str, Any] = {
        "fields": (nothing,),
        "tables": (MarkRow,),
        "jobs": jobs,
        **options,
    }
    return Section(key="marks", title="Marks", description="For tests.", **given)


class Clock:
    """An instant that tests move."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def worker(
    database: Database,
    clock: Clock,
    *,
    hold: timedelta = timedelta(seconds=60),
) -> Worker:
    """A worker with the section alone."""
    sections = {"marks": marks()}
    return Worker(database, sections, clock=clock, zone=BERLIN, hold=hold, pause=0.01)


if __name__ == "__main__":
    asyncio.run(worker(Database(sys.argv[1]), Clock()).run())
