"""What importers may not write: impossible ratings, who answers anonymously, and more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cyclorama.sections.surveys.rules import SCALES
from cyclorama.sections.surveys.tables import (
    ANSWERED,
    CES,
    CSAT,
    DRAFT,
    NPS,
    STATES,
    ResponseRow,
    SurveyRow,
)

Values = Mapping[str, Any]
Rows = Sequence[tuple[Values | None, Values]]
"""Each as it is, None where it is new, and as it would be."""
KINDS = (NPS, CSAT, CES, "OTHER")
STATUSES = (DRAFT, "PUBLISHED", "CLOSED")


async def check_surveys(connection: AsyncConnection, rows: Rows) -> dict[int, str]:
    """Place and reason of those that are refused."""
    hidden = [o["id"] for o, n in rows if o and n["is_anonymous"] > o["is_anonymous"]]
    known = sa.select(ResponseRow.survey_id).where(
        ResponseRow.survey_id.in_(hidden), ResponseRow.person_id.is_not(None)
    )
    found = await connection.execute(known.distinct()) if hidden else ()
    named = {survey for (survey,) in found}
    reasons = ((n, _of_survey(old, new, named)) for n, (old, new) in enumerate(rows))
    return {n: reason for n, reason in reasons if reason}


def _of_survey(old: Values | None, new: Values, named: set[str]) -> str:
    for name, known in (("kind", KINDS), ("status", STATUSES)):
        if new.get(name) is not None and new[name] not in known:
            return f"{name}: {new[name]!r:.60} is none of {', '.join(known)}"
    if old is None:
        return ""
    if old["id"] in named and new["is_anonymous"]:
        return (
            "is_anonymous: it has answers that are kept with the people who gave them"
        )
    if old["status"] == DRAFT:
        return ""
    if new["status"] == DRAFT:
        return "status: a survey that was published is no draft again"
    if new["is_anonymous"] != old["is_anonymous"]:
        return "is_anonymous: it can't be changed once the survey was published"
    return ""


async def check_responses(connection: AsyncConnection, rows: Rows) -> dict[int, str]:
    """Place and reason of those that are refused; one statement for all."""
    asked = sorted({new["survey_id"] for _, new in rows})
    query = sa.select(SurveyRow.id, SurveyRow.kind, SurveyRow.is_anonymous)
    found = await connection.execute(query.where(SurveyRow.id.in_(asked)))
    surveys = {s: (kind, hides) for s, kind, hides in found}
    reasons = ((n, _of_response(new, surveys)) for n, (_, new) in enumerate(rows))
    return {n: reason for n, reason in reasons if reason}


def _of_response(new: Values, surveys: Mapping[str, tuple[str, bool]]) -> str:
    rating, state = new.get("rating"), new.get("state", "SUBMITTED")
    kind, is_anonymous = surveys.get(new["survey_id"], (NPS, False))
    low, high = SCALES.get(kind, SCALES[NPS])
    if rating is not None and not low <= rating <= high:
        return f"rating: {rating} is not from {low} to {high}"
    if state not in STATES:
        return f"state: {state!r:.60} is none of {', '.join(STATES)}"
    if state not in ANSWERED and (rating is not None or new.get("comment")):
        return f"state: with a rating or a comment it can't be {state}"
    if new.get("person_id") and is_anonymous:
        return "person_id: answers to an anonymous survey are kept without the person"
    return ""
