"""The tables of calls to action."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import Instant, text

revision = "cockpit_0001"
down_revision = None


def _key(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, text(80), nullable=nullable)


def _points(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{target}"
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(name))


def _keyed(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def upgrade() -> None:
    """Create them."""
    _vocabularies()
    _playbooks()
    _ctas()
    _tasks()


def _vocabularies() -> None:
    op.create_table(
        "cockpit_type",
        _key("id"),
        sa.Column("position", sa.Integer(), nullable=False),
        _key("record_kind", nullable=True),
        sa.Column("only_in_plans", sa.Boolean(), nullable=False),
        _keyed("cockpit_type", "id"),
        _points("cockpit_type", "id", "picklist_item"),
    )
    op.create_table(
        "cockpit_choice",
        _key("type_id"),
        _key("item_id"),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        _keyed("cockpit_choice", "type_id", "item_id"),
        _points("cockpit_choice", "type_id", "cockpit_type"),
        _points("cockpit_choice", "item_id", "picklist_item"),
    )
    op.create_index("ix_cockpit_choice_item_id", "cockpit_choice", ["item_id"])


def _playbooks() -> None:
    op.create_table(
        "cockpit_playbook",
        _key("id"),
        _key("key"),
        sa.Column("name", text(255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        _key("record_kind", nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        _keyed("cockpit_playbook", "id"),
        sa.UniqueConstraint("key", name=op.f("uq_cockpit_playbook_key")),
    )
    op.create_table(
        "cockpit_playbook_type",
        _key("playbook_id"),
        _key("type_id"),
        _keyed("cockpit_playbook_type", "playbook_id", "type_id"),
        _points("cockpit_playbook_type", "playbook_id", "cockpit_playbook"),
        _points("cockpit_playbook_type", "type_id", "cockpit_type"),
    )
    op.create_index(
        "ix_cockpit_playbook_type_type_id", "cockpit_playbook_type", ["type_id"]
    )
    op.create_table(
        "cockpit_playbook_task",
        _key("id"),
        _key("playbook_id"),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        _key("anchor"),
        sa.Column("offset_days", sa.Integer(), nullable=False),
        _key("owner_strategy"),
        _key("owner_id", nullable=True),
        _key("kind"),
        sa.Column("is_mandatory", sa.Boolean(), nullable=False),
        _keyed("cockpit_playbook_task", "id"),
        _points("cockpit_playbook_task", "playbook_id", "cockpit_playbook"),
        _points("cockpit_playbook_task", "owner_id", "app_user"),
    )
    op.create_index(
        "ix_cockpit_playbook_task",
        "cockpit_playbook_task",
        ["playbook_id", "position"],
    )


def _ctas() -> None:
    items = ("type_id", "reason_id", "priority_id", "status_id")
    op.create_table(
        "cockpit_cta",
        _key("id"),
        _key("company_id"),
        _key("relationship_id", nullable=True),
        sa.Column("name", text(255), nullable=False),
        *(_key(name, nullable=name == "reason_id") for name in items),
        _key("owner_id"),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("original_due_date", sa.Date(), nullable=False),
        sa.Column("is_important", sa.Boolean(), nullable=False),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        _key("closed_by", nullable=True),
        _key("close_source", nullable=True),
        sa.Column("snoozed_until", sa.Date(), nullable=True),
        sa.Column("snooze_reason", text(255), nullable=True),
        _key("snoozed_by", nullable=True),
        sa.Column("comments", sa.Text(), nullable=True),
        _key("source"),
        _key("dedupe_key", nullable=True),
        _key("playbook_id", nullable=True),
        sa.Column("total_tasks", sa.Integer(), nullable=False),
        sa.Column("closed_tasks", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_on", sa.Date(), nullable=False),
        _key("created_by", nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        _keyed("cockpit_cta", "id"),
        _points("cockpit_cta", "company_id", "company"),
        _points("cockpit_cta", "relationship_id", "relationship"),
        *(_points("cockpit_cta", name, "picklist_item") for name in items),
        _points("cockpit_cta", "owner_id", "app_user"),
        _points("cockpit_cta", "playbook_id", "cockpit_playbook"),
    )
    for name, leading in (
        ("ix_cockpit_cta_page", "company_id"),
        ("ix_cockpit_cta_relationship", "relationship_id"),
    ):
        op.create_index(name, "cockpit_cta", [leading, "is_closed", "due_date", "id"])
    op.create_index(
        "ix_cockpit_cta_owner", "cockpit_cta", ["owner_id", "is_closed", "due_date"]
    )
    op.create_index(
        "uq_cockpit_cta_open_key",
        "cockpit_cta",
        ["dedupe_key"],
        unique=True,
        sqlite_where=sa.text("NOT is_closed"),
        postgresql_where=sa.text("NOT is_closed"),
    )


def _tasks() -> None:
    op.create_table(
        "cockpit_task",
        _key("id"),
        _key("cta_id"),
        _key("company_id"),
        _key("relationship_id", nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        _key("status"),
        _key("kind"),
        _key("owner_id"),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("is_mandatory", sa.Boolean(), nullable=False),
        _key("depends_on", nullable=True),
        _key("playbook_task_id", nullable=True),
        sa.Column("completed_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        _keyed("cockpit_task", "id"),
        _points("cockpit_task", "cta_id", "cockpit_cta"),
        _points("cockpit_task", "company_id", "company"),
        _points("cockpit_task", "relationship_id", "relationship"),
        _points("cockpit_task", "owner_id", "app_user"),
        _points("cockpit_task", "playbook_task_id", "cockpit_playbook_task"),
    )
    op.create_index("ix_cockpit_task_cta", "cockpit_task", ["cta_id", "position", "id"])
    op.create_index("ix_cockpit_task_owner", "cockpit_task", ["owner_id", "cta_id"])
    op.create_index("ix_cockpit_task_company", "cockpit_task", ["company_id"])
    op.create_index("ix_cockpit_task_relationship", "cockpit_task", ["relationship_id"])
