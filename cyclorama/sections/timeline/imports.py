"""What importers may write as activities, and what follows from it: the plain text, the
keys for searches, the row that lets authors read what is theirs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cyclorama.plugins import RelationshipRow, folded, new_id
from cyclorama.sections.timeline import rules
from cyclorama.sections.timeline.rules import Refused
from cyclorama.sections.timeline.tables import (
    AUTHOR,
    EXTERNAL,
    IMPORTED,
    PRIVATE,
    PUBLIC,
    REDACTED,
    TEAM,
    AttendeeRow,
)

Rows = Sequence[tuple[Mapping[str, Any] | None, dict[str, Any]]]
"""Each as it is, None where it is new, and the values that it gets."""
DERIVED: Final = frozenset(
    {
        "subject_key",
        "notes_text",
        "notes_key",
        "context",
        "context_id",
        "source",
        "topic",
        "is_draft",
        "fields",
        "updated_by_id",
    }
)
DERIVED_OF_ATTENDEES: Final = frozenset({"kind", "user_id"})
_VISIBILITIES: Final = (PUBLIC, TEAM, PRIVATE, REDACTED)
_CAPITAL: Final = re.compile(r"([A-Z])")
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,79}")


async def complete_activities(
    connection: AsyncConnection, rows: Rows, now: datetime
) -> dict[int, str]:
    """Fill in what follows; place and reason of those that are refused."""
    wanted = [{**(old or {}), **values} for old, values in rows]
    named = sorted({a["relationship_id"] for a in wanted if a.get("relationship_id")})
    of = sa.select(RelationshipRow.id, RelationshipRow.company_id)
    found = await connection.execute(of.where(RelationshipRow.id.in_(named)))
    companies = {r.id: r.company_id for r in found}
    refused: dict[int, str] = {}
    for place, (activity, (old, values)) in enumerate(zip(wanted, rows, strict=True)):
        try:
            _check(activity, companies)
            values.update(_following(activity, values, now))
        except Refused as reason:
            column = _CAPITAL.sub(r"_\1", ".".join(reason.path)).lower()
            refused[place] = f"{column}: {reason.message}"
        else:
            if old is None:
                record = activity.get("relationship_id") or activity.get("company_id")
                is_relationship = bool(activity.get("relationship_id"))
                values["context"] = "RELATIONSHIP" if is_relationship else "COMPANY"
                values["context_id"] = record
                values["source"] = IMPORTED
    return refused


def _check(activity: Mapping[str, Any], companies: Mapping[str, str]) -> None:
    """`Refused` for what can be no activity."""
    for name in ("type", "milestone_type"):
        key = activity.get(name)
        if key is not None and not _KEY.fullmatch(key):
            message = (
                f"{key!r:.60} is no key as {'go_live' if name != 'type' else 'call'}"
            )
            raise Refused("INVALID", message, name)
    if activity.get("visibility") not in (None, *_VISIBILITIES):
        message = (
            f"{activity['visibility']!r:.60} is none of {', '.join(_VISIBILITIES)}"
        )
        raise Refused("INVALID", message, "visibility")
    relationship = activity.get("relationship_id")
    if relationship and companies.get(relationship) != activity.get("company_id"):
        raise Refused("INVALID", "it is one of another company", "relationship_id")


def _following(
    activity: Mapping[str, Any], values: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """What is kept of what was given, and what follows from it."""
    found: dict[str, Any] = {}
    if "subject" in values:
        found["subject"] = rules.checked_subject(values["subject"])
        found["subject_key"] = folded(found["subject"])
    if "notes" in values:
        notes, text = rules.checked_notes(values["notes"])
        found |= {"notes": notes, "notes_text": text}
        found["notes_key"] = None if text is None else folded(text)
    if "activity_date" in values:
        found["activity_date"] = rules.checked_date(values["activity_date"], now)
    rules.checked_minutes(values.get("duration_minutes"))
    if "author_id" in values:
        found["updated_by_id"] = activity["author_id"]
    return found


async def write_authors(
    connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Make authors attendees of what is theirs, as all activities have it."""
    ids = [row["id"] for row in rows]
    query = sa.select(AttendeeRow.activity_id, AttendeeRow.id, AttendeeRow.user_id)
    query = query.where(AttendeeRow.activity_id.in_(ids), AttendeeRow.kind == AUTHOR)
    held = {a: (i, u) for a, i, u in await connection.execute(query)}
    new = [
        {
            "id": new_id("activity_attendee"),
            "activity_id": row["id"],
            "kind": AUTHOR,
            "user_id": row["author_id"],
        }
        for row in rows
        if row["id"] not in held
    ]
    if new:
        await connection.execute(sa.insert(AttendeeRow), new)
    for row in rows:
        attendee, user = held.get(row["id"], ("", row["author_id"]))
        if user != row["author_id"]:
            moved = sa.update(AttendeeRow).where(AttendeeRow.id == attendee)
            await connection.execute(moved.values(user_id=row["author_id"]))


async def complete_attendees(
    connection: AsyncConnection, rows: Rows, now: datetime
) -> dict[int, str]:
    """Imports name people of the customer."""
    for _, values in rows:
        values["kind"] = EXTERNAL
    return {}
