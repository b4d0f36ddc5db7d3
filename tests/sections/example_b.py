"""The worked example B of the domain, with what its tests ask."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from cyclorama.sections.scorecard.rules.bands import Band, Refused
from cyclorama.sections.scorecard.rules.cards import Card, Node, Result
from cyclorama.sections.scorecard.rules.exceptions import (
    Criterion,
    Effect,
    ScoreException,
)
from cyclorama.sections.scorecard.rules.facts import NOTHING, Fact
from cyclorama.sections.scorecard.rules.rollup import compute

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
BANDS = (
    Band(label="Red", color="#d92d20", start=0, end=50),
    Band(label="Yellow", color="#f79009", start=50, end=75),
    Band(label="Green", color="#12b76a", start=75, end=100),
)
B = Card(
    bands=BANDS,
    nodes=(
        Node(key="adoption", weight=50, is_group=True),
        Node(key="logins", weight=60, group="adoption"),
        Node(key="depth", weight=40, group="adoption"),
        Node(key="support", weight=20, is_group=True),
        Node(key="tickets", weight=100, group="support"),
        Node(key="sentiment", weight=30),
    ),
)
"""The example B of the domain."""
FLAT = replace(
    B,
    flat=True,
    nodes=tuple(
        replace(
            n,
            weight={"logins": 30, "depth": 20, "tickets": 20}.get(n.key, n.weight),
        )
        for n in B.nodes
    ),
)
SCORES: Mapping[str, float | None] = {
    "logins": 80,
    "depth": 50,
    "tickets": 30,
    "sentiment": 90,
}


def fact(score: float | None = 50, at: datetime = NOW, **values: Any) -> Fact:
    if score is None:
        return NOTHING._replace(**values)
    return Fact(score=score, na_kind=None, set_at=at, validated_at=at, **values)


def facts(**changed: float | None) -> dict[str, Fact]:
    return {k: fact(s) for k, s in {**SCORES, **changed}.items()}


def computed(card: Card, known: Mapping[str, Fact] | None = None) -> Result:
    return compute(card, facts() if known is None else known, NOW)


def refusal(function: Any, *args: Any, **values: Any) -> str:
    with pytest.raises(Refused) as caught:
        function(*args, **values)
    assert caught.value.message.endswith((".", ";")), caught.value.message
    return str(caught.value.code)


def cap(
    value: float = 40,
    effect: Effect = Effect.CAP,
    key: str = "cap",
    **values: Any,
) -> ScoreException:
    bad = Criterion(left="MEASURE", key="tickets", operator="LE", values=(30,))
    given = {"criteria": (bad,), **values}
    return ScoreException(key=key, effect=effect, value=value, **given)


def with_exceptions(*exceptions: ScoreException) -> Card:
    return replace(B, exceptions=exceptions)


def add_up(result: Result) -> float:
    """What all contributions come to."""
    return math.fsum(p.contribution or 0 for p in result.parts.values())
