"""Jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.storage.types import Instant, json, text

revision = "core_0002"
down_revision = "core_0001"


def upgrade() -> None:
    """Make the queue."""
    op.create_table(
        "job",
        sa.Column("id", text(80), nullable=False),
        sa.Column("kind", text(80), nullable=False),
        sa.Column("key", text(80), nullable=True),
        sa.Column("payload", json(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("held_by", text(80), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("key", name=op.f("uq_job_key")),
    )
    op.create_index("ix_job_due_at", "job", ["due_at", "id"])
