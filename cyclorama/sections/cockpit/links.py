"""Linking CTAs with records: a case, an opportunity, a ticket of another system."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import Context, Info, is_of_company, kind_of_id, new_id
from cyclorama.sections.cockpit.choices import checked_text
from cyclorama.sections.cockpit.inputs import (
    EXPECTED,
    CreateCtaInput,
    CtaDedupe,
    CtaPayload,
)
from cyclorama.sections.cockpit.masking import check_open
from cyclorama.sections.cockpit.rules import Refused, checked_url
from cyclorama.sections.cockpit.tables import CtaRow, LinkRow
from cyclorama.sections.cockpit.writing import Changing, change_cta

MOST_LINKS: Final = 50
LONGEST_WORD: Final = 80
LONGEST_ID: Final = 255
FIELD: Final = "Cta.linkedRecords"
SOURCES: Final = {"activity": "TIMELINE", "survey_response": "SURVEY"}
"""What CTAs say that follow from things of these types."""


@strawberry.input(description="A record to link a CTA with.")
class LinkCtaRecordInput:
    cta_id: strawberry.ID
    object_name: str = strawberry.field(
        description="What the record is, as `case`; at most 80 characters."
    )
    record_id: str = strawberry.field(
        description="Its id there; without `system` the id of a thing of the company, as "
        "a support case."
    )
    system: str | None = strawberry.field(
        default=None, description="The system that has it; this one if left out."
    )
    label: str | None = None
    url: str | None = strawberry.field(
        default=None, description="An address with https or http that opens it."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="A link of a CTA to take away.")
class UnlinkCtaRecordInput:
    cta_id: strawberry.ID
    link_id: strawberry.ID
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


async def link_cta_record(info: Info, input: LinkCtaRecordInput) -> CtaPayload:
    """Link a CTA, be it open or closed, with a record; at most 50."""
    ctx = info.context

    async def apply(change: Changing) -> None:
        check_open(ctx, "ctaId", FIELD)
        row, session = change.row, change.session
        name = checked_text(input.object_name, "objectName", LONGEST_WORD) or ""
        record = checked_text(input.record_id, "recordId", LONGEST_ID) or ""
        system, label = input.system, input.label
        if system is not None:
            system = checked_text(system, "system", LONGEST_WORD)
        elif not await is_of_company(ctx, record, row.company_id):
            message = (
                f"The company has no {record[:80]!r}; name the system that has it."
            )
            raise Refused("recordId", "LOOKUP_NOT_FOUND", message)
        if label is not None:
            label = checked_text(label, "label", LONGEST_ID, required=False)
        link = LinkRow(
            id=new_id("cta_link"),
            cta_id=row.id,
            company_id=row.company_id,
            relationship_id=row.relationship_id,
            system=system or "",
            object_name=name,
            record_id=record,
            label=label,
            url=checked_url(input.url, "url"),
            created_by=ctx.viewer.id,
            created_at=ctx.now,
        )
        await _check_new(change, link)
        session.add(link)
        await session.flush()
        change.noted[f"link {link.id}"] = [link.system, name, record]

    return await change_cta(
        ctx, input.cta_id, input.expected_version, "cockpit.link", apply, path="ctaId"
    )


async def source_from(ctx: Context, input: CreateCtaInput, company_id: str) -> str:
    """The source of a CTA that follows from a thing of the company; `Refused` where that
    can't be."""
    origin = input.from_id or ""
    if input.dedupe is not CtaDedupe.NONE:
        message = "`dedupe` may find another CTA; link that with `linkCtaRecord`."
        raise Refused("fromId", "INVALID", message)
    if not await is_of_company(ctx, origin, company_id):
        message = f"The company has no {origin[:80]!r}."
        raise Refused("fromId", "LOOKUP_NOT_FOUND", message)
    by_client = ctx.viewer.kind == "API_CLIENT"
    return SOURCES.get(kind_of_id(origin), "API" if by_client else "MANUAL")


async def link_from(
    ctx: Context, session: AsyncSession, row: CtaRow, origin: str
) -> None:
    """Link a new CTA with what it follows from."""
    link = LinkRow(
        id=new_id("cta_link"),
        cta_id=row.id,
        company_id=row.company_id,
        relationship_id=row.relationship_id,
        system="",
        object_name=kind_of_id(origin),
        record_id=origin,
        created_by=ctx.viewer.id,
        created_at=ctx.now,
    )
    session.add(link)
    await session.flush()


async def _check_new(change: Changing, link: LinkRow) -> None:
    """`Refused` where there is such a link, or no room for another."""
    query = sa.select(LinkRow.system, LinkRow.object_name, LinkRow.record_id)
    rows = await change.session.execute(query.where(LinkRow.cta_id == link.cta_id))
    held = {tuple(r) for r in rows}
    if (link.system, link.object_name, link.record_id) in held:
        raise Refused("recordId", "DUPLICATE", "The CTA has this link already.")
    if len(held) >= MOST_LINKS:
        message = f"A CTA is linked with at most {MOST_LINKS} records; take one away."
        raise Refused("ctaId", "LIMIT_EXCEEDED", message)


async def unlink_cta_record(info: Info, input: UnlinkCtaRecordInput) -> CtaPayload:
    """Take a link of a CTA away; the record stays."""
    ctx = info.context

    async def apply(change: Changing) -> None:
        check_open(ctx, "ctaId", FIELD)
        link = await change.session.get(LinkRow, input.link_id)
        if link is None or link.cta_id != change.row.id:
            message = f"The CTA has no link {input.link_id[:80]!r}."
            raise Refused("linkId", "NOT_FOUND", message)
        told = [link.system, link.object_name, link.record_id]
        change.before[f"link {link.id}"] = told
        await change.session.delete(link)

    return await change_cta(
        ctx, input.cta_id, input.expected_version, "cockpit.unlink", apply, path="ctaId"
    )
