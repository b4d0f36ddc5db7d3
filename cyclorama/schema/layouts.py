"""Layouts as admins see them, and the explanation of what a viewer gets."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry

from cyclorama.schema.common import (
    Node,
    Payload,
    RecordKind,
    RelationshipType,
    UserError,
)
from cyclorama.schema.envelope import SectionPlacement


@strawberry.enum(description="Whether records may get a layout.")
class LayoutStatus(Enum):
    DRAFT = "DRAFT"
    PUBLISHED = "PUBLISHED"


@strawberry.type(description="Sections in page order for one kind of record.")
class Layout(Node):
    id: strawberry.ID
    key: str
    kind: RecordKind
    relationship_type: RelationshipType | None = strawberry.field(
        description="The type that it serves; null where it serves every type."
    )
    name: str
    description: str | None
    is_default: bool = strawberry.field(
        description="Whether it answers where no assignment matches."
    )
    status: LayoutStatus
    version: int
    placements: list[SectionPlacement]


@strawberry.enum(description="Why a viewer does not get a section of their layout.")
class WithheldReason(Enum):
    PLUGIN_DISABLED = "PLUGIN_DISABLED"
    KIND_NOT_SUPPORTED = "KIND_NOT_SUPPORTED"
    OTHER_SURFACE = "OTHER_SURFACE"
    NOT_CONFIGURED = "NOT_CONFIGURED"
    NOT_PERMITTED = "NOT_PERMITTED"
    NOT_RELEVANT = "NOT_RELEVANT"
    HIDDEN_BY_VIEWER = "HIDDEN_BY_VIEWER"


@strawberry.type(description="An assignment that was asked, and what came of it.")
class AssignmentTrace:
    rank: int
    assignment: str
    layout_key: str
    matched: bool
    because: list[str]


@strawberry.type(description="A section that the layout holds and the viewer not gets.")
class WithheldSection:
    instance_key: str
    section: str
    reason: WithheldReason


@strawberry.type(description="Which layout a viewer gets on a record, and why.")
class LayoutExplanation:
    layout: Layout
    outcome: str = strawberry.field(
        description="What decided, in a sentence: the pin, the assignment that matched, "
        "or which default answers because none did."
    )
    trail: list[AssignmentTrace] = strawberry.field(
        description="Every assignment in rank order up to the winner, and why each did "
        "or didn't match; a pin of the record comes first, with rank 0."
    )
    withheld: list[WithheldSection] = strawberry.field(
        description="What the layout holds that this viewer doesn't get, with the reason."
    )


@strawberry.enum(description="What becomes different.")
class LayoutChangeKind(Enum):
    LAYOUT_ADDED = "LAYOUT_ADDED"
    LAYOUT_REMOVED = "LAYOUT_REMOVED"
    LAYOUT_CHANGED = "LAYOUT_CHANGED"
    SECTION_ADDED = "SECTION_ADDED"
    SECTION_REMOVED = "SECTION_REMOVED"
    SECTION_MOVED = "SECTION_MOVED"
    SECTION_CHANGED = "SECTION_CHANGED"
    ASSIGNMENT_ADDED = "ASSIGNMENT_ADDED"
    ASSIGNMENT_REMOVED = "ASSIGNMENT_REMOVED"
    ASSIGNMENT_CHANGED = "ASSIGNMENT_CHANGED"
    SHARED_SECTION_ADDED = "SHARED_SECTION_ADDED"
    SHARED_SECTION_REMOVED = "SHARED_SECTION_REMOVED"
    SHARED_SECTION_CHANGED = "SHARED_SECTION_CHANGED"
    PIN_ADDED = "PIN_ADDED"
    PIN_REMOVED = "PIN_REMOVED"
    PIN_CHANGED = "PIN_CHANGED"


@strawberry.type(description="One difference between the file and what holds now.")
class LayoutChange:
    layout_key: str = strawberry.field(
        description="Empty for a shared section, which belongs to no layout."
    )
    kind: LayoutChangeKind
    instance_key: str | None = strawberry.field(
        description="The placement that changes; null where it is no placement."
    )
    detail: str = strawberry.field(description="What changes, as a sentence.")


@strawberry.type(
    description="How many records show one section more or one section less to the "
    "members of a group, on any surface. Members with other attributes or further groups "
    "may differ: a record counts where it does for at least one of them."
)
class LayoutImpact:
    group: str = strawberry.field(
        description="The key of a group; `(none)` stands for people without any."
    )
    section: str = strawberry.field(description="The key of the section.")
    record_kind: RecordKind
    gained: int
    lost: int


@strawberry.type(
    description="What `applyLayouts` would change, in the terms of the people who would "
    "notice."
)
class LayoutPlan:
    version: int = strawberry.field(
        description="Of the configuration that the file was held against; give it to "
        "`applyLayouts` as `expectedVersion`."
    )
    changes: list[LayoutChange] = strawberry.field(
        description="Empty where the file says what holds already."
    )
    impact: list[LayoutImpact] = strawberry.field(
        description="By group, kind and section, as of today."
    )
    warnings: list[str] = strawberry.field(
        description="What to think over, as sentences: nobody gets a layout, a plugin is "
        "missing, a page costs more."
    )


@strawberry.type(description="A change of layouts in the past.")
class LayoutRevision:
    version: int = strawberry.field(
        description="Of the configuration, after the change; `revertLayouts` takes it."
    )
    at: datetime | None = strawberry.field(
        description="Null for what the installation brought along."
    )
    author: str
    changes: list[str] = strawberry.field(description="What changed, as sentences.")
    file: str = strawberry.field(description="The whole layout file after the change.")


@strawberry.input(description="A layout file to replace all layouts by.")
class ApplyLayoutsInput:
    file: str = strawberry.field(
        description="The text of the file; all of it is applied, or nothing."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version that the plan was made against; another one is refused "
        "with CONFLICT.",
    )


@strawberry.input(description="A revision to go back to.")
class RevertLayoutsInput:
    version: int = strawberry.field(
        description="The `version` of a `LayoutRevision`: its file is applied again."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version of the configuration now; another one is refused with "
        "CONFLICT.",
    )


@strawberry.type(description="What came of applying a layout file.")
class ApplyLayoutsPayload(Payload):
    plan: LayoutPlan | None = strawberry.field(
        description="What was changed; null where nothing was, because of `errors`."
    )
    version: int | None = strawberry.field(
        description="Of the configuration afterwards; null where it was refused."
    )
    errors: list[UserError]
