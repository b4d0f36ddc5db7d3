"""How a value is written as JSON, and what may not be written: the guards of a leaf.

A value that graphql-core would refuse (a missing one, a number out of range) leaves a
tripwire in the answer's bytes; the section is then read again by graph resolvers, whose
message, path and nulls are upstream's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

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
    may_be_null: bool
    """Whether a null is an answer, or can't be."""

    @staticmethod
    def of(type_: Any, tripwire: str, *, proven: bool = False) -> Leaf:
        """The leaf of a field of this GraphQL type."""
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        named = get_named_type(type_)
        kind = "List" if isinstance(inner, GraphQLList) else named.name
        return Leaf(kind, tripwire, proven or not isinstance(type_, GraphQLNonNull))

    def json(self, dialect: str, expression: Any) -> Any:
        """The expression as a JSON value of the dialect."""
        if dialect == "sqlite":
            return self._sqlite(expression)
        return self._postgresql(expression)

    # -- SQLite: text where the driver would print something else

    def _sqlite(self, e: Any) -> Any:
        value = self._value_sqlite(e)
        return value if self.may_be_null else sa.func.coalesce(value, self._wire)

    @property
    def _wire(self) -> Any:
        return sa.literal(self.tripwire)

    def _value_sqlite(self, e: Any) -> Any:
        if self.kind == "Boolean":
            yes: Any = sa.literal_column("1")
            no: Any = sa.literal_column("0")
            return sa.func.json(sa.case((yes, "true"), (no, "false"), value=e))
        if self.kind == "Float":
            # The only function that writes all digits, and the value stands here once.
            text: Any = sa.func.nullif(sa.func.quote(e), "NULL")
            for word in ("-Inf", "Inf", "-9.0e+999", "9.0e+999"):
                text = sa.func.replace(text, word, f'"{self.tripwire}"')
            return sa.func.json(text)
        if self.kind == "Int" and not is_small(e):
            return sa.case((is_out_of_range(e), self._wire), else_=e)
        if self.kind in ("JSON", "List"):
            return sa.func.json(sa.type_coerce(e, sa.String()))
        return sa.type_coerce(e, sa.String()) if _is_json(e) else e

    # -- PostgreSQL

    def _postgresql(self, e: Any) -> Any:
        value = self._value_postgresql(e)
        if self.may_be_null:
            return value
        return sa.func.coalesce(sa.func.to_json(value), self._json_wire)

    @property
    def _json_wire(self) -> Any:
        return sa.literal_column(f"'\"{self.tripwire}\"'::json")

    def _value_postgresql(self, e: Any) -> Any:
        if self.kind == "DateTime":
            zoned = sa.func.timezone(sa.literal_column("'UTC'"), e)
            wire = '\'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\''
            return sa.func.to_char(zoned, sa.literal_column(wire))
        if self.kind == "Date":
            return sa.cast(sa.type_coerce(e, sa.Date()), sa.Text())
        if self.kind == "Float":
            text: Any = sa.cast(sa.cast(e, sa.Double()), sa.Text())
            for word in ("NaN", "-Infinity", "Infinity"):
                pair = (f"'{word}'", f"'\"{self.tripwire}\"'")
                text = sa.func.replace(text, *(sa.literal_column(p) for p in pair))
            return sa.cast(text, sa.JSON())
        if self.kind == "Int" and not is_small(e):
            return sa.case(
                (is_out_of_range(e), self._json_wire), else_=sa.func.to_json(e)
            )
        return e


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
            return Leaf(kind, tripwire, may_be_null=True), convert
    return Leaf("Any", tripwire, may_be_null=True), None


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
