"""The calls to action of the naive variant: all of a company by a loader."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import strawberry

from benchmarks.naive_loaders import loaders
from benchmarks.shapes import Item, PageInfo, TypeCount, User

Info = strawberry.Info
Private = strawberry.Private


def _today() -> date:
    return datetime.now(UTC).date()


async def _item(info: Info, key: str) -> Item:
    row = await loaders(info).item.load(key)
    return Item(id=row.id, key=row.key, label=row.label, color=row.color)


def _is_snoozed(row: Any) -> bool:
    until = row.snoozed_until
    return not row.is_closed and until is not None and until >= _today()


def _is_open(row: Any) -> bool:
    return not row.is_closed and not _is_snoozed(row)


async def by_type(info: Info, record: str) -> list[TypeCount]:
    """The open CTAs of a company."""
    rows = await loaders(info).ctas.load(record)
    found = Counter(r.type_id for r in rows if _is_open(r))
    items = await loaders(info).item.load_many(list(found))
    return [
        TypeCount(type=await _item(info, i.id), count=found[i.id])
        for i in sorted(items, key=lambda i: (i.position, i.id))
    ]


@strawberry.type
class Cta:
    row: Private[Any]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return self.row.id

    @strawberry.field
    def name(self) -> str:
        return self.row.name

    @strawberry.field
    async def type(self, info: Info) -> Item:
        return await _item(info, self.row.type_id)

    @strawberry.field
    async def reason(self, info: Info) -> Item | None:
        return await _item(info, self.row.reason_id) if self.row.reason_id else None

    @strawberry.field
    async def priority(self, info: Info) -> Item:
        return await _item(info, self.row.priority_id)

    @strawberry.field
    async def status(self, info: Info) -> Item:
        return await _item(info, self.row.status_id)

    @strawberry.field
    async def owner(self, info: Info) -> User:
        row = await loaders(info).user.load(self.row.owner_id)
        return User(name=row.name, email=row.email)

    @strawberry.field
    def due_date(self) -> date:
        return self.row.due_date

    @strawberry.field
    def is_important(self) -> bool:
        return self.row.is_important

    @strawberry.field
    def days_until_close(self) -> int | None:
        return None if self.row.is_closed else (self.row.due_date - _today()).days

    @strawberry.field
    def days_past_due(self) -> int:
        last = self.row.closed_on or _today()
        return max((last - self.row.due_date).days, 0)

    @strawberry.field
    def percent_complete(self) -> float:
        if not self.row.total_tasks:
            return 100 if self.row.is_closed else 0
        return round(self.row.closed_tasks * 100 / self.row.total_tasks, 2)

    @strawberry.field
    def total_task_count(self) -> int:
        return self.row.total_tasks

    @strawberry.field
    def closed_task_count(self) -> int:
        return self.row.closed_tasks

    @strawberry.field
    def open_task_count(self) -> int:
        return self.row.total_tasks - self.row.closed_tasks


@strawberry.type
class CtaEdge:
    node: Cta


@strawberry.type
class CtaConnection:
    total_count: int
    page_info: PageInfo
    edges: list[CtaEdge]


@strawberry.type
class Cockpit:
    record: Private[str]

    async def _rows(self, info: Info) -> list[Any]:
        found: list[Any] = await loaders(info).ctas.load(self.record)
        return found

    @strawberry.field
    async def open_count(self, info: Info) -> int:
        return sum(_is_open(r) for r in await self._rows(info))

    @strawberry.field
    async def overdue_count(self, info: Info) -> int:
        late = (r.due_date < _today() for r in await self._rows(info) if _is_open(r))
        return sum(late)

    @strawberry.field
    async def snoozed_count(self, info: Info) -> int:
        return sum(_is_snoozed(r) for r in await self._rows(info))

    @strawberry.field
    async def success_rate(self, info: Info) -> float | None:
        rows = [r for r in await self._rows(info) if r.is_closed]
        items = await loaders(info).item.load_many([r.status_id for r in rows])
        found = Counter(i.category for i in items)
        decided = found["CLOSED_SUCCESS"] + found["CLOSED_LOST"]
        return round(found["CLOSED_SUCCESS"] / decided, 4) if decided else None

    @strawberry.field
    async def open_by_type(self, info: Info) -> list[TypeCount]:
        return await by_type(info, self.record)

    @strawberry.field
    async def ctas(self, info: Info, first: int = 20) -> CtaConnection:
        rows = [r for r in await self._rows(info) if _is_open(r)]
        return CtaConnection(
            total_count=len(rows),
            page_info=PageInfo(has_next_page=len(rows) > first),
            edges=[CtaEdge(node=Cta(row=r)) for r in rows[:first]],
        )
