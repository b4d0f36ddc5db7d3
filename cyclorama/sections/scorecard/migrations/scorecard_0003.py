"""A version of what records were given by hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "scorecard_0003"
down_revision = "scorecard_0002"


def upgrade() -> None:
    """Add the column."""
    column = sa.Column("version", sa.Integer(), nullable=False, server_default="1")
    op.add_column("scorecard_assignment", column)
