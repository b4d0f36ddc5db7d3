"""The table of what users don't want to be told of, and the rule behind notifications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.storage.types import Instant, text

revision = "core_0004"
down_revision = "core_0003"


def upgrade() -> None:
    """Create it, add a column."""
    op.create_table(
        "mute",
        sa.Column("user_id", text(80), nullable=False),
        sa.Column("what", text(80), nullable=False),
        sa.Column("key", text(80), nullable=False),
        sa.Column("until", Instant(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_mute_user_id_app_user")
        ),
        sa.PrimaryKeyConstraint("user_id", "what", "key", name=op.f("pk_mute")),
    )
    op.add_column("notification", sa.Column("rule", text(80), nullable=True))
