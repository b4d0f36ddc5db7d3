"""What may be chosen when a CTA is made: types, and what is offered for each."""

from __future__ import annotations

import sqlalchemy as sa
import strawberry
from sqlalchemy import ColumnElement, func, select

from cyclorama.plugins import PicklistItem, PicklistItemRow, read, record
from cyclorama.sections.cockpit.config import CockpitConfig
from cyclorama.sections.cockpit.tables import (
    PRIORITY,
    REASON,
    STATUS,
    ChoiceRow,
    PlaybookRow,
    PlaybookTypeRow,
    TypeRow,
)
from cyclorama.sections.cockpit.types import CtaPlaybook

KIND = record.by_kind(
    company=sa.literal("COMPANY"), relationship=sa.literal("RELATIONSHIP")
)


def _of_type(picklist: str) -> ColumnElement[bool]:
    """The active items of a vocabulary that are offered for the type at hand."""
    offered = select(ChoiceRow.item_id).where(ChoiceRow.type_id == TypeRow.id)
    return sa.and_(
        PicklistItemRow.picklist == picklist,
        PicklistItemRow.active,
        PicklistItemRow.id.in_(offered),
    )


def _statuses(config: CockpitConfig) -> ColumnElement[bool]:
    """Those that the layout lets people choose."""
    offered = _of_type(STATUS)
    if not config.statuses:
        return offered
    keys = [sa.literal(key) for key in config.statuses]
    return sa.and_(offered, PicklistItemRow.key.in_(keys))


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
        PicklistItemRow, _statuses, order_by=ITEM_ORDER
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
