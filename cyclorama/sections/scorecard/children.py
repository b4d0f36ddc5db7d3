"""What the scores of the companies below a company come to, computed when it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import strawberry
from sqlalchemy import func, select

from cyclorama.plugins import CompanyRow, Context
from cyclorama.sections.scorecard.comparing import comparable
from cyclorama.sections.scorecard.rules.bands import band_of, shown
from cyclorama.sections.scorecard.rules.choosing import (
    Aggregate,
    aggregated,
    weight_coverage,
)
from cyclorama.sections.scorecard.shown import default_card
from cyclorama.sections.scorecard.state import Settings
from cyclorama.sections.scorecard.statements import IDS
from cyclorama.sections.scorecard.tables import (
    OVERALL,
    AssignmentRow,
    NodeRow,
    ScoreRow,
)

_ARR = "company.arr_minor"


@strawberry.type(
    description="The overall scores of the companies right below a company as one, by the "
    "rule of its scorecard, of those that the viewer may read."
)
class ChildScores:
    value: int | None
    label: str | None
    color: str | None
    scored: int
    unscored: int = strawberry.field(description="They don't count for `value`.")
    arr_coverage: float | None = strawberry.field(
        description="The share of their ARR that is scored, from 0 to 1; null without any, "
        "and where a mask hides it."
    )


async def children_of(
    rows: Sequence[tuple[str]], context: Context
) -> list[ChildScores | None]:
    """Record ids in, what is below them out, same order; None without a rule, and where
    the viewer may not see all scores that would count."""
    own = await comparable(context, [r for (r,) in rows])
    asked = {r: s for r, s in own.items() if s.row.children is not None}
    hides_arr = context.masked.hides((_ARR,))
    if hides_arr:
        asked = {r: s for r, s in asked.items() if not _weighs(s.row.children)}
    held: dict[str, list[Any]] = {r: [] for r in asked}
    if asked:
        for row in await context.reading.execute(_below(), {"ids": sorted(asked)}):
            held[row.parent_id].append(row)
    return [
        _scores(asked[r], held[r], hides_arr=hides_arr) if r in asked else None
        for (r,) in rows
    ]


def _weighs(rule: Mapping[str, Any]) -> bool:
    return Aggregate(rule["aggregate"]) is Aggregate.WEIGHTED


def _below() -> Any:
    """The readable companies below those of `ids`, each with the overall score on its own
    card."""
    card = func.coalesce(AssignmentRow.card_id, default_card("COMPANY"))
    return (
        select(CompanyRow.parent_id, CompanyRow.arr_minor, ScoreRow.score)
        .outerjoin(AssignmentRow, AssignmentRow.record_id == CompanyRow.id)
        .outerjoin(NodeRow, (NodeRow.card_id == card) & (NodeRow.kind == OVERALL))
        .outerjoin(
            ScoreRow,
            (ScoreRow.node_id == NodeRow.id) & (ScoreRow.record_id == CompanyRow.id),
        )
        .where(CompanyRow.parent_id.in_(IDS))
        .order_by(CompanyRow.id)
    )


def _scores(settings: Settings, rows: Sequence[Any], *, hides_arr: bool) -> ChildScores:
    rule = settings.row.children
    pairs = [(r.score, None if hides_arr else r.arr_minor) for r in rows]
    score = aggregated(
        pairs,
        Aggregate(rule["aggregate"]),
        worst=rule["worst"],
        band=(rule["above"], rule["up_to"]),
    )
    band = band_of(score, settings.bands)
    scored = sum(s is not None for s, _ in pairs)
    return ChildScores(
        value=shown(score),
        label=None if band is None else band.label,
        color=None if band is None else band.color,
        scored=scored,
        unscored=len(pairs) - scored,
        arr_coverage=weight_coverage(pairs),
    )
