"""What activities about a scorecard or a measure know of the score at that time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import strawberry

from cyclorama.plugins import Context, Topics

Rows = Sequence[tuple[Any, bool, str, str | None]]
"""Of activities what was known of their topic, whether the viewer reads them whole, and
the ids of their company and relationship."""


@strawberry.type(
    description="A scorecard or a measure on it with the score that it had when an activity "
    "was logged about it, whatever it is by now; null where a field of Scorecard that shows "
    "the same is hidden from you."
)
class ActivityScore:
    scorecard_key: str | None
    scorecard_name: str | None
    measure_id: strawberry.ID | None = strawberry.field(
        description="Null where it is about the scorecard; then the score is the overall "
        "one."
    )
    measure_key: str | None
    measure_name: str | None
    value: int | None = strawberry.field(
        description="0 to 100; null where there was none."
    )
    label: str | None = strawberry.field(description="Of the band.")
    color: str | None = strawberry.field(description="Of the band.")


async def scores_of(rows: Rows, context: Context) -> list[ActivityScore | None]:
    """Activities in, the scores that they are about out, same order; None for others, and
    for viewers who may not know of them."""
    kept = [
        (relationship or company, topic)
        for topic, is_whole, company, relationship in rows
        if topic and is_whole
    ]
    known = iter(await Topics.known(context, kept) if kept else [])
    return [
        _score(next(known)) if topic and is_whole else None
        for topic, is_whole, _, _ in rows
    ]


def _score(known: Mapping[str, Any] | None) -> ActivityScore | None:
    if known is None:
        return None
    return ActivityScore(**{f.name: known.get(f.name) for f in fields(ActivityScore)})
