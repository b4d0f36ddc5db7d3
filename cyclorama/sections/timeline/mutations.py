"""Logging, drafting, changing and deleting activities."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, Final, TypeVar

import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import (
    JSON,
    Context,
    Info,
    KeyRefusedError,
    Payload,
    Topics,
    UserError,
    UserErrorCode,
    is_of_company,
    kind_of_id,
    made,
    settings_or_refusals,
    subject_of,
)
from cyclorama.sections.timeline.config import TimelineConfig
from cyclorama.sections.timeline.rules import Refused
from cyclorama.sections.timeline.shown import IS_SEEN
from cyclorama.sections.timeline.tables import ActivityRow
from cyclorama.sections.timeline.types import Activity, ActivityVisibility
from cyclorama.sections.timeline.writing import (
    About,
    absent,
    delete,
    own_logged,
    save,
)

KEY: Final = "timeline"
P = TypeVar("P", bound=Payload)
_CONTEXTS: Final = {"cta": "CTA", "success_plan": "SUCCESS_PLAN", "case": "CASE"}
"""What an activity may be about besides its record, by the type part of ids."""


@strawberry.input(description="A file of another system that belongs to an activity.")
class ActivityAttachmentInput:
    name: str = strawberry.field(description="At most 255 characters.")
    url: str = strawberry.field(description="An address with https or http.")
    media_type: str | None = None
    size: float | None = strawberry.field(default=None, description="Whole bytes.")


@strawberry.input(
    description="An activity as it is to be. With `id` one is changed: what is left out "
    "stays, null clears."
)
class SaveActivityInput:
    record_id: strawberry.ID
    type: str = strawberry.field(description="The key of a type of the section.")
    subject: str = strawberry.field(description="At most 255 characters.")
    activity_date: datetime = strawberry.field(
        description="From 1970 to ten years from now."
    )
    id: strawberry.ID | None = None
    notes: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="HTML, at most 32,000 characters. Scripts are refused; what notes "
        "can't show is dropped.",
    )
    duration_minutes: int | None = strawberry.UNSET
    is_draft: bool = strawberry.field(
        default=False,
        description="Seen by its author alone, until it is saved with false: then it is "
        "logged for good.",
    )
    internal_attendee_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Users, at most 50."
    )
    external_attendee_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="People, at most 50."
    )
    mention_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Users who took no part and are to read of it, at most 50: they may, "
        "whatever its visibility.",
    )
    attachments: list[ActivityAttachmentInput] | None = strawberry.field(
        default=strawberry.UNSET, description="All of them, in order; at most 20."
    )
    milestone_type: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="The key of a milestone, for a type of the category MILESTONE.",
    )
    visibility: ActivityVisibility | None = strawberry.field(
        default=strawberry.UNSET, description="PUBLIC, if nothing is said."
    )
    context_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="What a new activity is about, if not its record: a thing of the "
        "record, as a case or a CTA, the scorecard that applies to it, or a measure on "
        "that.",
    )
    fields: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="Values of the type's own fields, by key; those left out stay.",
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version that was read; another one is refused with CONFLICT.",
    )
    idempotency_key: str | None = strawberry.field(
        default=None, description="Sent again, the same key returns the first result."
    )


@strawberry.input(description="An activity to delete, with its comments.")
class DeleteActivityInput:
    id: strawberry.ID
    expected_version: int | None = None


@strawberry.type(description="The activity as it is now, or why nothing was changed.")
class ActivityPayload(Payload):
    activity: Activity | None
    errors: list[UserError]


@strawberry.type(description="What is gone, or why it is still there.")
class TimelineDeletionPayload(Payload):
    deleted_id: strawberry.ID | None
    errors: list[UserError]


async def save_activity(info: Info, input: SaveActivityInput) -> ActivityPayload:
    """Log an activity, keep a draft of one, log a draft, or change one."""
    ctx = info.context

    async def work() -> Activity:
        config = await settings_of(ctx, input.record_id)
        _check_writer(ctx, config, "recordId")
        about = await _about(ctx, input)
        async with ctx.database.write() as session:
            row = await save(ctx, session, config, input, about)
        return await _as_saved(ctx, row)

    return await answer(ActivityPayload, "activity", work())


async def delete_activity(
    info: Info, input: DeleteActivityInput
) -> TimelineDeletionPayload:
    """Delete an activity or a draft for good, with its comments."""
    ctx = info.context

    async def work() -> str:
        config = await writable(ctx, input.id, "id")
        async with ctx.database.write() as session:
            await delete(ctx, session, config, input)
        return input.id

    return await answer(TimelineDeletionPayload, "deleted_id", work())


async def answer(payload: type[P], name: str, work: Coroutine[Any, Any, Any]) -> P:
    """What a mutation answers: what its work comes to, under this name, or why nothing
    was changed."""
    made: Any = payload
    try:
        answered: P = made(**{name: await work}, errors=[])
    except (Refused, KeyRefusedError) as refused:
        answered = made(**{name: None}, errors=[_error_of(refused)])
    return answered


async def change_logged(
    ctx: Context,
    input: Any,
    *,
    field: str,
    path: str,
    apply: Callable[[AsyncSession, ActivityRow], Awaitable[None]],
) -> ActivityPayload:
    """What a mutation answers that changes this field of a logged activity, for who may
    change it; `path` is the member of the input with what it is to be."""

    async def work() -> Activity:
        config = await writable(ctx, input.id, "id")
        if field in ctx.masked.fields | ctx.masked.read_only:
            raise Refused("READ_ONLY", f"You may not change {path!r} here.", path)
        async with ctx.database.write() as session:
            row = await own_logged(ctx, session, config, input)
            await apply(session, row)
        return await _as_saved(ctx, row)

    return await answer(ActivityPayload, "activity", work())


def _check_writer(ctx: Context, config: TimelineConfig, *path: str) -> None:
    """`Refused` where the layout is for reading, or where nobody in particular asks."""
    if not config.editable:
        message = "Your layout does not let you change activities."
        raise Refused("FORBIDDEN", message, *path)
    if ctx.viewer.kind != "USER":
        raise Refused("FORBIDDEN", "Only users log activities.", *path)


async def settings_of(ctx: Context, record_id: str) -> TimelineConfig:
    """The settings for a record; `Refused` where the viewer gets no Timeline of it."""
    settings, errors = await settings_or_refusals(ctx, KEY, record_id)
    for error in errors:
        raise Refused(error.code.name, error.message, *error.path)
    config: TimelineConfig = settings[0]
    return config


async def writable(
    ctx: Context, activity: str, *path: str, seen: Any = IS_SEEN
) -> TimelineConfig:
    """The settings for the record of an activity that the viewer sees, where they may
    write; `Refused` as for one that does not exist."""
    query = sa.select(ActivityRow.company_id, ActivityRow.relationship_id)
    query = query.where(ActivityRow.id == activity, seen)
    rows = await ctx.reading.execute(query, {"cy_viewer": ctx.viewer.id})
    if not rows:
        raise absent(activity, *path)
    ((company_id, relationship_id),) = rows
    try:
        config = await settings_of(ctx, relationship_id or company_id)
    except Refused:
        raise absent(activity, *path) from None
    _check_writer(ctx, config, *path)
    return config


def _error_of(refused: Refused | KeyRefusedError) -> UserError:
    """A refusal as the graph says it."""
    path = refused.path if isinstance(refused, Refused) else ["idempotencyKey"]
    code = UserErrorCode[refused.code]
    return UserError(path=path, code=code, message=refused.message)


async def _about(ctx: Context, input: SaveActivityInput) -> About:
    subject = await subject_of(ctx, input.record_id)
    context, topic = None, None
    if input.context_id is not None and input.id is None:
        thing = input.context_id
        context = _CONTEXTS.get(kind_of_id(thing))
        if context is None:
            topic = await Topics.of(ctx, input.record_id, thing)
            context = None if topic is None else topic["kind"]
        elif not await is_of_company(ctx, thing, subject["company_id"]):
            context = None
        if context is None:
            message = f"The record has no {thing[:80]!r} to log about."
            raise Refused("LOOKUP_NOT_FOUND", message, "contextId")
    return About(
        company_id=subject["company_id"],
        relationship_id=subject["relationship_id"],
        context=context,
        context_id=None if context is None else input.context_id,
        topic=topic,
    )


async def _as_saved(ctx: Context, row: ActivityRow) -> Activity:
    """What somebody has just saved, which they see whole."""
    await ctx.renew()
    columns: Any = ActivityRow.__table__.c
    return made(
        Activity, **{c.key: getattr(row, c.key) for c in columns}, is_redacted=False
    )
