"""What the mutations of Cockpit take and answer."""

from __future__ import annotations

from datetime import date
from enum import Enum

import strawberry

from cyclorama.plugins import Payload, UserError
from cyclorama.sections.cockpit.rules import OwnerCascade, TaskStatus
from cyclorama.sections.cockpit.types import Cta, CtaTaskKind

EXPECTED = "The version that the change is meant for; another one is a CONFLICT."


@strawberry.enum(description="What becomes of open tasks when their CTA is closed.")
class OpenTasks(Enum):
    KEEP = "KEEP"
    COMPLETE = "COMPLETE"
    SKIP = "SKIP"


@strawberry.enum(description="Which open CTA of the record stands for a new one.")
class CtaDedupe(Enum):
    NONE = "NONE"
    TYPE_AND_REASON = "TYPE_AND_REASON"
    TYPE_REASON_AND_NAME = "TYPE_REASON_AND_NAME"


strawberry.enum(TaskStatus, name="CtaTaskStatus", description="How far a task is.")
strawberry.enum(
    OwnerCascade,
    name="CtaOwnerCascade",
    description="Which open tasks go to the new owner of their CTA.",
)


@strawberry.input(description="A CTA to make.")
class CreateCtaInput:
    record_id: strawberry.ID
    name: str
    type_key: str
    due_date: date
    reason_key: str | None = strawberry.field(
        default=None, description="One of the type; its default if left out."
    )
    priority_key: str | None = None
    status_key: str | None = strawberry.field(
        default=None, description="One that does not close."
    )
    owner_id: strawberry.ID | None = strawberry.field(
        default=None, description="The viewer if left out."
    )
    is_important: bool | None = None
    comments: str | None = strawberry.field(
        default=None,
        description="HTML, at most 32,000 characters. Scripts are refused; what comments "
        "can't show is dropped.",
    )
    idempotency_key: str | None = strawberry.field(
        default=None, description="Sent again, the same key returns the first result."
    )
    dedupe: CtaDedupe = strawberry.field(
        default=CtaDedupe.NONE,
        description="Where the record has such an open CTA, a snoozed one too, no other "
        "is made: that one gets the priority, the due date and the importance, and the "
        "comments if it has none.",
    )
    from_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="What it follows from: a thing of the company, as an activity or an "
        "answer to a survey. The CTA is linked with it, and `source` says TIMELINE or "
        "SURVEY.",
    )


@strawberry.input(description="What to change of a CTA; what is left out stays.")
class UpdateCtaInput:
    id: strawberry.ID
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
    name: str | None = None
    reason_key: str | None = None
    priority_key: str | None = None
    status_key: str | None = strawberry.field(
        default=None, description="One that does not close; `closeCta` closes."
    )
    owner_id: strawberry.ID | None = None
    due_date: date | None = None
    is_important: bool | None = None
    comments: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="HTML, as for `createCta`; null takes it away.",
    )
    task_owners: OwnerCascade = strawberry.field(
        default=OwnerCascade.NONE,
        description="Which open tasks go to a new owner.",
    )
    shift_tasks: bool = strawberry.field(
        default=False,
        description="Whether open tasks move by as many days as the due date.",
    )


@strawberry.input(description="A CTA to close.")
class CloseCtaInput:
    id: strawberry.ID
    status_key: str | None = strawberry.field(
        default=None,
        description="One that closes; if left out the type's default for success.",
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)
    open_tasks: OpenTasks | None = strawberry.field(
        default=None, description="Required where a task is open."
    )


@strawberry.input(description="A closed CTA to open again.")
class ReopenCtaInput:
    id: strawberry.ID
    status_key: str | None = strawberry.field(
        default=None, description="One that does not close; the type's default."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="An open CTA to put aside through a day.")
class SnoozeCtaInput:
    id: strawberry.ID
    until: date
    reason: str
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="A snoozed CTA to show again.")
class UnsnoozeCtaInput:
    id: strawberry.ID
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="A task to add to an open CTA.")
class AddCtaTaskInput:
    cta_id: strawberry.ID
    name: str
    description: str | None = None
    owner_id: strawberry.ID | None = strawberry.field(
        default=None, description="The owner of the CTA if left out."
    )
    due_date: date | None = None
    kind: CtaTaskKind = CtaTaskKind.TODO
    is_mandatory: bool = False
    depends_on: strawberry.ID | None = strawberry.field(
        default=None, description="A task of the same CTA that comes first."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="What to change of a task; what is left out stays.")
class UpdateCtaTaskInput:
    id: strawberry.ID
    name: str | None = None
    description: str | None = strawberry.UNSET
    owner_id: strawberry.ID | None = None
    due_date: date | None = strawberry.field(
        default=strawberry.UNSET, description="Null takes it away."
    )
    status: TaskStatus | None = None
    is_mandatory: bool | None = None
    depends_on: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Null takes it away."
    )
    shift_following: bool = strawberry.field(
        default=False,
        description="Whether the open tasks after it and the CTA move by as many days "
        "as its due date.",
    )
    expected_version: int | None = strawberry.field(
        default=None, description="The CTA's version."
    )


@strawberry.input(description="A task that is done.")
class CompleteCtaTaskInput:
    id: strawberry.ID
    expected_version: int | None = strawberry.field(
        default=None, description="The CTA's version."
    )


@strawberry.input(description="A playbook whose tasks an open CTA gets.")
class ApplyPlaybookInput:
    cta_id: strawberry.ID
    playbook_key: str
    replace: bool = strawberry.field(
        default=False,
        description="Whether open tasks of the CTA's playbook go; completed ones and "
        "those that people added stay.",
    )
    skip_weekends: bool = strawberry.field(
        default=False, description="Whether what is due on a weekend is due on Monday."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="CTAs to change alike, at most 500.")
class BulkUpdateCtasInput:
    ids: list[strawberry.ID]
    status_key: str | None = strawberry.field(
        default=None, description="One that closes closes them."
    )
    open_tasks: OpenTasks | None = strawberry.field(
        default=None, description="Required to close what has open tasks."
    )
    owner_id: strawberry.ID | None = None
    priority_key: str | None = None
    due_date: date | None = None


@strawberry.type(description="The CTA as it is now, or why nothing was changed.")
class CtaPayload(Payload):
    cta: Cta | None
    errors: list[UserError]


@strawberry.type(description="What became of one of several CTAs.")
class BulkCtaResult:
    id: strawberry.ID
    cta: Cta | None
    version: int | None = strawberry.field(
        description="The CTA's version now, for the next change; null where it could not "
        "be changed."
    )
    errors: list[UserError]


@strawberry.type(
    description="One result for each id, in their order; `errors` are of the whole."
)
class BulkUpdateCtasPayload(Payload):
    results: list[BulkCtaResult]
    errors: list[UserError]
