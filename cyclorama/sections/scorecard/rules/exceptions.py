"""Exceptions: what changes a score where its criteria hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cyclorama.sections.scorecard.rules.bands import HIGHEST, LOWEST

ATTRIBUTE = "ATTRIBUTE"


class Effect(Enum):
    """What an exception does to its target."""

    SET = "SET"
    CAP = "CAP"
    FLOOR = "FLOOR"
    ADJUST = "ADJUST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """`left` names what is compared: MEASURE, GROUP, BAND (of a measure), STALE_DAYS,
    ATTRIBUTE or OVERALL (before exceptions); `key` which one of it."""

    left: str
    key: str = ""
    operator: str
    """LT, LE, EQ, NE, GE, GT, IN, IS_NA or NOT_NA."""
    values: tuple[float | str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreException:
    """Changes the overall score (`target` None) or a group's where its criteria hold."""

    key: str
    target: str | None = None
    any_of: bool = False
    criteria: tuple[Criterion, ...]
    effect: Effect
    value: float
    note: str = ""
    active: bool = True


def holds(criterion: Criterion, value: float | str | None) -> bool:
    """Whether a criterion holds of a value; NA satisfies no comparison."""
    if criterion.operator in ("IS_NA", "NOT_NA"):
        return (value is None) == (criterion.operator == "IS_NA")
    if value is None or not criterion.values:
        return False
    first = criterion.values[0]
    match criterion.operator:
        case "IN":
            return value in criterion.values
        case "EQ":
            return value == first
        case "NE":
            return value != first
    if isinstance(value, str) or isinstance(first, str):
        return False
    match criterion.operator:
        case "LT":
            return value < first
        case "LE":
            return value <= first
        case "GE":
            return value >= first
    return criterion.operator == "GT" and value > first


def applied(effect: Effect, value: float, score: float | None) -> float | None:
    """The score after an effect; NA is changed by SET alone."""
    if effect is Effect.SET:
        return value
    if score is None:
        return None
    match effect:
        case Effect.CAP:
            return min(score, value)
        case Effect.FLOOR:
            return max(score, value)
    return min(max(score + value, float(LOWEST)), float(HIGHEST))
