"""What is known of a measure of a record, and how a score is set, renewed and cleared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from cyclorama.sections.scorecard.rules.bands import Refused, checked_score

DAY = timedelta(days=1)
LONGEST_OVERRIDE = timedelta(days=90)


class StalePolicy(Enum):
    """What becomes of a measure that nobody has confirmed in time."""

    COUNT = "COUNT"
    EXCLUDE = "EXCLUDE"
    DECAY = "DECAY"


class Fact(NamedTuple):
    """What is known of one measure, or of an overall score that is set by hand."""

    score: float | None = None
    na_kind: str | None = "NOT_SCORED"
    """Why there is no score; None where there is one."""
    previous: float | None = None
    """The last different score."""
    set_at: datetime | None = None
    validated_at: datetime | None = None
    comment: str | None = None


NOTHING = Fact()


def with_score(fact: Fact, score: float, comment: str | None, now: datetime) -> Fact:
    """A score is set; the same one again is a renewal."""
    if fact.score == score:
        return renewed(fact, comment, now)
    previous = fact.previous if fact.score is None else fact.score
    return Fact(
        score=score,
        na_kind=None,
        previous=previous,
        set_at=now,
        validated_at=now,
        comment=comment,
    )


def renewed(fact: Fact, comment: str | None, now: datetime) -> Fact:
    """The score is confirmed unchanged; without a new comment the old one stays."""
    if fact.score is None:
        raise Refused("INVALID_STATE", "There is no score to renew; set one.")
    kept = fact.comment if comment is None else comment
    return fact._replace(validated_at=now, comment=kept)


def stale_after(fact: Fact, validity_days: int | None) -> datetime | None:
    """The instant after which a score is stale; None where that never comes."""
    if fact.score is None or fact.validated_at is None or validity_days is None:
        return None
    return fact.validated_at + validity_days * DAY


def cleared(fact: Fact, kind: str, comment: str | None, now: datetime) -> Fact:
    """The score is taken away."""
    if kind not in ("CLEARED", "NOT_APPLICABLE"):
        message = f"{kind} is found, not set; use CLEARED or NOT_APPLICABLE."
        raise Refused("INVALID", message)
    previous = fact.previous if fact.score is None else fact.score
    return Fact(na_kind=kind, previous=previous, set_at=now, comment=comment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """An overall score that somebody has set for a while."""

    score: float
    reason: str
    expires_at: datetime


def check_override(override: Override, now: datetime) -> None:
    """`Refused` unless it has a reason and ends within 90 days."""
    checked_score(override.score)
    if not override.reason.strip():
        raise Refused("REQUIRED", "Say why the score is overridden.")
    if not now < override.expires_at <= now + LONGEST_OVERRIDE:
        raise Refused("RANGE", "An override ends in the next 90 days.")
