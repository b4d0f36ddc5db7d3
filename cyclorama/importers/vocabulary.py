"""Vocabularies: items of picklists and relationship types, found or made by name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cyclorama.importers.targets import Refusal, check_text
from cyclorama.storage.ids import new_id
from cyclorama.storage.rows import PicklistItemRow, RelationshipTypeRow, Row

ITEMS = Row.metadata.tables[PicklistItemRow.__tablename__]
TYPES = Row.metadata.tables[RelationshipTypeRow.__tablename__]
MOST_ITEMS: Final = 2_000
"""A vocabulary with more is none; the column belongs in a text field."""


def key_of(label: str) -> str:
    """A snake_case key for a label; one that has no Latin letters keeps its own."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower()) or re.findall(
        r"\w+", label.casefold()
    )
    return "_".join(words)[:80] or "item"


class Vocabularies:
    """The vocabularies of a run of an importer, as far as they were needed."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, str]] = {}
        self._new: list[tuple[sa.Table, dict[str, Any]]] = []

    def forget(self) -> None:
        """Read them again: what a transaction made went with it."""
        self._known.clear()
        self._new.clear()

    async def load(self, connection: AsyncConnection, name: str) -> None:
        """Read a vocabulary, the first time that it is needed."""
        if name in self._known:
            return
        if name == TYPES.name:
            query = sa.select(TYPES.c.id, TYPES.c.key, TYPES.c.name.label("label"))
        else:
            query = sa.select(ITEMS.c.id, ITEMS.c.key, ITEMS.c.label)
            query = query.where(ITEMS.c.picklist == name)
        rows = (await connection.execute(query)).all()
        names = {row.label.casefold(): row.id for row in rows}
        self._known[name] = names | {row.key: row.id for row in rows}

    def item(self, name: str, label: str) -> str:
        """The id of the item with this key or label; a new one where there is none."""
        known = self._known[name]
        found = known.get(label) or known.get(label.casefold())
        return found or self._make(name, label)

    async def save(self, connection: AsyncConnection) -> None:
        """Write the new items."""
        for table in (ITEMS, TYPES):
            rows = [row for t, row in self._new if t is table]
            if rows:
                await connection.execute(sa.insert(table), rows)
        self._new.clear()

    def _make(self, name: str, label: str) -> str:
        known = self._known[name]
        check_text(name, label)
        if len(label) > 255:
            raise Refusal(f"{name}: {label[:40]!r}… is too long for an item")
        if len(known) > 2 * MOST_ITEMS:
            raise Refusal(
                f"{name} has over {MOST_ITEMS} items; put the column in a text field"
            )
        key = _unused(key_of(label), known)
        row = (
            _type(key, label) if name == TYPES.name else _item(name, key, label, known)
        )
        self._new.append((TYPES if name == TYPES.name else ITEMS, row))
        known[key] = known[label.casefold()] = row["id"]
        return str(row["id"])


def _unused(key: str, known: Mapping[str, str]) -> str:
    number, free = 2, key
    while free in known:
        free, number = f"{key[:76]}_{number}", number + 1
    return free


def _type(key: str, label: str) -> dict[str, Any]:
    kind = RelationshipTypeRow.__tablename__
    return {"id": new_id(kind), "key": key, "name": label, "description": None}


def _item(
    picklist: str, key: str, label: str, known: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "id": new_id("picklist_item"),
        "picklist": picklist,
        "key": key,
        "label": label,
        "color": None,
        "category": None,
        "active": True,
        "position": len(set(known.values())),
    }
