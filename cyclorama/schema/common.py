"""Types that the whole graph shares: nodes, money, vocabularies, users, people, errors."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import sqlalchemy as sa
import strawberry

from cyclorama.schema import read
from cyclorama.storage.rows import (
    ExternalRefRow,
    MembershipRow,
    PersonRow,
    PicklistItemRow,
    RelationshipTypeRow,
    UserGroupRow,
    UserRow,
)


@strawberry.interface(description="Anything that `node(id:)` finds.")
class Node:
    id: strawberry.ID


@strawberry.type(description="Where a page of a list stands.")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="An amount of money, exact.")
class Money:
    amount: Decimal
    currency: str


@strawberry.type(
    description="An item of a vocabulary that admins edit. Logic uses `category`, "
    "never `label`."
)
@read.table(PicklistItemRow)
class PicklistItem:
    id: strawberry.ID
    key: str
    label: str
    color: str | None
    category: str | None
    active: bool


@strawberry.type(
    description="The record in another system that this one mirrors, with a link that "
    "opens it there."
)
@read.table(ExternalRefRow)
class ExternalRef:
    system: str
    object_type: str
    external_id: str
    url: str | None


_GROUPS_OF_USER = sa.select(MembershipRow.group_id).where(
    MembershipRow.user_id == UserRow.id
)


@strawberry.type(description="A group of users.")
@read.table(UserGroupRow)
class UserGroup(Node):
    id: strawberry.ID
    key: str
    name: str


@strawberry.type(description="Somebody who works here.")
@read.table(UserRow)
class User(Node):
    id: strawberry.ID
    name: str
    email: str
    active: bool
    title: str | None
    groups: list[UserGroup] = read.many(
        UserGroupRow,
        UserGroupRow.id.in_(_GROUPS_OF_USER),
        order_by=[UserGroupRow.key],
    )


@strawberry.type(description="A human at a customer, whatever company they work for.")
@read.table(PersonRow)
class Person(Node):
    id: strawberry.ID
    name: str
    email: str | None
    title: str | None


@strawberry.type(description="What kind of thing a relationship is about.")
@read.table(RelationshipTypeRow)
class RelationshipType(Node):
    id: strawberry.ID
    key: str
    name: str
    description: str | None


@strawberry.enum(description="The two kinds of record that have a page.")
class RecordKind(Enum):
    COMPANY = "COMPANY"
    RELATIONSHIP = "RELATIONSHIP"


@strawberry.enum(description="How a company is dealt with.")
class ManagedAs(Enum):
    CUSTOMER = "CUSTOMER"
    EX_CUSTOMER = "EX_CUSTOMER"
    PARTNER = "PARTNER"
    PROSPECT = "PROSPECT"


@strawberry.enum(description="Where a number is heading.")
class Trend(Enum):
    UP = "UP"
    DOWN = "DOWN"
    FLAT = "FLAT"
    NEW = "NEW"
    NONE = "NONE"


@strawberry.enum(description="Only what is open, or all.")
class OpenOrAll(Enum):
    ALL = "ALL"
    OPEN = "OPEN"


@strawberry.enum(description="Why a change was refused.")
class UserErrorCode(Enum):
    REQUIRED = "REQUIRED"
    TYPE = "TYPE"
    RANGE = "RANGE"
    LENGTH = "LENGTH"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    PICKLIST_INACTIVE = "PICKLIST_INACTIVE"
    LOOKUP_NOT_FOUND = "LOOKUP_NOT_FOUND"
    READ_ONLY = "READ_ONLY"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    DUPLICATE = "DUPLICATE"
    CYCLE = "CYCLE"
    INVALID_STATE = "INVALID_STATE"
    INVALID = "INVALID"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"


@strawberry.type(
    description="A change that was refused. `path` names the input field, list "
    'positions included, e.g. `["fields", "2", "value"]`.'
)
class UserError:
    path: list[str]
    code: UserErrorCode
    message: str


@strawberry.interface(description="What every mutation answers.")
class Payload:
    errors: list[UserError]
