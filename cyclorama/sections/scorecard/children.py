"""What the scores of the companies below a company come to, computed when it is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from cyclorama.plugins import CompanyRow, Context, seldom, walked
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
    description="The overall scores of the companies below a company as one, by the rule of "
    "its scorecard, of those that the viewer may read."
)
class ChildScores:
    levels: int = strawberry.field(
        description="How far down companies count; 1: those right below."
    )
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
        deepest = max(_levels(s) for s in asked.values())
        given = {"ids": sorted(asked), "levels": deepest}
        for row in await context.reading.execute(_below(), given):
            if row.level <= _levels(asked[row.top]):
                held[row.top].append(row)
    return [
        _scores(asked[r], held[r], hides_arr=hides_arr) if r in asked else None
        for (r,) in rows
    ]


def _levels(settings: Settings) -> int:
    """How far down a rule goes; one that was written before it could say so, one level."""
    levels: int = settings.row.children.get("levels", 1)
    return levels


def _weighs(rule: Mapping[str, Any]) -> bool:
    return Aggregate(rule["aggregate"]) is Aggregate.WEIGHTED


def _below() -> Any:
    """The readable companies below those of `ids` down to `levels`, each with the overall
    score on its own card.

    Only a company itself can close a circle below it, since every one has one parent."""
    top, child = aliased(CompanyRow), aliased(CompanyRow)
    down = (
        select(top.id.label("top"), top.id, sa.literal(0).label("level"))
        .where(top.id.in_(IDS))
        .cte("scorecard_below", recursive=True)
    )
    levels = sa.bindparam("levels", type_=sa.Integer())
    down = down.union_all(
        select(down.c.top, child.id, down.c.level + 1)
        .join_from(down, child, walked(child.parent_id) == down.c.id)
        .where(seldom(down.c.level < levels), child.id != down.c.top)
    )
    card = func.coalesce(AssignmentRow.card_id, default_card("COMPANY"))
    return (
        select(down.c.top, down.c.level, CompanyRow.arr_minor, ScoreRow.score)
        .join_from(down, CompanyRow, CompanyRow.id == down.c.id)
        .outerjoin(AssignmentRow, AssignmentRow.record_id == CompanyRow.id)
        .outerjoin(NodeRow, (NodeRow.card_id == card) & (NodeRow.kind == OVERALL))
        .outerjoin(
            ScoreRow,
            (ScoreRow.node_id == NodeRow.id) & (ScoreRow.record_id == CompanyRow.id),
        )
        .where(down.c.level > 0)
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
        levels=_levels(settings),
        value=shown(score),
        label=None if band is None else band.label,
        color=None if band is None else band.color,
        scored=scored,
        unscored=len(pairs) - scored,
        arr_coverage=weight_coverage(pairs),
    )
