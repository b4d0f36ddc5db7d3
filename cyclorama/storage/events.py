"""What happened, for whoever acts on it later: rows written in the change's transaction.

An event exists if and only if the change does. Events are handed out in the order of
their ids, which sort by time.
"""

from __future__ import annotations

import json as wire
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Index
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.storage.audit import Author, canonical
from cyclorama.storage.direct import Direct, direct
from cyclorama.storage.engine import Database, Reading
from cyclorama.storage.ids import new_id
from cyclorama.storage.insertions import MOST_TOGETHER, Insertion
from cyclorama.storage.rows import KEY, Row, key_column
from cyclorama.storage.types import json

_WAITS: Final = sa.text("handled_at IS NULL")
_LOCK: Final = 7_203
"""Of advisory locks: who hands out events."""
_LONGEST_ERROR: Final = 2_000


class EventRow(Row):
    """Something that happened to a record; `handled_at` is null until all who act on
    events have seen it."""

    __tablename__ = "domain_event"
    __table_args__ = (
        Index(
            "ix_domain_event_waiting",
            "id",
            sqlite_where=_WAITS,
            postgresql_where=_WAITS,
        ),
    )

    id: Mapped[str] = key_column()
    kind: Mapped[str] = mapped_column(KEY)
    record_id: Mapped[str] = mapped_column(KEY)
    """The company or the relationship."""
    subject_id: Mapped[str | None] = mapped_column(KEY)
    """What of it, as a CTA or an activity; null: the record itself."""
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(KEY)
    actor_id: Mapped[str | None] = mapped_column(KEY)
    actor: Mapped[str]
    payload: Mapped[dict[str, Any]]
    """`before` and `after`: values by name, as the kind declares them."""
    chain: Mapped[list[str]] = mapped_column(json())
    """The rules that led to it, the first one first; empty where somebody did it."""
    handled_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(sa.Text())
    """Why it could not be handled, where that is so."""


EVENTS: Final[sa.Table] = EventRow.__table__  # type: ignore[assignment]
_INSERT: Final = sa.insert(EVENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventKind:
    """A kind of events, declared by who emits them."""

    key: str
    """As `cockpit.cta_closed`; it begins with the section's key and a dot."""
    description: str
    values: Mapping[str, str] = field(default_factory=dict)
    """What `before` and `after` hold: name and meaning. A name that ends in `*` stands
    for all that begin like it."""

    followed: tuple[str, ...] = ()
    """Who follows the record is told where one of these values is another than before."""
    concerns: tuple[str, ...] = ()
    """Values that are ids of users, or lists of them: those who were not there before are
    told."""
    says: str | None = None
    """The value that notifications show as it is, whatever their reader may see."""
    fields: tuple[str, ...] = ()
    """The fields of the graph, as `Activity.associations`, that tell the same: who may not
    see one of them sees no notification of it."""
    seen: Any = None
    """For things of other records than the one that it happened to: a condition on the
    row of the thing, which may ask for `viewer_id`; who does not meet it sees none."""

    def has(self, name: str) -> bool:
        """Whether events of this kind may hold a value of this name."""
        if name in self.values:
            return True
        opened = (n[:-1] for n in self.values if n.endswith("*"))
        return any(name.startswith(n) and name != n for n in opened)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that has just happened."""

    kind: EventKind
    record_id: str
    subject_id: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    """Empty for what is new."""
    after: Mapping[str, Any] = field(default_factory=dict)


async def emit(
    session: Direct | AsyncSession, author: Author, events: Iterable[Event]
) -> None:
    """Leave events in the transaction of the change, in this order, with one statement.

    Before the entry of the audit log, for which writers wait."""
    await emit_all(session, [(author, event) for event in events])


async def emit_all(
    session: Direct | AsyncSession, given: Sequence[tuple[Author, Event]]
) -> None:
    """As `emit`, events of several authors."""
    if not given:
        return
    await direct(session).send(_INSERT, _rows(given))


async def inserting(
    session: Direct | AsyncSession, author: Author, events: Iterable[Event]
) -> list[Insertion]:
    """As `emit`, but few events are left to who inserts them with something else."""
    given = list(events)
    if len(given) > MOST_TOGETHER:
        await emit(session, author, given)
        return []
    return [Insertion(EVENTS, _rows([(author, e) for e in given]))] if given else []


def _rows(given: Sequence[tuple[Author, Event]]) -> list[dict[str, Any]]:
    # Ids of one millisecond are in no order by themselves.
    ids = sorted(new_id("event") for _ in given)
    return [_row(id, by, e) for id, (by, e) in zip(ids, given, strict=True)]


def _row(id: str, author: Author, event: Event) -> dict[str, Any]:
    actor = author.actor
    return {
        "id": id,
        "kind": event.kind.key,
        "record_id": event.record_id,
        "subject_id": event.subject_id,
        "at": author.at,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor": actor.name[:255],
        "payload": {"before": _plain(event.before), "after": _plain(event.after)},
        "chain": list(author.chain),
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as JSON has them."""
    plain: dict[str, Any] = wire.loads(canonical(values))
    return plain


async def any_waiting(database: Database) -> bool:
    """Whether events wait; a reader does not wait for those who write."""
    query = sa.select(EVENTS.c.id).where(EVENTS.c.handled_at.is_(None)).limit(1)
    async with database.read() as reading:
        return bool(await reading.execute(query))


@dataclass(frozen=True, slots=True)
class Waiting:
    """Events that nobody has handled yet."""

    count: int
    since: datetime | None
    """When the oldest of them happened; None without any."""


async def waiting(reading: Reading) -> Waiting:
    """How many events wait."""
    oldest = sa.select(EVENTS.c.at).where(EVENTS.c.handled_at.is_(None))
    oldest = oldest.order_by(EVENTS.c.id).limit(1)
    count = sa.func.count().label("count")
    query = sa.select(count, oldest.scalar_subquery().label("since"))
    (row,) = await reading.execute(
        query.select_from(EVENTS).where(EVENTS.c.handled_at.is_(None))
    )
    return Waiting(row.count, row.since)


async def put_aside(reading: Reading) -> Sequence[Any]:
    """Events that could not be handled, as rows of `kind`, `count` and an `error`."""
    query = (
        sa.select(
            EVENTS.c.kind,
            sa.func.count().label("count"),
            sa.func.max(EVENTS.c.error).label("error"),
        )
        .where(EVENTS.c.error.is_not(None))
        .group_by(EVENTS.c.kind)
        .order_by(EVENTS.c.kind)
    )
    return await reading.execute(query)


async def take(session: AsyncSession, most: int) -> Sequence[Any]:
    """The events that wait, the oldest first. Nobody else gets any until the transaction
    ends; none where somebody else has them."""
    if session.get_bind().dialect.name == "postgresql":
        schema = sa.func.hashtext(sa.func.current_schema())
        lock = sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK, schema))
        if not await session.scalar(lock):
            return ()
    query = sa.select(EVENTS).where(EVENTS.c.handled_at.is_(None))
    return (await session.execute(query.order_by(EVENTS.c.id).limit(most))).all()


async def handled(
    session: AsyncSession, ids: Sequence[str], at: datetime, error: str | None = None
) -> None:
    """Events are never taken again once the transaction commits."""
    await session.execute(
        sa.update(EVENTS)
        .where(EVENTS.c.id.in_(ids))
        .values(handled_at=at, error=None if error is None else error[:_LONGEST_ERROR])
    )


async def forget(session: AsyncSession, before: datetime, most: int) -> int:
    """Delete up to so many events that were handled before; how many."""
    old = (
        sa.select(EVENTS.c.id)
        .where(EVENTS.c.at < before, EVENTS.c.handled_at.is_not(None))
        .order_by(EVENTS.c.id)
        .limit(most)
    )
    done: Any = await session.execute(sa.delete(EVENTS).where(EVENTS.c.id.in_(old)))
    return int(done.rowcount)
