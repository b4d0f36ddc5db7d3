"""The audit log as admins read it."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import strawberry
from strawberry.scalars import JSON

from cyclorama.schema.common import PageInfo
from cyclorama.schema.envelope import Surface


@strawberry.enum(description="Who may appear in the audit log.")
class AuditActorKind(Enum):
    USER = "USER"
    API_CLIENT = "API_CLIENT"
    EMBED = "EMBED"
    COMMAND = strawberry.enum_value(
        "COMMAND", description="Somebody at the command line of the server."
    )
    RULE = strawberry.enum_value("RULE", description="A rule of the organisation.")
    SYSTEM = strawberry.enum_value("SYSTEM", description="The server by itself.")


@strawberry.type(description="Records of which the same sections were read.")
class AuditRead:
    sections: list[str] = strawberry.field(
        description="Keys of sections; empty where only the records' own fields were."
    )
    record_ids: list[strawberry.ID]


@strawberry.type(description="A value that was changed.")
class AuditChange:
    field: str
    old: JSON | None = strawberry.field(description="Null where there was none.")
    new: JSON | None = strawberry.field(description="Null where there is none now.")


@strawberry.type(description="Something that somebody changed or read.")
class AuditEntry:
    id: strawberry.ID = strawberry.field(
        description="`audit_` and the entry's number: entries are numbered without gaps."
    )
    at: datetime
    actor_kind: AuditActorKind
    actor_id: strawberry.ID | None = strawberry.field(
        description="The user's id; null at the command line."
    )
    actor: str = strawberry.field(description="Their address or name at that time.")
    action: str = strawberry.field(
        description="As `record.read`, `record.update`, `layout.change`, "
        "`plugin.disable`."
    )
    subject: str | None = strawberry.field(
        description="The id or key of what was changed or read; null where it was "
        "several records: see `reads`."
    )
    operation: str | None = strawberry.field(
        description="The name of the client's operation, if it had one."
    )
    surface: Surface | None = strawberry.field(
        description="Where what was read was to be shown."
    )
    request_id: str | None = strawberry.field(
        description="The `X-Request-Id` of the answer, which the server's log has, too."
    )
    reads: list[AuditRead] = strawberry.field(
        description="Which sections of which records; empty for a change."
    )
    changes: list[AuditChange] = strawberry.field(
        description="What is different now; empty for a read."
    )
    hash: str = strawberry.field(
        description="Of the entry and of all before it; with the number it is a mark for "
        "`cyclorama audit verify --mark`."
    )


@strawberry.type
class AuditEdge:
    cursor: str
    node: AuditEntry


@strawberry.type(description="A page of the audit log, the newest entry first.")
class AuditConnection:
    edges: list[AuditEdge]
    page_info: PageInfo


@strawberry.input(description="Every set member must hold.")
class AuditFilter:
    actor_id: strawberry.ID | None = None
    actions: list[str] | None = strawberry.field(
        default=None, description="One of these, as `record.read`."
    )
    subject: str | None = strawberry.field(
        default=None,
        description="The id of a record, or the key of a layout or a plugin. Reads of "
        "lists that the record was in are found, too.",
    )
    request_id: str | None = None
    since: datetime | None = strawberry.field(
        default=None, description="At this instant or later."
    )
    until: datetime | None = strawberry.field(
        default=None, description="Before this instant."
    )
