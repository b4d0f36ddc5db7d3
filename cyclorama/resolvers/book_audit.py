"""What the audit log holds of a change of layouts and assignments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.layouts.file import book_as_data
from cyclorama.layouts.model import LayoutBook
from cyclorama.storage.audit import Author, Entry, append, change


async def record_books(
    session: AsyncSession, author: Author, old: LayoutBook, new: LayoutBook
) -> None:
    """Note each layout that differs, in the words of a layout file, and the assignments."""
    before, after = _layouts(old), _layouts(new)
    entries: list[Entry] = []
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            action = _action(key in before, key in after)
            entries.append(change(author, action, key, before.get(key), after.get(key)))
    rules = {"assignments": _assignments(old)}, {"assignments": _assignments(new)}
    if rules[0] != rules[1]:
        entries.append(change(author, "assignments.change", None, *rules))
    await append(session, entries)


def _action(was: bool, is_now: bool) -> str:
    if was and is_now:
        return "layout.change"
    return "layout.add" if is_now else "layout.remove"


def _layouts(book: LayoutBook) -> Mapping[str, Mapping[str, Any]]:
    return {layout["key"]: layout for layout in book_as_data(book)["layouts"]}


def _assignments(book: LayoutBook) -> Sequence[Any]:
    held: Sequence[Any] = book_as_data(book)["assignments"]
    return held
