"""Following records, and what a viewer was told of.

What somebody may see is decided when they look: a notification about a record, a section
or a thing that is out of reach is as absent as one that never was, in pages and counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import strawberry

from cyclorama.resolvers.companies import Asked
from cyclorama.resolvers.context import Context, Info
from cyclorama.resolvers.cursors import Order, OrderKey, page_info
from cyclorama.resolvers.keyset import page_size
from cyclorama.resolvers.loaded import load_by_id
from cyclorama.resolvers.nodes import find_nodes, subject_of_row
from cyclorama.schema.common import User, UserError, UserErrorCode
from cyclorama.schema.notifications import (
    FollowPayload,
    MarkNotificationsReadInput,
    MarkNotificationsReadPayload,
    Notification,
    NotificationConnection,
    NotificationEdge,
    NotificationReason,
)
from cyclorama.storage.ids import kind_of_id
from cyclorama.storage.notifications import (
    MOST_FOLLOWED,
    MOST_KEPT,
    NOTIFICATIONS,
    follow,
    kept,
    mark_read,
    unfollow,
)

_ORDER: Final = Order("notifications", [OrderKey(NOTIFICATIONS.c.id, descending=True)])
_OF_RECORDS: Final = ("company", "relationship", "rule")
"""What comes before the dot where no section tells, and who sees the record is told."""


async def list_notifications(
    ctx: Context, first: int, after: str | None, unread_only: bool
) -> NotificationConnection:
    """A page of what the viewer was told of and may see, the newest first."""
    size = page_size(first)
    behind = None if after is None else str(_ORDER.values(after)[0])
    found = await notified(ctx)
    left = [
        row
        for row, _ in found
        if (behind is None or row.id < behind)
        and not (unread_only and row.read_at is not None)
    ]
    refs = {row.id: ref for row, ref in found}
    page = left[:size]
    cursors = [_ORDER.cursor([row.id]) for row in page]
    return NotificationConnection(
        edges=[
            NotificationEdge(cursor=cursor, node=_shown(ctx, row, refs[row.id]))
            for cursor, row in zip(cursors, page, strict=True)
        ],
        page_info=page_info(cursors, more=len(left) > size, after=after),
        unread_count=_unread(found),
    )


async def follow_record(info: Info, record_id: strawberry.ID) -> FollowPayload:
    """Be told of what others do with a company or a relationship: of new CTAs and of
    their status, and of logged activities. What happens to the relationships of a company
    is told to who follows them. Following it again changes nothing."""
    ctx = info.context
    error = not_a_user(ctx)
    if error is not None:
        return FollowPayload(record=None, is_followed=False, errors=[error])
    if await ctx.ref(record_id) is None:
        message = f"There is no record {record_id[:80]!r}."
        error = error_at(["recordId"], UserErrorCode.NOT_FOUND, message)
        return FollowPayload(record=None, is_followed=False, errors=[error])
    async with ctx.database.write() as session:
        done = await follow(session, ctx.viewer.id, record_id, ctx.now)
    errors = []
    if not done:
        message = f"You follow {MOST_FOLLOWED:,} records; unfollow one first."
        errors = [error_at(["recordId"], UserErrorCode.LIMIT_EXCEEDED, message)]
    record = await ctx.ref(record_id)
    return FollowPayload(record=record, is_followed=done, errors=errors)


async def unfollow_record(info: Info, record_id: strawberry.ID) -> FollowPayload:
    """Be told of a record no more; also of one that you may no longer see. What you were
    told of already stays."""
    ctx = info.context
    error = not_a_user(ctx)
    if error is not None:
        return FollowPayload(record=None, is_followed=False, errors=[error])
    async with ctx.database.write() as session:
        await unfollow(session, ctx.viewer.id, record_id[:80])
    record = await ctx.ref(record_id)
    return FollowPayload(record=record, is_followed=False, errors=[])


async def mark_notifications_read(
    info: Info, input: MarkNotificationsReadInput
) -> MarkNotificationsReadPayload:
    """Mark notifications of yours as read, all or nothing."""
    ctx = info.context
    found = await notified(ctx)
    there = [row.id for row, _ in found]
    errors = _refusals(ctx, input, set(there))
    if errors:
        return MarkNotificationsReadPayload(unread_count=None, errors=errors)
    ids = there if input.all else input.ids or []
    async with ctx.database.write() as session:
        await mark_read(session, ctx.viewer.id, ids, ctx.now)
    await ctx.renew()
    left = _unread(await notified(ctx))
    return MarkNotificationsReadPayload(unread_count=left, errors=[])


def _refusals(
    ctx: Context, input: MarkNotificationsReadInput, there: set[str]
) -> list[UserError]:
    error = not_a_user(ctx)
    if error is not None:
        return [error]
    if input.all == (input.ids is not None):
        message = "Give either `ids` or `all: true`."
        return [error_at(["ids"], UserErrorCode.INVALID, message)]
    ids = input.ids or []
    if len(ids) > MOST_KEPT:
        message = f"{len(ids)} ids; at most {MOST_KEPT} at once."
        return [error_at(["ids"], UserErrorCode.LIMIT_EXCEEDED, message)]
    return [
        error_at(
            ["ids", str(place)],
            UserErrorCode.NOT_FOUND,
            f"You have no notification {one[:80]!r}.",
        )
        for place, one in enumerate(ids)
        if one not in there
    ]


async def notified(ctx: Context) -> list[tuple[Any, Any]]:
    """What the viewer was told of and may see now, with references to the records."""
    if ctx.viewer.kind != "USER":
        return []
    rows = await ctx.reading.execute(kept(ctx.viewer.id, ctx.now))
    records = sorted({row.record_id for row in rows})
    found = dict(zip(records, await find_nodes(ctx, records), strict=True))
    kinds = {k.key: k for s in ctx.settings.sections.values() for k in s.events}
    open_rows = [
        row
        for row in rows
        if _is_open(row, found[row.record_id]) and _is_shown(ctx, kinds.get(row.kind))
    ]
    subjects = await _subjects(ctx, {r.subject_id for r in open_rows if r.subject_id})
    elsewhere: dict[str, set[str]] = {}
    for row in open_rows:
        if subjects.get(row.subject_id) not in (None, row.record_id):
            elsewhere.setdefault(row.kind, set()).add(row.subject_id)
    reached = {
        (kind, one)
        for kind, ids in elsewhere.items()
        for one in await _reached(ctx, kinds.get(kind), sorted(ids))
    }
    return [
        (row, found[row.record_id])
        for row in open_rows
        if row.subject_id is None
        or (row.kind, row.subject_id) in reached
        or subjects.get(row.subject_id) == row.record_id
    ]


def _is_shown(ctx: Context, kind: Any) -> bool:
    """Whether no mask hides from the viewer what a kind of events tells of."""
    return kind is None or ctx.masked.fields.isdisjoint(kind.fields)


async def _reached(ctx: Context, kind: Any, ids: Sequence[str]) -> list[str]:
    """Those of the things, which are of another record than the one that it happened to,
    that the viewer may see there, as the kind of the events asks."""
    nodes = await find_nodes(ctx, ids)
    found = {i: node for i, node in zip(ids, nodes, strict=True) if node}
    if not found or kind is None or kind.seen is None:
        return list(found)
    of_one_type = type(next(iter(found.values())))
    met = await load_by_id(ctx, of_one_type, list(found), kind.seen)
    return [i for i, row in zip(found, met, strict=True) if row is not None]


def _is_open(row: Any, ref: Any) -> bool:
    """Whether the viewer's layout of the record holds the section that tells."""
    section = row.kind.partition(".")[0]
    if ref is None:
        return False
    return section in _OF_RECORDS or ref.variant.env(section, None) is not None


async def _subjects(ctx: Context, ids: set[str]) -> Mapping[str, str | None]:
    """The records of those of the things that the viewer may see, by the thing's id."""
    found: dict[str, str | None] = {}
    for section in ctx.settings.sections.values():
        for kind, type_ in section.nodes.items():
            own = sorted(i for i in ids if kind_of_id(i) == kind)
            if own and ctx.sees(type_):
                where = section.node_conditions.get(kind)
                rows = await load_by_id(ctx, type_, own, where)
                found |= {
                    i: subject_of_row(r) for i, r in zip(own, rows, strict=True) if r
                }
    return found


def _unread(found: Sequence[tuple[Any, Any]]) -> int:
    return sum(1 for row, _ in found if row.read_at is None)


def _shown(ctx: Context, row: Any, ref: Any) -> Notification:
    subject: Any = row.subject_id and Asked(lambda: ctx.load(_nodes, row.subject_id))
    actor: Any = row.actor_id and Asked(lambda: ctx.load(_users, row.actor_id))
    return Notification(
        id=row.id,
        kind=row.kind,
        reason=NotificationReason(row.reason),
        text=row.text,
        rule=row.rule,
        at=row.at,
        read_at=row.read_at,
        record=ref,
        subject=subject or None,
        actor=actor or None,
    )


async def _nodes(ctx: Context, ids: Sequence[str]) -> list[Any]:
    return await find_nodes(ctx, ids)


async def _users(ctx: Context, ids: Sequence[str]) -> list[Any]:
    return await load_by_id(ctx, User, ids)


def not_a_user(ctx: Context) -> UserError | None:
    if ctx.viewer.kind == "USER":
        return None
    message = "Only users follow records and are told of them."
    return error_at([], UserErrorCode.FORBIDDEN, message)


def error_at(path: list[str], code: UserErrorCode, message: str) -> UserError:
    return UserError(path=path, code=code, message=message)
