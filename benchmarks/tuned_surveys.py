"""The surveys of the tuned variant: a statement each for ratings, months and answers."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from benchmarks import nps
from benchmarks.nps import Tally
from benchmarks.shapes import Instant, Named, NpsPoint
from benchmarks.tuned_sections import Info, Private, rows_of, today_of
from benchmarks.tuned_statements import FIRST, KEYS, YEAR
from cyclorama.sections.surveys.tables import ResponseRow, SurveyRow
from cyclorama.storage.rows import PersonRow

responded: Any = sa.type_coerce(ResponseRow.responded_at, sa.DateTime(timezone=True))
MONTH: Any = func.date_trunc("month", responded).cast(sa.Date)
RECENT: Any = responded > func.now() - sa.cast(nps.PERIOD, sa.Interval)
WHO: Any = func.coalesce(ResponseRow.person_id, ResponseRow.id)


def _number_of(*alike: str, **states: Any) -> Any:
    """How many answers are like the one at hand in these columns."""
    other = aliased(ResponseRow)
    same = (
        getattr(other, name).is_not_distinct_from(getattr(ResponseRow, name))
        for name in alike
    )
    found = select(func.count()).where(
        other.survey_id == ResponseRow.survey_id,
        other.company_id == ResponseRow.company_id,
        *same,
    )
    if states:
        found = found.where(other.state.in_(states["states"]))
    return found.correlate(ResponseRow).scalar_subquery()


def _answers(*columns: Any) -> Any:
    """The answers of the batch that may be shown, the company as `record`."""
    enough = _number_of() >= nps.LEAST_PARTICIPANTS
    return (
        select(ResponseRow.company_id.label("record"), *columns)
        .join(SurveyRow, SurveyRow.id == ResponseRow.survey_id)
        .where(
            ResponseRow.company_id == func.any(KEYS),
            ResponseRow.state.in_(nps.STATES),
            responded <= func.now(),
            sa.or_(~SurveyRow.is_anonymous, enough),
        )
    )


def _tally(within: Any, *month: Any) -> Any:
    """The latest rating of each person, in each month if one is given, counted."""
    newest = (responded.desc(), ResponseRow.id.desc())
    each = (ResponseRow.company_id, *month, WHO)
    named = [m.label("month") for m in month]
    found = (
        _answers(ResponseRow.rating, *named)
        .where(within, SurveyRow.kind == "NPS", ResponseRow.rating.is_not(None))
        .ext(distinct_on(*each))
        .order_by(*each, *newest)
        .subquery()
    )
    rating, by = found.c.rating, [found.c[m.key] for m in named]
    return select(
        found.c.record,
        func.count().filter(rating >= 9).label("promoters"),
        func.count().filter(rating.between(7, 8)).label("passives"),
        func.count().filter(rating < 7).label("detractors"),
        func.count().label("number"),
        func.sum(rating).label("total"),
        *by,
    ).group_by(found.c.record, *by)


def _newest() -> Any:
    """The first answers of each company in the period, the newest first."""
    alike = _number_of("relationship_id", states=nps.STATES) >= nps.LEAST_FOR_TEXT
    text = sa.case((sa.or_(~SurveyRow.is_anonymous, alike), ResponseRow.comment))
    of = ResponseRow.company_id
    rank = func.row_number().over(
        partition_by=of, order_by=(responded.desc(), ResponseRow.id)
    )
    found = (
        _answers(
            ResponseRow.id,
            SurveyRow.name.label("survey"),
            ResponseRow.rating,
            text.label("comment"),
            responded.label("responded_at"),
            PersonRow.name.label("person"),
            func.count().over(partition_by=of).label("total"),
            rank.label("rank"),
        )
        .outerjoin(PersonRow, PersonRow.id == ResponseRow.person_id)
        .where(RECENT)
        .subquery()
    )
    return select(found).where(found.c.rank <= FIRST).order_by(found.c.rank)


TALLY = _tally(RECENT)
MONTHS = _tally(responded >= YEAR, MONTH)
NEWEST = _newest()


@strawberry.type
class Answer:
    id: strawberry.ID
    survey: str
    rating: int | None
    comment: str | None
    responded_at: Instant
    person: Named | None


@strawberry.type
class AnswerEdge:
    node: Answer


@strawberry.type
class AnswerConnection:
    total_count: int
    edges: list[AnswerEdge]


@strawberry.type
class Surveys:
    record: Private[str]
    nps: int | None
    dial_mode: str
    average_rating: float | None
    margin_of_error: float | None
    low_sample: bool
    response_count: int
    promoters: int
    passives: int
    detractors: int

    @strawberry.field
    async def trend(self, info: Info, months: int = 12) -> list[NpsPoint]:
        rows = await rows_of(info, MONTHS, self.record)
        tallies: dict[date, Tally] = {r.month: Tally(*r[1:6]) for r in rows}
        return nps.trend(tallies, months, today_of(info))

    @strawberry.field
    async def responses(self, info: Info, first: int = 20) -> AnswerConnection:
        rows = await rows_of(info, NEWEST, self.record, first=first)
        return AnswerConnection(
            total_count=rows[0].total if rows else 0,
            edges=[AnswerEdge(node=_answer(row)) for row in rows],
        )


def _answer(row: Any) -> Answer:
    return Answer(
        id=row.id,
        survey=row.survey,
        rating=row.rating,
        comment=row.comment,
        responded_at=row.responded_at,
        person=None if row.person is None else Named(name=row.person),
    )


async def tally_of(info: Info, record: str) -> Tally:
    """The ratings of the period."""
    rows = await rows_of(info, TALLY, record)
    return Tally(*rows[0][1:6]) if rows else Tally()


async def surveys_of(info: Info, record: str) -> Surveys:
    """The section."""
    tally = await tally_of(info, record)
    return Surveys(
        record=record,
        nps=tally.nps,
        dial_mode="NPS",
        average_rating=tally.average,
        margin_of_error=tally.margin,
        low_sample=tally.number < nps.LOW_SAMPLE,
        response_count=tally.number,
        promoters=tally.promoters,
        passives=tally.passives,
        detractors=tally.detractors,
    )
