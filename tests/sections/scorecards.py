"""Builders of scorecards for tests: the example B of the domain, with its scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from cyclorama.plugins import Row
from cyclorama.sections.scorecard.tables import (
    GROUP,
    MEASURE,
    OVERALL,
    BandRow,
    CardRow,
    EventRow,
    MeasureRow,
    NodeRow,
    SchemeRow,
    ScoreRow,
)
from cyclorama.testing import NOW

BANDS = (("Red", 0, 50), ("Yellow", 50, 75), ("Green", 75, 100))
B = (
    (GROUP, "adoption", 50, None),
    (MEASURE, "logins", 60, "adoption"),
    (MEASURE, "depth", 40, "adoption"),
    (GROUP, "support", 20, None),
    (MEASURE, "tickets", 100, "support"),
    (MEASURE, "sentiment", 30, None),
)
"""Kind, key, weight, group."""
Nodes = Sequence[tuple[str, str, float, str | None]]


def scheme() -> Iterator[Row]:
    """The three bands of the domain's examples."""
    yield SchemeRow(id="scheme", kind="COLOR")
    for place, (label, low, high) in enumerate(BANDS):
        yield BandRow(
            id=f"band_{place}",
            scheme_id="scheme",
            position=place,
            label=label,
            color=f"#{place}{place}{place}",
            low=low,
            high=high,
        )


def card(
    nodes: Nodes = B,
    *,
    key: str = "health",
    kind: str = "COMPANY",
    measures: dict[str, dict[str, Any]] | None = None,
    **values: Any,
) -> Iterator[Row]:
    """A card with its measures, by default the one of its kind that applies."""
    given = {"is_default": True, **values}
    yield CardRow(
        id=f"card_{key}",
        record_kind=kind,
        key=key,
        name=key.title(),
        scheme_id="scheme",
        **given,
    )
    yield NodeRow(id=f"{key}_", card_id=f"card_{key}", kind=OVERALL, key="", name="All")
    for place, (of, name, weight, group) in enumerate(nodes):
        measure = None
        if of == MEASURE:
            measure = f"measure_{name}"
            own = (measures or {}).get(name, {})
            yield MeasureRow(id=measure, record_kind=kind, key=name, name=name, **own)
        yield NodeRow(
            id=f"{key}_{name}",
            card_id=f"card_{key}",
            kind=of,
            key=name,
            name=name.title(),
            group_id=None if group is None else f"{key}_{group}",
            measure_id=measure,
            weight=float(weight),
            position=place,
        )


def score(
    node: str,
    value: float | None,
    *,
    of: str = "company_1",
    at: datetime = NOW,
    card: str = "health",
    **values: Any,
) -> ScoreRow:
    """What is known of a node: `""` is the overall score."""
    return ScoreRow(
        record_id=of,
        node_id=f"{card}_{node}",
        score=value,
        value=None if value is None else int(value + 0.5),
        set_at=at,
        validated_at=at,
        **values,
    )


def event(
    number: int,
    node: str,
    value: float | None,
    at: datetime,
    *,
    of: str = "company_1",
    kind: str = "SET",
) -> EventRow:
    """A score that changed."""
    return EventRow(
        id=f"event_{of}{number}",
        record_id=of,
        number=number,
        node_id=f"health_{node}",
        kind=kind,
        day=at.date(),
        at=at,
        score=value,
        value=None if value is None else int(value + 0.5),
        label=None if value is None else "then",
        color=None if value is None else "#abc",
        actor_kind="USER",
        actor_id="user_csm",
    )
