"""Scores from 0 to 100, how they are shown, and the bands that they lie in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LOWEST, HIGHEST = 0, 100
MOST_WEIGHT = 999_999
FEWEST_BANDS, MOST_BANDS = 2, 12


class Refused(Exception):
    """A value that can't be taken: a code of `UserErrorCode`, what to do, and the input
    field at fault where it is known."""

    def __init__(self, code: str, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.path = code, message, path


def tidied(value: float) -> float:
    """A number without what floats lose in the tenth digit: 0.1 and 0.2 are 0.3."""
    return round(value, 9)


def half_up(score: float) -> int:
    """A score as it is shown; what floats lose in the tenth digit does not decide."""
    return math.floor(tidied(score) + 0.5)


def shown(score: float | None) -> int | None:
    """As `half_up`; NA stays NA."""
    return None if score is None else half_up(score)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Scores above `start` up to `end`; the first band of a scheme holds 0, too."""

    label: str
    color: str
    start: int
    end: int
    point: float | None = None
    """What is stored for who picks the band; None: its middle."""

    @property
    def value(self) -> float:
        """The score that the band stands for."""
        return (self.start + self.end) / 2 if self.point is None else self.point


def check_bands(bands: Sequence[Band]) -> None:
    """`Refused` unless 2 to 12 bands cover 0 to 100 without a gap or an overlap."""
    if not FEWEST_BANDS <= len(bands) <= MOST_BANDS:
        raise Refused("RANGE", f"A scheme has 2 to 12 bands, not {len(bands)}.")
    if len({b.label for b in bands}) < len(bands):
        raise Refused("DUPLICATE", "Two bands have one label; rename one of them.")
    if bands[0].start != LOWEST or bands[-1].end != HIGHEST:
        raise Refused("RANGE", "The bands have to begin at 0 and end at 100.")
    for one, other in pairwise(bands):
        if other.start != one.end:
            raise Refused("INVALID", f"{other.label!r} has to begin at {one.end}.")
    for band in bands:
        is_point = band is bands[0] and band.end == band.start
        if not (band.end > band.start or is_point):
            raise Refused("RANGE", f"{band.label!r} ends where it begins, or before.")
        if not band.start <= band.value <= band.end:
            raise Refused("RANGE", f"The point of {band.label!r} lies outside of it.")


def band_of(score: float | None, bands: Sequence[Band]) -> Band | None:
    """The band of a score, by what is shown of it; None for NA."""
    if score is None:
        return None
    number = half_up(score)
    return next((b for b in bands if number <= b.end), bands[-1])


def checked_score(value: float) -> float:
    """The score; `Refused` unless it is from 0 to 100."""
    if not math.isfinite(value) or not LOWEST <= value <= HIGHEST:
        raise Refused("RANGE", f"A score is from 0 to 100, not {value}.")
    return float(value)


def checked_weight(value: float) -> float:
    """The weight; `Refused` unless it is from 0 to 999,999."""
    if not math.isfinite(value) or not 0 <= value <= MOST_WEIGHT:
        raise Refused("RANGE", f"A weight is from 0 to {MOST_WEIGHT:,}, not {value}.")
    return float(value)


def normalised(raw: float, points: Sequence[tuple[float, float]]) -> float:
    """A raw value as a score: between the points (raw, score) in straight lines, beyond
    the outer ones level."""
    if raw <= points[0][0]:
        return points[0][1]
    for (x, low), (y, high) in pairwise(points):
        if raw <= y:
            return low + (high - low) * (raw - x) / (y - x)
    return points[-1][1]
