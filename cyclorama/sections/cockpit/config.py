"""What a layout may set for the Cockpit section."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class CockpitConfig(BaseModel):
    """Settings of a placement of Cockpit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    with_relationships: bool = Field(
        default=True,
        title="CTAs of relationships",
        description="Whether a company's page also shows the CTAs of its relationships.",
    )
    editable: bool = Field(
        default=True,
        title="CTAs may be changed",
        description="Whether viewers of this layout may make CTAs and change those that "
        "they or their tasks own, and those of records whose CSM they are.",
    )
    edit_any: bool = Field(
        default=False,
        title="All CTAs may be changed",
        description="Whether they may change everybody's CTAs, too.",
    )
    snooze: bool = Field(
        default=True,
        title="CTAs may be snoozed",
        description="Whether an open CTA may be put aside until a day.",
    )
