"""What both Strawberry variants work out in Python: money, months, weeks, fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from benchmarks.shapes import (
    Attributes,
    Card,
    Count,
    Field,
    Group,
    Money,
    Point,
    Score,
    ScorePoint,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the fields of a company are made of."""

    status: Any
    stage: Any
    industry: Any
    csm: Any
    arr: Money | None
    began: date | None
    renewal: date | None


def money(minor: int | None, currency: str) -> Money | None:
    """An amount in minor units."""
    return (
        None
        if minor is None
        else Money(amount=Decimal(minor).scaleb(-2), currency=currency)
    )


def percent(part: float, whole: float | None) -> float | None:
    """100 * part / whole with one digit."""
    if not whole:
        return None
    share = Decimal(part) * 100 / Decimal(whole)
    return float(share.quantize(Decimal("0.1"), ROUND_HALF_UP))


def months(start: date | None, today: date) -> int | None:
    """Whole months from one day to the other."""
    if start is None:
        return None
    whole = (today.year - start.year) * 12 + today.month - start.month
    return whole - (today.day < start.day)


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(day.weekday())


def points(values: Mapping[date, float], periods: int, today: date) -> list[Point]:
    """The newest weeks, oldest first."""
    this = monday(today)
    weeks = [this - timedelta(7 * n) for n in range(periods - 1, -1, -1)]
    return [
        Point(period_start=week, value=values.get(week), partial=week == this)
        for week in weeks
    ]


def _card(
    key: str,
    label: str,
    value: int | str | None,
    breakdown: Sequence[Count] = (),
    trend: str = "NONE",
) -> Card:
    return Card(
        key=key, label=label, value=value, trend=trend, breakdown=list(breakdown)
    )


def _total(breakdown: Sequence[Count]) -> int:
    return sum(b.count for b in breakdown)


def cards(
    *,
    health: Score,
    ctas: Sequence[Count],
    tally: Any,
    last: int,
    before: int,
    cases: Sequence[Count],
    milestones: Sequence[Count],
    stage: Any,
) -> list[Card]:
    """The cards of Summary."""
    trend = "UP" if last > before else "DOWN" if last < before else "FLAT"
    return [
        _card("health", "Health", health.value, trend=health.trend),
        _card("open_ctas", "Open CTAs", _total(ctas), ctas),
        _card("milestones", "Milestones", _total(milestones), milestones),
        _card("journey", "Customer journey", stage and stage.label, milestones),
        _card("nps", "NPS", tally.nps, tally.counts),
        _card("active_users", "Active users", last, trend=trend),
        _card("open_cases", "Open cases", _total(cases), cases),
    ]


def amount(value: Money | None) -> Field:
    """The field `arr`."""
    shown = None if value is None else f"{value.amount} {value.currency}"
    given: Any = value and {"amount": str(value.amount), "currency": value.currency}
    return Field(
        path="arr", label="ARR", type="CURRENCY", value=given, display_value=shown
    )


def _picked(path: str, label: str, item: Any, editable: bool = False) -> Field:
    key, shown = (item.key, item.label) if item else (None, None)
    return Field(
        path=path,
        label=label,
        type="PICKLIST",
        value=key,
        display_value=shown,
        editable=editable,
    )


def _day(path: str, label: str, day: date | None, editable: bool = False) -> Field:
    text: Any = day and day.isoformat()
    return Field(
        path=path,
        label=label,
        type="DATE",
        value=text,
        display_value=text,
        editable=editable,
    )


def summary_fields(of: Facts, today: date) -> list[Field]:
    """The fields of Summary."""
    lifetime: Any = months(of.began, today)
    shown = None if lifetime is None else str(lifetime)
    return [
        _picked("status", "Status", of.status),
        _picked("industry", "Industry", of.industry),
        amount(of.arr),
        _day("originalContractDate", "Original contract date", of.began),
        _day("renewalDate", "Renewal date", of.renewal),
        Field(
            path="lifetimeInMonths",
            label="Lifetime in months",
            type="NUMBER",
            value=lifetime,
            display_value=shown,
        ),
    ]


def attributes(of: Facts) -> Attributes:
    """The groups of Attributes."""
    name, email = (of.csm.name, of.csm.email) if of.csm else (None, None)
    account = [
        _picked("industry", "Industry", of.industry),
        _picked("status", "Status", of.status, True),
        _picked("stage", "Stage", of.stage, True),
        Field(
            path="csm.name", label="CSM", type="STRING", value=name, display_value=name
        ),
        Field(
            path="csm.email",
            label="CSM email",
            type="EMAIL",
            value=email,
            display_value=email,
        ),
    ]
    contract = [
        amount(of.arr),
        _day("originalContractDate", "Original contract date", of.began),
        _day("renewalDate", "Renewal date", of.renewal, True),
    ]
    return Attributes(
        groups=[
            Group(label="Account", fields=account),
            Group(label="Contract", fields=contract),
        ]
    )


def family(parents: Mapping[str, str | None], current: str) -> set[str]:
    """Of a tree, given as the parent of each company: the ancestors of one, itself, its
    siblings, and who is below it."""

    def line(company: str | None) -> list[str]:
        found: list[str] = []
        while company in parents:
            found.append(str(company))
            company = parents[str(company)]
        return found

    above, parent = set(line(current)), parents[current]
    return above | {
        company
        for company, own in parents.items()
        if current in line(company) or (parent in parents and own == parent)
    }


NO_SCORE = Score(
    value=None, label=None, color=None, trend="NONE", delta=None, stale=False
)


def known(held: Any, now: datetime) -> int | None:
    """The score of a row that counts."""
    is_stale = held.stale_after is not None and held.stale_after < now
    return None if held.expires and is_stale else held.value


def score(held: Any, band: Any, dead_band: int, now: datetime, today: date) -> Score:
    """A score of its row, or of none, and of its band."""
    if held is None or held.expires is None:
        return NO_SCORE
    value, before = known(held, now), held.base
    if held.base_until is not None and held.base_until <= today:
        before = held.value
    delta = None if value is None or before is None else value - before
    trend = "NONE" if value is None else "NEW" if delta is None else "FLAT"
    if delta is not None and abs(delta) > dead_band:
        trend = "UP" if delta > 0 else "DOWN"
    return Score(
        value=value,
        label=band and band.label,
        color=band and band.color,
        trend=trend,
        delta=delta,
        stale=held.stale_after is not None and held.stale_after < now,
    )


def closes(events: Sequence[Any], weeks: int, today: date) -> list[ScorePoint]:
    """What each of the newest weeks closed with; the events are in their order."""
    first = monday(today) - timedelta(7 * (weeks - 1))
    found, place, last = [], 0, None
    for week in (first + timedelta(7 * n) for n in range(weeks)):
        while place < len(events) and events[place].day < week + timedelta(7):
            last, place = events[place], place + 1
        found.append(
            ScorePoint(
                week_start=week,
                value=last and last.value,
                label=last and last.label,
                color=last and last.color,
            )
        )
    return found
