"""Base columns: what of the tables an expression reads, through rows of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ClauseElement, ColumnClause
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import (
    CompoundSelect,
    FromClause,
    Select,
    SelectBase,
)

from cyclorama.schema.adapt import clause, selectable
from cyclorama.schema.masks import Masked
from cyclorama.schema.read import Declared, Many, One, Page, Python, parts_of
from cyclorama.schema.sql import json_field, json_text
from cyclorama.schema.symbols import RECORD, ROWS, ByKind, RecordRow

NAMES = {"search_key": "name"}
"""Columns that are made of another one."""


def columns_of(*things: Any) -> frozenset[str]:
    """The base columns of expressions, as `table.column`; of a member of the JSON of
    custom fields, as `table.custom.key`."""
    walk = _Walk()
    for thing in things:
        walk.visit(clause(thing))
    return frozenset(walk.found)


def chosen_by(*things: Any) -> frozenset[str]:
    """The base columns that decide which rows selects have, not those of what they say."""
    walk = _Walk()
    for thing in things:
        if isinstance(thing, SelectBase):
            walk.rows_of(thing)
    return frozenset(walk.found)


def hidden_keys(
    keys: Sequence[Any], rows: Any, hidden: frozenset[str]
) -> frozenset[int]:
    """Which keys of an order read what is hidden; never the last one, which makes the
    order total."""
    if not hidden:
        return frozenset()
    of = selectable(rows)
    columns = of.selected_columns if isinstance(of, SelectBase) else of.c
    found = set()
    for index, key in enumerate(keys[:-1]):
        element = columns[key] if isinstance(key, str) else key
        if columns_of(element) & hidden:
            found.add(index)
    return frozenset(found)


def shown(items: Any, masked: Masked) -> Any:
    """Of what is known when planning, the items that read nothing hidden; None for one
    item that does."""
    if not masked.columns or items is None:
        return items
    if isinstance(items, Mapping):
        return None if masked.hides(_of_item(items)) else items
    return [i for i in items if not masked.hides(_of_item(i))]


def _of_item(item: Any) -> frozenset[str]:
    """What the values of an item read; its lists of items are looked at by themselves."""
    return columns_of(
        *(part for thing in item.values() for part in expressions_of(thing))
    )


def expressions_of(thing: Any) -> list[Any]:
    """The expressions and selects of a value or of a source, functions left out."""
    parts = [thing]
    if isinstance(thing, Declared):
        parts = parts_of(thing.source)[: 1 if _lists(thing.source) else None]
        if isinstance(thing.source, Python):
            parts = list(thing.source.columns)
    return [p for p in parts if isinstance(clause(p), ClauseElement)]


def _lists(source: Any) -> bool:
    return isinstance(source, (Many, Page, One))


def without(keys: Sequence[Any], left_out: Iterable[int]) -> list[Any]:
    """The other keys."""
    gone = set(left_out)
    return [k for i, k in enumerate(keys) if i not in gone]


def nulled(hidden: frozenset[str]) -> Any:
    """Puts null in the place of columns that are hidden, for `adapt`."""

    def replace(element: Any) -> Any:
        if isinstance(element, (json_field, json_text)):
            names = columns_of(element)
        elif isinstance(element, ColumnClause) and element.table is not None:
            is_read = isinstance(element.table, RecordRow)
            names = columns_of(element) if is_read else frozenset(_named(element))
        else:
            return None
        if not names & hidden:
            return None
        nothing = sa.cast(sa.null(), element.type)
        key = getattr(element, "key", None)
        return nothing.label(key) if key else nothing

    return replace


def seen(columns: Iterable[Any], hidden: frozenset[str]) -> list[Any]:
    """The columns of a row, null in the place of those that are hidden."""
    hide = nulled(hidden)
    found = [(c, hide(c)) for c in columns]
    return [c if nothing is None else nothing for c, nothing in found]


class _Walk:
    def __init__(self) -> None:
        self.found: set[str] = set()
        self._seen: set[int] = set()
        self._held: list[Any] = []

    def visit(self, element: Any) -> None:
        if element is None or id(element) in self._seen:
            return
        self._seen.add(id(element))
        self._held.append(element)  # an identity is one as long as its object lives
        if isinstance(element, ByKind):
            for column in element.columns.values():
                self.visit(clause(column))
        elif isinstance(element, (json_field, json_text)):
            self._member(element)
        elif isinstance(element, ColumnClause):
            self._column(element)
        elif isinstance(element, SelectBase):
            self._select(element, with_columns=True)
        elif isinstance(element, FromClause) and not isinstance(
            element, FunctionElement
        ):
            self._rows(element)
        elif isinstance(element, ClauseElement):
            for child in element.get_children():
                self.visit(child)

    def _member(self, element: Any) -> None:
        column, key, *_ = element.clauses
        if isinstance(key, BindParameter) and isinstance(key.value, str):
            self.found |= {f"{c}.{key.value}" for c in _base(column)}
        else:
            self.visit(column)

    def _column(self, element: Any) -> None:
        if element.table is None:
            return
        inner = getattr(element.table, "element", None)
        if isinstance(element.table, RecordRow):
            inner = element.table.made_of
        while isinstance(inner, FromClause) and hasattr(inner, "element"):
            inner = inner.element
        if not isinstance(inner, SelectBase):
            self.found |= set(_named(element))
            return
        for select in _selects(inner):
            held = select.selected_columns
            position = list(element.table.c.keys()).index(element.key)
            self.visit(list(held)[position])

    def rows_of(self, select: Any) -> None:
        """Visit what decides which rows a select has."""
        self._select(select, with_columns=False)

    def _select(self, select: Any, *, with_columns: bool) -> None:
        for one in _selects(select):
            if with_columns:
                for column in one.selected_columns:
                    self.visit(column)
            for part in (
                one.whereclause,
                *one._group_by_clauses,
                *one._having_criteria,
            ):
                self.visit(part)
            for rows in (*one._from_obj, *one.columns_clause_froms):
                self._rows(rows)
            for right, condition, left, _ in one._setup_joins:
                self.visit(condition)
                self._rows(right)
                self._rows(left)

    def _rows(self, rows: Any) -> None:
        """What decides which rows there are, not what is in them."""
        if isinstance(rows, sa.sql.selectable.Join):
            self.visit(rows.onclause)
            self._rows(rows.left)
            self._rows(rows.right)
            return
        inner = getattr(rows, "element", None)
        if isinstance(inner, SelectBase) and id(inner) not in self._seen:
            self._seen.add(id(inner))
            self._held.append(inner)
            self._select(inner, with_columns=False)


def _selects(select: Any) -> Iterator[Select[Any]]:
    """The plain selects of a select or of a union of them."""
    if isinstance(select, CompoundSelect):
        for one in select.selects:
            yield from _selects(one)
    elif isinstance(select, Select):
        yield select
    elif hasattr(select, "element"):
        yield from _selects(select.element)


def _base(column: Any) -> frozenset[str]:
    walk = _Walk()
    walk.visit(clause(column))
    return frozenset(walk.found)


def _named(column: Any) -> Iterator[str]:
    """`table.column` of a column of a table, of an alias of one, or of the record."""
    table = column.table
    while hasattr(table, "element"):
        table = table.element
    name = NAMES.get(column.key, column.key)
    if table is RECORD:
        for row in ROWS.values():
            if column.key in row.__table__.c:
                yield f"{row.__tablename__}.{name}"
    elif hasattr(table, "name"):
        yield f"{table.name}.{name}"
