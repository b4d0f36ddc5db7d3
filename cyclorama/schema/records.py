"""Companies and relationships: the typed core of the two kinds of record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
import strawberry
from strawberry.scalars import JSON

from cyclorama.schema import catalogue, read
from cyclorama.schema.common import (
    ExternalRef,
    ManagedAs,
    Money,
    Node,
    PicklistItem,
    RelationshipType,
    User,
)
from cyclorama.schema.envelope import SectionPlacement
from cyclorama.schema.sql import money
from cyclorama.schema.symbols import COMPANY, RELATIONSHIP, viewer_id
from cyclorama.storage.notifications import FOLLOWS
from cyclorama.storage.rows import CompanyRow, ExternalRefRow, RelationshipRow


@strawberry.enum(description="What kind of value a field holds.")
class FieldType(Enum):
    STRING = "STRING"
    RICH_TEXT = "RICH_TEXT"
    NUMBER = "NUMBER"
    CURRENCY = "CURRENCY"
    PERCENT = "PERCENT"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    DATETIME = "DATETIME"
    PICKLIST = "PICKLIST"
    MULTI_PICKLIST = "MULTI_PICKLIST"
    LOOKUP = "LOOKUP"
    EMAIL = "EMAIL"
    URL = "URL"


@strawberry.type(description="The value of a field, with what describes it.")
class FieldValue:
    path: str
    label: str
    type: FieldType
    value: JSON | None
    display_value: str | None
    editable: bool
    required: bool
    help_text: str | None


@strawberry.type(
    description="What this viewer gets for this record: no word of what is withheld."
)
class ResolvedLayout:
    key: str
    name: str
    version: int
    sections: list[SectionPlacement] = strawberry.field(
        description="In the order of the page, the viewer's own where they have one."
    )
    hidden: list[SectionPlacement] = strawberry.field(
        description="Sections that the viewer hid for themselves with "
        "`personaliseLayout`; their typed fields are null until they are shown again."
    )
    collapsed: list[str] = strawberry.field(
        description="Instance keys of `sections` that the viewer keeps collapsed."
    )
    last_tab: str | None = strawberry.field(
        description="The instance key of the section that the viewer had open last."
    )


@strawberry.interface(
    description="What a company and a relationship have in common. The fields of "
    "sections stand on the two types themselves, never here."
)
class Record360(Node):
    id: strawberry.ID
    name: str
    status: PicklistItem | None
    stage: PicklistItem | None
    arr: Money | None
    mrr: Money | None
    original_contract_date: date | None
    renewal_date: date | None
    lifetime_in_months: int | None
    csm: User | None
    tags: list[str]
    external_refs: list[ExternalRef]
    is_followed: bool = strawberry.field(
        description="Whether you follow it: `followRecord`."
    )
    version: int = strawberry.field(
        description="Grows by one with each change; hand it to what changes the record, "
        "and a change in between is refused."
    )
    created_at: datetime
    updated_at: datetime


def _fields_of(kind: str, row: Any) -> Any:
    """`fields(paths:)` of a record whose row this is."""

    def chosen(paths: list[str], env: Any) -> Sequence[dict[str, Any]]:
        return catalogue.items(kind, paths, row.__table__.c, env.fields)

    return read.declared(
        read.Each(read.called(chosen, values=True)),
        "Any field of the record, or of a record one lookup away (`csm.email`), "
        "described by its metadata.",
    )


def _refs_of(row: Any) -> Any:
    return read.many(
        ExternalRefRow,
        ExternalRefRow.entity_id == row.id,
        order_by=[
            ExternalRefRow.system,
            ExternalRefRow.object_type,
            ExternalRefRow.external_id,
        ],
    )


def _is_followed(row: Any) -> Any:
    mine = sa.select(FOLLOWS.c.at).where(
        FOLLOWS.c.record_id == row.id, FOLLOWS.c.user_id == viewer_id
    )
    return read.value(mine.exists())


def _lifetime(row: Any) -> Any:
    return read.value(catalogue.lifetime_in_months(row.__table__.c))


@strawberry.type(description="A customer, a former or possible one, or a partner.")
@read.table(CompanyRow)
class Company(Record360):
    id: strawberry.ID
    name: str
    managed_as: ManagedAs
    industry: PicklistItem | None = read.one(CompanyRow.industry_id)
    company_type: PicklistItem | None = read.one(CompanyRow.company_type_id)
    status: PicklistItem | None = read.one(CompanyRow.status_id)
    stage: PicklistItem | None = read.one(CompanyRow.stage_id)
    arr: Money | None = money(CompanyRow.arr_minor, CompanyRow.currency)
    mrr: Money | None = money(CompanyRow.mrr_minor, CompanyRow.currency)
    original_contract_date: date | None
    renewal_date: date | None
    lifetime_in_months: int | None = _lifetime(CompanyRow)
    employees: int | None
    users: int | None
    logo_url: str | None
    csm: User | None = read.one(CompanyRow.csm_id)
    parent: Company | None = read.one(CompanyRow.parent_id)
    tags: list[str]
    external_refs: list[ExternalRef] = _refs_of(CompanyRow)
    is_followed: bool = _is_followed(CompanyRow)
    version: int
    created_at: datetime
    updated_at: datetime
    fields: list[FieldValue] = _fields_of(COMPANY, CompanyRow)


@strawberry.type(
    description="One managed connection to a company: what was sold to it."
)
@read.table(RelationshipRow)
class Relationship(Record360):
    id: strawberry.ID
    name: str
    company: Company = read.one(RelationshipRow.company_id)
    type: RelationshipType = read.one(RelationshipRow.type_id)
    status: PicklistItem | None = read.one(RelationshipRow.status_id)
    stage: PicklistItem | None = read.one(RelationshipRow.stage_id)
    arr: Money | None = money(RelationshipRow.arr_minor, RelationshipRow.currency)
    mrr: Money | None = money(RelationshipRow.mrr_minor, RelationshipRow.currency)
    original_contract_date: date | None
    renewal_date: date | None
    lifetime_in_months: int | None = _lifetime(RelationshipRow)
    csm: User | None = read.one(RelationshipRow.csm_id)
    tags: list[str]
    external_refs: list[ExternalRef] = _refs_of(RelationshipRow)
    is_followed: bool = _is_followed(RelationshipRow)
    version: int
    created_at: datetime
    updated_at: datetime
    fields: list[FieldValue] = _fields_of(RELATIONSHIP, RelationshipRow)


RECORD_TYPES = {COMPANY: Company, RELATIONSHIP: Relationship}
"""The type of the graph of each kind of record."""

__all__ = [
    "RECORD_TYPES",
    "Company",
    "FieldType",
    "FieldValue",
    "Record360",
    "Relationship",
    "ResolvedLayout",
]
