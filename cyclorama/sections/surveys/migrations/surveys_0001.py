"""The tables of surveys and responses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import Instant, text

revision = "surveys_0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "surveys_survey",
        sa.Column("id", text(80), nullable=False),
        sa.Column("key", text(80), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("kind", text(80), nullable=False),
        sa.Column("status", text(80), nullable=False),
        sa.Column("is_anonymous", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surveys_survey")),
        sa.UniqueConstraint("key", name=op.f("uq_surveys_survey_key")),
    )
    op.create_table(
        "surveys_response",
        sa.Column("id", text(80), nullable=False),
        sa.Column("survey_id", text(80), nullable=False),
        sa.Column("company_id", text(80), nullable=False),
        sa.Column("relationship_id", text(80), nullable=True),
        sa.Column("person_id", text(80), nullable=True),
        sa.Column("state", text(80), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("comment", text(32_000), nullable=True),
        sa.Column("responded_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surveys_response")),
        sa.ForeignKeyConstraint(
            ["survey_id"],
            ["surveys_survey.id"],
            name=op.f("fk_surveys_response_survey_id_surveys_survey"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["company.id"],
            name=op.f("fk_surveys_response_company_id_company"),
        ),
        sa.ForeignKeyConstraint(
            ["relationship_id"],
            ["relationship.id"],
            name=op.f("fk_surveys_response_relationship_id_relationship"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_surveys_response_person_id_person"),
        ),
    )
    op.create_index(
        "ix_surveys_response_company",
        "surveys_response",
        ["company_id", "responded_at", "id"],
    )
    op.create_index(
        "ix_surveys_response_relationship",
        "surveys_response",
        ["relationship_id", "responded_at", "id"],
    )
    op.create_index(
        "ix_surveys_response_survey", "surveys_response", ["survey_id", "company_id"]
    )
