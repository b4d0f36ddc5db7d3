"""What a layout may set for the Support section."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class SupportConfig(BaseModel):
    """Settings of a placement of Support."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    period_days: int | None = Field(
        default=None,
        ge=1,
        le=3660,
        description="Mean days to close counts the cases closed in the last so many "
        "days; without it every closed case.",
    )
