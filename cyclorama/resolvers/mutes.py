"""Muting: of what viewers don't want to be told, and taking that back."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from cyclorama.resolvers.context import Context, Info
from cyclorama.resolvers.nodes import find_nodes
from cyclorama.resolvers.notifications import error_at, not_a_user, notified
from cyclorama.schema.common import UserError, UserErrorCode
from cyclorama.schema.notifications import (
    MuteNotificationsInput,
    MutePayload,
    MuteSubject,
    NotificationMute,
    UnmuteNotificationsInput,
)
from cyclorama.storage.ids import kind_of_id
from cyclorama.storage.mutes import MOST_MUTED, RECORD, mute, muted_by, unmute

LONGEST_KEY: Final = 80
FURTHEST: Final = timedelta(days=3660)


async def list_mutes(ctx: Context) -> list[NotificationMute]:
    """What the viewer has muted by now, the latest first."""
    if ctx.viewer.kind != "USER":
        return []
    rows = await ctx.reading.execute(muted_by(ctx.viewer.id, ctx.now))
    ids = [row.key for row in rows if row.what == RECORD]
    # As many as `find_nodes` takes at once.
    pages = [ids[n : n + 200] for n in range(0, len(ids), 200)]
    refs = {
        id: ref
        for page in pages
        for id, ref in zip(page, await find_nodes(ctx, page), strict=True)
    }
    return [
        NotificationMute(
            subject=MuteSubject(row.what),
            key=row.key,
            record=refs.get(row.key) if row.what == RECORD else None,
            until=row.until,
            at=row.at,
        )
        for row in rows
    ]


async def mute_notifications(info: Info, input: MuteNotificationsInput) -> MutePayload:
    """Be told of a record, by a rule or of a kind of event no more, for a time or without
    end, also where it concerns you. What you were told of already stays, and what you
    follow. Muted again, it is muted until the new instant."""
    ctx = info.context
    error = not_a_user(ctx) or await _refusal(ctx, input)
    if error is not None:
        return MutePayload(mutes=[], errors=[error])
    subject = input.subject.name
    async with ctx.database.write() as session:
        given = (ctx.viewer.id, subject, input.key, input.until, ctx.now)
        done = await mute(session, *given)
    if not done:
        message = f"You have muted {MOST_MUTED}; take one back first."
        error = error_at(["key"], UserErrorCode.LIMIT_EXCEEDED, message)
        return MutePayload(mutes=[], errors=[error])
    await ctx.renew()
    return MutePayload(mutes=await list_mutes(ctx), errors=[])


async def unmute_notifications(
    info: Info, input: UnmuteNotificationsInput
) -> MutePayload:
    """Be told again of what you have muted; also of what you may no longer see."""
    ctx = info.context
    error = not_a_user(ctx)
    if error is not None:
        return MutePayload(mutes=[], errors=[error])
    key = input.key[:LONGEST_KEY]
    async with ctx.database.write() as session:
        await unmute(session, ctx.viewer.id, input.subject.name, key)
    await ctx.renew()
    return MutePayload(mutes=await list_mutes(ctx), errors=[])


async def _refusal(ctx: Context, input: MuteNotificationsInput) -> UserError | None:
    """Why it can't be muted; what the viewer may not know of is not there."""
    if input.until is not None and not ctx.now < input.until <= ctx.now + FURTHEST:
        message = "Give an instant from now to ten years from now, or none."
        return error_at(["until"], UserErrorCode.RANGE, message)
    is_there = {
        MuteSubject.RECORD: _is_record,
        MuteSubject.RULE: _is_rule,
        MuteSubject.KIND: _is_kind,
    }[input.subject]
    if len(input.key) <= LONGEST_KEY and await is_there(ctx, input.key):
        return None
    words = {
        MuteSubject.RECORD: f"There is no record {input.key[:80]!r}.",
        MuteSubject.RULE: f"No rule {input.key[:80]!r} has told you of anything; use the "
        "`rule` of a notification.",
        MuteSubject.KIND: f"There is no kind {input.key[:80]!r} of notifications; use the "
        "`kind` of one.",
    }
    return error_at(["key"], UserErrorCode.NOT_FOUND, words[input.subject])


async def _is_record(ctx: Context, key: str) -> bool:
    is_one = kind_of_id(key) in ("company", "relationship")
    return is_one and await ctx.ref(key) is not None


async def _is_rule(ctx: Context, key: str) -> bool:
    return any(row.rule == key for row, _ in await notified(ctx))


async def _is_kind(ctx: Context, key: str) -> bool:
    """Whether it is a kind of a section that the viewer may see, or of something that
    they were told of."""
    for section in ctx.settings.sections.values():
        if section.type is None or ctx.sees(section.type):
            for kind in section.events:
                if kind.key == key and (kind.followed or kind.concerns):
                    return True
    return any(row.kind == key for row, _ in await notified(ctx))
