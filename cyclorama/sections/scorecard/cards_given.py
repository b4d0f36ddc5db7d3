"""Which cards records have: those whose criteria they meet, or what somebody decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import meeting, put_job
from cyclorama.sections.scorecard.rules.choosing import Candidate, applicable
from cyclorama.sections.scorecard.statements import IDS, executing
from cyclorama.sections.scorecard.tables import AssignmentRow, CardRow

ENDS: Final = "scorecard.end"
"""The kind of the job that follows from the end of what somebody has given."""


async def choose_cards(
    session: AsyncSession, ids: Sequence[str], fields: Sequence[Any], now: datetime
) -> dict[str, str | None]:
    """Give records of one kind the cards whose criteria they meet; those that have
    another one now, with the key of the one before. A card that somebody has pinned stays as long as the pin lasts."""
    if not ids:
        return {}
    kind = ids[0].partition("_")[0].upper()
    query = select(*CardRow.__table__.c).where(CardRow.record_kind == kind)
    execute = executing(session)
    cards = await execute(query, {})
    asked = {c.id: c.criteria for c in cards if c.criteria}
    held = {a.record_id: a for a in await execute(_ASSIGNED, {"ids": ids})}
    free = {r for r, a in held.items() if a.by_rule or _has_ended(a.pinned_until, now)}
    if not asked and not free:
        return {}
    met = await meeting(execute, kind, ids, asked, fields)
    usual = next((c.id for c in cards if c.is_default), None)
    keys = {c.id: c.key for c in cards}
    rows, moved = [], {}
    for record, own in met.items():
        row = held.get(record)
        if row is not None and record not in free:
            continue
        active = None if row is None else row.card_id
        chosen = applicable(
            [
                Candidate(
                    key=c.id,
                    name=c.name,
                    rank=c.rank,
                    is_default=c.is_default,
                    matches=c.id in own,
                )
                for c in cards
            ],
            active=active,
        )
        if chosen is not None and chosen != (active or usual):
            row = {"record_id": record, "card_id": chosen, "since": now, **_BY_RULE}
            rows.append(row)
            moved[record] = keys.get(active or usual)
    if rows:
        dialect = session.get_bind().dialect.name
        await session.execute(_assign(dialect, tuple(rows[0])), rows)
    return moved


_ASSIGNED = select(
    AssignmentRow.record_id,
    AssignmentRow.card_id,
    AssignmentRow.by_rule,
    AssignmentRow.pinned_until,
).where(AssignmentRow.record_id.in_(IDS))


_BY_RULE: Mapping[str, Any] = {
    "by_rule": True,
    "pin_reason": None,
    "pinned_until": None,
}


def _has_ended(until: datetime | None, now: datetime) -> bool:
    return until is not None and until <= now


async def leave_end(
    session: AsyncSession, record_id: str, until: datetime, now: datetime
) -> None:
    """Have what follows from the end of an override or a pin be done when it comes."""
    await put_job(session, ENDS, {"record": record_id}, now=now, due_at=until)


async def assign(session: AsyncSession, record_id: str, **values: Any) -> None:
    """Note the card of a record and what else is given of `AssignmentRow`; a new row is
    as if criteria had chosen the card."""
    dialect = session.get_bind().dialect.name
    given = {"record_id": record_id, **values}
    statement = _assign(dialect, tuple(given))
    await session.execute(statement, [{"by_rule": True, **given}])


@cache
def _assign(dialect: str, names: tuple[str, ...]) -> Any:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(AssignmentRow.__table__)  # type: ignore[arg-type]
    new: dict[str, Any] = {n: statement.excluded[n] for n in names if n != "record_id"}
    new["version"] = AssignmentRow.__table__.c.version + 1
    return statement.on_conflict_do_update(index_elements=["record_id"], set_=new)
