"""Field permissions in the database: which group may see and change which field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.storage.audit import Author, record
from cyclorama.storage.configuration import bump_configuration
from cyclorama.storage.engine import Reading
from cyclorama.storage.rows import FieldPermissionRow

EVERYBODY: Final = "*"
"""The group of those who are in no group with a permission of its own for the field."""
ACCESS: Final = ("hidden", "read", "edit")
"""The least first; without a permission a field may be read and changed."""


@dataclass(frozen=True, slots=True)
class FieldPermission:
    """What a group may do with a field: `hidden`, `read` or `edit`."""

    group: str
    """Its key, or `*`."""
    field: str
    """`Type.field`, `Company.custom.key`, or a named permission as `money.view`."""
    access: str


async def load_permissions(reading: Reading) -> tuple[FieldPermission, ...]:
    """All field permissions by field and group."""
    row = FieldPermissionRow
    order = (row.field, row.group_key)
    query = sa.select(row.group_key, row.field, row.access).order_by(*order)
    return tuple(FieldPermission(*r) for r in await reading.execute(query))


async def set_permission(
    session: AsyncSession, permission: FieldPermission, author: Author
) -> bool:
    """Say what a group may do with a field; whether that is anything new."""
    key = (permission.group, permission.field)
    found = await session.get(FieldPermissionRow, key)
    before = None if found is None else found.access
    if found is not None and found.access == permission.access:
        return False
    if found is None:
        group, field = key
        session.add(
            FieldPermissionRow(group_key=group, field=field, access=permission.access)
        )
    else:
        found.access = permission.access
    await session.flush()
    await bump_configuration(session)
    await _note(session, author, *key, before, permission.access)
    return True


async def remove_permission(
    session: AsyncSession, group: str, field: str, author: Author
) -> bool:
    """Forget what a group may do with a field; whether there was anything."""
    found = await session.get(FieldPermissionRow, (group, field))
    if found is None:
        return False
    await session.delete(found)
    await session.flush()
    await bump_configuration(session)
    await _note(session, author, group, field, found.access, None)
    return True


async def _note(
    session: AsyncSession,
    author: Author,
    group: str,
    field: str,
    before: str | None,
    after: str | None,
) -> None:
    old = None if before is None else {group: before}
    new = None if after is None else {group: after}
    await record(session, author, "mask.change", field, before=old, after=new)
