"""The tables of Usage: modules, values by day, active people by day, entitlements."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.plugins import KEY, Row, key_column


class UsageModuleRow(Row):
    """A module of the product; `aggregation` is SUM, LAST, MAX or AVG."""

    __tablename__ = "usage_module"

    id: Mapped[str] = key_column()
    key: Mapped[str] = mapped_column(KEY, unique=True)
    name: Mapped[str]
    unit: Mapped[str | None] = mapped_column(KEY)
    aggregation: Mapped[str] = mapped_column(KEY, default="SUM")
    position: Mapped[int] = mapped_column(default=0)


class UsageDailyRow(Row):
    """What was used of a module on a day; no row: unknown."""

    __tablename__ = "usage_daily"
    __table_args__ = (
        Index("ix_usage_daily_company", "company_id", "module_id", "day"),
        Index("ix_usage_daily_relationship", "relationship_id", "module_id", "day"),
    )

    id: Mapped[str] = key_column()
    company_id: Mapped[str] = mapped_column(KEY, ForeignKey("company.id"))
    relationship_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("relationship.id")
    )
    module_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("usage_module.id"), index=True
    )
    day: Mapped[date]
    value: Mapped[float]


class UsageActiveDayRow(Row):
    """A person, by an opaque key, who was active on a day."""

    __tablename__ = "usage_active_day"
    __table_args__ = (
        UniqueConstraint("company_id", "relationship_id", "person_key", "day"),
        Index("ix_usage_active_day_company", "company_id", "day"),
        Index("ix_usage_active_day_relationship", "relationship_id", "day"),
    )

    id: Mapped[str] = key_column()
    company_id: Mapped[str] = mapped_column(KEY, ForeignKey("company.id"))
    relationship_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("relationship.id")
    )
    person_key: Mapped[str] = mapped_column(KEY)
    day: Mapped[date]


class UsageEntitlementRow(Row):
    """What was bought: licences and modules, from a day to a day (null: open)."""

    __tablename__ = "usage_entitlement"

    id: Mapped[str] = key_column()
    company_id: Mapped[str] = mapped_column(KEY, ForeignKey("company.id"), index=True)
    relationship_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("relationship.id"), index=True
    )
    quantity: Mapped[int]
    modules: Mapped[int | None]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
