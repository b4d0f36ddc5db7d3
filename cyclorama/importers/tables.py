"""The table of references that wait for a record of another system to come."""

from __future__ import annotations

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.storage.rows import KEY, Row, key_column


class OpenReferenceRow(Row):
    """A column of a record (`entity_id`) that will point to what comes under this id."""

    __tablename__ = "import_open_reference"
    __table_args__ = (
        UniqueConstraint(
            "system",
            "object_type",
            "external_id",
            "table_name",
            "column_name",
            "entity_id",
            name="uq_import_open_reference_awaited",
        ),
        Index("ix_import_open_reference_entity_id", "entity_id"),
    )

    id: Mapped[str] = key_column()
    system: Mapped[str] = mapped_column(KEY)
    object_type: Mapped[str] = mapped_column(KEY)
    external_id: Mapped[str]
    table_name: Mapped[str] = mapped_column(KEY)
    column_name: Mapped[str] = mapped_column(KEY)
    entity_id: Mapped[str] = mapped_column(KEY)
