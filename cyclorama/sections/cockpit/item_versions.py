"""Versions of the items of vocabularies, and the items as admins edit them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any, Final

import sqlalchemy as sa
import strawberry
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import (
    Info,
    Parent,
    PicklistItem,
    PicklistItemRow,
    RecordKind,
    Viewer,
    made,
)
from cyclorama.sections.cockpit.item_inputs import VERSION, CtaVocabulary
from cyclorama.sections.cockpit.rules import Refused
from cyclorama.sections.cockpit.tables import ChoiceRow, ItemRow, TypeRow

FIRST: Final = 1
MOST: Final = 1_000


@strawberry.type(description="An item of a vocabulary of CTAs, as admins edit it.")
class CtaVocabularyItem:
    item: PicklistItem
    version: int = strawberry.field(description=VERSION)
    position: int
    type_keys: list[str] = strawberry.field(
        description="The types that it is offered for; of a type none."
    )
    default_for: list[str] = strawberry.field(
        description="Those of them of which it is the default."
    )
    record_kind: RecordKind | None = strawberry.field(
        description="Of a type: the records that its CTAs are about; null for both."
    )


async def cta_vocabulary(
    viewer: Parent[Viewer], info: Info, vocabulary: CtaVocabulary
) -> list[CtaVocabularyItem]:
    """The items of a vocabulary of CTAs in their order, also those that are offered no
    more. Empty for all but admins."""
    ctx = info.context
    if not ctx.is_admin:
        return []
    item = PicklistItemRow
    query = (
        sa.select(*item.__table__.c, ItemRow.version, TypeRow.record_kind)
        .outerjoin(ItemRow, ItemRow.id == item.id)
        .outerjoin(TypeRow, TypeRow.id == item.id)
        .where(item.picklist == vocabulary.value)
        .order_by(item.position, item.id)
        .limit(MOST)
    )
    choices = (
        sa.select(ChoiceRow.item_id, ChoiceRow.is_default, item.key)
        .join(item, item.id == ChoiceRow.type_id)
        .order_by(item.position, item.id)
    )
    offered: defaultdict[str, list[Any]] = defaultdict(list)
    for choice in await ctx.reading.execute(choices):
        offered[choice.item_id].append(choice)
    columns = item.__table__.c.keys()
    return [
        CtaVocabularyItem(
            item=made(PicklistItem, **{c: getattr(row, c) for c in columns}),
            version=row.version or FIRST,
            position=row.position,
            type_keys=[c.key for c in offered[row.id]],
            default_for=[c.key for c in offered[row.id] if c.is_default],
            record_kind=None
            if row.record_kind is None
            else RecordKind[row.record_kind],
        )
        for row in await ctx.reading.execute(query)
    ]


async def version_of(session: AsyncSession, item: PicklistItemRow) -> int:
    """The version of an item; one that was never changed is at the first."""
    query = sa.select(ItemRow.version).where(ItemRow.id == item.id)
    return await session.scalar(query) or FIRST


async def check_item_version(
    session: AsyncSession, item: PicklistItemRow | None, expected: int | None
) -> None:
    """`Refused` where an item has another version than is expected, or is gone."""
    if expected is None:
        return
    if item is None:
        message = (
            "There is no such item any more, or not yet; read the vocabulary again."
        )
        raise Refused("expectedVersion", "CONFLICT", message)
    version = await version_of(session, item)
    if version != expected:
        message = (
            f"The item is at version {version} by now; read it again and decide what "
            "to keep."
        )
        raise Refused("expectedVersion", "CONFLICT", message)


async def grow(session: AsyncSession, ids: Collection[str]) -> None:
    """Items that were changed have the next version."""
    if not ids:
        return
    dialect = session.get_bind().dialect.name
    insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    table: Any = ItemRow.__table__
    rows = [{"id": id, "version": FIRST + 1} for id in sorted(ids)]
    await session.execute(
        insert(table)
        .values(rows)
        .on_conflict_do_update(
            index_elements=["id"], set_={"version": table.c.version + 1}
        )
    )
