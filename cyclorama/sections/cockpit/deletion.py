"""Deleting CTAs: for good, with their tasks and links; the audit log has what they were."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
import strawberry

from cyclorama.plugins import Context, Info, Payload, UserError, record_change
from cyclorama.sections.cockpit.events import deleted
from cyclorama.sections.cockpit.inputs import EXPECTED
from cyclorama.sections.cockpit.masking import closed_fields
from cyclorama.sections.cockpit.rules import Refused
from cyclorama.sections.cockpit.tables import LinkRow
from cyclorama.sections.cockpit.writing import (
    Changing,
    absent,
    check_right,
    check_version,
    error_of,
    locked,
    reached,
)

_SHOWN = ("Cta.", "CtaTask.", "CtaLink.")
_TOLD = ("system", "object_name", "record_id", "label", "url")


@strawberry.input(description="A CTA to delete.")
class DeleteCtaInput:
    id: strawberry.ID
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.type(description="The id of what is gone, or why it is still there.")
class CtaDeletionPayload(Payload):
    deleted_id: strawberry.ID | None
    errors: list[UserError]


async def delete_cta(info: Info, input: DeleteCtaInput) -> CtaDeletionPayload:
    """Delete a CTA with its tasks and links for good, as one that was made by mistake;
    its owner and admins may do so. Others close it."""
    try:
        await _delete(info.context, input)
    except Refused as refused:
        return CtaDeletionPayload(deleted_id=None, errors=[error_of(refused)])
    return CtaDeletionPayload(deleted_id=input.id, errors=[])


async def _delete(ctx: Context, input: DeleteCtaInput) -> None:
    settings = (await reached(ctx, [input.id])).get(input.id)
    if settings is None:
        raise absent(input.id)
    async with ctx.database.write() as session:
        held = (await locked(ctx, session, [input.id])).get(input.id)
        if held is None:
            raise absent(input.id)
        change = Changing(ctx, session, settings, *held)
        await _check(change)
        check_version(change.row, input.expected_version)
        before = change.before | await _gone(change)
        event = await deleted(session, input.id, before)
        for task in change.tasks:
            await session.delete(task)
        await session.flush()
        await session.delete(change.row)
        await session.flush()
        await record_change(
            ctx, session, "cockpit.delete", input.id, before=before, events=[event]
        )


async def _check(change: Changing) -> None:
    """`Refused` unless the viewer may delete the CTA and change all that is in it."""
    await check_right(change)
    ctx = change.ctx
    if not ctx.is_admin and change.row.owner_id != ctx.viewer.id:
        message = "A CTA is deleted by its owner or an admin; close it."
        raise Refused("id", "FORBIDDEN", message)
    if any(name.startswith(_SHOWN) for name in closed_fields(ctx)):
        message = "There is something in it that you may not change; close it."
        raise Refused("id", "READ_ONLY", message)


async def _gone(change: Changing) -> dict[str, Any]:
    """Delete the links of a CTA; what the audit log says of them."""
    own = LinkRow.cta_id == change.row.id
    links = (await change.session.scalars(sa.select(LinkRow).where(own))).all()
    for link in links:
        await change.session.delete(link)
    await change.session.flush()
    return {f"link {x.id}": {n: getattr(x, n) for n in _TOLD} for x in links}
