"""The shape of a layout file, for reading it and for the JSON Schema that editors use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import models_json_schema
from pydantic_core import PydanticCustomError

Surface = Literal["PAGE", "CRM_ACCOUNT", "CRM_OPPORTUNITY", "EMBED"]
OperatorName = Literal[
    "IN",
    "NOT_IN",
    "IS_NULL",
    "NOT_NULL",
    "EQ",
    "NEQ",
    "GT",
    "GTE",
    "LT",
    "LTE",
    "BETWEEN",
    "CONTAINS_ANY",
    "IN_GROUP",
    "NOT_IN_GROUP",
]
MOST_CLAUSES = 20
"""Of an assignment, for the viewer and for the record each."""
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]


def _scalar(value: Any) -> Any:
    if isinstance(value, str) and len(value) > 255:
        raise PydanticCustomError("string_too_long", "at most 255 characters")
    if not isinstance(value, str | int | float):
        raise PydanticCustomError(
            "scalar_type",
            "write text, a number or true or false; IS_NULL asks for null",
        )
    return value


def _day(value: str) -> str:
    try:
        date.fromisoformat(value)
    except ValueError:
        message = "write a day as 2026-01-31"
        raise PydanticCustomError("day", message) from None
    return value


Day = Annotated[
    str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_day)
]
Scalar = Annotated[
    Any,
    AfterValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean"], "maxLength": 255}),
]


class Entry(BaseModel):
    """What all parts of the file have in common."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PlacementEntry(Entry):
    """A section in a layout, in page order: one of its own, or a shared one."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [n]} for n in ("section", "shared")]}
    )

    section: Key | None = Field(
        default=None, title="Section", description="The key of a section plugin."
    )
    shared: Key | None = Field(
        default=None,
        title="Shared section",
        description="The key of a shared section of this file, in place of `section` "
        "and `config`.",
    )
    instance_key: Key | None = Field(
        default=None,
        title="Instance key",
        description="The identity of this placement for clients, unique in the layout; "
        "the section's key unless given.",
    )
    label: Name | None = Field(
        default=None,
        title="Label",
        description="Shown in place of the section's own name.",
    )
    icon: (
        Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=80)]
        | None
    ) = Field(
        default=None, title="Icon", description="The key of an icon, never a URL."
    )
    surfaces: list[Surface] = Field(
        default=["PAGE"],
        min_length=1,
        max_length=4,
        title="Surfaces",
        description="Where the section is shown.",
    )
    config: dict[str, Any] = Field(
        default={}, title="Settings", description="As the section's own model has them."
    )
    decoupled_from: Key | None = Field(
        default=None,
        title="Decoupled from",
        description="The key of the shared section that this was before it got settings "
        "of its own.",
    )
    decoupled_version: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = Field(
        default=None,
        title="Decoupled at version",
        description="The version that the shared section had then.",
    )


class SharedEntry(Entry):
    """A section configured once, for the placements of many layouts."""

    key: Key = Field(title="Key", description="Unique among the shared sections.")
    section: Key = Field(title="Section", description="The key of a section plugin.")
    name: Name = Field(title="Name", description="What admins call it.")
    config: dict[str, Any] = Field(
        default={}, title="Settings", description="As the section's own model has them."
    )


class LayoutEntry(Entry):
    """A page: sections in order, for one kind of record."""

    key: Key = Field(title="Key", description="Unique in the file; stays when renamed.")
    kind: Literal["COMPANY", "RELATIONSHIP"] = Field(
        title="Kind", description="Which kind of record the layout is for."
    )
    relationship_type: Key | None = Field(
        default=None,
        title="Relationship type",
        description="The key of the type that a relationship layout is for; none: all.",
    )
    name: Name = Field(title="Name", description="What people call the layout.")
    description: (
        Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None
    ) = Field(default=None, title="Description", description="What it is meant for.")
    is_default: bool = Field(
        default=False,
        title="Default",
        description="Answers where no assignment matches; one for each kind and type.",
    )
    status: Literal["DRAFT", "PUBLISHED"] = Field(
        default="PUBLISHED", title="Status", description="Nobody gets a draft."
    )
    placements: list[PlacementEntry] = Field(
        default=[], title="Placements", description="The sections, in page order."
    )


class ClauseEntry(Entry):
    """A condition; several values are alternatives."""

    attribute: Name = Field(
        title="Attribute",
        description="Of the viewer: groups, email, name, title, department or one of "
        "their further attributes. Of the record: a field's name, `custom.<key>`, for "
        "relationships also `type`.",
    )
    operator: OperatorName = Field(
        title="Operator", description="How the attribute is compared."
    )
    values: list[Scalar] = Field(
        default=[],
        max_length=200,
        title="Values",
        description="None for IS_NULL and NOT_NULL, two for BETWEEN, one or more for "
        "IN, NOT_IN, CONTAINS_ANY, IN_GROUP and NOT_IN_GROUP, one for all others.",
    )


class AssignmentEntry(Entry):
    """Who gets a layout on which records: all conditions have to hold."""

    rank: int = Field(
        ge=0,
        le=1_000_000,
        title="Rank",
        description="The lowest rank that matches wins; unique for a kind and type.",
    )
    name: Name = Field(title="Name", description="Shown where a layout is explained.")
    layout: Key = Field(title="Layout", description="The key of a layout of this file.")
    enabled: bool = Field(
        default=True, title="Enabled", description="A disabled one never matches."
    )
    viewer: list[ClauseEntry] = Field(
        default=[],
        max_length=MOST_CLAUSES,
        title="Viewer",
        description="Conditions on who looks; none: everybody.",
    )
    record: list[ClauseEntry] = Field(
        default=[],
        max_length=MOST_CLAUSES,
        title="Record",
        description="Conditions on what they look at; none: every record.",
    )
    valid_from: Day | None = Field(
        default=None,
        title="Valid from",
        description="The first day on which it is asked, in the organisation's time "
        "zone; none: from now on.",
    )
    valid_until: Day | None = Field(
        default=None,
        title="Valid until",
        description="The last day on which it is asked; none: without end.",
    )


class PinEntry(Entry):
    """The layout of one record, whatever the assignments say."""

    record: Annotated[str, StringConstraints(min_length=1, max_length=80)] = Field(
        title="Record", description="The id of a company or a relationship."
    )
    layout: Key = Field(title="Layout", description="The key of a layout of this file.")
    viewer: list[ClauseEntry] = Field(
        default=[],
        max_length=MOST_CLAUSES,
        title="Viewer",
        description="Conditions on who looks; none: everybody.",
    )


class LayoutFile(Entry):
    """All layouts of an organisation and who gets them; what is left out is removed."""

    layouts: list[LayoutEntry] = Field(
        title="Layouts", description="In any order; one of each kind is the default."
    )
    assignments: list[AssignmentEntry] = Field(
        default=[], title="Assignments", description="Asked by rank, first match wins."
    )
    shared_sections: list[SharedEntry] = Field(
        default=[],
        title="Shared sections",
        description="Configured once, placed by layouts with `shared`.",
    )
    pins: list[PinEntry] = Field(
        default=[],
        title="Pins",
        description="Layouts of single records, asked before the assignments.",
    )


def layout_schema(
    configs: Mapping[str, type[BaseModel]] | None = None,
) -> dict[str, Any]:
    """JSON Schema of a layout file; with the sections' models also of their settings."""
    configs = configs or {}
    models: list[type[BaseModel]] = [LayoutFile, *dict.fromkeys(configs.values())]
    refs, schema = models_json_schema([(m, "validation") for m in models])
    if configs:
        settings = [
            _settings(key, refs[model, "validation"]) for key, model in configs.items()
        ]
        for name in ("PlacementEntry", "SharedEntry"):
            schema["$defs"][name]["allOf"] = settings
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Cyclorama layout file",
        **refs[LayoutFile, "validation"],
        **schema,
    }


def _settings(section: str, ref: Mapping[str, Any]) -> dict[str, Any]:
    asked = {"properties": {"section": {"const": section}}, "required": ["section"]}
    return {"if": asked, "then": {"properties": {"config": dict(ref)}}}
