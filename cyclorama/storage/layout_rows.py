"""The tables beside those of layouts: shared sections, pins, and what was changed when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.storage.rows import KEY, Row, key_column


class SharedSectionRow(Row):
    """A section that is configured once and placed in many layouts."""

    __tablename__ = "shared_section"

    id: Mapped[str] = key_column()
    key: Mapped[str] = mapped_column(KEY, unique=True)
    section: Mapped[str] = mapped_column(KEY)
    name: Mapped[str]
    config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=1)
    config_version: Mapped[int] = mapped_column(default=1)


class LayoutPinRow(Row):
    """The layout of one record, whatever the assignments say."""

    __tablename__ = "layout_pin"

    record_id: Mapped[str] = key_column()
    layout_id: Mapped[str] = mapped_column(KEY, ForeignKey("layout.id"))
    viewer: Mapped[list[Any]]


class LayoutRevisionRow(Row):
    """One change of layouts: the whole file after it, by whom, and what changed."""

    __tablename__ = "layout_revision"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Of the configuration, after the change."""
    at: Mapped[datetime | None]
    """Null for what the installation brought along."""
    author: Mapped[str]
    file: Mapped[str] = mapped_column(Text())
    digest: Mapped[str] = mapped_column(KEY)
    """Of what the file says, whatever its comments and order."""
    changes: Mapped[list[str]]
    """A sentence for each."""
