"""Usage: modules with their series, active people, utilization and trend."""

from __future__ import annotations

from pathlib import Path

from cyclorama.plugins import Card, Section
from cyclorama.sections.usage.config import UsageConfig
from cyclorama.sections.usage.demo import demo
from cyclorama.sections.usage.facts import FACTS
from cyclorama.sections.usage.measures import DIRECTION, MONTHLY_ACTIVE
from cyclorama.sections.usage.tables import (
    UsageActiveDayRow,
    UsageDailyRow,
    UsageEntitlementRow,
    UsageModuleRow,
)
from cyclorama.sections.usage.types import UsageSection

section = Section(
    key="usage",
    title="Usage",
    description="How much the product is used, by how many people, and the trend.",
    icon="activity",
    type=UsageSection,
    config=UsageConfig,
    cards=(
        Card(
            key="active_users",
            label="Active users",
            value=MONTHLY_ACTIVE,
            trend=DIRECTION,
        ),
    ),
    tables=(UsageModuleRow, UsageDailyRow, UsageActiveDayRow, UsageEntitlementRow),
    rule_facts=FACTS,
    demo=demo,
    migrations=str(Path(__file__).parent / "migrations"),
)
