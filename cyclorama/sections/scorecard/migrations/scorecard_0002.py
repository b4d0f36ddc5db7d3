"""Pinned scorecards: why, and until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import Instant, text

revision = "scorecard_0002"
down_revision = "scorecard_0001"


def upgrade() -> None:
    """Add the columns."""
    for column in (
        sa.Column("pin_reason", text(255), nullable=True),
        sa.Column("pinned_until", Instant(), nullable=True),
    ):
        op.add_column("scorecard_assignment", column)
