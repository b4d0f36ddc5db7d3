"""The global timeline: what was done with all customers, and the viewer's drafts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any, Final

import sqlalchemy as sa
import strawberry
from strawberry.utils.str_converters import to_camel_case

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
from cyclorama.sections.timeline.asked import Within, conditions
from cyclorama.sections.timeline.shown import IS_LOGGED, IS_OWN_DRAFT, A
from cyclorama.sections.timeline.types import (
    ActivityContext,
    ActivityEdge,
    ActivitySource,
)

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
    relationship_ids: list[strawberry.ID] | None = None
    cta_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Logged about one of these CTAs."
    )
    contexts: list[ActivityContext] | None = None
    sources: list[ActivitySource] | None = None


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
    asked: dict[str, Any] = {m.name: getattr(filter, m.name) for m in fields(filter)}
    for name, value in asked.items():
        if isinstance(value, list):
            if len(value) > MOST_VALUES:
                raise InvalidInputError(
                    f"`{to_camel_case(name)}` of the argument `filter` holds "
                    f"{len(value)} values; at most {MOST_VALUES} are allowed."
                )
            asked[name] = [getattr(one, "value", one) for one in value]
    search = asked.pop("search")
    pattern = None if search is None else sa.literal(search, Within())
    return conditions(ctx.masked.fields, search=pattern, **asked)
