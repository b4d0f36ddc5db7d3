"""Giving a verdict on an overall score in a spot check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import (
    Context,
    Info,
    Payload,
    UserError,
    UserErrorCode,
    made,
    new_id,
    record_change,
    settings_or_refusals,
)
from cyclorama.sections.scorecard.masks import OVERALL, check_open
from cyclorama.sections.scorecard.mutations import EXPECTED, LONGEST_COMMENT
from cyclorama.sections.scorecard.reviews import ScoreReview, ScoreVerdict
from cyclorama.sections.scorecard.rules.bands import Refused, shown
from cyclorama.sections.scorecard.rules.choosing import quarter_of
from cyclorama.sections.scorecard.tables import ReviewRow
from cyclorama.sections.scorecard.writing import check_version, locked_state


@strawberry.input(description="A verdict on the overall score of a record.")
class ReviewScoreInput:
    record_id: strawberry.ID
    verdict: ScoreVerdict
    note: str | None = strawberry.field(
        default=None,
        description="Plain text, at most 32,000 characters; needed to disagree.",
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.type(description="The verdict as it is kept, or why none is.")
class ScoreReviewPayload(Payload):
    review: ScoreReview | None
    errors: list[UserError]


async def review_score(info: Info, input: ReviewScoreInput) -> ScoreReviewPayload:
    """Say in a spot check whether the overall score of a record is right.

    Scores stay as they are. A record has one verdict a quarter; a later one takes its
    place.
    """
    ctx = info.context
    settings, errors = await settings_or_refusals(ctx, "scorecard", input.record_id)
    if errors:
        return ScoreReviewPayload(review=None, errors=errors)
    try:
        _check_reviewer(ctx, settings)
        note = _note(ctx, input)
        async with ctx.database.write() as session:
            row = await _save(ctx, session, input, note)
    except Refused as refused:
        error = UserError(
            path=[refused.path or "verdict"],
            code=UserErrorCode[refused.code],
            message=refused.message,
        )
        return ScoreReviewPayload(review=None, errors=[error])
    columns: Any = ReviewRow.__table__.c
    review = made(ScoreReview, **{c.key: getattr(row, c.key) for c in columns})
    return ScoreReviewPayload(review=review, errors=[])


def _check_reviewer(ctx: Context, settings: Sequence[Any]) -> None:
    """`Refused` where the viewer may give no verdict."""
    if not (ctx.is_admin or any(s.reviewable for s in settings)):
        message = "Your layout does not let you review scores."
        raise Refused("FORBIDDEN", message, "recordId")
    if ctx.viewer.kind != "USER":
        raise Refused("FORBIDDEN", "Only users review scores.", "recordId")
    if not ctx.masked.fields.isdisjoint(OVERALL):
        raise Refused("FORBIDDEN", "You may not see the score.", "recordId")
    check_open(ctx, ("ScoreReview.verdict", "ScorecardSection.reviews"), "verdict")


def _note(ctx: Context, input: ReviewScoreInput) -> str | None:
    note = (input.note or "").strip() or None
    if note is None:
        if input.verdict is ScoreVerdict.DISAGREE:
            raise Refused("REQUIRED", "Say what is wrong with the score.", "note")
        return None
    check_open(ctx, ("ScoreReview.note",), "note")
    if len(note) > LONGEST_COMMENT:
        message = f"A note has at most {LONGEST_COMMENT:,} characters."
        raise Refused("LENGTH", message, "note")
    return note


async def _save(
    ctx: Context, session: AsyncSession, input: ReviewScoreInput, note: str | None
) -> ReviewRow:
    state = await locked_state(ctx, session, input.record_id)
    check_version(state, input.expected_version)
    value = shown(state.fact("").score)
    if value is None:
        message = "The record has no overall score to review."
        raise Refused("INVALID_STATE", message, "recordId")
    own, quarter = ReviewRow.record_id == input.record_id, quarter_of(ctx.today)
    query = sa.select(ReviewRow).where(own, ReviewRow.quarter == quarter)
    row = await session.scalar(query)
    before = None if row is None else _told(row)
    if row is None:
        new = new_id("scorecard_review")
        row = ReviewRow(id=new, record_id=input.record_id, quarter=quarter)
        session.add(row)
    row.verdict, row.note, row.value = input.verdict.value, note, value
    row.reviewer_id, row.at = ctx.viewer.id, ctx.now
    await session.flush()
    after = _told(row)
    await record_change(
        ctx, session, "scorecard.review", input.record_id, before=before, after=after
    )
    return row


def _told(row: ReviewRow) -> Mapping[str, Any]:
    """What the audit log is told of a verdict: never what was written."""
    return {
        "quarter": row.quarter,
        "verdict": row.verdict,
        "value": row.value,
        "reviewer": row.reviewer_id,
    }
