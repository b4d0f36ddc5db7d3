"""Days, weeks and months that usage is summed over, as SQL."""

from __future__ import annotations

from enum import Enum
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import ColumnElement, Dialect
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from cyclorama.plugins import (
    Instant,
    InvalidInputError,
    add_days,
    add_months,
    month_of,
    series,
    today,
    week_of,
)

MOST = 120
"""Periods of a series at most."""


@strawberry.enum(description="How long a period is. Weeks start on Monday.")
class Granularity(Enum):
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"


class PeriodsError(InvalidInputError, DontWrapMixin):
    """A number of periods out of bounds."""


class Periods(TypeDecorator[int]):
    """A number of periods, from 1 to `MOST`; refused when it is bound."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        if value is None or not 1 <= value <= MOST:
            raise PeriodsError(
                f"The argument `periods` is {value}; it must be from 1 to {MOST}."
            )
        return value


class start_of_day(FunctionElement[Any]):
    """The first instant of a day."""

    name = "start_of_day"
    type = Instant()
    inherit_cache = True


@compiles(start_of_day, "sqlite")
def _instant_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    (day,) = element.clauses
    return f"({compiler.process(day, **kw)} || 'T00:00:00.000Z')"


@compiles(start_of_day, "postgresql")
def _instant_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    (day,) = element.clauses
    return f"({compiler.process(day, **kw)}::timestamp AT TIME ZONE 'UTC')"


def start_of(granularity: Granularity, day: Any) -> Any:
    """The first day of the period that a day lies in."""
    if granularity is Granularity.DAY:
        return day
    return (week_of if granularity is Granularity.WEEK else month_of)(day)


def _moved(granularity: Granularity, day: Any, periods: Any) -> Any:
    if granularity is Granularity.MONTH:
        return add_months(day, periods)
    return add_days(day, (7 * periods if granularity is Granularity.WEEK else periods))


def oldest_day(granularity: Granularity, periods: Any) -> Any:
    """The first day of the oldest of the newest periods."""
    count = sa.type_coerce(periods, Periods())
    return _moved(granularity, start_of(granularity, today), 1 - count)


def end_of_running(granularity: Granularity) -> Any:
    """The first day after the running period."""
    return _moved(granularity, start_of(granularity, today), 1)


def newest_periods(granularity: Granularity, periods: Any) -> Any:
    """First days `day` of the newest periods, the last of which is running."""
    return series(
        oldest_day(granularity, periods),
        lambda first, number: _moved(granularity, first, number),
        sa.type_coerce(periods, Periods()),
    )


THIS_MONTH: ColumnElement[Any] = month_of(today)
LAST_MONTH: ColumnElement[Any] = add_months(THIS_MONTH, -1)
"""First day of the last complete calendar month."""
MONTH_BEFORE: ColumnElement[Any] = add_months(THIS_MONTH, -2)
LAST_DAY: ColumnElement[Any] = add_days(THIS_MONTH, -1)
"""Last day of the last complete calendar month."""
