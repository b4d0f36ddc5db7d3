"""Types, reasons, priorities and statuses of CTAs, as admins set them."""

from __future__ import annotations

import re
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry import UNSET

from cyclorama.plugins import (
    Context,
    Info,
    PicklistItem,
    PicklistItemRow,
    made,
    new_id,
    record_change,
)
from cyclorama.sections.cockpit.choices import checked_text
from cyclorama.sections.cockpit.item_inputs import (
    CtaVocabulary,
    CtaVocabularyPayload,
    DeleteCtaVocabularyItemInput,
    SaveCtaVocabularyItemInput,
)
from cyclorama.sections.cockpit.item_versions import (
    check_item_version,
    grow,
    version_of,
)
from cyclorama.sections.cockpit.offers import (
    Offers,
    check_left,
    is_used,
    offer,
    offers_of,
    withdraw,
)
from cyclorama.sections.cockpit.rules import Category, Refused, is_closing
from cyclorama.sections.cockpit.tables import STATUS, TYPE, TypeRow
from cyclorama.sections.cockpit.writing import error_of

MOST_TYPES: Final = 50
MOST_ITEMS: Final = 200
MOST_POSITION: Final = 10_000
LONGEST_LABEL: Final = 80
FIXED: Final = ("RISK", "OBJECTIVE")
"""Categories of types that keep their name and stay."""
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,79}")
_CATEGORY: Final = re.compile(r"[A-Z][A-Z0-9_]{0,79}")
_COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}")


async def save_cta_vocabulary_item(
    info: Info, input: SaveCtaVocabularyItemInput
) -> CtaVocabularyPayload:
    """Make or change a type, a reason, a priority or a status of CTAs. Admins alone may
    do so."""
    ctx = info.context
    try:
        _check_admin(ctx)
        _check(input)
        async with ctx.database.write() as session:
            saved = await _saved(ctx, session, input)
    except Refused as refused:
        return _refused(refused)
    return _payload(*saved)


async def delete_cta_vocabulary_item(
    info: Info, input: DeleteCtaVocabularyItemInput
) -> CtaVocabularyPayload:
    """Delete an item that nothing has, or deactivate one that is in use. Admins alone may
    do so."""
    ctx = info.context
    try:
        _check_admin(ctx)
        async with ctx.database.write() as session:
            kept = await _removed(ctx, session, input)
    except Refused as refused:
        return _refused(refused)
    if kept is None:
        return CtaVocabularyPayload(item=None, version=None, errors=[])
    return _payload(*kept)


def _refused(refused: Refused) -> CtaVocabularyPayload:
    errors = [error_of(refused)]
    return CtaVocabularyPayload(item=None, version=None, errors=errors)


def _payload(item: PicklistItemRow, version: int) -> CtaVocabularyPayload:
    columns: Any = PicklistItemRow.__table__.c
    values = {c.key: getattr(item, c.key) for c in columns}
    shown = made(PicklistItem, **values)
    return CtaVocabularyPayload(item=shown, version=version, errors=[])


def _check_admin(ctx: Context) -> None:
    if not ctx.is_admin:
        raise Refused("vocabulary", "FORBIDDEN", "Vocabularies are for admins.")


def _check(input: SaveCtaVocabularyItemInput) -> None:
    """`Refused` for what no item can be."""
    if not _KEY.fullmatch(input.key):
        message = "A key is small letters, digits and _, at most 80."
        raise Refused("key", "INVALID", message)
    if input.color not in (None, UNSET) and not _COLOR.fullmatch(input.color or ""):
        raise Refused("color", "INVALID", "Write a colour as #2e7d32.")
    if input.position is not None and not 0 <= input.position <= MOST_POSITION:
        raise Refused("position", "RANGE", f"A position is 0 to {MOST_POSITION:,}.")
    is_type = input.vocabulary is CtaVocabulary.TYPE
    if is_type and (input.type_keys or input.default_for):
        message = "A type is not offered for types; name it with its reasons."
        raise Refused("typeKeys", "INVALID", message)
    if not is_type and input.record_kind is not UNSET:
        raise Refused("recordKind", "INVALID", "This is for types alone.")
    _check_category(input)


def _check_category(input: SaveCtaVocabularyItemInput) -> None:
    category = input.category
    if category is None:
        return
    known = [c.value for c in Category]
    is_status = input.vocabulary is CtaVocabulary.STATUS
    if is_status and category not in known:
        message = f"The category of a status is one of: {', '.join(known)}."
        raise Refused("category", "INVALID", message)
    if not _CATEGORY.fullmatch(category):
        message = "A category is capital letters, digits and _, at most 80."
        raise Refused("category", "INVALID", message)


async def _items(session: AsyncSession, picklist: str) -> dict[str, PicklistItemRow]:
    """The items of a vocabulary by key; nobody else changes one until the end."""
    query = sa.select(PicklistItemRow).where(PicklistItemRow.picklist == picklist)
    rows = await session.scalars(query.order_by(PicklistItemRow.id).with_for_update())
    return {row.key: row for row in rows}


async def _saved(
    ctx: Context, session: AsyncSession, input: SaveCtaVocabularyItemInput
) -> tuple[PicklistItemRow, int]:
    types = await _items(session, TYPE)
    is_type = input.vocabulary is CtaVocabulary.TYPE
    items = types if is_type else await _items(session, input.vocabulary.value)
    offers = await Offers.of(session)
    item, before = items.get(input.key), {}
    await check_item_version(session, item, input.expected_version)
    is_new, others = item is None, set[str]()
    if item is None:
        item = _new(input, items)
        session.add(item)
        await session.flush()
    else:
        before = await _told(session, item)
        await _change(session, item, input)
    if is_type:
        await _save_type(session, item, input)
    else:
        given = (types, input.type_keys, input.default_for)
        others = await offer(session, item, *given)
    await session.flush()
    await check_left(session, offers, "active" if input.active is False else "typeKeys")
    after = await _told(session, item)
    changed = after != before
    await grow(session, others | ({item.id} if changed and not is_new else set()))
    version = await version_of(session, item)
    if changed:
        subject = f"{item.picklist}:{item.key}"
        await record_change(
            ctx, session, "cockpit.vocabulary", subject, before=before, after=after
        )
    return item, version


def _new(
    input: SaveCtaVocabularyItemInput, items: dict[str, PicklistItemRow]
) -> PicklistItemRow:
    most = MOST_TYPES if input.vocabulary is CtaVocabulary.TYPE else MOST_ITEMS
    if len(items) >= most:
        message = f"There are {most} of them, which is the most; delete one first."
        raise Refused("key", "LIMIT_EXCEEDED", message)
    if input.vocabulary is CtaVocabulary.STATUS and input.category is None:
        raise Refused("category", "REQUIRED", "Say what the status stands for.")
    last = max((i.position for i in items.values()), default=-1)
    return PicklistItemRow(
        id=new_id("picklist_item"),
        picklist=input.vocabulary.value,
        key=input.key,
        label=checked_text(input.label or "", "label", LONGEST_LABEL),
        color=None if input.color is UNSET else input.color,
        category=input.category,
        active=input.active is not False,
        position=last + 1 if input.position is None else input.position,
    )


async def _change(
    session: AsyncSession, item: PicklistItemRow, input: SaveCtaVocabularyItemInput
) -> None:
    told = (input.label, input.category, input.active)
    is_fixed = item.picklist == TYPE and item.category in FIXED
    if is_fixed and any(value is not None for value in told):
        message = f"The type {item.key!r} keeps its name and stays."
        raise Refused("key", "INVALID_STATE", message)
    if input.category is not None and input.category != item.category:
        changes = is_closing(input.category) != is_closing(item.category)
        if item.picklist == STATUS and changes and await is_used(session, item):
            message = "CTAs have this status, which would close or open them; add one."
            raise Refused("category", "INVALID_STATE", message)
        item.category = input.category
    if input.label is not None:
        item.label = checked_text(input.label, "label", LONGEST_LABEL) or ""
    if input.color is not UNSET:
        item.color = input.color
    if input.active is not None:
        item.active = input.active
    if input.position is not None:
        item.position = input.position


async def _save_type(
    session: AsyncSession, item: PicklistItemRow, input: SaveCtaVocabularyItemInput
) -> None:
    row = await session.get(TypeRow, item.id)
    if row is None:
        row = TypeRow(id=item.id, position=item.position, only_in_plans=False)
        session.add(row)
    row.position = item.position
    if input.record_kind is not UNSET:
        kind = input.record_kind
        row.record_kind = None if kind is None else kind.value


async def _removed(
    ctx: Context, session: AsyncSession, input: DeleteCtaVocabularyItemInput
) -> tuple[PicklistItemRow, int] | None:
    item = (await _items(session, input.vocabulary.value)).get(input.key)
    if item is None:
        message = f"There is no such item {input.key[:80]!r}."
        raise Refused("key", "NOT_FOUND", message)
    await check_item_version(session, item, input.expected_version)
    if item.picklist == TYPE and item.category in FIXED:
        raise Refused("key", "INVALID_STATE", f"The type {item.key!r} stays.")
    offers, before = await Offers.of(session), await _told(session, item)
    subject, after = f"{item.picklist}:{item.key}", None
    keeps = await is_used(session, item)
    if keeps:
        item.active, after = False, {**before, "active": False}
        others = {item.id} if after != before else set()
    else:
        others = await withdraw(session, item)
        await session.delete(item)
    await session.flush()
    await check_left(session, offers, "key")
    await grow(session, others)
    version = await version_of(session, item)
    if after != before:
        await record_change(
            ctx, session, "cockpit.vocabulary", subject, before=before, after=after
        )
    return (item, version) if keeps else None


async def _told(session: AsyncSession, item: PicklistItemRow) -> dict[str, Any]:
    """What the audit log says of an item."""
    names = ("label", "color", "category", "active", "position")
    found = {name: getattr(item, name) for name in names}
    if item.picklist == TYPE:
        row = await session.get(TypeRow, item.id)
        return {**found, "record_kind": None if row is None else row.record_kind}
    return {**found, **await offers_of(session, item)}
