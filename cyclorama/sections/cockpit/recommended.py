"""The order in which CTAs are recommended, as SQL: see `rules.recommended_score`.

Health and ARR are those of the company, the ARR of that of the page alone; the renewal is
the relationship's where a CTA is about one that has a date. What the viewer may not see, or what there is not, leaves its
weight to the rest.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import sqlalchemy as sa
import strawberry
from sqlalchemy import ColumnElement, func, select

from cyclorama.plugins import (
    CompanyRow,
    Env,
    RelationshipRow,
    days_between,
    read,
    record,
    rounded,
    today,
)
from cyclorama.sections.cockpit.tables import CtaRow
from cyclorama.sections.cockpit.types import LATE

COMPANY: Any = CompanyRow.__table__
RELATIONSHIP: Any = RelationshipRow.__table__
HEALTH, ARR, RENEWAL, LATENESS = 35.0, 25.0, 25.0, 15.0
"""What each is worth."""
RENEWAL_DAYS, LATE_DAYS = 180.0, 14.0


@strawberry.enum(
    description="The order of CTAs: DUE_DATE the earliest due first, RECOMMENDED those "
    "first that are late or whose customer is at risk, large or about to renew."
)
class CtaOrder(Enum):
    DUE_DATE = "DUE_DATE"
    RECOMMENDED = "RECOMMENDED"


def _real(value: float) -> Any:
    return sa.literal(value, sa.Double)


def _share(value: Any) -> ColumnElement[float]:
    """A value within 0 and 1; null stays null."""
    return sa.case((value < 0, _real(0)), (value > 1, _real(1)), else_=value)


def _near(day: Any) -> ColumnElement[float]:
    return _share(_real(1) - days_between(today, day) / _real(RENEWAL_DAYS))


def _arr() -> Any:
    """The share of companies with less ARR in the same currency; of equal ones a half."""
    own, other = COMPANY.alias(), COMPANY.alias()
    above = select(RELATIONSHIP.c.company_id).where(RELATIONSHIP.c.id == record.id)
    lower = func.count(sa.case((other.c.arr_minor < own.c.arr_minor, 1)))
    equal = func.count(sa.case((other.c.arr_minor == own.c.arr_minor, 1)))
    share = (lower + equal * _real(0.5)) / func.nullif(func.count(), 0)
    return (
        select(share.label("share"), func.min(own.c.id).label("company_id"))
        .join_from(
            own,
            other,
            sa.and_(
                other.c.currency == own.c.currency,
                other.c.arr_minor.is_not(None),
                own.c.arr_minor.is_not(None),
            ),
        )
        .where(sa.or_(own.c.id == record.id, own.c.id.in_(above)))
    )


ARR_SHARE = record.row(_arr())


def _of_company(share: Any) -> Any:
    return (
        select(share)
        .where(CompanyRow.id == CtaRow.company_id)
        .correlate(CtaRow.__table__)
        .scalar_subquery()
    )


def _renewal() -> Any:
    own = (
        select(_near(RELATIONSHIP.c.renewal_date))
        .where(RELATIONSHIP.c.id == CtaRow.relationship_id)
        .correlate(CtaRow.__table__)
        .scalar_subquery()
    )
    return func.coalesce(own, _of_company(_near(CompanyRow.renewal_date)))


def _parts(env: Env) -> list[tuple[float, Any]]:
    """Weight and share of what the viewer may see."""
    hidden, found = env.hidden, []
    numbers = {n: x for s in env.sections for n, x in s.company_numbers.items()}
    score = numbers.get("score")
    if score is not None and env.masked.fields.isdisjoint(score.fields):
        found.append((HEALTH, _of_company(_share(_real(1) - score.value / _real(100)))))
    if "company.arr_minor" not in hidden:
        is_own = ARR_SHARE.c.company_id == CtaRow.company_id
        found.append((ARR, sa.case((is_own, ARR_SHARE.c.share))))
    if hidden.isdisjoint(("company.renewal_date", "relationship.renewal_date")):
        found.append((RENEWAL, _renewal()))
    if "cockpit_cta.due_date" not in hidden:
        found.append((LATENESS, _share(LATE / _real(LATE_DAYS))))
    return found


def score(env: Env) -> ColumnElement[int] | None:
    """How much a CTA is recommended, in hundredths; None where nothing may be seen."""
    parts = _parts(env)
    if not parts:
        return None
    zero = _real(0)
    worth = sum((func.coalesce(x * _real(w), zero) for w, x in parts), start=zero)
    known = sum(
        (sa.case((x.is_not(None), _real(w)), else_=zero) for w, x in parts), start=zero
    )
    exact = worth * _real(100) / func.nullif(known, zero)
    found: ColumnElement[int] = func.coalesce(
        sa.cast(rounded(exact * _real(100), 0), sa.Integer), 0
    )
    return found


def in_order(env: Env, order: CtaOrder = CtaOrder.DUE_DATE) -> read.Order:
    """The keys of an order."""
    keys: list[Any] = [CtaRow.due_date, CtaRow.id]
    if order is CtaOrder.RECOMMENDED:
        found = None if env is None else score(env)
        if found is not None:
            keys.insert(0, found.desc())
    return read.Order(order.name, keys)
