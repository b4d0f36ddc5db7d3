"""Saving and deleting activities: all that belongs together in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry import UNSET
from strawberry.utils.str_converters import to_camel_case

from cyclorama.plugins import (
    Context,
    Event,
    PersonRow,
    UserRow,
    claimed,
    folded,
    new_id,
    record_change,
)
from cyclorama.sections.timeline import rules
from cyclorama.sections.timeline.config import TimelineConfig
from cyclorama.sections.timeline.events import DELETED, SAVED, events_of, told
from cyclorama.sections.timeline.rules import Refused
from cyclorama.sections.timeline.shown import IS_SEEN, IS_WHOLE
from cyclorama.sections.timeline.tables import (
    AUTHOR,
    EXTERNAL,
    INTERNAL,
    MENTIONED,
    PUBLIC,
    ActivityRow,
    AssociationRow,
    AttachmentRow,
    AttendeeRow,
    CommentRow,
)

_FIELDS: Final = {
    "type": "Activity.type",
    "subject": "Activity.subject",
    "activity_date": "Activity.activityDate",
    "notes": "Activity.notes",
    "duration_minutes": "Activity.durationMinutes",
    "milestone_type": "Activity.milestoneType",
    "visibility": "Activity.visibility",
    "fields": "Activity.fields",
    "internal_attendee_ids": "Activity.internalAttendees",
    "external_attendee_ids": "Activity.externalAttendees",
    "mention_ids": "Activity.mentions",
    "context_id": "Activity.contextId",
    "attachments": "Activity.attachments",
}
"""Members of the input and what they change."""
_NEEDED: Final = ("type", "subject", "activity_date")
"""Those that every input has: handed in again, they change nothing."""
_OPTIONAL: Final = ("context_id",)
"""Those that are null where they are not given."""
_UNSAID: Final[Mapping[str, Any]] = {
    "notes": None,
    "notes_text": None,
    "notes_key": None,
    "duration_minutes": None,
    "visibility": PUBLIC,
}
"""What a new activity has where nothing is said."""
Attendees = Mapping[str, Sequence[str]]
"""Ids by kind."""
Files = Sequence[Mapping[str, Any]] | None
"""The attachments to be; None: those that there are."""
_FILE: Final = ("name", "url", "media_type", "size")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Whom and what a new activity is about."""

    company_id: str
    relationship_id: str | None
    context: str | None
    """None: the record itself; an activity that is there keeps its own."""
    context_id: str | None
    topic: Mapping[str, Any] | None = None
    """What is known of a scorecard or a measure that it is about."""


@dataclass(frozen=True, slots=True)
class Held:
    """An activity that the viewer sees, locked until the end of the transaction."""

    row: ActivityRow
    is_whole: bool


def is_given(value: Any) -> bool:
    """Whether a member of an input was handed in, be it as null."""
    return value is not UNSET


def may(ctx: Context, author_id: str, others: bool) -> bool:
    """Whether the viewer may change what somebody wrote."""
    return author_id == ctx.viewer.id or others or ctx.is_admin


async def locked(
    ctx: Context, session: AsyncSession, activity: str, *path: str
) -> Held:
    """The activity, if the viewer sees it; `Refused` as for one that does not exist."""
    query = (
        sa.select(ActivityRow, IS_WHOLE.label("is_whole"))
        .where(ActivityRow.id == activity, IS_SEEN)
        .with_for_update(of=ActivityRow)
    )
    viewer = {"cy_viewer": ctx.viewer.id}
    found = (await session.execute(query, viewer)).one_or_none()
    if found is None:
        raise absent(activity, *path)
    return Held(found[0], bool(found.is_whole))


def absent(activity: str, *path: str) -> Refused:
    """What is said of an activity that is not there, or not for the viewer."""
    return Refused("NOT_FOUND", f"There is no activity {activity[:80]!r}.", *path)


def check_version(row: Any, expected: int | None) -> None:
    """`Refused` where somebody has changed it since."""
    if expected is not None and expected != row.version:
        message = (
            f"It is at version {row.version} by now; read it again and decide what to "
            "keep."
        )
        raise Refused("CONFLICT", message, "expectedVersion")


async def own_logged(
    ctx: Context, session: AsyncSession, config: TimelineConfig, input: Any
) -> ActivityRow:
    """The logged activity of the input, locked, that the viewer may change; `Refused`
    where they may not."""
    held = await locked(ctx, session, input.id, "id")
    row = held.row
    if not (held.is_whole and may(ctx, row.author_id, config.edit_others)):
        raise Refused("FORBIDDEN", "You may change your own activities.", "id")
    if row.is_draft:
        raise Refused("INVALID_STATE", "A draft is yours alone; log it first.", "id")
    check_version(row, input.expected_version)
    return row


async def note_change(
    ctx: Context,
    session: AsyncSession,
    row: ActivityRow,
    action: str,
    told: Mapping[str, Any],
    events: Sequence[Event],
) -> None:
    """Have an activity be another version, and tell of it."""
    before = {"version": row.version}
    row.version += 1
    row.updated_at, row.updated_by_id = ctx.now, ctx.viewer.id
    await session.flush()
    after = {"version": row.version, **told}
    await record_change(
        ctx, session, action, row.id, before=before, after=after, events=events
    )


async def save(
    ctx: Context,
    session: AsyncSession,
    config: TimelineConfig,
    input: Any,
    about: About,
) -> ActivityRow:
    """Make an activity or change one, as the input says; `Refused` before anything is
    written. A change waits for others of the same activity."""
    made = new_id("activity")
    if input.idempotency_key is not None:
        key = input.idempotency_key
        earlier = await claimed(ctx, session, "saveActivity", key, input, made)
        if earlier != made:
            return await _saved_before(ctx, session, input.id or earlier)
    held = None
    if input.id is not None:
        held = await _changeable(ctx, session, config, input, about)
    _check_masks(ctx, input, held)
    columns = _columns(ctx, config, input, held)
    attendees = await _attendees(session, input)
    files: Files = None
    if is_given(input.attachments):
        files = rules.checked_attachments(input.attachments)
    if held is None:
        row = _new(ctx, made, about, columns)
        return await _create(ctx, session, row, attendees, files)
    return await _change(ctx, session, held, columns, attendees, files)


async def _saved_before(
    ctx: Context, session: AsyncSession, activity: str
) -> ActivityRow:
    held = await locked(ctx, session, activity, "idempotencyKey")
    if not held.is_whole:
        raise absent(activity, "idempotencyKey")
    return held.row


async def _create(
    ctx: Context,
    session: AsyncSession,
    row: ActivityRow,
    attendees: Attendees,
    files: Files,
) -> ActivityRow:
    session.add(row)
    await session.flush()
    await _set_attachments(session, row, files)
    await _set_attendees(session, row, {AUTHOR: [row.author_id], **attendees})
    after = {"record": row.relationship_id or row.company_id, "type": row.type}
    mentions = sorted(attendees.get(MENTIONED, ()))
    events = events_of(SAVED, row, after={**told(row), "mention_ids": mentions})
    action = "activity.draft" if row.is_draft else "activity.log"
    await record_change(ctx, session, action, row.id, after=after, events=events)
    return row


async def _change(
    ctx: Context,
    session: AsyncSession,
    row: ActivityRow,
    columns: Mapping[str, Any],
    attendees: Attendees,
    files: Files,
) -> ActivityRow:
    """The audit log tells which fields have changed, and never what was written."""
    was_draft, before = row.is_draft, {"version": row.version}
    old = {**told(row), "mention_ids": await _mentions(session, row)}
    changed = [n for n, value in columns.items() if getattr(row, n) != value]
    for name in changed:
        setattr(row, name, columns[name])
    changed += await _set_attendees(session, row, attendees)
    changed += await _set_attachments(session, row, files)
    if not changed:
        return row
    row.version += 1
    row.updated_at, row.updated_by_id = ctx.now, ctx.viewer.id
    await session.flush()
    named = sorted(n for n in changed if not n.endswith(("_key", "_text")))
    after = {"version": row.version, "changed": named}
    mentions = sorted(attendees.get(MENTIONED, old["mention_ids"]))
    events = events_of(
        SAVED,
        row,
        before={} if was_draft else old,
        after={**told(row), "mention_ids": mentions},
    )
    action = "activity.log" if was_draft and not row.is_draft else "activity.update"
    await record_change(
        ctx, session, action, row.id, before=before, after=after, events=events
    )
    return row


async def _mentions(session: AsyncSession, row: ActivityRow) -> list[str]:
    """The ids of the users who are to read of an activity, in their order."""
    query = sa.select(AttendeeRow.user_id).where(
        AttendeeRow.activity_id == row.id, AttendeeRow.kind == MENTIONED
    )
    return sorted(filter(None, await session.scalars(query)))


async def _changeable(
    ctx: Context,
    session: AsyncSession,
    config: TimelineConfig,
    input: Any,
    about: About,
) -> ActivityRow:
    held = await locked(ctx, session, input.id, "id")
    row = held.row
    subject = (row.company_id, row.relationship_id)
    if subject != (about.company_id, about.relationship_id):
        raise absent(input.id, "id")
    if not (held.is_whole and may(ctx, row.author_id, config.edit_others)):
        raise Refused("FORBIDDEN", "You may change your own activities.", "id")
    check_version(row, input.expected_version)
    if input.is_draft and not row.is_draft:
        message = "It is logged already; only what is not logged can be a draft."
        raise Refused("INVALID_STATE", message, "isDraft")
    if input.context_id not in (None, row.context_id):
        message = "What an activity is about stays; log another one."
        raise Refused("READ_ONLY", message, "contextId")
    return row


def _check_masks(ctx: Context, input: Any, held: ActivityRow | None) -> None:
    """What somebody may not see or not change, they don't hand in."""
    closed = ctx.masked.fields | ctx.masked.read_only
    for name, field in _FIELDS.items():
        value = getattr(input, name)
        if field not in closed or not is_given(value):
            continue
        if name in _OPTIONAL and value is None:
            continue
        if name in _NEEDED and (held is None or getattr(held, name) == value):
            continue
        path = to_camel_case(name)
        raise Refused("READ_ONLY", f"You may not change {path!r} here.", path)


def _columns(
    ctx: Context, config: TimelineConfig, input: Any, held: ActivityRow | None
) -> dict[str, Any]:
    """The columns as they will be, without those that stay."""
    subject = rules.checked_subject(input.subject)
    found: dict[str, Any] = {
        "type": input.type,
        "subject": subject,
        "subject_key": folded(subject),
        "activity_date": rules.checked_date(input.activity_date, ctx.now),
        "is_draft": input.is_draft,
        **_of_type(config, input, held),
    }
    if is_given(input.notes):
        notes, text = rules.checked_notes(input.notes)
        found |= {"notes": notes, "notes_text": text}
        found["notes_key"] = None if text is None else folded(text)
    if is_given(input.duration_minutes):
        found["duration_minutes"] = rules.checked_minutes(input.duration_minutes)
    if is_given(input.visibility) and input.visibility is not None:
        found["visibility"] = input.visibility.value
    return found


def _of_type(
    config: TimelineConfig, input: Any, held: ActivityRow | None
) -> dict[str, Any]:
    """What depends on the type: its milestone and its own fields."""
    type_ = rules.checked_type(config, input.type, None if held is None else held.type)
    milestone = None if held is None else held.milestone_type
    fields: Mapping[str, Any] = {} if held is None else held.fields
    if type_ is None:
        for name in ("milestone_type", "fields"):
            if is_given(getattr(input, name)):
                message = f"The type {input.type!r} is offered no more: this stays."
                raise Refused("READ_ONLY", message, to_camel_case(name))
        return {}
    key = input.milestone_type if is_given(input.milestone_type) else milestone
    given = input.fields if is_given(input.fields) and input.fields is not None else {}
    return {
        "milestone_type": rules.checked_milestone(
            config, type_, key, milestone, is_draft=input.is_draft
        ),
        "fields": rules.checked_fields(type_, given, fields, is_draft=input.is_draft),
    }


def _new(
    ctx: Context, made: str, about: About, columns: Mapping[str, Any]
) -> ActivityRow:
    of_record = "COMPANY" if about.relationship_id is None else "RELATIONSHIP"
    context = about.context or of_record
    record = about.relationship_id or about.company_id
    return ActivityRow(
        **{**_UNSAID, **columns},
        id=made,
        company_id=about.company_id,
        relationship_id=about.relationship_id,
        context=context,
        context_id=about.context_id or record,
        source=rules.source_of(context, is_company=about.relationship_id is None),
        topic=about.topic,
        author_id=ctx.viewer.id,
        updated_by_id=ctx.viewer.id,
        version=1,
        created_at=ctx.now,
        updated_at=ctx.now,
    )


async def _attendees(session: AsyncSession, input: Any) -> dict[str, list[str]]:
    """Ids by kind of attendee, of the kinds that are given."""
    found = {}
    for kind, name, row in (
        (INTERNAL, "internal_attendee_ids", UserRow),
        (EXTERNAL, "external_attendee_ids", PersonRow),
        (MENTIONED, "mention_ids", UserRow),
    ):
        ids = getattr(input, name)
        if is_given(ids):
            path = to_camel_case(name)
            found[kind] = rules.checked_ids(ids, path)
            await check_known(session, row, ids or (), path)
    return found


async def check_known(
    session: AsyncSession, row: Any, ids: Sequence[str], path: str
) -> None:
    known = set(await session.scalars(sa.select(row.id).where(row.id.in_(ids))))
    for place, one in enumerate(ids):
        if one not in known:
            what = "user" if row is UserRow else "person"
            message = f"There is no {what} {one[:80]!r}."
            raise Refused("LOOKUP_NOT_FOUND", message, path, str(place))


async def _set_attendees(
    session: AsyncSession, row: ActivityRow, wanted: Attendees
) -> list[str]:
    """Replace the attendees of these kinds; the names of what became different."""
    query = sa.select(AttendeeRow).where(AttendeeRow.activity_id == row.id)
    held = list(await session.scalars(query))
    changed = []
    for kind, ids in wanted.items():
        old = {a.user_id or a.person_id: a for a in held if a.kind == kind}
        new = set(ids)
        if new == set(old):
            continue
        changed.append(f"{kind.lower()}_attendees")
        for one in set(old) - new:
            await session.delete(old[one])
        for one in sorted(new - set(old)):
            is_person = kind == EXTERNAL
            session.add(
                AttendeeRow(
                    id=new_id("activity_attendee"),
                    activity_id=row.id,
                    kind=kind,
                    user_id=None if is_person else one,
                    person_id=one if is_person else None,
                )
            )
    await session.flush()
    return changed


async def _set_attachments(
    session: AsyncSession, row: ActivityRow, files: Files
) -> list[str]:
    """Replace the attachments if any are given; the name of what became different."""
    if files is None:
        return []
    query = sa.select(AttachmentRow).where(AttachmentRow.activity_id == row.id)
    held = list(await session.scalars(query.order_by(AttachmentRow.position)))
    if [{name: getattr(h, name) for name in _FILE} for h in held] == list(files):
        return []
    for old in held:
        await session.delete(old)
    await session.flush()
    for place, file in enumerate(files):
        new = {"id": new_id("activity_attachment"), "position": place, **file}
        session.add(AttachmentRow(**new, activity_id=row.id))
    await session.flush()
    return ["attachments"]


async def delete(
    ctx: Context, session: AsyncSession, config: TimelineConfig, input: Any
) -> None:
    """Delete an activity with its comments; `Refused` before anything is written."""
    held = await locked(ctx, session, input.id, "id")
    row = held.row
    if not (held.is_whole and may(ctx, row.author_id, config.delete_others)):
        raise Refused("FORBIDDEN", "You may delete your own activities.", "id")
    check_version(row, input.expected_version)
    record = row.relationship_id or row.company_id
    events = events_of(DELETED, row, before=told(row))
    for of in (CommentRow, AttendeeRow, AttachmentRow, AssociationRow):
        await session.execute(sa.delete(of).where(of.activity_id == row.id))
    await session.execute(sa.delete(ActivityRow).where(ActivityRow.id == row.id))
    before = {"record": record, "type": row.type, "author": row.author_id}
    await record_change(
        ctx, session, "activity.delete", row.id, before=before, events=events
    )
