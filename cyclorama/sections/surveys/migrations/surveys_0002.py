"""What was decided about answers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import Instant, text

revision = "surveys_0002"
down_revision = "surveys_0001"
TABLE = "surveys_review"


def upgrade() -> None:
    """Create it."""
    op.create_table(
        TABLE,
        sa.Column("id", text(80), nullable=False),
        sa.Column("excluded_reason", text(255), nullable=True),
        sa.Column("excluded_by", text(80), nullable=True),
        sa.Column("excluded_at", Instant(), nullable=True),
        sa.Column("remark", text(32_000), nullable=True),
        sa.Column("remark_by", text(80), nullable=True),
        sa.Column("remark_at", Instant(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surveys_review")),
        _points("id", "surveys_response"),
        _points("excluded_by", "app_user"),
        _points("remark_by", "app_user"),
    )


def _points(column: str, target: str) -> Any:
    name = op.f(f"fk_{TABLE}_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name)
