"""The table of domain events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.storage.types import Instant, json, text

revision = "core_0002"
down_revision = "core_0001"


def upgrade() -> None:
    """Create it."""
    op.create_table(
        "domain_event",
        sa.Column("id", text(80), nullable=False),
        sa.Column("kind", text(80), nullable=False),
        sa.Column("record_id", text(80), nullable=False),
        sa.Column("subject_id", text(80), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor_kind", text(80), nullable=False),
        sa.Column("actor_id", text(80), nullable=True),
        sa.Column("actor", text(255), nullable=False),
        sa.Column("payload", json(), nullable=False),
        sa.Column("chain", json(), nullable=False),
        sa.Column("handled_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain_event")),
    )
    waits = sa.text("handled_at IS NULL")
    op.create_index(
        "ix_domain_event_waiting",
        "domain_event",
        ["id"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
