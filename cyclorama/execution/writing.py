"""How JSON is written in SQL: by functions on SQLite, as text on PostgreSQL.

A composed value is an expression of JSON. On PostgreSQL it is text and never null, so
that objects are concatenations: its functions look up how to print each of their
arguments anew in every row. What is known there when composing stands between marks
until the column is complete; neighbours become one text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from cyclorama.execution.binds import Binds
from cyclorama.execution.levels import MOST_KEYS, NotPlanned, quoted

KNOWN, DATA = "\x02", "\x03"
"""Around a text that is known, and around what of it is no name."""
MOST_TOGETHER = 100
"""Arguments of a function on PostgreSQL."""
_CHUNK = re.compile(f"{KNOWN}([^{KNOWN}]*){KNOWN}")


class Writer(Protocol):
    """Writes JSON in a database's SQL."""

    def known(self, wire: str) -> str:
        """JSON that is known when planning."""

    def name(self, name: str) -> str:
        """A name of the schema as a JSON text."""

    def object(self, members: Mapping[str, str]) -> str:
        """An object of these members."""

    def array(self, items: Sequence[str]) -> str:
        """An array of these items."""

    def rows(self, item: str, source: str, number: str | None = None) -> str:
        """The array of an item for each row of a source, which is in order or has a
        number."""

    def collected(self, item: str, order: str, condition: str) -> str:
        """The array of an item for each row, as an aggregate."""

    def or_null(self, text: str) -> str:
        """A value that may be missing."""

    def or_wire(self, text: str, wire: str) -> str:
        """A value; a text in its place where it is missing."""

    def either(self, condition: str, text: str, wire: str | None) -> str:
        """A value where a condition is met; else a text, or null."""

    def text(self, expression: str) -> str:
        """A SQL text as JSON."""

    def number(self, expression: str) -> str:
        """A SQL integer as JSON."""

    def flag(self, condition: str) -> str:
        """A SQL condition that is not null as JSON."""

    def complete(self, text: str) -> str:
        """A composed column as it stands in the statement."""


def writer(dialect: str, binds: Binds) -> Writer:
    """The writer of a dialect."""
    return _Sqlite(binds) if dialect == "sqlite" else _Postgresql(binds)


class _Sqlite:
    def __init__(self, binds: Binds) -> None:
        self._binds = binds

    def known(self, wire: str) -> str:
        if wire == "null":
            return "NULL"
        return f"json({self._binds.constant(wire, cast='json')})"

    def name(self, name: str) -> str:
        return quoted(name)

    def object(self, members: Mapping[str, str]) -> str:
        if len(members) > MOST_KEYS:
            raise NotPlanned("an object has too many fields")
        pairs = (f"{quoted(key)}, {text}" for key, text in members.items())
        return f"json_object({', '.join(pairs)})"

    def array(self, items: Sequence[str]) -> str:
        if not items:
            return self.known("[]")
        if len(items) > 2 * MOST_KEYS - 1:
            raise NotPlanned("a list has too many items")
        return f"json_array({', '.join(items)})"

    def rows(self, item: str, source: str, number: str | None = None) -> str:
        return f"(SELECT json_group_array({item}) FROM {source})"

    def collected(self, item: str, order: str, condition: str) -> str:
        return f"json_group_array({item}) FILTER (WHERE {condition})"

    def or_null(self, text: str) -> str:
        return f"coalesce({text}, 'null')"

    def or_wire(self, text: str, wire: str) -> str:
        return f"coalesce({text}, '{wire}')"

    def either(self, condition: str, text: str, wire: str | None) -> str:
        missing = "" if wire is None else f" ELSE '{wire}'"
        return f"CASE WHEN {condition} THEN {text}{missing} END"

    def text(self, expression: str) -> str:
        return expression

    def number(self, expression: str) -> str:
        return expression

    def flag(self, condition: str) -> str:
        return f"json(CASE WHEN {condition} THEN 'true' ELSE 'false' END)"

    def complete(self, text: str) -> str:
        return text


class _Joined(str):
    """Texts side by side, to be joined further."""

    parts: tuple[str, ...]

    @staticmethod
    def of(parts: Sequence[str]) -> str:
        """The concatenation of known and composed texts."""
        merged: list[str] = []
        for part in parts:
            first, *others = getattr(part, "parts", (part,))
            if merged and merged[-1][-1] == first[0] == KNOWN:
                merged[-1] = merged[-1][:-1] + first[1:]
            else:
                merged.append(first)
            merged += others
        made = _Joined(_concatenated(merged))
        made.parts = tuple(merged)
        return made


def _concatenated(texts: Sequence[str]) -> str:
    if len(texts) == 1:
        return texts[0]
    if len(texts) > MOST_TOGETHER:
        starts = range(0, len(texts), MOST_TOGETHER)
        return _concatenated(
            [_concatenated(texts[i : i + MOST_TOGETHER]) for i in starts]
        )
    return f"concat({', '.join(texts)})"


class _Postgresql:
    def __init__(self, binds: Binds) -> None:
        self._binds = binds

    def known(self, wire: str) -> str:
        return f"{KNOWN}{DATA}{wire}{DATA}{KNOWN}"

    def name(self, name: str) -> str:
        return f'{KNOWN}"{quoted(name)[1:-1]}"{KNOWN}'

    def object(self, members: Mapping[str, str]) -> str:
        parts, before = [], "{"
        for key, text in members.items():
            parts += [f'{KNOWN}{before}"{quoted(key)[1:-1]}":{KNOWN}', text]
            before = ","
        if not members:
            parts.append(f"{KNOWN}{{{KNOWN}")
        return _Joined.of([*parts, f"{KNOWN}}}{KNOWN}"])

    def array(self, items: Sequence[str]) -> str:
        parts = [f"{KNOWN}[{KNOWN}"]
        for index, item in enumerate(items):
            parts += [f"{KNOWN},{KNOWN}", item] if index else [item]
        return _Joined.of([*parts, f"{KNOWN}]{KNOWN}"])

    def rows(self, item: str, source: str, number: str | None = None) -> str:
        order = "" if number is None else f" ORDER BY {number}"
        text = item if isinstance(item, _Joined) else f"({item})::text"
        return self._listed(f"(SELECT string_agg({text}, ','{order}) FROM {source})")

    def collected(self, item: str, order: str, condition: str) -> str:
        found = f"string_agg({item}, ',' ORDER BY {order}) FILTER (WHERE {condition})"
        return self._listed(found)

    def _listed(self, items: str) -> str:
        """No items are null, of which nothing is written."""
        return _Joined.of([f"{KNOWN}[{KNOWN}", items, f"{KNOWN}]{KNOWN}"])

    def or_null(self, text: str) -> str:
        return f"coalesce({text}, 'null')"

    def or_wire(self, text: str, wire: str) -> str:
        return f"coalesce({text}, '\"{wire}\"')"

    def either(self, condition: str, text: str, wire: str | None) -> str:
        missing = "null" if wire is None else f'"{wire}"'
        return f"CASE WHEN {condition} THEN {text} ELSE '{missing}' END"

    def text(self, expression: str) -> str:
        return f"coalesce(to_json({expression}), 'null')"

    def number(self, expression: str) -> str:
        return expression

    def flag(self, condition: str) -> str:
        return f"({condition})::text"

    def complete(self, text: str) -> str:
        return f"({_CHUNK.sub(self._chunk, text)})::text"

    def _chunk(self, found: re.Match[str]) -> str:
        text = found[1]
        if DATA not in text:
            return f"'{text}'"
        return self._binds.text(text.replace(DATA, ""))


__all__ = ["Writer", "writer"]
