"""The rows that Scorecard shows: nodes of the record's card with score, band and trend."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Dialect, Select, func, select
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator

from cyclorama.plugins import (
    Arg,
    CompanyRow,
    Env,
    InvalidInputError,
    Trend,
    add_days,
    arg,
    now,
    record,
    today,
    unless_masked,
    weeks_back,
)
from cyclorama.sections.scorecard.config import ScorecardConfig
from cyclorama.sections.scorecard.masks import SCORES
from cyclorama.sections.scorecard.rules.trends import MOST_WEEKS
from cyclorama.sections.scorecard.tables import (
    GROUP,
    MEASURE,
    OVERALL,
    AssignmentRow,
    BandRow,
    CardRow,
    EventRow,
    MeasureRow,
    NodeRow,
    ScoreRow,
)

KIND = record.by_kind(
    company=sa.literal("COMPANY"), relationship=sa.literal("RELATIONSHIP")
)


def _alias(row: Any) -> Any:
    """Another row of a table. Not of the mapped class, whose columns would carry copies of
    it into the template: what is correlated has to be the very same."""
    return row.__table__.alias()


def default_card(kind: Any) -> ColumnElement[Any]:
    """The id of the card of a kind of records that applies to those without their own."""
    default = _alias(CardRow)
    return (
        select(default.c.id)
        .where(default.c.record_kind == kind, default.c.is_default)
        .order_by(default.c.rank, default.c.id)
        .limit(sa.literal_column("1"))
        .scalar_subquery()
    )


def active_card() -> ColumnElement[Any]:
    """The id of the record's card: its own, or the default of its kind."""
    assigned = _alias(AssignmentRow)
    own = select(assigned.c.card_id).where(assigned.c.record_id == record.id)
    return func.coalesce(own.scalar_subquery(), default_card(KIND))


def band_holds(band: Any, scheme: Any, value: Any) -> ColumnElement[bool]:
    """Whether this is the band of a shown value in a scheme, which begins at 0."""
    above = sa.or_(value > band.c.low, band.c.position == 0)
    return sa.and_(band.c.scheme_id == scheme, value <= band.c.high, above)


_NO_COMMENT: Any = sa.cast(sa.null(), sa.Text())


def scored(*where: Any, node: Any, comments: bool = True) -> Select[Any]:
    """Nodes with the record's scores, as rows of `SCORED`, with their comments or
    without."""
    card, score, band = _alias(CardRow), _alias(ScoreRow), _alias(BandRow)
    measure = _alias(MeasureRow)
    stale = func.coalesce(score.c.stale_after < now, sa.false())
    expired = sa.and_(score.c.expires, score.c.stale_after < now)
    value = sa.case((expired, sa.null()), else_=score.c.value)
    rows = (
        select(
            node.c.id,
            node.c.key,
            node.c.name,
            node.c.weight,
            node.c.position,
            node.c.measure_id,
            measure.c.key.label("measure_key"),
            measure.c.name.label("measure_name"),
            measure.c.description,
            measure.c.input,
            measure.c.validity_days,
            value.label("value"),
            band.c.label,
            band.c.color,
            sa.case((expired, "EXPIRED"), else_=score.c.na_kind).label("na_kind"),
            sa.case(
                (score.c.base_until <= today, score.c.value), else_=score.c.base
            ).label("compared"),
            score.c.set_at,
            score.c.validated_at,
            stale.label("stale"),
            (score.c.comment if comments else _NO_COMMENT).label("comment"),
            card.c.dead_band,
        )
        .join_from(node, card, card.c.id == node.c.card_id)
        .outerjoin(
            score, sa.and_(score.c.node_id == node.c.id, score.c.record_id == record.id)
        )
        .outerjoin(measure, measure.c.id == node.c.measure_id)
        .outerjoin(band, band_holds(band, card.c.scheme_id, value))
        .where(*where)
        .subquery()
    )
    c = rows.c
    plain = (x for x in c if x.key not in ("na_kind", "dead_band"))
    return select(*plain, *_derived(c))


def _derived(c: Any) -> list[Any]:
    """What follows of a score and of what it is compared with."""
    delta = c.value - c.compared
    missing = sa.case((c.value.is_(None), func.coalesce(c.na_kind, "NOT_SCORED")))
    trend = sa.case(
        (c.value.is_(None), Trend.NONE.value),
        (c.compared.is_(None), Trend.NEW.value),
        (func.abs(delta) <= c.dead_band, Trend.FLAT.value),
        (delta > 0, Trend.UP.value),
        else_=Trend.DOWN.value,
    )
    return [
        missing.label("na_kind"),
        trend.label("trend"),
        delta.label("delta"),
        c.compared.label("previous"),
    ]


_made = scored(node=_alias(NodeRow))
SCORED = sa.table(
    "scorecard_scored", *(sa.column(str(c.key), c.type) for c in _made.selected_columns)
)
"""A node of the record's card with its score, as it is shown."""
_Top, _Card = _alias(NodeRow), _alias(CardRow)
OVERALL_SCORE = record.row(
    scored(_Top.c.card_id == active_card(), _Top.c.kind == OVERALL, node=_Top)
)
"""The overall score; nulls without a scorecard."""
_overall = [
    sa.type_coerce(OVERALL_SCORE.c[c.key], c.type).label(c.key)
    for c in SCORED.c
    if c.key not in ("trend", "stale", "na_kind")
]
OVERALL_TREND = func.coalesce(OVERALL_SCORE.c.trend, Trend.NONE.value)
_whole = [
    *_overall,
    OVERALL_TREND.label("trend"),
    func.coalesce(OVERALL_SCORE.c.stale, sa.false()).label("stale"),
    sa.case(
        (
            OVERALL_SCORE.c.value.is_(None),
            func.coalesce(OVERALL_SCORE.c.na_kind, "NOT_SCORED"),
        )
    ).label("na_kind"),
]
CARD = record.row(
    select(
        _Card.c.id, _Card.c.key, _Card.c.name, _Card.c.scheme_id, _Card.c.roll_up
    ).where(_Card.c.id == active_card())
)


_kept = _alias(AssignmentRow)
GIVEN = record.row(
    select(
        _kept.c.since, _kept.c.by_rule, _kept.c.pin_reason, _kept.c.pinned_until
    ).where(_kept.c.record_id == record.id)
)
"""What was decided about the record's card; nulls where nothing was."""


def pin_lasts() -> ColumnElement[bool]:
    """Whether somebody has given the record its card, and that lasts."""
    lasts = func.coalesce(GIVEN.c.pinned_until > now, sa.true())
    return func.coalesce(sa.and_(~GIVEN.c.by_rule, lasts), sa.false())


def pin_reason(config: ScorecardConfig) -> ColumnElement[Any]:
    """Why somebody has given the record its card, where the layout shows comments."""
    shown = pin_lasts() if config.show_comments else sa.false()
    return sa.case((shown, GIVEN.c.pin_reason))


_event, _given = _alias(EventRow), _alias(AssignmentRow)
VERSION = func.coalesce(
    select(func.max(_event.c.number))
    .where(_event.c.record_id == record.id)
    .scalar_subquery(),
    0,
) + func.coalesce(
    select(_given.c.version).where(_given.c.record_id == record.id).scalar_subquery(), 0
)
"""As `State.version`."""
COMMENTED = sa.table(
    "scorecard_commented",
    *(sa.column(n, SCORED.c[n].type) for n in ("id", "comment", "set_at")),
    sa.column("place", sa.Integer()),
    sa.column("actor_id", sa.String()),
)
"""A comment that was written on a score."""


def comments(config: ScorecardConfig) -> Select[Any]:
    """The comments on the measure whose row this is."""
    rows = _written(SCORED.c.id)
    # It is never null; the other column says that a mask of it hides these, too.
    text = func.coalesce(rows.c.comment, SCORED.c.comment)
    return _said(rows, text, config)


def overall_comments(config: ScorecardConfig) -> Select[Any]:
    """The comments on the overall score, which somebody has given."""
    rows = _written(OVERALL_SCORE.c.id)
    return _said(rows, rows.c.comment, config)


def _written(node: Any) -> Any:
    """What was written with the scores of a node, each with what there was before."""
    event = _alias(EventRow)
    before = func.lag(event.c.comment).over(order_by=event.c.number)
    return (
        select(
            event.c.id,
            event.c.comment,
            event.c.at.label("set_at"),
            (-event.c.number).label("place"),
            event.c.actor_id,
            before.label("before"),
        )
        .where(event.c.node_id == node, event.c.record_id == record.id)
        .subquery()
    )


def _said(rows: Any, text: Any, config: ScorecardConfig) -> Select[Any]:
    """Those that are another comment than before, where the layout shows any."""
    shown = sa.true() if config.show_comments else sa.false()
    others = (c for c in rows.c if c.key not in ("comment", "before"))
    is_new = rows.c.comment.is_distinct_from(rows.c.before)
    return select(text.label("comment"), *others).where(
        shown, rows.c.comment.is_not(None), is_new
    )


def groups() -> Select[Any]:
    """The groups of the card."""
    node = _alias(NodeRow)
    return scored(node.c.card_id == CARD.c.id, node.c.kind == GROUP, node=node)


def measures(config: ScorecardConfig) -> Select[Any]:
    """The measures that stand in no group."""
    node, comments = _alias(NodeRow), config.show_comments
    ungrouped = sa.and_(node.c.kind == MEASURE, node.c.group_id.is_(None))
    return scored(node.c.card_id == CARD.c.id, ungrouped, node=node, comments=comments)


def measures_of_group(config: ScorecardConfig) -> Select[Any]:
    """The measures of the group whose row this is."""
    node, comments = _alias(NodeRow), config.show_comments
    return scored(node.c.group_id == SCORED.c.id, node=node, comments=comments)


def overall(config: ScorecardConfig) -> Select[Any]:
    """The overall score."""
    return select(
        *(
            _NO_COMMENT.label("comment")
            if c.key == "comment" and not config.show_comments
            else c
            for c in _whole
        )
    )


class WeeksError(InvalidInputError, DontWrapMixin):
    """A number of weeks out of bounds."""


class Weeks(TypeDecorator[int]):
    """A number of weeks, from 1 to `MOST_WEEKS`; refused when it is bound."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        if value is None or not 1 <= value <= MOST_WEEKS:
            raise WeeksError(
                f"The argument `weeks` is {value}; it must be from 1 to {MOST_WEEKS}."
            )
        return value


def history(
    env: Env, weeks: Arg[int] = arg(18), node: Arg[str] | None = None
) -> Select[Any]:
    """What each week closed with, the last event before its end; the running week has
    what is known by now. Nothing where scores are hidden from the viewer."""
    found = weeks_back(today, sa.type_coerce(weeks, Weeks()))
    inner, event, last = _alias(NodeRow), _alias(EventRow), _alias(EventRow)
    key: Any = sa.literal("") if node is None else node
    of_node = (
        select(inner.c.id)
        .where(inner.c.card_id == CARD.c.id, inner.c.key == key)
        .scalar_subquery()
    )
    closing = (
        select(last.c.id)
        .where(
            last.c.record_id == record.id,
            last.c.node_id == of_node,
            last.c.day < add_days(found.c.day, 7),
        )
        .order_by(last.c.day.desc(), last.c.number.desc())
        .limit(sa.literal_column("1"))
        .correlate(found)
        .scalar_subquery()
    )
    return select(
        found.c.day.label("week_start"), event.c.value, event.c.label, event.c.color
    ).join_from(
        found, event, unless_masked(env, event.c.id == closing, *SCORES), isouter=True
    )


def company_score() -> Any:
    """The overall score of a company, as it is shown, by its row alone."""
    node, held, assigned = _alias(NodeRow), _alias(ScoreRow), _alias(AssignmentRow)
    card = func.coalesce(assigned.c.card_id, default_card("COMPANY"))
    return (
        select(held.c.value)
        .join_from(node, held, held.c.node_id == node.c.id)
        .outerjoin(assigned, assigned.c.record_id == held.c.record_id)
        .where(
            held.c.record_id == CompanyRow.id,
            node.c.kind == OVERALL,
            node.c.card_id == card,
        )
        .correlate(CompanyRow)
        .scalar_subquery()
    )
