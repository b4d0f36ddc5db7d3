"""Keyset pages in SQL: cursors that are the same bytes on both databases."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression

from cyclorama.errors import InvalidInputError
from cyclorama.resolvers.cursors import key_value
from cyclorama.schema.columns import without
from cyclorama.schema.read import Order, Page
from cyclorama.storage.types import Instant

MOST = 200
"""Rows of a page at most."""
AFTER = "arg_after_"


@dataclass(frozen=True, slots=True)
class Keyset:
    """The order of a page: its keys, which of them descend, and its tag."""

    tag: str
    keys: tuple[Any, ...]
    descending: tuple[bool, ...]

    @staticmethod
    def of(
        coordinate: str, keys: Sequence[Any], left_out: frozenset[int] = frozenset()
    ) -> Keyset:
        """The keyset of a field's order, some keys left out; the tag tells its cursors
        from others."""
        keys = without(keys, left_out)
        if left_out:
            coordinate = f"{coordinate} without {sorted(left_out)}"
        columns, descending = [], []
        for key in keys:
            down = (
                isinstance(key, UnaryExpression) and key.modifier is operators.desc_op
            )
            columns.append(key.element if down else key)
            descending.append(down)
        digest = hashlib.sha256(coordinate.encode()).hexdigest()[:8]
        return Keyset(digest, tuple(columns), tuple(descending))

    def after(self) -> ColumnElement[bool]:
        """The condition of the rows behind the cursor, whose keys are binds."""
        binds = [
            sa.bindparam(f"{AFTER}{i}", type_=key.type)
            for i, key in enumerate(self.keys)
        ]
        ways = []
        for i, (key, down) in enumerate(zip(self.keys, self.descending, strict=True)):
            beyond = key < binds[i] if down else key > binds[i]
            equal = [k == b for k, b in zip(self.keys[:i], binds[:i], strict=True)]
            ways.append(sa.and_(*equal, beyond))
        return sa.or_(*ways)

    def cursor(self, dialect: str) -> ColumnElement[str]:
        """Lower-case hex of the JSON array of the tag and the keys."""
        if dialect == "sqlite":
            array = sa.func.json_array(sa.literal(self.tag), *self.keys)
            return sa.func.lower(sa.func.hex(array))
        text: Any = sa.literal_column(f"'[\"{self.tag}\"'")
        for key in self.keys:
            text = text.concat(sa.literal_column("','")).concat(_wire(key))
        text = text.concat(sa.literal_column("']'"))
        utf8 = sa.func.convert_to(text, sa.literal_column("'UTF8'"))
        return sa.func.encode(utf8, sa.literal_column("'hex'"))

    def key_at(self, index: int, cursor: str) -> Any:
        """One key of a cursor."""
        return self.read(cursor)[index]

    def read(self, cursor: str) -> list[Any]:
        """The keys of a cursor as values for the binds of `after`."""
        try:
            tag, *keys = orjson.loads(bytes.fromhex(cursor))
            if tag != self.tag:
                raise ValueError
            pairs = zip(self.keys, keys, strict=True)
            return [key_value(key.type, wire) for key, wire in pairs]
        except (ValueError, TypeError):
            raise InvalidInputError(
                "The argument `after` is no cursor of this list; pass the `endCursor` "
                "of a page of the same list, or leave it out."
            ) from None


def _wire(key: Any) -> Any:
    if isinstance(key.type, Instant):
        zoned = sa.func.timezone(sa.literal_column("'UTC'"), key)
        wire = '\'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\''
        key = sa.func.to_char(zoned, sa.literal_column(wire))
    return sa.cast(sa.func.to_json(key), sa.Text())


def ordered(
    source: Page, chosen: Any, coordinate: str, fit: Callable[[Any], Any] = lambda k: k
) -> tuple[Page, str]:
    """The page in the order that was chosen, if its field has several, and what tells its
    cursors from others."""
    if not isinstance(chosen, Order):
        return source, coordinate
    keys = [fit(key) for key in chosen.keys]
    return replace(source, order_by=keys), f"{coordinate} by {chosen.name}"


def page_size(first: Any) -> int:
    """`first` within its bounds; `InvalidInputError` names them."""
    if not isinstance(first, int) or not 1 <= first <= MOST:
        raise InvalidInputError(
            f"The argument `first` is {first}; it must be from 1 to {MOST}."
        )
    return first
