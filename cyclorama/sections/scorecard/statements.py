"""The statements that read what is known of records' scorecards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
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
ID: Any = sa.bindparam("id", type_=sa.String())
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
    each band; with `lock` the card of the record `id`, also as `lock_of`, but that a card
    is shown as it was before the statement had to wait."""
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
            func.coalesce(AssignmentRow.version, 0).label("given"),
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
        .where(record.id == ID if lock else record.id.in_(IDS))
        .order_by(record.id, BandRow.position)
    )
    return query.with_for_update(key_share=True, of=record) if lock else query


_NODES = (
    *NodeRow.__table__.c,
    MeasureRow.name.label("measure_name"),
    MeasureRow.description,
    MeasureRow.input,
    MeasureRow.validity_days,
    MeasureRow.stale_policy,
    MeasureRow.comment_required,
    MeasureRow.rollup,
)
_SCORES = tuple(c for c in ScoreRow.__table__.c if c.key != "node_id")


def _of_cards(columns: Sequence[Any], known: Any, cards: Any) -> Select[Any]:
    return (
        select(*columns, CardRow.version, *_SCORES)
        .join_from(NodeRow, CardRow, CardRow.id == NodeRow.card_id)
        .outerjoin(ScoreRow, sa.and_(ScoreRow.node_id == NodeRow.id, known))
        .where(cards)
        .order_by(NodeRow.position, NodeRow.id)
    )


def _with_measures(query: Select[Any]) -> Select[Any]:
    return query.outerjoin(MeasureRow, MeasureRow.id == NodeRow.measure_id)


@cache
def nodes_of() -> Select[Any]:
    """The nodes of `cards` with what is known of them: a row for each record of `ids`
    that has a score, one without `record_id` where none has."""
    known = ScoreRow.record_id.in_(IDS)
    cards = NodeRow.card_id.in_(sa.bindparam("cards", expanding=True))
    return _with_measures(_of_cards(_NODES, known, cards))


@cache
def nodes_of_one(*, whole: bool) -> Select[Any]:
    """As `nodes_of`, of the one record `id` and its `card`, with the number of the
    record's newest event and the version of what it was given; of the nodes no more than
    their keys, unless `whole`."""
    number = select(func.max(EventRow.number)).where(EventRow.record_id == ID)
    newest = number.scalar_subquery().label("newest_event")
    version = select(AssignmentRow.version).where(AssignmentRow.record_id == ID)
    given = func.coalesce(version.scalar_subquery(), 0).label("given")
    columns = _NODES if whole else (NodeRow.id, NodeRow.key, NodeRow.kind)
    card = NodeRow.card_id == sa.bindparam("card", type_=sa.String())
    query = _of_cards((*columns, newest, given), ScoreRow.record_id == ID, card)
    return _with_measures(query) if whole else query


_WHOLE: Final = {WHOLE: True}


def executing(session: AsyncSession) -> Execute:
    """Statements in the transaction of a session, which read all rows whoever asks:
    scores are the organisation's, and who may change them was decided before."""

    async def execute(statement: Any, values: Mapping[str, Any]) -> Sequence[Any]:
        at = await connection_of(session)
        return (await at.execute(statement, values, execution_options=_WHOLE)).all()

    return execute


async def connection_of(session: AsyncSession) -> AsyncConnection:
    """The connection of a session, for statements without objects, once the session has
    sent what it holds."""
    if session.new or session.dirty or session.deleted:
        await session.flush()
    return await session.connection()
