"""What Usage shows: modules with their series, active people, how far it is used."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import ColumnElement, Select, func, select

from cyclorama.plugins import (
    Arg,
    ExternalRefRow,
    SectionBase,
    SectionState,
    add_days,
    arg,
    read,
    record,
    rounded,
    today,
)
from cyclorama.sections.usage import measures
from cyclorama.sections.usage.config import UsageConfig
from cyclorama.sections.usage.periods import (
    Granularity,
    end_of_running,
    newest_periods,
    oldest_day,
    start_of,
    start_of_day,
)
from cyclorama.sections.usage.tables import (
    UsageActiveDayRow,
    UsageDailyRow,
    UsageModuleRow,
)

DAYS = record.owns(UsageDailyRow)
PERSON_DAYS = record.owns(UsageActiveDayRow)


MODULE = sa.table(
    "usage_shown_module",
    *(sa.column(c.key, c.type) for c in UsageModuleRow.__table__.c),
    sa.column("total", sa.Float()),
)
"""A module that the record has used, with the total of the placement's window."""


def _empty(granularity: Granularity, periods: Any, *columns: Any) -> Select[Any]:
    """The newest periods, by their first days, with nothing in the columns. What is used
    is put to them and grouped: SQLite would compute it anew for each period of a join."""
    found = newest_periods(granularity, periods)
    nothing = (sa.cast(sa.null(), c.type).label(c.name) for c in columns)
    return select(found.c.day.label("start"), *nothing)


def _within(granularity: Granularity, periods: Any, day: Any) -> Any:
    """Whether a day lies in one of the newest periods."""
    oldest, end = oldest_day(granularity, periods), end_of_running(granularity)
    return sa.and_(day >= oldest, day < end)


def _by_period(granularity: Granularity, start: Any, value: Any) -> Select[Any]:
    """The `value` of each period; null where there is none."""
    current = start_of(granularity, today)
    return select(
        start.label("period_start"),
        value.label("value"),
        (start == current).label("partial"),
    )


def _by_day(aggregation: Any, highest: Any, mean: Any, last: Any) -> Any:
    """What a module's aggregation takes of values by day; those that sum have none."""
    return sa.case(
        (aggregation == "MAX", highest), (aggregation == "AVG", mean), else_=last
    )


def _as_aggregated(aggregation: Any, added: Any, by_day: Any) -> ColumnElement[float]:
    """The sum, or for the modules that compare days what they take of them."""
    compares = aggregation.in_([sa.literal(name) for name in ("MAX", "AVG", "LAST")])
    return sa.case((compares, rounded(by_day, 4)), else_=rounded(added, 4))


def usage_by_period(
    granularity: Granularity = Granularity.WEEK, periods: Arg[int] = arg(12)
) -> Select[Any]:
    """The module's usage by period. What the record's relationships used on one day adds
    up before days are compared, which only modules that don't sum need."""
    of_module = sa.and_(DAYS, UsageDailyRow.module_id == MODULE.c.id)
    used = select(
        start_of(granularity, UsageDailyRow.day).label("start"),
        UsageDailyRow.day,
        UsageDailyRow.value,
    ).where(of_module, _within(granularity, periods, UsageDailyRow.day))
    empty = _empty(granularity, periods, UsageDailyRow.day, UsageDailyRow.value)
    both = empty.union_all(used).subquery()
    found = (
        select(
            both.c.start,
            func.sum(both.c.value).label("added"),
            func.min(both.c.day).label("oldest"),
            func.max(both.c.day).label("newest"),
        )
        .group_by(both.c.start)
        .subquery()
    )
    day = (
        select(UsageDailyRow.day, func.sum(UsageDailyRow.value).label("value"))
        .where(of_module, UsageDailyRow.day.between(found.c.oldest, found.c.newest))
        .group_by(UsageDailyRow.day)
        .correlate(found)
        .subquery()
    )
    last = func.sum(sa.case((day.c.day == found.c.newest, day.c.value)))
    taken = _by_day(
        MODULE.c.aggregation, func.max(day.c.value), func.avg(day.c.value), last
    )
    of_days = select(taken).select_from(day).correlate(found, MODULE).scalar_subquery()
    value = _as_aggregated(MODULE.c.aggregation, found.c.added, of_days)
    return _by_period(granularity, found.c.start, value)


def people_by_period(
    granularity: Granularity = Granularity.WEEK, periods: Arg[int] = arg(12)
) -> Select[Any]:
    """Distinct people by period."""
    person = UsageActiveDayRow.person_key
    active = select(
        start_of(granularity, UsageActiveDayRow.day).label("start"), person
    ).where(PERSON_DAYS, _within(granularity, periods, UsageActiveDayRow.day))
    both = _empty(granularity, periods, person).union_all(active).subquery()
    people = func.nullif(func.count(both.c.person_key.distinct()), 0)
    return _by_period(granularity, both.c.start, people).group_by(both.c.start)


def shown(config: UsageConfig) -> Select[Any]:
    """The modules that the record has used, as far as the placement shows them, as rows
    of `MODULE`; a total is 0 where the window has no usage."""
    by_day = (
        select(
            UsageDailyRow.module_id,
            UsageDailyRow.day,
            func.sum(UsageDailyRow.value).label("value"),
        )
        .where(DAYS)
        .group_by(UsageDailyRow.module_id, UsageDailyRow.day)
        .subquery()
    )
    day: Any = by_day.c.day
    value: Any = by_day.c.value
    if config.window_days is not None:
        inside = by_day.c.day >= add_days(today, 1 - config.window_days)
        day, value = sa.case((inside, day)), sa.case((inside, value))
    used = (
        select(
            by_day.c.module_id,
            func.sum(value).label("added"),
            func.max(value).label("highest"),
            func.avg(value).label("mean"),
            func.max(day).label("newest"),
        )
        .group_by(by_day.c.module_id)
        .subquery()
    )
    last = select(func.sum(UsageDailyRow.value)).where(
        DAYS,
        UsageDailyRow.module_id == used.c.module_id,
        UsageDailyRow.day == used.c.newest,
    )
    aggregation = UsageModuleRow.aggregation
    newest = last.correlate(used).scalar_subquery()
    of_days = _by_day(aggregation, used.c.highest, used.c.mean, newest)
    total = _as_aggregated(aggregation, used.c.added, of_days)
    found = select(
        *UsageModuleRow.__table__.c, func.coalesce(total, 0.0).label("total")
    ).join_from(used, UsageModuleRow, UsageModuleRow.id == used.c.module_id)
    if config.modules is None:
        return found
    named = [UsageModuleRow.key == key for key in config.modules]
    return found.where(sa.or_(sa.false(), *named))


@strawberry.type(
    description="Usage in a period. `value` is null where nothing was reported; "
    "`partial` marks the period that is not over."
)
class UsagePoint:
    period_start: date
    value: float | None
    partial: bool


@strawberry.type(description="A part of the product whose use is measured.")
@read.table(MODULE)
class UsageModule:
    key: str
    name: str
    total: float
    unit: str | None
    series: list[UsagePoint] = read.many(usage_by_period, order_by=["period_start"])


def _described(expression: ColumnElement[Any], description: str) -> Any:
    return read.declared(read.Value(expression), description)


_newest = sa.union_all(
    select(func.max(UsageDailyRow.day).label("day")).where(DAYS),
    select(func.max(UsageActiveDayRow.day).label("day")).where(PERSON_DAYS),
).subquery()
NEWEST_DAY = record.row(select(func.max(_newest.c.day).label("day"))).c.day


@strawberry.type(
    description="How much the product is used, by how many people. The company's pools "
    "its relationships; nobody is counted twice. `asOf` is the newest day with data."
)
class UsageSection(SectionBase):
    modules: list[UsageModule] = read.many(shown, order_by=["position", "name", "id"])
    active_users: list[UsagePoint] = read.many(
        people_by_period, order_by=["period_start"]
    )
    utilization: float | None = _described(
        measures.UTILIZATION,
        "Active people of the last complete month in percent of the entitled ones; "
        "over 100 is over-use, null without an entitlement.",
    )
    stickiness: float | None = _described(
        measures.STICKINESS,
        "Mean active people a day in percent of the active people of the last "
        "complete month.",
    )
    breadth: float | None = _described(
        measures.BREADTH,
        "Modules used in the last complete month in percent of the entitled ones.",
    )
    trend_percent: float | None = _described(
        measures.TREND,
        "Change of the active people from the month before to the last complete one, "
        "in percent; null where the month before had none.",
    )
    state: SectionState = read.value(
        sa.case(
            (NEWEST_DAY.is_(None), SectionState.EMPTY.value),
            else_=SectionState.READY.value,
        )
    )
    as_of: datetime | None = read.value(start_of_day(NEWEST_DAY))
    sources: list[str] = read.many(
        select(ExternalRefRow.system)
        .distinct()
        .where(
            ExternalRefRow.entity_id.in_(select(UsageDailyRow.module_id).where(DAYS))
        ),
        order_by=["system"],
    )
