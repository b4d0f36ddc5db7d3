"""Linked records, saved views, series of CTAs; comments become HTML."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import Instant, json, text

revision = "cockpit_0002"
down_revision = "cockpit_0001"
OPEN = sa.text("NOT is_closed")


def _key(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, text(80), nullable=nullable)


def _points(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{target}"
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(name))


def upgrade() -> None:
    """Create and convert them."""
    _links()
    _views()
    for column in (
        sa.Column("recur_every", sa.Integer(), nullable=True),
        _key("recur_unit", nullable=True),
        sa.Column("recur_from", sa.Date(), nullable=True),
        sa.Column("recur_on", sa.Date(), nullable=True),
        _key("series_id", nullable=True),
    ):
        op.add_column("cockpit_cta", column)
    op.create_index(
        "uq_cockpit_cta_open_series",
        "cockpit_cta",
        ["series_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("ix_cockpit_cta_recur", "cockpit_cta", ["recur_on", "id"])
    escaped = "comments"
    for sign, name in (("&", "amp"), ("<", "lt"), (">", "gt")):
        escaped = f"replace({escaped}, '{sign}', '&{name};')"
    op.execute(f"UPDATE cockpit_cta SET comments = {escaped}")


def _links() -> None:
    table = "cockpit_link"
    op.create_table(
        table,
        _key("id"),
        _key("cta_id"),
        _key("company_id"),
        _key("relationship_id", nullable=True),
        _key("system"),
        _key("object_name"),
        sa.Column("record_id", text(255), nullable=False),
        sa.Column("label", text(255), nullable=True),
        sa.Column("url", text(2048), nullable=True),
        _key("created_by"),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cockpit_link")),
        _points(table, "cta_id", "cockpit_cta"),
        _points(table, "company_id", "company"),
        _points(table, "relationship_id", "relationship"),
        _points(table, "created_by", "app_user"),
        sa.UniqueConstraint(
            "cta_id",
            "system",
            "object_name",
            "record_id",
            name=op.f("uq_cockpit_link_cta_id_system_object_name_record_id"),
        ),
    )
    op.create_index("ix_cockpit_link_company", table, ["company_id"])
    op.create_index("ix_cockpit_link_relationship", table, ["relationship_id"])


def _views() -> None:
    table = "cockpit_view"
    op.create_table(
        table,
        _key("id"),
        _key("owner_id"),
        sa.Column("name", text(255), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("filters", json(), nullable=False),
        sa.Column("columns", json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cockpit_view")),
        _points(table, "owner_id", "app_user"),
    )
    op.create_index("ix_cockpit_view_owner", table, ["owner_id", "name"])
