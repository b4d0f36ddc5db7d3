"""The first tables of the core, and that of imports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.storage.append_only import create_audit_tables
from cyclorama.storage.types import Instant, json, text

revision = "core_0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "app_user",
        sa.Column("id", text(80), nullable=False),
        sa.Column("email", text(255), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("title", text(255), nullable=True),
        sa.Column("department", text(255), nullable=True),
        sa.Column("manager_id", text(80), nullable=True),
        sa.Column("attributes", json(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_app_user")),
        sa.ForeignKeyConstraint(
            ["manager_id"],
            ["app_user.id"],
            name=op.f("fk_app_user_manager_id_app_user"),
        ),
        sa.UniqueConstraint("email", name=op.f("uq_app_user_email")),
    )
    op.create_table(
        "configuration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_configuration")),
    )
    op.create_table(
        "external_ref",
        sa.Column("id", text(80), nullable=False),
        sa.Column("system", text(80), nullable=False),
        sa.Column("object_type", text(80), nullable=False),
        sa.Column("external_id", text(255), nullable=False),
        sa.Column("entity_id", text(80), nullable=False),
        sa.Column("url", text(2048), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_ref")),
        sa.UniqueConstraint(
            "system",
            "object_type",
            "external_id",
            name=op.f("uq_external_ref_system_object_type_external_id"),
        ),
    )
    op.create_index("ix_external_ref_entity_id", "external_ref", ["entity_id"])
    op.create_table(
        "field",
        sa.Column("id", text(80), nullable=False),
        sa.Column("object", text(80), nullable=False),
        sa.Column("key", text(80), nullable=False),
        sa.Column("label", text(255), nullable=False),
        sa.Column("type", text(80), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("editable", sa.Boolean(), nullable=False),
        sa.Column("help_text", text(2000), nullable=True),
        sa.Column("picklist", text(80), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field")),
        sa.UniqueConstraint("object", "key", name=op.f("uq_field_object_key")),
    )
    op.create_table(
        "import_open_reference",
        sa.Column("id", text(80), nullable=False),
        sa.Column("system", text(80), nullable=False),
        sa.Column("object_type", text(80), nullable=False),
        sa.Column("external_id", text(255), nullable=False),
        sa.Column("table_name", text(80), nullable=False),
        sa.Column("column_name", text(80), nullable=False),
        sa.Column("entity_id", text(80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_open_reference")),
        sa.UniqueConstraint(
            "system",
            "object_type",
            "external_id",
            "table_name",
            "column_name",
            "entity_id",
            name=op.f("uq_import_open_reference_awaited"),
        ),
    )
    op.create_index(
        "ix_import_open_reference_entity_id", "import_open_reference", ["entity_id"]
    )
    op.create_table(
        "layout",
        sa.Column("id", text(80), nullable=False),
        sa.Column("key", text(80), nullable=False),
        sa.Column("kind", text(80), nullable=False),
        sa.Column("relationship_type", text(80), nullable=True),
        sa.Column("name", text(255), nullable=False),
        sa.Column("description", text(1000), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("status", text(80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layout")),
        sa.UniqueConstraint("key", name=op.f("uq_layout_key")),
    )
    op.create_table(
        "person",
        sa.Column("id", text(80), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("search_key", text(600), nullable=False),
        sa.Column("email", text(255), nullable=True),
        sa.Column("title", text(255), nullable=True),
        sa.Column("phone", text(255), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_index("ix_person_email", "person", ["email"])
    op.create_index("ix_person_search_key", "person", ["search_key"])
    op.create_table(
        "picklist_item",
        sa.Column("id", text(80), nullable=False),
        sa.Column("picklist", text(80), nullable=False),
        sa.Column("key", text(80), nullable=False),
        sa.Column("label", text(255), nullable=False),
        sa.Column("color", text(255), nullable=True),
        sa.Column("category", text(80), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_picklist_item")),
        sa.UniqueConstraint(
            "picklist", "key", name=op.f("uq_picklist_item_picklist_key")
        ),
    )
    op.create_table(
        "relationship_type",
        sa.Column("id", text(80), nullable=False),
        sa.Column("key", text(80), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("description", text(1000), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relationship_type")),
        sa.UniqueConstraint("key", name=op.f("uq_relationship_type_key")),
    )
    op.create_table(
        "section_failure",
        sa.Column("section", text(80), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("section", name=op.f("pk_section_failure")),
    )
    op.create_table(
        "field_permission",
        sa.Column("group_key", text(80), nullable=False),
        sa.Column("field", text(255), nullable=False),
        sa.Column("access", text(80), nullable=False),
        sa.PrimaryKeyConstraint("group_key", "field", name=op.f("pk_field_permission")),
    )
    op.create_table(
        "section_plugin",
        sa.Column("key", text(80), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_section_plugin")),
    )
    op.create_table(
        "user_group",
        sa.Column("id", text(80), nullable=False),
        sa.Column("key", text(80), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("rule", json(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_group")),
        sa.UniqueConstraint("key", name=op.f("uq_user_group_key")),
    )
    op.create_table(
        "access_token",
        sa.Column("id", text(80), nullable=False),
        sa.Column("user_id", text(80), nullable=False),
        sa.Column("token_hash", text(80), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_token")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_access_token_user_id_app_user")
        ),
        sa.UniqueConstraint("token_hash", name=op.f("uq_access_token_token_hash")),
    )
    op.create_index("ix_access_token_user_id", "access_token", ["user_id"])
    op.create_table(
        "company",
        sa.Column("managed_as", text(80), nullable=False),
        sa.Column("industry_id", text(80), nullable=True),
        sa.Column("company_type_id", text(80), nullable=True),
        sa.Column("employees", sa.Integer(), nullable=True),
        sa.Column("users", sa.Integer(), nullable=True),
        sa.Column("logo_url", text(2048), nullable=True),
        sa.Column("parent_id", text(80), nullable=True),
        sa.Column("id", text(80), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("search_key", text(600), nullable=False),
        sa.Column("arr_minor", sa.BigInteger(), nullable=True),
        sa.Column("mrr_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", text(3), nullable=False),
        sa.Column("original_contract_date", sa.Date(), nullable=True),
        sa.Column("renewal_date", sa.Date(), nullable=True),
        sa.Column("churned_on", sa.Date(), nullable=True),
        sa.Column("tags", json(), nullable=False),
        sa.Column("comment", text(32000), nullable=True),
        sa.Column("custom", json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("status_id", text(80), nullable=True),
        sa.Column("stage_id", text(80), nullable=True),
        sa.Column("csm_id", text(80), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company")),
        sa.ForeignKeyConstraint(
            ["company_type_id"],
            ["picklist_item.id"],
            name=op.f("fk_company_company_type_id_picklist_item"),
        ),
        sa.ForeignKeyConstraint(
            ["csm_id"], ["app_user.id"], name=op.f("fk_company_csm_id_app_user")
        ),
        sa.ForeignKeyConstraint(
            ["industry_id"],
            ["picklist_item.id"],
            name=op.f("fk_company_industry_id_picklist_item"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["company.id"], name=op.f("fk_company_parent_id_company")
        ),
        sa.ForeignKeyConstraint(
            ["stage_id"],
            ["picklist_item.id"],
            name=op.f("fk_company_stage_id_picklist_item"),
        ),
        sa.ForeignKeyConstraint(
            ["status_id"],
            ["picklist_item.id"],
            name=op.f("fk_company_status_id_picklist_item"),
        ),
    )
    op.create_index("ix_company_arr_order", "company", ["arr_minor", "id"])
    op.create_index("ix_company_csm_id", "company", ["csm_id"])
    op.create_index("ix_company_parent_id", "company", ["parent_id"])
    op.create_index("ix_company_renewal_order", "company", ["renewal_date", "id"])
    op.create_index("ix_company_search_key", "company", ["search_key"])
    op.create_index("ix_company_name_order", "company", ["search_key", "id"])
    op.create_index("ix_company_updated_order", "company", ["updated_at", "id"])
    op.create_table(
        "layout_assignment",
        sa.Column("id", text(80), nullable=False),
        sa.Column("layout_id", text(80), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("viewer", json(), nullable=False),
        sa.Column("record", json(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_layout_assignment")),
        sa.ForeignKeyConstraint(
            ["layout_id"],
            ["layout.id"],
            name=op.f("fk_layout_assignment_layout_id_layout"),
        ),
    )
    op.create_table(
        "section_placement",
        sa.Column("id", text(80), nullable=False),
        sa.Column("layout_id", text(80), nullable=False),
        sa.Column("instance_key", text(80), nullable=False),
        sa.Column("section", text(80), nullable=False),
        sa.Column("label", text(255), nullable=True),
        sa.Column("icon", text(80), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("surfaces", json(), nullable=False),
        sa.Column("config", json(), nullable=False),
        sa.Column("shared", text(80), nullable=True),
        sa.Column("decoupled_from", text(80), nullable=True),
        sa.Column("decoupled_version", sa.Integer(), nullable=True),
        sa.Column("config_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_section_placement")),
        sa.ForeignKeyConstraint(
            ["layout_id"],
            ["layout.id"],
            name=op.f("fk_section_placement_layout_id_layout"),
        ),
        sa.UniqueConstraint(
            "layout_id",
            "instance_key",
            name=op.f("uq_section_placement_layout_id_instance_key"),
        ),
    )
    op.create_table(
        "user_group_member",
        sa.Column("group_id", text(80), nullable=False),
        sa.Column("user_id", text(80), nullable=False),
        sa.Column("by_hand", sa.Boolean(), nullable=False),
        sa.Column("by_rule", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(
            "group_id", "user_id", name=op.f("pk_user_group_member")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["user_group.id"],
            name=op.f("fk_user_group_member_group_id_user_group"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["app_user.id"],
            name=op.f("fk_user_group_member_user_id_app_user"),
        ),
    )
    op.create_index("ix_user_group_member_user_id", "user_group_member", ["user_id"])
    _create_access()
    op.create_table(
        "company_person",
        sa.Column("id", text(80), nullable=False),
        sa.Column("person_id", text(80), nullable=False),
        sa.Column("company_id", text(80), nullable=False),
        sa.Column("title", text(255), nullable=True),
        sa.Column("role", text(255), nullable=True),
        sa.Column("manager_id", text(80), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_company_person")),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
            name=op.f("fk_company_person_company_id_company"),
        ),
        sa.ForeignKeyConstraint(
            ["manager_id"],
            ["company_person.id"],
            name=op.f("fk_company_person_manager_id_company_person"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_company_person_person_id_person"),
        ),
        sa.UniqueConstraint(
            "person_id",
            "company_id",
            name=op.f("uq_company_person_person_id_company_id"),
        ),
    )
    op.create_index("ix_company_person_company_id", "company_person", ["company_id"])
    op.create_table(
        "relationship",
        sa.Column("company_id", text(80), nullable=False),
        sa.Column("type_id", text(80), nullable=False),
        sa.Column("id", text(80), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("search_key", text(600), nullable=False),
        sa.Column("arr_minor", sa.BigInteger(), nullable=True),
        sa.Column("mrr_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", text(3), nullable=False),
        sa.Column("original_contract_date", sa.Date(), nullable=True),
        sa.Column("renewal_date", sa.Date(), nullable=True),
        sa.Column("churned_on", sa.Date(), nullable=True),
        sa.Column("tags", json(), nullable=False),
        sa.Column("comment", text(32000), nullable=True),
        sa.Column("custom", json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("status_id", text(80), nullable=True),
        sa.Column("stage_id", text(80), nullable=True),
        sa.Column("csm_id", text(80), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relationship")),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
            name=op.f("fk_relationship_company_id_company"),
        ),
        sa.ForeignKeyConstraint(
            ["csm_id"], ["app_user.id"], name=op.f("fk_relationship_csm_id_app_user")
        ),
        sa.ForeignKeyConstraint(
            ["stage_id"],
            ["picklist_item.id"],
            name=op.f("fk_relationship_stage_id_picklist_item"),
        ),
        sa.ForeignKeyConstraint(
            ["status_id"],
            ["picklist_item.id"],
            name=op.f("fk_relationship_status_id_picklist_item"),
        ),
        sa.ForeignKeyConstraint(
            ["type_id"],
            ["relationship_type.id"],
            name=op.f("fk_relationship_type_id_relationship_type"),
        ),
    )
    op.create_index("ix_relationship_company_id", "relationship", ["company_id"])
    op.create_index("ix_relationship_csm_id", "relationship", ["csm_id"])
    op.create_index("ix_relationship_search_key", "relationship", ["search_key"])
    op.create_index("ix_relationship_type_id", "relationship", ["type_id"])
    op.create_table(
        "relationship_person",
        sa.Column("id", text(80), nullable=False),
        sa.Column("person_id", text(80), nullable=False),
        sa.Column("company_person_id", text(80), nullable=True),
        sa.Column("relationship_id", text(80), nullable=False),
        sa.Column("role", text(255), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relationship_person")),
        sa.ForeignKeyConstraint(
            ["company_person_id"],
            ["company_person.id"],
            name=op.f("fk_relationship_person_company_person_id_company_person"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_relationship_person_person_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["relationship_id"],
            ["relationship.id"],
            name=op.f("fk_relationship_person_relationship_id_relationship"),
        ),
        sa.UniqueConstraint(
            "person_id",
            "relationship_id",
            name=op.f("uq_relationship_person_person_id_relationship_id"),
        ),
    )
    op.create_index(
        "ix_relationship_person_relationship_id",
        "relationship_person",
        ["relationship_id"],
    )
    _create_layout_tables()
    _create_personalisation()
    create_audit_tables()


def _create_personalisation() -> None:
    op.create_table(
        "layout_personalisation",
        sa.Column("user_id", text(80), nullable=False),
        sa.Column("layout", text(80), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "user_id", "layout", name=op.f("pk_layout_personalisation")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["app_user.id"],
            name=op.f("fk_layout_personalisation_user_id_app_user"),
        ),
    )


def _create_layout_tables() -> None:
    """Shared sections, pins, and the history of layouts."""
    op.create_table(
        "shared_section",
        sa.Column("id", text(80), nullable=False),
        sa.Column("key", text(80), nullable=False),
        sa.Column("section", text(80), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("config", json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("config_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shared_section")),
        sa.UniqueConstraint("key", name=op.f("uq_shared_section_key")),
    )
    op.create_table(
        "layout_pin",
        sa.Column("record_id", text(80), nullable=False),
        sa.Column("layout_id", text(80), nullable=False),
        sa.Column("viewer", json(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_layout_pin")),
        sa.ForeignKeyConstraint(
            ["layout_id"], ["layout.id"], name=op.f("fk_layout_pin_layout_id_layout")
        ),
    )
    op.create_table(
        "layout_revision",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=True),
        sa.Column("author", text(255), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("digest", text(80), nullable=False),
        sa.Column("changes", json(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_layout_revision")),
    )


def _create_access() -> None:
    op.create_table(
        "access_rule",
        sa.Column("id", text(80), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("kind", text(80), nullable=False),
        sa.Column("effect", text(80), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("viewer", json(), nullable=False),
        sa.Column("record", json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_rule")),
        sa.UniqueConstraint("name", name=op.f("uq_access_rule_name")),
    )
    op.create_table(
        "team",
        sa.Column("id", text(80), nullable=False),
        sa.Column("key", text(80), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("key", name=op.f("uq_team_key")),
    )
    op.create_table(
        "team_member",
        sa.Column("team_id", text(80), nullable=False),
        sa.Column("user_id", text(80), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("pk_team_member")),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_team_member_team_id_team")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_team_member_user_id_app_user")
        ),
    )
    op.create_index("ix_team_member_user_id", "team_member", ["user_id"])
    op.create_table(
        "record_team",
        sa.Column("record_id", text(80), nullable=False),
        sa.Column("team_id", text(80), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "team_id", name=op.f("pk_record_team")),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_record_team_team_id_team")
        ),
    )
    op.create_index("ix_record_team_team_id", "record_team", ["team_id"])
    op.create_table(
        "idempotency_key",
        sa.Column("actor_id", text(80), nullable=False),
        sa.Column("action", text(80), nullable=False),
        sa.Column("key", text(255), nullable=False),
        sa.Column("digest", text(64), nullable=False),
        sa.Column("result", text(80), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "actor_id", "action", "key", name=op.f("pk_idempotency_key")
        ),
    )
