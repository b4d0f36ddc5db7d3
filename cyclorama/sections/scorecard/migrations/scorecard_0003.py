"""A version of what records were given by hand; how scores of children become one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import json

revision = "scorecard_0003"
down_revision = "scorecard_0002"


def upgrade() -> None:
    """Add the columns."""
    column = sa.Column("version", sa.Integer(), nullable=False, server_default="1")
    op.add_column("scorecard_assignment", column)
    op.add_column("scorecard_card", sa.Column("children", json(), nullable=True))
