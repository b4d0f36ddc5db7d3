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
OF_CARD: Final = "of_card_"
"""What the names of a card's columns begin with beside those of its nodes."""


@cache
def lock_of(kind: str) -> Select[Any]:
    """Records of a kind, by the parameter `ids`: nobody else changes their scores until
    the transaction ends. It comes before all that is read of them, as a statement sees
    what was there when it began to wait."""
    id = RECORDS[kind].id
    query = select(id).where(id.in_(IDS)).order_by(id)
    return query.with_for_update(key_share=True)


@cache
def numbers_of(kind: str) -> Select[Any]:
    """The number of the newest event of each record of a kind, by the parameter `ids`;
    null where there is none."""
    record = RECORDS[kind]
    number = select(func.max(EventRow.number)).where(EventRow.record_id == record.id)
    newest = number.correlate(record).scalar_subquery()
    return select(record.id, newest).where(record.id.in_(IDS))


_GIVEN = (
    AssignmentRow.override_score,
    AssignmentRow.override_reason,
    AssignmentRow.override_until,
    func.coalesce(AssignmentRow.version, 0).label("given"),
)
"""What a record was given by hand."""
_BAND = (BandRow.label, BandRow.color, BandRow.low, BandRow.high, BandRow.point)


def _card_of(kind: str) -> Any:
    """The id of a record's card, beside its assignment."""
    default = aliased(CardRow)
    usual = (
        select(default.id)
        .where(default.record_kind == kind.upper(), default.is_default)
        .order_by(default.rank, default.id)
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(AssignmentRow.card_id, usual)


def _assigned(query: Select[Any], record: Any) -> Select[Any]:
    own = AssignmentRow.record_id == record.id
    return query.join_from(record, AssignmentRow, own, isouter=True)


@cache
def settings_of(kind: str, *, lock: bool = False) -> Select[Any]:
    """The cards of records of a kind, by the parameter `ids`, with their bands, a row for
    each band; with `lock` the card of the record `id`, also as `lock_of`, but that a card
    is shown as it was before the statement had to wait."""
    record = RECORDS[kind]
    columns = (c for c in CardRow.__table__.c if c.key != "id")
    chosen = select(
        record.id.label("record_id"),
        *columns,
        CardRow.id.label("card_id"),
        *_GIVEN,
        *_BAND,
    )
    query = (
        _assigned(chosen, record)
        .outerjoin(CardRow, CardRow.id == _card_of(kind))
        .outerjoin(BandRow, BandRow.scheme_id == CardRow.scheme_id)
        .where(record.id == ID if lock else record.id.in_(IDS))
        .order_by(record.id, BandRow.position)
    )
    return query.with_for_update(key_share=True, of=record) if lock else query


@cache
def scores_of(kind: str) -> Select[Any]:
    """The cards of records of a kind, by the parameter `ids`, and what is known of nodes,
    of whatever card: a row for each, one without a node where nothing is known."""
    record = RECORDS[kind]
    columns = (c for c in ScoreRow.__table__.c if c.key != "record_id")
    card = _card_of(kind).label("card_id")
    chosen = select(record.id.label("record_id"), card, *_GIVEN, *columns)
    return (
        _assigned(chosen, record)
        .outerjoin(ScoreRow, ScoreRow.record_id == record.id)
        .where(record.id.in_(IDS))
    )


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


@cache
def cards_of() -> Select[Any]:
    """The cards with these ids, by the parameter `cards`: a row for each node and band,
    nodes in their order and bands from the lowest up."""
    cards = CardRow.id.in_(sa.bindparam("cards", expanding=True))
    columns = (c.label(f"{OF_CARD}{c.key}") for c in CardRow.__table__.c)
    return (
        select(*_NODES, *columns, *_BAND)
        .join_from(CardRow, NodeRow, NodeRow.card_id == CardRow.id, isouter=True)
        .outerjoin(MeasureRow, MeasureRow.id == NodeRow.measure_id)
        .outerjoin(BandRow, BandRow.scheme_id == CardRow.scheme_id)
        .where(cards)
        .order_by(NodeRow.position, NodeRow.id, BandRow.position)
    )


@cache
def nodes_of_one(*, whole: bool) -> Select[Any]:
    """The nodes of the card `card` with what is known of them of the record `id`, without
    `record_id` where that is nothing; with the number of the record's newest event and the
    version of what it was given; of the nodes no more than their keys, unless `whole`."""
    number = select(func.max(EventRow.number)).where(EventRow.record_id == ID)
    newest = number.scalar_subquery().label("newest_event")
    version = select(AssignmentRow.version).where(AssignmentRow.record_id == ID)
    given = func.coalesce(version.scalar_subquery(), 0).label("given")
    nodes = _NODES if whole else (NodeRow.id, NodeRow.key)
    known = sa.and_(ScoreRow.node_id == NodeRow.id, ScoreRow.record_id == ID)
    query = (
        select(*nodes, newest, given, CardRow.version, *_SCORES)
        .join_from(NodeRow, CardRow, CardRow.id == NodeRow.card_id)
        .outerjoin(ScoreRow, known)
        .where(NodeRow.card_id == sa.bindparam("card", type_=sa.String()))
        .order_by(NodeRow.position, NodeRow.id)
    )
    if not whole:
        return query
    return query.outerjoin(MeasureRow, MeasureRow.id == NodeRow.measure_id)


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
