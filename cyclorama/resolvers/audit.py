"""The audit log of a request: what it changes, what it has read, and the log itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.errors import ForbiddenError, InvalidInputError
from cyclorama.resolvers.context import Context
from cyclorama.resolvers.cursors import Order, OrderKey, page_info
from cyclorama.resolvers.keyset import page_size
from cyclorama.resolvers.reads import Sections
from cyclorama.schema.audit import (
    AuditActorKind,
    AuditChange,
    AuditConnection,
    AuditEdge,
    AuditEntry,
    AuditFilter,
    AuditRead,
)
from cyclorama.schema.envelope import Surface
from cyclorama.storage.accounts import Viewer
from cyclorama.storage.audit import READ, ROWS, Actor, Author, Entry, canonical, record
from cyclorama.storage.direct import Direct
from cyclorama.storage.events import Event, inserting
from cyclorama.storage.insertions import Insertion

MOST_VALUES: Final = 100
LONGEST_TEXT: Final = 255
_ORDER: Final = Order("audit", [OrderKey(ROWS.c.number, descending=True)])


async def record_change(
    ctx: Context,
    session: Direct | AsyncSession,
    action: str,
    subject: str | None,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    events: Iterable[Event] = (),
    first: Sequence[Insertion] = (),
) -> None:
    """Note in the audit log what the viewer changes, in the transaction of the change and
    as the last thing in it. `action` reads as `record.update`, `subject` is the id or key
    of what is changed; of `before` and `after` what differs is kept. Events are emitted
    and rows inserted with it, which spares statements."""
    author = author_of(ctx)
    together = [*first, *await inserting(session, author, events)]
    await record(
        session, author, action, subject, before=before, after=after, first=together
    )


def author_of(ctx: Context) -> Author:
    """The viewer as the author of a change in this request."""
    return Author(
        actor=actor_of(ctx.viewer),
        at=ctx.now,
        operation=ctx.operation,
        request_id=ctx.request_id,
    )


def actor_of(viewer: Viewer) -> Actor:
    """The viewer as the audit log names them."""
    return Actor(kind=viewer.kind, id=viewer.id, name=viewer.email or viewer.name)


def entry_of_bypass(viewer: Viewer, at: datetime, request_id: str) -> Entry:
    """That a request read past the rules of access that would restrict its viewer."""
    return Entry(
        at=at, actor=actor_of(viewer), action="access.bypass", request_id=request_id
    )


def entries_of_reads(ctx: Context) -> list[Entry]:
    """What the request has read, one entry for each surface that it read for."""
    author = author_of(ctx)
    return [
        entry_of_reads(author, surface, groups)
        for surface, groups in ctx.reads.by_surface().items()
        if groups
    ]


def entry_of_reads(
    author: Author, surface: str, groups: Mapping[Sections, Sequence[str]]
) -> Entry:
    """What was read for a surface: records by the sections that were read of them."""
    records = [r for held in groups.values() for r in held]
    reads = [{"sections": s, "records": r} for s, r in groups.items()]
    return Entry(
        at=author.at,
        actor=author.actor,
        action=READ,
        subject=records[0] if len(records) == 1 else None,
        operation=author.operation,
        surface=surface,
        request_id=author.request_id,
        details={"reads": reads},
    )


async def audit_log(
    ctx: Context, first: int, after: str | None, filter: AuditFilter | None
) -> AuditConnection:
    """A page of the audit log, the newest entry first."""
    if not ctx.is_admin:
        raise ForbiddenError(
            "Only members of the group 'admin' may read the audit log."
        )
    size = page_size(first)
    query = sa.select(*ROWS.c).order_by(*_ORDER.clauses())
    conditions = _conditions(filter or AuditFilter(), ctx.database.dialect)
    query = query.where(*conditions).limit(size + 1)
    if after is not None:
        query = query.where(_ORDER.after(after))
    rows = await ctx.reading.execute(query)
    page = rows[:size]
    cursors = [_ORDER.cursor([row.number]) for row in page]
    return AuditConnection(
        edges=[
            AuditEdge(cursor=cursor, node=_shown(row))
            for cursor, row in zip(cursors, page, strict=True)
        ],
        page_info=page_info(cursors, more=len(rows) > size, after=after),
    )


def _conditions(filter: AuditFilter, dialect: str) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if filter.actions is not None:
        if len(filter.actions) > MOST_VALUES:
            raise InvalidInputError(
                f"The filter `actions` holds {len(filter.actions)} values; at most "
                f"{MOST_VALUES} are allowed."
            )
        actions = [_short("actions", a) for a in filter.actions]
        found.append(ROWS.c.action.in_(actions))
    for name, column, value in (
        ("actorId", ROWS.c.actor_id, filter.actor_id),
        ("requestId", ROWS.c.request_id, filter.request_id),
    ):
        if value is not None:
            found.append(column == _short(name, value))
    if filter.subject is not None:
        found.append(_about(_short("subject", filter.subject), dialect))
    if filter.since is not None:
        found.append(ROWS.c.at >= filter.since)
    if filter.until is not None:
        found.append(ROWS.c.at < filter.until)
    return found


def _about(subject: str, dialect: str) -> sa.ColumnElement[bool]:
    """What was done to this subject, and reads of several records with it among them."""
    place = sa.func.instr if dialect == "sqlite" else sa.func.strpos
    among = place(ROWS.c.details, canonical(subject)) > 0
    several = sa.and_(ROWS.c.action == READ, ROWS.c.subject.is_(None), among)
    return sa.or_(ROWS.c.subject == subject, several)


def _short(name: str, value: str) -> str:
    if len(value) > LONGEST_TEXT:
        raise InvalidInputError(
            f"The filter `{name}` may hold at most {LONGEST_TEXT} characters of text."
        )
    return value


def _shown(row: Any) -> AuditEntry:
    details: Mapping[str, Any] = json.loads(row.details)
    is_read = row.action == READ
    return AuditEntry(
        id=f"audit_{row.number}",  # type: ignore[arg-type]
        at=row.at,
        actor_kind=AuditActorKind(row.actor_kind),
        actor_id=row.actor_id,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        operation=row.operation,
        surface=None if row.surface is None else Surface(row.surface),
        request_id=row.request_id,
        reads=_reads(details["reads"]) if is_read else [],
        changes=[] if is_read else _changes(details),
        hash=row.hash,
    )


def _reads(held: Sequence[Mapping[str, Any]]) -> list[AuditRead]:
    return [AuditRead(sections=r["sections"], record_ids=r["records"]) for r in held]


def _changes(held: Mapping[str, Any]) -> list[AuditChange]:
    return [AuditChange(field=n, old=old, new=new) for n, (old, new) in held.items()]
