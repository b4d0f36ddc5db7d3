"""Pages of the lists at the root: orders with nulls last, and their cursors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import ColumnElement

from cyclorama.errors import InvalidInputError
from cyclorama.schema.common import PageInfo
from cyclorama.storage.types import Instant, wire_instant

LONGEST = 6_000
"""Characters of a cursor at most: a name folded to 600 of the longest ones has 4,800."""
PREFIX = "cy_order_"


@dataclass(frozen=True, slots=True)
class OrderKey:
    """A column to order by; rows without a value come last, both ways."""

    column: Any
    descending: bool = False
    nullable: bool = False

    def clause(self) -> ColumnElement[Any]:
        """The key in ORDER BY."""
        one: ColumnElement[Any] = self.column
        one = one.desc() if self.descending else one.asc()
        return one.nulls_last() if self.nullable else one

    def equal(self, value: Any) -> ColumnElement[bool]:
        """The rows that have the cursor's value here."""
        found: ColumnElement[bool] = (
            self.column.is_(None) if value is None else self.column == value
        )
        return found

    def beyond(self, value: Any) -> ColumnElement[bool] | None:
        """The rows behind the cursor's value; None where there can be none."""
        if value is None:
            return None
        one: ColumnElement[Any] = self.column
        further = one < value if self.descending else one > value
        return sa.or_(further, one.is_(None)) if self.nullable else further


class Order:
    """A total order: its keys end with a unique one. `name` tells its cursors apart."""

    def __init__(self, name: str, keys: Sequence[OrderKey]) -> None:
        self.tag = hashlib.sha256(name.encode()).hexdigest()[:8]
        self.keys = tuple(keys)

    @property
    def labels(self) -> list[str]:
        """The names of the keys as columns of the statement."""
        return [f"{PREFIX}{i}" for i in range(len(self.keys))]

    def columns(self) -> list[ColumnElement[Any]]:
        """The keys as labelled columns of the statement."""
        pairs = zip(self.keys, self.labels, strict=True)
        return [key.column.label(label) for key, label in pairs]

    def clauses(self) -> list[ColumnElement[Any]]:
        """ORDER BY."""
        return [k.clause() for k in self.keys]

    def keys_of(self, rows: Any) -> list[ColumnElement[Any]]:
        """ORDER BY of a subquery that has the `columns`."""
        pairs = zip(self.keys, self.labels, strict=True)
        return [replace(k, column=rows.c[label]).clause() for k, label in pairs]

    def after(self, cursor: str) -> ColumnElement[bool]:
        """The rows behind a cursor; `InvalidInputError` where it is none of this order."""
        values = self.values(cursor)
        ways = []
        for i, key in enumerate(self.keys):
            beyond = key.beyond(values[i])
            if beyond is not None:
                same = [k.equal(v) for k, v in zip(self.keys, values[:i], strict=False)]
                ways.append(sa.and_(*same, beyond))
        return sa.or_(sa.false(), *ways)

    def cursor(self, keys: Sequence[Any]) -> str:
        """The place of a row with these values of the `columns`."""
        return orjson.dumps([self.tag, *(_plain(k) for k in keys)]).hex()

    def values(self, cursor: str) -> list[Any]:
        """The keys of a cursor; `InvalidInputError` where it is none of this order."""
        try:
            if len(cursor) > LONGEST:
                raise ValueError
            tag, *values = orjson.loads(bytes.fromhex(cursor))
            if tag != self.tag:
                raise ValueError
            keys = zip(self.keys, values, strict=True)
            return [_typed(key, value) for key, value in keys]
        except (ValueError, TypeError):
            raise InvalidInputError(
                "The argument `after` is no cursor of this list in this order; pass the "
                "`endCursor` of a page of the same list, or leave it out."
            ) from None


def _plain(value: Any) -> Any:
    return wire_instant(value) if isinstance(value, datetime) else value


def _typed(key: OrderKey, value: Any) -> Any:
    """A value of a cursor as the column wants it; `ValueError` for what it can't hold."""
    if value is None and key.nullable:
        return None
    return key_value(key.column.type, value)


def key_value(type_: Any, wire: Any) -> Any:
    """What a cursor holds as a value for a column of this type; `ValueError` or
    `TypeError` for what no row can have there. It may be made up: nobody signed it."""
    if isinstance(type_, Instant):
        return _instant(wire)
    if isinstance(type_, sa.Date):
        return date.fromisoformat(wire)
    if isinstance(type_, sa.Boolean):
        return _one_of((bool, int), wire) != 0
    if isinstance(type_, sa.Integer):
        return _one_of((int,), wire)
    if isinstance(type_, sa.Numeric):
        return _one_of((int, float), wire)
    if isinstance(type_, sa.String):
        return _one_of((str,), wire)
    return _one_of((str, int, float, bool), wire)


def _one_of(types: tuple[type, ...], wire: Any) -> Any:
    """The value if it is of one of the types and a database can have it."""
    if type(wire) not in types:
        raise ValueError
    if type(wire) is int and abs(wire) >= 1 << 63:
        raise ValueError
    if type(wire) is str and "\0" in wire:
        raise ValueError
    return wire


def _instant(wire: str) -> datetime:
    instant = datetime.fromisoformat(wire)
    if instant.tzinfo is None:
        raise ValueError
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError from None


def page_info(cursors: Sequence[str], *, more: bool, after: str | None) -> PageInfo:
    """Where a page stands."""
    return PageInfo(
        has_next_page=more,
        has_previous_page=after is not None,
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
    )
