"""For which types of CTAs items are offered, and that something is left to choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import PicklistItemRow
from cyclorama.sections.cockpit.rules import Category, Refused
from cyclorama.sections.cockpit.tables import (
    PRIORITY,
    STATUS,
    TYPE,
    ChoiceRow,
    CtaRow,
    ItemRow,
    PlaybookTypeRow,
    TypeRow,
)

_WORDS: Final = {
    (STATUS, Category.OPEN.value): "status of the category OPEN",
    (STATUS, Category.CLOSED_SUCCESS.value): "status of the category CLOSED_SUCCESS",
    (PRIORITY, None): "priority",
}
"""What a type can't do without."""
_COLUMNS: Final = (
    CtaRow.type_id,
    CtaRow.reason_id,
    CtaRow.priority_id,
    CtaRow.status_id,
)


@dataclass(frozen=True, slots=True)
class Offers:
    """What is offered of what types need: type, vocabulary and category."""

    found: frozenset[tuple[str, str, str | None]]

    @classmethod
    async def of(cls, session: AsyncSession) -> Offers:
        """Those of all types that are offered themselves."""
        item, kind = (
            PicklistItemRow.__table__.alias(),
            PicklistItemRow.__table__.alias(),
        )
        query = (
            sa.select(ChoiceRow.type_id, item.c.picklist, item.c.category)
            .join_from(ChoiceRow, item, item.c.id == ChoiceRow.item_id)
            .join(kind, kind.c.id == ChoiceRow.type_id)
            .where(
                item.c.active, kind.c.active, item.c.picklist.in_((STATUS, PRIORITY))
            )
        )
        rows = await session.execute(query)
        return cls(
            frozenset((t, p, c if p == STATUS else None) for t, p, c in rows.all())
        )


async def check_left(session: AsyncSession, before: Offers, path: str) -> None:
    """`Refused` where a type has lost the last of what it needs."""
    after = await Offers.of(session)
    kinds = {t for t, _, _ in after.found}
    for type_id, picklist, category in before.found - after.found:
        word = _WORDS.get((picklist, category))
        if word is not None and type_id in kinds:
            message = f"A type would be left without a {word}; offer another one first."
            raise Refused(path, "INVALID_STATE", message)


async def is_used(session: AsyncSession, item: PicklistItemRow) -> bool:
    """Whether a CTA has the item, or a playbook fits the type."""
    used = sa.select(CtaRow.id).where(sa.or_(*(c == item.id for c in _COLUMNS)))
    if await session.scalar(used.limit(1)) is not None:
        return True
    fits = sa.select(PlaybookTypeRow.type_id).where(PlaybookTypeRow.type_id == item.id)
    return await session.scalar(fits.limit(1)) is not None


async def withdraw(session: AsyncSession, item: PicklistItemRow) -> set[str]:
    """Offer an item, or what is offered for a type, no more; the ids of what was offered
    for the type."""
    query = sa.select(ChoiceRow.item_id).where(ChoiceRow.type_id == item.id)
    others = set(await session.scalars(query))
    own = sa.or_(ChoiceRow.item_id == item.id, ChoiceRow.type_id == item.id)
    await session.execute(sa.delete(ItemRow).where(ItemRow.id == item.id))
    await session.execute(sa.delete(ChoiceRow).where(own))
    if item.picklist == TYPE:
        await session.execute(sa.delete(TypeRow).where(TypeRow.id == item.id))
    return others


async def offer(
    session: AsyncSession,
    item: PicklistItemRow,
    types: Mapping[str, PicklistItemRow],
    type_keys: Sequence[str] | None,
    default_for: Sequence[str] | None,
) -> set[str]:
    """Offer an item for these types, and as the default of those; None leaves it. The ids
    of the items that were the default before."""
    query = sa.select(ChoiceRow).where(ChoiceRow.item_id == item.id)
    held = {row.type_id: row for row in await session.scalars(query)}
    if type_keys is not None:
        wanted = {_type(types, key, "typeKeys") for key in type_keys}
        for type_id in set(held) - wanted:
            await session.delete(held.pop(type_id))
        for type_id in sorted(wanted - set(held)):
            row = ChoiceRow(type_id=type_id, item_id=item.id, is_default=False)
            session.add(row)
            held[type_id] = row
        await session.flush()
    if default_for is None:
        return set()
    chosen = {_type(types, key, "defaultFor") for key in default_for}
    if not chosen <= set(held):
        message = "It is the default of a type that it is not offered for."
        raise Refused("defaultFor", "INVALID", message)
    others = await _clear_defaults(session, item, chosen)
    for type_id, row in held.items():
        row.is_default = type_id in chosen
    return others


def _type(types: Mapping[str, PicklistItemRow], key: str, path: str) -> str:
    if key not in types:
        message = f"There is no type {key[:80]!r}; use one of: {', '.join(types)}."
        raise Refused(path, "LOOKUP_NOT_FOUND", message)
    return types[key].id


async def _clear_defaults(
    session: AsyncSession, item: PicklistItemRow, type_ids: set[str]
) -> set[str]:
    """Have the other items of the vocabulary be the default no more, of statuses those of
    the category; the ids of those that were."""
    alike = sa.select(PicklistItemRow.id).where(
        PicklistItemRow.picklist == item.picklist, PicklistItemRow.id != item.id
    )
    if item.picklist == STATUS:
        alike = alike.where(PicklistItemRow.category == item.category)
    own = ChoiceRow.item_id.in_(alike) & ChoiceRow.type_id.in_(type_ids)
    were = sa.select(ChoiceRow.item_id).where(own, ChoiceRow.is_default)
    found = set(await session.scalars(were))
    query = sa.update(ChoiceRow).where(own)
    await session.execute(query.values(is_default=False))
    return found


async def offers_of(session: AsyncSession, item: PicklistItemRow) -> dict[str, Any]:
    """The keys of the types that an item is offered for, and is the default of."""
    query = (
        sa.select(PicklistItemRow.key, ChoiceRow.is_default)
        .join(ChoiceRow, ChoiceRow.type_id == PicklistItemRow.id)
        .where(ChoiceRow.item_id == item.id)
        .order_by(PicklistItemRow.key)
    )
    rows = (await session.execute(query)).all()
    return {
        "types": [key for key, _ in rows],
        "default_for": [key for key, is_default in rows if is_default],
    }
