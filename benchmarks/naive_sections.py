"""The sections of the naive variant that relationships have, too, and what all share."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from typing import Any

import strawberry

from benchmarks import arithmetic
from benchmarks.arithmetic import Facts, money, points
from benchmarks.limit import days
from benchmarks.naive_activities import milestones
from benchmarks.naive_ctas import by_type
from benchmarks.naive_loaders import loaders
from benchmarks.naive_scores import health_of
from benchmarks.naive_surveys import answered
from benchmarks.shapes import (
    Card,
    Case,
    CaseConnection,
    CaseEdge,
    Count,
    Field,
    Item,
    OpenOrAll,
    Point,
    User,
)

Info = strawberry.Info
Private = strawberry.Private


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


async def _people(info: Info, kind: str, record: str) -> tuple[int, int]:
    """Active people of the last month and of the one before."""
    at = days(today())
    rows = await loaders(info).active[kind].load(record)
    last = {r.person_key for r in rows if at["last"] <= r.day < at["month"]}
    before = {r.person_key for r in rows if at["before"] <= r.day < at["last"]}
    return len(last), len(before)


async def item_of(info: Info, key: str | None) -> Item | None:
    row = await loaders(info).item.load(key) if key else None
    return row and Item(id=row.id, key=row.key, label=row.label, color=row.color)


async def user_of(info: Info, key: str | None) -> User | None:
    row = await loaders(info).user.load(key) if key else None
    return row and User(name=row.name, email=row.email)


async def facts_of(info: Info, row: Any) -> Facts:
    return Facts(
        status=await item_of(info, row.status_id),
        stage=await item_of(info, row.stage_id),
        industry=await item_of(info, row.industry_id),
        csm=await user_of(info, row.csm_id),
        arr=money(row.arr_minor, row.currency),
        began=row.original_contract_date,
        renewal=row.renewal_date,
    )


@strawberry.type
class Summary:
    row: Private[Any]

    @strawberry.field
    async def cards(self, info: Info) -> list[Card]:
        last, before = await _people(info, "company", self.row.id)
        cases = await loaders(info).cases["company"].load(self.row.id)
        found = Counter(c.priority or "No priority" for c in cases if not c.is_closed)
        return arithmetic.cards(
            health=await health_of(info, self.row.id),
            ctas=[
                Count(label=t.type.label, count=t.count)
                for t in await by_type(info, self.row.id)
            ],
            tally=(await answered(info, self.row.id)).tally,
            last=last,
            before=before,
            milestones=await milestones(info, self.row.id),
            stage=await item_of(info, self.row.stage_id),
            cases=[Count(label=k, count=n) for k, n in sorted(found.items())],
        )

    @strawberry.field
    async def fields(self, info: Info) -> list[Field]:
        return arithmetic.summary_fields(await facts_of(info, self.row), today())

    @strawberry.field
    def tags(self) -> list[str]:
        return self.row.tags

    @strawberry.field
    def comment(self) -> str | None:
        return self.row.comment


@strawberry.type
class Support:
    kind: Private[str]
    record: Private[str]

    async def _cases(self, info: Info) -> list[Any]:
        found: list[Any] = await loaders(info).cases[self.kind].load(self.record)
        return found

    @strawberry.field
    async def open_count(self, info: Info) -> int:
        return sum(not c.is_closed for c in await self._cases(info))

    @strawberry.field
    async def mean_days_to_close(self, info: Info) -> float | None:
        rows = await self._cases(info)
        found = [c.closed_at - c.opened_at for c in rows if c.closed_at]
        seconds = sum(f.total_seconds() for f in found)
        return round(seconds / len(found) / 86400, 1) if found else None

    @strawberry.field
    async def cases(
        self, info: Info, view: OpenOrAll = OpenOrAll.OPEN, first: int = 20
    ) -> CaseConnection:
        rows = await self._cases(info)
        rows = [c for c in rows if view is OpenOrAll.ALL or not c.is_closed]
        return CaseConnection(
            total_count=len(rows), edges=[CaseEdge(node=_case(c)) for c in rows[:first]]
        )


def _case(row: Any) -> Case:
    return Case(
        id=row.id,
        number=row.number,
        subject=row.subject,
        status=row.status,
        is_closed=row.is_closed,
        priority=row.priority,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )


@strawberry.type
class Module:
    row: Private[Any]
    used: Private[list[Any]]

    @strawberry.field
    def key(self) -> str:
        return self.row.key

    @strawberry.field
    def name(self) -> str:
        return self.row.name

    @strawberry.field
    def unit(self) -> str | None:
        return self.row.unit

    @strawberry.field
    def total(self) -> float:
        return sum(u.value for u in self.used)

    @strawberry.field
    def series(self, periods: int = 12) -> list[Point]:
        sums: defaultdict[date, float] = defaultdict(float)
        for row in self.used:
            sums[arithmetic.monday(row.day)] += row.value
        return points(sums, periods, today())


@strawberry.type
class Usage:
    kind: Private[str]
    record: Private[str]

    @strawberry.field
    async def utilization(self, info: Info) -> float | None:
        month = days(today())["month"]
        rows = await loaders(info).entitlements[self.kind].load(self.record)
        whole = sum(e.quantity for e in rows if e.starts_on < month and not e.ends_on)
        last, _ = await _people(info, self.kind, self.record)
        return arithmetic.percent(last, whole)

    @strawberry.field
    async def trend_percent(self, info: Info) -> float | None:
        last, before = await _people(info, self.kind, self.record)
        return arithmetic.percent(last - before, before)

    @strawberry.field
    async def active_users(self, info: Info, periods: int = 12) -> list[Point]:
        people: defaultdict[date, set[str]] = defaultdict(set)
        for row in await loaders(info).active[self.kind].load(self.record):
            people[arithmetic.monday(row.day)].add(row.person_key)
        counts = {week: float(len(found)) for week, found in people.items()}
        return points(counts, periods, today())

    @strawberry.field
    async def modules(self, info: Info) -> list[Module]:
        used: defaultdict[str, list[Any]] = defaultdict(list)
        for row in await loaders(info).used[self.kind].load(self.record):
            used[row.module_id].append(row)
        found = await loaders(info).module.load_many(list(used))
        found.sort(key=lambda m: (m.position, m.name, m.id))
        return [Module(row=m, used=used[m.id]) for m in found]
