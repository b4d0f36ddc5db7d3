"""The table of the stages that records have been in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import Instant, text

revision = "timeline_0003"
down_revision = "timeline_0002"


def upgrade() -> None:
    """Create it."""
    op.create_table(
        "timeline_stage",
        sa.Column("id", text(80), nullable=False),
        sa.Column("company_id", text(80), nullable=False),
        sa.Column("relationship_id", text(80), nullable=True),
        sa.Column("stage_id", text(80), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_stage")),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
            name=op.f("fk_timeline_stage_company_id_company"),
        ),
        sa.ForeignKeyConstraint(
            ["relationship_id"],
            ["relationship.id"],
            name=op.f("fk_timeline_stage_relationship_id_relationship"),
        ),
        sa.ForeignKeyConstraint(
            ["stage_id"],
            ["picklist_item.id"],
            name=op.f("fk_timeline_stage_stage_id_picklist_item"),
        ),
    )
    op.create_index(
        "ix_timeline_stage_page",
        "timeline_stage",
        ["company_id", "relationship_id", "at", "id"],
    )
    op.create_index(
        "ix_timeline_stage_relationship",
        "timeline_stage",
        ["relationship_id", "at", "id"],
    )
