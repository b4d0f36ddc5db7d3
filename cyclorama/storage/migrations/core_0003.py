"""The tables of who follows what, and of notifications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.storage.types import Instant, text

revision = "core_0003"
down_revision = "core_0002"


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "follow",
        sa.Column("user_id", text(80), nullable=False),
        sa.Column("record_id", text(80), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_follow_user_id_app_user")
        ),
        sa.PrimaryKeyConstraint("user_id", "record_id", name=op.f("pk_follow")),
    )
    op.create_index("ix_follow_record_id", "follow", ["record_id"])
    op.create_table(
        "notification",
        sa.Column("id", text(80), nullable=False),
        sa.Column("user_id", text(80), nullable=False),
        sa.Column("kind", text(80), nullable=False),
        sa.Column("reason", text(80), nullable=False),
        sa.Column("record_id", text(80), nullable=False),
        sa.Column("subject_id", text(80), nullable=True),
        sa.Column("text", text(1000), nullable=True),
        sa.Column("actor_id", text(80), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("read_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_notification_user_id_app_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
    )
    op.create_index("ix_notification_user_id", "notification", ["user_id", "id"])
