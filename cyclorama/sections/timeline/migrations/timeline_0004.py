"""Further records that activities belong to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import Instant, text

revision = "timeline_0004"
down_revision = "timeline_0003"


def upgrade() -> None:
    """Create their table."""
    op.create_table(
        "timeline_association",
        sa.Column("id", text(80), nullable=False),
        sa.Column("activity_id", text(80), nullable=False),
        sa.Column("record_id", text(80), nullable=False),
        sa.Column("created_by_id", text(80), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_association")),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["timeline_activity.id"],
            name=op.f("fk_timeline_association_activity_id_timeline_activity"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"],
            ["app_user.id"],
            name=op.f("fk_timeline_association_created_by_id_app_user"),
        ),
        sa.UniqueConstraint(
            "activity_id",
            "record_id",
            name=op.f("uq_timeline_association_activity_id_record_id"),
        ),
    )
    op.create_index(
        "ix_timeline_association_record",
        "timeline_association",
        ["record_id", "activity_id"],
    )
