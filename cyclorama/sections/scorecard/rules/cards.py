"""A scorecard as it is computed, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cyclorama.sections.scorecard.rules.bands import Band
from cyclorama.sections.scorecard.rules.exceptions import ScoreException
from cyclorama.sections.scorecard.rules.facts import StalePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A measure or a group of a card."""

    key: str
    weight: float
    group: str | None = None
    """The key of the group that a measure stands in."""
    is_group: bool = False
    validity_days: int | None = None
    stale_policy: StalePolicy = StalePolicy.COUNT


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A scorecard as it is computed."""

    nodes: Sequence[Node]
    bands: Sequence[Band] = ()
    flat: bool = False
    """Whether measures carry their weights to the overall score, past their groups."""
    roll_up: bool = True
    """Otherwise the overall score is set by hand."""
    exceptions: Sequence[ScoreException] = ()
    """In the order in which they are asked."""
    min_coverage: float = 0
    dead_band: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """An overall or a group score, before and after exceptions."""

    computed: float | None
    score: float | None
    exception: str | None = None
    """The key of the exception that changed it."""


class Part(NamedTuple):
    """What a node gives to the computed overall score: `weight` is effective."""

    weight: float
    score: float | None
    contribution: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A record's scores on a card."""

    overall: Outcome
    groups: Mapping[str, Outcome]
    parts: Mapping[str, Part]
    """Of every measure, and of the groups that an exception changed."""
    coverage: float
    """The share of the weight that is scored, of what is applicable."""
    stale_share: float
    """The effective weight of stale measures."""
    override: str | None = None
    """The reason of the override that holds."""
    insufficient: bool = False
    """Whether the card asks for more coverage."""
