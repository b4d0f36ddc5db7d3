"""The tables of Timeline."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import Instant, json, text

revision = "timeline_0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "timeline_activity",
        sa.Column("id", text(80), nullable=False),
        sa.Column("company_id", text(80), nullable=False),
        sa.Column("relationship_id", text(80), nullable=True),
        sa.Column("type", text(80), nullable=False),
        sa.Column("subject", text(255), nullable=False),
        sa.Column("subject_key", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("notes_text", sa.Text(), nullable=True),
        sa.Column("notes_key", sa.Text(), nullable=True),
        sa.Column("activity_date", Instant(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("milestone_type", text(80), nullable=True),
        sa.Column("context", text(80), nullable=False),
        sa.Column("context_id", text(80), nullable=False),
        sa.Column("visibility", text(80), nullable=False),
        sa.Column("is_draft", sa.Boolean(), nullable=False),
        sa.Column("fields", json(), nullable=False),
        sa.Column("author_id", text(80), nullable=False),
        sa.Column("updated_by_id", text(80), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_activity")),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
            name=op.f("fk_timeline_activity_company_id_company"),
        ),
        sa.ForeignKeyConstraint(
            ["relationship_id"],
            ["relationship.id"],
            name=op.f("fk_timeline_activity_relationship_id_relationship"),
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["app_user.id"],
            name=op.f("fk_timeline_activity_author_id_app_user"),
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"],
            ["app_user.id"],
            name=op.f("fk_timeline_activity_updated_by_id_app_user"),
        ),
    )
    op.create_index(
        "ix_timeline_activity_page",
        "timeline_activity",
        ["company_id", "relationship_id", "activity_date", "id"],
    )
    op.create_index(
        "ix_timeline_activity_relationship",
        "timeline_activity",
        ["relationship_id", "activity_date", "id"],
    )
    op.create_table(
        "timeline_attendee",
        sa.Column("id", text(80), nullable=False),
        sa.Column("activity_id", text(80), nullable=False),
        sa.Column("kind", text(80), nullable=False),
        sa.Column("user_id", text(80), nullable=True),
        sa.Column("person_id", text(80), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_attendee")),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["timeline_activity.id"],
            name=op.f("fk_timeline_attendee_activity_id_timeline_activity"),
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["app_user.id"],
            name=op.f("fk_timeline_attendee_user_id_app_user"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_timeline_attendee_person_id_person"),
        ),
    )
    op.create_index(
        "ix_timeline_attendee_activity",
        "timeline_attendee",
        ["activity_id", "user_id", "kind"],
    )
    op.create_table(
        "timeline_comment",
        sa.Column("id", text(80), nullable=False),
        sa.Column("activity_id", text(80), nullable=False),
        sa.Column("reply_to_id", text(80), nullable=True),
        sa.Column("author_id", text(80), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("edited_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_comment")),
        sa.ForeignKeyConstraint(
            ["activity_id"],
            ["timeline_activity.id"],
            name=op.f("fk_timeline_comment_activity_id_timeline_activity"),
        ),
        sa.ForeignKeyConstraint(
            ["reply_to_id"],
            ["timeline_comment.id"],
            name=op.f("fk_timeline_comment_reply_to_id_timeline_comment"),
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["app_user.id"],
            name=op.f("fk_timeline_comment_author_id_app_user"),
        ),
    )
    op.create_index(
        "ix_timeline_comment_activity",
        "timeline_comment",
        ["activity_id", "created_at", "id"],
    )
