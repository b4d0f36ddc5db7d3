"""What mutations of sections ask first: may this viewer change this record there?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry import UNSET

from cyclorama.layouts.visibility import everywhere
from cyclorama.resolvers.context import Context
from cyclorama.resolvers.nodes import find_nodes
from cyclorama.schema.common import UserError, UserErrorCode
from cyclorama.storage.idempotency import LONGEST, KeyReusedError, claim
from cyclorama.storage.ids import kind_of_id
from cyclorama.storage.rows import RelationshipRow


class Subject(TypedDict):
    """The columns that say whom a section's row is about."""

    company_id: str
    relationship_id: str | None


async def refusals(
    context: Context, section: str, record_id: str, path: list[str] | None = None
) -> list[UserError]:
    """Why the viewer may not change the section of a record; empty where they may.

    A record that does not exist and one out of reach are the same `NOT_FOUND`; a section
    that the viewer's layout for the record does not hold is `FORBIDDEN`. `path` is that
    of the input field with the id, `["recordId"]` by default.
    """
    return (await settings_or_refusals(context, section, record_id, path))[1]


async def settings_or_refusals(
    context: Context, section: str, record_id: str, path: list[str] | None = None
) -> tuple[list[Any], list[UserError]]:
    """The settings of the section's placements in the viewer's layout for a record, or
    as `refusals` why there are none."""
    return (await settings_of_records(context, section, [record_id], path))[0]


async def settings_of_records(
    context: Context,
    section: str,
    record_ids: Sequence[str],
    path: list[str] | None = None,
) -> list[tuple[list[Any], list[UserError]]]:
    """As `settings_or_refusals`, for many records at once, in this order."""
    where = ["recordId"] if path is None else path
    refs = await context.refs(record_ids)
    return [
        _settings(section, record_id, ref, where)
        for record_id, ref in zip(record_ids, refs, strict=True)
    ]


def _settings(
    section: str, record_id: str, ref: Any, where: list[str]
) -> tuple[list[Any], list[UserError]]:
    if ref is None:
        message = f"There is no record {record_id!r}."
        return [], [
            UserError(path=where, code=UserErrorCode.NOT_FOUND, message=message)
        ]
    settings = [e.config for e in ref.variant.envs if e.placement.section == section]
    if not settings:
        message = f"The section {section!r} is not in your layout for this record."
        return [], [
            UserError(path=where, code=UserErrorCode.FORBIDDEN, message=message)
        ]
    return settings, []


def gets_everywhere(context: Context, section: str, kind: str) -> bool:
    """Whether the viewer gets the section on every record of a kind, so that what it says
    of many records at once tells nothing that is hidden on one of them."""
    settings = context.settings
    held = everywhere(settings.book, context.viewer_attributes, settings.facts)
    return (kind, section) in held - context.masked.sections


def condition_on(context: Context, name: str, kind: str) -> Any:
    """The condition of this name on records of a kind, as a SQL expression over their row;
    None where no section brings one, where the viewer does not get that section on every
    record of the kind, and where a mask hides a field that leads to it."""
    for section in context.settings.sections.values():
        found = section.record_conditions.get(name)
        if found is not None and kind in found.where:
            shown = context.masked.fields.isdisjoint(found.fields)
            shown = shown and gets_everywhere(context, section.key, kind)
            return found.where[kind] if shown else None
    return None


async def subject_of(context: Context, record_id: str) -> Subject:
    """Whom a new row of this record is about: the company, or also the relationship.

    For a record that `refusals` has let pass.
    """
    if kind_of_id(record_id) == "company":
        return Subject(company_id=record_id, relationship_id=None)
    query = sa.select(RelationshipRow.company_id).where(RelationshipRow.id == record_id)
    ((company_id,),) = await context.reading.execute(query)
    return Subject(company_id=company_id, relationship_id=record_id)


async def is_of_company(context: Context, thing_id: str, company_id: str) -> bool:
    """Whether this is the id of a thing of a section that the viewer finds by `node(id:)`
    and that is about the company or one of its relationships."""
    (found,) = await find_nodes(context, [thing_id])
    place = getattr(found, "cy_place", None)
    return place is not None and place.values.get("company_id") == company_id


class KeyRefusedError(Exception):
    """An idempotency key that can't be taken: a code of `UserErrorCode` and what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


async def claimed(
    context: Context,
    session: AsyncSession,
    action: str,
    key: str,
    input: Any,
    result: str,
) -> str:
    """The id of what an idempotency key made: `result` where the viewer sends the key for
    the first time, the earlier one where they have sent it with this action before.

    Asked in the transaction of the change, before anything is written. `input` is the
    mutation's; fields that are null or missing and the key itself do not count.
    `KeyRefusedError` for a key that came with another input, and for one that is empty or
    too long."""
    if not 1 <= len(key.strip()) <= len(key) <= LONGEST:
        message = f"An idempotency key has 1 to {LONGEST} characters."
        raise KeyRefusedError("LENGTH", message)
    given = {
        name: value
        for name, value in asdict(input).items()
        if name != "idempotency_key" and value is not None and value is not UNSET
    }
    try:
        return await claim(
            session,
            actor_id=context.viewer.id,
            action=action,
            key=key,
            input=given,
            result=result,
            at=context.now,
        )
    except KeyReusedError:
        message = "This key came with another input before; choose a new one."
        raise KeyRefusedError("CONFLICT", message) from None
