"""Rows that no table holds: numbers, and days at equal distances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Date, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from cyclorama.schema.sql import add_days, week_of


class positions(FunctionElement[Any]):
    """The numbers from 0 that are less than another one, as rows."""

    name = "positions"
    inherit_cache = True


@compiles(positions, "sqlite")
def _positions_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    (count,) = (compiler.process(c, **kw) for c in element.clauses)
    following = f"SELECT position + 1 FROM cy_n WHERE position + 1 < {count}"
    numbers = f"cy_n(position) AS (SELECT 0 UNION ALL {following})"
    return f"(WITH RECURSIVE {numbers} SELECT position FROM cy_n)"


@compiles(positions, "postgresql")
def _positions_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    (count,) = (compiler.process(c, **kw) for c in element.clauses)
    # With a limit it takes them for a hundred, without one for a thousand.
    numbers = f"generate_series(0, ({count})::int - 1) AS position"
    return f"(SELECT {numbers} LIMIT {count})"


def series(
    start: ColumnElement[Any], later: Callable[[Any, Any], Any], count: Any
) -> Any:
    """Days `day` with their `position`: `count` of them, from the start, each of which
    `later(start, position)` gives."""
    numbers = positions(count).table_valued(sa.column("position", Integer()))
    day = sa.type_coerce(later(start, numbers.c.position), Date)
    return sa.select(numbers.c.position, day.label("day")).subquery()


def weeks_back(day: ColumnElement[Any], weeks: Any) -> Any:
    """The Mondays of the last `weeks` weeks, oldest first; columns `position`, `day`."""
    oldest = add_days(week_of(day), -7 * (weeks - 1))
    return series(oldest, lambda first, number: add_days(first, 7 * number), weeks)
