"""The calls to action of the tuned variant: counted, by type, and the first open ones."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from benchmarks.shapes import Item, PageInfo, TypeCount, User
from benchmarks.tuned_sections import Info, Private, rows_of, today_of
from benchmarks.tuned_statements import FIRST, KEYS, TODAY
from cyclorama.sections.cockpit.tables import CtaRow
from cyclorama.storage.rows import PicklistItemRow, UserRow

SNOOZED: Any = func.coalesce(CtaRow.snoozed_until >= TODAY, sa.false())
OPEN = sa.and_(~CtaRow.is_closed, ~SNOOZED)
ITEMS = {n: aliased(PicklistItemRow) for n in ("type", "reason", "priority", "status")}
OF = CtaRow.company_id.label("record")
OURS = CtaRow.company_id == func.any(KEYS)


def _numbers() -> Any:
    """The CTAs of each company in numbers."""
    status = ITEMS["status"]
    return (
        select(
            OF,
            func.count().filter(OPEN).label("open"),
            func.count().filter(OPEN, CtaRow.due_date < TODAY).label("overdue"),
            func.count().filter(~CtaRow.is_closed, SNOOZED).label("snoozed"),
            func.count().filter(status.category == "CLOSED_SUCCESS").label("won"),
            func.count().filter(status.category == "CLOSED_LOST").label("lost"),
        )
        .join(status, status.id == CtaRow.status_id)
        .where(OURS)
        .group_by(CtaRow.company_id)
    )


def _by_type() -> Any:
    """The open CTAs of each company by type."""
    item = ITEMS["type"]
    return (
        select(
            OF, item.id, item.key, item.label, item.color, func.count().label("count")
        )
        .join(item, item.id == CtaRow.type_id)
        .where(OURS, OPEN)
        .group_by(CtaRow.company_id, item.id)
        .order_by(item.position, item.id)
    )


def _first() -> Any:
    """The first open CTAs of each company, the earliest due first."""
    order = (CtaRow.due_date, CtaRow.id)
    rank = func.row_number().over(partition_by=CtaRow.company_id, order_by=order)
    found = select(CtaRow, rank.label("rank")).where(OURS, OPEN).subquery()
    query = select(
        found.c.company_id.label("record"),
        found.c.id,
        found.c.name,
        found.c.due_date,
        found.c.is_important,
        found.c.total_tasks,
        found.c.closed_tasks,
        UserRow.name.label("owner_name"),
        UserRow.email.label("owner_email"),
        *(
            getattr(item, part).label(f"{name}_{part}")
            for name, item in ITEMS.items()
            for part in ("id", "key", "label", "color")
        ),
    ).join(UserRow, UserRow.id == found.c.owner_id)
    for name, item in ITEMS.items():
        query = query.outerjoin(item, item.id == found.c[f"{name}_id"])
    return query.where(found.c.rank <= FIRST).order_by(found.c.rank)


NUMBERS, BY_TYPE, FIRST_CTAS = _numbers(), _by_type(), _first()


@strawberry.type
class Cta:
    id: strawberry.ID
    name: str
    type: Item
    reason: Item | None
    priority: Item
    status: Item
    owner: User
    due_date: date
    is_important: bool
    days_until_close: int | None
    days_past_due: int
    percent_complete: float
    total_task_count: int
    closed_task_count: int
    open_task_count: int


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
    open_count: int
    overdue_count: int
    snoozed_count: int
    success_rate: float | None

    @strawberry.field
    async def open_by_type(self, info: Info) -> list[TypeCount]:
        return await by_type(info, self.record)

    @strawberry.field
    async def ctas(self, info: Info, first: int = 20) -> CtaConnection:
        rows = await rows_of(info, FIRST_CTAS, self.record, first=first)
        today = today_of(info)
        return CtaConnection(
            total_count=self.open_count,
            page_info=PageInfo(has_next_page=self.open_count > first),
            edges=[CtaEdge(node=_cta(row, today)) for row in rows],
        )


def _cta(row: Any, today: date) -> Cta:
    values = row._mapping
    items = {
        name: Item(
            **{p: values[f"{name}_{p}"] for p in ("id", "key", "label", "color")}
        )
        for name in ITEMS
        if values[f"{name}_id"] is not None
    }
    total, closed = row.total_tasks, row.closed_tasks
    days = (row.due_date - today).days
    return Cta(
        id=row.id,
        name=row.name,
        type=items["type"],
        reason=items.get("reason"),
        priority=items["priority"],
        status=items["status"],
        owner=User(name=row.owner_name, email=row.owner_email),
        due_date=row.due_date,
        is_important=row.is_important,
        days_until_close=days,
        days_past_due=max(-days, 0),
        percent_complete=round(closed * 100 / total, 2) if total else 0,
        total_task_count=total,
        closed_task_count=closed,
        open_task_count=total - closed,
    )


async def by_type(info: Info, record: str) -> list[TypeCount]:
    """The open CTAs of a company."""
    return [
        TypeCount(
            type=Item(id=r.id, key=r.key, label=r.label, color=r.color), count=r.count
        )
        for r in await rows_of(info, BY_TYPE, record)
    ]


async def cockpit_of(info: Info, record: str) -> Cockpit:
    """The section."""
    rows = await rows_of(info, NUMBERS, record)
    opened, overdue, snoozed, won, lost = rows[0][1:] if rows else (0, 0, 0, 0, 0)
    return Cockpit(
        record=record,
        open_count=opened,
        overdue_count=overdue,
        snoozed_count=snoozed,
        success_rate=round(won / (won + lost), 4) if won + lost else None,
    )
