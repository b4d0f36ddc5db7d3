"""The tables of domain events and of rules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.storage.types import Instant, json, text

revision = "core_0002"
down_revision = "core_0001"


def upgrade() -> None:
    """Create them."""
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
        sa.Column("error", sa.Text(), nullable=True),
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
    _create_rules()


def _create_rules() -> None:
    op.create_table(
        "rule",
        sa.Column("key", text(80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("definition", json(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rule")),
    )
    op.create_table(
        "rule_run",
        sa.Column("id", text(80), nullable=False),
        sa.Column("rule_key", text(80), nullable=False),
        sa.Column("trigger", text(80), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("state", text(80), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("details", json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_run")),
    )
    op.create_index("ix_rule_run_rule", "rule_run", ["rule_key", "at"])
    op.create_table(
        "rule_firing",
        sa.Column("rule_key", text(80), nullable=False),
        sa.Column("record_id", text(80), nullable=False),
        sa.Column("way", text(80), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "rule_key", "record_id", "way", name=op.f("pk_rule_firing")
        ),
    )
