"""Comments on activities, and replies to them."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import (
    Context,
    Info,
    Payload,
    UserError,
    claimed,
    made,
    new_id,
    record_change,
)
from cyclorama.sections.timeline.events import COMMENTED, events_of, told
from cyclorama.sections.timeline.mutations import (
    TimelineDeletionPayload,
    answer,
    writable,
)
from cyclorama.sections.timeline.rules import LONGEST_TEXT, Refused, checked_text
from cyclorama.sections.timeline.shown import IS_SEEN, IS_WHOLE
from cyclorama.sections.timeline.tables import CommentRow
from cyclorama.sections.timeline.types import MOST_COMMENTS, ActivityComment
from cyclorama.sections.timeline.writing import check_version, locked, may

_FIELD: Final = "ActivityComment.body"


@strawberry.input(description="A remark on a logged activity, or a reply to one.")
class AddActivityCommentInput:
    activity_id: strawberry.ID
    body: str = strawberry.field(description="Plain text, at most 32,000 characters.")
    reply_to_id: strawberry.ID | None = strawberry.field(
        default=None, description="A comment on the same activity."
    )
    idempotency_key: str | None = strawberry.field(
        default=None, description="Sent again, the same key returns the first result."
    )


@strawberry.input(description="A comment with another text.")
class EditActivityCommentInput:
    id: strawberry.ID
    body: str
    expected_version: int | None = None


@strawberry.input(description="A comment to delete; replies to it stay.")
class DeleteActivityCommentInput:
    id: strawberry.ID
    expected_version: int | None = None


@strawberry.type(description="The comment as it is now, or why nothing was changed.")
class ActivityCommentPayload(Payload):
    comment: ActivityComment | None
    errors: list[UserError]


async def add_activity_comment(
    info: Info, input: AddActivityCommentInput
) -> ActivityCommentPayload:
    """Comment on a logged activity, or reply to a comment on it."""
    ctx = info.context

    async def work() -> ActivityComment:
        await _check(ctx, input.activity_id, "activityId")
        async with ctx.database.write() as session:
            return _shown(await _add(ctx, session, input))

    return await answer(ActivityCommentPayload, "comment", work())


async def edit_activity_comment(
    info: Info, input: EditActivityCommentInput
) -> ActivityCommentPayload:
    """Put another text in the place of one's own comment."""
    ctx = info.context

    async def work() -> ActivityComment:
        activity, _ = await _reached(ctx, input.id)
        body = checked_text(input.body, LONGEST_TEXT, "The comment", "body")
        async with ctx.database.write() as session:
            row = await _locked(ctx, session, input.id, activity)
            if not may(ctx, row.author_id, False):
                raise Refused("FORBIDDEN", "You may change your own comments.", "id")
            check_version(row, input.expected_version)
            if row.body != body:
                row.body, row.edited_at = body, ctx.now
                row.version += 1
                await session.flush()
                await record_change(
                    ctx,
                    session,
                    "activity.comment_update",
                    activity,
                    before={"version": row.version - 1},
                    after={"version": row.version, "comment": row.id},
                )
        return _shown(row)

    return await answer(ActivityCommentPayload, "comment", work())


async def delete_activity_comment(
    info: Info, input: DeleteActivityCommentInput
) -> TimelineDeletionPayload:
    """Delete one's own comment; replies to it stay."""
    ctx = info.context

    async def work() -> str:
        activity, others = await _reached(ctx, input.id)
        async with ctx.database.write() as session:
            row = await _locked(ctx, session, input.id, activity)
            if not may(ctx, row.author_id, others):
                raise Refused("FORBIDDEN", "You may delete your own comments.", "id")
            check_version(row, input.expected_version)
            replies = sa.update(CommentRow).where(CommentRow.reply_to_id == row.id)
            await session.execute(replies.values(reply_to_id=None))
            await session.execute(sa.delete(CommentRow).where(CommentRow.id == row.id))
            before = {"comment": row.id, "author": row.author_id}
            await record_change(
                ctx, session, "activity.comment_delete", activity, before=before
            )
        return input.id

    return await answer(TimelineDeletionPayload, "deleted_id", work())


async def _check(ctx: Context, activity: str, *path: str, seen: Any = IS_SEEN) -> bool:
    """Whether the viewer may delete others' comments; `Refused` where they may not write
    any."""
    config = await writable(ctx, activity, *path, seen=seen)
    masked = ctx.masked
    hidden = {_FIELD, "Activity.comments"} & (masked.fields | masked.read_only)
    if hidden or not config.comments:
        message = "Your layout does not let you comment on activities."
        raise Refused("FORBIDDEN", message, *path)
    return config.delete_others


async def _add(
    ctx: Context, session: AsyncSession, input: AddActivityCommentInput
) -> CommentRow:
    new = new_id("activity_comment")
    if input.idempotency_key is not None:
        key = input.idempotency_key
        earlier = await claimed(ctx, session, "addActivityComment", key, input, new)
        if earlier != new:
            return await _comment(session, earlier, "idempotencyKey")
    held = await locked(ctx, session, input.activity_id, "activityId")
    if not held.is_whole or held.row.is_draft:
        message = "Comments are for logged activities that you may read."
        raise Refused("INVALID_STATE", message, "activityId")
    body = checked_text(input.body, LONGEST_TEXT, "The comment", "body")
    own = CommentRow.activity_id == input.activity_id
    count = await session.scalar(sa.select(sa.func.count()).where(own)) or 0
    if count >= MOST_COMMENTS:
        message = f"An activity has at most {MOST_COMMENTS} comments; log another."
        raise Refused("LIMIT_EXCEEDED", message, "activityId")
    if input.reply_to_id is not None:
        answered = await _comment(session, input.reply_to_id, "replyToId")
        if answered.activity_id != input.activity_id:
            raise _absent(input.reply_to_id, "replyToId")
    row = CommentRow(
        id=new,
        activity_id=input.activity_id,
        reply_to_id=input.reply_to_id,
        author_id=ctx.viewer.id,
        body=body,
        version=1,
        created_at=ctx.now,
        edited_at=None,
    )
    session.add(row)
    await session.flush()
    values = {**told(held.row), "comment_id": new, "commenter_id": row.author_id}
    events = events_of(COMMENTED, held.row, after=values)
    after = {"comment": row.id}
    await record_change(
        ctx,
        session,
        "activity.comment",
        row.activity_id,
        after=after,
        events=events,
    )
    return row


async def _reached(ctx: Context, comment: str) -> tuple[str, bool]:
    """The activity of a comment that the viewer may read, and whether they may delete
    others' comments."""
    query = sa.select(CommentRow.activity_id).where(CommentRow.id == comment)
    rows = await ctx.reading.execute(query)
    if not rows:
        raise _absent(comment, "id")
    ((activity,),) = rows
    try:
        whole = sa.and_(IS_SEEN, IS_WHOLE)
        return activity, await _check(ctx, activity, "id", seen=whole)
    except Refused as refused:
        if refused.code == "NOT_FOUND":
            raise _absent(comment, "id") from None
        raise


async def _locked(
    ctx: Context, session: AsyncSession, comment: str, activity: str
) -> CommentRow:
    """The comment, if the viewer may read it: its activity is locked with it."""
    await locked(ctx, session, activity, "id")
    return await _comment(session, comment, "id")


async def _comment(session: AsyncSession, comment: str, *path: str) -> CommentRow:
    row = await session.get(CommentRow, comment)
    if row is None:
        raise _absent(comment, *path)
    return row


def _absent(comment: str, *path: str) -> Refused:
    return Refused("NOT_FOUND", f"There is no comment {comment[:80]!r}.", *path)


def _shown(row: CommentRow) -> ActivityComment:
    columns: Any = CommentRow.__table__.c
    return made(ActivityComment, **{c.key: getattr(row, c.key) for c in columns})
