"""Sharing activities with users, and taking that back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import Context, Info, UserRow, new_id
from cyclorama.sections.timeline.events import SHARED, events_of, told
from cyclorama.sections.timeline.mutations import (
    ActivityPayload,
    change_logged,
)
from cyclorama.sections.timeline.rules import MOST_ATTENDEES, Refused, checked_ids
from cyclorama.sections.timeline.tables import SHARED_WITH, ActivityRow, AttendeeRow
from cyclorama.sections.timeline.writing import check_known, note_change

_FIELD: Final = "Activity.sharedWith"
_PATH: Final = "userIds"
Shares = Mapping[str, AttendeeRow]
"""By the ids of users."""


@strawberry.input(
    description="Users with whom an activity is to be shared, or no more."
)
class ShareActivityInput:
    id: strawberry.ID
    user_ids: list[strawberry.ID] = strawberry.field(
        description="At most 50 with those with whom it is shared already."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version that was read; another one is refused with CONFLICT.",
    )


async def share_activity(info: Info, input: ShareActivityInput) -> ActivityPayload:
    """Share a logged activity with users: they are notified, and may read it whatever its
    visibility, on a record that they may read.

    It is for those who may change it.
    """
    return await _change(info.context, input, _share)


async def unshare_activity(info: Info, input: ShareActivityInput) -> ActivityPayload:
    """Share an activity with these users no more."""
    return await _change(info.context, input, _unshare)


Apply = Callable[[AsyncSession, ActivityRow, Shares, Sequence[str]], Awaitable[bool]]


async def _change(
    ctx: Context, input: ShareActivityInput, apply: Apply
) -> ActivityPayload:
    async def applied(session: AsyncSession, row: ActivityRow) -> None:
        ids = checked_ids(input.user_ids, _PATH)
        if not ids:
            raise Refused("REQUIRED", "Name a user.", _PATH)
        held = await _shares(session, row)
        if await apply(session, row, held, ids):
            await _note(ctx, session, row, held)

    return await change_logged(ctx, input, field=_FIELD, path=_PATH, apply=applied)


async def _shares(session: AsyncSession, row: ActivityRow) -> dict[str, AttendeeRow]:
    query = sa.select(AttendeeRow).where(
        AttendeeRow.activity_id == row.id, AttendeeRow.kind == SHARED_WITH
    )
    return {a.user_id: a for a in await session.scalars(query) if a.user_id}


async def _share(
    session: AsyncSession, row: ActivityRow, held: Shares, ids: Sequence[str]
) -> bool:
    await check_known(session, UserRow, ids, _PATH)
    new = [id for id in ids if id not in held]
    if len(held) + len(new) > MOST_ATTENDEES:
        message = f"An activity is shared with at most {MOST_ATTENDEES} users."
        raise Refused("LIMIT_EXCEEDED", message, _PATH)
    for id in new:
        session.add(
            AttendeeRow(
                id=new_id("activity_attendee"),
                activity_id=row.id,
                kind=SHARED_WITH,
                user_id=id,
                person_id=None,
            )
        )
    return bool(new)


async def _unshare(
    session: AsyncSession, row: ActivityRow, held: Shares, ids: Sequence[str]
) -> bool:
    for place, id in enumerate(ids):
        if id not in held:
            message = f"The activity is not shared with {id[:80]!r}."
            raise Refused("LOOKUP_NOT_FOUND", message, _PATH, str(place))
    for id in ids:
        await session.delete(held[id])
    return True


async def _note(
    ctx: Context, session: AsyncSession, row: ActivityRow, before: Shares
) -> None:
    await session.flush()
    after = await _shares(session, row)
    old, new = ({"shared_with_ids": sorted(shares)} for shares in (before, after))
    facts: dict[str, Any] = told(row)
    events = events_of(SHARED, row, before={**facts, **old}, after={**facts, **new})
    await note_change(ctx, session, row, "activity.share", new, events)
