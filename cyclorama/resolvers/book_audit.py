"""What the audit log holds of a change of layouts and assignments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.layouts.model import LayoutBook
from cyclorama.layouts.writing import book_as_data
from cyclorama.storage.audit import Author, Entry, append, canonical, change

_PARTS: Final = {
    "assignments": "assignments.change",
    "shared_sections": "shared_sections.change",
    "pins": "pins.change",
}


async def record_books(
    session: AsyncSession, author: Author, old: LayoutBook, new: LayoutBook
) -> None:
    """Note each layout that differs, in the words of a layout file, and what else
    differs."""
    before, after = _layouts(old), _layouts(new)
    entries: list[Entry] = []
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            action = _action(key in before, key in after)
            entries.append(change(author, action, key, before.get(key), after.get(key)))
    old_parts, new_parts = book_as_data(old), book_as_data(new)
    for part, action in _PARTS.items():
        was, is_now = (
            {part: _sorted(parts.get(part))} for parts in (old_parts, new_parts)
        )
        if was != is_now:
            entries.append(change(author, action, None, was, is_now))
    await append(session, entries)


def _action(was: bool, is_now: bool) -> str:
    if was and is_now:
        return "layout.change"
    return "layout.add" if is_now else "layout.remove"


def _sorted(held: Any) -> Any:
    """What a part of a file says, whatever the order in which it says it."""
    return sorted(held or (), key=canonical)


def _layouts(book: LayoutBook) -> Mapping[str, Mapping[str, Any]]:
    return {layout["key"]: layout for layout in book_as_data(book)["layouts"]}
