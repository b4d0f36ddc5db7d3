"""The worker: does the jobs that are due, each in a transaction of its own.

Any number of workers share the jobs of a database. A worker that stops finishes what it
has begun; what one that was killed had begun is done by another.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cyclorama.plugins.dispatching import Dispatcher, Listener
from cyclorama.plugins.jobs import Job, Run
from cyclorama.storage.audit import Actor, Author
from cyclorama.storage.configuration import load_fields
from cyclorama.storage.engine import Database
from cyclorama.storage.jobs import (
    Claimed,
    LostJobError,
    claim,
    finish,
    give_back,
    is_due,
    put,
    release,
)
from cyclorama.storage.switches import load_switches

log = structlog.get_logger(__name__)
WORKER: Final = Actor(kind="SYSTEM", id=None, name="worker")
HOLD: Final = timedelta(seconds=60)
"""How long a job is held, and the longest that a run of it may take."""
MARGIN: Final = timedelta(seconds=5)
"""How long before its end a run is stopped."""
AT_ONCE: Final = 8
"""Jobs that are claimed together; those that ask no other server are done one after the
other."""
PAUSE_SECONDS: Final = 1.0
"""Between looks for what is due."""
MOST_ATTEMPTS: Final = 10
FIRST_DELAY: Final = timedelta(seconds=5)
LONGEST_DELAY: Final = timedelta(hours=1)


def delay_after(attempts: int) -> timedelta | None:
    """How long a job waits that has failed so often; None: it is not tried again."""
    if attempts >= MOST_ATTEMPTS:
        return None
    doubled: timedelta = FIRST_DELAY * 2 ** (attempts - 1)
    return min(LONGEST_DELAY, doubled)


class Worker:
    """Does the jobs of the sections that are enabled."""

    def __init__(
        self,
        database: Database,
        sections: Mapping[str, Any],
        *,
        clock: Callable[[], datetime],
        zone: ZoneInfo,
        hold: timedelta = HOLD,
        pause: float = PAUSE_SECONDS,
        jobs: Sequence[Job] = (),
        listeners: Sequence[Listener] = (),
    ) -> None:
        self._database = database
        self._clock = clock
        self._zone = zone
        self._hold = hold
        self._pause = pause
        self._stopping = asyncio.Event()
        self._scheduled: set[str] = set()
        self.jobs: Mapping[str, Job] = {
            job.kind: job
            for job in (*jobs, *(j for s in sections.values() for j in s.jobs))
        }
        heard = [h for s in sections.values() for h in s.events_seen]
        self._dispatcher = Dispatcher(database, [*listeners, *heard], WORKER)
        self.done: Counter[tuple[str, str]] = Counter()
        """How many runs of each kind ended how: `done`, `failed` or `lost`."""
        self.events: Counter[str] = self._dispatcher.done
        """How many events ended how: `handled` or `put_aside`."""

    async def run(self) -> None:
        """Run until told to stop. Events wait for no job."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep(self.hand_out))
            group.create_task(self._keep(self.do_due))

    async def _keep(self, step: Callable[[], Awaitable[bool]]) -> None:
        while not self._stopping.is_set():
            try:
                busy = await step()
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.warning("worker_waits", error=repr(error))
                busy = False
            except Exception as error:
                # Nobody else would begin it again: the server goes on without.
                log.error("worker_failed", exc_info=error)
                busy = False
            if not busy:
                await self._wait()

    def stop(self) -> None:
        """Begin no more jobs."""
        self._stopping.set()

    async def work(self) -> bool:
        """Do some of what is due; whether there was anything."""
        handed_out = await self.hand_out()
        return await self.do_due() or handed_out

    async def hand_out(self) -> bool:
        """Hand out events that wait; whether there were any."""
        now = self._clock()
        fields = await self._fields()
        return await self._dispatcher.step(now, self._today(now), fields)

    async def do_due(self) -> bool:
        """Do some of the jobs that are due; whether there were any."""
        now = self._clock()
        enabled = await self._enabled()
        await self._schedule(enabled, now)
        if not enabled or not await is_due(self._database, now):
            return False
        claimed = await claim(
            self._database, enabled, now=now, most=AT_ONCE, hold=self._hold
        )
        fields = await self._fields()
        # What asks other servers goes at once: one that hangs keeps few others waiting.
        asking = [j for j in claimed if self.jobs[j.kind].prepare is not None]
        rest = [j for j in claimed if self.jobs[j.kind].prepare is None]
        end = now + self._hold
        asked = (self._do(job, end, fields) for job in asking)
        await asyncio.gather(*asked, self._in_turn(rest, now, fields))
        return bool(claimed)

    async def _in_turn(
        self, jobs: Sequence[Claimed], now: datetime, fields: Sequence[Any]
    ) -> None:
        for number, job in enumerate(jobs):
            # A run has at least half of the time.
            if self._stopping.is_set() or self._clock() > now + self._hold / 2:
                await release(self._database, jobs[number:], self._clock())
                break
            await self._do(job, now + self._hold, fields)

    async def _fields(self) -> Sequence[Any]:
        async with self._database.read() as reading:
            return await load_fields(reading)

    def _today(self, now: datetime) -> date:
        return now.astimezone(self._zone).date()

    async def _enabled(self) -> Mapping[str, Job]:
        async with self._database.read() as reading:
            switches = await load_switches(reading)
        return {
            kind: job
            for kind, job in self.jobs.items()
            if switches.get(kind.partition(".")[0], True)
        }

    async def _schedule(self, jobs: Mapping[str, Job], now: datetime) -> None:
        """Leave the jobs with a schedule; nothing happens where they wait already."""
        for kind, job in jobs.items():
            if job.schedule is not None and kind not in self._scheduled:
                due_at = job.schedule.after(now, self._zone)
                async with self._database.write() as session:
                    await put(session, kind, {}, now=now, due_at=due_at, key=kind)
                self._scheduled.add(kind)

    async def _do(self, job: Claimed, end: datetime, fields: Sequence[Any]) -> None:
        """Run one job; an error gives it back."""
        left = (end - MARGIN - self._clock()).total_seconds()
        try:
            if job.attempts > MOST_ATTEMPTS:
                raise RuntimeError("The process ended while this ran, time and again.")
            async with asyncio.timeout(left):
                prepare, prepared = self.jobs[job.kind].prepare, None
                if prepare is not None:
                    prepared = await prepare(job.payload)
                async with self._database.write() as session:
                    await self._run(session, job, prepared, fields)
            self.done[job.kind, "done"] += 1
        except LostJobError:
            self.done[job.kind, "lost"] += 1
        except Exception as error:
            self.done[job.kind, "failed"] += 1
            log.error("job_failed", kind=job.kind, job=job.id, exc_info=error)
            wait = delay_after(job.attempts)
            due_at = None if wait is None else self._clock() + wait
            await give_back(self._database, job, repr(error), due_at)

    async def _run(
        self, session: Any, job: Claimed, prepared: Any, fields: Sequence[Any]
    ) -> None:
        now = self._clock()
        held = self.jobs[job.kind]
        again_at = None
        if held.schedule is not None and job.key == job.kind:
            again_at = held.schedule.after(now, self._zone)
        await finish(session, job, again_at=again_at)
        await held.run(
            Run(
                session=session,
                kind=job.kind,
                payload=job.payload,
                now=now,
                today=self._today(now),
                author=Author(actor=WORKER, at=now),
                fields=fields,
                prepared=prepared,
            )
        )

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._pause):
                await self._stopping.wait()
        except TimeoutError:
            return
