"""What Cockpit shows: calls to action, their tasks and playbooks."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum

import sqlalchemy as sa
import strawberry
from sqlalchemy import func, select

from cyclorama.plugins import (
    JSON,
    Company,
    Node,
    PageInfo,
    PicklistItem,
    Relationship,
    User,
    days_between,
    read,
    rounded,
    today,
)
from cyclorama.sections.cockpit.rules import Recurrence
from cyclorama.sections.cockpit.tables import (
    GONE,
    CtaRow,
    LinkRow,
    PlaybookRow,
    PlaybookTaskRow,
    TaskRow,
    ViewRow,
)

SNOOZED = sa.and_(
    ~CtaRow.is_closed, func.coalesce(CtaRow.snoozed_until >= today, sa.false())
)
OPEN = sa.and_(~CtaRow.is_closed, sa.not_(SNOOZED))
"""Open and not put aside."""
LAST_DAY = func.coalesce(CtaRow.closed_on, today)
LATE = days_between(CtaRow.due_date, LAST_DAY)


@strawberry.enum(description="How a task is done.")
class CtaTaskKind(Enum):
    TODO = "TODO"
    EMAIL = "EMAIL"


@strawberry.enum(description="Who or what closed a CTA.")
class CtaCloseSource(Enum):
    MANUAL = "MANUAL"
    RULE = "RULE"
    API = "API"
    PLAN_CASCADE = "PLAN_CASCADE"


@strawberry.enum(description="What a CTA comes from.")
class CtaSource(Enum):
    MANUAL = "MANUAL"
    RULE = "RULE"
    TIMELINE = "TIMELINE"
    SUCCESS_PLAN = "SUCCESS_PLAN"
    SURVEY = "SURVEY"
    API = "API"
    RECURRENCE = "RECURRENCE"


strawberry.enum(
    Recurrence, name="CtaRecurrence", description="In what a series is counted."
)


@strawberry.type(description="A set of tasks that `applyPlaybook` adds to a CTA.")
@read.table(PlaybookRow)
class CtaPlaybook:
    id: strawberry.ID
    key: str
    name: str
    description: str | None
    task_count: int = read.value(
        select(func.count())
        .select_from(PlaybookTaskRow)
        .where(PlaybookTaskRow.playbook_id == PlaybookRow.id)
        .where(PlaybookTaskRow.position > GONE)
        .scalar_subquery()
    )


@strawberry.type(description="Something to do for a CTA.")
@read.table(TaskRow)
class CtaTask(Node):
    id: strawberry.ID
    name: str
    description: str | None
    status: str = strawberry.field(
        description="OPEN, IN_PROGRESS, COMPLETED or SKIPPED; a skipped task counts as "
        "closed."
    )
    kind: CtaTaskKind
    owner: User = read.one(TaskRow.owner_id)
    due_date: date | None
    is_mandatory: bool = strawberry.field(
        description="Whether the CTA can't be closed before it is completed."
    )
    depends_on: strawberry.ID | None = strawberry.field(
        description="The id of the task of the same CTA that comes first."
    )
    completed_at: datetime | None


@strawberry.type(description="A record that a CTA is linked with.")
@read.table(LinkRow)
class CtaLink:
    id: strawberry.ID
    system: str | None = read.declared(
        read.Value(func.nullif(LinkRow.system, "")),
        "The system that has it; null for a thing of this one.",
    )
    object_name: str
    record_id: str
    label: str | None
    url: str | None


@strawberry.type(description="A call to action: something to be done about a record.")
@read.table(CtaRow)
class Cta(Node):
    id: strawberry.ID
    name: str
    company: Company = read.one(CtaRow.company_id)
    relationship: Relationship | None = read.one(CtaRow.relationship_id)
    type: PicklistItem = read.one(CtaRow.type_id)
    reason: PicklistItem | None = read.one(CtaRow.reason_id)
    priority: PicklistItem = read.one(CtaRow.priority_id)
    status: PicklistItem = read.one(CtaRow.status_id)
    owner: User = read.one(CtaRow.owner_id)
    due_date: date
    original_due_date: date = strawberry.field(
        description="The due date that it was made with."
    )
    is_important: bool
    is_closed: bool
    closed_at: datetime | None
    close_source: CtaCloseSource | None
    source: CtaSource
    snoozed_until: date | None
    snooze_reason: str | None
    is_snoozed: bool = read.declared(
        read.Value(SNOOZED),
        "Whether it is put aside, which it is through `snoozedUntil`.",
    )
    comments: str | None = strawberry.field(
        description="HTML that was sanitised when it was saved: text, lists, tables, links."
    )
    age: int = read.declared(
        read.Value(days_between(CtaRow.created_on, LAST_DAY)),
        "Days from its creation until today, or until it was closed.",
    )
    days_due: int = read.declared(
        read.Value(days_between(CtaRow.created_on, CtaRow.original_due_date)),
        "Days that it was given at first.",
    )
    days_until_close: int | None = read.declared(
        read.Value(sa.case((~CtaRow.is_closed, days_between(today, CtaRow.due_date)))),
        "Days until it is due, negative when overdue; null once it is closed.",
    )
    days_past_due: int = read.declared(
        read.Value(sa.case((LATE > 0, LATE), else_=0)),
        "Days by which it is late, or was when it was closed; 0 in time.",
    )
    closed_overdue: bool = read.declared(
        read.Value(func.coalesce(CtaRow.closed_on > CtaRow.due_date, sa.false())),
        "Whether it was closed late.",
    )
    due_date_variance: int = read.declared(
        read.Value(days_between(CtaRow.original_due_date, CtaRow.due_date)),
        "Days by which the due date was moved, later ones positive.",
    )
    percent_complete: float = read.declared(
        read.Value(
            sa.case(
                (
                    CtaRow.total_tasks > 0,
                    rounded(
                        CtaRow.closed_tasks
                        * sa.literal(100.0, sa.Double)
                        / CtaRow.total_tasks,
                        2,
                    ),
                ),
                (CtaRow.is_closed, sa.literal(100.0, sa.Double)),
                else_=sa.literal(0.0, sa.Double),
            )
        ),
        "The share of tasks that are closed; without tasks 0, or 100 once it is closed.",
    )
    total_task_count: int = read.declared(read.Value(CtaRow.total_tasks))
    closed_task_count: int = read.declared(read.Value(CtaRow.closed_tasks))
    open_task_count: int = read.value(CtaRow.total_tasks - CtaRow.closed_tasks)
    tasks: list[CtaTask] = read.many(
        TaskRow, TaskRow.cta_id == CtaRow.id, order_by=[TaskRow.position, TaskRow.id]
    )
    playbook: CtaPlaybook | None = read.one(CtaRow.playbook_id)
    linked_records: list[CtaLink] = read.declared(
        read.Many(
            LinkRow,
            LinkRow.cta_id == CtaRow.id,
            (LinkRow.created_at, LinkRow.id),
            50,
        ),
        "Records of other systems and things of the company that it is linked with.",
    )
    recur_every: int | None = strawberry.field(
        description="The next one of its series is made after so many units; null where "
        "it has no next one."
    )
    recur_unit: Recurrence | None
    recur_on: date | None = strawberry.field(
        description="The day on which that is made, or later, once this one is closed."
    )
    version: int = strawberry.field(
        description="Grows by one with each change of the CTA or of its tasks; hand it "
        "to what changes the CTA, and a change in between is refused."
    )
    created_at: datetime


@strawberry.type(description="A view of the list of CTAs that a user has saved.")
@read.table(ViewRow)
class CtaSavedView:
    id: strawberry.ID
    name: str
    is_shared: bool = strawberry.field(description="Whether it is everybody's.")
    owner: User = read.one(ViewRow.owner_id)
    filters: JSON = strawberry.field(
        description="Arguments of `ctas`, to be handed in as they are."
    )
    columns: list[str] = strawberry.field(
        description="Fields of `Cta` to show, in order; none: what the client shows."
    )
    version: int


@strawberry.type(description="A CTA and its place in the list.")
class CtaEdge:
    cursor: str
    node: Cta


@strawberry.type(description="A page of CTAs, the earliest due first.")
class CtaConnection:
    edges: list[CtaEdge]
    page_info: PageInfo
    total_count: int
