"""Relationships: what was sold to the company, counted by type and as a list."""

from __future__ import annotations

import sqlalchemy as sa
import strawberry
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from cyclorama.plugins import (
    Arg,
    Env,
    Money,
    PageInfo,
    Relationship,
    RelationshipRow,
    RelationshipType,
    RelationshipTypeRow,
    Section,
    SectionBase,
    SectionState,
    money,
    read,
    record,
    today,
    unless_masked,
)

Own = aliased(RelationshipRow)
OWN_COMPANY = select(Own.company_id).where(Own.id == record.id).scalar_subquery()
SHOWN = sa.and_(
    RelationshipRow.company_id
    == record.by_kind(company=record.id, relationship=OWN_COMPANY),
    RelationshipRow.id != record.id,
)
"""Those of the company; on a relationship its siblings, without itself."""
RUNS = sa.or_(RelationshipRow.churned_on.is_(None), RelationshipRow.churned_on > today)
PAYS = sa.and_(RUNS, RelationshipRow.arr_minor.is_not(None))
CURRENCY = sa.case((PAYS, RelationshipRow.currency))

by_type = (
    select(
        RelationshipRow.type_id,
        func.min(RelationshipTypeRow.key).label("type_key"),
        func.count().label("count"),
        func.count(sa.case((RUNS, 1))).label("running_count"),
        sa.case(
            (
                func.count(CURRENCY.distinct()) == 1,
                func.sum(sa.case((PAYS, RelationshipRow.arr_minor))),
            )
        ).label("arr_minor"),
        func.min(CURRENCY).label("currency"),
    )
    .join(RelationshipTypeRow, RelationshipTypeRow.id == RelationshipRow.type_id)
    .where(SHOWN)
    .group_by(RelationshipRow.type_id)
    .subquery()
)


@strawberry.type(description="The relationships of one type in numbers.")
@read.table(by_type)
class RelationshipTypeSummary:
    type: RelationshipType = read.one(by_type.c.type_id)
    count: int
    running_count: int = strawberry.field(
        description="Those that have not ended by today."
    )
    arr: Money | None = money(by_type.c.arr_minor, by_type.c.currency)


@strawberry.type(description="A relationship in a list.")
class RelationshipEdge:
    cursor: str
    node: Relationship


@strawberry.type(description="A page of relationships.")
class RelationshipConnection:
    edges: list[RelationshipEdge]
    page_info: PageInfo
    total_count: int


def listed(env: Env, type_keys: Arg[list[str]] | None = None) -> ColumnElement[bool]:
    """Relationships of these types, or of all; a key of no type finds none, nor does any
    where the type is hidden from the viewer."""
    if type_keys is None:
        return SHOWN
    keyed = select(RelationshipTypeRow.id).where(RelationshipTypeRow.key.in_(type_keys))
    of_types = RelationshipRow.type_id.in_(keyed)
    return sa.and_(SHOWN, unless_masked(env, of_types, "Relationship.type"))


@strawberry.type(
    description="What was sold to the company; on a relationship, what else was sold "
    "to its company."
)
class RelationshipsSection(SectionBase):
    state: SectionState = read.value(
        sa.case(
            (
                sa.exists(select(RelationshipRow.id).where(SHOWN)),
                SectionState.READY.name,
            ),
            else_=SectionState.EMPTY.name,
        )
    )
    by_type: list[RelationshipTypeSummary] = read.many(
        by_type, order_by=["type_key", "type_id"]
    )
    relationships: RelationshipConnection = read.page(
        RelationshipRow,
        listed,
        order_by=[RelationshipRow.search_key, RelationshipRow.id],
    )


section = Section(
    key="relationships",
    title="Relationships",
    description="What was sold to the company: totals by type and the list.",
    type=RelationshipsSection,
    icon="link",
)
