"""What rules have set of CTAs, and versions of the items of vocabularies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import json, text

revision = "cockpit_0003"
down_revision = "cockpit_0002"


def upgrade() -> None:
    """Add a column and a table."""
    op.add_column("cockpit_cta", sa.Column("ruled", json(), nullable=True))
    op.create_table(
        "cockpit_item",
        sa.Column("id", text(80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cockpit_item")),
        sa.ForeignKeyConstraint(
            ["id"],
            ["picklist_item.id"],
            name=op.f("fk_cockpit_item_id_picklist_item"),
        ),
    )
