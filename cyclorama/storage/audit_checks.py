"""Whether the audit log is as it was written: the first row that is not, and why."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from cyclorama.storage.append_only import guards
from cyclorama.storage.audit import HEADS, ROWS, digest
from cyclorama.storage.engine import Reading

AT_ONCE: Final = 1_000
"""Rows in memory at a time."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row that is not as it was written."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Mark:
    """The number and the hash of an entry: what is kept elsewhere to compare with."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of looking through the log."""

    head: Mark
    fault: Fault | None


async def verify(reading: Reading, mark: Mark | None = None) -> Verdict:
    """Look through the whole log in one state of the database. With a mark, one that was
    noted earlier, a log that was written anew from somewhere on is found, too."""
    heads = await reading.execute(sa.select(HEADS.c.number, HEADS.c.hash))
    if len(heads) != 1:
        return Verdict(Mark(0, ""), Fault(1, "The head of the log is missing."))
    head = Mark(heads[0].number, heads[0].hash)
    walk = _Walk(mark)
    async for row in _rows(reading):
        fault = walk.step(row)
        if fault is not None:
            return Verdict(head, fault)
    return Verdict(head, walk.end(head))


async def guarded(reading: Reading) -> bool:
    """Whether the database still refuses to change the log."""
    if reading.database.is_sqlite:
        query = (
            "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' "
            "AND tbl_name IN ('audit_entry', 'audit_head')"
        )
    else:
        query = (
            "SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'D' AND tgrelid IN "
            "('audit_entry'::regclass, 'audit_head'::regclass)"
        )
    ((found,),) = await reading.execute(sa.text(query))
    made = [s for s in guards(reading.database.dialect) if "CREATE TRIGGER" in s]
    return bool(found >= len(made))


async def _rows(reading: Reading) -> AsyncIterator[Mapping[str, Any]]:
    last: int | None = None
    while True:
        query = sa.select(*ROWS.c).order_by(ROWS.c.number).limit(AT_ONCE)
        if last is not None:
            query = query.where(ROWS.c.number > last)
        rows = await reading.execute(query)
        for row in rows:
            yield row._mapping
        if len(rows) < AT_ONCE:
            return
        last = rows[-1].number


class _Walk:
    """Goes through the rows by number, and names the first that is wrong.

    A row that says the right hash of itself may still be one that was changed and hashed
    anew; then the row behind it tells, which recorded the hash that it had."""

    def __init__(self, mark: Mark | None) -> None:
        self.mark = mark
        self.number = 0
        """Of the last row that was looked at."""
        self.hash = ""
        self.before = ""
        """The hash of the row before that one."""
        self.doubted: int | None = None
        """A row whose successor recorded another hash of it."""

    def step(self, row: Mapping[str, Any]) -> Fault | None:
        """What is wrong up to this row; None while nothing is."""
        number = row["number"]
        if self.doubted is not None:
            return self._settled(row["previous"])
        if number < self.number + 1:
            return Fault(number, "It was put in: no entry has such a number.")
        if number > self.number + 1:
            return Fault(self.number + 1, "It is missing.")
        sound = digest(row) == row["hash"]
        if row["previous"] != self.hash:
            if sound and self.number:
                self.doubted = self.number
            elif not sound and self.number and row["previous"] == self.before:
                return Fault(self.number, "It was put in between two others.")
            else:
                return Fault(number, "It does not follow the row before it.")
        elif not sound:
            return Fault(number, "It was changed: its hash is not that of its values.")
        if self.mark and self.mark.number == number and self.mark.hash != row["hash"]:
            return Fault(number, "It is not the entry that the mark was made of.")
        self.number, self.before, self.hash = number, self.hash, row["hash"]
        return None

    def end(self, head: Mark) -> Fault | None:
        """What is wrong behind the last row."""
        if self.doubted is not None:
            return self._settled(head.hash)
        if head.number < self.number:
            return Fault(head.number + 1, "It was put in behind the last entry.")
        last = max(head.number, self.mark.number if self.mark else 0)
        if last > self.number:
            return Fault(self.number + 1, "It is missing: the end was cut off.")
        if head.hash != self.hash:
            return Fault(self.number, "It is not the entry that was written last.")
        return None

    def _settled(self, recorded: str) -> Fault:
        """Which of two rows was changed, by what was recorded of the later one."""
        assert self.doubted is not None
        if recorded == self.hash:
            return Fault(self.doubted, "It was changed and hashed anew.")
        return Fault(self.number, "It was changed and hashed anew.")
