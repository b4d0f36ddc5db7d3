"""Numbers over people and modules of the record, as SQL.

A month is the last complete calendar month before today. Months in which nothing at
all was reported are unknown, which is null; a reported zero is zero. People are
counted from person-days, so nobody counts twice, whatever is pooled.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func, select

from cyclorama.plugins import Trend, record, rounded
from cyclorama.sections.usage.periods import (
    LAST_DAY,
    LAST_MONTH,
    MONTH_BEFORE,
    THIS_MONTH,
)
from cyclorama.sections.usage.tables import (
    UsageActiveDayRow,
    UsageDailyRow,
    UsageEntitlementRow,
)

Number = ColumnElement[Any]


def _within(row: Any, start: Any, end: Any) -> ColumnElement[bool]:
    """The record's rows from `start` up to, not including, `end`."""
    return sa.and_(record.owns(row), row.day >= start, row.day < end)


def _reported_days(start: Any, end: Any) -> Any:
    """The days of a period on which anything was reported, each once."""
    people = select(UsageActiveDayRow.day).where(_within(UsageActiveDayRow, start, end))
    values = select(UsageDailyRow.day).where(_within(UsageDailyRow, start, end))
    return sa.union(people, values).subquery()


def _months() -> Any:
    """Distinct people who were active in the `last` month and the one `before`; null if
    nothing was reported."""
    day, person = UsageActiveDayRow.day, UsageActiveDayRow.person_key
    people = (
        select(
            func.count(sa.case((day >= LAST_MONTH, person)).distinct()).label("last"),
            func.count(sa.case((day < LAST_MONTH, person)).distinct()).label("before"),
        )
        .where(_within(UsageActiveDayRow, MONTH_BEFORE, THIS_MONTH))
        .subquery()
    )

    def known(count: Any, start: Any, end: Any) -> Any:
        used = select(UsageDailyRow.day).where(_within(UsageDailyRow, start, end))
        return sa.case((count > 0, count), (used.exists(), 0))

    return select(
        known(people.c.last, LAST_MONTH, THIS_MONTH).label("last"),
        known(people.c.before, MONTH_BEFORE, LAST_MONTH).label("before"),
    )


MONTHS = record.row(_months())
MONTHLY_ACTIVE: Number = MONTHS.c.last
VALID = sa.and_(
    record.owns(UsageEntitlementRow),
    UsageEntitlementRow.starts_on <= LAST_DAY,
    sa.or_(
        UsageEntitlementRow.ends_on.is_(None), UsageEntitlementRow.ends_on >= LAST_DAY
    ),
)
"""Entitlements on the last day of the month."""
ENTITLED = record.row(
    select(
        func.sum(UsageEntitlementRow.quantity).label("people"),
        func.sum(UsageEntitlementRow.modules).label("modules"),
    ).where(VALID)
)


def percent(part: Number, whole: Number) -> Number:
    """100 * part / whole with one digit; null where the whole is zero or unknown."""
    share: Number = rounded(part * 100.0 / func.nullif(whole, 0), 1)
    return share


UTILIZATION = percent(MONTHLY_ACTIVE, ENTITLED.c.people)
TREND = percent(MONTHS.c.last - MONTHS.c.before, MONTHS.c.before)


def _stickiness() -> Number:
    """Mean people a reported day of the month, as a share of the month's people."""
    days = _reported_days(LAST_MONTH, THIS_MONTH)
    pairs = (
        select(UsageActiveDayRow.day, UsageActiveDayRow.person_key)
        .distinct()
        .where(_within(UsageActiveDayRow, LAST_MONTH, THIS_MONTH))
        .subquery()
    )
    person_days = select(func.count()).select_from(pairs).scalar_subquery()
    reported = select(func.count()).select_from(days).scalar_subquery()
    mean = person_days * 1.0 / func.nullif(reported, 0)
    return percent(mean, MONTHLY_ACTIVE)


MODULES_USED = (
    select(func.count(UsageDailyRow.module_id.distinct()))
    .where(_within(UsageDailyRow, LAST_MONTH, THIS_MONTH), UsageDailyRow.value > 0)
    .scalar_subquery()
)
STICKINESS = _stickiness()
BREADTH = percent(MODULES_USED, ENTITLED.c.modules)


DIRECTION = sa.case(
    (MONTHS.c.last > MONTHS.c.before, Trend.UP.value),
    (MONTHS.c.last < MONTHS.c.before, Trend.DOWN.value),
    (MONTHS.c.last == MONTHS.c.before, Trend.FLAT.value),
    else_=Trend.NONE.value,
)
"""Where the month's active people are heading, as a name of `Trend`."""
