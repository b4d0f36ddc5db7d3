"""The tables of scorecards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from cyclorama.plugins import Instant, json, text

revision = "scorecard_0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "scorecard_scheme",
        sa.Column("id", text(80), nullable=False),
        sa.Column("kind", text(80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_scheme")),
        sa.UniqueConstraint("kind", name=op.f("uq_scorecard_scheme_kind")),
    )
    op.create_table(
        "scorecard_band",
        sa.Column("id", text(80), nullable=False),
        sa.Column("scheme_id", text(80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", text(255), nullable=False),
        sa.Column("color", text(80), nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("point", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_band")),
        sa.ForeignKeyConstraint(
            ["scheme_id"],
            ["scorecard_scheme.id"],
            name=op.f("fk_scorecard_band_scheme_id_scorecard_scheme"),
        ),
        sa.UniqueConstraint(
            "scheme_id", "position", name=op.f("uq_scorecard_band_scheme_id_position")
        ),
    )
    op.create_table(
        "scorecard_measure",
        sa.Column("id", text(80), nullable=False),
        sa.Column("record_kind", text(80), nullable=False),
        sa.Column("key", text(80), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("description", text(255), nullable=True),
        sa.Column("input", text(80), nullable=False),
        sa.Column("validity_days", sa.Integer(), nullable=True),
        sa.Column("stale_policy", text(80), nullable=False),
        sa.Column("comment_required", sa.Boolean(), nullable=False),
        sa.Column("rollup", json(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_measure")),
        sa.UniqueConstraint(
            "record_kind", "key", name=op.f("uq_scorecard_measure_record_kind_key")
        ),
    )
    op.create_table(
        "scorecard_help",
        sa.Column("id", text(80), nullable=False),
        sa.Column("measure_id", text(80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", text(255), nullable=False),
        sa.Column("text", text(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_help")),
        sa.ForeignKeyConstraint(
            ["measure_id"],
            ["scorecard_measure.id"],
            name=op.f("fk_scorecard_help_measure_id_scorecard_measure"),
        ),
        sa.UniqueConstraint(
            "measure_id", "position", name=op.f("uq_scorecard_help_measure_id_position")
        ),
    )
    op.create_table(
        "scorecard_card",
        sa.Column("id", text(80), nullable=False),
        sa.Column("record_kind", text(80), nullable=False),
        sa.Column("key", text(80), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("scheme_id", text(80), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("roll_up", sa.Boolean(), nullable=False),
        sa.Column("flat", sa.Boolean(), nullable=False),
        sa.Column("min_coverage", sa.Double(), nullable=False),
        sa.Column("dead_band", sa.Integer(), nullable=False),
        sa.Column("comparator", text(80), nullable=False),
        sa.Column("exceptions", json(), nullable=False),
        sa.Column("criteria", json(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_card")),
        sa.ForeignKeyConstraint(
            ["scheme_id"],
            ["scorecard_scheme.id"],
            name=op.f("fk_scorecard_card_scheme_id_scorecard_scheme"),
        ),
        sa.UniqueConstraint(
            "record_kind", "key", name=op.f("uq_scorecard_card_record_kind_key")
        ),
    )
    op.create_table(
        "scorecard_node",
        sa.Column("id", text(80), nullable=False),
        sa.Column("card_id", text(80), nullable=False),
        sa.Column("kind", text(80), nullable=False),
        sa.Column("key", text(80), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("group_id", text(80), nullable=True),
        sa.Column("measure_id", text(80), nullable=True),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_node")),
        sa.ForeignKeyConstraint(
            ["card_id"],
            ["scorecard_card.id"],
            name=op.f("fk_scorecard_node_card_id_scorecard_card"),
        ),
        sa.ForeignKeyConstraint(
            ["group_id"],
            ["scorecard_node.id"],
            name=op.f("fk_scorecard_node_group_id_scorecard_node"),
        ),
        sa.ForeignKeyConstraint(
            ["measure_id"],
            ["scorecard_measure.id"],
            name=op.f("fk_scorecard_node_measure_id_scorecard_measure"),
        ),
        sa.UniqueConstraint(
            "card_id", "key", name=op.f("uq_scorecard_node_card_id_key")
        ),
    )
    op.create_index("ix_scorecard_node_group", "scorecard_node", ["group_id"])
    op.create_table(
        "scorecard_assignment",
        sa.Column("record_id", text(80), nullable=False),
        sa.Column("card_id", text(80), nullable=False),
        sa.Column("by_rule", sa.Boolean(), nullable=False),
        sa.Column("override_score", sa.Double(), nullable=True),
        sa.Column("override_reason", text(255), nullable=True),
        sa.Column("override_until", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_scorecard_assignment")),
        sa.ForeignKeyConstraint(
            ["card_id"],
            ["scorecard_card.id"],
            name=op.f("fk_scorecard_assignment_card_id_scorecard_card"),
        ),
    )
    op.create_table(
        "scorecard_score",
        sa.Column("record_id", text(80), nullable=False),
        sa.Column("node_id", text(80), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("computed", sa.Double(), nullable=True),
        sa.Column("na_kind", text(80), nullable=True),
        sa.Column("previous", sa.Double(), nullable=True),
        sa.Column("base", sa.Integer(), nullable=True),
        sa.Column("base_until", sa.Date(), nullable=True),
        sa.Column("set_at", Instant(), nullable=True),
        sa.Column("validated_at", Instant(), nullable=True),
        sa.Column("stale_after", Instant(), nullable=True),
        sa.Column("expires", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("changed", text(255), nullable=True),
        sa.PrimaryKeyConstraint(
            "record_id", "node_id", name=op.f("pk_scorecard_score")
        ),
        sa.ForeignKeyConstraint(
            ["node_id"],
            ["scorecard_node.id"],
            name=op.f("fk_scorecard_score_node_id_scorecard_node"),
        ),
    )
    op.create_index("ix_scorecard_score_value", "scorecard_score", ["node_id", "value"])
    op.create_table(
        "scorecard_event",
        sa.Column("id", text(80), nullable=False),
        sa.Column("record_id", text(80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("node_id", text(80), nullable=False),
        sa.Column("kind", text(80), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("label", text(255), nullable=True),
        sa.Column("color", text(80), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("actor_kind", text(80), nullable=False),
        sa.Column("actor_id", text(80), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorecard_event")),
        sa.ForeignKeyConstraint(
            ["node_id"],
            ["scorecard_node.id"],
            name=op.f("fk_scorecard_event_node_id_scorecard_node"),
        ),
        sa.UniqueConstraint(
            "record_id", "number", name=op.f("uq_scorecard_event_record_id_number")
        ),
    )
    op.create_index(
        "ix_scorecard_event_node",
        "scorecard_event",
        ["record_id", "node_id", "day", "number"],
    )
