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


def once(*columns: Any) -> Any:
    """One row of these columns. Its limit keeps PostgreSQL from computing them again
    wherever they are used."""
    return select(*columns).limit(sa.literal_column("1")).subquery()


def active_people(start: Any, end: Any) -> Number:
    """Distinct people who were active in a period; null if nothing was reported."""
    people = (
        select(func.count(UsageActiveDayRow.person_key.distinct()))
        .where(_within(UsageActiveDayRow, start, end))
        .scalar_subquery()
    )
    used = select(UsageDailyRow.day).where(_within(UsageDailyRow, start, end)).exists()
    found = once(people.label("people"))
    return select(
        sa.case((found.c.people > 0, found.c.people), (used, 0))
    ).scalar_subquery()


MONTHLY_ACTIVE = active_people(LAST_MONTH, THIS_MONTH)
MONTHLY_ACTIVE_BEFORE = active_people(MONTH_BEFORE, LAST_MONTH)
VALID = sa.and_(
    record.owns(UsageEntitlementRow),
    UsageEntitlementRow.starts_on <= LAST_DAY,
    sa.or_(
        UsageEntitlementRow.ends_on.is_(None), UsageEntitlementRow.ends_on >= LAST_DAY
    ),
)
"""Entitlements on the last day of the month."""
ENTITLED_PEOPLE = (
    select(func.sum(UsageEntitlementRow.quantity)).where(VALID).scalar_subquery()
)


def percent(part: Number, whole: Number) -> Number:
    """100 * part / whole with one digit; null where the whole is zero or unknown."""
    share: Number = rounded(part * 100.0 / func.nullif(whole, 0), 1)
    return share


UTILIZATION = percent(MONTHLY_ACTIVE, ENTITLED_PEOPLE)
BOTH_MONTHS = once(MONTHLY_ACTIVE.label("last"), MONTHLY_ACTIVE_BEFORE.label("before"))
TREND = select(
    percent(BOTH_MONTHS.c.last - BOTH_MONTHS.c.before, BOTH_MONTHS.c.before)
).scalar_subquery()


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


ENTITLED_MODULES = (
    select(func.sum(UsageEntitlementRow.modules)).where(VALID).scalar_subquery()
)
MODULES_USED = (
    select(func.count(UsageDailyRow.module_id.distinct()))
    .where(_within(UsageDailyRow, LAST_MONTH, THIS_MONTH), UsageDailyRow.value > 0)
    .scalar_subquery()
)
STICKINESS = _stickiness()
BREADTH = percent(MODULES_USED, ENTITLED_MODULES)


def _direction() -> Number:
    """Where the month's active people are heading, as a name of `Trend`."""
    months = once(MONTHLY_ACTIVE.label("last"), MONTHLY_ACTIVE_BEFORE.label("before"))
    change = once((months.c.last - months.c.before).label("by"))
    return select(
        sa.case(
            (change.c.by > 0, Trend.UP.value),
            (change.c.by < 0, Trend.DOWN.value),
            (change.c.by == 0, Trend.FLAT.value),
            else_=Trend.NONE.value,
        )
    ).scalar_subquery()


DIRECTION = _direction()
