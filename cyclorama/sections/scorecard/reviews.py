"""What spot checks have found of overall scores, as the graph shows it."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
import strawberry

from cyclorama.plugins import Env, User, read, record
from cyclorama.sections.scorecard.masks import OVERALL
from cyclorama.sections.scorecard.tables import ReviewRow

MOST_REVIEWS = 40
R: Any = ReviewRow.__table__.c


@strawberry.enum(description="Whether somebody finds an overall score right.")
class ScoreVerdict(Enum):
    AGREE = "AGREE"
    DISAGREE = "DISAGREE"


@strawberry.type(description="What somebody found of the overall score in a quarter.")
@read.table(ReviewRow)
class ScoreReview:
    quarter: str = strawberry.field(description="As 2026-Q1.")
    verdict: ScoreVerdict
    note: str | None = strawberry.field(description="Why; plain text.")
    value: int = strawberry.field(description="The overall score that was looked at.")
    reviewer: User = read.one(ReviewRow.reviewer_id)
    at: datetime


def reviewed(env: Env) -> Any:
    """The reviews of the record, where the layout shows what people write and no mask
    hides the score."""
    if env is None:  # asked for what it reads
        return R.record_id == record.id
    shown = env.config.show_comments and env.masked.fields.isdisjoint(OVERALL)
    return R.record_id == record.id if shown else sa.false()
