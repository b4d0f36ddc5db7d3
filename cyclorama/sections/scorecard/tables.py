"""The tables of Scorecard: schemes, measures, cards with their nodes, scores, events."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.plugins import KEY, Row, json, key_column

OVERALL, GROUP, MEASURE = "OVERALL", "GROUP", "MEASURE"
"""The kinds of nodes; a card has one OVERALL node, with an empty key."""


class SchemeRow(Row):
    """A lens on scores; `kind` is NUMERIC, GRADE or COLOR."""

    __tablename__ = "scorecard_scheme"

    id: Mapped[str] = key_column()
    kind: Mapped[str] = mapped_column(KEY, unique=True)


class BandRow(Row):
    """Scores above `low` up to `high`; the first band (position 0) holds 0, too."""

    __tablename__ = "scorecard_band"
    __table_args__ = (UniqueConstraint("scheme_id", "position"),)

    id: Mapped[str] = key_column()
    scheme_id: Mapped[str] = mapped_column(KEY, ForeignKey("scorecard_scheme.id"))
    position: Mapped[int]
    label: Mapped[str]
    color: Mapped[str] = mapped_column(KEY)
    low: Mapped[int]
    high: Mapped[int]
    point: Mapped[float | None]


class MeasureRow(Row):
    """What is scored, of companies or of relationships; `input` is MANUAL, AUTOMATED or
    ROLLUP, `stale_policy` COUNT, EXCLUDE or DECAY."""

    __tablename__ = "scorecard_measure"
    __table_args__ = (UniqueConstraint("record_kind", "key"),)

    id: Mapped[str] = key_column()
    record_kind: Mapped[str] = mapped_column(KEY)
    key: Mapped[str] = mapped_column(KEY)
    name: Mapped[str]
    description: Mapped[str | None]
    input: Mapped[str] = mapped_column(KEY, default="MANUAL")
    validity_days: Mapped[int | None]
    stale_policy: Mapped[str] = mapped_column(KEY, default="COUNT")
    comment_required: Mapped[bool] = mapped_column(default=False)
    rollup: Mapped[dict[str, Any] | None] = mapped_column(json())
    """Of a ROLLUP measure: how scores of relationships become one, as `rules` reads it."""


class HelpRow(Row):
    """What a level of a measure means."""

    __tablename__ = "scorecard_help"
    __table_args__ = (UniqueConstraint("measure_id", "position"),)

    id: Mapped[str] = key_column()
    measure_id: Mapped[str] = mapped_column(KEY, ForeignKey("scorecard_measure.id"))
    position: Mapped[int]
    label: Mapped[str]
    text: Mapped[str]


class CardRow(Row):
    """A scorecard; `exceptions` are a list of objects as `rules` reads them."""

    __tablename__ = "scorecard_card"
    __table_args__ = (UniqueConstraint("record_kind", "key"),)

    id: Mapped[str] = key_column()
    record_kind: Mapped[str] = mapped_column(KEY)
    key: Mapped[str] = mapped_column(KEY)
    name: Mapped[str]
    scheme_id: Mapped[str] = mapped_column(KEY, ForeignKey("scorecard_scheme.id"))
    is_default: Mapped[bool] = mapped_column(default=False)
    rank: Mapped[int] = mapped_column(default=0)
    roll_up: Mapped[bool] = mapped_column(default=True)
    flat: Mapped[bool] = mapped_column(default=False)
    min_coverage: Mapped[float] = mapped_column(default=0.0)
    dead_band: Mapped[int] = mapped_column(default=0)
    comparator: Mapped[str] = mapped_column(KEY, default="LAST_WEEK")
    exceptions: Mapped[list[Any]] = mapped_column(json(), default=list)
    criteria: Mapped[list[Any]] = mapped_column(json(), default=list)
    """Clauses on records, as objects; the card applies where all of them hold."""
    children: Mapped[dict[str, Any] | None] = mapped_column(json())
    """How the scores of the companies below one become one, as `rules` reads it."""
    version: Mapped[int] = mapped_column(default=1)
    """Grows with every change of what scores are computed by."""


class NodeRow(Row):
    """A part of a card: its overall score, a group, or a measure."""

    __tablename__ = "scorecard_node"
    __table_args__ = (
        UniqueConstraint("card_id", "key"),
        Index("ix_scorecard_node_group", "group_id"),
    )

    id: Mapped[str] = key_column()
    card_id: Mapped[str] = mapped_column(KEY, ForeignKey("scorecard_card.id"))
    kind: Mapped[str] = mapped_column(KEY)
    key: Mapped[str] = mapped_column(KEY)
    name: Mapped[str]
    group_id: Mapped[str | None] = mapped_column(KEY, ForeignKey("scorecard_node.id"))
    measure_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("scorecard_measure.id")
    )
    weight: Mapped[float] = mapped_column(default=1.0)
    position: Mapped[int] = mapped_column(default=0)


class AssignmentRow(Row):
    """The card of a record that has another than the default one, and the override of
    its overall score."""

    __tablename__ = "scorecard_assignment"

    record_id: Mapped[str] = mapped_column(KEY, primary_key=True)
    card_id: Mapped[str] = mapped_column(KEY, ForeignKey("scorecard_card.id"))
    by_rule: Mapped[bool] = mapped_column(default=False)
    """Whether criteria have chosen the card; nobody else's choice is changed by them."""
    since: Mapped[datetime | None]
    """When the record came to the card; null where that is not known."""
    override_score: Mapped[float | None]
    override_reason: Mapped[str | None]
    override_until: Mapped[datetime | None]
    pin_reason: Mapped[str | None]
    pinned_until: Mapped[datetime | None]
    """When criteria decide again on a card that somebody has given; null: never."""
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    """Grows with every change of the row."""


class ScoreRow(Row):
    """What is known of a node of a record's card. `score` is exact, `value` as it is
    shown; `computed` is the score before exceptions and overrides."""

    __tablename__ = "scorecard_score"
    __table_args__ = (Index("ix_scorecard_score_value", "node_id", "value"),)

    record_id: Mapped[str] = mapped_column(KEY, primary_key=True)
    node_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("scorecard_node.id"), primary_key=True
    )
    score: Mapped[float | None]
    value: Mapped[int | None]
    computed: Mapped[float | None]
    na_kind: Mapped[str | None] = mapped_column(KEY)
    previous: Mapped[float | None]
    base: Mapped[int | None]
    """What the trend compares with until `base_until`, null: without end; from that day
    on with the value itself, as nothing has changed in the meantime."""
    base_until: Mapped[date | None]
    set_at: Mapped[datetime | None]
    validated_at: Mapped[datetime | None]
    stale_after: Mapped[datetime | None]
    """The instant after which it, or the first measure in it, is stale."""
    expires: Mapped[bool] = mapped_column(default=False)
    """Whether it no longer counts once it is stale."""
    comment: Mapped[str | None] = mapped_column(Text())
    changed: Mapped[str | None]
    """The exception or the override that changed it, in words."""


class ReviewRow(Row):
    """What somebody found of the overall score of a record in a quarter: AGREE or
    DISAGREE with the `value` that it had."""

    __tablename__ = "scorecard_review"
    __table_args__ = (UniqueConstraint("record_id", "quarter"),)

    id: Mapped[str] = key_column()
    record_id: Mapped[str] = mapped_column(KEY)
    quarter: Mapped[str] = mapped_column(KEY)
    """As 2026-Q1."""
    verdict: Mapped[str] = mapped_column(KEY)
    note: Mapped[str | None] = mapped_column(Text())
    value: Mapped[int]
    reviewer_id: Mapped[str] = mapped_column(KEY, ForeignKey("app_user.id"))
    at: Mapped[datetime]


class EventRow(Row):
    """A score of a node from a day on, with the band as it was then; `kind` is SET,
    RENEW, CLEAR or RECALC, or COMMENT where only the comment is another. A record's
    events are numbered in their order."""

    __tablename__ = "scorecard_event"
    __table_args__ = (
        Index("ix_scorecard_event_node", "record_id", "node_id", "day", "number"),
        UniqueConstraint("record_id", "number"),
    )

    id: Mapped[str] = key_column()
    record_id: Mapped[str] = mapped_column(KEY)
    number: Mapped[int]
    node_id: Mapped[str] = mapped_column(KEY, ForeignKey("scorecard_node.id"))
    kind: Mapped[str] = mapped_column(KEY)
    day: Mapped[date]
    at: Mapped[datetime]
    score: Mapped[float | None]
    value: Mapped[int | None]
    label: Mapped[str | None]
    color: Mapped[str | None] = mapped_column(KEY)
    comment: Mapped[str | None] = mapped_column(Text())
    actor_kind: Mapped[str] = mapped_column(KEY)
    actor_id: Mapped[str | None] = mapped_column(KEY)
