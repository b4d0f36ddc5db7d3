"""Another comment on the score of a measure, which stays as it is."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry

from cyclorama.plugins import Info
from cyclorama.sections.scorecard.mutations import (
    COMMENT_ON,
    EXPECTED,
    ScorePayload,
    change_score,
)
from cyclorama.sections.scorecard.rules.bands import Band
from cyclorama.sections.scorecard.rules.facts import Fact


@strawberry.input(description="A comment on a measure, whoever scores it.")
class SetScoreCommentInput:
    record_id: strawberry.ID
    measure_key: str
    comment: str | None = strawberry.field(
        default=None,
        description="Plain text, at most 32,000 characters; null takes the comment away.",
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


async def set_score_comment(info: Info, input: SetScoreCommentInput) -> ScorePayload:
    """Replace the comment on a measure, also on one that rules score.

    The score is neither set nor renewed by it. Earlier comments stay in `comments`.
    """
    comment = (input.comment or "").strip() or None

    def apply(fact: Fact, bands: Sequence[Band]) -> Fact:
        return fact._replace(comment=comment)

    return await change_score(info.context, COMMENT_ON, input, apply)
