"""Playbooks, as admins set them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry import UNSET

from cyclorama.plugins import (
    Context,
    Info,
    PicklistItemRow,
    new_id,
    record_change,
)
from cyclorama.sections.cockpit.choices import (
    LONGEST_NAME,
    LONGEST_TEXT,
    checked_text,
    owner_of,
)
from cyclorama.sections.cockpit.playbook_inputs import (
    CtaPlaybookPayload,
    CtaPlaybookSettings,
    CtaPlaybookTaskInput,
    DeleteCtaPlaybookInput,
    SaveCtaPlaybookInput,
)
from cyclorama.sections.cockpit.playbook_settings import read_playbook, told_of
from cyclorama.sections.cockpit.rules import Refused, TaskOwner
from cyclorama.sections.cockpit.tables import (
    GONE,
    TYPE,
    CtaRow,
    PlaybookRow,
    PlaybookTaskRow,
    PlaybookTypeRow,
    TaskRow,
    TypeRow,
)
from cyclorama.sections.cockpit.writing import error_of

MOST_PLAYBOOKS: Final = 500
MOST_TASKS: Final = 100
MOST_DAYS: Final = 3_650
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,79}")
_BOOK: Any = PlaybookRow.__table__
_TASK: Any = PlaybookTaskRow.__table__
_FITS: Any = PlaybookTypeRow.__table__


async def save_cta_playbook(
    info: Info, input: SaveCtaPlaybookInput
) -> CtaPlaybookPayload:
    """Make or change a playbook. Admins alone may do so."""
    ctx = info.context
    try:
        _check_admin(ctx)
        if not _KEY.fullmatch(input.key):
            message = "A key is small letters, digits and _, at most 80."
            raise Refused("key", "INVALID", message)
        async with ctx.database.write() as session:
            saved = await _saved(ctx, session, input)
    except Refused as refused:
        return CtaPlaybookPayload(playbook=None, errors=[error_of(refused)])
    return CtaPlaybookPayload(playbook=saved, errors=[])


async def delete_cta_playbook(
    info: Info, input: DeleteCtaPlaybookInput
) -> CtaPlaybookPayload:
    """Delete a playbook that no CTA has had, or deactivate one. Admins alone may do so."""
    ctx = info.context
    try:
        _check_admin(ctx)
        async with ctx.database.write() as session:
            kept = await _removed(ctx, session, input)
    except Refused as refused:
        return CtaPlaybookPayload(playbook=None, errors=[error_of(refused)])
    return CtaPlaybookPayload(playbook=kept, errors=[])


def _check_admin(ctx: Context) -> None:
    if not ctx.is_admin:
        raise Refused("key", "FORBIDDEN", "Playbooks are for admins to change.")


async def _held(
    session: AsyncSession, key: str, expected: int | None
) -> PlaybookRow | None:
    """The playbook, if there is one; nobody else changes one until the end."""
    await session.execute(sa.select(TypeRow.id).order_by(TypeRow.id).with_for_update())
    row = await session.scalar(sa.select(PlaybookRow).where(PlaybookRow.key == key))
    version = 0 if row is None else row.version
    if expected is not None and expected != version:
        message = f"The playbook is at version {version} by now; read it again."
        if row is None:
            message = "There is no such playbook any more, or not yet; read them again."
        raise Refused("expectedVersion", "CONFLICT", message)
    return row


async def _saved(
    ctx: Context, session: AsyncSession, input: SaveCtaPlaybookInput
) -> CtaPlaybookSettings:
    row = await _held(session, input.key, input.expected_version)
    before = None if row is None else await read_playbook(session, row.id)
    if row is None:
        row = await _new(session, input)
    if input.name is not None:
        row.name = checked_text(input.name, "name", LONGEST_NAME) or ""
    if input.description is not UNSET:
        text = input.description or ""
        row.description = checked_text(
            text, "description", LONGEST_TEXT, required=False
        )
    if input.record_kind is not UNSET:
        kind = input.record_kind
        row.record_kind = None if kind is None else kind.value
    if input.active is not None:
        row.active = input.active
    await session.flush()
    if input.type_keys is not None:
        await _fit(session, row.id, input.type_keys)
    if input.tasks is not None:
        await _bring(session, row.id, input.tasks)
    return await _changed(ctx, session, row, before)


async def _changed(
    ctx: Context,
    session: AsyncSession,
    row: PlaybookRow,
    before: CtaPlaybookSettings | None,
) -> CtaPlaybookSettings:
    """The playbook as it is by now, at its next version if that is another one."""
    await session.flush()
    after = await read_playbook(session, row.id)
    if after == before:
        return after
    if before is not None:
        row.version += 1
        await session.flush()
        after.version = row.version
    old, new = ({} if x is None else told_of(x) for x in (before, after))
    await record_change(
        ctx, session, "cockpit.playbook_set", row.key, before=old, after=new
    )
    return after


async def _new(session: AsyncSession, input: SaveCtaPlaybookInput) -> PlaybookRow:
    count = await session.scalar(sa.select(sa.func.count()).select_from(_BOOK)) or 0
    if count >= MOST_PLAYBOOKS:
        message = f"There are {MOST_PLAYBOOKS}, which is the most; delete one first."
        raise Refused("key", "LIMIT_EXCEEDED", message)
    name = checked_text(input.name or "", "name", LONGEST_NAME) or ""
    if input.type_keys is None:
        raise Refused("typeKeys", "REQUIRED", "Name the types whose CTAs it fits.")
    row = PlaybookRow(
        id=new_id("cta_playbook"), key=input.key, name=name, active=True, version=1
    )
    session.add(row)
    return row


async def _fit(session: AsyncSession, id: str, keys: Sequence[str]) -> None:
    if not keys:
        raise Refused("typeKeys", "REQUIRED", "Name the types whose CTAs it fits.")
    item = PicklistItemRow
    query = sa.select(item.key, item.id).join(TypeRow, TypeRow.id == item.id)
    has = sa.select(_FITS.c.type_id).where(_FITS.c.playbook_id == id)
    query = query.where(item.picklist == TYPE, item.active | item.id.in_(has))
    known = {r.key: r.id for r in await session.execute(query.order_by(item.position))}
    for key in keys:
        if key not in known:
            message = f"There is no type {key[:80]!r}; use some of: {', '.join(known)}."
            raise Refused("typeKeys", "LOOKUP_NOT_FOUND", message)
    await session.execute(sa.delete(_FITS).where(_FITS.c.playbook_id == id))
    rows = [{"playbook_id": id, "type_id": known[k]} for k in sorted(set(keys))]
    await session.execute(sa.insert(_FITS), rows)


async def _bring(
    session: AsyncSession, id: str, tasks: Sequence[CtaPlaybookTaskInput]
) -> None:
    """Make these the tasks. Rows stay where they are, since tasks of CTAs know them; of
    those that are too many the ones that CTAs know leave the list alone."""
    if len(tasks) > MOST_TASKS:
        message = f"A playbook has at most {MOST_TASKS} tasks."
        raise Refused("tasks", "LIMIT_EXCEEDED", message)
    rows = await session.scalars(
        sa.select(PlaybookTaskRow)
        .where(PlaybookTaskRow.playbook_id == id, PlaybookTaskRow.position > GONE)
        .order_by(PlaybookTaskRow.position, PlaybookTaskRow.id)
    )
    held = list(rows)
    for position, task in enumerate(tasks, 1):
        values = await _values(session, task, position - 1)
        if position <= len(held):
            row = held[position - 1]
        else:
            row = PlaybookTaskRow(id=new_id("cta_playbook_task"), playbook_id=id)
            session.add(row)
        for name, value in {**values, "position": position}.items():
            setattr(row, name, value)
    left = [r.id for r in held[len(tasks) :]]
    known = sa.select(TaskRow.playbook_task_id).where(
        TaskRow.playbook_task_id.in_(left)
    )
    used = set(await session.scalars(known)) if left else set()
    for row in held[len(tasks) :]:
        if row.id in used:
            row.position = GONE
        else:
            await session.delete(row)
    await session.flush()


async def _values(
    session: AsyncSession, task: CtaPlaybookTaskInput, place: int
) -> dict[str, Any]:
    path = f"tasks.{place}"
    if not -MOST_DAYS <= task.offset_days <= MOST_DAYS:
        message = f"Days are {-MOST_DAYS:,} to {MOST_DAYS:,}."
        raise Refused(f"{path}.offsetDays", "RANGE", message)
    of_user = task.owner is TaskOwner.USER
    if of_user != (task.owner_id is not None):
        message = "Name the user where `owner` is USER, and nobody elsewhere."
        raise Refused(f"{path}.ownerId", "INVALID", message)
    if task.owner_id is not None:
        await owner_of(session, task.owner_id, f"{path}.ownerId")
    text = task.description or ""
    return {
        "name": checked_text(task.name, f"{path}.name", LONGEST_NAME),
        "description": checked_text(
            text, f"{path}.description", LONGEST_TEXT, required=False
        ),
        "anchor": task.anchor.value,
        "offset_days": task.offset_days,
        "owner_strategy": task.owner.value,
        "owner_id": task.owner_id,
        "kind": task.kind.value,
        "is_mandatory": task.is_mandatory,
    }


async def _removed(
    ctx: Context, session: AsyncSession, input: DeleteCtaPlaybookInput
) -> CtaPlaybookSettings | None:
    row = await _held(session, input.key, input.expected_version)
    if row is None:
        message = f"There is no playbook {input.key[:80]!r}."
        raise Refused("key", "NOT_FOUND", message)
    before = await read_playbook(session, row.id)
    own = sa.select(_TASK.c.id).where(_TASK.c.playbook_id == row.id)
    of_cta = sa.select(CtaRow.id).where(CtaRow.playbook_id == row.id)
    of_task = sa.select(TaskRow.id).where(TaskRow.playbook_task_id.in_(own))
    if await session.scalar(sa.select(of_cta.exists() | of_task.exists())):
        row.active = False
        return await _changed(ctx, session, row, before)
    for table in (_TASK, _FITS):
        await session.execute(sa.delete(table).where(table.c.playbook_id == row.id))
    await session.delete(row)
    await session.flush()
    await record_change(
        ctx,
        session,
        "cockpit.playbook_set",
        row.key,
        before=told_of(before),
        after=None,
    )
    return None
