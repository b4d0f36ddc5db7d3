"""Having activities belong to further records, and taking that back."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import Context, Info, new_id
from cyclorama.sections.timeline.events import (
    ASSOCIATED,
    DISSOCIATED,
    events_of,
    told,
)
from cyclorama.sections.timeline.mutations import (
    ActivityPayload,
    change_logged,
    settings_of,
)
from cyclorama.sections.timeline.rules import Refused
from cyclorama.sections.timeline.tables import ActivityRow, AssociationRow
from cyclorama.sections.timeline.writing import note_change

MOST_ASSOCIATIONS: Final = 50
_FIELD: Final = "Activity.associations"


@strawberry.input(description="A further record that an activity is to belong to.")
class AssociateActivityInput:
    id: strawberry.ID
    record_id: strawberry.ID = strawberry.field(
        description="A company or a relationship whose Timeline takes activities of others."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version that was read; another one is refused with CONFLICT.",
    )


@strawberry.input(
    description="A further record that an activity is to belong to no more."
)
class DissociateActivityInput:
    id: strawberry.ID
    record_id: strawberry.ID
    expected_version: int | None = None


async def associate_activity(
    info: Info, input: AssociateActivityInput
) -> ActivityPayload:
    """Have a logged activity belong to a further record, whose Timeline shows it, too.

    It stays about its own record: who may not read that does not see it.
    """
    ctx, record = info.context, input.record_id

    async def apply(session: AsyncSession, row: ActivityRow) -> None:
        await _check_taken(ctx, record)
        await _associate(ctx, session, row, record)

    return await change_logged(ctx, input, field=_FIELD, path="recordId", apply=apply)


async def dissociate_activity(
    info: Info, input: DissociateActivityInput
) -> ActivityPayload:
    """Have an activity belong to a further record no more."""
    ctx = info.context

    async def apply(session: AsyncSession, row: ActivityRow) -> None:
        await _dissociate(ctx, session, row, input.record_id)

    return await change_logged(ctx, input, field=_FIELD, path="recordId", apply=apply)


async def _check_taken(ctx: Context, record_id: str) -> None:
    """`Refused` where the record takes no activities of others from the viewer."""
    config = await settings_of(ctx, record_id)
    if not (config.editable and config.associations):
        message = "Your layout does not let you associate activities with this record."
        raise Refused("FORBIDDEN", message, "recordId")


async def _associate(
    ctx: Context, session: AsyncSession, row: ActivityRow, record_id: str
) -> None:
    if record_id == (row.relationship_id or row.company_id):
        message = "The activity is about this record; name another one."
        raise Refused("INVALID", message, "recordId")
    query = sa.select(AssociationRow.record_id)
    query = query.where(AssociationRow.activity_id == row.id)
    held = set(await session.scalars(query))
    if record_id in held:
        message = "The activity belongs to this record already."
        raise Refused("DUPLICATE", message, "recordId")
    if len(held) >= MOST_ASSOCIATIONS:
        message = f"An activity belongs to at most {MOST_ASSOCIATIONS} further records."
        raise Refused("LIMIT_EXCEEDED", message, "recordId")
    new = AssociationRow(
        id=new_id("activity_association"),
        activity_id=row.id,
        record_id=record_id,
        created_by_id=ctx.viewer.id,
        created_at=ctx.now,
    )
    session.add(new)
    events = events_of(ASSOCIATED, row, after=told(row), record_id=record_id)
    noted = {"record": record_id}
    await note_change(ctx, session, row, "activity.associate", noted, events)


async def _dissociate(
    ctx: Context, session: AsyncSession, row: ActivityRow, record_id: str
) -> None:
    query = sa.select(AssociationRow).where(
        AssociationRow.activity_id == row.id, AssociationRow.record_id == record_id
    )
    held = await session.scalar(query)
    if held is None:
        message = f"The activity does not belong to a record {record_id[:80]!r}."
        raise Refused("NOT_FOUND", message, "recordId")
    await session.delete(held)
    events = events_of(DISSOCIATED, row, before=told(row), record_id=record_id)
    noted = {"record": record_id}
    await note_change(ctx, session, row, "activity.dissociate", noted, events)
