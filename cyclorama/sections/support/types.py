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
DAYS_TO_CLOSE = elapsed_days(SupportCaseRow.opened_at, SupportCaseRow.closed_at)
IS_CLOSED = sa.and_(SupportCaseRow.is_closed, SupportCaseRow.closed_at.is_not(None))
"""One that was opened again is not closed."""
CASES = record.row(
    select(
        func.count().label("all"),
        func.count(sa.case((~SupportCaseRow.is_closed, 1))).label("open"),
        func.avg(sa.case((IS_CLOSED, DAYS_TO_CLOSE))).label("days_to_close"),
        func.max(SupportCaseRow.updated_at).label("newest"),
    ).where(OF_RECORD)
)
OPEN_COUNT = CASES.c.open
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
    """Mean days from opening to closing of the cases closed in the period."""
    if config.period_days is None:
        found: ColumnElement[float] = rounded(CASES.c.days_to_close, 1)
        return found
    age = elapsed_days(SupportCaseRow.closed_at, now)
    closed = sa.and_(OF_RECORD, IS_CLOSED, age < config.period_days)
    mean: ColumnElement[float] = rounded(func.avg(DAYS_TO_CLOSE), 1)
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
            (CASES.c.all > 0, SectionState.READY.value),
            else_=SectionState.EMPTY.value,
        )
    )
    as_of: datetime | None = read.value(CASES.c.newest)
    sources: list[str] = read.many(
        select(ExternalRefRow.system)
        .distinct()
        .join(SupportCaseRow, SupportCaseRow.id == ExternalRefRow.entity_id)
        .where(OF_RECORD),
        order_by=["system"],
    )
