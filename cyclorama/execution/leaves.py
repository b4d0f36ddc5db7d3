"""How a value is written as JSON, and what may not be written: the guards of a leaf.

A value that graphql-core would refuse (a missing one, a number out of range) leaves a
tripwire in the answer's bytes; the section is then read again by graph resolvers, whose
message, path and nulls are upstream's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

import sqlalchemy as sa
from graphql import GraphQLList, GraphQLNonNull, get_named_type
from sqlalchemy.sql.elements import Grouping, Label
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import ScalarSelect

from cyclorama.storage.types import Instant

MOST_INT: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Leaf:
    """How a field's value is written as JSON."""

    kind: str
    """The scalar's name; `Enum`; `List` for a JSON array."""
    tripwire: str
    missing: Literal["null", "wire", "never"]
    """What stands for a null: itself, the tripwire; or there can't be one."""

    @staticmethod
    def of(type_: Any, tripwire: str, *, proven: bool = False) -> Leaf:
        """The leaf of a field of this GraphQL type."""
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        named = get_named_type(type_)
        kind = "List" if isinstance(inner, GraphQLList) else named.name
        if proven:
            return Leaf(kind, tripwire, "never")
        is_required = isinstance(type_, GraphQLNonNull)
        return Leaf(kind, tripwire, "wire" if is_required else "null")

    def json(self, dialect: str, expression: Any) -> Any:
        """The expression as a JSON value of the dialect."""
        if dialect == "sqlite":
            return self._sqlite(expression)
        return self._postgresql(expression)

    # -- SQLite: text where the driver would print something else

    def _sqlite(self, e: Any) -> Any:
        value = self._value_sqlite(e)
        if self.missing == "wire":
            return sa.func.coalesce(value, self._wire)
        return value

    @property
    def _wire(self) -> Any:
        return sa.literal(self.tripwire)

    def _value_sqlite(self, e: Any) -> Any:
        if self.kind == "Boolean":
            yes: Any = sa.literal_column("1")
            no: Any = sa.literal_column("0")
            return sa.func.json(sa.case((yes, "true"), (no, "false"), value=e))
        if self.kind == "Float":
            # The only function that writes all digits, and the value stands here once
            # unless it is a column: whole numbers are written ten times as fast.
            text: Any = sa.func.nullif(sa.func.quote(e), "NULL")
            for word in ("-Inf", "Inf", "-9.0e+999", "9.0e+999"):
                text = sa.func.replace(text, word, f'"{self.tripwire}"')
            text = sa.func.json(text)
            if not isinstance(e, sa.ColumnClause):
                return text
            whole = sa.cast(e, sa.Integer())
            is_whole = sa.and_(e == whole, e.between(-_MOST_WHOLE, _MOST_WHOLE))
            return sa.case((is_whole, whole), else_=text)
        if self.kind == "Int" and not is_small(e):
            return sa.case((is_out_of_range(e), self._wire), else_=e)
        if self.kind in ("JSON", "List"):
            return sa.func.json(sa.type_coerce(e, sa.String()))
        return sa.type_coerce(e, sa.String()) if _is_json(e) else e

    # -- PostgreSQL: JSON as text, which is never null

    def _postgresql(self, e: Any) -> Any:
        text = self._value_postgresql(e)
        if self.missing == "never":
            return text
        wire = self._json_wire if self.missing == "wire" else _NULL
        return sa.func.coalesce(text, wire)

    @property
    def _json_wire(self) -> Any:
        return sa.literal_column(f"'\"{self.tripwire}\"'")

    def _value_postgresql(self, e: Any) -> Any:
        text: Any
        if self.kind == "DateTime":
            zoned = sa.func.timezone(sa.literal_column("'UTC'"), e)
            wire = """'\\"YYYY-MM-DD"T"HH24:MI:SS.MS"Z\\""'"""
            return sa.func.to_char(zoned, sa.literal_column(wire), type_=sa.Text())
        if self.kind == "Date":
            return sa.func.to_json(sa.type_coerce(e, sa.Date()))
        if self.kind == "Float":
            text = sa.cast(sa.cast(e, sa.Double()), sa.Text())
            for word in ("NaN", "Infinity"):
                pair = (f"'{word}'", f"'\"{self.tripwire}\"'")
                text = sa.func.replace(text, *(sa.literal_column(p) for p in pair))
            return text
        if self.kind == "Int" and not is_small(e):
            return sa.case(
                (is_out_of_range(e), self._json_wire), else_=sa.cast(e, sa.Text())
            )
        if self.kind in ("Int", "Boolean"):
            return sa.cast(e, sa.Text())
        return e if _is_json(e) else sa.func.to_json(e)


_MOST_WHOLE: Final[Any] = sa.literal_column("1000000000000000")
_NULL: Final[Any] = sa.literal_column("'null'")


def leaf_of_column(column: Any, tripwire: str) -> tuple[Leaf, Any]:
    """How a column of any type is written as JSON, and how it is read back."""
    named = {
        sa.Boolean: ("Boolean", None),
        Instant: ("DateTime", datetime.fromisoformat),
        sa.Date: ("Date", date.fromisoformat),
        sa.Float: ("Float", None),
        sa.JSON: ("JSON", None),
    }
    for type_, (kind, convert) in named.items():
        if isinstance(column.type, type_):
            return Leaf(kind, tripwire, "null"), convert
    return Leaf("Any", tripwire, "null"), None


def is_out_of_range(e: Any) -> Any:
    """Whether a number is no Int of the graph."""
    return sa.or_(e < -MOST_INT - 1, e > MOST_INT)


def is_small(e: Any) -> bool:
    """Whether a number is an Int of the graph whatever the rows: a column of 32 bits, a
    count, days or months."""
    while isinstance(e, (Label, Grouping)):
        e = e.element
    if isinstance(e, ScalarSelect):
        (selected,) = e.element.selected_columns
        return is_small(selected)
    if isinstance(e, FunctionElement):
        return isinstance(e.type, sa.Integer) and e.name in _SMALL
    is_column = isinstance(e, sa.ColumnClause) and not e.is_literal
    is_integer = isinstance(e.type, sa.Integer)
    return is_column and is_integer and not isinstance(e.type, sa.BigInteger)


_SMALL: Final = ("count", "row_number", "days_between", "months_between")


def _is_json(e: Any) -> bool:
    return isinstance(getattr(e, "type", None), sa.JSON)
