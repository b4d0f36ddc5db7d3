"""What Cockpit tells of: CTAs that are made, changed, closed and opened again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import Event, EventKind, PicklistItemRow

_VALUES: Final = {
    "name": "What it is called.",
    "type": "The key of its type.",
    "reason": "The key of its reason; null without one.",
    "priority": "The key of its priority.",
    "status": "The key of its status.",
    "owner_id": "The id of the user who owns it.",
    "due_date": "The day, as 2026-01-31.",
    "is_important": "True or false.",
    "is_closed": "True or false.",
    "source": "Who made it: MANUAL, RULE, API and so on.",
}
CREATED: Final = EventKind(
    key="cockpit.cta_created",
    description="A CTA was made.",
    values=_VALUES,
    followed=("name",),
    concerns=("owner_id",),
)
CHANGED: Final = EventKind(
    key="cockpit.cta_changed",
    description="A CTA, or a task of it, was changed and neither closed nor opened.",
    values=_VALUES,
    followed=("status",),
    concerns=("owner_id",),
)
CLOSED: Final = EventKind(
    key="cockpit.cta_closed",
    description="A CTA was closed.",
    values=_VALUES,
    followed=("is_closed",),
)
REOPENED: Final = EventKind(
    key="cockpit.cta_reopened",
    description="A closed CTA was opened again.",
    values=_VALUES,
    followed=("is_closed",),
)
DELETED: Final = EventKind(
    key="cockpit.cta_deleted",
    description="A CTA was deleted (nothing after).",
    values=_VALUES,
)
EVENTS: Final = (CREATED, CHANGED, CLOSED, REOPENED, DELETED)
_PLAIN: Final = tuple(
    n for n in _VALUES if n not in ("type", "reason", "priority", "status")
)
_CHOSEN: Final = ("type", "reason", "priority", "status")


async def event_of(
    session: AsyncSession,
    cta_id: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> Event:
    """The event of a CTA whose columns were and are these; none before: a new one."""
    keys = await keys_of(session, before, after)
    return told(cta_id, before, after, keys)


async def deleted(
    session: AsyncSession, cta_id: str, before: Mapping[str, Any]
) -> Event:
    """The event of a CTA that is gone and whose columns were these."""
    keys = await keys_of(session, before)
    record_id = before["relationship_id"] or before["company_id"]
    was = _shown(before, keys)
    return Event(kind=DELETED, record_id=record_id, subject_id=cta_id, before=was)


def told(
    cta_id: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    keys: Mapping[str, str],
) -> Event:
    """As `event_of`, with the keys of what is chosen by id."""
    return Event(
        kind=_kind(before, after),
        record_id=after["relationship_id"] or after["company_id"],
        subject_id=cta_id,
        before=_shown(before, keys) if before else {},
        after=_shown(after, keys),
    )


def _kind(before: Mapping[str, Any], after: Mapping[str, Any]) -> EventKind:
    if not before:
        return CREATED
    if before["is_closed"] == after["is_closed"]:
        return CHANGED
    return CLOSED if after["is_closed"] else REOPENED


def _shown(values: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    chosen = {n: keys.get(values[f"{n}_id"]) for n in _CHOSEN}
    return {n: values[n] for n in _PLAIN} | chosen


async def keys_of(
    session: AsyncSession, *versions: Mapping[str, Any]
) -> dict[str, str]:
    """The keys of what is chosen, by id."""
    ids = {v[f"{n}_id"] for v in versions if v for n in _CHOSEN} - {None}
    query = sa.select(PicklistItemRow.id, PicklistItemRow.key)
    rows = await session.execute(query.where(PicklistItemRow.id.in_(sorted(ids))))
    return {row.id: row.key for row in rows}
