"""Changing many CTAs alike: one transaction, a result for each."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import Context, Info
from cyclorama.sections.cockpit.choices import Choices, owner_of
from cyclorama.sections.cockpit.inputs import (
    BulkCtaResult,
    BulkUpdateCtasInput,
    BulkUpdateCtasPayload,
)
from cyclorama.sections.cockpit.masking import CTA, check_given
from cyclorama.sections.cockpit.mutations import close, hand_over, move, prioritise
from cyclorama.sections.cockpit.rules import Refused, is_closing
from cyclorama.sections.cockpit.showing import shown
from cyclorama.sections.cockpit.tables import STATUS
from cyclorama.sections.cockpit.types import Cta
from cyclorama.sections.cockpit.writing import (
    Changing,
    absent,
    check_right,
    error_of,
    locked,
    reached,
)

MOST = 500
Found = dict[str, Changing | Refused]


async def bulk_update_ctas(
    info: Info, input: BulkUpdateCtasInput
) -> BulkUpdateCtasPayload:
    """Change the status, owner, priority or due date of many CTAs.

    Those that can't be changed stay as they are, and their results say why.
    """
    ctx = info.context
    try:
        _check(input)
        settings = await reached(ctx, input.ids)
        async with ctx.database.write() as session:
            if input.owner_id is not None:
                await owner_of(session, input.owner_id)
            with session.no_autoflush:
                found = await _changed(ctx, session, settings, input)
            for made in found.values():
                if isinstance(made, Changing):
                    await made.save("cockpit.update")
    except Refused as refused:
        return BulkUpdateCtasPayload(results=[], errors=[error_of(refused)])
    changed = [c for c in found.values() if isinstance(c, Changing)]
    ctas = await shown(ctx, [(c.row, c.tasks) for c in changed])
    by_id = {cta.id: cta for cta in ctas}
    results = [_result(i, found[i], by_id.get(i)) for i in input.ids]
    return BulkUpdateCtasPayload(results=results, errors=[])


def _check(input: BulkUpdateCtasInput) -> None:
    """`Refused` for what can't be done with any CTA."""
    ids = input.ids
    if not 1 <= len(ids) <= MOST:
        code = "LIMIT_EXCEEDED" if ids else "REQUIRED"
        raise Refused("ids", code, f"Name 1 to {MOST} CTAs.")
    if len(set(ids)) < len(ids):
        raise Refused("ids", "DUPLICATE", "Name each CTA once.")
    changes = (input.status_key, input.owner_id, input.priority_key, input.due_date)
    if all(c is None for c in changes):
        raise Refused("statusKey", "REQUIRED", "Say what to change.")


async def _changed(
    ctx: Context, session: AsyncSession, settings: Any, input: BulkUpdateCtasInput
) -> Found:
    """The CTAs with their changes, not yet written, or why they can't be changed."""
    held = await locked(ctx, session, list(settings))
    known: dict[str, Choices] = {}
    found: Found = {}
    for cta_id in input.ids:
        if cta_id not in held:
            found[cta_id] = absent(cta_id)
            continue
        row, tasks = held[cta_id]
        change = Changing(ctx, session, settings[cta_id], row, tasks, known=known)
        try:
            await _apply(change, input)
            found[cta_id] = change
        except Refused as refused:
            found[cta_id] = refused
            for begun in (row, *tasks):
                session.expunge(begun)
    return found


async def _apply(change: Changing, input: BulkUpdateCtasInput) -> None:
    await check_right(change)
    check_given(change.ctx, input, CTA)
    change.need_open()
    if input.owner_id is not None:
        hand_over(change, input.owner_id)
    if input.priority_key is not None:
        await prioritise(change, input.priority_key)
    if input.due_date is not None:
        move(change, input.due_date)
    if input.status_key is None:
        return
    status = (await change.choices()).find(STATUS, input.status_key, "statusKey")
    if is_closing(status.category):
        await close(change, input.status_key, input.open_tasks)
    else:
        change.row.status_id = status.id


def _result(cta_id: Any, found: Changing | Refused, cta: Cta | None) -> BulkCtaResult:
    if isinstance(found, Refused):
        errors = [error_of(found)]
        return BulkCtaResult(id=cta_id, cta=None, version=None, errors=errors)
    return BulkCtaResult(id=cta_id, cta=cta, version=found.row.version, errors=[])
