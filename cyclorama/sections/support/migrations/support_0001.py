"""The table of cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import Instant, text

revision = "support_0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "support_case",
        sa.Column("id", text(80), nullable=False),
        sa.Column("company_id", text(80), nullable=True),
        sa.Column("relationship_id", text(80), nullable=True),
        sa.Column("number", text(80), nullable=False),
        sa.Column("subject", text(255), nullable=True),
        sa.Column("status", text(80), nullable=False),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
        sa.Column("priority", text(80), nullable=True),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("csat", sa.Double(), nullable=True),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_case")),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
            name=op.f("fk_support_case_company_id_company"),
        ),
        sa.ForeignKeyConstraint(
            ["relationship_id"],
            ["relationship.id"],
            name=op.f("fk_support_case_relationship_id_relationship"),
        ),
    )
    op.create_index(
        "ix_support_case_page", "support_case", ["company_id", "opened_at", "id"]
    )
    op.create_index(
        "ix_support_case_relationship",
        "support_case",
        ["relationship_id", "opened_at", "id"],
    )
