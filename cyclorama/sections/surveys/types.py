"""What Surveys shows: NPS with what it is made of, its trend, surveys and answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import ColumnElement, Select, func, select

from cyclorama.plugins import (
    ExternalRefRow,
    Node,
    PageInfo,
    Person,
    SectionBase,
    SectionState,
    read,
    rounded,
)
from cyclorama.sections.surveys import measures
from cyclorama.sections.surveys.config import DialMode, SurveysConfig
from cyclorama.sections.surveys.measures import alias_of, tally
from cyclorama.sections.surveys.rules import LOW_SAMPLE
from cyclorama.sections.surveys.tables import NPS, ResponseRow, ReviewRow, SurveyRow

OWN = ResponseRow.__table__
"""The answer whose row this is."""
_Asked = alias_of(SurveyRow)

SHOWN = sa.table(
    "surveys_shown",
    *(sa.column(c.key, c.type) for c in SurveyRow.__table__.c),
    *(
        sa.column(name, sa.Integer())
        for name in ("sent", "bounced", "submitted", "partial")
    ),
)
"""A survey and to how many of the record it was sent."""


def _tallied(
    made: Callable[[Any], ColumnElement[Any]],
    description: str | None = None,
    *,
    of: Any = tally,
) -> Any:
    """A field made of the columns of the tally, or of other counts."""

    def found(config: SurveysConfig, kind: str) -> ColumnElement[Any]:
        return made(of(config, kind).c)

    return read.declared(read.Value(read.called(found)), description)


def in_scope(config: SurveysConfig, kind: str) -> ColumnElement[bool]:
    """The answers of the record in the period."""
    return measures.answered(OWN, config, kind)


def comment(config: SurveysConfig) -> ColumnElement[Any]:
    """What was written, where it may be shown."""
    if not config.show_comments:
        return sa.cast(sa.null(), sa.String())
    return sa.case((measures.is_text_shown(OWN), OWN.c.comment))


def person(config: SurveysConfig) -> ColumnElement[Any]:
    """The id of who answered, where they may be shown."""
    if not config.show_people:
        return sa.cast(sa.null(), sa.String())
    return sa.case((~measures.is_anonymous(OWN), OWN.c.person_id))


def shown(config: SurveysConfig, kind: str) -> Select[Any]:
    """The surveys that were sent to the record's people in the period."""
    survey, sent = alias_of(SurveyRow), alias_of(ResponseRow)

    def number(state: str) -> Any:
        return func.count(sa.case((sent.c.state == state, 1)))

    counts = (
        select(
            sent.c.survey_id,
            func.count().label("sent"),
            number("BOUNCED").label("bounced"),
            number("SUBMITTED").label("submitted"),
            number("PARTIAL").label("partial"),
        )
        .where(measures.of_record(sent, config, kind), measures.in_period(sent, config))
        .group_by(sent.c.survey_id)
        .subquery()
    )
    numbers = (c for c in counts.c if c.key != "survey_id")
    return select(*survey.c, *numbers).join_from(
        counts, survey, survey.c.id == counts.c.survey_id
    )


def _rate(responded: Any) -> Any:
    """Who responded in percent of those whom the survey reached: see
    `rules.response_rate`."""
    reached = func.nullif(SHOWN.c.sent - SHOWN.c.bounced, 0)
    return rounded(responded * 1000.0 / reached, 0) / 10.0


@strawberry.type(
    description="A survey that people of the record were asked to answer in the period."
)
@read.table(SHOWN)
class SurveySummary:
    key: str
    name: str
    is_anonymous: bool
    counts_for_nps: bool = read.declared(
        read.Value(SHOWN.c.kind == NPS),
        "Whether it asks how likely somebody is to recommend; other ratings are shown "
        "and not counted in `nps`.",
    )
    sent_count: int = read.value(SHOWN.c.sent)
    bounced_count: int = read.value(SHOWN.c.bounced)
    submitted_count: int = read.value(SHOWN.c.submitted)
    partial_count: int = read.value(SHOWN.c.partial)
    response_rate: float | None = read.declared(
        read.Value(_rate(SHOWN.c.submitted)),
        "Who submitted it, in percent of those whom it reached.",
    )
    response_rate_with_partial: float | None = read.declared(
        read.Value(_rate(SHOWN.c.submitted + SHOWN.c.partial)),
        "The same with those who answered in part.",
    )


_reviewed = alias_of(ReviewRow)


def _review(column: Any) -> Any:
    """What was decided about the answer."""
    query = select(column).where(_reviewed.c.id == OWN.c.id).correlate(OWN)
    return query.scalar_subquery()


@strawberry.type(description="An answer to a survey.")
@read.table(ResponseRow)
class SurveyResponse(Node):
    id: strawberry.ID
    survey: str = read.declared(
        read.Value(
            select(_Asked.c.name)
            .where(_Asked.c.id == OWN.c.survey_id)
            .correlate(OWN)
            .scalar_subquery()
        ),
        "The name of the survey.",
    )
    rating: int | None = read.declared(
        read.Value(sa.case((measures.is_shown(OWN), OWN.c.rating))),
        "A whole number from 0 to 10; null where the question was skipped, and of an "
        "anonymous survey that too few of the company were asked.",
    )
    comment: str | None = read.declared(
        read.Value(read.called(comment)),
        "Null also where the layout shows none, and of few answers to an anonymous "
        "survey.",
    )
    responded_at: datetime
    is_excluded: bool = read.declared(
        read.Value(measures.is_excluded(OWN)),
        "Whether an admin has left it out of all numbers.",
    )
    excluded_reason: str | None = read.value(_review(_reviewed.c.excluded_reason))
    remark: str | None = read.declared(
        read.Value(_review(_reviewed.c.remark)),
        "What was noted of it, plain text; the customer does not see it.",
    )
    version: int = read.declared(
        read.Value(func.coalesce(_review(_reviewed.c.version), 0)),
        "Grows with each decision about it, from 0; hand it in as `expectedVersion`.",
    )
    person: Person | None = read.declared(
        read.One(read.called(person)), "Null for answers to anonymous surveys."
    )


@strawberry.type(description="An answer and its place in the list.")
class SurveyResponseEdge:
    cursor: str
    node: SurveyResponse


@strawberry.type(description="A page of answers, the newest first.")
class SurveyResponseConnection:
    edges: list[SurveyResponseEdge]
    page_info: PageInfo
    total_count: int


@strawberry.type(
    description="The NPS of a month, named by its first day; null without an answer."
)
class NpsPoint:
    month: date
    nps: int | None
    response_count: int


def state(config: SurveysConfig, kind: str) -> ColumnElement[Any]:
    """Empty without an answer in the period."""
    found = measures.answers(config, kind).c.all > 0
    return sa.case((found, SectionState.READY.value), else_=SectionState.EMPTY.value)


def newest(config: SurveysConfig, kind: str) -> ColumnElement[datetime]:
    """When the newest answer of the period came."""
    found: ColumnElement[datetime] = measures.answers(config, kind).c.newest
    return found


def sources(config: SurveysConfig, kind: str) -> Select[Any]:
    """The systems that the surveys of the answers come from."""
    rows = alias_of(ResponseRow)
    asked = select(rows.c.survey_id).where(measures.answered(rows, config, kind))
    return (
        select(ExternalRefRow.system)
        .distinct()
        .where(ExternalRefRow.entity_id.in_(asked))
    )


def mode(config: SurveysConfig) -> Any:
    """Which number the dial shows."""
    return config.mode


@strawberry.type(
    description="How likely the customer is to recommend us: the answers of the company "
    "and its relationships, or of the relationship, in the period that the layout sets. "
    "Numbers count answers of persons as the layout says, by default the latest of each."
)
class SurveysSection(SectionBase):
    nps: int | None = _tallied(
        measures.nps,
        "-100 to 100: the percentage of promoters less that of detractors, half away "
        "from zero; null without a rating.",
    )
    average_rating: float | None = _tallied(
        measures.average, "Mean of the 0 to 10 ratings, one decimal."
    )
    dial_mode: DialMode = read.declared(
        read.Value(read.called(mode)), "Which of the two the layout puts on the dial."
    )
    response_count: int = _tallied(
        lambda counts: counts.number, "The ratings that are counted."
    )
    promoters: int = _tallied(lambda counts: counts.promoters, "Ratings of 9 and 10.")
    passives: int = _tallied(lambda counts: counts.passives, "Ratings of 7 and 8.")
    detractors: int = _tallied(lambda counts: counts.detractors, "Ratings from 0 to 6.")
    margin_of_error: float | None = _tallied(
        measures.margin,
        "How many points the NPS of all customers may be away from this one, at 95 % "
        "confidence; null without a rating.",
    )
    low_sample: bool = _tallied(
        lambda counts: counts.number < LOW_SAMPLE,
        "Whether fewer than five ratings were counted, which say little.",
    )
    csat: float | None = _tallied(
        measures.csat,
        "Of the 1 to 5 ratings of satisfaction the percentage of 4 and 5, one decimal; "
        "null without any.",
        of=measures.satisfaction,
    )
    csat_count: int = _tallied(lambda counts: counts.number, of=measures.satisfaction)
    ces: float | None = _tallied(
        measures.average,
        "Mean of the 1 to 7 ratings of effort, one decimal; null without any.",
        of=measures.effort,
    )
    ces_count: int = _tallied(lambda counts: counts.number, of=measures.effort)
    responses: SurveyResponseConnection = read.declared(
        read.Page(
            ResponseRow,
            read.called(in_scope),
            (ResponseRow.responded_at.desc(), ResponseRow.id),
        ),
        "All answers of the period, those too that are not counted.",
    )
    trend: list[NpsPoint] = read.declared(
        read.Many(read.called(measures.trend), None, ("month",), 200),
        "One point a month, oldest first and the running month last, at most 120, "
        "whatever the layout's period. Each month counts by itself.",
    )
    surveys: list[SurveySummary] = read.many(shown, order_by=["name", "id"])
    state: SectionState = read.value(state)
    as_of: datetime | None = read.value(newest)
    sources: list[str] = read.many(sources, order_by=["system"])
