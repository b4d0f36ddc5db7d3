"""What Surveys tells of: answers that come, and those that are left out of all numbers.

Never who answered or what was written; of an anonymous survey no rating either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from cyclorama.plugins import Event, EventKind
from cyclorama.sections.surveys.tables import ANSWERED, ResponseRow, SurveyRow

FRESH: Final = timedelta(days=30)
"""How long ago an answer was given that an import tells of: none of what it brings along
of earlier years."""
_VALUES: Final = {
    "survey": "The key of the survey.",
    "kind": "What its rating asks: NPS, CSAT, CES or OTHER.",
    "rating": "The rating; null without one, and of an anonymous survey.",
    "state": "SUBMITTED or PARTIAL.",
    "responded_at": "When it was given.",
    "is_excluded": "Whether it is left out of all numbers.",
}
ADDED: Final = EventKind(
    key="surveys.response_added",
    description="An import brought an answer that was given in the last 30 days; none to "
    "an anonymous survey.",
    values=_VALUES,
)
EXCLUDED: Final = EventKind(
    key="surveys.response_excluded",
    description="An admin left an answer out of all numbers.",
    values=_VALUES,
)
INCLUDED: Final = EventKind(
    key="surveys.response_included",
    description="An admin had an answer counted again that was left out.",
    values=_VALUES,
)
EVENTS: Final = (ADDED, EXCLUDED, INCLUDED)
Rows = Sequence[tuple[Mapping[str, Any] | None, Mapping[str, Any]]]
"""Each as it was, None where it is new, and as it is."""
_SURVEY: Final = (SurveyRow.key, SurveyRow.kind, SurveyRow.is_anonymous)


async def events_of_import(
    connection: AsyncConnection, rows: Rows, now: datetime
) -> list[Event]:
    """An event for each answer that has just come; one statement for all."""
    new = [
        new
        for old, new in rows
        if _is_answer(new)
        and not (old and _is_answer(old))
        and now - FRESH < new["responded_at"] <= now
    ]
    if not new:
        return []
    asked = sorted({row["survey_id"] for row in new})
    query = sa.select(SurveyRow.id, *_SURVEY).where(SurveyRow.id.in_(asked))
    surveys = {s.id: s for s in await connection.execute(query)}
    return [
        _event(ADDED, row, surveys[row["survey_id"]])
        for row in new
        if not surveys[row["survey_id"]].is_anonymous
    ]


def _is_answer(row: Mapping[str, Any]) -> bool:
    return row.get("state", "SUBMITTED") in ANSWERED


async def event_of_review(
    session: AsyncSession, kind: EventKind, response: str
) -> Event:
    """That it was decided about an answer."""
    query = (
        sa.select(*ResponseRow.__table__.columns, *_SURVEY)
        .join(SurveyRow, SurveyRow.id == ResponseRow.survey_id)
        .where(ResponseRow.id == response)
    )
    row = (await session.execute(query)).one()
    return _event(kind, dict(row._mapping), row)


def _event(kind: EventKind, row: Mapping[str, Any], survey: Any) -> Event:
    """Of an answer of which it is told now; before, it was not there or not so."""
    excluded = kind is EXCLUDED
    after = {
        "survey": survey.key,
        "kind": survey.kind,
        "rating": None if survey.is_anonymous else row.get("rating"),
        "state": row.get("state", "SUBMITTED"),
        "responded_at": row["responded_at"],
        "is_excluded": excluded,
    }
    return Event(
        kind=kind,
        record_id=row.get("relationship_id") or row["company_id"],
        subject_id=row["id"],
        before={} if kind is ADDED else {**after, "is_excluded": not excluded},
        after=after,
    )
