"""Open Risk CTAs of a record itself, as conditions that other sections may ask for."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import select

from cyclorama.plugins import (
    CompanyRow,
    PicklistItemRow,
    RecordCondition,
    RelationshipRow,
)
from cyclorama.sections.cockpit.tables import PRIORITY, TYPE, CtaRow

RISK = "RISK"
"""The category of the types that stand for a risk."""
HIGH = ("high", "critical")
"""The keys of the priorities that count as high."""
_FIELDS = ("CockpitSection.ctas", "Cta.type", "Cta.isClosed")


def _items(picklist: str, condition: Any) -> Any:
    return select(PicklistItemRow.id).where(
        PicklistItemRow.picklist == picklist, condition
    )


def _open(record: Any, is_own: Any, *where: Any) -> Any:
    """Whether a record has an open CTA of a type that stands for a risk, snoozed or not."""
    risks = CtaRow.type_id.in_(_items(TYPE, PicklistItemRow.category == RISK))
    found = select(CtaRow.id).where(is_own, ~CtaRow.is_closed, risks, *where)
    return found.correlate(record).exists()


def _risk(*where: Any, fields: tuple[str, ...] = ()) -> RecordCondition:
    of_company = sa.and_(
        CtaRow.company_id == CompanyRow.id, CtaRow.relationship_id.is_(None)
    )
    of_relationship = CtaRow.relationship_id == RelationshipRow.id
    return RecordCondition(
        where={
            "COMPANY": _open(CompanyRow, of_company, *where),
            "RELATIONSHIP": _open(RelationshipRow, of_relationship, *where),
        },
        fields=(*_FIELDS, *fields),
    )


RISKS = {
    "open_risk": _risk(),
    "open_high_risk": _risk(
        CtaRow.priority_id.in_(_items(PRIORITY, PicklistItemRow.key.in_(HIGH))),
        fields=("Cta.priority",),
    ),
}
