"""Custom fields that imports bring along: described once, by whoever comes first."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.storage.configuration import bump_configuration
from cyclorama.storage.engine import Database
from cyclorama.storage.ids import new_id
from cyclorama.storage.rows import FieldRow

Place = tuple[str, str]
"""The kind of record, as `company`, and the field's key."""


async def describe_fields(
    database: Database, wanted: Mapping[Place, tuple[str, str]]
) -> None:
    """Describe fields, given with label and type, where nobody has described them."""
    async with database.write() as session:
        if wanted.keys() <= await _held(session):
            return
        # Who raises the version is alone with the fields until the transaction ends.
        await bump_configuration(session)
        held = await _held(session)
        new = [place for place in wanted if place not in held]
        for position, place in enumerate(new, len(held)):
            session.add(_described(place, *wanted[place], position))


async def _held(session: AsyncSession) -> set[Place]:
    rows = await session.execute(sa.select(FieldRow.object, FieldRow.key))
    return {(row.object, row.key) for row in rows}


def _described(place: Place, label: str, type_: str, position: int) -> FieldRow:
    kind, key = place
    return FieldRow(
        id=new_id("field"),
        object=kind,
        key=key,
        label=label,
        type=type_,
        position=position,
    )
