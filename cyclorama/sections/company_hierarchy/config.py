"""The settings of a company hierarchy: its columns and how they roll up."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

MOST_COLUMNS = 10


class Aggregation(StrEnum):
    """How the values of a company and of all below it become one."""

    SUM = "SUM"
    AVG = "AVG"
    MIN = "MIN"
    MAX = "MAX"
    COUNT = "COUNT"


class HierarchyColumn(BaseModel):
    """A column of the tree."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(
        title="Field",
        description="A field of the company, or of a record one lookup away: "
        "`csm.name`.",
        max_length=161,
    )
    label: str | None = Field(
        default=None,
        title="Label",
        description="Instead of the field's own.",
        max_length=255,
    )
    aggregation: Aggregation | None = Field(
        default=None,
        title="Roll-up",
        description="How a company's value and those of all companies below it become "
        "one; for numbers, money and percentages. Left out: the sum, the mean for "
        "percentages, which are never summed.",
    )
    decimals: int | None = Field(
        default=None,
        title="Decimals",
        description="Decimals that a number is shown with; its value is not rounded.",
        ge=0,
        le=9,
    )


class HierarchyConfig(BaseModel):
    """What a company hierarchy shows of each company."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: tuple[HierarchyColumn, ...] = Field(
        default=(HierarchyColumn(path="arr"),),
        title="Columns",
        description="The columns of the tree, in order.",
        max_length=MOST_COLUMNS,
    )

    def paths(self, kind: str) -> list[tuple[str, str]]:
        """Kind of record and path of its columns, in order: always a company's."""
        return [("COMPANY", c.path) for c in self.columns]
