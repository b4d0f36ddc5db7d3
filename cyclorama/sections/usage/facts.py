"""What rules may ask of the usage of records: the numbers that the section shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import CompanyRow, Fact, RelationshipRow
from cyclorama.sections.usage.measures import percent
from cyclorama.sections.usage.tables import (
    UsageActiveDayRow,
    UsageDailyRow,
    UsageEntitlementRow,
)

IDS: Any = sa.bindparam("ids", expanding=True)
BEFORE, LAST, THIS, LAST_DAY = (
    sa.bindparam(name, type_=sa.Date())
    for name in ("month_before", "last_month", "this_month", "last_day")
)
"""First days of the two complete months and of the running one; the last complete day."""
NAMES: Final = (
    ("active_users", "People who were active in the last complete month."),
    ("utilization", "Those in percent of the entitled ones."),
    ("trend_percent", "Their change against the month before, in percent."),
    ("stickiness", "Mean people a day in percent of the month's."),
    ("breadth", "Modules used in the last complete month in percent of the entitled."),
)


async def usage_of(
    session: AsyncSession, kind: str, ids: Sequence[str], today: date
) -> Mapping[str, Mapping[str, Any]]:
    """The facts of records by id and key, with one statement."""
    this_month = today.replace(day=1)
    last_day = this_month - timedelta(days=1)
    last_month = last_day.replace(day=1)
    given = {
        "ids": ids,
        "month_before": (last_month - timedelta(days=1)).replace(day=1),
        "last_month": last_month,
        "this_month": this_month,
        "last_day": last_day,
    }
    found = await session.execute(_facts(kind), given)
    return {
        r.id: {f"usage.{name}": getattr(r, name) for name, _ in NAMES} for r in found
    }


@cache
def _facts(kind: str) -> Any:
    """A row for each record, whether anything is known of its usage or not."""
    row: Any = CompanyRow if kind == "COMPANY" else RelationshipRow
    own = "company_id" if kind == "COMPANY" else "relationship_id"
    people, values, days, bought = _people(own), _values(own), _days(own), _bought(own)
    query = select(row.id)
    for part in (people, values, days, bought):
        query = query.outerjoin(part, part.c.id == row.id)

    def known(count: Any, reported: Any) -> Any:
        return sa.case((count > 0, count), (reported.is_not(None), 0))

    last = known(people.c.last, values.c.last)
    before = known(people.c.before, values.c.before)
    mean = people.c.person_days * 1.0 / func.nullif(days.c.reported, 0)
    numbers = {
        "active_users": last,
        "utilization": percent(last, bought.c.people),
        "trend_percent": percent(last - before, before),
        "stickiness": percent(mean, last),
        "breadth": percent(func.coalesce(values.c.modules, 0), bought.c.modules),
    }
    columns = (number.label(name) for name, number in numbers.items())
    return query.add_columns(*columns).where(row.id.in_(IDS))


def _within(row: Any, own: str, start: Any) -> Any:
    return sa.and_(getattr(row, own).in_(IDS), row.day >= start, row.day < THIS)


def _people(own: str) -> Any:
    """Distinct people of both months, and person-days of the last one."""
    day = select(
        getattr(UsageActiveDayRow, own).label("id"),
        UsageActiveDayRow.day,
        UsageActiveDayRow.person_key,
    )
    each = day.where(_within(UsageActiveDayRow, own, BEFORE)).distinct().subquery()
    is_last = each.c.day >= LAST
    return (
        select(
            each.c.id,
            func.count(sa.case((is_last, each.c.person_key)).distinct()).label("last"),
            func.count(sa.case((~is_last, each.c.person_key)).distinct()).label(
                "before"
            ),
            func.count(sa.case((is_last, 1))).label("person_days"),
        )
        .group_by(each.c.id)
        .subquery()
    )


def _values(own: str) -> Any:
    """Whether anything was used in each month, and how many modules in the last one."""
    row = UsageDailyRow
    is_last = row.day >= LAST
    module = sa.case((sa.and_(is_last, row.value > 0), row.module_id))
    return (
        select(
            getattr(row, own).label("id"),
            func.max(sa.case((is_last, 1))).label("last"),
            func.max(sa.case((~is_last, 1))).label("before"),
            func.count(module.distinct()).label("modules"),
        )
        .where(_within(row, own, BEFORE))
        .group_by(getattr(row, own))
        .subquery()
    )


def _days(own: str) -> Any:
    """How many days of the last month anything was reported of."""
    both = sa.union(
        *(
            select(getattr(row, own).label("id"), row.day.label("day")).where(
                _within(row, own, LAST)
            )
            for row in (UsageActiveDayRow, UsageDailyRow)
        )
    ).subquery()
    count = func.count().label("reported")
    return select(both.c.id, count).group_by(both.c.id).subquery()


def _bought(own: str) -> Any:
    """What is entitled on the last day of the month."""
    row = UsageEntitlementRow
    open_ended = sa.or_(row.ends_on.is_(None), row.ends_on >= LAST_DAY)
    return (
        select(
            getattr(row, own).label("id"),
            func.sum(row.quantity).label("people"),
            func.sum(row.modules).label("modules"),
        )
        .where(getattr(row, own).in_(IDS), row.starts_on <= LAST_DAY, open_ended)
        .group_by(getattr(row, own))
        .subquery()
    )


FACTS: Final = tuple(
    Fact(key=f"usage.{name}", description=description, read=usage_of)
    for name, description in NAMES
)
