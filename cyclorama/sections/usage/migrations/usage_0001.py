"""The tables of usage."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import text

revision = "usage_0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "usage_module",
        sa.Column("id", text(80), nullable=False),
        sa.Column("key", text(80), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("unit", text(80), nullable=True),
        sa.Column("aggregation", text(80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_module")),
        sa.UniqueConstraint("key", name=op.f("uq_usage_module_key")),
    )
    op.create_table(
        "usage_active_day",
        sa.Column("id", text(80), nullable=False),
        sa.Column("company_id", text(80), nullable=False),
        sa.Column("relationship_id", text(80), nullable=True),
        sa.Column("person_key", text(80), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_active_day")),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
            name=op.f("fk_usage_active_day_company_id_company"),
        ),
        sa.ForeignKeyConstraint(
            ["relationship_id"],
            ["relationship.id"],
            name=op.f("fk_usage_active_day_relationship_id_relationship"),
        ),
        sa.UniqueConstraint(
            "company_id",
            "relationship_id",
            "person_key",
            "day",
            name=op.f("uq_usage_active_day_company_id_relationship_id_person_key_day"),
        ),
    )
    op.create_index(
        "ix_usage_active_day_company", "usage_active_day", ["company_id", "day"]
    )
    op.create_index(
        "ix_usage_active_day_relationship",
        "usage_active_day",
        ["relationship_id", "day"],
    )
    op.create_table(
        "usage_daily",
        sa.Column("id", text(80), nullable=False),
        sa.Column("company_id", text(80), nullable=False),
        sa.Column("relationship_id", text(80), nullable=True),
        sa.Column("module_id", text(80), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_daily")),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
            name=op.f("fk_usage_daily_company_id_company"),
        ),
        sa.ForeignKeyConstraint(
            ["module_id"],
            ["usage_module.id"],
            name=op.f("fk_usage_daily_module_id_usage_module"),
        ),
        sa.ForeignKeyConstraint(
            ["relationship_id"],
            ["relationship.id"],
            name=op.f("fk_usage_daily_relationship_id_relationship"),
        ),
    )
    op.create_index(
        "ix_usage_daily_company", "usage_daily", ["company_id", "module_id", "day"]
    )
    op.create_index("ix_usage_daily_module_id", "usage_daily", ["module_id"])
    op.create_index(
        "ix_usage_daily_relationship",
        "usage_daily",
        ["relationship_id", "module_id", "day"],
    )
    op.create_table(
        "usage_entitlement",
        sa.Column("id", text(80), nullable=False),
        sa.Column("company_id", text(80), nullable=False),
        sa.Column("relationship_id", text(80), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("modules", sa.Integer(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_entitlement")),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
            name=op.f("fk_usage_entitlement_company_id_company"),
        ),
        sa.ForeignKeyConstraint(
            ["relationship_id"],
            ["relationship.id"],
            name=op.f("fk_usage_entitlement_relationship_id_relationship"),
        ),
    )
    op.create_index(
        "ix_usage_entitlement_company_id", "usage_entitlement", ["company_id"]
    )
    op.create_index(
        "ix_usage_entitlement_relationship_id", "usage_entitlement", ["relationship_id"]
    )
