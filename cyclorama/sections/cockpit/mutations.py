"""Making, changing, closing, opening again and putting aside CTAs."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry import UNSET

from cyclorama.plugins import (
    Context,
    Info,
    KeyRefusedError,
    claimed,
    kind_of_id,
    new_id,
    record_change,
    settings_or_refusals,
    subject_of,
)
from cyclorama.sections.cockpit.choices import (
    LONGEST_NAME,
    LONGEST_REASON,
    Choices,
    checked_html,
    checked_text,
    owner_of,
    type_of,
)
from cyclorama.sections.cockpit.config import offered_statuses
from cyclorama.sections.cockpit.events import event_of
from cyclorama.sections.cockpit.inputs import (
    CloseCtaInput,
    CreateCtaInput,
    CtaDedupe,
    CtaPayload,
    OpenTasks,
    ReopenCtaInput,
    SnoozeCtaInput,
    UnsnoozeCtaInput,
    UpdateCtaInput,
)
from cyclorama.sections.cockpit.links import link_from, source_from
from cyclorama.sections.cockpit.masking import (
    CTA,
    check_given,
    check_open,
    closed_fields,
)
from cyclorama.sections.cockpit.rules import (
    Category,
    OwnerCascade,
    Refused,
    TaskStatus,
    checked_day,
    dedupe_key,
    is_closing,
    is_snoozed,
    shifted,
    taken_over,
)
from cyclorama.sections.cockpit.showing import shown
from cyclorama.sections.cockpit.tables import PRIORITY, REASON, STATUS, CtaRow, TaskRow
from cyclorama.sections.cockpit.writing import (
    Changing,
    Settings,
    change_cta,
    check_right,
    error_of,
    locked,
)

MOST_ATTEMPTS = 5
STATE = ("Cta.status", "Cta.isClosed")
"""What closing and opening again change."""
CTAS: Any = CtaRow.__table__


async def create_cta(info: Info, input: CreateCtaInput) -> CtaPayload:
    """Make a CTA about a company or a relationship.

    What is left out is the default of its type, the owner the viewer.
    """
    ctx = info.context
    settings, errors = await settings_or_refusals(ctx, "cockpit", input.record_id)
    if errors:
        return CtaPayload(cta=None, errors=errors)
    try:
        if not any(s.editable for s in settings):
            message = "Your layout does not let you make CTAs for this record."
            raise Refused("recordId", "FORBIDDEN", message)
        async with ctx.database.write() as session:
            row, tasks = await _created(ctx, session, settings, input)
    except Refused as refused:
        return CtaPayload(cta=None, errors=[error_of(refused)])
    (cta,) = await shown(ctx, [(row, tasks)])
    return CtaPayload(cta=cta, errors=[])


async def _created(
    ctx: Context, session: AsyncSession, settings: Settings, input: CreateCtaInput
) -> tuple[CtaRow, list[TaskRow]]:
    """The CTA that the input stands for, a new one or one that there is."""
    new = new_id("cta")
    if input.idempotency_key is not None:
        if input.dedupe is not CtaDedupe.NONE:
            message = "`dedupe` makes repeats harmless; leave the key out."
            raise Refused("idempotencyKey", "INVALID", message)
        try:
            key = input.idempotency_key
            held = await claimed(ctx, session, "cockpit.create", key, input, new)
        except KeyRefusedError as refused:
            raise Refused("idempotencyKey", refused.code, refused.message) from None
        if held != new:
            made = (await locked(ctx, session, [held])).get(held)
            if made is None:
                message = "What this key made was deleted; choose a new one."
                raise Refused("idempotencyKey", "INVALID_STATE", message)
            return made
    values = await _values_of(ctx, session, settings, input)
    if input.from_id is not None:
        values["source"] = await source_from(ctx, input, values["company_id"])
    if input.dedupe is CtaDedupe.NONE:
        row = CtaRow(id=new, **values)
        session.add(row)
        await session.flush()
    else:
        found = await _twin_or_new(ctx, session, settings, input, new, values)
        if isinstance(found, Changing):
            return found.row, found.tasks
        row = found
    after = Changing(ctx, session, (), row, []).before
    if input.from_id is not None:
        await link_from(ctx, session, row, input.from_id)
    event = await event_of(session, row.id, {}, after)
    await record_change(
        ctx, session, "cockpit.create", row.id, after=after, events=[event]
    )
    return row, []


async def _values_of(
    ctx: Context, session: AsyncSession, settings: Settings, input: CreateCtaInput
) -> dict[str, Any]:
    """The columns of a new CTA."""
    check_given(ctx, input, CTA, needed=("name", "type_key", "due_date"))
    name = checked_text(input.name, "name", LONGEST_NAME)
    due = checked_day(input.due_date, ctx.today, "dueDate")
    kind = "COMPANY" if kind_of_id(input.record_id) == "company" else "RELATIONSHIP"
    type_ = await type_of(session, input.type_key, kind)
    choices = await Choices.of(session, type_.id)
    choices = choices.among(offered_statuses(settings))
    reason = choices.default(REASON)
    if input.reason_key is not None:
        reason = choices.find(REASON, input.reason_key, "reasonKey")
    priority = _chosen(choices, PRIORITY, input.priority_key, "priorityKey")
    status = _open_status(choices, input.status_key)
    by_client = ctx.viewer.kind == "API_CLIENT"
    return {
        **await subject_of(ctx, input.record_id),
        "name": name,
        "type_id": type_.id,
        "reason_id": None if reason is None else reason.id,
        "priority_id": priority.id,
        "status_id": status.id,
        "owner_id": await owner_of(session, input.owner_id or ctx.viewer.id),
        "due_date": due,
        "original_due_date": due,
        "is_important": bool(input.is_important),
        "is_closed": False,
        "comments": checked_html(input.comments, "comments"),
        "source": "API" if by_client else "MANUAL",
        "total_tasks": 0,
        "closed_tasks": 0,
        "version": 1,
        "created_on": ctx.today,
        "created_by": ctx.viewer.id,
        "created_at": ctx.now,
        "updated_at": ctx.now,
    }


def _chosen(choices: Choices, picklist: str, key: str | None, path: str) -> Any:
    if key is None:
        return choices.needed(picklist, path)
    return choices.find(picklist, key, path)


def _open_status(choices: Choices, key: str | None) -> Any:
    """A status that does not close."""
    if key is None:
        return choices.needed(STATUS, "statusKey", Category.OPEN)
    found = choices.find(STATUS, key, "statusKey")
    if is_closing(found.category):
        message = f"The status {key!r} closes; use `closeCta` to close a CTA."
        raise Refused("statusKey", "INVALID", message)
    return found


async def _twin_or_new(
    ctx: Context,
    session: AsyncSession,
    settings: Settings,
    input: CreateCtaInput,
    new: str,
    values: dict[str, Any],
) -> CtaRow | Changing:
    """The record's open CTA with the same identifiers, changed, or a new one. Of those
    who make the same at once one does, and the others find it."""
    named = input.dedupe is CtaDedupe.TYPE_REASON_AND_NAME
    subject = values["relationship_id"] or values["company_id"]
    key = dedupe_key(
        subject,
        values["type_id"],
        values["reason_id"],
        values["name"] if named else None,
    )
    for _ in range(MOST_ATTEMPTS):
        twin = await session.scalar(_same(values, named).limit(1))
        if twin is not None:
            held = (await locked(ctx, session, [twin])).get(twin)
            if held is None or held[0].is_closed:
                continue
            row, tasks = held
            change = Changing(ctx, session, settings, row, tasks)
            await check_right(change)
            _follow(change, values)
            await change.save("cockpit.update")
            return change
        insert = _insert(session.get_bind().dialect.name)
        made: Any = await session.execute(
            insert, {"id": new, "dedupe_key": key, **values}
        )
        if made.rowcount:
            return (await locked(ctx, session, [new]))[new][0]
    message = "Others open and close such CTAs at this moment; try again."
    raise Refused("dedupe", "CONFLICT", message)


def _follow(change: Changing, values: dict[str, Any]) -> None:
    """Give the CTA that stands for a new one what the new one would have had; what the
    viewer may not change stays."""
    row, closed = change.row, closed_fields(change.ctx)
    for name, member in (
        ("priority_id", "priority_key"),
        ("due_date", "due_date"),
        ("is_important", "is_important"),
        ("comments", "comments"),
    ):
        if closed.isdisjoint(CTA[member]) and not (name == "comments" and row.comments):
            setattr(row, name, values[name])


def _same(values: dict[str, Any], named: bool) -> sa.Select[Any]:
    """The ids of open CTAs with these identifiers, the newest first."""
    names = ["company_id", "relationship_id", "type_id", "reason_id"]
    names += ["name"] if named else []
    same = [CTAS.c[n].is_not_distinct_from(values[n]) for n in names]
    query = sa.select(CtaRow.id).where(*same, ~CtaRow.is_closed)
    return query.order_by(CtaRow.created_at.desc(), CtaRow.id.desc())


def _insert(dialect: str) -> Any:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(CTAS).on_conflict_do_nothing()


async def update_cta(info: Info, input: UpdateCtaInput) -> CtaPayload:
    """Change what is given of an open CTA; of a closed one the comments alone.

    Tasks follow a new owner or a new due date as asked.
    """

    async def apply(change: Changing) -> None:
        row, session = change.row, change.session
        check_given(change.ctx, input, CTA)
        if input.comments is not UNSET:
            row.comments = checked_html(input.comments, "comments")
        if not _is_more_than_comments(input):
            return
        change.need_open()
        if input.name is not None:
            row.name = checked_text(input.name, "name", LONGEST_NAME) or ""
        if input.is_important is not None:
            row.is_important = input.is_important
        await _choose(change, input)
        if input.owner_id is not None:
            owner = await owner_of(session, input.owner_id)
            hand_over(change, owner, input.task_owners)
        if input.due_date is not None:
            move(change, input.due_date, shift=input.shift_tasks)

    return await change_cta(
        info.context, input.id, input.expected_version, "cockpit.update", apply
    )


def _is_more_than_comments(input: UpdateCtaInput) -> bool:
    others = ("name", "reason_key", "priority_key", "status_key", "owner_id")
    return any(
        getattr(input, name) is not None
        for name in (*others, "due_date", "is_important")
    )


async def _choose(change: Changing, input: UpdateCtaInput) -> None:
    row = change.row
    if input.reason_key is not None:
        choices = await change.choices()
        found = choices.find(REASON, input.reason_key, "reasonKey", held=row.reason_id)
        row.reason_id = found.id
    if input.priority_key is not None:
        await prioritise(change, input.priority_key)
    if input.status_key is not None:
        row.status_id = _open_status(await change.choices(), input.status_key).id


async def prioritise(change: Changing, key: str) -> None:
    """Give a CTA another priority."""
    choices, held = await change.choices(), change.row.priority_id
    found = choices.find(PRIORITY, key, "priorityKey", held=held)
    change.row.priority_id = found.id


def hand_over(
    change: Changing, owner: str, cascade: OwnerCascade = OwnerCascade.NONE
) -> None:
    """Give a CTA to somebody, and open tasks as asked."""
    old, change.row.owner_id = change.row.owner_id, owner
    chosen = taken_over(change.facts(), cascade, old, owner)
    for task in change.tasks:
        if task.id in chosen:
            task.owner_id = owner


def move(change: Changing, due: date, *, shift: bool = False) -> None:
    """Give a CTA another due date, and move open tasks with it if asked."""
    row = change.row
    days = (checked_day(due, change.ctx.today, "dueDate") - row.due_date).days
    row.due_date = due
    new = shifted(change.facts(), days) if shift else {}
    for task in change.tasks:
        task.due_date = new.get(task.id, task.due_date)


async def close_cta(info: Info, input: CloseCtaInput) -> CtaPayload:
    """Close a CTA; a snooze ends with it.

    Where tasks are open, `openTasks` says what becomes of them.
    """

    async def apply(change: Changing) -> None:
        check_given(change.ctx, input, CTA)
        await close(change, input.status_key, input.open_tasks)

    return await change_cta(
        info.context, input.id, input.expected_version, "cockpit.close", apply
    )


async def close(
    change: Changing, status_key: str | None, open_tasks: OpenTasks | None
) -> None:
    """Close a CTA with a status, by default that for success."""
    check_open(change.ctx, "statusKey", *STATE)
    change.need_open()
    choices, row, ctx = await change.choices(), change.row, change.ctx
    if status_key is None:
        status = choices.needed(STATUS, "statusKey", Category.CLOSED_SUCCESS)
    else:
        status = choices.find(STATUS, status_key, "statusKey")
    if not is_closing(status.category):
        message = f"The status {status.key!r} does not close a CTA."
        raise Refused("statusKey", "INVALID", message)
    _finish(change, open_tasks)
    row.status_id, row.is_closed = status.id, True
    row.closed_at, row.closed_on, row.closed_by = ctx.now, ctx.today, ctx.viewer.id
    row.close_source = "API" if ctx.viewer.kind == "API_CLIENT" else "MANUAL"
    row.snoozed_until = row.snooze_reason = row.snoozed_by = None


def _finish(change: Changing, open_tasks: OpenTasks | None) -> None:
    """Do with open tasks what is asked."""
    left = change.open_tasks
    if not left:
        return
    if open_tasks is None:
        message = f"{len(left)} open tasks: say whether to KEEP, COMPLETE or SKIP them."
        raise Refused("openTasks", "REQUIRED", message)
    mandatory = [t for t in left if t.is_mandatory]
    if mandatory and open_tasks is not OpenTasks.COMPLETE:
        message = f"The task {mandatory[0].name!r} is mandatory; complete it."
        raise Refused("openTasks", "INVALID_STATE", message)
    for task in left if open_tasks is not OpenTasks.KEEP else ():
        completes = open_tasks is OpenTasks.COMPLETE
        done = TaskStatus.COMPLETED if completes else TaskStatus.SKIPPED
        task.status = done.value
        task.completed_at = change.ctx.now if completes else None


async def reopen_cta(info: Info, input: ReopenCtaInput) -> CtaPayload:
    """Open a closed CTA again; its tasks stay as they are."""

    async def apply(change: Changing) -> None:
        row = change.row
        check_open(change.ctx, "statusKey", *STATE)
        if not row.is_closed:
            raise Refused("id", "INVALID_STATE", "The CTA is open.")
        await _check_series(change)
        row.status_id = _open_status(await change.choices(), input.status_key).id
        row.is_closed = False
        row.closed_at = row.closed_on = row.closed_by = row.close_source = None
        row.dedupe_key = None  # another one may have it by now

    return await change_cta(
        info.context, input.id, input.expected_version, "cockpit.reopen", apply
    )


async def _check_series(change: Changing) -> None:
    """`Refused` where another CTA of the series is open."""
    series = change.row.series_id
    others = sa.select(CtaRow.id).where(CtaRow.series_id == series, ~CtaRow.is_closed)
    if series is not None and await change.session.scalar(others.limit(1)) is not None:
        message = "The next CTA of its series is open; close that one first."
        raise Refused("id", "INVALID_STATE", message)


async def snooze_cta(info: Info, input: SnoozeCtaInput) -> CtaPayload:
    """Put an open CTA aside through a day: it stays open and is not in the way."""

    async def apply(change: Changing) -> None:
        row, today = change.row, change.ctx.today
        check_given(change.ctx, input, CTA)
        change.need_open()
        if not any(s.snooze for s in change.settings):
            message = "Your layout does not let you snooze CTAs."
            raise Refused("id", "FORBIDDEN", message)
        if not is_snoozed(checked_day(input.until, today, "until"), today):
            raise Refused("until", "RANGE", "Choose today or a later day.")
        row.snoozed_until = input.until
        row.snooze_reason = checked_text(input.reason, "reason", LONGEST_REASON)
        row.snoozed_by = change.ctx.viewer.id

    return await change_cta(
        info.context, input.id, input.expected_version, "cockpit.snooze", apply
    )


async def unsnooze_cta(info: Info, input: UnsnoozeCtaInput) -> CtaPayload:
    """Show a CTA again that was put aside."""

    async def apply(change: Changing) -> None:
        row = change.row
        change.need_open()
        check_open(change.ctx, "id", *CTA["until"], *CTA["reason"])
        if not is_snoozed(row.snoozed_until, change.ctx.today):
            raise Refused("id", "INVALID_STATE", "The CTA is not snoozed.")
        row.snoozed_until = row.snooze_reason = row.snoozed_by = None

    return await change_cta(
        info.context, input.id, input.expected_version, "cockpit.unsnooze", apply
    )
