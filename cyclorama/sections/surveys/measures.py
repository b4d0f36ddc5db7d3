"""Numbers over the answers of the record, as SQL; `rules` says the same of plain values.

Which answers those are depends on the placement's settings and on the kind of record.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Dialect, Select, func, select
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator

from cyclorama.plugins import (
    Arg,
    CompanyRow,
    InvalidInputError,
    add_months,
    arg,
    day_of,
    elapsed_days,
    month_of,
    now,
    record,
    rounded,
    seldom,
    series,
    today,
    walked,
    zone,
)
from cyclorama.sections.surveys.config import SurveysConfig
from cyclorama.sections.surveys.rules import (
    LEAST_FOR_TEXT,
    LEAST_PARTICIPANTS,
    LEAST_PASSIVE,
    LEAST_PROMOTER,
    LEAST_SATISFIED,
    SCALES,
    Period,
    Policy,
)
from cyclorama.sections.surveys.tables import (
    ANSWERED,
    CES,
    CSAT,
    NPS,
    ResponseRow,
    ReviewRow,
    SurveyRow,
)

DEEPEST: Final = 50
"""Levels below a company that are rolled up."""
MOST_MONTHS: Final = 120
HALF_A_MILLISECOND: Final = 0.0005 / 86_400
"""In days: instants are whole milliseconds, and days with a fraction are not exact."""
MOST_SETTINGS: Final = 256


class MonthsError(InvalidInputError, DontWrapMixin):
    """A number of months out of bounds."""


class Months(TypeDecorator[int]):
    """A number of months, from 1 to `MOST_MONTHS`; refused when it is bound."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        if value is None or not 1 <= value <= MOST_MONTHS:
            raise MonthsError(
                f"The argument `months` is {value}; it must be from 1 to {MOST_MONTHS}."
            )
        return value


def alias_of(row: Any) -> Any:
    """Another row of a table."""
    return row.__table__.alias()


# -- which answers


def _below() -> Any:
    """The ids of the company and of all below it, as a CTE. Only the company itself can
    close a circle, since every company has one parent."""
    top, child = alias_of(CompanyRow), alias_of(CompanyRow)
    down = (
        select(top.c.id, sa.literal(1).label("level"))
        .where(top.c.id == record.id)
        .cte(recursive=True, nesting=True)
    )
    return down.union_all(
        select(child.c.id, down.c.level + 1)
        .join_from(down, child, walked(child.c.parent_id) == down.c.id)
        .where(seldom(down.c.level < DEEPEST), child.c.id != record.id)
    )


def surveys(*where: Any) -> Any:
    """The ids of surveys, as a select; the conditions are functions of their columns."""
    survey = alias_of(SurveyRow)
    return select(survey.c.id).where(*(condition(survey.c) for condition in where))


def is_anonymous(rows: Any) -> ColumnElement[bool]:
    """Whether an answer is one to an anonymous survey."""
    found: ColumnElement[bool] = rows.c.survey_id.in_(surveys(lambda s: s.is_anonymous))
    return found


def _participants(rows: Any) -> Any:
    """How many people of the answer's company its survey was sent to."""
    other = alias_of(ResponseRow)
    return (
        select(func.count())
        .select_from(other)
        .where(
            other.c.survey_id == rows.c.survey_id,
            other.c.company_id == rows.c.company_id,
        )
        .correlate(rows)
        .scalar_subquery()
    )


def is_shown(rows: Any) -> ColumnElement[bool]:
    """Whether nobody can be told from an answer: see `rules.is_shown`."""
    return sa.or_(~is_anonymous(rows), _participants(rows) >= LEAST_PARTICIPANTS)


def is_part_shown(rows: Any) -> ColumnElement[bool]:
    """Whether an answer may be told to be of its relationship: see
    `rules.is_part_shown`."""
    other = alias_of(ResponseRow)
    of_company = select(func.count().label("number")).where(
        other.c.survey_id == rows.c.survey_id, other.c.company_id == rows.c.company_id
    )
    own = of_company.where(other.c.relationship_id == rows.c.relationship_id)
    small = (
        of_company.group_by(other.c.relationship_id)
        .having(func.count() < LEAST_PARTICIPANTS)
        .correlate(rows)
        .subquery()
    )
    rest = select(func.coalesce(func.sum(small.c.number), 0)).scalar_subquery()
    enough = own.correlate(rows).scalar_subquery() >= LEAST_PARTICIPANTS
    return sa.or_(
        ~is_anonymous(rows),
        sa.and_(enough, ~rest.between(1, LEAST_PARTICIPANTS - 1)),
    )


def is_text_shown(rows: Any) -> ColumnElement[bool]:
    """Whether the text of an answer is shown: see `rules.is_text_shown`. What counts are
    the answers of the same relationship, or of the company's own."""
    other = alias_of(ResponseRow)
    of_relationship = other.c.relationship_id.is_not_distinct_from(
        rows.c.relationship_id
    )
    answers = (
        select(func.count())
        .select_from(other)
        .where(
            other.c.survey_id == rows.c.survey_id,
            other.c.company_id == rows.c.company_id,
            of_relationship,
            _is_answered(other),
        )
        .correlate(rows)
        .scalar_subquery()
    )
    enough = sa.and_(
        _participants(rows) >= LEAST_PARTICIPANTS, answers >= LEAST_FOR_TEXT
    )
    return sa.or_(~is_anonymous(rows), enough)


def _is_answered(rows: Any) -> ColumnElement[bool]:
    states = [sa.literal(state) for state in ANSWERED]
    found: ColumnElement[bool] = rows.c.state.in_(states)
    return found


def of_record(rows: Any, config: SurveysConfig, kind: str) -> ColumnElement[bool]:
    """Rows of the record that its settings are about, of whatever time and state."""
    owned = record.owns(rows.c)
    if config.roll_up and kind == "COMPANY":
        owned = rows.c.company_id.in_(select(_below().c.id))
    conditions = [owned, is_shown(rows)]
    if kind == "RELATIONSHIP":
        conditions.append(is_part_shown(rows))
    if config.surveys is not None:
        keys = [sa.literal(key) for key in config.surveys]
        named = surveys(lambda s: s.key.in_(keys) if keys else sa.false())
        conditions.append(rows.c.survey_id.in_(named))
    return sa.and_(*conditions)


def _period_start(config: SurveysConfig) -> Any:
    """The first day of the running calendar period: see `rules.period_start`."""
    first = config.fiscal_start if config.period.is_fiscal else 1
    month = sa.cast(sa.extract("month", today), sa.Integer)
    passed = (month + (12 - first)) % config.period.months
    return add_months(month_of(today), -passed)


def in_period(rows: Any, config: SurveysConfig) -> ColumnElement[bool]:
    """Rows of the period of the settings: see `rules.is_within`."""
    at = rows.c.responded_at
    known: ColumnElement[bool] = at <= now
    if config.period is Period.ALL_TIME:
        return known
    if config.period is Period.LAST_DAYS:
        return sa.and_(known, elapsed_days(at, now) < config.days - HALF_A_MILLISECOND)
    return sa.and_(known, day_of(at, zone) >= _period_start(config))


def answered(rows: Any, config: SurveysConfig, kind: str) -> ColumnElement[bool]:
    """The answers of the record in the period."""
    return sa.and_(
        of_record(rows, config, kind), _is_answered(rows), in_period(rows, config)
    )


# -- who counts


def is_excluded(rows: Any) -> ColumnElement[bool]:
    """Whether somebody has decided that an answer is left out of all numbers."""
    review = alias_of(ReviewRow)
    return (
        select(review.c.id)
        .where(review.c.id == rows.c.id, review.c.excluded_reason.is_not(None))
        .correlate(rows)
        .exists()
    )


def _counted(
    config: SurveysConfig,
    kind: str,
    within: Any,
    *,
    by_month: bool = False,
    of: str = NPS,
) -> Any:
    """The ratings that count of surveys of a kind, each with the `month` of its answer: of
    somebody who answered several times the latest, in each month if `by_month`."""
    rows = alias_of(ResponseRow)
    month = month_of(day_of(rows.c.responded_at, zone))
    asked = surveys(lambda s: s.kind == of)
    found = select(rows.c.rating, month.label("month")).where(
        of_record(rows, config, kind),
        _is_answered(rows),
        within(rows),
        rows.c.rating.between(*SCALES[of]),
        rows.c.survey_id.in_(asked),
        ~is_excluded(rows),
    )
    if config.policy is Policy.ALL:
        return found.subquery()
    person = func.coalesce(rows.c.person_id, rows.c.id)
    place = func.row_number().over(
        partition_by=[month, person] if by_month else [person],
        order_by=[rows.c.responded_at.desc(), rows.c.id.desc()],
    )
    ranked = found.add_columns(place.label("place")).subquery()
    return select(ranked.c.rating, ranked.c.month).where(ranked.c.place == 1).subquery()


def _tallied(rating: Any) -> list[Any]:
    """The columns of a tally."""
    passive = sa.and_(rating >= LEAST_PASSIVE, rating < LEAST_PROMOTER)
    return [
        func.count(sa.case((rating >= LEAST_PROMOTER, 1))).label("promoters"),
        func.count(sa.case((passive, 1))).label("passives"),
        func.count(sa.case((rating < LEAST_PASSIVE, 1))).label("detractors"),
        func.count(rating).label("number"),
        func.sum(rating).label("total"),
    ]


@lru_cache(MOST_SETTINGS)
def tally(config: SurveysConfig, kind: str) -> Any:
    """The ratings of the period, counted, as a row of the record."""
    found = _counted(config, kind, lambda rows: in_period(rows, config))
    return record.row(select(*_tallied(found.c.rating)))


@lru_cache(MOST_SETTINGS)
def satisfaction(config: SurveysConfig, kind: str) -> Any:
    """See `rules.csat`."""
    found = _counted(config, kind, lambda rows: in_period(rows, config), of=CSAT)
    satisfied = func.count(sa.case((found.c.rating >= LEAST_SATISFIED, 1)))
    number = func.count(found.c.rating)
    return record.row(select(satisfied.label("satisfied"), number.label("number")))


@lru_cache(MOST_SETTINGS)
def effort(config: SurveysConfig, kind: str) -> Any:
    """See `rules.ces`."""
    found = _counted(config, kind, lambda rows: in_period(rows, config), of=CES)
    rating = found.c.rating
    counts = (func.sum(rating).label("total"), func.count(rating).label("number"))
    return record.row(select(*counts))


def csat(counts: Any) -> ColumnElement[float]:
    """Of the columns of `satisfaction`, with one decimal; null without a rating."""
    found: ColumnElement[float] = rounded(
        counts.satisfied * 1000.0 / func.nullif(counts.number, 0), 0
    )
    return found / 10.0


@lru_cache(MOST_SETTINGS)
def answers(config: SurveysConfig, kind: str) -> Any:
    """How many answers there are in the period, and the instant of the `newest`."""
    rows = alias_of(ResponseRow)
    return record.row(
        select(
            func.count().label("all"), func.max(rows.c.responded_at).label("newest")
        ).where(answered(rows, config, kind))
    )


def nps(counts: Any) -> ColumnElement[int]:
    """The NPS of a tally's columns, a whole number; null without a rating."""
    difference = counts.promoters - counts.detractors
    score = rounded(difference * 100.0 / func.nullif(counts.number, 0), 0)
    return sa.cast(score, sa.Integer)


def average(counts: Any) -> ColumnElement[float]:
    """The mean rating with one decimal; a half is exact where it is rounded."""
    tenths: ColumnElement[float] = rounded(
        counts.total * 10.0 / func.nullif(counts.number, 0), 0
    )
    return tenths / 10.0


def margin(counts: Any) -> ColumnElement[float]:
    """See `rules.Tally.margin`."""
    number = func.nullif(counts.number, 0)
    difference = counts.promoters - counts.detractors
    apart = (
        counts.promoters + counts.detractors - difference * difference * 1.0 / number
    )
    found: ColumnElement[float] = rounded(
        func.sqrt(apart, type_=sa.Float()) * 196.0 / number, 1
    )
    return found


def trend(config: SurveysConfig, kind: str, months: Arg[int] = arg(12)) -> Select[Any]:
    """The NPS of each of the last months; what the period is doesn't matter.

    Months without answers are put together with the others and grouped: SQLite would
    count anew for each month of a join."""
    count = sa.type_coerce(months, Months())
    this_month = month_of(today)
    oldest = add_months(this_month, 1 - count)
    found = series(oldest, add_months, count)

    def within(rows: Any) -> Any:
        day = day_of(rows.c.responded_at, zone)
        known = rows.c.responded_at <= now
        return sa.and_(known, day >= oldest, month_of(day) <= this_month)

    rated = _counted(config, kind, within, by_month=True)
    counts = (
        select(rated.c.month, *_tallied(rated.c.rating))
        .group_by(rated.c.month)
        .subquery()
    )
    empty = select(
        found.c.day.label("month"),
        sa.cast(sa.null(), sa.Integer()).label("nps"),
        sa.literal(0).label("number"),
    )
    filled = select(counts.c.month, nps(counts.c).label("nps"), counts.c.number)
    both = empty.union_all(filled).subquery()
    return select(
        both.c.month,
        func.max(both.c.nps).label("nps"),
        func.max(both.c.number).label("response_count"),
    ).group_by(both.c.month)


# -- the card on Summary


def card_value(config: SurveysConfig, kind: str) -> ColumnElement[int]:
    """The NPS."""
    return nps(tally(config, kind).c)


def breakdown(config: SurveysConfig, kind: str) -> list[dict[str, Any]]:
    """Who it is made of."""
    counts = tally(config, kind).c
    return [
        {"label": "Promoters", "count": counts.promoters},
        {"label": "Passives", "count": counts.passives},
        {"label": "Detractors", "count": counts.detractors},
    ]
