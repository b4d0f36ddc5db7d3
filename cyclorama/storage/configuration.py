"""The configuration's version, and the metadata of custom fields."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.storage.engine import Reading
from cyclorama.storage.rows import ConfigurationRow, FieldRow


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFacts:
    """A custom field of a kind of record; see `FieldRow`."""

    object: str
    key: str
    label: str
    type: str
    required: bool
    editable: bool
    help_text: str | None
    picklist: str | None


async def read_version(reading: Reading) -> int:
    """The configuration's version; 0 where nothing was ever configured."""
    rows = await reading.execute(sa.select(ConfigurationRow.version))
    return int(rows[0].version) if rows else 0


async def load_fields(reading: Reading) -> tuple[FieldFacts, ...]:
    """All custom fields, by object and position."""
    order = (FieldRow.object, FieldRow.position, FieldRow.key)
    columns = [FieldRow.__table__.c[n] for n in FieldFacts.__slots__]
    rows = await reading.execute(sa.select(*columns).order_by(*order))
    return tuple(FieldFacts(**row._mapping) for row in rows)


async def bump_configuration(session: AsyncSession) -> int:
    """Raise the version of the configuration; the new one."""
    raised = await session.scalar(
        sa.update(ConfigurationRow)
        .where(ConfigurationRow.id == 1)
        .values(version=ConfigurationRow.version + 1)
        .returning(ConfigurationRow.version)
        .execution_options(synchronize_session=False)
    )
    if raised is not None:
        return raised
    await session.execute(sa.insert(ConfigurationRow).values(id=1, version=1))
    return 1
