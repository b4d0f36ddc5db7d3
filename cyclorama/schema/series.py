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
    # Else it takes them for a million, and filters what it joins to them beforehand.
    more = f"likelihood(position + 1 < {count}, 0.0001)"
    following = f"SELECT position + 1 FROM cy_n WHERE {more}"
    numbers = f"cy_n(position) AS (SELECT 0 UNION ALL {following})"
    return f"(WITH RECURSIVE {numbers} SELECT position FROM cy_n)"


@compiles(positions, "postgresql")
def _positions_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    (count,) = (compiler.process(c, **kw) for c in element.clauses)
    # It takes them for a thousand, and each limit for a tenth of that: with a hundred it
    # still reads a whole table of a middling size to join a row to each.
    numbers = f"SELECT generate_series(0, ({count})::int - 1) AS position"
    return f"(SELECT position FROM ({numbers} LIMIT {count}) cy_n LIMIT {count})"


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
