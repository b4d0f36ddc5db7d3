"""Work that waits in the database: one table is the queue and the schedule.

Who works claims what is due with one statement and holds it for a while. The transaction
that does the work also ends the job, and only as long as it is held: what a killed worker
held is due again once its time is over, and is done once whoever comes to an end first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Index, Text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.storage.engine import Database
from cyclorama.storage.ids import new_id
from cyclorama.storage.rows import KEY, Row, key_column

LONGEST_ERROR: Final = 2_000
_CLAIMED: Final = ("id", "kind", "key", "payload", "attempts")


class JobRow(Row):
    """Something to do. `due_at` is also the end of the time for which it is held, and null
    once it has failed too often."""

    __tablename__ = "job"
    __table_args__ = (Index("ix_job_due_at", "due_at", "id"),)

    id: Mapped[str] = key_column()
    kind: Mapped[str] = mapped_column(KEY)
    key: Mapped[str | None] = mapped_column(KEY, unique=True)
    """Of a job that waits at most once."""
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    held_by: Mapped[str | None] = mapped_column(KEY)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text())


JOBS: Final[sa.Table] = JobRow.__table__  # type: ignore[assignment]


class LostJobError(RuntimeError):
    """The job is no longer held by who did it: somebody else has it, or it is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A job that is held."""

    id: str
    kind: str
    key: str | None
    payload: Mapping[str, Any]
    attempts: int
    """This one included."""
    held_by: str


async def put(
    session: AsyncSession,
    kind: str,
    payload: Mapping[str, Any],
    *,
    now: datetime,
    due_at: datetime | None = None,
    key: str | None = None,
) -> None:
    """Leave a job, due at once or then; done if and only if the transaction commits.

    With a key, nothing happens while a job with the same one waits."""
    insert = _insert(session.get_bind().dialect.name)
    given = {
        "id": new_id("job"),
        "kind": kind,
        "key": key,
        "payload": dict(payload),
        "created_at": now,
        "due_at": due_at or now,
        "attempts": 0,
    }
    await session.execute(insert, [given])


async def put_all(
    session: AsyncSession,
    kind: str,
    payloads: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
) -> None:
    """Leave a job for each payload, due at once."""
    rows = [
        {
            "id": new_id("job"),
            "kind": kind,
            "payload": dict(payload),
            "created_at": now,
            "due_at": now,
            "attempts": 0,
        }
        for payload in payloads
    ]
    if rows:
        await session.execute(sa.insert(JOBS), rows)


async def is_due(database: Database, now: datetime) -> bool:
    """Whether anything is; a reader does not wait for those who write."""
    query = sa.select(JOBS.c.id).where(JOBS.c.due_at <= now).limit(1)
    async with database.read() as reading:
        return bool(await reading.execute(query))


async def claim(
    database: Database,
    kinds: Collection[str],
    *,
    now: datetime,
    most: int,
    hold: timedelta,
) -> list[Claimed]:
    """Hold up to so many jobs that are due, the longest due first, for so long."""
    held_by = new_id("claim")
    due = (
        sa.select(JOBS.c.id)
        .where(JOBS.c.due_at <= now, JOBS.c.kind.in_(sorted(kinds)))
        .order_by(JOBS.c.due_at, JOBS.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    statement = (
        sa.update(JOBS)
        .where(JOBS.c.id.in_(sa.select(due.c.id)))
        .values(due_at=now + hold, held_by=held_by, attempts=JOBS.c.attempts + 1)
        .returning(*(JOBS.c[name] for name in _CLAIMED))
    )
    async with database.write() as session:
        rows = (await session.execute(statement)).all()
    return [Claimed(**row._mapping, held_by=held_by) for row in rows]


async def finish(
    session: AsyncSession, job: Claimed, *, again_at: datetime | None = None
) -> None:
    """End a job, or have it done again then; `LostJobError` if it is no longer held."""
    held = (JOBS.c.id == job.id, JOBS.c.held_by == job.held_by)
    ended: Any = sa.delete(JOBS).where(*held)
    if again_at is not None:
        values = {"due_at": again_at, "held_by": None, "attempts": 0, "error": None}
        ended = sa.update(JOBS).where(*held).values(values)
    done: Any = await session.execute(ended)
    if done.rowcount != 1:
        raise LostJobError(f"The job {job.id} is no longer held.")


async def release(database: Database, jobs: Sequence[Claimed], now: datetime) -> None:
    """Let others have jobs that were not begun."""
    if not jobs:
        return
    statement = (
        sa.update(JOBS)
        .where(
            JOBS.c.id.in_([job.id for job in jobs]),
            JOBS.c.held_by == jobs[0].held_by,
        )
        .values(due_at=now, held_by=None, attempts=JOBS.c.attempts - 1)
    )
    async with database.write() as session:
        await session.execute(statement)


async def give_back(
    database: Database, job: Claimed, error: str, due_at: datetime | None
) -> None:
    """Note what went wrong with a job; it is due again then, or, with None, never."""
    statement = (
        sa.update(JOBS)
        .where(JOBS.c.id == job.id, JOBS.c.held_by == job.held_by)
        .values(due_at=due_at, held_by=None, error=error[:LONGEST_ERROR])
    )
    async with database.write() as session:
        await session.execute(statement)


async def failed(database: Database) -> Sequence[Any]:
    """Jobs that have failed too often, as rows of `kind`, `count` and the last `error`."""
    query = (
        sa.select(
            JOBS.c.kind,
            sa.func.count().label("count"),
            sa.func.max(JOBS.c.error).label("error"),
        )
        .where(JOBS.c.due_at.is_(None))
        .group_by(JOBS.c.kind)
        .order_by(JOBS.c.kind)
    )
    async with database.read() as reading:
        return await reading.execute(query)


@cache
def _insert(dialect: str) -> Any:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(JOBS).on_conflict_do_nothing(index_elements=["key"])
