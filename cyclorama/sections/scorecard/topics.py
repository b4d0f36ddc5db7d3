"""The scorecard of a record and its measures, for activities that are about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from cyclorama.plugins import Context, Topics, kind_of_id
from cyclorama.sections.scorecard.masks import OVERALL as OF_OVERALL
from cyclorama.sections.scorecard.masks import SCORES
from cyclorama.sections.scorecard.shown import band_holds, default_card
from cyclorama.sections.scorecard.tables import (
    MEASURE,
    OVERALL,
    AssignmentRow,
    BandRow,
    CardRow,
    MeasureRow,
    NodeRow,
    ScoreRow,
)


async def find(
    context: Context, record_id: str, thing_id: str
) -> Mapping[str, Any] | None:
    """The scorecard that applies to a record with the overall score, or a measure on it
    with its score."""
    rows = await context.reading.execute(_query(context, record_id, thing_id))
    if not rows:
        return None
    (row,) = rows
    return {
        "kind": "SCORECARD" if row.kind == OVERALL else "SCORECARD_MEASURE",
        **{name: getattr(row, name) for name in _VALUES},
    }


_VALUES: Final = (
    "scorecard_key",
    "scorecard_name",
    "measure_id",
    "measure_key",
    "measure_name",
    "value",
    "label",
    "color",
)


def _query(context: Context, record_id: str, thing_id: str) -> Any:
    card, node, measure = (_alias(r) for r in (CardRow, NodeRow, MeasureRow))
    score, band, own = (_alias(r) for r in (ScoreRow, BandRow, AssignmentRow))
    assigned = sa.select(own.c.card_id).where(own.c.record_id == record_id)
    default = default_card(sa.literal(kind_of_id(record_id).upper()))
    is_old = sa.and_(score.c.expires, score.c.stale_after < context.now)
    value = sa.case((is_old, sa.null()), else_=score.c.value)
    return (
        sa.select(
            node.c.kind,
            card.c.key.label("scorecard_key"),
            card.c.name.label("scorecard_name"),
            measure.c.id.label("measure_id"),
            measure.c.key.label("measure_key"),
            measure.c.name.label("measure_name"),
            value.label("value"),
            band.c.label,
            band.c.color,
        )
        .join_from(node, card, card.c.id == node.c.card_id)
        .outerjoin(measure, measure.c.id == node.c.measure_id)
        .outerjoin(
            score, sa.and_(score.c.node_id == node.c.id, score.c.record_id == record_id)
        )
        .outerjoin(band, band_holds(band, card.c.scheme_id, value))
        .where(
            card.c.id == sa.func.coalesce(assigned.scalar_subquery(), default),
            sa.or_(
                sa.and_(node.c.kind == OVERALL, card.c.id == thing_id),
                sa.and_(node.c.kind == MEASURE, measure.c.id == thing_id),
            ),
        )
        .limit(1)
    )


def _alias(row: Any) -> Any:
    return row.__table__.alias()


_SCORE: Final = (*OF_OVERALL, *SCORES)
TOPICS: Final = Topics(
    find=find,
    fields={
        "scorecard_key": ("ScorecardSection.scorecardKey",),
        "scorecard_name": ("ScorecardSection.scorecardName",),
        "measure_id": ("MeasureScore.measure",),
        "measure_key": ("MeasureScore.measure", "Measure.key"),
        "measure_name": ("MeasureScore.measure", "Measure.name"),
        "value": _SCORE,
        "label": (*_SCORE, "Score.label"),
        "color": (*_SCORE, "Score.color"),
    },
)
