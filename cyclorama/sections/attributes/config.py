"""The settings of an attributes section: groups of fields."""

from __future__ import annotations

from pydantic import AliasChoices, BaseModel, ConfigDict, Field


class AttributeField(BaseModel):
    """A field of a group."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(
        title="Field",
        description="A field of the record, or of a record one lookup away: `csm.email`.",
        min_length=1,
        max_length=161,
    )
    label: str | None = Field(
        default=None,
        title="Label",
        description="Instead of the field's own.",
        max_length=255,
    )
    editable: bool = Field(
        default=False,
        title="Editable",
        description="Whether this layout lets people change it; a looked-up field never "
        "can be.",
    )
    required: bool = Field(
        default=False,
        title="Required",
        description="Whether people who change it here have to give a value.",
    )
    help_text: str | None = Field(
        default=None,
        title="Help text",
        description="Instead of the field's own.",
        max_length=2000,
        validation_alias=AliasChoices("help_text", "helpText"),
    )
    decimals: int | None = Field(
        default=None,
        title="Decimals",
        description="Decimals that a number is shown with; its value is not rounded.",
        ge=0,
        le=9,
    )


class AttributesGroup(BaseModel):
    """Fields under a heading."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: str = Field(title="Label", description="The heading.", max_length=255)
    fields: tuple[AttributeField, ...] = Field(
        title="Fields", description="In order.", min_length=1, max_length=100
    )


class AttributesConfig(BaseModel):
    """Which fields the section shows, in groups."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    groups: tuple[AttributesGroup, ...] = Field(
        title="Groups", description="In order.", min_length=1, max_length=20
    )

    def fields(self) -> list[AttributeField]:
        """The fields of all groups, in order."""
        return [f for g in self.groups for f in g.fields]

    def paths(self, kind: str) -> list[tuple[str, str]]:
        """Kind of record and path of its fields, in order."""
        return [(kind, f.path) for f in self.fields()]
