"""What sections bring to rules: actions, triggers and facts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.storage.audit import Author, Entry
from cyclorama.storage.events import Event, EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A record that a rule acts on."""

    record_id: str
    event: Any = None
    """The row of the event that led to it; None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a record: CHANGED, UNCHANGED or FAILED with a reason."""

    record_id: str
    status: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """What an action works with; all or nothing, with everything else of the batch.

    An action appends its events and entries of the audit log here; they are written
    together at the end."""

    session: AsyncSession
    author: Author
    """The rule; its chain ends with the rule itself."""
    now: datetime
    today: date
    fields: Sequence[Any]
    rule: str
    """Its key."""
    name: str
    """Of the rule, for people."""
    events: list[Event] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    known: dict[Any, Any] = field(default_factory=dict)
    """What actions of the batch have read and need not read again, by keys that begin
    with the action's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something that rules can do with records."""

    key: str
    """As `cockpit.create_cta`; it begins with the section's key and a dot."""
    description: str
    settings: type[BaseModel]
    """The model of what a rule says under `with`."""
    run: Callable[[Acting, Any, Sequence[Target]], Awaitable[Sequence[Result]]]
    """Act on records, each of them once in the list; a result for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Something that may follow from an event, as a change that is large enough."""

    key: str
    description: str
    event: EventKind
    """The kind of events that are looked at."""
    settings: type[BaseModel]
    """The model of what a rule says under `with`."""
    find: Callable[
        [AsyncSession, Any, Sequence[Any], datetime],
        Awaitable[Mapping[str, Sequence[str]]],
    ]
    """Given settings, rows of events and the instant: by the event's id in which ways the
    rule is to act, as `DOWN`; events without are left out."""


ReadFacts = Callable[
    [AsyncSession, str, Sequence[str], date],
    Awaitable[Mapping[str, Mapping[str, Any]]],
]
"""Given a session, COMPANY or RELATIONSHIP, ids of records and the day: values by id and
by the key of the fact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that conditions of rules may ask of records, beyond their attributes."""

    key: str
    """As `usage.utilization`; it begins with the section's key and a dot."""
    description: str
    read: ReadFacts
    """Facts with the same function are read together."""
