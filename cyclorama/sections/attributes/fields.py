"""Where a field of a record is kept, and what of the database a new value has to meet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import (
    WHOLE,
    CompanyRow,
    InvalidInputError,
    ManagedAs,
    PicklistItemRow,
    RelationshipRow,
    UserRow,
    field_items,
)
from cyclorama.sections.attributes.rules import (
    LONGEST_TEXT,
    Bounds,
    Refused,
    parsed,
    tags,
)

ROWS: dict[str, Any] = {"COMPANY": CompanyRow, "RELATIONSHIP": RelationshipRow}
TREE_LOCK = 0x6379_7472_6565
"""The advisory lock that changes of parents take, so that two can't close a cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A field that can be written."""

    path: str
    label: str
    type: str
    """A `FieldType`."""
    required: bool
    editable: bool
    column: str
    custom: str | None
    """The key within `custom`, where that is the column."""
    picklist: str | None
    """The vocabulary of its items."""


def target(kind: str, path: str, fields: Sequence[Any]) -> Target | None:
    """The field with this path; None where there is none. A field of a record one
    lookup away is not editable."""
    row = ROWS[kind]
    try:
        (item,) = field_items(kind, [path], row.__table__.c, fields)
    except InvalidInputError:
        return None
    own = {f.key: f for f in fields if f.object == kind.lower()}
    is_custom = path.startswith("custom.")
    custom = path.removeprefix("custom.") if is_custom else None
    column = "custom" if is_custom else _column(row, path)
    name = f"{kind.lower()}.{path}"
    return Target(
        path=path,
        label=item["label"],
        type=item["type"],
        required=item["required"],
        editable=item["editable"] and column is not None,
        column=column or "",
        custom=custom,
        picklist=own[custom].picklist if custom is not None else name,
    )


def _column(row: Any, path: str) -> str | None:
    """`renewal_date` of `renewalDate`, `arr_minor` of `arr`, `csm_id` of `csm`; None
    where the record's table has no such column."""
    name = "".join(f"_{c.lower()}" if c.isupper() else c for c in path)
    known = (n for n in (name, f"{name}_minor", f"{name}_id") if n in row.__table__.c)
    return next(known, None)


async def locked(
    session: AsyncSession, kind: str, record_id: str, paths: Collection[str]
) -> Any:
    """The record's row, which no other transaction changes until this one ends."""
    if "parent" in paths and session.get_bind().dialect.name == "postgresql":
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(TREE_LOCK)))
    return await session.get(ROWS[kind], record_id, with_for_update={"key_share": True})


def stored(row: Any, to: Target) -> Any:
    """The field's value as it is kept."""
    return row.custom.get(to.custom) if to.custom else getattr(row, to.column)


async def value_of(session: AsyncSession, row: Any, to: Target, value: Any) -> Any:
    """A new value as it is kept: parsed, found where it names something else.

    Raises `Refused`."""
    if to.path == "tags":
        return tags(value or [])
    if to.path == "managedAs":
        return _managed_as(value)
    found = parsed(to.type, value, _bounds(row, to))
    if found is None:
        return None
    match to.type:
        case "PICKLIST":
            return await _item(session, row, to, found)
        case "MULTI_PICKLIST":
            return [await _item(session, row, to, key) for key in found]
        case "LOOKUP":
            return await _looked_up(session, row, to, found)
    if to.custom is not None:
        return _as_json(Decimal(found) / 100 if to.type == "CURRENCY" else found)
    return int(found) if isinstance(found, Decimal) else found


def _bounds(row: Any, to: Target) -> Bounds:
    column = row.__table__.c[to.column]
    if to.custom is not None:
        return Bounds(currency=row.currency)
    if isinstance(column.type, sa.Integer):
        most = Decimal(2**31 - 1)
        return Bounds(least=Decimal(0), most=most, whole=True, currency=row.currency)
    length = getattr(column.type, "length", None) or LONGEST_TEXT
    return Bounds(length=length, currency=row.currency)


def _managed_as(value: Any) -> str:
    if value not in ManagedAs.__members__:
        known = ", ".join(ManagedAs.__members__)
        raise Refused("TYPE" if value else "REQUIRED", f"Write one of {known}.")
    return str(value)


async def _item(session: AsyncSession, row: Any, to: Target, key: str) -> str:
    """What is kept of an item: its id in a column, its key within `custom`."""
    query = sa.select(PicklistItemRow).where(PicklistItemRow.picklist == to.picklist)
    items = {i.key: i for i in await session.scalars(query)}
    item = items.get(key)
    if item is None:
        known = ", ".join(sorted(k for k, i in items.items() if i.active)[:30])
        message = f"{to.label} has no item {key[:80]!r}; use one of: {known or 'none'}."
        raise Refused("LOOKUP_NOT_FOUND", message)
    kept = item.key if to.custom else item.id
    held = stored(row, to)
    if not item.active and kept not in (held if isinstance(held, list) else [held]):
        message = f"The item {key!r} of {to.label} is no longer in use."
        raise Refused("PICKLIST_INACTIVE", message)
    return kept


async def _looked_up(session: AsyncSession, row: Any, to: Target, key: str) -> str:
    """The id of the record that a lookup names."""
    (reference,) = row.__table__.c[to.column].foreign_keys
    table = reference.column.table
    query = sa.select(table.c.id).where(table.c.id == key)
    if table is UserRow.__table__ and key != stored(row, to):
        query = query.where(table.c.active)
    if await session.scalar(query) is None:
        raise Refused("LOOKUP_NOT_FOUND", f"{to.label}: there is no {key[:80]!r}.")
    if to.path == "parent":
        await _check_cycle(session, row.id, key)
    return key


async def _check_cycle(session: AsyncSession, company: str, parent: str) -> None:
    """`Refused` if the company is the parent itself or above it."""
    seen: set[str] = set()
    above: str | None = parent
    while above is not None and above not in seen:
        if above == company:
            message = "The company would be below itself; choose another parent."
            raise Refused("CYCLE", message)
        seen.add(above)
        query = sa.select(CompanyRow.parent_id).where(CompanyRow.id == above)
        # A circle is one, whether or not all of it may be read.
        above = await session.scalar(query.execution_options(**{WHOLE: True}))


def _as_json(value: Any) -> Any:
    """A value as `custom` keeps it: numbers as JSON numbers, days and instants as text."""
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value
