"""What is known of records' scorecards, as the values that rules compute with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from cyclorama.plugins import CompanyRow, RelationshipRow, kind_of_id
from cyclorama.sections.scorecard.rules.bands import Band
from cyclorama.sections.scorecard.rules.cards import Card, Node
from cyclorama.sections.scorecard.rules.exceptions import (
    Criterion,
    Effect,
    ScoreException,
)
from cyclorama.sections.scorecard.rules.facts import Fact, Override, StalePolicy
from cyclorama.sections.scorecard.rules.trends import Comparator, week_start
from cyclorama.sections.scorecard.tables import (
    GROUP,
    MEASURE,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A record's card without its nodes."""

    card_id: str
    bands: Sequence[Band]
    row: Any
    """The columns of `CardRow`, and of `AssignmentRow` those of the override."""

    @property
    def override(self) -> Override | None:
        """The override of the overall score, whether or not it has ended."""
        if self.row.override_until is None or self.row.override_score is None:
            return None
        return Override(
            score=self.row.override_score,
            reason=self.row.override_reason or "",
            expires_at=self.row.override_until,
        )


@dataclass(slots=True, kw_only=True)
class State:
    """A record's card and what is known of its nodes."""

    settings: Settings
    nodes: list[Any]
    """Rows of `nodes_of`, in the card's order."""
    rows: dict[str, Any] = field(default_factory=dict)
    """By key of the node, of nodes that have a score or had one."""
    card: Card
    """The card as rules compute it."""

    @property
    def facts(self) -> dict[str, Fact]:
        """What is known of measures, by key."""
        return {k: fact_of(r) for k, r in self.rows.items() if r.kind == MEASURE}

    @property
    def entered(self) -> float | None:
        """The overall score of a card that does not roll up."""
        return self.rows[""].score if "" in self.rows else None

    def node(self, key: str) -> Any:
        """The row of the node with this key; None where there is none."""
        return next((n for n in self.nodes if n.key == key), None)


def _card(settings: Settings, nodes: Sequence[Any]) -> Card:
    row = settings.row
    groups = {n.id: n.key for n in nodes if n.kind == GROUP}
    return Card(
        nodes=[_node(n, groups) for n in nodes if n.key],
        bands=settings.bands,
        flat=row.flat,
        roll_up=row.roll_up,
        exceptions=[_exception(e) for e in row.exceptions],
        min_coverage=row.min_coverage,
        dead_band=row.dead_band,
    )


def fact_of(row: Any) -> Fact:
    """What a row says of a measure."""
    na_kind = row.na_kind or (None if row.score is not None else "NOT_SCORED")
    return Fact(
        score=row.score,
        na_kind=na_kind,
        previous=row.previous,
        set_at=row.set_at,
        validated_at=row.validated_at,
        comment=row.comment,
    )


def _node(row: Any, groups: Mapping[str, str]) -> Node:
    return Node(
        key=row.key,
        weight=row.weight,
        group=groups.get(row.group_id),
        is_group=row.kind == GROUP,
        validity_days=row.validity_days,
        stale_policy=StalePolicy(row.stale_policy or StalePolicy.COUNT.value),
    )


def _exception(given: Mapping[str, Any]) -> ScoreException:
    criteria = (
        Criterion(
            left=c["left"],
            key=c.get("key", ""),
            operator=c["operator"],
            values=tuple(c.get("values", ())),
        )
        for c in given["criteria"]
    )
    return ScoreException(
        key=given["key"],
        target=given.get("target"),
        any_of=given.get("any_of", False),
        criteria=tuple(criteria),
        effect=Effect(given["effect"]),
        value=given["value"],
        note=given.get("note", ""),
        active=given.get("active", True),
    )


@cache
def settings_of(kind: str, *, lock: bool = False) -> Select[Any]:
    """The cards of records of a kind, by the parameter `ids`, with their bands, a row for
    each band; with `lock` nobody else changes scores of these records until the
    transaction ends."""
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
def nodes_of(compared: str | None = None) -> Select[Any]:
    """The nodes of `cards` with what is known of them: a row for each record of `ids`
    that has a score, one without `record_id` where none has. With a comparator also what
    is `compared` of the only one of them, and the number of its newest event."""
    known = sa.and_(ScoreRow.node_id == NodeRow.id, ScoreRow.record_id.in_(IDS))
    further = [] if compared is None else _before(compared)
    scores = (c for c in ScoreRow.__table__.c if c.key != "node_id")
    return (
        select(
            *NodeRow.__table__.c,
            *scores,
            MeasureRow.name.label("measure_name"),
            MeasureRow.description,
            MeasureRow.input,
            MeasureRow.validity_days,
            MeasureRow.stale_policy,
            MeasureRow.comment_required,
            *further,
        )
        .join_from(NodeRow, ScoreRow, known, isouter=True)
        .outerjoin(MeasureRow, MeasureRow.id == NodeRow.measure_id)
        .where(NodeRow.card_id.in_(sa.bindparam("cards", expanding=True)))
        .order_by(NodeRow.position, NodeRow.id)
    )


def settings_by_record(rows: Sequence[Any]) -> dict[str, Settings]:
    """The rows of `settings_of` by record, of those that have a card."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        if row.card_id is not None:
            found.setdefault(row.record_id, []).append(row)
    return {r: _settings(own) for r, own in found.items()}


def _settings(rows: Sequence[Any]) -> Settings:
    bands = [
        Band(label=r.label, color=r.color, start=r.low, end=r.high, point=r.point)
        for r in rows
        if r.label is not None
    ]
    return Settings(card_id=rows[0].card_id, bands=bands, row=rows[0])


def state_of(record_id: str, settings: Settings, rows: Sequence[Any]) -> State:
    """What the rows of `nodes_of` say of a record."""
    own = [r for r in rows if r.card_id == settings.card_id]
    nodes = list({r.id: r for r in own}.values())
    return State(
        settings=settings,
        nodes=nodes,
        rows={r.key: r for r in own if r.record_id == record_id},
        card=_card(settings, nodes),
    )


async def states(execute: Execute, ids: Sequence[str]) -> dict[str, State]:
    """The states of records by id, of those that have a card: a statement for each kind
    of record and one more."""
    settings: dict[str, Settings] = {}
    for kind in RECORDS:
        own = sorted({i for i in ids if kind_of_id(i) == kind})
        if own:
            found = await execute(settings_of(kind), {"ids": own})
            settings |= settings_by_record(found)
    given = {
        "cards": sorted({s.card_id for s in settings.values()}),
        "ids": sorted(settings),
    }
    rows = await execute(nodes_of(), given) if settings else []
    return {r: state_of(r, s, rows) for r, s in settings.items()}


def _before(comparator: str) -> list[Any]:
    """The value that the current one is compared with, unless it is the one before: that
    is known once it has changed; and the number of the newest event."""
    where = EventRow.day < sa.bindparam("before", type_=sa.Date())
    if comparator == Comparator.AT_LAST_RENEWAL.value:
        where = EventRow.kind == "RENEW"
    newest = (
        select(EventRow.value)
        .where(EventRow.record_id.in_(IDS), EventRow.node_id == NodeRow.id, where)
        .order_by(EventRow.day.desc(), EventRow.number.desc())
        .limit(1)
    )
    number = select(func.max(EventRow.number)).where(EventRow.record_id.in_(IDS))
    return [
        newest.scalar_subquery().label("compared"),
        number.scalar_subquery().label("newest_event"),
    ]


def closed_before(comparator: str, today: date) -> date:
    """The day before whose begin the score is the one to compare with."""
    if comparator == Comparator.LAST_MONTH.value:
        return today.replace(day=1)
    if comparator == Comparator.LAST_QUARTER.value:
        return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    return week_start(today)
