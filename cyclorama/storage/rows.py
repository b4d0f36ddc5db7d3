"""The tables of the core: users, groups, companies, relationships, people, vocabularies.

Money is kept in minor units beside an ISO currency. A record's own fields that an
organisation adds are described by `FieldRow` and kept in the record's `custom` JSON.
Tables of sections live with their section.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, MetaData, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from cyclorama.storage.types import Instant, json, text

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
KEY = text(80)
"""Ids and keys."""
NAME = text(255)


class Row(DeclarativeBase):
    """Base of all tables, those of sections included."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {
        datetime: Instant,
        dict[str, Any]: json(),
        list[Any]: json(),
        list[str]: json(),
        str: NAME,
    }


def key_column(**options: Any) -> Mapped[str]:
    """The primary key of a table: an opaque id."""
    return mapped_column(KEY, primary_key=True, **options)


class UserRow(Row):
    """Somebody who works here; `attributes` are further facts that rules may ask."""

    __tablename__ = "app_user"

    id: Mapped[str] = key_column()
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    title: Mapped[str | None]
    department: Mapped[str | None]
    manager_id: Mapped[str | None] = mapped_column(KEY, ForeignKey("app_user.id"))
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]


class UserGroupRow(Row):
    """A group of users; `rule` is a list of clauses over user fields, or null."""

    __tablename__ = "user_group"

    id: Mapped[str] = key_column()
    key: Mapped[str] = mapped_column(KEY, unique=True)
    name: Mapped[str]
    rule: Mapped[list[Any] | None] = mapped_column(json())


class MembershipRow(Row):
    """Who is in which group, by hand, by the group's rule, or both."""

    __tablename__ = "user_group_member"

    group_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("user_group.id"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("app_user.id"), primary_key=True, index=True
    )
    by_hand: Mapped[bool] = mapped_column(default=False)
    by_rule: Mapped[bool] = mapped_column(default=False)


class TokenRow(Row):
    """A bearer token of a user; only its SHA-256 is kept."""

    __tablename__ = "access_token"

    id: Mapped[str] = key_column()
    user_id: Mapped[str] = mapped_column(KEY, ForeignKey("app_user.id"), index=True)
    token_hash: Mapped[str] = mapped_column(KEY, unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class PicklistItemRow(Row):
    """An item of a vocabulary; `picklist` names it, as `company.status`."""

    __tablename__ = "picklist_item"
    __table_args__ = (UniqueConstraint("picklist", "key"),)

    id: Mapped[str] = key_column()
    picklist: Mapped[str] = mapped_column(KEY)
    key: Mapped[str] = mapped_column(KEY)
    label: Mapped[str]
    color: Mapped[str | None]
    category: Mapped[str | None] = mapped_column(KEY)
    active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)


class RecordColumns:
    """What the tables of companies and relationships have in common."""

    id: Mapped[str] = key_column()
    name: Mapped[str]
    search_key: Mapped[str] = mapped_column(text(600), index=True)
    """The name folded by `storage.search.fold`; also the order by name."""
    arr_minor: Mapped[int | None] = mapped_column(BigInteger)
    mrr_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(text(3), default="USD")
    original_contract_date: Mapped[date | None]
    renewal_date: Mapped[date | None]
    churned_on: Mapped[date | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    comment: Mapped[str | None] = mapped_column(text(32_000))
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @declared_attr
    def status_id(cls) -> Mapped[str | None]:
        return mapped_column(KEY, ForeignKey("picklist_item.id"))

    @declared_attr
    def stage_id(cls) -> Mapped[str | None]:
        return mapped_column(KEY, ForeignKey("picklist_item.id"))

    @declared_attr
    def csm_id(cls) -> Mapped[str | None]:
        return mapped_column(KEY, ForeignKey("app_user.id"), index=True)


class CompanyRow(RecordColumns, Row):
    """A customer, a former or possible one, or a partner."""

    __tablename__ = "company"
    __table_args__ = (
        Index("ix_company_name_order", "search_key", "id"),
        Index("ix_company_arr_order", "arr_minor", "id"),
        Index("ix_company_renewal_order", "renewal_date", "id"),
        Index("ix_company_updated_order", "updated_at", "id"),
    )

    managed_as: Mapped[str] = mapped_column(KEY, default="CUSTOMER")
    industry_id: Mapped[str | None] = mapped_column(KEY, ForeignKey("picklist_item.id"))
    company_type_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("picklist_item.id")
    )
    employees: Mapped[int | None]
    users: Mapped[int | None]
    logo_url: Mapped[str | None] = mapped_column(text(2048))
    parent_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("company.id"), index=True
    )


class RelationshipTypeRow(Row):
    """The template of relationships: a product, a unit, a project."""

    __tablename__ = "relationship_type"

    id: Mapped[str] = key_column()
    key: Mapped[str] = mapped_column(KEY, unique=True)
    name: Mapped[str]
    description: Mapped[str | None] = mapped_column(text(1000))


class RelationshipRow(RecordColumns, Row):
    """One managed connection to a company: what was sold to it."""

    __tablename__ = "relationship"

    company_id: Mapped[str] = mapped_column(KEY, ForeignKey("company.id"), index=True)
    type_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("relationship_type.id"), index=True
    )


class ExternalRefRow(Row):
    """The record of another system that one of ours mirrors; `entity_id` is ours."""

    __tablename__ = "external_ref"
    __table_args__ = (UniqueConstraint("system", "object_type", "external_id"),)

    id: Mapped[str] = key_column()
    system: Mapped[str] = mapped_column(KEY)
    object_type: Mapped[str] = mapped_column(KEY)
    external_id: Mapped[str]
    entity_id: Mapped[str] = mapped_column(KEY, index=True)
    url: Mapped[str | None] = mapped_column(text(2048))


class FieldRow(Row):
    """A field that the organisation added to a kind of record; values lie in `custom`."""

    __tablename__ = "field"
    __table_args__ = (UniqueConstraint("object", "key"),)

    id: Mapped[str] = key_column()
    object: Mapped[str] = mapped_column(KEY)
    """`company` or `relationship`."""
    key: Mapped[str] = mapped_column(KEY)
    label: Mapped[str]
    type: Mapped[str] = mapped_column(KEY)
    """A name of the contract's `FieldType`."""
    required: Mapped[bool] = mapped_column(default=False)
    editable: Mapped[bool] = mapped_column(default=True)
    help_text: Mapped[str | None] = mapped_column(text(2000))
    picklist: Mapped[str | None] = mapped_column(KEY)
    """The vocabulary of a PICKLIST or MULTI_PICKLIST field."""
    position: Mapped[int] = mapped_column(default=0)


class PersonRow(Row):
    """A human, whatever company they work for."""

    __tablename__ = "person"

    id: Mapped[str] = key_column()
    name: Mapped[str]
    search_key: Mapped[str] = mapped_column(text(600), index=True)
    email: Mapped[str | None] = mapped_column(index=True)
    title: Mapped[str | None]
    phone: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CompanyPersonRow(Row):
    """A person at one company."""

    __tablename__ = "company_person"
    __table_args__ = (UniqueConstraint("person_id", "company_id"),)

    id: Mapped[str] = key_column()
    person_id: Mapped[str] = mapped_column(KEY, ForeignKey("person.id"))
    company_id: Mapped[str] = mapped_column(KEY, ForeignKey("company.id"), index=True)
    title: Mapped[str | None]
    role: Mapped[str | None]
    manager_id: Mapped[str | None] = mapped_column(KEY, ForeignKey("company_person.id"))
    active: Mapped[bool] = mapped_column(default=True)
    is_primary: Mapped[bool] = mapped_column(default=False)


class RelationshipPersonRow(Row):
    """A person in one relationship."""

    __tablename__ = "relationship_person"
    __table_args__ = (UniqueConstraint("person_id", "relationship_id"),)

    id: Mapped[str] = key_column()
    person_id: Mapped[str] = mapped_column(KEY, ForeignKey("person.id"))
    company_person_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("company_person.id")
    )
    relationship_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("relationship.id"), index=True
    )
    role: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)


class ConfigurationRow(Row):
    """One row: the version that grows with every change of layouts, switches, groups."""

    __tablename__ = "configuration"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)


class LayoutRow(Row):
    """A layout of a kind (`COMPANY`, `RELATIONSHIP`), for relationships of one type."""

    __tablename__ = "layout"

    id: Mapped[str] = key_column()
    key: Mapped[str] = mapped_column(KEY, unique=True)
    kind: Mapped[str] = mapped_column(KEY)
    relationship_type: Mapped[str | None] = mapped_column(KEY)
    """The type's key; null on a relationship layout means every type."""
    name: Mapped[str]
    description: Mapped[str | None] = mapped_column(text(1000))
    is_default: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(KEY, default="PUBLISHED")
    version: Mapped[int] = mapped_column(default=1)


class PlacementRow(Row):
    """A section in a layout."""

    __tablename__ = "section_placement"
    __table_args__ = (UniqueConstraint("layout_id", "instance_key"),)

    id: Mapped[str] = key_column()
    layout_id: Mapped[str] = mapped_column(KEY, ForeignKey("layout.id"))
    instance_key: Mapped[str] = mapped_column(KEY)
    section: Mapped[str] = mapped_column(KEY)
    label: Mapped[str | None]
    icon: Mapped[str | None] = mapped_column(KEY)
    position: Mapped[int]
    surfaces: Mapped[list[str]]
    config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Empty where a shared section is placed."""
    shared: Mapped[str | None] = mapped_column(KEY)
    """The key of the shared section that is placed."""
    decoupled_from: Mapped[str | None] = mapped_column(KEY)
    decoupled_version: Mapped[int | None]
    config_version: Mapped[int] = mapped_column(default=1)


class AssignmentRow(Row):
    """Which layout whom and what gets; ranks ascend, the first match wins."""

    __tablename__ = "layout_assignment"

    id: Mapped[str] = key_column()
    layout_id: Mapped[str] = mapped_column(KEY, ForeignKey("layout.id"))
    name: Mapped[str]
    rank: Mapped[int]
    enabled: Mapped[bool] = mapped_column(default=True)
    viewer: Mapped[list[Any]]
    record: Mapped[list[Any]]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]


class FieldPermissionRow(Row):
    """What a group may do with a field; `*` stands for everybody else."""

    __tablename__ = "field_permission"

    group_key: Mapped[str] = mapped_column(KEY, primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    access: Mapped[str] = mapped_column(KEY)


class PersonalisationRow(Row):
    """What a user made of a layout for themselves."""

    __tablename__ = "layout_personalisation"

    user_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("app_user.id"), primary_key=True
    )
    layout: Mapped[str] = mapped_column(KEY, primary_key=True)
    """The layout's key."""
    settings: Mapped[str] = mapped_column(Text())
    """JSON: the layout's key, and its placements by instance key as `layouts.personal`
    reads them. Text, so that signing in joins those of a user to one."""


class PluginSwitchRow(Row):
    """A section plugin that was switched; without a row it is enabled."""

    __tablename__ = "section_plugin"

    key: Mapped[str] = mapped_column(KEY, primary_key=True)
    enabled: Mapped[bool]


class SectionFailureRow(Row):
    """A section that keeps failing; a worker that reads it again removes the row."""

    __tablename__ = "section_failure"

    section: Mapped[str] = mapped_column(KEY, primary_key=True)
    since: Mapped[datetime]
