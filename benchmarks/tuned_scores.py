"""The scorecard of the tuned variant: one statement for all scores, one for the history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from benchmarks.arithmetic import NO_SCORE, closes, score
from benchmarks.shapes import Measure, Score, ScorePoint
from benchmarks.tuned_sections import Info, Private, rows_of, today_of
from benchmarks.tuned_statements import KEYS, WEEK
from cyclorama.sections.scorecard.tables import (
    AssignmentRow,
    BandRow,
    CardRow,
    EventRow,
    MeasureRow,
    NodeRow,
    ScoreRow,
)
from cyclorama.storage.rows import CompanyRow


def _cards() -> Any:
    """The companies of the batch with the ids of their cards."""
    default = aliased(CardRow)
    usual = (
        select(default.id)
        .where(default.record_kind == "COMPANY", default.is_default)
        .order_by(default.rank, default.id)
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            CompanyRow.id.label("record"),
            func.coalesce(AssignmentRow.card_id, usual).label("card"),
        )
        .outerjoin(AssignmentRow, AssignmentRow.record_id == CompanyRow.id)
        .where(CompanyRow.id == func.any(KEYS))
        .subquery()
    )


def _scores() -> Any:
    """All nodes of the cards with measures, scores and bands."""
    of = _cards()
    gone = sa.and_(ScoreRow.expires, ScoreRow.stale_after < func.now())
    value = sa.case((gone, None), else_=ScoreRow.value)
    inside = sa.or_(value > BandRow.low, BandRow.position == 0)
    band = sa.and_(
        BandRow.scheme_id == CardRow.scheme_id, value <= BandRow.high, inside
    )
    own = sa.and_(ScoreRow.node_id == NodeRow.id, ScoreRow.record_id == of.c.record)
    return (
        select(
            of.c.record,
            CardRow.name.label("card"),
            CardRow.dead_band,
            NodeRow.id,
            NodeRow.kind,
            NodeRow.key,
            NodeRow.name,
            NodeRow.weight,
            NodeRow.group_id,
            MeasureRow.key.label("measure_key"),
            MeasureRow.name.label("measure_name"),
            ScoreRow.value,
            ScoreRow.base,
            ScoreRow.base_until,
            sa.type_coerce(ScoreRow.stale_after, sa.DateTime(timezone=True)).label(
                "stale_after"
            ),
            ScoreRow.expires,
            BandRow.label,
            BandRow.color,
        )
        .select_from(of)
        .join(CardRow, CardRow.id == of.c.card)
        .join(NodeRow, NodeRow.card_id == CardRow.id)
        .outerjoin(MeasureRow, MeasureRow.id == NodeRow.measure_id)
        .outerjoin(ScoreRow, own)
        .outerjoin(BandRow, band)
        .order_by(NodeRow.position, NodeRow.id)
    )


def _history() -> Any:
    """The last event of each week, and of all the time before."""
    of = _cards()
    week = func.greatest(
        func.date_trunc("week", EventRow.day).cast(sa.Date), WEEK - sa.literal(7)
    )
    order = (EventRow.record_id, week, EventRow.day.desc(), EventRow.number.desc())
    overall = sa.and_(NodeRow.card_id == of.c.card, NodeRow.kind == "OVERALL")
    return (
        select(
            EventRow.record_id.label("record"),
            EventRow.day,
            EventRow.value,
            EventRow.label,
            EventRow.color,
        )
        .select_from(of)
        .join(NodeRow, overall)
        .join(
            EventRow,
            sa.and_(EventRow.record_id == of.c.record, EventRow.node_id == NodeRow.id),
        )
        .ext(distinct_on(EventRow.record_id, week))
        .order_by(*order)
    )


SCORES, HISTORY = _scores(), _history()


@strawberry.type
class MeasureScore:
    measure: Measure
    score: Score


@strawberry.type
class GroupScore:
    key: str
    name: str
    weight: float
    score: Score
    measures: list[MeasureScore]


@strawberry.type
class Scorecard:
    record: Private[str]
    scorecard_name: str
    overall: Score
    groups: list[GroupScore]

    @strawberry.field
    async def history(self, info: Info, weeks: int = 18) -> list[ScorePoint]:
        rows = await rows_of(info, HISTORY, self.record)
        return closes(rows, weeks, today_of(info))


async def health_of(info: Info, record: str) -> Score:
    """The overall score."""
    rows = await rows_of(info, SCORES, record)
    return next((_score(info, r) for r in rows if r.kind == "OVERALL"), NO_SCORE)


async def scorecard_of(info: Info, record: str) -> Scorecard:
    """All scores of a company."""
    rows = await rows_of(info, SCORES, record)
    groups = {
        r.id: GroupScore(
            key=r.key, name=r.name, weight=r.weight, score=_score(info, r), measures=[]
        )
        for r in rows
        if r.kind == "GROUP"
    }
    for row in rows:
        if row.group_id is not None:
            measure = Measure(key=row.measure_key, name=row.measure_name)
            one = MeasureScore(measure=measure, score=_score(info, row))
            groups[row.group_id].measures.append(one)
    return Scorecard(
        record=record,
        scorecard_name=rows[0].card if rows else "",
        overall=await health_of(info, record),
        groups=list(groups.values()),
    )


def _score(info: Info, row: Any) -> Score:
    return score(row, row, row.dead_band, datetime.now(UTC), today_of(info))
