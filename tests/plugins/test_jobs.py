"""Jobs are done once, by whoever comes first, and by another where that one is killed."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from marking import BERLIN, START, Clock, MarkRow, mark, marks, worker

from cyclorama.errors import PluginError
from cyclorama.plugins import Job, Run, Schedule
from cyclorama.plugins.compose import compose
from cyclorama.plugins.working import MOST_ATTEMPTS, delay_after
from cyclorama.storage.engine import Database
from cyclorama.storage.jobs import JOBS, LostJobError, claim, failed, finish, put
from cyclorama.storage.switches import switch

pytestmark = pytest.mark.anyio
WEEKLY = "marks.weekly"
MONDAY = datetime(2026, 3, 8, 23, tzinfo=UTC)
"""The first Monday after the start begins in Berlin."""


async def leave(database: Database, *payloads: dict[str, Any], **options: Any) -> None:
    async with database.write() as session:
        for payload in payloads:
            await put(session, "marks.leave", payload, now=START, **options)


async def left(database: Database) -> Counter[str]:
    async with database.read() as reading:
        rows = await reading.execute(sa.select(MarkRow.name))
    return Counter(row.name for row in rows)


async def waiting(database: Database) -> list[Any]:
    """The jobs that nobody has scheduled."""
    query = sa.select(JOBS).where(JOBS.c.kind != WEEKLY).order_by(JOBS.c.id)
    async with database.read() as reading:
        return [*await reading.execute(query)]


@given(
    now=st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)),
    at=st.times(),
    weekday=st.none() | st.integers(0, 6),
)
def test_a_schedule_is_always_later_and_at_its_time(
    now: datetime, at: time, weekday: int | None
) -> None:
    instant = now.replace(tzinfo=UTC)
    at = at.replace(fold=0)
    found = Schedule(at=at, weekday=weekday).after(instant, BERLIN)
    assert instant < found <= instant + timedelta(days=8 if weekday is not None else 2)
    local = found.astimezone(BERLIN)
    assert weekday is None or local.weekday() == weekday
    gap = local.replace(tzinfo=None) - datetime.combine(local.date(), at)
    assert gap in (timedelta(0), timedelta(hours=1))  # where clocks go forward


def test_what_fails_waits_longer_each_time_and_is_given_up() -> None:
    waits = [delay_after(n) for n in range(1, MOST_ATTEMPTS + 1)]
    assert waits[:3] == [timedelta(seconds=s) for s in (5, 10, 20)]
    assert waits[-1] is None
    assert all(w is not None and w <= timedelta(hours=1) for w in waits[:-1])


def test_jobs_that_are_not_the_sections_own_are_refused() -> None:
    with pytest.raises(PluginError, match=r"call it marks\.other"):
        compose([marks(jobs=(Job(kind="other", run=mark),), tables=())])

    def plain(run: Run) -> None:
        """Not async."""

    wrong: Any = plain
    with pytest.raises(PluginError, match="write async def"):
        compose([marks(jobs=(Job(kind="marks.plain", run=wrong),), tables=())])


async def test_many_workers_do_each_job_once(database: Database) -> None:
    await leave(database, *({"name": f"n{n}"} for n in range(40)))
    clock = Clock()
    workers = [worker(database, clock) for _ in range(4)]

    async def until_done(one: Any) -> None:
        while await one.work():
            pass

    await asyncio.gather(*(until_done(w) for w in workers))
    assert await left(database) == Counter(f"n{n}" for n in range(40))
    assert await waiting(database) == []
    done = sum((w.done for w in workers), Counter[tuple[str, str]]())
    assert done == {("marks.leave", "done"): 40}


async def test_a_job_with_a_key_waits_once_and_a_rollback_leaves_none(
    database: Database,
) -> None:
    await leave(database, {"name": "a"}, {"name": "b"}, key="only")
    assert [j.payload for j in await waiting(database)] == [{"name": "a"}]
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with database.write() as session:
            await put(session, "marks.leave", {"name": "c"}, now=START)
            _ = 1 / 0
    assert len(await waiting(database)) == 1


async def test_what_is_long_is_done_in_parts(database: Database) -> None:
    await leave(database, {"name": "part", "left": 3})
    one = worker(database, Clock())
    while await one.work():
        pass
    assert await left(database) == {"part": 4}


async def test_what_a_job_did_before_it_failed_is_undone_and_it_is_tried_again(
    database: Database,
) -> None:
    await leave(database, {"name": "bad", "fails": True}, {"name": "good"})
    clock = Clock()
    one = worker(database, clock)
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert await one.work()
        assert not await one.work()  # not before its time
        (job,) = await waiting(database)
        assert (job.attempts, job.held_by) == (attempt, None)
        clock.now += delay_after(attempt) or timedelta(days=1)
    assert await left(database) == {"good": 1}
    assert (await waiting(database))[0].due_at is None
    (found,) = await failed(database)
    assert (found.kind, found.count) == ("marks.leave", 1)
    assert "can't be left" in found.error


async def test_jobs_of_a_section_that_is_switched_off_wait(database: Database) -> None:
    await leave(database, {"name": "a"})
    async with database.write() as session:
        await switch(session, "marks", False)
    one = worker(database, Clock())
    assert not await one.work()
    async with database.write() as session:
        await switch(session, "marks", True)
    assert await one.work()
    assert await left(database) == {"a": 1}


async def test_a_schedule_is_kept_by_all_workers_together(database: Database) -> None:
    clock = Clock()
    workers = [worker(database, clock) for _ in range(3)]
    for one in workers:
        assert not await one.work()
    clock.now = MONDAY - timedelta(milliseconds=1)
    assert not await workers[0].work()
    clock.now = MONDAY
    assert [await one.work() for one in workers] == [True, False, False]
    clock.now = MONDAY + timedelta(days=20)  # two weeks were missed: once is enough
    assert [await one.work() for one in workers] == [True, False, False]
    assert await left(database) == {"scheduled": 2}


async def test_who_no_longer_holds_a_job_can_not_end_it(database: Database) -> None:
    await leave(database, {"name": "a"})
    hold = timedelta(seconds=60)

    async def taken(now: datetime) -> list[Any]:
        return await claim(database, ["marks.leave"], now=now, most=5, hold=hold)

    (first,) = await taken(START)
    assert await taken(START + hold - timedelta(seconds=1)) == []
    (second,) = await taken(START + hold)
    assert (second.id, second.attempts) == (first.id, 2)
    with pytest.raises(LostJobError):
        async with database.write() as session:
            await finish(session, first)
    async with database.write() as session:
        await finish(session, second)
    assert await waiting(database) == []


async def test_what_takes_longer_than_it_is_held_is_stopped(database: Database) -> None:
    await leave(database, {"name": "slow", "hangs": True})
    one = worker(database, Clock(), hold=timedelta(seconds=5.3))
    assert await one.work()
    assert one.done == {("marks.leave", "failed"): 1}
    assert await left(database) == {}
    assert "TimeoutError" in (await waiting(database))[0].error


async def test_a_worker_goes_on_after_what_nobody_expected(
    database: Database,
) -> None:
    await leave(database, {"name": "later"})
    begun: list[int] = []

    class Broken(Clock):
        def __call__(self) -> Any:
            begun.append(1)
            if len(begun) < 3:
                raise KeyError("nobody expected this")
            if len(begun) > 20:
                one.stop()
            return super().__call__()

    one = worker(database, Broken())
    await one.run()
    assert await left(database) == {"later": 1}


async def test_what_a_killed_worker_had_begun_another_does(database: Database) -> None:
    await leave(database, {"name": "taken", "hangs": True})
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, str(Path(__file__).with_name("marking.py")), url]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"hangs\n"
    process.kill()
    await process.wait()
    assert await left(database) == {}
    async with database.write() as session:
        await session.execute(sa.update(JOBS).values(payload={"name": "taken"}))
    clock = Clock()
    one = worker(database, clock)
    clock.now = START + timedelta(seconds=59)
    assert not await one.work()
    clock.now = START + timedelta(seconds=60)
    assert await one.work()
    assert await left(database) == {"taken": 1}
    assert await waiting(database) == []
