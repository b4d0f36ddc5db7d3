"""What sections are written with: everything a section may import of Cyclorama."""

from __future__ import annotations

from strawberry import Parent
from strawberry.scalars import JSON

from cyclorama.errors import ConfigError, ForbiddenError, InvalidInputError
from cyclorama.layouts.entries import ClauseEntry
from cyclorama.layouts.entries import Entry as FileEntry
from cyclorama.layouts.entries import Key as FileKey
from cyclorama.layouts.entries import Name as FileName
from cyclorama.layouts.problems import LayoutFileError as FileError
from cyclorama.layouts.problems import Problem, Problems, listed
from cyclorama.layouts.yaml_text import Flow, YamlTextError, read_yaml, write_yaml
from cyclorama.plugins.acting import Acting, Action, Fact, Result, Target, Trigger
from cyclorama.plugins.commands import Commands, Told, Work, read_text, write_text
from cyclorama.plugins.dispatching import Dispatched
from cyclorama.plugins.editing import (
    KeyRefusedError,
    claimed,
    condition_on,
    gets_everywhere,
    is_of_company,
    refusals,
    settings_of_records,
    settings_or_refusals,
    subject_of,
)
from cyclorama.plugins.hookspecs import hookimpl
from cyclorama.plugins.jobs import Job, Run, Schedule
from cyclorama.plugins.rich_text import active_part, cleaned_html, plain_text
from cyclorama.plugins.section import (
    Card,
    CompanyNumber,
    DemoRecords,
    ImportTarget,
    RecordCondition,
    Section,
)
from cyclorama.plugins.topics import Topics
from cyclorama.plugins.written import RecordsWritten, records_written
from cyclorama.resolvers.audit import author_of, record_change
from cyclorama.resolvers.conditions import attributes_of, meeting, wrong_clauses
from cyclorama.resolvers.context import Context, Env, Info, unless_masked
from cyclorama.resolvers.cursors import Order as ListOrder
from cyclorama.resolvers.cursors import OrderKey, page_info
from cyclorama.resolvers.keyset import page_size
from cyclorama.resolvers.loaded import made
from cyclorama.resolvers.nodes import find_nodes
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
from cyclorama.schema.local_days import day_of
from cyclorama.schema.read import Arg, arg
from cyclorama.schema.records import (
    Company,
    FieldType,
    FieldValue,
    Record360,
    Relationship,
)
from cyclorama.schema.series import series, weeks_back
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
    seldom,
    walked,
    week_of,
)
from cyclorama.schema.symbols import now, record, today, viewer_id, zone
from cyclorama.schema.viewer import Viewer
from cyclorama.storage.access_rows import RecordTeamRow, TeamMemberRow
from cyclorama.storage.audit import Author
from cyclorama.storage.audit import append as append_entries
from cyclorama.storage.audit import change as audit_entry
from cyclorama.storage.direct import Direct, direct
from cyclorama.storage.events import Event, EventKind, emit
from cyclorama.storage.ids import kind_of_id, new_id
from cyclorama.storage.insertions import Insertion
from cyclorama.storage.jobs import put as put_job
from cyclorama.storage.prefix import WHOLE
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
from cyclorama.storage.search import fold, folded
from cyclorama.storage.types import Instant, json, text

__all__ = [
    "JSON",
    "KEY",
    "NAME",
    "WHOLE",
    "Acting",
    "Action",
    "Arg",
    "Author",
    "Card",
    "ClauseEntry",
    "Commands",
    "Company",
    "CompanyNumber",
    "CompanyPersonRow",
    "CompanyRow",
    "ConfigError",
    "Context",
    "DemoRecords",
    "Direct",
    "Dispatched",
    "Env",
    "Event",
    "EventKind",
    "ExternalRef",
    "ExternalRefRow",
    "Fact",
    "FieldRow",
    "FieldType",
    "FieldValue",
    "FileEntry",
    "FileError",
    "FileKey",
    "FileName",
    "Flow",
    "ForbiddenError",
    "ImportTarget",
    "Info",
    "Insertion",
    "Instant",
    "InvalidInputError",
    "Job",
    "KeyRefusedError",
    "ListOrder",
    "ManagedAs",
    "Money",
    "Node",
    "OpenOrAll",
    "OrderKey",
    "PageInfo",
    "Parent",
    "Payload",
    "Person",
    "PersonRow",
    "PicklistItem",
    "PicklistItemRow",
    "Problem",
    "Problems",
    "Record360",
    "RecordCondition",
    "RecordKind",
    "RecordTeamRow",
    "RecordsWritten",
    "Relationship",
    "RelationshipPersonRow",
    "RelationshipRow",
    "RelationshipType",
    "RelationshipTypeRow",
    "Result",
    "Row",
    "Run",
    "Schedule",
    "Section",
    "SectionBase",
    "SectionPlacement",
    "SectionState",
    "Surface",
    "Target",
    "TeamMemberRow",
    "Told",
    "Topics",
    "Trend",
    "Trigger",
    "User",
    "UserError",
    "UserErrorCode",
    "UserGroup",
    "UserRow",
    "Viewer",
    "Work",
    "YamlTextError",
    "active_part",
    "add_days",
    "add_months",
    "append_entries",
    "arg",
    "as_json",
    "attributes_of",
    "audit_entry",
    "author_of",
    "claimed",
    "cleaned_html",
    "condition_on",
    "date_of",
    "day_of",
    "days_between",
    "decimal",
    "direct",
    "elapsed_days",
    "emit",
    "field_items",
    "find_nodes",
    "fold",
    "folded",
    "gets_everywhere",
    "hookimpl",
    "is_of_company",
    "json",
    "json_field",
    "json_has",
    "json_pairs",
    "json_text",
    "key_column",
    "kind_of_id",
    "listed",
    "made",
    "meeting",
    "money",
    "month_of",
    "months_between",
    "new_id",
    "now",
    "page_info",
    "page_size",
    "plain_text",
    "put_job",
    "read",
    "read_text",
    "read_yaml",
    "record",
    "record_change",
    "record_items",
    "records_written",
    "refusals",
    "rounded",
    "seldom",
    "series",
    "settings_of_records",
    "settings_or_refusals",
    "subject_of",
    "text",
    "today",
    "unless_masked",
    "viewer_id",
    "walked",
    "week_of",
    "weeks_back",
    "write_text",
    "write_yaml",
    "wrong_clauses",
    "zone",
]
