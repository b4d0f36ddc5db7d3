"""What Cockpit shows: calls to action and their tasks, and what may be chosen for them."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import ColumnElement, func, select

from cyclorama.plugins import (
    Arg,
    Company,
    Node,
    PageInfo,
    PicklistItem,
    PicklistItemRow,
    Relationship,
    SectionBase,
    SectionState,
    User,
    days_between,
    read,
    record,
    rounded,
    today,
    viewer_id,
)
from cyclorama.sections.cockpit.config import CockpitConfig
from cyclorama.sections.cockpit.rules import Category
from cyclorama.sections.cockpit.tables import (
    PRIORITY,
    REASON,
    STATUS,
    ChoiceRow,
    CtaRow,
    PlaybookRow,
    PlaybookTaskRow,
    PlaybookTypeRow,
    TaskRow,
    TypeRow,
)

SNOOZED = sa.and_(
    ~CtaRow.is_closed, func.coalesce(CtaRow.snoozed_until >= today, sa.false())
)
OPEN = sa.and_(~CtaRow.is_closed, sa.not_(SNOOZED))
"""Open and not put aside."""
OVERDUE = sa.and_(OPEN, CtaRow.due_date < today)
LAST_DAY = func.coalesce(CtaRow.closed_on, today)
LATE = days_between(CtaRow.due_date, LAST_DAY)
_task = TaskRow.__table__.alias()
MINE = sa.or_(
    CtaRow.owner_id == viewer_id,
    sa.exists(
        select(_task.c.id).where(
            _task.c.cta_id == CtaRow.id, _task.c.owner_id == viewer_id
        )
    ),
)
KIND = record.by_kind(
    company=sa.literal("COMPANY"), relationship=sa.literal("RELATIONSHIP")
)


@strawberry.enum(description="Which CTAs of the record.")
class CtaView(Enum):
    ALL = "ALL"
    OPEN = "OPEN"
    CLOSED = "CLOSED"
    SNOOZED = "SNOOZED"
    MINE = "MINE"


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
    comments: str | None = strawberry.field(description="Plain text.")
    age: int = read.declared(
        read.Value(days_between(CtaRow.created_on, LAST_DAY)),
        "Days from its creation until today, or until it was closed.",
    )
    days_due: int = read.declared(
        read.Value(days_between(CtaRow.created_on, CtaRow.original_due_date)),
        "Days that it was given at first.",
    )
    days_until_close: int | None = read.declared(
        read.Value(
            sa.case((~CtaRow.is_closed, days_between(today, CtaRow.due_date)))
        ),
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
    total_task_count: int = read.value(CtaRow.total_tasks)
    closed_task_count: int = read.value(CtaRow.closed_tasks)
    open_task_count: int = read.value(CtaRow.total_tasks - CtaRow.closed_tasks)
    tasks: list[CtaTask] = read.many(
        TaskRow, TaskRow.cta_id == CtaRow.id, order_by=[TaskRow.position, TaskRow.id]
    )
    playbook: CtaPlaybook | None = read.one(CtaRow.playbook_id)
    version: int = strawberry.field(
        description="Grows by one with each change of the CTA or of its tasks; hand it "
        "to what changes the CTA, and a change in between is refused."
    )
    created_at: datetime


@strawberry.type(description="A CTA and its place in the list.")
class CtaEdge:
    cursor: str
    node: Cta


@strawberry.type(description="A page of CTAs, the earliest due first.")
class CtaConnection:
    edges: list[CtaEdge]
    page_info: PageInfo
    total_count: int


def _of_type(picklist: str) -> ColumnElement[bool]:
    """The active items of a vocabulary that are offered for the type at hand."""
    offered = select(ChoiceRow.item_id).where(ChoiceRow.type_id == TypeRow.id)
    return sa.and_(
        PicklistItemRow.picklist == picklist,
        PicklistItemRow.active,
        PicklistItemRow.id.in_(offered),
    )


ITEM_ORDER = [PicklistItemRow.position, PicklistItemRow.id]
_fits = select(PlaybookTypeRow.playbook_id).where(PlaybookTypeRow.type_id == TypeRow.id)


@strawberry.type(
    description="A type of CTA that may be made for the record, and what may be chosen "
    "with it."
)
@read.table(TypeRow)
class CtaTypeOptions:
    type: PicklistItem = read.one(TypeRow.id)
    only_in_plans: bool = strawberry.field(
        description="Whether such a CTA is made inside success plans alone."
    )
    reasons: list[PicklistItem] = read.many(
        PicklistItemRow, _of_type(REASON), order_by=ITEM_ORDER
    )
    priorities: list[PicklistItem] = read.many(
        PicklistItemRow, _of_type(PRIORITY), order_by=ITEM_ORDER
    )
    statuses: list[PicklistItem] = read.many(
        PicklistItemRow, _of_type(STATUS), order_by=ITEM_ORDER
    )
    playbooks: list[CtaPlaybook] = read.many(
        PlaybookRow,
        sa.and_(
            PlaybookRow.id.in_(_fits),
            PlaybookRow.active,
            func.coalesce(PlaybookRow.record_kind, KIND) == KIND,
        ),
        order_by=[PlaybookRow.name, PlaybookRow.id],
    )


_item = PicklistItemRow.__table__.alias()
_active_types = select(_item.c.id).where(_item.c.active)


def _counts(where: ColumnElement[bool]) -> sa.Select[tuple[int, ...]]:
    """The CTAs that a condition leaves, in numbers."""
    status = PicklistItemRow.__table__.alias()

    def closed_as(category: Category) -> ColumnElement[int]:
        return func.count(sa.case((status.c.category == category.value, 1)))

    return (
        select(
            func.count().label("all"),
            func.count(sa.case((OPEN, 1))).label("open"),
            func.count(sa.case((OVERDUE, 1))).label("overdue"),
            func.count(sa.case((SNOOZED, 1))).label("snoozed"),
            closed_as(Category.CLOSED_SUCCESS).label("success"),
            closed_as(Category.CLOSED_LOST).label("lost"),
            func.max(CtaRow.updated_at).label("newest"),
        )
        .join_from(CtaRow, status, status.c.id == CtaRow.status_id)
        .where(where)
    )


def _by_type(where: ColumnElement[bool]) -> sa.Select[tuple[str, str, int]]:
    """How many of the CTAs that a condition leaves are open, by type."""
    kind = PicklistItemRow.__table__.alias()
    return (
        select(
            CtaRow.type_id,
            func.min(kind.c.label).label("label"),
            func.min(kind.c.position).label("position"),
            func.count().label("count"),
        )
        .join_from(CtaRow, kind, kind.c.id == CtaRow.type_id)
        .where(where, OPEN)
        .group_by(CtaRow.type_id)
    )


WITH_RELATIONSHIPS = record.owns(CtaRow)
ALONE = record.is_subject_of(CtaRow)
ALL_COUNTS = record.row(_counts(WITH_RELATIONSHIPS))
OWN_COUNTS = record.row(_counts(ALONE))
open_by_type = _by_type(WITH_RELATIONSHIPS)
"""For the card."""
OPEN_BY_TYPE = sa.table(
    "cockpit_open_by_type",
    *(sa.column(str(c.key), c.type) for c in open_by_type.selected_columns),
)


def shown(config: CockpitConfig) -> ColumnElement[bool]:
    """The CTAs that the section shows: the record's, or also its relationships'."""
    return WITH_RELATIONSHIPS if config.with_relationships else ALONE


def counts(config: CockpitConfig) -> Any:
    """Their numbers."""
    row = ALL_COUNTS if config.with_relationships else OWN_COUNTS
    return row.c


def in_view(
    config: CockpitConfig,
    view: CtaView = CtaView.OPEN,
    important: bool = False,
    type_keys: Arg[list[str]] | None = None,
    owner_ids: Arg[list[str]] | None = None,
) -> ColumnElement[bool]:
    """The CTAs of a view; of these types or owners, or only those that are important."""
    found = {
        CtaView.ALL: sa.true(),
        CtaView.OPEN: OPEN,
        CtaView.CLOSED: CtaRow.is_closed,
        CtaView.SNOOZED: SNOOZED,
        CtaView.MINE: sa.and_(OPEN, MINE),
    }[view]
    parts = [shown(config), found]
    if important:
        parts.append(CtaRow.is_important)
    if type_keys is not None:
        item = PicklistItemRow.__table__.alias()
        parts.append(
            CtaRow.type_id.in_(select(item.c.id).where(item.c.key.in_(type_keys)))
        )
    if owner_ids is not None:
        parts.append(CtaRow.owner_id.in_(owner_ids))
    return sa.and_(*parts)


@strawberry.type(description="How many CTAs of a type are open.")
@read.table(OPEN_BY_TYPE)
class CtaTypeCount:
    type: PicklistItem = read.one(OPEN_BY_TYPE.c.type_id)
    count: int


def _open(config: CockpitConfig) -> Any:
    return counts(config)["open"]


def _overdue(config: CockpitConfig) -> Any:
    return counts(config)["overdue"]


def _snoozed(config: CockpitConfig) -> Any:
    return counts(config)["snoozed"]


def _rate(config: CockpitConfig) -> ColumnElement[float]:
    c = counts(config)
    decided = func.nullif(c["success"] + c["lost"], 0)
    found: ColumnElement[float] = rounded(
        c["success"] * sa.literal(1.0, sa.Double) / decided, 4
    )
    return found


def _open_by_type(config: CockpitConfig) -> sa.Select[tuple[str, str, int]]:
    return _by_type(shown(config))


def _state(config: CockpitConfig) -> ColumnElement[str]:
    return sa.case(
        (counts(config)["all"] > 0, SectionState.READY.value),
        else_=SectionState.EMPTY.value,
    )


def _newest(config: CockpitConfig) -> Any:
    return counts(config)["newest"]


@strawberry.type(
    description="What is to be done about the record: calls to action with their tasks."
)
class CockpitSection(SectionBase):
    open_count: int = read.declared(
        read.Value(read.called(_open)), "Open CTAs; snoozed ones are not counted."
    )
    overdue_count: int = read.declared(
        read.Value(read.called(_overdue)), "Those of `openCount` that are due before today."
    )
    snoozed_count: int = read.declared(
        read.Value(read.called(_snoozed)), "Open CTAs that are put aside until a day."
    )
    success_rate: float | None = read.declared(
        read.Value(read.called(_rate)),
        "Of the CTAs closed as won or lost the share of the won ones, 0 to 1; null "
        "without any.",
    )
    open_by_type: list[CtaTypeCount] = read.many(
        _open_by_type, order_by=["position", "type_id"]
    )
    ctas: CtaConnection = read.declared(
        read.Page(CtaRow, read.called(in_view), (CtaRow.due_date, CtaRow.id)),
        "The CTAs of a view, the earliest due first; MINE are the open ones that the "
        "viewer or one of whose tasks the viewer owns.",
    )
    types: list[CtaTypeOptions] = read.declared(
        read.Many(
            TypeRow,
            sa.and_(
                func.coalesce(TypeRow.record_kind, KIND) == KIND,
                TypeRow.id.in_(_active_types),
            ),
            (TypeRow.position, TypeRow.id),
            200,
        ),
        "What may be chosen when a CTA is made or changed.",
    )
    state: SectionState = read.value(_state)
    as_of: datetime | None = read.value(_newest)
