"""What both Strawberry variants work out about surveys: NPS, margin, months."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import sqrt

from benchmarks.shapes import Count, NpsPoint

PERIOD = timedelta(180)
STATES = ("PARTIAL", "SUBMITTED")
"""Of who answered."""
LEAST_PARTICIPANTS = 5
"""Of an anonymous survey, for its answers to be shown."""
LEAST_FOR_TEXT = 3
"""Answers of a relationship to an anonymous survey, for their texts to be shown."""
LOW_SAMPLE = 5
"""Ratings; fewer say little."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Ratings, counted."""

    promoters: int = 0
    passives: int = 0
    detractors: int = 0
    number: int = 0
    total: int = 0

    @property
    def nps(self) -> int | None:
        """From -100 to 100."""
        if not self.number:
            return None
        return int(_rounded((self.promoters - self.detractors) * 100, self.number, "1"))

    @property
    def average(self) -> float | None:
        """With one digit."""
        return float(_rounded(self.total, self.number, "0.1")) if self.number else None

    @property
    def margin(self) -> float | None:
        """In points, with one digit."""
        if not self.number:
            return None
        difference = self.promoters - self.detractors
        apart = self.promoters + self.detractors - difference**2 / self.number
        return round(sqrt(apart) * 196 / self.number, 1)

    @property
    def counts(self) -> list[Count]:
        """For the card."""
        return [
            Count(label="Promoters", count=self.promoters),
            Count(label="Passives", count=self.passives),
            Count(label="Detractors", count=self.detractors),
        ]


def _rounded(part: int, whole: int, digit: str) -> Decimal:
    return (Decimal(part) / whole).quantize(Decimal(digit), ROUND_HALF_UP)


def tally(ratings: Iterable[int]) -> Tally:
    """Of these ratings."""
    found = list(ratings)
    return Tally(
        promoters=sum(r >= 9 for r in found),
        passives=sum(7 <= r < 9 for r in found),
        detractors=sum(r < 7 for r in found),
        number=len(found),
        total=sum(found),
    )


def month_of(day: date | datetime) -> date:
    """The first day of its month."""
    return date(day.year, day.month, 1)


def trend(tallies: Mapping[date, Tally], months: int, today: date) -> list[NpsPoint]:
    """The newest months, oldest first."""
    last = today.year * 12 + today.month - 1
    found = []
    for number in range(last - months + 1, last + 1):
        month = date(number // 12, number % 12 + 1, 1)
        held = tallies.get(month, Tally())
        found.append(NpsPoint(month=month, nps=held.nps, response_count=held.number))
    return found
