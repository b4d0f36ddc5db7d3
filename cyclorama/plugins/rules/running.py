"""Rules that run at set times or on demand, over all records of a kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins.dispatching import Dispatched
from cyclorama.plugins.jobs import Job, Run, Schedule
from cyclorama.plugins.rules.engine import (
    Done,
    RuleEngine,
    Told,
    awake,
    disabled,
    load,
    not_judged,
)
from cyclorama.plugins.rules.entries import WEEKDAYS, RuleEntry, ScheduleEntry
from cyclorama.plugins.rules.file import data_of, difference
from cyclorama.plugins.rules.judging import Match
from cyclorama.schema.symbols import ROWS
from cyclorama.storage.audit import Author, append, change
from cyclorama.storage.events import EVENTS, forget
from cyclorama.storage.jobs import JOBS, put
from cyclorama.storage.rules import FIRINGS, RULES, RUNS

KIND: Final = "core.rule"
PAGE: Final = 200
"""Records of one transaction."""
KEPT_DAYS: Final = 30
"""How long events that were handled, and runs, are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Runs rules that follow from no event."""

    engine: RuleEngine
    zone: ZoneInfo

    def jobs(self) -> list[Job]:
        """The jobs of rules with a schedule, and of what is forgotten."""
        at = Schedule(at=time(3, 0))
        return [
            Job(kind=KIND, run=self.scheduled),
            Job(kind="core.forget", run=clean, schedule=at),
        ]

    async def scheduled(self, run: Run) -> None:
        """A page of the records of a rule, and a job for the rest. A rule that was
        removed, changed to another start or disabled does nothing."""
        key = run.payload["rule"]
        rule = next((r for r in await load(run.session) if r.key == key), None)
        if rule is None or rule.when.schedule is None or not rule.enabled:
            return
        batch = _batch(run.session, run.now, run.today, run.author, run.fields)
        ids = run.payload.get("ids")
        failed: dict[str, str] = {}
        if ids is None:
            await self.plan(run.session, rule, rule.when.schedule, run.now)
            if "plan" in run.payload:
                return
            ids = await self.found(batch, rule, failed)
        left = await self.page(batch, rule, ids, "schedule", failed)
        if left:
            await run.then({"rule": key, "ids": left})

    async def found(
        self, batch: Dispatched, rule: RuleEntry, failed: dict[str, str] | None = None
    ) -> list[str]:
        """The ids of the records that meet the rule's conditions, at most one more than
        it may touch; `failed` gets by record why that can't be said."""
        table: Any = ROWS[rule.kind].__table__
        kept: list[str] = []
        unsaid = {} if failed is None else failed
        last = ""
        while len(kept) <= rule.most_records:
            query = sa.select(table.c.id).where(table.c.id > last)
            page = list(
                await batch.session.scalars(query.order_by(table.c.id).limit(1_000))
            )
            if not page:
                break
            last = page[-1]
            met = await self.engine.holding(
                batch, rule, [Match(i) for i in page], unsaid
            )
            kept += [m.record_id for m in met]
        return kept[: rule.most_records + 1]

    async def page(
        self,
        batch: Dispatched,
        rule: RuleEntry,
        ids: Sequence[str],
        trigger: str,
        failed: Mapping[str, str] | None = None,
    ) -> list[str]:
        """Act on the first of the records; the ids that are left. Nothing is done where
        there are more than the rule may touch. The log has why conditions `failed`."""
        told, done = Told(rule=rule.key, trigger=trigger), Done()
        rest: list[str] = []
        if len(ids) > rule.most_records:
            told.state, told.records = "CAPPED", len(ids)
        elif self.engine.usable(rule, await disabled(batch.session)):
            now, rest = list(ids[:PAGE]), list(ids[PAGE:])
            matches = await awake(batch, rule, [Match(i) for i in now])
            told.records = len(matches)
            if matches:
                await self.engine.act(batch, rule, matches, told, done)
        unsaid = not_judged(rule.key, trigger, failed or {})
        await done.write(batch.session, [*unsaid, told], batch.now)
        return rest

    async def plan(
        self,
        session: AsyncSession,
        rule: RuleEntry,
        schedule: ScheduleEntry,
        now: datetime,
    ) -> None:
        """Leave the job of the next time."""
        due_at = _schedule(schedule).after(now, self.zone)
        payload, key = {"rule": rule.key}, f"{KIND}:{rule.key}"
        await put(session, KIND, payload, now=now, due_at=due_at, key=key)

    async def preview(
        self,
        session: AsyncSession,
        rule: RuleEntry,
        by: Author,
        today: date,
        fields: Any,
        failed: dict[str, str] | None = None,
    ) -> list[str]:
        """The ids of the records that a run would touch now, or that the rule would have
        touched of the events that are kept; nothing is written. `failed` gets by record
        why a condition can't be evaluated."""
        batch = _batch(session, by.at, today, by, fields)
        kind = self.engine.known.event_of(rule) if self.engine.usable(rule) else None
        if kind is None:
            return await self.found(batch, rule, failed)
        query = sa.select(EVENTS).where(EVENTS.c.kind == kind.key)
        newest = query.order_by(EVENTS.c.id.desc()).limit(10_000)
        events = [
            e
            for e in (await session.execute(newest)).all()[::-1]
            if e.record_id.startswith(f"{rule.kind.lower()}_")
        ]
        found: dict[str, None] = {}
        unsaid = {} if failed is None else failed
        for start in range(0, len(events), 500):
            page = events[start : start + 500]
            for match in await self.engine.matches(batch, rule, page, {}, unsaid):
                found[match.record_id] = None
        return list(found)[: rule.most_records + 1]


async def save_rules(
    session: AsyncSession, author: Author, new: Sequence[RuleEntry]
) -> dict[str, str]:
    """Replace all rules by these; what changes, by key."""
    old = await load(session)
    changes = difference(old, new)
    if not changes:
        return {}
    await session.execute(sa.delete(RULES))
    rows = [
        {"key": r.key, "position": n, "definition": data_of(r)}
        for n, r in enumerate(new)
    ]
    if rows:
        await session.execute(sa.insert(RULES), rows)
    gone = [k for k, what in changes.items() if what == "removed"]
    if gone:
        await session.execute(sa.delete(FIRINGS).where(FIRINGS.c.rule_key.in_(gone)))
    planned = JOBS.c.key.startswith(f"{KIND}:", autoescape=True)
    await session.execute(sa.delete(JOBS).where(JOBS.c.kind == KIND, planned))
    for rule in new:
        if rule.when.schedule is not None and rule.enabled:
            # Who works knows the organisation's zone.
            payload, key = {"rule": rule.key, "plan": True}, f"{KIND}:{rule.key}"
            await put(session, KIND, payload, now=author.at, key=key)
    before, after = ({r.key: data_of(r) for r in rules} for rules in (old, new))
    await append(session, [change(author, "rules.configure", None, before, after)])
    return changes


def batch_of(
    session: AsyncSession, author: Author, today: date, fields: Sequence[Any]
) -> Dispatched:
    """What a run on demand works with."""
    return _batch(session, author.at, today, author, fields)


def _batch(
    session: AsyncSession, now: datetime, today: date, author: Author, fields: Any
) -> Dispatched:
    return Dispatched(
        session=session, events=(), now=now, today=today, author=author, fields=fields
    )


def _schedule(entry: ScheduleEntry) -> Schedule:
    weekday = None if entry.weekday is None else WEEKDAYS.index(entry.weekday)
    return Schedule(at=time.fromisoformat(entry.at), weekday=weekday)


async def clean(run: Run) -> None:
    """Forget what is old: events, runs, pauses."""
    before = run.now - timedelta(days=KEPT_DAYS)
    gone = await forget(run.session, before, 5_000)
    await run.session.execute(sa.delete(RUNS).where(RUNS.c.at < before))
    await run.session.execute(sa.delete(FIRINGS).where(FIRINGS.c.until < run.now))
    if gone == 5_000:
        await run.then({})
