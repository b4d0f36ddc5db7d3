"""The ways that activities came in, and the scores that they are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import ExternalRefRow, json, text

revision = "timeline_0005"
down_revision = "timeline_0004"

_ACTIVITY = sa.table(
    "timeline_activity",
    *(sa.column(n) for n in ("id", "relationship_id", "context", "source")),
)


def upgrade() -> None:
    """Add columns, say of the activities that there are how they came in."""
    for column in (
        sa.Column("source", text(80), nullable=False, server_default="COMPANY_PAGE"),
        sa.Column("topic", json(), nullable=True),
    ):
        op.add_column("timeline_activity", column)
    op.create_index("ix_timeline_activity_context", "timeline_activity", ["context_id"])
    row, ref = _ACTIVITY.c, ExternalRefRow
    is_imported = sa.select(ref.id).where(ref.entity_id == row.id).exists()
    source = sa.case(
        (is_imported, "IMPORT"),
        (row.context == "CTA", "CTA"),
        (row.relationship_id.is_not(None), "RELATIONSHIP_PAGE"),
        else_="COMPANY_PAGE",
    )
    op.execute(sa.update(_ACTIVITY).values(source=source))
