"""What a layout may set for the Cockpit section."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Key = Annotated[str, Field(min_length=1, max_length=80)]
Column = Annotated[str, Field(max_length=80, pattern=r"^[a-z][A-Za-z]*$")]


class CockpitConfig(BaseModel):
    """Settings of a placement of Cockpit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    with_relationships: bool = Field(
        default=True,
        title="CTAs of relationships",
        description="Whether a company's page also shows the CTAs of its relationships.",
    )
    hierarchy_rollup: bool = Field(
        default=False,
        title="With those of child companies",
        description="Whether a company's list also shows the CTAs of companies below it "
        "that the viewer has ticked and may read.",
    )
    default_view: Literal["ALL", "OPEN", "CLOSED", "SNOOZED", "MINE"] = Field(
        default="OPEN",
        title="View to begin with",
        description="Which view of the list clients show first.",
    )
    columns: tuple[Column, ...] = Field(
        default=(),
        max_length=30,
        title="Columns",
        description="Fields of CTAs that clients show in lists, in order; without any "
        "what they show anyway.",
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
    statuses: tuple[Key, ...] = Field(
        default=(),
        max_length=50,
        title="Statuses",
        description="Keys of the statuses that may be chosen here; without any all that "
        "the type of a CTA has.",
    )


def offered_statuses(settings: Iterable[CockpitConfig]) -> frozenset[str]:
    """Keys of the statuses that one of the placements offers; empty: all."""
    offered = [s.statuses for s in settings]
    return (
        frozenset(k for keys in offered for k in keys) if all(offered) else frozenset()
    )
