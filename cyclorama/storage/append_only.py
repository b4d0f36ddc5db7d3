"""Tables that only grow: the triggers that refuse everything else, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from cyclorama.storage.types import Instant, text

ENTRIES: Final = "audit_entry"
HEAD: Final = "audit_head"
REFUSAL: Final = "The audit log only grows; its rows are never changed or deleted."
_FUNCTION: Final = f"""
CREATE OR REPLACE FUNCTION cyclorama_refuse_change() RETURNS trigger LANGUAGE plpgsql
AS $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$
"""


def guards(dialect: str) -> Sequence[str]:
    """The statements that guard the audit log and give it its first head.

    SQLite's `INSERT OR REPLACE` deletes without asking the trigger of deletions, so an
    insertion of what is there is refused, too."""
    first = f"INSERT INTO {HEAD} (id, number, hash) VALUES (1, 0, '')"
    if dialect == "sqlite":
        taken = f"WHEN EXISTS (SELECT 1 FROM {ENTRIES} WHERE number = NEW.number)"
        return (
            first,
            _on_sqlite(ENTRIES, "update"),
            _on_sqlite(ENTRIES, "delete"),
            _on_sqlite(ENTRIES, "insert", taken),
            _on_sqlite(HEAD, "update", "WHEN NEW.number <= OLD.number OR NEW.id <> 1"),
            _on_sqlite(HEAD, "delete"),
            _on_sqlite(HEAD, "insert"),
        )
    refuse = "EXECUTE FUNCTION cyclorama_refuse_change()"
    return (
        first,
        _FUNCTION,
        f"CREATE TRIGGER {ENTRIES}_grows BEFORE UPDATE OR DELETE OR TRUNCATE "
        f"ON {ENTRIES} FOR EACH STATEMENT {refuse}",
        f"CREATE TRIGGER {HEAD}_stays BEFORE INSERT OR DELETE OR TRUNCATE "
        f"ON {HEAD} FOR EACH STATEMENT {refuse}",
        f"CREATE TRIGGER {HEAD}_grows BEFORE UPDATE ON {HEAD} FOR EACH ROW "
        f"WHEN (NEW.number <= OLD.number OR NEW.id <> 1) {refuse}",
    )


def guard(_table: Any, connection: Connection, **_: Any) -> None:
    """Guard the tables that were just made."""
    for statement in guards(connection.dialect.name):
        connection.exec_driver_sql(statement)


def _on_sqlite(table: str, change: str, condition: str = "") -> str:
    return (
        f"CREATE TRIGGER {table}_no_{change} BEFORE {change.upper()} ON {table} "
        f"{condition} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    )


def create_audit_tables() -> None:
    """Make them in a revision of Alembic's."""
    from alembic import op

    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        ENTRIES,
        sa.Column("number", number, autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor_kind", text(80), nullable=False),
        sa.Column("actor_id", text(80), nullable=True),
        sa.Column("actor", text(255), nullable=False),
        sa.Column("action", text(80), nullable=False),
        sa.Column("subject", text(255), nullable=True),
        sa.Column("operation", text(255), nullable=True),
        sa.Column("surface", text(80), nullable=True),
        sa.Column("request_id", text(80), nullable=True),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", text(64), nullable=False),
        sa.Column("hash", text(64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_entry")),
    )
    for name, column in (
        ("subject", "subject"),
        ("actor", "actor_id"),
        ("action", "action"),
        ("at", "at"),
    ):
        op.create_index(f"ix_audit_entry_{name}", ENTRIES, [column, "number"])
    op.create_table(
        HEAD,
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", number, nullable=False),
        sa.Column("hash", text(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    for statement in guards(op.get_bind().dialect.name):
        op.execute(sa.text(statement))
