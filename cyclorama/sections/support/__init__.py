"""Support: open and closed cases, and how long closing takes."""

from __future__ import annotations

from pathlib import Path

from cyclorama.plugins import Card, ImportTarget, Section, read
from cyclorama.sections.support.config import SupportConfig
from cyclorama.sections.support.demo import demo
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.sections.support.types import (
    OPEN_COUNT,
    SupportCase,
    SupportSection,
    open_by_priority,
)

section = Section(
    key="support",
    title="Support",
    description="Support cases, open and closed, and how long closing takes.",
    sensitive={"verbatim.view": ("SupportCase.subject",)},
    icon="lifebuoy",
    type=SupportSection,
    config=SupportConfig,
    cards=(
        Card(
            key="open_cases",
            label="Open cases",
            value=OPEN_COUNT,
            breakdown=read.many(open_by_priority, order_by=["label"]),
        ),
    ),
    tables=(SupportCaseRow,),
    targets=(ImportTarget("case", SupportCaseRow, "case"),),
    nodes={"case": SupportCase},
    demo=demo,
    migrations=str(Path(__file__).parent / "migrations"),
)
