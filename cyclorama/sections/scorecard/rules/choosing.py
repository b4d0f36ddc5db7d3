"""Which scorecard a record has, and figures over many records."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from cyclorama.sections.scorecard.rules.bands import half_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A scorecard of the record's kind."""

    key: str
    name: str
    rank: int = 0
    is_default: bool = False
    matches: bool = False
    """Whether its criteria hold of the record."""


def applicable(
    cards: Sequence[Candidate],
    *,
    active: str | None = None,
    pinned: str | None = None,
    pinned_until: date | None = None,
    today: date | None = None,
) -> str | None:
    """The key of the record's card: the pinned one while the pin lasts; the active one
    while it matches; else of those that match the default, or the first by rank and
    name; else the default."""
    known = {c.key for c in cards}
    lasts = pinned_until is None or (today is not None and today <= pinned_until)
    if pinned in known and lasts:
        return pinned
    matching = [c for c in cards if c.matches]
    if active is not None and any(c.key == active for c in matching):
        return active
    defaults = [c.key for c in cards if c.is_default]
    ordered = sorted(matching, key=lambda c: (not c.is_default, c.rank, c.name))
    return next((c.key for c in ordered), next(iter(defaults), None))


class Aggregate(Enum):
    """How scores of relationships, or of child companies, become one."""

    AVG = "AVG"
    WEIGHTED = "WEIGHTED"
    MIN = "MIN"
    MAX = "MAX"
    WORST_N_AVG = "WORST_N_AVG"
    PCT_IN_BAND = "PCT_IN_BAND"


def aggregated(
    scores: Sequence[tuple[float | None, float | None]],
    aggregate: Aggregate,
    *,
    worst: int = 3,
    band: tuple[float, float] = (0, 100),
) -> float | None:
    """One score of many (score, weight). NA counts nowhere; WEIGHTED leaves out weights
    that are missing or not positive, and is the mean where none is left. PCT_IN_BAND is
    the percentage above the band's start, up to its end, by what is shown of scores."""
    known = sorted(s for s, _ in scores if s is not None)
    if not known:
        return None
    match aggregate:
        case Aggregate.MIN:
            return known[0]
        case Aggregate.MAX:
            return known[-1]
        case Aggregate.WORST_N_AVG:
            return _mean(known[: max(worst, 1)])
        case Aggregate.PCT_IN_BAND:
            start, end = band
            values = [half_up(s) for s in known]
            inside = [v for v in values if start < v <= end or v == start == 0]
            return 100 * len(inside) / len(known)
        case Aggregate.WEIGHTED:
            pairs = [(s, w) for s, w in scores if s is not None and w and w > 0]
            if pairs:
                total = math.fsum(w for _, w in pairs)
                return math.fsum(s * w for s, w in pairs) / total
    return _mean(known)


def weight_coverage(
    scores: Sequence[tuple[float | None, float | None]],
) -> float | None:
    """The share of the weight that is scored; None where there is no weight."""
    whole = math.fsum(w for _, w in scores if w and w > 0)
    own = math.fsum(w for s, w in scores if s is not None and w and w > 0)
    return own / whole if whole else None


def percentile(score: float, scores: Sequence[float | None]) -> float | None:
    """Where a score stands among those of its segment, itself included, from 0 to 100."""
    known = [s for s in scores if s is not None]
    if not known:
        return None
    lower = sum(s < score for s in known)
    equal = sum(s == score for s in known)
    return 100 * (lower + 0.5 * equal) / len(known)


def accuracy(agreed: int, disagreed: int) -> float | None:
    """The percentage of verdicts that agree, from 0 to 100; None without any."""
    count = agreed + disagreed
    return 100 * agreed / count if count else None


def quarter_of(day: date) -> str:
    """The quarter of a day, as `2026-Q1`."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def in_turn(drawn: Sequence[tuple[str, str | None, bytes]], first: int) -> list[str]:
    """The first ids of (id, owner, lot): of each owner the one with the lowest lot, then
    of each the second, and so on."""
    places: Counter[str | None] = Counter()
    found = []
    for id, owner, lot in sorted(drawn, key=lambda d: d[2]):
        found.append((places[owner], lot, id))
        places[owner] += 1
    return [id for _, _, id in sorted(found)[:first]]


def portfolio_quality(good: int, average: int, poor: int) -> float | None:
    """The mean of 100 points for each good one, 60 for average and 40 for poor ones."""
    count = good + average + poor
    return (100 * good + 60 * average + 40 * poor) / count if count else None


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
