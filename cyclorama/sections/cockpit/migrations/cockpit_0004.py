"""Versions of playbooks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "cockpit_0004"
down_revision = "cockpit_0003"


def upgrade() -> None:
    """Add a column."""
    version = sa.Column("version", sa.Integer(), nullable=False, server_default="1")
    op.add_column("cockpit_playbook", version)
