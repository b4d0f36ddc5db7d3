"""What random sections read: expressions of every type, some of them faulty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from strawberry.scalars import JSON

from cyclorama.schema.sql import as_json, decimal, rounded
from cyclorama.schema.symbols import viewer_id

UNICODE: Final = 'say "no" \\ \u2028 東京 🙂 \x01 שלום e\u0301'


@strawberry.enum
class Size(Enum):
    """What an argument may shape."""

    LARGE = "LARGE"
    SMALL = "SMALL"


class broken(FunctionElement[Any]):
    """Fails where it is computed, with any text."""

    name = "broken"
    type = sa.Integer()
    inherit_cache = True


class special(FunctionElement[Any]):
    """A float that is no number."""

    type = sa.Float()
    inherit_cache = True

    def __init__(self, name: str) -> None:
        super().__init__(sa.literal_column(f"'{name}'"))


def _of(element: Any, compiler: Any, kw: Any) -> str:
    (inner,) = element.clauses
    text: str = compiler.process(inner, **kw)
    return text


@compiles(broken, "sqlite")
def _broken_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"json_extract('{{' || {_of(element, compiler, kw)}, '$.a')"


@compiles(broken, "postgresql")
def _broken_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(('{{' || {_of(element, compiler, kw)})::json ->> 'a')::int"


@compiles(special, "sqlite")
def _special_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    name = _of(element, compiler, kw)
    return {"'NaN'": "NULL", "'Infinity'": "9e999"}.get(name, "-9e999")


@compiles(special, "postgresql")
def _special_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"{_of(element, compiler, kw)}::float8"


@dataclass(frozen=True, slots=True)
class Kind:
    """An expression over a row, the type of its field, and what may go wrong."""

    type: Any
    of: Callable[[Any], Any]
    """The expression over a row: the record's columns, or those of a table."""
    may_be_null: bool = False
    fault: str = ""
    """`range`, `sql`, or nothing."""


def _literal(value: Any, type_: Any) -> Callable[[Any], Any]:
    return lambda row: sa.literal(value, type_)


def _big(value: int) -> Callable[[Any], Any]:
    """A number that no planner can know."""
    return lambda row: sa.func.coalesce(
        sa.case((row.version < -5, sa.literal(0, sa.BigInteger()))),
        sa.literal(value, sa.BigInteger()),
        type_=sa.BigInteger(),
    )


KINDS: Final[Sequence[Kind]] = (
    Kind(str, lambda row: row.name),
    Kind(str, _literal(UNICODE, sa.String())),
    Kind(str, lambda row: row.comment, may_be_null=True),
    Kind(strawberry.ID, lambda row: row.id),
    Kind(str, lambda row: row.currency),
    Kind(int, lambda row: row.version),
    Kind(int, _big(2**31 - 1)),
    Kind(int, _big(-(2**31))),
    Kind(int, lambda row: sa.func.length(row.name)),
    Kind(float, lambda row: row.arr_minor / sa.literal(300.0), may_be_null=True),
    Kind(float, lambda row: rounded(row.arr_minor, 3), may_be_null=True),
    *(Kind(float, _literal(v, sa.Float())) for v in (0.1, 1e-300, 1e100, -0.0, 1 / 3)),
    Kind(bool, lambda row: row.version > 3),
    Kind(bool, lambda row: row.arr_minor > 3, may_be_null=True),
    Kind(bool, lambda row: sa.func.coalesce(row.csm_id == viewer_id, sa.false())),
    Kind(date, lambda row: row.renewal_date, may_be_null=True),
    Kind(datetime, lambda row: row.created_at),
    Kind(list[str], lambda row: row.tags),
    Kind(JSON, lambda row: as_json(row.name)),
    Kind(JSON, lambda row: as_json(row.arr_minor), may_be_null=True),
    Kind(JSON, lambda row: row.custom),
    Kind(Decimal, lambda row: decimal(row.arr_minor, 2), may_be_null=True),
    Kind(Size, _literal("SMALL", sa.String())),
    Kind(int, lambda row: row.arr_minor, may_be_null=True, fault="range"),
    Kind(int, _big(2**31), fault="range"),
    Kind(int, _big(-(2**31) - 1), fault="range"),
    *(
        Kind(float, lambda row, n=n: special(n), n == "NaN", fault="range")  # type: ignore[misc]
        for n in ("NaN", "Infinity", "-Infinity")
    ),
    Kind(int, lambda row: broken(row.name), may_be_null=True, fault="sql"),
    Kind(str, lambda row: sa.cast(broken(row.name), sa.String()), fault="sql"),
)
