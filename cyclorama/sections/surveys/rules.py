"""The arithmetic of surveys: NPS and its margin, who counts, periods, rates, anonymity.

Plain values in and out, instants given. The section's SQL says the same of rows; tests
hold the two against each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from fractions import Fraction
from typing import Final

HIGHEST: Final = 10
"""Ratings are whole numbers from 0 to this."""
SCALES: Final = {"NPS": (0, HIGHEST), "CSAT": (1, 5), "CES": (1, 7)}
"""The lowest and the highest rating of kinds of surveys; of others as of NPS."""
LEAST_SATISFIED: Final = 4
LEAST_PROMOTER: Final = 9
LEAST_PASSIVE: Final = 7
LOW_SAMPLE: Final = 5
"""An NPS of fewer answers says little."""
LEAST_PARTICIPANTS: Final = 5
"""Of an anonymous survey at a company; answers of fewer are not shown at all."""
LEAST_FOR_TEXT: Final = 3
"""Answers to an anonymous survey among which a text may be shown."""


class Policy(StrEnum):
    """Which answers of somebody who answered several times in a period count."""

    LATEST_PER_PERSON = "LATEST_PER_PERSON"
    ALL = "ALL"


class Period(StrEnum):
    """The answers of which time count; calendar periods are the running ones."""

    LAST_DAYS = "LAST_DAYS"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    FISCAL_QUARTER = "FISCAL_QUARTER"
    HALF_YEAR = "HALF_YEAR"
    FISCAL_HALF_YEAR = "FISCAL_HALF_YEAR"
    YEAR = "YEAR"
    FISCAL_YEAR = "FISCAL_YEAR"
    ALL_TIME = "ALL_TIME"

    @property
    def months(self) -> int | None:
        """The length of a calendar period."""
        return _MONTHS.get(self.value.removeprefix("FISCAL_"))

    @property
    def is_fiscal(self) -> bool:
        """Whether it is counted from the first month of the fiscal year."""
        return self.value.startswith("FISCAL_")


_MONTHS: Final = {"MONTH": 1, "QUARTER": 3, "HALF_YEAR": 6, "YEAR": 12}


class Category(StrEnum):
    """What a rating makes of somebody; the value that it stands for is `score`."""

    PROMOTER = "PROMOTER"
    PASSIVE = "PASSIVE"
    DETRACTOR = "DETRACTOR"

    @property
    def score(self) -> int:
        """100, 0 or -100: the NPS is the mean of these."""
        return {"PROMOTER": 100, "PASSIVE": 0, "DETRACTOR": -100}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer; `rating` is None where the question was skipped."""

    id: str
    rating: int | None
    at: datetime
    person: str | None = None
    is_excluded: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """Ratings, counted. Tallies of relationships are pooled by adding them; a mean of
    their NPS would be wrong."""

    promoters: int = 0
    passives: int = 0
    detractors: int = 0
    total: int = 0
    """The sum of the ratings."""

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.promoters + other.promoters,
            self.passives + other.passives,
            self.detractors + other.detractors,
            self.total + other.total,
        )

    @property
    def count(self) -> int:
        """How many ratings there are."""
        return self.promoters + self.passives + self.detractors

    @property
    def nps(self) -> int | None:
        """-100 to 100, rounded once, half away from zero; None without a rating."""
        if not self.count:
            return None
        return half_away(Fraction(100 * (self.promoters - self.detractors), self.count))

    @property
    def average(self) -> float | None:
        """The mean rating with one decimal; None without one."""
        if not self.count:
            return None
        return half_away(Fraction(10 * self.total, self.count)) / 10

    @property
    def margin(self) -> float | None:
        """How far the NPS of all customers may be from this one, in points at 95 %
        confidence, with one decimal; None without a rating."""
        if not self.count:
            return None
        p, d = (Fraction(x, self.count) for x in (self.promoters, self.detractors))
        variance = p + d - (p - d) ** 2
        return half_away(Fraction(1960 * math.sqrt(variance / self.count))) / 10

    @property
    def is_low_sample(self) -> bool:
        """Whether so few answered that the numbers say little."""
        return self.count < LOW_SAMPLE


def category(rating: int) -> Category:
    """Of a rating from 0 to 10."""
    if rating >= LEAST_PROMOTER:
        return Category.PROMOTER
    return Category.PASSIVE if rating >= LEAST_PASSIVE else Category.DETRACTOR


def tally(ratings: Iterable[int | None]) -> Tally:
    """Count ratings; those that were skipped are left out."""
    found = Tally()
    for rating in ratings:
        if rating is not None:
            of = category(rating)
            found += Tally(
                int(of is Category.PROMOTER),
                int(of is Category.PASSIVE),
                int(of is Category.DETRACTOR),
                rating,
            )
    return found


def csat(ratings: Iterable[int]) -> float | None:
    """Of ratings from 1 to 5 the percentage of those that are 4 or 5, with one decimal;
    None without one."""
    found = list(ratings)
    if not found:
        return None
    satisfied = sum(r >= LEAST_SATISFIED for r in found)
    return half_away(Fraction(1000 * satisfied, len(found))) / 10


def ces(ratings: Iterable[int]) -> float | None:
    """The mean of ratings from 1 to 7, with one decimal; None without one."""
    found = list(ratings)
    return half_away(Fraction(10 * sum(found), len(found))) / 10 if found else None


def half_away(value: Fraction) -> int:
    """The nearest whole number; halves go away from zero."""
    nearest = math.floor(abs(value) + Fraction(1, 2))
    return nearest if value >= 0 else -nearest


def counted(answers: Iterable[Answer], policy: Policy) -> list[Answer]:
    """The rated answers that count, by id; of who is not known each is of another."""
    known = (a for a in answers if a.rating is not None and not a.is_excluded)
    rated = sorted(known, key=lambda a: a.id)
    if policy is Policy.ALL:
        return rated
    latest = {a.person or a.id: a for a in sorted(rated, key=lambda a: (a.at, a.id))}
    return sorted(latest.values(), key=lambda a: a.id)


def period_start(period: Period, today: date, fiscal_start: int = 1) -> date | None:
    """The first day of a running calendar period; None of the others. The fiscal year
    starts with this month."""
    if period.months is None:
        return None
    first = fiscal_start if period.is_fiscal else 1
    return _moved(today.replace(day=1), -((today.month + 12 - first) % period.months))


def is_within(
    period: Period,
    answered_at: datetime,
    as_of: datetime,
    *,
    days: int = 1,
    fiscal_start: int = 1,
    zone: tzinfo = UTC,
) -> bool:
    """Whether an answer lies in a period: after the instant `days` days ago, or from the
    first day of a calendar period on, and not after `as_of`."""
    if answered_at > as_of:
        return False
    if period is Period.LAST_DAYS:
        return answered_at > as_of - timedelta(days=days)
    start = period_start(period, as_of.astimezone(zone).date(), fiscal_start)
    return start is None or answered_at.astimezone(zone).date() >= start


def trend(
    answers: Sequence[Answer],
    policy: Policy,
    today: date,
    months: int,
    zone: tzinfo = UTC,
) -> list[tuple[date, Tally]]:
    """The last months, oldest first, the running one last; each counts by itself."""
    found = []
    for back in range(months - 1, -1, -1):
        month = _moved(today.replace(day=1), -back)
        own = [a for a in answers if _month_of(a.at, zone) == month]
        found.append((month, tally(a.rating for a in counted(own, policy))))
    return found


def response_rate(*, sent: int, bounced: int, responded: int) -> float | None:
    """Who responded in percent of those whom the survey reached, with one decimal; None
    where it reached nobody."""
    if sent <= bounced:
        return None
    return half_away(Fraction(1000 * responded, sent - bounced)) / 10


def is_shown(*, is_anonymous: bool, participants: int) -> bool:
    """Whether an answer is shown, and counted, at a company with so many participants."""
    return not is_anonymous or participants >= LEAST_PARTICIPANTS


def is_part_shown(*, is_anonymous: bool, participants: int, rest: int) -> bool:
    """Whether an answer is shown at a relationship with so many participants, or is named
    as its. `rest` are those of the company's parts that have too few: of a rest that is
    too small by itself, the numbers of the company less those shown would tell."""
    enough = participants >= LEAST_PARTICIPANTS
    return not is_anonymous or (enough and not 0 < rest < LEAST_PARTICIPANTS)


def is_text_shown(*, is_anonymous: bool, participants: int, answers: int) -> bool:
    """Whether the text of an answer is shown, among so many of the same record."""
    shown = is_shown(is_anonymous=is_anonymous, participants=participants)
    return shown and (not is_anonymous or answers >= LEAST_FOR_TEXT)


def _month_of(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date().replace(day=1)


def _moved(month: date, months: int) -> date:
    """A first of month, moved."""
    number = month.year * 12 + month.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def checked_text(text: str, longest: int) -> tuple[str, str]:
    """What is wrong with a text: a code of `UserErrorCode` and what to do; both are empty
    for a good one."""
    if not text.strip():
        return "REQUIRED", "Write something."
    if len(text) > longest:
        return "LENGTH", f"At most {longest:,} characters."
    return "", ""
