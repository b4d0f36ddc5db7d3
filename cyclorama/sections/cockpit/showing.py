"""CTAs as they were written, as the page will show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from cyclorama.plugins import (
    Context,
    PicklistItem,
    PicklistItemRow,
    User,
    UserRow,
    made,
)
from cyclorama.sections.cockpit import rules
from cyclorama.sections.cockpit.tables import CtaRow, PlaybookRow, TaskRow
from cyclorama.sections.cockpit.types import Cta, CtaPlaybook, CtaTask

Written = tuple[CtaRow, Sequence[TaskRow]]


async def shown(ctx: Context, written: Sequence[Written]) -> list[Cta]:
    """The CTAs with their tasks, in this order; three statements, however many."""
    await ctx.renew()
    rows = [row for row, _ in written]
    tasks = [task for _, own in written for task in own]
    picked = {getattr(row, f"{name}_id") for row in rows for name in _ITEMS}
    items = await _made(ctx, PicklistItem, PicklistItemRow, picked)
    owners = {r.owner_id for r in rows} | {t.owner_id for t in tasks}
    users = await _made(ctx, User, UserRow, owners)
    books = await _made(ctx, CtaPlaybook, PlaybookRow, {r.playbook_id for r in rows})
    found = []
    for row, own in written:
        given = {name: items.get(getattr(row, f"{name}_id")) for name in _ITEMS}
        found.append(
            made(
                Cta,
                **{**_values(row), **_derived(row, ctx), **given},
                owner=users[row.owner_id],
                playbook=books.get(row.playbook_id),
                tasks=[
                    made(CtaTask, **_values(t), owner=users[t.owner_id]) for t in own
                ],
            )
        )
    return found


_ITEMS = ("type", "reason", "priority", "status")


async def _made(
    ctx: Context, cls: Any, row: Any, ids: Iterable[str | None]
) -> dict[Any, Any]:
    """Objects of a type by id."""
    wanted = sorted({i for i in ids if i is not None})
    if not wanted:
        return {}
    query = sa.select(*row.__table__.c).where(row.__table__.c.id.in_(wanted))
    rows = await ctx.reading.execute(query)
    return {r.id: made(cls, **r._mapping) for r in rows}


def _derived(row: CtaRow, ctx: Context) -> dict[str, Any]:
    """What the page computes."""
    today, total, closed = ctx.today, row.total_tasks, row.closed_tasks
    dates = rules.Dates(
        created=row.created_on,
        due=row.due_date,
        original_due=row.original_due_date,
        closed=row.closed_on,
    )
    progress = rules.percent_complete(total, closed, is_closed=row.is_closed)
    snoozed = rules.is_snoozed(row.snoozed_until, today)
    return {
        "is_snoozed": snoozed and not row.is_closed,
        "age": dates.age(today),
        "days_due": dates.days_due(),
        "days_until_close": dates.days_until_close(today),
        "days_past_due": dates.days_past_due(today),
        "closed_overdue": dates.closed_overdue(),
        "due_date_variance": dates.due_date_variance(),
        "percent_complete": rules.rounded(progress, 2),
        "total_task_count": total,
        "closed_task_count": closed,
        "open_task_count": total - closed,
    }


def _values(row: Any) -> dict[str, Any]:
    return {c.key: getattr(row, c.key) for c in row.__table__.columns}
