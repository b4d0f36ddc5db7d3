"""The statements that read what is known of records' scorecards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from cyclorama.plugins import WHOLE, CompanyRow, RelationshipRow
from cyclorama.sections.scorecard.tables import (
    AssignmentRow,
    BandRow,
    CardRow,
    EventRow,
    MeasureRow,
    NodeRow,
    ScoreRow,
)

Execute = Callable[[Any, Mapping[str, Any]], Awaitable[Sequence[Any]]]
"""Sends a statement with parameters and gives its rows."""
IDS: Any = sa.bindparam("ids", expanding=True)
RECORDS: Mapping[str, Any] = {"company": CompanyRow, "relationship": RelationshipRow}
KINDS = ("relationship", "company")
"""Companies last, as what relationships have changes theirs."""
NUMBERS = (
    select(EventRow.record_id, func.max(EventRow.number))
    .where(EventRow.record_id.in_(IDS))
    .group_by(EventRow.record_id)
)
"""The number of the newest event of each record."""


@cache
def lock_of(kind: str) -> Select[Any]:
    """Records of a kind, by the parameter `ids`: nobody else changes their scores until
    the transaction ends. It comes before all that is read of them, as a statement sees
    what was there when it began to wait."""
    id = RECORDS[kind].id
    query = select(id).where(id.in_(IDS)).order_by(id)
    return query.with_for_update(key_share=True)


@cache
def settings_of(kind: str, *, lock: bool = False) -> Select[Any]:
    """The cards of records of a kind, by the parameter `ids`, with their bands, a row for
    each band; with `lock` also as `lock_of`, but that a card is shown as it was before
    the statement had to wait."""
    record, default = RECORDS[kind], aliased(CardRow)
    usual = (
        select(default.id)
        .where(default.record_kind == kind.upper(), default.is_default)
        .order_by(default.rank, default.id)
        .limit(1)
        .scalar_subquery()
    )
    card = func.coalesce(AssignmentRow.card_id, usual)
    query = (
        select(
            record.id.label("record_id"),
            *(c for c in CardRow.__table__.c if c.key != "id"),
            CardRow.id.label("card_id"),
            AssignmentRow.override_score,
            AssignmentRow.override_reason,
            AssignmentRow.override_until,
            BandRow.label,
            BandRow.color,
            BandRow.low,
            BandRow.high,
            BandRow.point,
        )
        .join_from(
            record, AssignmentRow, AssignmentRow.record_id == record.id, isouter=True
        )
        .outerjoin(CardRow, CardRow.id == card)
        .outerjoin(BandRow, BandRow.scheme_id == CardRow.scheme_id)
        .where(record.id.in_(IDS))
        .order_by(record.id, BandRow.position)
    )
    return query.with_for_update(key_share=True, of=record) if lock else query


@cache
def nodes_of(*, numbered: bool = False) -> Select[Any]:
    """The nodes of `cards` with what is known of them: a row for each record of `ids`
    that has a score, one without `record_id` where none has; `numbered` with the number
    of the newest event of the only record."""
    known = sa.and_(ScoreRow.node_id == NodeRow.id, ScoreRow.record_id.in_(IDS))
    number = select(func.max(EventRow.number)).where(EventRow.record_id.in_(IDS))
    further = [number.scalar_subquery().label("newest_event")] if numbered else []
    scores = (c for c in ScoreRow.__table__.c if c.key != "node_id")
    return (
        select(
            *NodeRow.__table__.c,
            CardRow.version,
            *scores,
            MeasureRow.name.label("measure_name"),
            MeasureRow.description,
            MeasureRow.input,
            MeasureRow.validity_days,
            MeasureRow.stale_policy,
            MeasureRow.comment_required,
            MeasureRow.rollup,
            *further,
        )
        .join_from(NodeRow, CardRow, CardRow.id == NodeRow.card_id)
        .outerjoin(ScoreRow, known)
        .outerjoin(MeasureRow, MeasureRow.id == NodeRow.measure_id)
        .where(NodeRow.card_id.in_(sa.bindparam("cards", expanding=True)))
        .order_by(NodeRow.position, NodeRow.id)
    )


def executing(session: AsyncSession) -> Execute:
    """Statements in the transaction of a session, which read all rows whoever asks:
    scores are the organisation's, and who may change them was decided before."""

    async def execute(statement: Any, values: Mapping[str, Any]) -> Sequence[Any]:
        whole = {WHOLE: True}
        return (await session.execute(statement, values, execution_options=whole)).all()

    return execute
