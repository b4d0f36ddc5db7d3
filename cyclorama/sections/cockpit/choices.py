"""What input names: types, reasons, priorities, statuses, owners, texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import (
    PicklistItemRow,
    UserRow,
    active_part,
    cleaned_html,
    plain_text,
)
from cyclorama.sections.cockpit.rules import Category, Refused
from cyclorama.sections.cockpit.tables import (
    STATUS,
    TYPE,
    ChoiceRow,
    PlaybookRow,
    TypeRow,
)

LONGEST_NAME = 200
LONGEST_TEXT = 32_000
LONGEST_REASON = 255
_ITEM = (
    PicklistItemRow.id,
    PicklistItemRow.picklist,
    PicklistItemRow.key,
    PicklistItemRow.label,
    PicklistItemRow.category,
    PicklistItemRow.active,
)


async def type_of(session: AsyncSession, key: str, kind: str) -> Any:
    """The type with this key, for records of a kind; `Refused` where there is none."""
    query = (
        sa.select(*_ITEM, TypeRow.record_kind, TypeRow.only_in_plans)
        .join(TypeRow, TypeRow.id == PicklistItemRow.id)
        .where(PicklistItemRow.picklist == TYPE)
        .order_by(TypeRow.position, TypeRow.id)
    )
    rows = (await session.execute(query)).all()
    fitting = [r for r in rows if r.record_kind in (None, kind)]
    found = _named(fitting, key, "typeKey", "type")
    if found.only_in_plans:
        message = f"A CTA of the type {found.label!r} is made inside a success plan."
        raise Refused("typeKey", "INVALID", message)
    return found


class Choices:
    """What is offered for CTAs of a type."""

    def __init__(
        self, items: Sequence[Any], statuses: frozenset[str] = frozenset()
    ) -> None:
        self._items = items
        self._statuses = statuses

    @classmethod
    async def of(cls, session: AsyncSession, type_id: str) -> Choices:
        """Those of a type."""
        query = (
            sa.select(*_ITEM, ChoiceRow.is_default)
            .join(ChoiceRow, ChoiceRow.item_id == PicklistItemRow.id)
            .where(ChoiceRow.type_id == type_id)
            .order_by(PicklistItemRow.position, PicklistItemRow.id)
        )
        return cls((await session.execute(query)).all())

    def among(self, statuses: frozenset[str]) -> Choices:
        """The same with no statuses but these; with all where there are none."""
        return Choices(self._items, statuses)

    def _is_offered(self, item: Any) -> bool:
        if item.picklist != STATUS or not self._statuses:
            return True
        return item.key in self._statuses

    def find(
        self, picklist: str, key: str, path: str, *, held: str | None = None
    ) -> Any:
        """The item with this key; one that is offered no more only where it is held."""
        word = picklist.rpartition(".")[2]
        own = [i for i in self._items if i.picklist == picklist]
        own = [i for i in own if self._is_offered(i)]
        return _named(own, key, path, word, held)

    def default(self, picklist: str, category: Category | None = None) -> Any:
        """The item to take where none is named; None without one."""
        own = [
            i
            for i in self._items
            if i.picklist == picklist
            and i.active
            and (category is None or i.category == category)
        ]
        own = [i for i in own if self._is_offered(i)] or own
        return next((i for i in own if i.is_default), own[0] if own else None)

    def needed(self, picklist: str, path: str, category: Category | None = None) -> Any:
        """As `default`; `Refused` without one."""
        found = self.default(picklist, category)
        if found is None:
            message = "There is no default for CTAs of this type; name one."
            raise Refused(path, "REQUIRED", message)
        return found


def _named(
    items: Sequence[Any], key: str, path: str, word: str, held: str | None = None
) -> Any:
    found = next((i for i in items if i.key == key), None)
    if found is not None and (found.active or found.id == held):
        return found
    known = ", ".join(i.key for i in items if i.active) or "none"
    if found is not None:
        message = f"The {word} {key!r} is used no more; use one of: {known}."
        raise Refused(path, "PICKLIST_INACTIVE", message)
    message = f"There is no {word} {key[:80]!r} here; use one of: {known}."
    raise Refused(path, "LOOKUP_NOT_FOUND", message)


async def playbook_of(session: AsyncSession, key: str, kind: str) -> PlaybookRow:
    """The playbook with this key, for records of a kind."""
    query = sa.select(PlaybookRow).where(PlaybookRow.key == key, PlaybookRow.active)
    found = await session.scalar(query)
    if found is None or found.record_kind not in (None, kind):
        message = f"There is no playbook {key[:80]!r} for such records."
        raise Refused("playbookKey", "LOOKUP_NOT_FOUND", message)
    return found


async def owner_of(session: AsyncSession, user_id: str, path: str = "ownerId") -> str:
    """The id of a user who may own something; `Refused` for all others."""
    query = sa.select(UserRow.active).where(UserRow.id == user_id)
    active = await session.scalar(query)
    if active is None:
        message = f"There is no user {user_id[:80]!r}."
        raise Refused(path, "LOOKUP_NOT_FOUND", message)
    if not active:
        message = f"The user {user_id!r} is deactivated; choose another owner."
        raise Refused(path, "LOOKUP_NOT_FOUND", message)
    return user_id


def checked_text(
    text: str, path: str, longest: int, *, required: bool = True
) -> str | None:
    """A text without blanks around it; None for an empty one that is not required."""
    text = text.strip()
    if not text and required:
        raise Refused(path, "REQUIRED", "Write something.")
    if len(text) > longest:
        raise Refused(path, "LENGTH", f"At most {longest:,} characters.")
    try:
        text.encode()
    except UnicodeEncodeError:
        message = "There is half a character in it; send whole ones."
        raise Refused(path, "INVALID", message) from None
    return text or None


def checked_html(html: str | None, path: str) -> str | None:
    """Sanitised HTML; None where there is no text in it. `Refused` where something in it
    would run."""
    text = checked_text(html or "", path, LONGEST_TEXT, required=False)
    if text is None:
        return None
    active = active_part(text)
    if active is not None:
        raise Refused(path, "INVALID", f"This is for text; take out {active}.")
    kept = cleaned_html(text)
    return kept if plain_text(kept) else None
