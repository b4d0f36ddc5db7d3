"""Layouts as admins see them, and the explanation of what a viewer gets."""

from __future__ import annotations

from enum import Enum

import strawberry

from cyclorama.schema.common import Node, RecordKind, RelationshipType
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
    trail: list[AssignmentTrace] = strawberry.field(
        description="Every assignment in rank order up to the winner, and why each did "
        "or didn't match."
    )
    withheld: list[WithheldSection] = strawberry.field(
        description="What the layout holds that this viewer doesn't get, with the reason."
    )
