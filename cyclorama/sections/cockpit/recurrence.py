"""Series of CTAs: the next one is made when its day has come and none is open."""

from __future__ import annotations

from datetime import time
from typing import Any, Final

import sqlalchemy as sa
import strawberry

from cyclorama.plugins import (
    Info,
    Job,
    PicklistItemRow,
    Run,
    Schedule,
    append_entries,
    audit_entry,
    emit,
    new_id,
)
from cyclorama.sections.cockpit.choices import Choices
from cyclorama.sections.cockpit.events import keys_of, told
from cyclorama.sections.cockpit.inputs import EXPECTED, CtaPayload
from cyclorama.sections.cockpit.masking import check_open
from cyclorama.sections.cockpit.rules import (
    MOST_UNITS,
    Category,
    Recurrence,
    Refused,
    moved,
    next_day,
)
from cyclorama.sections.cockpit.tables import STATUS, CtaRow
from cyclorama.sections.cockpit.writing import Changing, change_cta

PAGE: Final = 100
LIFECYCLE: Final = "LIFECYCLE"
_COPIED: Final = (
    "company_id",
    "relationship_id",
    "name",
    "type_id",
    "reason_id",
    "priority_id",
    "owner_id",
    "is_important",
    "recur_every",
    "recur_unit",
    "recur_from",
    "series_id",
)
_RECURS: Final = ("recur_every", "recur_unit", "recur_from", "recur_on")


@strawberry.input(description="How often a CTA comes again; nothing ends its series.")
class SetCtaRecurrenceInput:
    id: strawberry.ID
    every: int | None = strawberry.field(
        default=None, description="So many units, 1 to 60; null ends the series."
    )
    unit: Recurrence = Recurrence.MONTH
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


async def set_cta_recurrence(info: Info, input: SetCtaRecurrenceInput) -> CtaPayload:
    """Have an open CTA of the category LIFECYCLE come again, counted from its creation.

    The next one is made on its day, or once this one is closed: one of a series is open
    at most.
    """
    ctx = info.context

    async def apply(change: Changing) -> None:
        check_open(ctx, "every", "Cta.recurEvery", "Cta.recurUnit", "Cta.recurOn")
        row, every = change.row, input.every
        if every is None:
            for name in _RECURS:
                setattr(row, name, None)
            return
        change.need_open()
        if not 1 <= every <= MOST_UNITS:
            raise Refused("every", "RANGE", f"Choose 1 to {MOST_UNITS}.")
        item = PicklistItemRow.category
        query = sa.select(item).where(PicklistItemRow.id == row.type_id)
        if await change.session.scalar(query) != LIFECYCLE:
            message = "CTAs whose type has the category LIFECYCLE come again."
            raise Refused("id", "INVALID", message)
        row.recur_every, row.recur_unit = every, input.unit.value
        row.recur_from = row.recur_from or row.created_on
        row.recur_on = next_day(input.unit, every, row.recur_from, ctx.today)
        row.series_id = row.series_id or row.id

    return await change_cta(
        ctx, input.id, input.expected_version, "cockpit.recur", apply
    )


async def make_due(run: Run) -> None:
    """The next CTAs of series whose day has come, of a page of series; a job for the
    next page."""
    session, other = run.session, CtaRow.__table__.alias()
    is_open = sa.exists().where(
        other.c.series_id == CtaRow.series_id, ~other.c.is_closed
    )
    query = (
        sa.select(CtaRow)
        .where(
            CtaRow.recur_on <= run.today,
            CtaRow.is_closed,
            ~is_open,
            CtaRow.id > run.payload.get("after", ""),
        )
        .order_by(CtaRow.id)
        .limit(PAGE)
        .with_for_update(key_share=True)
    )
    found = list(await session.scalars(query))
    entries = []
    made: list[dict[str, Any]] = []
    for row in found:
        due = row.recur_on
        new = await _next_of(run, row)
        if new is not None:
            after = {c.key: getattr(new, c.key) for c in CtaRow.__table__.columns}
            made.append(after)
            entries += [
                audit_entry(
                    run.author, "cockpit.recur", row.id, {"recur_on": due}, None
                ),
                audit_entry(run.author, "cockpit.create", new.id, None, after),
            ]
    keys = await keys_of(session, *made) if made else {}
    await emit(session, run.author, [told(a["id"], {}, a, keys) for a in made])
    await append_entries(session, entries)
    if len(found) == PAGE:
        await run.then({"after": found[-1].id})


async def _next_of(run: Run, row: CtaRow) -> CtaRow | None:
    """The CTA that comes after another one, which is no more asked for one; None where
    its type offers no status to begin with."""
    status = (await Choices.of(run.session, row.type_id)).default(STATUS, Category.OPEN)
    if status is None or row.recur_from is None or row.recur_every is None:
        return None
    days = (row.original_due_date - row.created_on).days
    due = moved(run.today, days, "dueDate")
    unit = Recurrence(row.recur_unit or Recurrence.MONTH)
    new = CtaRow(
        **{name: getattr(row, name) for name in _COPIED},
        id=new_id("cta"),
        status_id=status.id,
        due_date=due,
        original_due_date=due,
        is_closed=False,
        source="RECURRENCE",
        recur_on=next_day(unit, row.recur_every, row.recur_from, run.today),
        total_tasks=0,
        closed_tasks=0,
        version=1,
        created_on=run.today,
        created_at=run.now,
        updated_at=run.now,
    )
    values: dict[str, Any] = dict.fromkeys(_RECURS)
    own = sa.update(CtaRow).where(CtaRow.id == row.id)
    await run.session.execute(
        own.values(**values, version=CtaRow.version + 1, updated_at=run.now)
    )
    run.session.add(new)
    await run.session.flush()
    return new


RECUR: Final = Job(kind="cockpit.recur", run=make_due, schedule=Schedule(at=time(0, 5)))
"""When a day has begun."""
