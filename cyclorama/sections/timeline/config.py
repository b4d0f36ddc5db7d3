"""What a layout may set for the Timeline section: types, milestones, rights, roll-up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Key = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[a-z][a-z0-9_]*$")]
Label = Annotated[str, Field(min_length=1, max_length=255)]
Category = Literal["UPDATE", "CALL", "MEETING", "EMAIL", "MILESTONE", "OTHER"]
MILESTONE: Final = "MILESTONE"
"""The category of the types that name a milestone."""


def _check_keys(what: str, keys: Iterable[str]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"two of the {what} have the key {key!r}; rename one")
        seen.add(key)


class ActivityField(BaseModel):
    """A field that activities of a type have beside those of all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key = Field(title="Key", description="What clients and imports call it.")
    label: Label = Field(title="Label", description="What people read.")
    type: Literal["TEXT", "NUMBER", "DATE", "BOOLEAN", "CHOICE"] = Field(
        default="TEXT", title="Type", description="What its values are."
    )
    required: bool = Field(
        default=False,
        title="Required",
        description="Whether an activity has to have it to be logged; a draft need not.",
    )
    choices: tuple[Label, ...] = Field(
        default=(),
        max_length=100,
        title="Choices",
        description="The values of a field of the type CHOICE.",
    )

    @model_validator(mode="after")
    def _check(self) -> ActivityField:
        if (self.type == "CHOICE") != bool(self.choices):
            raise ValueError(
                "choices are for a field of the type CHOICE, which has some"
            )
        return self


class ActivityType(BaseModel):
    """A kind of activity."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key = Field(title="Key", description="What activities keep: `call`.")
    label: Label = Field(title="Label", description="What people read.")
    category: Category = Field(
        default="OTHER",
        title="Category",
        description="What it counts as, whatever its name; MILESTONE asks for a "
        "milestone.",
    )
    fields: tuple[ActivityField, ...] = Field(
        default=(), max_length=50, title="Fields", description="Its own ones, in order."
    )

    @model_validator(mode="after")
    def _check(self) -> ActivityType:
        _check_keys("fields", (f.key for f in self.fields))
        return self

    def field(self, key: str) -> ActivityField | None:
        """The field of this key."""
        return next((f for f in self.fields if f.key == key), None)


class MilestoneType(BaseModel):
    """A turning point that people log, or rules do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key = Field(title="Key", description="What activities keep: `go_live`.")
    label: Label = Field(title="Label", description="What people read.")
    color: str | None = Field(
        default=None,
        pattern=r"^#[0-9a-fA-F]{6}$",
        title="Colour",
        description="As #2e7d32.",
    )


STANDARD_TYPES: Final = (
    ActivityType(key="update", label="Update", category="UPDATE"),
    ActivityType(key="call", label="Call", category="CALL"),
    ActivityType(key="meeting", label="Meeting", category="MEETING"),
    ActivityType(key="email", label="Email", category="EMAIL"),
    ActivityType(key="milestone", label="Milestone", category="MILESTONE"),
)
STANDARD_MILESTONES: Final = (
    MilestoneType(key="kick_off", label="Kick-off", color="#1565c0"),
    MilestoneType(key="go_live", label="Go-live", color="#2e7d32"),
    MilestoneType(key="business_review", label="Business review", color="#6a1b9a"),
    MilestoneType(key="expansion", label="Expansion", color="#00838f"),
    MilestoneType(key="renewal", label="Renewal", color="#2e7d32"),
    MilestoneType(key="sponsor_change", label="Sponsor change", color="#ef6c00"),
    MilestoneType(key="risk", label="Risk identified", color="#c62828"),
)


class TimelineConfig(BaseModel):
    """Settings of a placement of Timeline."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    types: tuple[ActivityType, ...] = Field(
        default=STANDARD_TYPES,
        min_length=1,
        max_length=50,
        title="Types of activities",
        description="What may be logged here, in order. Activities of a type that is "
        "taken out stay as they are.",
    )
    milestones: tuple[MilestoneType, ...] = Field(
        default=STANDARD_MILESTONES,
        max_length=50,
        title="Types of milestones",
        description="What an activity of the category MILESTONE may mark, in order.",
    )
    relationship_rollup: bool = Field(
        default=False,
        title="With those of relationships",
        description="Whether a company also shows the activities of its relationships.",
    )
    hierarchy_rollup: bool = Field(
        default=False,
        title="With those of child companies",
        description="Whether a company also shows the activities of companies below it "
        "that the viewer has ticked and may read.",
    )
    associations: bool = Field(
        default=False,
        title="With associated ones",
        description="Whether activities of other records that belong to this one, too, are "
        "shown, and may be associated with it.",
    )
    editable: bool = Field(
        default=True,
        title="Activities may be logged",
        description="Whether viewers of this layout may log, change and delete.",
    )
    edit_others: bool = Field(
        default=False,
        title="May edit others' activities",
        description="Without it people change their own only, and admins all.",
    )
    delete_others: bool = Field(
        default=False,
        title="May delete others' activities",
        description="Without it people delete their own activities and comments only, "
        "and admins all.",
    )
    comments: bool = Field(
        default=True,
        title="Comments",
        description="Whether people may comment on activities and reply to comments.",
    )

    @model_validator(mode="after")
    def _check(self) -> TimelineConfig:
        _check_keys("types", (t.key for t in self.types))
        _check_keys("milestones", (m.key for m in self.milestones))
        return self

    def type(self, key: str) -> ActivityType | None:
        """The type of this key."""
        return next((t for t in self.types if t.key == key), None)
