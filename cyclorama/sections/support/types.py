"""What Support shows: cases, how many are open, how long closing takes."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
import strawberry
from sqlalchemy import ColumnElement, func, select

from cyclorama.plugins import (
    ExternalRef,
    ExternalRefRow,
    Node,
    OpenOrAll,
    PageInfo,
    SectionBase,
    SectionState,
    elapsed_days,
    now,
    read,
    record,
    rounded,
)
from cyclorama.sections.support.config import SupportConfig
from cyclorama.sections.support.tables import SupportCaseRow

OF_RECORD = record.owns(SupportCaseRow)
OPEN = sa.and_(OF_RECORD, ~SupportCaseRow.is_closed)
OPEN_COUNT = (
    select(func.count()).select_from(SupportCaseRow).where(OPEN).scalar_subquery()
)
NO_PRIORITY = "No priority"

open_by_priority = (
    select(
        func.coalesce(SupportCaseRow.priority, NO_PRIORITY).label("label"),
        func.count().label("count"),
    )
    .where(OPEN)
    .group_by(SupportCaseRow.priority)
)


def in_view(view: OpenOrAll = OpenOrAll.OPEN) -> ColumnElement[bool]:
    """The cases of the record that the view shows."""
    return OPEN if view is OpenOrAll.OPEN else OF_RECORD


def days_to_close(config: SupportConfig) -> ColumnElement[float]:
    """Mean days from opening to closing of the cases closed in the period; one that was
    opened again is not closed."""
    closed = sa.and_(
        OF_RECORD, SupportCaseRow.is_closed, SupportCaseRow.closed_at.is_not(None)
    )
    if config.period_days is not None:
        age = elapsed_days(SupportCaseRow.closed_at, now)
        closed = sa.and_(closed, age < config.period_days)
    days = elapsed_days(SupportCaseRow.opened_at, SupportCaseRow.closed_at)
    mean: ColumnElement[float] = rounded(func.avg(days), 1)
    return select(mean).where(closed).scalar_subquery()


@strawberry.type(description="A case that the customer opened with support.")
@read.table(SupportCaseRow)
class SupportCase(Node):
    id: strawberry.ID
    number: str
    subject: str | None
    status: str
    is_closed: bool
    priority: str | None
    opened_at: datetime
    closed_at: datetime | None
    csat: float | None
    external_refs: list[ExternalRef] = read.many(
        ExternalRefRow,
        ExternalRefRow.entity_id == SupportCaseRow.id,
        order_by=[
            ExternalRefRow.system,
            ExternalRefRow.object_type,
            ExternalRefRow.external_id,
        ],
    )


@strawberry.type(description="A case and its place in the list.")
class CaseEdge:
    cursor: str
    node: SupportCase


@strawberry.type(description="A page of cases, the newest first.")
class CaseConnection:
    edges: list[CaseEdge]
    page_info: PageInfo
    total_count: int


@strawberry.type(
    description="The support cases of the company and of its relationships, or of the "
    "relationship."
)
class SupportSection(SectionBase):
    cases: CaseConnection = read.page(
        SupportCaseRow,
        in_view,
        order_by=[SupportCaseRow.opened_at.desc(), SupportCaseRow.id],
    )
    open_count: int = read.value(OPEN_COUNT)
    mean_days_to_close: float | None = read.declared(
        read.Value(read.called(days_to_close)),
        "Mean days from opening to closing of the cases closed in the period; null "
        "without one.",
    )
    state: SectionState = read.value(
        sa.case(
            (
                select(SupportCaseRow.id).where(OF_RECORD).exists(),
                SectionState.READY.value,
            ),
            else_=SectionState.EMPTY.value,
        )
    )
    as_of: datetime | None = read.value(
        select(func.max(SupportCaseRow.updated_at)).where(OF_RECORD).scalar_subquery()
    )
    sources: list[str] = read.many(
        select(ExternalRefRow.system)
        .distinct()
        .join(SupportCaseRow, SupportCaseRow.id == ExternalRefRow.entity_id)
        .where(OF_RECORD),
        order_by=["system"],
    )
