"""Attachments of activities, and what the global timeline is read by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import text

revision = "timeline_0002"
down_revision = "timeline_0001"


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "timeline_attachment",
        sa.Column("id", text(80), nullable=False),
        sa.Column("activity_id", text(80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("url", text(2048), nullable=False),
        sa.Column("media_type", text(80), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_attachment")),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["timeline_activity.id"],
            name=op.f("fk_timeline_attachment_activity_id_timeline_activity"),
        ),
    )
    for name, table, columns in (
        (
            "ix_timeline_attachment_activity",
            "timeline_attachment",
            ["activity_id", "position", "id"],
        ),
        ("ix_timeline_activity_feed", "timeline_activity", ["activity_date", "id"]),
        (
            "ix_timeline_activity_author",
            "timeline_activity",
            ["author_id", "is_draft", "updated_at"],
        ),
    ):
        op.create_index(name, table, columns)
