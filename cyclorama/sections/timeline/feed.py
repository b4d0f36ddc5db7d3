"""The global timeline: what was done with all customers, and the viewer's drafts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final

import sqlalchemy as sa
import strawberry

from cyclorama.plugins import (
    Context,
    Info,
    InvalidInputError,
    ListOrder,
    OrderKey,
    PageInfo,
    Parent,
    Viewer,
    find_nodes,
    page_info,
    page_size,
)
from cyclorama.sections.timeline.shown import (
    ATTENDEES,
    ESCAPE,
    IS_LOGGED,
    IS_OWN_DRAFT,
    IS_WHOLE,
    A,
    Within,
    attended_by,
)
from cyclorama.sections.timeline.types import ActivityEdge

MOST_VALUES: Final = 100
First = Annotated[int, strawberry.argument(description="Rows of a page: 1 to 200.")]


@strawberry.input(description="Which activities; what is left out restricts nothing.")
class ActivityFilter:
    company_ids: list[strawberry.ID] | None = None
    types: list[str] | None = None
    search: str | None = strawberry.field(
        default=None, description="A text in subject or notes."
    )
    since: datetime | None = strawberry.field(
        default=None, description="The first instant."
    )
    until: datetime | None = strawberry.field(
        default=None, description="The first instant after."
    )
    author_ids: list[strawberry.ID] | None = None
    attendee_ids: list[strawberry.ID] | None = None
    milestone_types: list[str] | None = None


@strawberry.type(
    description="A page of activities of several records. One that the viewer may not see "
    "on its record is left out, so that a page may hold fewer than were asked for."
)
class ActivityFeed:
    edges: list[ActivityEdge]
    page_info: PageInfo


async def activities(
    viewer: Parent[Viewer],
    info: Info,
    first: First = 20,
    after: str | None = None,
    filter: ActivityFilter | None = None,
) -> ActivityFeed:
    """What was logged on all records whose Timeline the viewer gets, the newest first."""
    order = ListOrder(
        "viewer.activities",
        [OrderKey(A.activity_date, descending=True), OrderKey(A.id, descending=True)],
    )
    return await _page(info.context, order, IS_LOGGED, filter, first, after)


async def activity_drafts(
    viewer: Parent[Viewer],
    info: Info,
    first: First = 20,
    after: str | None = None,
    filter: ActivityFilter | None = None,
) -> ActivityFeed:
    """The viewer's own unfinished entries on all records, the one changed last first."""
    order = ListOrder(
        "viewer.activityDrafts",
        [OrderKey(A.updated_at, descending=True), OrderKey(A.id, descending=True)],
    )
    return await _page(info.context, order, IS_OWN_DRAFT, filter, first, after)


async def _page(
    ctx: Context,
    order: ListOrder,
    which: Any,
    filter: ActivityFilter | None,
    first: int,
    after: str | None,
) -> ActivityFeed:
    size = page_size(first)
    query = sa.select(A.id, *order.columns()).where(which)
    if filter is not None:
        query = query.where(*_conditions(ctx, filter))
    if after is not None:
        query = query.where(order.after(after))
    query = query.order_by(*order.clauses()).limit(size + 1)
    rows = await ctx.reading.execute(query, {"cy_viewer": ctx.viewer.id})
    page = rows[:size]
    cursors = [order.cursor([getattr(r, n) for n in order.labels]) for r in page]
    nodes = await find_nodes(ctx, [r.id for r in page])
    return ActivityFeed(
        edges=[
            ActivityEdge(cursor=cursor, node=node)
            for cursor, node in zip(cursors, nodes, strict=True)
            if node is not None
        ],
        page_info=page_info(cursors, more=len(rows) > size, after=after),
    )


def _conditions(ctx: Context, filter: ActivityFilter) -> Iterator[Any]:
    """What must hold; nothing is found by what is hidden from the viewer."""
    hidden = ctx.masked.fields

    def among(name: str, column: Any, values: list[Any] | None) -> Iterator[Any]:
        if values is not None:
            _check_length(name, values)
            yield sa.false() if name in hidden else column.in_(values)

    yield from among("Activity.companyId", A.company_id, filter.company_ids)
    yield from among("Activity.type", A.type, filter.types)
    yield from among("Activity.author", A.author_id, filter.author_ids)
    if filter.milestone_types is not None:
        yield IS_WHOLE
        milestones = filter.milestone_types
        yield from among("Activity.milestoneType", A.milestone_type, milestones)
    dated = "Activity.activityDate" in hidden
    if filter.since is not None:
        yield sa.false() if dated else A.activity_date >= filter.since
    if filter.until is not None:
        yield sa.false() if dated else A.activity_date < filter.until
    if filter.attendee_ids is not None:
        _check_length("attendeeIds", filter.attendee_ids)
        shown = hidden.isdisjoint(ATTENDEES)
        yield (
            sa.and_(IS_WHOLE, attended_by(filter.attendee_ids)) if shown else sa.false()
        )
    if filter.search is not None:
        yield _holds(hidden, filter.search)


def _holds(hidden: frozenset[str], text: str) -> Any:
    pattern = sa.literal(text, Within())
    ways: list[Any] = [sa.false()]
    if "Activity.subject" not in hidden:
        ways.append(A.subject_key.like(pattern, escape=ESCAPE))
    if hidden.isdisjoint(("Activity.notes", "Activity.notesText")):
        ways.append(A.notes_key.like(pattern, escape=ESCAPE))
    return sa.and_(IS_WHOLE, sa.or_(*ways))


def _check_length(name: str, values: list[Any]) -> None:
    if len(values) > MOST_VALUES:
        raise InvalidInputError(
            f"The argument `filter` names {len(values)} of {name}; at most {MOST_VALUES} "
            "are allowed."
        )
