"""What sections are written with: everything a section may import of Cyclorama."""

from __future__ import annotations

from strawberry import Parent
from strawberry.scalars import JSON

from cyclorama.errors import ForbiddenError, InvalidInputError, RequestError
from cyclorama.plugins.editing import refusals, settings_or_refusals, subject_of
from cyclorama.plugins.hookspecs import hookimpl
from cyclorama.plugins.section import Card, DemoRecords, ImportTarget, Section
from cyclorama.resolvers.audit import record_change
from cyclorama.resolvers.context import Context, Env, Info
from cyclorama.resolvers.loaded import made
from cyclorama.schema import read
from cyclorama.schema.catalogue import items as field_items
from cyclorama.schema.catalogue import record_items
from cyclorama.schema.common import (
    ExternalRef,
    ManagedAs,
    Money,
    Node,
    OpenOrAll,
    PageInfo,
    Payload,
    Person,
    PicklistItem,
    RecordKind,
    RelationshipType,
    Trend,
    User,
    UserError,
    UserErrorCode,
    UserGroup,
)
from cyclorama.schema.envelope import (
    SectionBase,
    SectionPlacement,
    SectionState,
    Surface,
)
from cyclorama.schema.read import Arg, arg
from cyclorama.schema.records import (
    Company,
    FieldType,
    FieldValue,
    Record360,
    Relationship,
)
from cyclorama.schema.sql import (
    add_days,
    add_months,
    as_json,
    date_of,
    days_between,
    decimal,
    elapsed_days,
    json_field,
    json_has,
    json_pairs,
    json_text,
    money,
    month_of,
    months_between,
    rounded,
    series,
    week_of,
    weeks_back,
)
from cyclorama.schema.symbols import now, record, today, viewer_id
from cyclorama.storage.engine import WHOLE
from cyclorama.storage.ids import kind_of_id, new_id
from cyclorama.storage.rows import (
    KEY,
    NAME,
    CompanyPersonRow,
    CompanyRow,
    ExternalRefRow,
    FieldRow,
    PersonRow,
    PicklistItemRow,
    RelationshipPersonRow,
    RelationshipRow,
    RelationshipTypeRow,
    Row,
    UserRow,
    key_column,
)
from cyclorama.storage.search import fold
from cyclorama.storage.types import Instant, json, text

__all__ = [
    "JSON",
    "KEY",
    "NAME",
    "WHOLE",
    "Arg",
    "Card",
    "Company",
    "CompanyPersonRow",
    "CompanyRow",
    "Context",
    "DemoRecords",
    "Env",
    "ExternalRef",
    "ExternalRefRow",
    "FieldRow",
    "FieldType",
    "FieldValue",
    "ForbiddenError",
    "ImportTarget",
    "Info",
    "Instant",
    "InvalidInputError",
    "ManagedAs",
    "Money",
    "Node",
    "OpenOrAll",
    "PageInfo",
    "Parent",
    "Payload",
    "Person",
    "PersonRow",
    "PicklistItem",
    "PicklistItemRow",
    "Record360",
    "RecordKind",
    "Relationship",
    "RelationshipPersonRow",
    "RelationshipRow",
    "RelationshipType",
    "RelationshipTypeRow",
    "RequestError",
    "Row",
    "Section",
    "SectionBase",
    "SectionPlacement",
    "SectionState",
    "Surface",
    "Trend",
    "User",
    "UserError",
    "UserErrorCode",
    "UserGroup",
    "UserRow",
    "add_days",
    "add_months",
    "arg",
    "as_json",
    "date_of",
    "days_between",
    "decimal",
    "elapsed_days",
    "field_items",
    "fold",
    "hookimpl",
    "json",
    "json_field",
    "json_has",
    "json_pairs",
    "json_text",
    "key_column",
    "kind_of_id",
    "made",
    "money",
    "month_of",
    "months_between",
    "new_id",
    "now",
    "read",
    "record",
    "record_change",
    "record_items",
    "refusals",
    "rounded",
    "series",
    "settings_or_refusals",
    "subject_of",
    "text",
    "today",
    "viewer_id",
    "week_of",
    "weeks_back",
]
