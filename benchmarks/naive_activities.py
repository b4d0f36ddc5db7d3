"""The activities of the naive variant: all of a company, and who took part, by loaders."""

from __future__ import annotations

from collections import Counter
from typing import Any

import strawberry

from benchmarks.naive_loaders import loaders
from benchmarks.shapes import Count, Id, Instant, Named, PageInfo

Info = strawberry.Info
Private = strawberry.Private


async def _logged(info: Info, record: str) -> list[Any]:
    """The company's own activities that everybody may read, the newest first."""
    return [
        row
        for row in await loaders(info).activities.load(record)
        if row.relationship_id is None
        and row.visibility == "PUBLIC"
        and not row.is_draft
    ]


async def milestones(info: Info, record: str) -> list[Count]:
    """Of a company, by type."""
    rows = await _logged(info, record)
    found = Counter(r.milestone_type for r in rows if r.milestone_type)
    return [Count(label=k, count=n) for k, n in sorted(found.items())]


@strawberry.type
class Activity:
    row: Private[Any]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return self.row.id

    @strawberry.field
    def type(self) -> str:
        return self.row.type

    @strawberry.field
    def subject(self) -> str:
        return self.row.subject

    @strawberry.field
    def activity_date(self) -> Instant:
        return self.row.activity_date

    @strawberry.field
    def duration_minutes(self) -> int | None:
        return self.row.duration_minutes

    @strawberry.field
    def milestone_type(self) -> str | None:
        return self.row.milestone_type

    @strawberry.field
    async def author(self, info: Info) -> Named:
        row = await loaders(info).user.load(self.row.author_id)
        return Named(name=row.name)

    @strawberry.field
    async def internal_attendees(self, info: Info) -> list[Named]:
        rows = await loaders(info).attendees.load(self.row.id)
        keys = [r.user_id for r in rows if r.kind == "INTERNAL"]
        found = await loaders(info).user.load_many(keys)
        found.sort(key=lambda u: (u.name, u.id))
        return [Named(name=u.name) for u in found]

    @strawberry.field
    async def external_attendees(self, info: Info) -> list[Named]:
        rows = await loaders(info).attendees.load(self.row.id)
        keys = [r.person_id for r in rows if r.kind == "EXTERNAL"]
        found = await loaders(info).person.load_many(keys)
        found.sort(key=lambda p: (p.search_key, p.id))
        return [Named(name=p.name) for p in found]

    @strawberry.field
    async def comments(self, info: Info) -> list[Id]:
        rows = await loaders(info).comments.load(self.row.id)
        return [Id(id=r.id) for r in rows]


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
        rows = await _logged(info, self.record)
        return ActivityConnection(
            total_count=len(rows),
            page_info=PageInfo(has_next_page=len(rows) > first),
            edges=[ActivityEdge(node=Activity(row=r)) for r in rows[:first]],
        )
