"""What the mutations of playbooks take and answer."""

from __future__ import annotations

import strawberry
from strawberry import UNSET

from cyclorama.plugins import Payload, RecordKind, UserError
from cyclorama.sections.cockpit.inputs import EXPECTED
from cyclorama.sections.cockpit.rules import Anchor, TaskOwner
from cyclorama.sections.cockpit.types import CtaTaskKind

strawberry.enum(
    Anchor,
    name="CtaTaskAnchor",
    description="From what the day of a playbook's task is counted: the creation of the "
    "CTA, its due date, or the day of the task before.",
)
strawberry.enum(
    TaskOwner,
    name="CtaTaskOwner",
    description="Who owns a task of a playbook: the owner of the CTA, the CSM of the "
    "record, or a user. Where that one is not active the owner of the CTA does.",
)


@strawberry.input(description="A task that a playbook brings.")
class CtaPlaybookTaskInput:
    name: str = strawberry.field(description="At most 200 characters.")
    description: str | None = None
    anchor: Anchor = Anchor.CREATED
    offset_days: int = strawberry.field(
        default=0, description="Days from the anchor, -3,650 to 3,650."
    )
    owner: TaskOwner = TaskOwner.CTA_OWNER
    owner_id: strawberry.ID | None = strawberry.field(
        default=None, description="The user, where `owner` is USER."
    )
    kind: CtaTaskKind = CtaTaskKind.TODO
    is_mandatory: bool = False


@strawberry.input(description="A playbook as it is to be; what is left out stays.")
class SaveCtaPlaybookInput:
    key: str = strawberry.field(
        description="Small letters, digits and _; one that there is not is made."
    )
    name: str | None = strawberry.field(
        default=None, description="At most 200 characters; required for a new one."
    )
    description: str | None = strawberry.field(
        default=UNSET, description="Null takes it away."
    )
    record_kind: RecordKind | None = strawberry.field(
        default=UNSET, description="Only for CTAs about such records; null for both."
    )
    active: bool | None = strawberry.field(
        default=None, description="Whether it may be applied."
    )
    type_keys: list[str] | None = strawberry.field(
        default=None,
        description="The types whose CTAs it fits, at least one; required for a new one.",
    )
    tasks: list[CtaPlaybookTaskInput] | None = strawberry.field(
        default=None,
        description="All of its tasks in their order, at most 100. CTAs that have it keep "
        "the tasks that they have.",
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="A playbook to take away.")
class DeleteCtaPlaybookInput:
    key: str
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.type(description="A task that a playbook brings.")
class CtaPlaybookTask:
    name: str
    description: str | None
    anchor: Anchor
    offset_days: int
    owner: TaskOwner
    owner_id: strawberry.ID | None
    kind: CtaTaskKind
    is_mandatory: bool


@strawberry.type(description="A playbook as admins edit it.")
class CtaPlaybookSettings:
    id: strawberry.ID
    key: str
    name: str
    description: str | None
    record_kind: RecordKind | None = strawberry.field(
        description="The records whose CTAs it is for; null for both."
    )
    active: bool
    type_keys: list[str] = strawberry.field(description="The types whose CTAs it fits.")
    tasks: list[CtaPlaybookTask]
    version: int = strawberry.field(
        description="Grows by one with each change of it or of its tasks."
    )


@strawberry.type(description="The playbook as it is now, or why nothing was changed.")
class CtaPlaybookPayload(Payload):
    playbook: CtaPlaybookSettings | None = strawberry.field(
        description="Null also for one that is gone."
    )
    errors: list[UserError]
