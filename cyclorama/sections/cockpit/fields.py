"""What Cockpit shows of a record: its CTAs by view, in numbers, and what may be chosen."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import ColumnElement, func, select

from cyclorama.plugins import (
    Arg,
    Env,
    PicklistItem,
    PicklistItemRow,
    SectionBase,
    SectionState,
    read,
    record,
    rounded,
    today,
    unless_masked,
    viewer_id,
)
from cyclorama.sections.cockpit.children import with_children
from cyclorama.sections.cockpit.config import CockpitConfig
from cyclorama.sections.cockpit.options import KIND, CtaTypeOptions
from cyclorama.sections.cockpit.recommended import in_order
from cyclorama.sections.cockpit.rules import Category
from cyclorama.sections.cockpit.tables import (
    CtaRow,
    TaskRow,
    TypeRow,
    ViewRow,
)
from cyclorama.sections.cockpit.types import (
    OPEN,
    SNOOZED,
    CtaConnection,
    CtaSavedView,
)

OVERDUE = sa.and_(OPEN, CtaRow.due_date < today)
_task = TaskRow.__table__.alias()
MINE = sa.or_(
    CtaRow.owner_id == viewer_id,
    sa.exists(
        select(_task.c.id).where(
            _task.c.cta_id == CtaRow.id, _task.c.owner_id == viewer_id
        )
    ),
)


@strawberry.enum(description="Which CTAs of the record.")
class CtaView(Enum):
    ALL = "ALL"
    OPEN = "OPEN"
    CLOSED = "CLOSED"
    SNOOZED = "SNOOZED"
    MINE = "MINE"


_item = PicklistItemRow.__table__.alias()
_active_types = select(_item.c.id).where(_item.c.active)


def _counts(where: ColumnElement[bool]) -> Any:
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


def _by_type(where: ColumnElement[bool]) -> Any:
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


def _by_status(where: ColumnElement[bool]) -> Any:
    """How many of the CTAs that a condition leaves have each status."""
    status = PicklistItemRow.__table__.alias()
    return (
        select(
            CtaRow.status_id,
            func.min(status.c.position).label("position"),
            func.count().label("count"),
        )
        .join_from(CtaRow, status, status.c.id == CtaRow.status_id)
        .where(where)
        .group_by(CtaRow.status_id)
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
BY_STATUS = sa.table(
    "cockpit_by_status",
    *(sa.column(str(c.key), c.type) for c in _by_status(ALONE).selected_columns),
)


def shown(config: CockpitConfig) -> ColumnElement[bool]:
    """The CTAs that the section shows: the record's, or also its relationships'."""
    return WITH_RELATIONSHIPS if config.with_relationships else ALONE


def counts(config: CockpitConfig) -> Any:
    """Their numbers."""
    row = ALL_COUNTS if config.with_relationships else OWN_COUNTS
    return row.c


def in_view(
    env: Env,
    config: CockpitConfig,
    kind: str,
    view: CtaView = CtaView.OPEN,
    important: bool = False,
    type_keys: Arg[list[str]] | None = None,
    owner_ids: Arg[list[str]] | None = None,
    reason_keys: Arg[list[str]] | None = None,
    priority_keys: Arg[list[str]] | None = None,
    company_ids: Arg[list[str]] | None = None,
) -> ColumnElement[bool]:
    """The CTAs of a view; of these types, owners, reasons or priorities, or only those
    that are important. None is found by what is hidden from the viewer."""
    found = {
        CtaView.ALL: sa.true(),
        CtaView.OPEN: OPEN,
        CtaView.CLOSED: CtaRow.is_closed,
        CtaView.SNOOZED: SNOOZED,
        CtaView.MINE: sa.and_(OPEN, MINE),
    }[view]
    parts = [with_children(env, config, kind, shown(config), company_ids), found]
    if important:
        marked = CtaRow.__table__.c.is_important
        parts.append(unless_masked(env, marked, "Cta.isImportant"))
    for field, column, keys in (
        ("Cta.type", CtaRow.type_id, type_keys),
        ("Cta.reason", CtaRow.reason_id, reason_keys),
        ("Cta.priority", CtaRow.priority_id, priority_keys),
    ):
        if keys is not None:
            item = PicklistItemRow.__table__.alias()
            chosen = column.in_(select(item.c.id).where(item.c.key.in_(keys)))
            parts.append(unless_masked(env, chosen, field))
    if owner_ids is not None:
        owned = CtaRow.owner_id.in_(owner_ids)
        parts.append(unless_masked(env, owned, "Cta.owner"))
    return sa.and_(*parts)


@strawberry.type(description="How many CTAs of a type are open.")
@read.table(OPEN_BY_TYPE)
class CtaTypeCount:
    type: PicklistItem = read.one(OPEN_BY_TYPE.c.type_id)
    count: int


@strawberry.type(description="How many CTAs have a status, open or closed.")
@read.table(BY_STATUS)
class CtaStatusCount:
    status: PicklistItem = read.one(BY_STATUS.c.status_id)
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


def _open_by_type(config: CockpitConfig) -> Any:
    return _by_type(shown(config))


def _of_status(config: CockpitConfig) -> Any:
    return _by_status(shown(config))


def _state(config: CockpitConfig) -> Any:
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
        read.Value(read.called(_overdue)),
        "Those of `openCount` that are due before today.",
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
    by_status: list[CtaStatusCount] = read.declared(
        read.Many(read.called(_of_status), None, ("position", "status_id"), 200),
        "All CTAs by status, snoozed and closed ones too.",
    )
    ctas: CtaConnection = read.declared(
        read.Page(CtaRow, read.called(in_view), read.called(in_order)),
        "The CTAs of a view, by default the earliest due first; MINE are the open ones that the "
        "viewer or one of whose tasks the viewer owns. `companyIds` are companies below "
        "this one whose CTAs are wanted, too, where the layout shows them.",
    )
    views: list[CtaSavedView] = read.declared(
        read.Many(
            ViewRow,
            sa.or_(ViewRow.owner_id == viewer_id, ViewRow.is_shared),
            (ViewRow.name, ViewRow.id),
            200,
        ),
        "The viewer's saved views and those that are everybody's, by name.",
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
