"""The table of notes."""

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import KEY, Instant, text

revision, down_revision = "notes_0001", None


def upgrade() -> None:
    """Create it."""
    op.create_table(
        "notes_note",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("company_id", KEY, sa.ForeignKey("company.id"), nullable=False),
        sa.Column("relationship_id", KEY, sa.ForeignKey("relationship.id")),
        sa.Column("body", text(2000), nullable=False),
        sa.Column("written_at", Instant(), nullable=False),
    )
    for column in ("company_id", "relationship_id"):
        op.create_index(f"ix_notes_note_{column}", "notes_note", [column])
