"""What Usage shows: modules with their series, active people, how far it is used."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import aliased

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


def _by_period(granularity: Granularity, periods: Any, values: Any) -> Select[Any]:
    """The newest periods, each with the `value` of its `start`; null where there is none.

    They are put together and grouped: SQLite would compute the values anew for each
    period of a join."""
    found, current = newest_periods(granularity, periods), start_of(granularity, today)
    empty = select(
        found.c.day.label("start"), sa.cast(sa.null(), sa.Float()).label("value")
    )
    filled = select(values.c.start, values.c.value).where(values.c.start <= current)
    both = empty.union_all(filled).subquery()
    return select(
        both.c.start.label("period_start"),
        func.max(both.c.value).label("value"),
        (both.c.start == current).label("partial"),
    ).group_by(both.c.start)


def _used(since: Any) -> ColumnElement[bool]:
    """The record's usage of the module from the day `since` on, or all of it."""
    used = sa.and_(DAYS, UsageDailyRow.module_id == UsageModuleRow.id)
    return used if since is None else sa.and_(used, UsageDailyRow.day >= since)


def _by_day(since: Any) -> Any:
    """What the record's relationships used of the module on one day adds up."""
    return (
        select(UsageDailyRow.day, func.sum(UsageDailyRow.value).label("value"))
        .where(_used(since))
        .group_by(UsageDailyRow.day)
        .subquery()
    )


def _as_aggregated(
    added: Any, highest: Any, mean: Any, last: Any
) -> ColumnElement[float]:
    """The one of these values that the module's aggregation takes."""
    return rounded(
        sa.case(
            (UsageModuleRow.aggregation == "MAX", highest),
            (UsageModuleRow.aggregation == "AVG", mean),
            (UsageModuleRow.aggregation == "LAST", last),
            else_=added,
        ),
        4,
    )


def _on_day(day: Any, *seen: Any) -> Any:
    """The module's usage on a day, which is of a row that the select is `seen` from."""
    used = aliased(UsageDailyRow)
    mine = sa.and_(record.owns(used), used.module_id == UsageModuleRow.id)
    found = select(func.sum(used.value)).where(mine, used.day == day)
    return found.correlate(*seen).scalar_subquery()


def _aggregated(start: Any, since: Any) -> Any:
    """The module's usage by `start`, a function of the day, from the day `since` on."""
    days = _by_day(since)
    found = (
        select(
            start(days.c.day).label("start"),
            func.sum(days.c.value).label("added"),
            func.max(days.c.value).label("highest"),
            func.avg(days.c.value).label("mean"),
            func.max(days.c.day).label("newest"),
        )
        .group_by(start(days.c.day))
        .subquery()
    )
    last = _on_day(found.c.newest, found)
    value = _as_aggregated(found.c.added, found.c.highest, found.c.mean, last)
    return select(found.c.start, value.label("value")).subquery()


def usage_by_period(
    granularity: Granularity = Granularity.WEEK, periods: Arg[int] = arg(12)
) -> Select[Any]:
    """The module's usage by period."""
    return _by_period(
        granularity,
        periods,
        _aggregated(
            lambda day: start_of(granularity, day), oldest_day(granularity, periods)
        ),
    )


def people_by_period(
    granularity: Granularity = Granularity.WEEK, periods: Arg[int] = arg(12)
) -> Select[Any]:
    """Distinct people by period."""
    start = start_of(granularity, UsageActiveDayRow.day)
    people = (
        select(
            start.label("start"),
            func.count(UsageActiveDayRow.person_key.distinct()).label("value"),
        )
        .where(PERSON_DAYS, UsageActiveDayRow.day >= oldest_day(granularity, periods))
        .group_by(start)
        .subquery()
    )
    return _by_period(granularity, periods, people)


def total(config: UsageConfig) -> ColumnElement[float]:
    """The module's usage in the placement's window; 0 where there is none."""
    since = None
    if config.window_days is not None:
        since = add_days(today, 1 - config.window_days)
    days = _by_day(since)
    newest = select(func.max(UsageDailyRow.day)).where(_used(since)).scalar_subquery()
    value = _as_aggregated(
        func.sum(days.c.value),
        func.max(days.c.value),
        func.avg(days.c.value),
        _on_day(newest),
    )
    found: ColumnElement[float] = select(value).select_from(days).scalar_subquery()
    return func.coalesce(found, 0.0)


def shown(config: UsageConfig) -> ColumnElement[bool]:
    """The modules that the record has used, as far as the placement shows them."""
    used = UsageModuleRow.id.in_(select(UsageDailyRow.module_id).where(DAYS))
    if config.modules is None:
        return used
    named = [UsageModuleRow.key == key for key in config.modules]
    return sa.and_(used, sa.or_(sa.false(), *named))


@strawberry.type(
    description="Usage in a period. `value` is null where nothing was reported; "
    "`partial` marks the period that is not over."
)
class UsagePoint:
    period_start: date
    value: float | None
    partial: bool


@strawberry.type(description="A part of the product whose use is measured.")
@read.table(UsageModuleRow)
class UsageModule:
    key: str
    name: str
    total: float = read.value(total)
    unit: str | None
    series: list[UsagePoint] = read.many(usage_by_period, order_by=["period_start"])


def _described(expression: ColumnElement[Any], description: str) -> Any:
    return read.declared(read.Value(expression), description)


_newest = sa.union_all(
    select(func.max(UsageDailyRow.day).label("day")).where(DAYS),
    select(func.max(UsageActiveDayRow.day).label("day")).where(PERSON_DAYS),
).subquery()
NEWEST_DAY: ColumnElement[Any] = select(func.max(_newest.c.day)).scalar_subquery()


@strawberry.type(
    description="How much the product is used, by how many people. The company's pools "
    "its relationships; nobody is counted twice. `asOf` is the newest day with data."
)
class UsageSection(SectionBase):
    modules: list[UsageModule] = read.many(
        UsageModuleRow,
        shown,
        order_by=[UsageModuleRow.position, UsageModuleRow.name, UsageModuleRow.id],
    )
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
