"""How scores move: weekly closes, what a trend compares with, where it is heading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from cyclorama.sections.scorecard.rules.bands import half_up

WEEK = timedelta(days=7)
MOST_WEEKS = 156


class Comparator(Enum):
    """What the trend compares with."""

    PREVIOUS_VALUE = "PREVIOUS_VALUE"
    LAST_WEEK = "LAST_WEEK"
    LAST_MONTH = "LAST_MONTH"
    LAST_QUARTER = "LAST_QUARTER"
    AT_LAST_RENEWAL = "AT_LAST_RENEWAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A score from a day on, in the organisation's zone; None where it became NA."""

    day: date
    score: float | None
    is_renewal: bool = False


def week_start(day: date, first: int = 0) -> date:
    """The first day of the day's week; `first` is its weekday, 0 for Monday."""
    return day - timedelta(days=(day.weekday() - first) % 7)


def first_of_period(comparator: Comparator, today: date) -> date:
    """The first day of the running week, month or quarter."""
    if comparator is Comparator.LAST_MONTH:
        return today.replace(day=1)
    if comparator is Comparator.LAST_QUARTER:
        return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    return week_start(today)


def next_period(comparator: Comparator, today: date) -> date:
    """The first day after the week, month or quarter that a comparator looks back from."""
    if comparator is Comparator.LAST_WEEK:
        return week_start(today) + WEEK
    months = 1 if comparator is Comparator.LAST_MONTH else 3 - (today.month - 1) % 3
    year, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    return date(year, month + 1, 1)


def closing(events: Sequence[Event], before: date) -> float | None:
    """The score at the end of the day before; events are in their order."""
    held = [e for e in events if e.day < before]
    return held[-1].score if held else None


def history(
    events: Sequence[Event], weeks: int, today: date, *, first: int = 0
) -> list[tuple[date, float | None]]:
    """The first days of the last weeks with the score that each closed with, oldest
    first; the running week has the score of now, and a gap is None."""
    newest = week_start(today, first)
    starts = [newest - WEEK * n for n in reversed(range(weeks))]
    return [(start, closing(events, start + WEEK)) for start in starts]


def base(
    events: Sequence[Event], comparator: Comparator, today: date, *, first: int = 0
) -> float | None:
    """The score that the current one is compared with."""
    match comparator:
        case Comparator.PREVIOUS_VALUE:
            scores = [e.score for e in events if e.score is not None]
            return next((s for s in reversed(scores) if s != scores[-1]), None)
        case Comparator.AT_LAST_RENEWAL:
            renewals = [e.score for e in events if e.is_renewal]
            return renewals[-1] if renewals else None
        case Comparator.LAST_WEEK:
            return closing(events, week_start(today, first))
        case Comparator.LAST_MONTH:
            return closing(events, today.replace(day=1))
    month = (today.month - 1) // 3 * 3 + 1
    return closing(events, today.replace(month=month, day=1))


def trend(
    current: float | None, compared: float | None, dead_band: int = 0
) -> tuple[str, int | None]:
    """Name of a `Trend` and the difference of what is shown; none where one is NA."""
    if current is None:
        return "NONE", None
    if compared is None:
        return "NEW", None
    delta = half_up(current) - half_up(compared)
    if abs(delta) <= dead_band:
        return "FLAT", delta
    return "UP" if delta > 0 else "DOWN", delta
