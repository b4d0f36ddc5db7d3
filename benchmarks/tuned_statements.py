"""The statements of the tuned variant: only what is shown, counted by the database.

Each is made once and asks for all keys of a batch: `record = ANY(:keys)`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.sections.usage.tables import (
    UsageActiveDayRow,
    UsageDailyRow,
    UsageEntitlementRow,
    UsageModuleRow,
)
from cyclorama.storage.rows import (
    CompanyRow,
    PicklistItemRow,
    RelationshipRow,
    RelationshipTypeRow,
    UserRow,
)

KEYS: Any = bindparam("keys", type_=ARRAY(sa.String))
FIRST: Any = bindparam("first", type_=sa.Integer)
MONTH: Any = bindparam("month", type_=sa.Date)
LAST: Any = bindparam("last", type_=sa.Date)
BEFORE: Any = bindparam("before", type_=sa.Date)
TODAY: Any = bindparam("today", type_=sa.Date)
YEAR: Any = bindparam("year", type_=sa.Date)
"""The first day of the oldest of twelve months."""
WEEK: Any = bindparam("week", type_=sa.Date)
Status, Stage, Industry = (aliased(PicklistItemRow) for _ in range(3))


def _owner(row: Any, kind: str) -> Any:
    return getattr(row, f"{kind}_id")


_COMPANY = (
    select(
        CompanyRow.id,
        CompanyRow.name,
        CompanyRow.arr_minor,
        CompanyRow.currency,
        CompanyRow.renewal_date,
        CompanyRow.original_contract_date,
        CompanyRow.tags,
        CompanyRow.comment,
        CompanyRow.employees,
        CompanyRow.managed_as,
        Status.id.label("status_id"),
        Status.key.label("status_key"),
        Status.label.label("status_label"),
        Status.color.label("status_color"),
        Stage.id.label("stage_id"),
        Stage.key.label("stage_key"),
        Stage.label.label("stage_label"),
        Stage.color.label("stage_color"),
        Industry.id.label("industry_id"),
        Industry.key.label("industry_key"),
        Industry.label.label("industry_label"),
        Industry.color.label("industry_color"),
        UserRow.name.label("csm_name"),
        UserRow.email.label("csm_email"),
    )
    .outerjoin(Status, Status.id == CompanyRow.status_id)
    .outerjoin(Stage, Stage.id == CompanyRow.stage_id)
    .outerjoin(Industry, Industry.id == CompanyRow.industry_id)
    .outerjoin(UserRow, UserRow.id == CompanyRow.csm_id)
)
COMPANY = _COMPANY.where(CompanyRow.id == func.any(KEYS))
COMPANIES = _COMPANY.order_by(CompanyRow.search_key, CompanyRow.id).limit(FIRST)

BY_TYPE = (
    select(
        RelationshipRow.company_id.label("record"),
        RelationshipTypeRow.key,
        func.min(RelationshipTypeRow.name).label("name"),
        func.count().label("count"),
        func.sum(RelationshipRow.arr_minor).label("arr_minor"),
        func.min(RelationshipRow.currency).label("currency"),
    )
    .join(RelationshipTypeRow, RelationshipTypeRow.id == RelationshipRow.type_id)
    .where(RelationshipRow.company_id == func.any(KEYS))
    .group_by(RelationshipRow.company_id, RelationshipTypeRow.key)
    .order_by(RelationshipTypeRow.key)
)
RELATIONSHIPS = (
    select(
        RelationshipRow.company_id.label("record"),
        RelationshipRow.id,
        RelationshipRow.name,
        RelationshipRow.arr_minor,
        RelationshipRow.currency,
        RelationshipRow.renewal_date,
        RelationshipTypeRow.key.label("type_key"),
        RelationshipTypeRow.name.label("type_name"),
        Status.id.label("status_id"),
        Status.key.label("status_key"),
        Status.label.label("status_label"),
        Status.color.label("status_color"),
        func.count().over(partition_by=RelationshipRow.company_id).label("total"),
    )
    .join(RelationshipTypeRow, RelationshipTypeRow.id == RelationshipRow.type_id)
    .outerjoin(Status, Status.id == RelationshipRow.status_id)
    .where(RelationshipRow.company_id == func.any(KEYS))
    .order_by(RelationshipRow.search_key, RelationshipRow.id)
)


def _tree() -> Any:
    """All companies of the trees that the keys stand in, with the key as `record`."""
    up = (
        select(CompanyRow.id.label("record"), CompanyRow.id, CompanyRow.parent_id)
        .where(CompanyRow.id == func.any(KEYS))
        .cte("up", recursive=True)
    )
    parent = aliased(CompanyRow)
    up = up.union_all(
        select(up.c.record, parent.id, parent.parent_id).join(
            up, parent.id == up.c.parent_id
        )
    )
    child, own = aliased(CompanyRow), aliased(CompanyRow)
    down = (
        select(up.c.record, up.c.id, sa.literal(1).label("level"))
        .where(up.c.parent_id.is_(None))
        .cte("down")
    )
    down = down.union_all(
        select(down.c.record, child.id, down.c.level + 1).join(
            down, child.parent_id == down.c.id
        )
    )
    return (
        select(
            down.c.record,
            down.c.level,
            own.id,
            own.name,
            own.parent_id,
            own.arr_minor,
            own.currency,
        )
        .join(own, own.id == down.c.id)
        .order_by(down.c.level, own.search_key, own.id)
    )


TREE = _tree()


def open_cases(kind: str) -> Any:
    """Open cases by priority."""
    owner = _owner(SupportCaseRow, kind)
    priority = func.coalesce(
        SupportCaseRow.priority, sa.literal_column("'No priority'")
    )
    return (
        select(
            owner.label("record"), priority.label("label"), func.count().label("count")
        )
        .where(owner == func.any(KEYS), ~SupportCaseRow.is_closed)
        .group_by(owner, priority)
        .order_by(priority)
    )


def _instant(name: str) -> Any:
    return sa.type_coerce(getattr(SupportCaseRow, name), sa.DateTime(timezone=True))


def case_numbers(kind: str) -> Any:
    """All cases, open ones, mean seconds to close."""
    owner = _owner(SupportCaseRow, kind)
    taken = func.extract("epoch", _instant("closed_at") - _instant("opened_at"))
    return (
        select(
            owner.label("record"),
            func.count().label("count"),
            func.count().filter(~SupportCaseRow.is_closed).label("open"),
            func.avg(taken).label("seconds"),
        )
        .where(owner == func.any(KEYS))
        .group_by(owner)
    )


def newest_cases(kind: str) -> Any:
    """The first cases of each record, the newest first."""
    row = SupportCaseRow
    owner = _owner(row, kind)
    order = (row.opened_at.desc(), row.id)
    rank = func.row_number().over(partition_by=owner, order_by=order)
    ranked = select(
        owner.label("record"),
        row.id,
        row.number,
        row.subject,
        row.status,
        row.is_closed,
        row.priority,
        row.opened_at,
        row.closed_at,
        rank.label("rank"),
    ).where(owner == func.any(KEYS), sa.or_(~row.is_closed, bindparam("all_of_them")))
    found = ranked.subquery()
    return select(found).where(found.c.rank <= FIRST).order_by(found.c.rank)


def people(kind: str) -> Any:
    """Active people of the last month and of the one before, and the entitled ones."""
    row, bought = UsageActiveDayRow, UsageEntitlementRow
    owner = _owner(row, kind)
    entitled = (
        select(func.sum(bought.quantity))
        .where(
            _owner(bought, kind) == owner,
            bought.starts_on < MONTH,
            sa.or_(bought.ends_on.is_(None), bought.ends_on >= MONTH),
        )
        .scalar_subquery()
    )
    person = func.count(row.person_key.distinct())
    return (
        select(
            owner.label("record"),
            person.filter(row.day >= LAST).label("last"),
            person.filter(row.day < LAST).label("before"),
            entitled.label("entitled"),
        )
        .where(owner == func.any(KEYS), row.day >= BEFORE, row.day < MONTH)
        .group_by(owner)
    )


def weeks(kind: str) -> Any:
    """Active people by week."""
    row = UsageActiveDayRow
    owner = _owner(row, kind)
    week = func.date_trunc("week", row.day).cast(sa.Date)
    return (
        select(
            owner.label("record"),
            week.label("week"),
            func.count(row.person_key.distinct()).label("value"),
        )
        .where(owner == func.any(KEYS), row.day >= WEEK)
        .group_by(owner, sa.text("week"))
    )


def used(kind: str) -> Any:
    """Usage by module and week."""
    row, module = UsageDailyRow, UsageModuleRow
    owner = _owner(row, kind)
    week = func.date_trunc("week", row.day).cast(sa.Date)
    return (
        select(
            owner.label("record"),
            module.position,
            module.key,
            module.name,
            module.unit,
            week.label("week"),
            func.sum(row.value).label("value"),
        )
        .join(module, module.id == row.module_id)
        .where(owner == func.any(KEYS))
        .group_by(owner, module.id, sa.text("week"))
        .order_by(module.position, module.name, module.id)
    )
