"""The rows that Scorecard shows: nodes of the record's card with score, band and trend."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Dialect, Select, func, select
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeDecorator

from cyclorama.plugins import (
    Arg,
    CompanyRow,
    InvalidInputError,
    Trend,
    add_days,
    add_months,
    arg,
    elapsed_days,
    month_of,
    now,
    record,
    rounded,
    today,
    week_of,
    weeks_back,
)
from cyclorama.sections.scorecard.rules.facts import StalePolicy
from cyclorama.sections.scorecard.rules.trends import MOST_WEEKS, Comparator
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

HALF_A_MILLISECOND = 0.0005 / 86_400
"""In days: instants are whole milliseconds, and days with a fraction are not exact."""
KIND = record.by_kind(
    company=sa.literal("COMPANY"), relationship=sa.literal("RELATIONSHIP")
)


def default_card(kind: Any) -> ColumnElement[Any]:
    """The id of the card of a kind of records that applies to those without their own."""
    default = aliased(CardRow)
    return (
        select(default.id)
        .where(default.record_kind == kind, default.is_default)
        .order_by(default.rank, default.id)
        .limit(sa.literal_column("1"))
        .scalar_subquery()
    )


def active_card() -> ColumnElement[Any]:
    """The id of the record's card: its own, or the default of its kind."""
    assigned = aliased(AssignmentRow)
    own = select(assigned.card_id).where(assigned.record_id == record.id)
    return func.coalesce(own.scalar_subquery(), default_card(KIND))


def band_holds(band: Any, scheme: Any, value: Any) -> ColumnElement[bool]:
    """Whether this is the band of a shown value in a scheme."""
    lowest = sa.and_(value == 0, band.position == 0)
    inside = sa.and_(value > band.low, value <= band.high)
    return sa.and_(band.scheme_id == scheme, sa.or_(lowest, inside))


def _quarter_start() -> ColumnElement[Any]:
    month = sa.cast(sa.extract("month", today), sa.Integer)
    return add_months(month_of(today), -((month - 1) % 3))


def _compared(card: Any, node: Any, score: Any) -> ColumnElement[Any]:
    """The value that the current one is compared with, as the card says."""
    closed, renewed = aliased(EventRow), aliased(EventRow)
    before = sa.case(
        (card.comparator == Comparator.LAST_MONTH.value, month_of(today)),
        (card.comparator == Comparator.LAST_QUARTER.value, _quarter_start()),
        else_=week_of(today),
    )
    close = _newest(closed, node, closed.day < before)
    renewal = _newest(renewed, node, renewed.kind == "RENEW")
    previous = sa.cast(rounded(score.previous, 0), sa.Integer)
    return sa.case(
        (card.comparator == Comparator.PREVIOUS_VALUE.value, previous),
        (card.comparator == Comparator.AT_LAST_RENEWAL.value, renewal),
        else_=close,
    )


def _newest(event: Any, node: Any, where: Any) -> Any:
    return (
        select(event.value)
        .where(event.record_id == record.id, event.node_id == node.id, where)
        .order_by(event.day.desc(), event.number.desc())
        .limit(sa.literal_column("1"))
        .correlate(node)
        .scalar_subquery()
    )


def _is_stale(score: Any, measure: Any) -> ColumnElement[bool]:
    over = elapsed_days(score.validated_at, now) > (
        measure.validity_days + HALF_A_MILLISECOND
    )
    return func.coalesce(sa.and_(score.value.is_not(None), over), sa.false())


def _holds_stale(node: Any) -> ColumnElement[bool]:
    """Whether a measure of the group, or of the card, is stale."""
    inner, score, measure = aliased(NodeRow), aliased(ScoreRow), aliased(MeasureRow)
    inside = sa.or_(node.kind == OVERALL, inner.group_id == node.id)
    known = sa.and_(score.node_id == inner.id, score.record_id == record.id)
    return (
        select(inner.id)
        .join_from(inner, score, known)
        .join_from(inner, measure, measure.id == inner.measure_id)
        .where(inner.card_id == node.card_id, inside, _is_stale(score, measure))
        .correlate(node)
        .exists()
    )


def scored(*where: Any, node: Any, further: Any = ()) -> Select[Any]:
    """Nodes of the record's card with their scores, as rows of `SCORED`."""
    card, score, measure = aliased(CardRow), aliased(ScoreRow), aliased(MeasureRow)
    band = aliased(BandRow)
    stale = _is_stale(score, measure)
    expired = sa.and_(stale, measure.stale_policy == StalePolicy.EXCLUDE.value)
    value = sa.case((expired, sa.null()), else_=score.value)
    rows = (
        select(
            node.id,
            node.key,
            node.name,
            node.weight,
            node.position,
            node.measure_id,
            value.label("value"),
            band.label,
            band.color,
            sa.case((expired, "EXPIRED"), else_=score.na_kind).label("na_kind"),
            _compared(card, node, score).label("compared"),
            score.set_at,
            score.validated_at,
            sa.case(
                (node.kind == MEASURE, stale),
                else_=_holds_stale(node),
            ).label("stale"),
            score.comment,
            card.dead_band,
            *further,
        )
        .join_from(node, card, card.id == node.card_id)
        .outerjoin(
            score, sa.and_(score.node_id == node.id, score.record_id == record.id)
        )
        .outerjoin(measure, measure.id == node.measure_id)
        .outerjoin(band, band_holds(band, card.scheme_id, value))
        .where(node.card_id == active_card(), *where)
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


_made = scored(node=aliased(NodeRow))
SCORED = sa.table(
    "scorecard_scored", *(sa.column(str(c.key), c.type) for c in _made.selected_columns)
)
"""A node of the record's card with its score, as it is shown."""
_Top, _Card = aliased(NodeRow), aliased(CardRow)
OVERALL_SCORE = record.row(scored(_Top.kind == OVERALL, node=_Top))
"""The overall score; nulls without a scorecard."""
CARD = record.row(
    select(_Card.key, _Card.name, _Card.scheme_id).where(_Card.id == active_card())
)


def groups() -> Select[Any]:
    """The groups of the card."""
    node = aliased(NodeRow)
    return scored(node.kind == GROUP, node=node)


def measures() -> Select[Any]:
    """The measures that stand in no group."""
    node = aliased(NodeRow)
    return scored(node.kind == MEASURE, node.group_id.is_(None), node=node)


def measures_of_group() -> Select[Any]:
    """The measures of the group whose row this is."""
    node = aliased(NodeRow)
    return scored(node.kind == MEASURE, node.group_id == SCORED.c.id, node=node)


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


def history(weeks: Arg[int] = arg(18), node: Arg[str] | None = None) -> Select[Any]:
    """What each week closed with, the last event before its end; the running week has
    what is known by now."""
    found = weeks_back(today, sa.type_coerce(weeks, Weeks()))
    inner, event, last = aliased(NodeRow), aliased(EventRow), aliased(EventRow)
    key: Any = sa.literal("") if node is None else node
    of_node = (
        select(inner.id)
        .where(inner.card_id == active_card(), inner.key == key)
        .scalar_subquery()
    )
    closing = (
        select(last.id)
        .where(
            last.record_id == record.id,
            last.node_id == of_node,
            last.day < add_days(found.c.day, 7),
        )
        .order_by(last.day.desc(), last.number.desc())
        .limit(sa.literal_column("1"))
        .correlate(found)
        .scalar_subquery()
    )
    return select(
        found.c.day.label("week_start"), event.value, event.label, event.color
    ).join_from(found, event, event.id == closing, isouter=True)


def company_score() -> Any:
    """The overall score of a company, as it is shown, by its row alone."""
    node, held, assigned = aliased(NodeRow), aliased(ScoreRow), aliased(AssignmentRow)
    card = func.coalesce(assigned.card_id, default_card("COMPANY"))
    return (
        select(held.value)
        .join_from(node, held, held.node_id == node.id)
        .outerjoin(assigned, assigned.record_id == held.record_id)
        .where(
            held.record_id == CompanyRow.id, node.kind == OVERALL, node.card_id == card
        )
        .correlate(CompanyRow)
        .scalar_subquery()
    )
