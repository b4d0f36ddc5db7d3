"""Rules, what they have done, and when they last acted on a record."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.storage.rows import KEY, Row, key_column
from cyclorama.storage.types import json


class RuleRow(Row):
    """A rule as its file has it; rules act in the order of their positions."""

    __tablename__ = "rule"

    key: Mapped[str] = mapped_column(KEY, primary_key=True)
    position: Mapped[int]
    definition: Mapped[dict[str, Any]]


class RuleRunRow(Row):
    """What a rule has done at a time, to one batch of events or as asked."""

    __tablename__ = "rule_run"
    __table_args__ = (Index("ix_rule_run_rule", "rule_key", "at"),)

    id: Mapped[str] = key_column()
    rule_key: Mapped[str] = mapped_column(KEY)
    trigger: Mapped[str] = mapped_column(KEY)
    """A kind of events, `schedule` or `demand`."""
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(KEY)
    """DONE, or CAPPED where it would have touched more records than it may."""
    records: Mapped[int]
    """Those that met its conditions."""
    changed: Mapped[int]
    unchanged: Mapped[int]
    failed: Mapped[int]
    details: Mapped[list[Any]] = mapped_column(json())
    """The first records: id, action, status and the reason of a failure."""


class RuleFiringRow(Row):
    """Until when a rule leaves a record alone that it has acted on."""

    __tablename__ = "rule_firing"

    rule_key: Mapped[str] = mapped_column(KEY, primary_key=True)
    record_id: Mapped[str] = mapped_column(KEY, primary_key=True)
    way: Mapped[str] = mapped_column(KEY, primary_key=True)
    """What it was about, as `DOWN`; each is kept apart."""
    until: Mapped[datetime]


RULES: Final[sa.Table] = RuleRow.__table__  # type: ignore[assignment]
RUNS: Final[sa.Table] = RuleRunRow.__table__  # type: ignore[assignment]
FIRINGS: Final[sa.Table] = RuleFiringRow.__table__  # type: ignore[assignment]
