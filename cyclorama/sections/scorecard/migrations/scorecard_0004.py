"""Verdicts on overall scores."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import Instant, text

revision = "scorecard_0004"
down_revision = "scorecard_0003"


def upgrade() -> None:
    """Create their table."""
    op.create_table(
        "scorecard_review",
        sa.Column("id", text(80), nullable=False),
        sa.Column("record_id", text(80), nullable=False),
        sa.Column("quarter", text(80), nullable=False),
        sa.Column("verdict", text(80), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("reviewer_id", text(80), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_review")),
        sa.ForeignKeyConstraint(
            ["reviewer_id"],
            ["app_user.id"],
            name=op.f("fk_scorecard_review_reviewer_id_app_user"),
        ),
        sa.UniqueConstraint(
            "record_id", "quarter", name=op.f("uq_scorecard_review_record_id_quarter")
        ),
    )
