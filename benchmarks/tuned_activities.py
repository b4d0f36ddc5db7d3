"""The activities of the tuned variant: the first ones, who took part, remarks."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import func, select

from benchmarks.shapes import Count, Id, Instant, Named, PageInfo
from benchmarks.tuned_sections import Info, Private, rows_of
from benchmarks.tuned_statements import FIRST, KEYS
from cyclorama.sections.timeline.tables import ActivityRow, AttendeeRow, CommentRow
from cyclorama.storage.rows import PersonRow, UserRow

at: Any = sa.type_coerce(ActivityRow.activity_date, sa.DateTime(timezone=True))
LOGGED = sa.and_(
    ActivityRow.company_id == func.any(KEYS),
    ActivityRow.relationship_id.is_(None),
    ActivityRow.visibility == "PUBLIC",
    ~ActivityRow.is_draft,
)
"""The companies' own activities that everybody may read."""
OF = ActivityRow.company_id.label("record")


def _first() -> Any:
    """The first activities of each company, the newest first, and how many there are."""
    of, order = ActivityRow.company_id, (at.desc(), ActivityRow.id.desc())
    rank = func.row_number().over(partition_by=of, order_by=order)
    found = (
        select(
            OF,
            ActivityRow.id,
            ActivityRow.type,
            ActivityRow.subject,
            at.label("activity_date"),
            ActivityRow.duration_minutes,
            ActivityRow.milestone_type,
            UserRow.name.label("author"),
            func.count().over(partition_by=of).label("total"),
            rank.label("rank"),
        )
        .join(UserRow, UserRow.id == ActivityRow.author_id)
        .where(LOGGED)
        .subquery()
    )
    return select(found).where(found.c.rank <= FIRST).order_by(found.c.rank)


FIRST_ACTIVITIES = _first()
MILESTONES = (
    select(OF, ActivityRow.milestone_type.label("label"), func.count().label("count"))
    .where(LOGGED, ActivityRow.milestone_type.is_not(None))
    .group_by(ActivityRow.company_id, ActivityRow.milestone_type)
    .order_by(ActivityRow.milestone_type)
)
INTERNAL = (
    select(AttendeeRow.activity_id.label("record"), UserRow.name)
    .join(UserRow, UserRow.id == AttendeeRow.user_id)
    .where(AttendeeRow.activity_id == func.any(KEYS), AttendeeRow.kind == "INTERNAL")
    .order_by(UserRow.name, UserRow.id)
)
EXTERNAL = (
    select(AttendeeRow.activity_id.label("record"), PersonRow.name)
    .join(PersonRow, PersonRow.id == AttendeeRow.person_id)
    .where(AttendeeRow.activity_id == func.any(KEYS), AttendeeRow.kind == "EXTERNAL")
    .order_by(PersonRow.search_key, PersonRow.id)
)
COMMENTS = (
    select(CommentRow.activity_id.label("record"), CommentRow.id)
    .where(CommentRow.activity_id == func.any(KEYS))
    .order_by(CommentRow.created_at, CommentRow.id)
)


@strawberry.type
class Activity:
    id: strawberry.ID
    type: str
    subject: str
    activity_date: Instant
    duration_minutes: int | None
    milestone_type: str | None
    author: Named

    @strawberry.field
    async def internal_attendees(self, info: Info) -> list[Named]:
        return [Named(name=r.name) for r in await rows_of(info, INTERNAL, self.id)]

    @strawberry.field
    async def external_attendees(self, info: Info) -> list[Named]:
        return [Named(name=r.name) for r in await rows_of(info, EXTERNAL, self.id)]

    @strawberry.field
    async def comments(self, info: Info) -> list[Id]:
        return [Id(id=r.id) for r in await rows_of(info, COMMENTS, self.id)]


@strawberry.type
class ActivityEdge:
    node: Activity


@strawberry.type
class ActivityConnection:
    total_count: int
    page_info: PageInfo
    edges: list[ActivityEdge]


@strawberry.type
class Timeline:
    record: Private[str]

    @strawberry.field
    async def activities(self, info: Info, first: int = 20) -> ActivityConnection:
        rows = await rows_of(info, FIRST_ACTIVITIES, self.record, first=first)
        total = rows[0].total if rows else 0
        return ActivityConnection(
            total_count=total,
            page_info=PageInfo(has_next_page=total > first),
            edges=[ActivityEdge(node=_activity(row)) for row in rows],
        )


def _activity(row: Any) -> Activity:
    return Activity(
        id=row.id,
        type=row.type,
        subject=row.subject,
        activity_date=row.activity_date,
        duration_minutes=row.duration_minutes,
        milestone_type=row.milestone_type,
        author=Named(name=row.author),
    )


async def milestones(info: Info, record: str) -> list[Count]:
    """Of a company, by type."""
    rows = await rows_of(info, MILESTONES, record)
    return [Count(label=r.label, count=r.count) for r in rows]
