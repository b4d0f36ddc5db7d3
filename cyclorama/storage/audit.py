"""The audit log: rows that are only ever added, each bound to the one before by a hash.

A row holds the hash of the row before it and of its own values; one more row, the head,
holds the number and the hash of the last. Writers wait for each other at the head, which
is why `record` and `append` come last in a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy import BigInteger, Index, Integer, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.storage.append_only import ENTRIES, HEAD, guard
from cyclorama.storage.direct import Direct, direct
from cyclorama.storage.insertions import Insertion, Shape, statement
from cyclorama.storage.rows import KEY, Row
from cyclorama.storage.types import text, wire_instant

HASH: Final = text(64)
NUMBER: Final = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite's `INTEGER` key is the table's own order and needs no index."""
READ: Final = "record.read"
"""The action of those who only looked."""


class AuditRow(Row):
    """One thing that somebody did; `details` is canonical JSON, kept as it was hashed."""

    __tablename__ = ENTRIES
    __table_args__ = (
        Index("ix_audit_entry_subject", "subject", "number"),
        Index("ix_audit_entry_actor", "actor_id", "number"),
        Index("ix_audit_entry_action", "action", "number"),
        Index("ix_audit_entry_at", "at", "number"),
    )

    number: Mapped[int] = mapped_column(NUMBER, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(KEY)
    actor_id: Mapped[str | None] = mapped_column(KEY)
    actor: Mapped[str]
    action: Mapped[str] = mapped_column(KEY)
    subject: Mapped[str | None] = mapped_column(text(255))
    operation: Mapped[str | None]
    surface: Mapped[str | None] = mapped_column(KEY)
    request_id: Mapped[str | None] = mapped_column(KEY)
    details: Mapped[str] = mapped_column(sa.Text())
    previous: Mapped[str] = mapped_column(HASH)
    hash: Mapped[str] = mapped_column(HASH)


class AuditHeadRow(Row):
    """One row: the number and the hash of the last entry."""

    __tablename__ = HEAD

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(NUMBER)
    hash: Mapped[str] = mapped_column(HASH)


ROWS: Final[sa.Table] = AuditRow.__table__  # type: ignore[assignment]
HEADS: Final[sa.Table] = AuditHeadRow.__table__  # type: ignore[assignment]
HEADS.add_is_dependent_on(ROWS)
event.listen(HEADS, "after_create", guard)
HASHED: Final = tuple(
    c.name for c in ROWS.columns if c.name not in ("previous", "hash")
)
"""The columns whose values a row's hash covers, in this order."""
_OPTIONS: Final = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did something: a viewer, or somebody at the command line."""

    kind: str
    id: str | None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who changes something, when, and by which operation or command."""

    actor: Actor
    at: datetime
    operation: str | None = None
    request_id: str | None = None
    chain: tuple[str, ...] = ()
    """The rules that led to it, the first one first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that was done, before it has its place in the log."""

    at: datetime
    actor: Actor
    action: str
    subject: str | None = None
    operation: str | None = None
    surface: str | None = None
    request_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


async def record(
    session: Direct | AsyncSession,
    author: Author,
    action: str,
    subject: str | None,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    first: Sequence[Insertion] = (),
) -> None:
    """Note a change in its own transaction, as the last thing in it."""
    await append(session, [change(author, action, subject, before, after)], first)


def change(
    author: Author,
    action: str,
    subject: str | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> Entry:
    """The entry of a change. Of `before` and `after` only what differs is kept; None says
    that there was nothing, or is nothing any more."""
    return Entry(
        at=author.at,
        actor=author.actor,
        action=action,
        subject=subject,
        operation=author.operation,
        request_id=author.request_id,
        details=changes(before or {}, after or {}),
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What differs, by name: the old and the new value."""
    names = sorted({*before, *after})
    pairs = {n: [before.get(n), after.get(n)] for n in names}
    return {
        n: pair for n, pair in pairs.items() if canonical(pair[0]) != canonical(pair[1])
    }


_HEAD: Final = (
    sa.select(HEADS.c.number, HEADS.c.hash).where(HEADS.c.id == 1).with_for_update()
)


@cache
def _head_after(dialect: str, *shapes: Shape) -> Any:
    """Inserts rows and gives the head. On SQLite nobody else writes meanwhile."""
    statements = [statement(dialect, *shape) for shape in shapes]
    if dialect == "sqlite":
        (insert,) = statements
        head = [
            sa.select(HEADS.c[n]).where(HEADS.c.id == 1) for n in ("number", "hash")
        ]
        return insert.returning(*(h.scalar_subquery() for h in head))
    query = _HEAD
    for n, insert in enumerate(statements):
        query = query.add_cte(insert.cte(f"inserted{n}"))
    return query


async def append(
    session: Direct | AsyncSession | AsyncConnection,
    entries: Sequence[Entry],
    first: Sequence[Insertion] = (),
) -> None:
    """Add entries, in this order; other writers wait until the transaction ends. Rows of
    other tables may be inserted with the statement that comes first."""
    if not entries:
        return
    at = direct(session)
    if at.dialect == "sqlite":  # it inserts into one table at a time
        for one in first[:-1]:
            await one.insert(at)
        first = first[-1:]
    if first:
        shapes = [one.shape for one in first]
        values = {n: v for one in first for n, v in one.values.items()}
        found = await at.fetch(_head_after(at.dialect, *shapes), values)
    else:
        found = await at.fetch(_HEAD, {})
    number, last = found[0]
    rows = []
    for entry in entries:
        number += 1
        rows.append(_row(number, entry, last))
        last = rows[-1]["hash"]
    moved = {"to": number, "last": last}
    if len(rows) == 1 and at.dialect == "postgresql":
        given = {f"{_ENTRY}{name}": value for name, value in rows[0].items()}
        await at.send(_APPEND, [given | moved])
    else:
        await at.send(_INSERT, rows)
        await at.send(_MOVE, [moved])


_INSERT: Final = sa.insert(ROWS)
_MOVE: Final = (
    sa.update(HEADS)
    .where(HEADS.c.id == 1)
    .values(number=sa.bindparam("to"), hash=sa.bindparam("last"))
)
_ENTRY: Final = "entry_"
_APPEND: Final = _MOVE.add_cte(
    sa.insert(ROWS)
    .values({c: sa.bindparam(f"{_ENTRY}{c.name}", type_=c.type) for c in ROWS.c})
    .cte("inserted")
)
"""One entry and the head in one statement, which SQLite has not."""


def _row(number: int, entry: Entry, previous: str) -> dict[str, Any]:
    operation, subject = entry.operation, entry.subject
    row = {
        "number": number,
        "at": entry.at,
        "actor_kind": entry.actor.kind,
        "actor_id": entry.actor.id,
        "actor": entry.actor.name[:255],
        "action": entry.action,
        "subject": None if subject is None else subject[:255],
        "operation": None if operation is None else operation[:255],
        "surface": entry.surface,
        "request_id": entry.request_id,
        "details": canonical(entry.details),
        "previous": previous,
    }
    row["hash"] = digest(row)
    return row


def digest(row: Mapping[str, Any]) -> str:
    """The hash of a row: of the hash before it and of its own values."""
    values = [row["previous"], *(row[name] for name in HASHED)]
    return sha256(_json(values)).hexdigest()


def canonical(value: Any) -> str:
    """JSON with one spelling of each value: sorted keys, no spaces."""
    return _json(value).decode()


def _json(value: Any) -> bytes:
    return orjson.dumps(value, _plain, _OPTIONS)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return wire_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} has no place in the audit log")
