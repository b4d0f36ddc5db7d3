"""What a layout may set for the Scorecard section."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MeasureKey = Annotated[str, Field(min_length=1, max_length=80)]


class ScorecardConfig(BaseModel):
    """Settings of a placement of Scorecard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    editable: bool = Field(
        default=True,
        title="Scores may be changed",
        description="Whether viewers of this layout may set, renew and clear scores.",
    )
    editable_measures: tuple[MeasureKey, ...] | None = Field(
        default=None,
        max_length=100,
        title="Editable measures",
        description="Keys of the only measures whose scores may be changed; without it "
        "all that people score.",
    )
    overridable: bool = Field(
        default=False,
        title="Overall scores may be overridden",
        description="Whether viewers of this layout may override overall scores and pin "
        "scorecards; admins always may.",
    )
    reviewable: bool = Field(
        default=False,
        title="Overall scores may be reviewed",
        description="Whether viewers of this layout may say in spot checks if overall "
        "scores are right; admins always may.",
    )
    history_weeks: int = Field(
        default=18,
        ge=1,
        le=156,
        title="Weeks of history",
        description="How many weeks clients show unless they ask for others.",
    )

    show_comments: bool = Field(
        default=True,
        title="Show comments",
        description="Whether the comments on scores are shown.",
    )
    view: Literal["CARDS", "LIST"] = Field(
        default="CARDS",
        title="View to begin with",
        description="Whether clients show groups and measures as cards or as a list.",
    )

    def may_edit(self, measure: str) -> bool:
        """Whether the score of the measure with this key may be changed."""
        only = self.editable_measures
        return self.editable and (only is None or measure in only)
