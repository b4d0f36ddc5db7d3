"""The statements that read what is known of records' scorecards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import aliased

from cyclorama.plugins import CompanyRow, Direct, RelationshipRow, direct
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
def settings_of(kind: str) -> Select[Any]:
    """The cards of records of a kind, by the parameter `ids`, with their bands, a row for
    each band."""
    record = RECORDS[kind]
    columns = (c for c in CardRow.__table__.c if c.key != "id")
    chosen = select(
        record.id.label("record_id"),
        *columns,
        CardRow.id.label("card_id"),
        *_GIVEN,
        *_BAND,
    )
    return (
        _assigned(chosen, record)
        .outerjoin(CardRow, CardRow.id == _card_of(kind))
        .outerjoin(BandRow, BandRow.scheme_id == CardRow.scheme_id)
        .where(record.id.in_(IDS))
        .order_by(record.id, BandRow.position)
    )


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
def lock_of_one(kind: str) -> Select[Any]:
    """As `lock_of` the record `id`."""
    record = RECORDS[kind].id
    return select(record).where(record == ID).with_for_update(key_share=True)


@cache
def known_of_one(kind: str) -> Select[Any]:
    """The card of the record `id`, its version, what the record was given and the number
    of its newest event, with what is known of nodes, of whatever card: a row for each, one
    without a node where nothing is known."""
    record = RECORDS[kind]
    number = select(func.max(EventRow.number)).where(EventRow.record_id == ID)
    newest = number.scalar_subquery().label("newest_event")
    card = CardRow.id.label("card_id")
    chosen = select(card, CardRow.version, *_GIVEN, newest, *ScoreRow.__table__.c)
    return (
        _assigned(chosen, record)
        .outerjoin(CardRow, CardRow.id == _card_of(kind))
        .outerjoin(ScoreRow, ScoreRow.record_id == record.id)
        .where(record.id == ID)
    )


def executing(at: Direct | AsyncSession) -> Execute:
    """Statements in a writing transaction, which read all rows whoever asks: scores are
    the organisation's, and who may change them was decided before."""
    return direct(at).execute


async def connection_of(session: AsyncSession) -> AsyncConnection:
    """The connection of a session, for statements without objects, once the session has
    sent what it holds."""
    if session.new or session.dirty or session.deleted:
        await session.flush()
    return await session.connection()
