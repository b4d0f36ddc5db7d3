"""What importers may write as CTAs, and what follows from it: whether one is closed, on
which day, what is offered for its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from cyclorama.plugins import PicklistItemRow, RelationshipRow
from cyclorama.sections.cockpit.choices import LONGEST_NAME, LONGEST_TEXT, checked_html
from cyclorama.sections.cockpit.rules import Refused, checked_day, is_closing
from cyclorama.sections.cockpit.tables import STATUS, ChoiceRow, TypeRow

Rows = Sequence[tuple[Mapping[str, Any] | None, dict[str, Any]]]
"""Each as it is, None where it is new, and the values that it gets."""
DERIVED: Final = frozenset(
    {
        "original_due_date",
        "is_closed",
        "closed_by",
        "snoozed_until",
        "snooze_reason",
        "snoozed_by",
        "dedupe_key",
        "ruled",
        "playbook_id",
        "total_tasks",
        "closed_tasks",
        "created_by",
    }
)
SOURCES: Final = (
    "MANUAL",
    "RULE",
    "TIMELINE",
    "SUCCESS_PLAN",
    "SURVEY",
    "API",
    "RECURRENCE",
)
CLOSE_SOURCES: Final = ("MANUAL", "RULE", "API", "PLAN_CASCADE")
_OPEN: Final = {
    "is_closed": False,
    "closed_at": None,
    "closed_on": None,
    "closed_by": None,
    "close_source": None,
}
_DAYS: Final = ("due_date", "created_on", "closed_on")


@dataclass(slots=True)
class _Known:
    """What the database says of the rows of a batch."""

    types: set[str]
    offered: set[tuple[str, str]]
    categories: Mapping[str, str | None]
    companies: Mapping[str, str]
    """Of relationships."""
    today: date
    missing: set[tuple[str, str]] = field(default_factory=set)
    """Reasons and priorities that are not offered yet: an import offers them."""


async def complete_ctas(
    connection: AsyncConnection, rows: Rows, now: datetime
) -> dict[int, str]:
    """Fill in what follows; place and reason of those that are refused."""
    wanted = [{**(old or {}), **values} for old, values in rows]
    known = await _known(connection, wanted, now)
    refused: dict[int, str] = {}
    for place, (cta, (old, values)) in enumerate(zip(wanted, rows, strict=True)):
        try:
            _check(cta, known)
            values.update(_following(cta, old, known))
            if "comments" in values:
                values["comments"] = checked_html(values["comments"], "comments")
        except Refused as reason:
            refused[place] = f"{reason.path}: {reason.message}"
        else:
            named = (cta.get("reason_id"), cta["priority_id"])
            choices = {(cta["type_id"], item) for item in named if item}
            known.missing |= choices - known.offered
    if known.missing:
        new = [{"type_id": t, "item_id": i} for t, i in sorted(known.missing)]
        await connection.execute(sa.insert(ChoiceRow), new)
    return refused


async def _known(
    connection: AsyncConnection, ctas: Sequence[Mapping[str, Any]], now: datetime
) -> _Known:
    types = await connection.execute(sa.select(TypeRow.id))
    offered = await connection.execute(sa.select(ChoiceRow.type_id, ChoiceRow.item_id))
    of_status = PicklistItemRow.picklist == STATUS
    items = sa.select(PicklistItemRow.id, PicklistItemRow.category).where(of_status)
    named = sorted({c["relationship_id"] for c in ctas if c.get("relationship_id")})
    of = sa.select(RelationshipRow.id, RelationshipRow.company_id)
    found = await connection.execute(of.where(RelationshipRow.id.in_(named)))
    return _Known(
        types={t for (t,) in types},
        offered={(t, i) for t, i in offered},
        categories={r.id: r.category for r in await connection.execute(items)},
        companies={r.id: r.company_id for r in found},
        today=now.date(),
    )


def _check(cta: Mapping[str, Any], known: _Known) -> None:
    """`Refused` for what can be no CTA."""
    if cta.get("type_id") not in known.types:
        raise Refused("type_id", "INVALID", "it is no type of CTAs; name one that is")
    if (cta["type_id"], cta.get("status_id")) not in known.offered:
        message = "no such status is offered for the type; map the cell to one that is"
        raise Refused("status_id", "INVALID", message)
    for name, most in (("name", LONGEST_NAME), ("comments", LONGEST_TEXT)):
        if len(cta.get(name) or "") > most:
            message = f"it has {len(cta[name]):,} characters; at most {most:,} are kept"
            raise Refused(name, "LENGTH", message)
    for name, kept in (("source", SOURCES), ("close_source", CLOSE_SOURCES)):
        if cta.get(name) is not None and cta[name] not in kept:
            message = f"{cta[name]!r:.60} is none of {', '.join(kept)}"
            raise Refused(name, "INVALID", message)
    for name in _DAYS:
        if cta.get(name) is not None:
            checked_day(cta[name], known.today, name)
    relationship = cta.get("relationship_id")
    if relationship and known.companies.get(relationship) != cta.get("company_id"):
        raise Refused("relationship_id", "INVALID", "it is one of another company")


def _following(
    cta: Mapping[str, Any], old: Mapping[str, Any] | None, known: _Known
) -> dict[str, Any]:
    """What the columns that no import names become."""
    found: dict[str, Any] = {}
    if old is None:
        found["original_due_date"] = cta.get("due_date")
        found["source"] = cta.get("source") or "API"
    if not is_closing(known.categories[cta["status_id"]]):
        return found | _OPEN
    day, at = cta.get("closed_on"), cta.get("closed_at")
    if day is None and at is not None:
        day = at.date()
    if day is None:
        message = "a CTA with a status that closes needs the day on which it was closed"
        raise Refused("closed_on", "REQUIRED", message)
    return found | {
        "is_closed": True,
        "closed_on": day,
        "closed_at": at or datetime.combine(day, time(12), UTC),
        "close_source": cta.get("close_source") or "API",
        "snoozed_until": None,
        "snooze_reason": None,
        "snoozed_by": None,
    }
