"""The tables of Surveys: surveys, and who was asked what and answered how."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.plugins import KEY, Row, key_column, text

NPS, CSAT, CES = "NPS", "CSAT", "CES"
"""The kinds of surveys whose ratings are counted."""
DRAFT: Final = "DRAFT"
STATES: Final = ("SENT", "OPENED", "PARTIAL", "SUBMITTED", "BOUNCED", "OPTED_OUT")
ANSWERED: Final = ("PARTIAL", "SUBMITTED")
"""The states of what was answered, in part or whole."""


class SurveyRow(Row):
    """A survey. `kind` says what its rating asks: NPS, or another question, whose ratings
    are shown and not counted; `status` is DRAFT, PUBLISHED or CLOSED."""

    __tablename__ = "surveys_survey"

    id: Mapped[str] = key_column()
    key: Mapped[str] = mapped_column(KEY, unique=True)
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(KEY, default=NPS)
    status: Mapped[str] = mapped_column(KEY, default="PUBLISHED")
    is_anonymous: Mapped[bool] = mapped_column(default=False)


class ResponseRow(Row):
    """Somebody who was asked, and what they answered."""

    __tablename__ = "surveys_response"
    __table_args__ = (
        Index("ix_surveys_response_company", "company_id", "responded_at", "id"),
        Index(
            "ix_surveys_response_relationship", "relationship_id", "responded_at", "id"
        ),
        Index("ix_surveys_response_survey", "survey_id", "company_id"),
    )

    id: Mapped[str] = key_column()
    survey_id: Mapped[str] = mapped_column(KEY, ForeignKey("surveys_survey.id"))
    company_id: Mapped[str] = mapped_column(KEY, ForeignKey("company.id"))
    relationship_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("relationship.id")
    )
    person_id: Mapped[str | None] = mapped_column(KEY, ForeignKey("person.id"))
    """Never that of who answers an anonymous survey."""
    state: Mapped[str] = mapped_column(KEY, default="SUBMITTED")
    rating: Mapped[int | None]
    comment: Mapped[str | None] = mapped_column(text(32_000))
    responded_at: Mapped[datetime]
    """Of a partial answer when it was saved last; where none came, when it was sent."""


class ReviewRow(Row):
    """What was decided about an answer: whether it is left out of all numbers, and what
    was noted of it."""

    __tablename__ = "surveys_review"

    id: Mapped[str] = mapped_column(
        KEY, ForeignKey("surveys_response.id"), primary_key=True
    )
    """That of the answer."""
    excluded_reason: Mapped[str | None]
    """Null for one that counts."""
    excluded_by: Mapped[str | None] = mapped_column(KEY, ForeignKey("app_user.id"))
    excluded_at: Mapped[datetime | None]
    remark: Mapped[str | None] = mapped_column(text(32_000))
    remark_by: Mapped[str | None] = mapped_column(KEY, ForeignKey("app_user.id"))
    remark_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
