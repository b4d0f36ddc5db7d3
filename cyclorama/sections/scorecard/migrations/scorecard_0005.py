"""Since when records have their cards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import Instant

revision = "scorecard_0005"
down_revision = "scorecard_0004"


def upgrade() -> None:
    """Create the column; of cards that were given before it is not known."""
    op.add_column("scorecard_assignment", sa.Column("since", Instant(), nullable=True))
