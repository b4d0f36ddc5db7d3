"""The table of Support: cases of a company or of one of its relationships."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.plugins import KEY, Row, key_column


class SupportCaseRow(Row):
    """A case; without a company it is kept, but no page shows it."""

    __tablename__ = "support_case"
    __table_args__ = (
        Index("ix_support_case_page", "company_id", "opened_at", "id"),
        Index("ix_support_case_relationship", "relationship_id", "opened_at", "id"),
    )

    id: Mapped[str] = key_column()
    company_id: Mapped[str | None] = mapped_column(KEY, ForeignKey("company.id"))
    relationship_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("relationship.id")
    )
    number: Mapped[str] = mapped_column(KEY)
    subject: Mapped[str | None]
    status: Mapped[str] = mapped_column(KEY)
    is_closed: Mapped[bool] = mapped_column(default=False)
    priority: Mapped[str | None] = mapped_column(KEY)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    csat: Mapped[float | None]
    escalated: Mapped[bool] = mapped_column(default=False)
    updated_at: Mapped[datetime]
