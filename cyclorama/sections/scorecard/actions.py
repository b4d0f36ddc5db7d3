"""What rules do with scores, and the change of a score that they may follow from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import sqlalchemy as sa
from pydantic import Field, StringConstraints, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import (
    Acting,
    Action,
    FileEntry,
    FileKey,
    FileName,
    Result,
    Target,
    Trigger,
    audit_entry,
)
from cyclorama.sections.scorecard.events import SCORE_CHANGED
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.rollups import ROLLUP, companies_of, roll_up
from cyclorama.sections.scorecard.rules.bands import Refused
from cyclorama.sections.scorecard.rules.facts import Fact, cleared, with_score
from cyclorama.sections.scorecard.state import State, learn, states
from cyclorama.sections.scorecard.statements import executing
from cyclorama.sections.scorecard.tables import EventRow, MeasureRow, NodeRow

NOT_ON_CARD: Final = "not_on_active_scorecard"


class SetScoreEntry(FileEntry):
    """A measure, and one of a value, a band or that it has no score."""

    measure: FileKey
    value: float | None = Field(default=None, ge=0, le=100, allow_inf_nan=False)
    band: FileName | None = None
    clear: bool = False
    comment: (
        Annotated[str, StringConstraints(min_length=1, max_length=32_000)] | None
    ) = None

    @model_validator(mode="after")
    def _one(self) -> SetScoreEntry:
        if sum((self.value is not None, self.band is not None, self.clear)) != 1:
            raise ValueError("give one of value, band or clear")
        return self


async def set_score(
    acting: Acting, settings: SetScoreEntry, targets: Sequence[Target]
) -> list[Result]:
    """Score a measure of records; overall scores follow once for all of them."""
    ids = sorted({t.record_id for t in targets})
    known = await states(executing(acting.session), ids, lock=True)
    await learn(executing(acting.session), known, acting.fields)
    ledger = Ledger(author=acting.author, today=acting.today, fields=acting.fields)
    results = [_score(acting, settings, known.get(i), ledger, i) for i in ids]
    await ledger.save(acting.session)
    companies = await companies_of(acting.session, ids)
    await roll_up(acting.session, ledger, companies)
    return results


def _score(
    acting: Acting,
    settings: SetScoreEntry,
    state: State | None,
    ledger: Ledger,
    id: str,
) -> Result:
    node = None if state is None else state.node(settings.measure)
    if state is None or node is None or node.measure_id is None:
        return Result(record_id=id, status="FAILED", reason=NOT_ON_CARD)
    if node.input == ROLLUP:
        reason = f"{node.key} is made of relationships"
        return Result(record_id=id, status="FAILED", reason=reason)
    old, overall = state.fact(node.key), state.fact("").score
    try:
        new = _wanted(settings, old, state, acting.now)
    except Refused as refused:
        return Result(record_id=id, status="FAILED", reason=refused.message)
    if new == old:
        return Result(record_id=id, status="UNCHANGED")
    ledger.settle(state, {node.key: new})
    if new.score == old.score:
        return Result(record_id=id, status="UNCHANGED")
    before = {node.key: old.score, "overall": overall}
    after = {node.key: new.score, "overall": state.fact("").score}
    entry = audit_entry(acting.author, "scorecard.set", id, before, after)
    acting.entries.append(entry)
    return Result(record_id=id, status="CHANGED")


def _wanted(settings: SetScoreEntry, old: Fact, state: State, now: datetime) -> Fact:
    if settings.clear:
        return (
            old if old.score is None else cleared(old, "CLEARED", settings.comment, now)
        )
    value = settings.value
    if settings.band is not None:
        bands = {b.label: b.value for b in state.settings.bands}
        if settings.band not in bands:
            message = f"There is no band {settings.band!r}."
            raise Refused("LOOKUP_NOT_FOUND", message, "band")
        value = bands[settings.band]
    return with_score(old, float(value or 0), settings.comment, now)


class SignificantChangeEntry(FileEntry):
    """How much is a lot, within how many days; of the overall score, or of a measure."""

    points: int = Field(default=10, ge=1, le=100)
    days: int = Field(default=7, ge=1, le=366)
    measure: FileKey | None = None


UP, DOWN, BAND, NA = "UP", "DOWN", "BAND", "NA"
"""The ways of a change: by many points, to a worse band, to no score."""


def ways_of(
    points: int, base: int | None, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[str]:
    """In which ways a change is significant, given the score that the days began with.

    `before` and `after` hold `score` and `band`."""
    old, new = before["score"], after["score"]
    if old is not None and new is None:
        return [NA]
    if new is None or old == new:
        return []
    found = []
    start = old if base is None else base
    if start is not None and abs(new - start) >= points:
        found.append(DOWN if new < start else UP)
    if old is not None and new < old and before["band"] != after["band"]:
        found.append(BAND)
    return found


async def significant(
    session: AsyncSession,
    settings: SignificantChangeEntry,
    events: Sequence[Any],
    now: datetime,
) -> dict[str, list[str]]:
    """The events that are a significant change, and in which ways."""
    name = "overall" if settings.measure is None else f"measure.{settings.measure}"
    concerned = [e for e in events if name in e.payload["after"]]
    records = sorted({e.record_id for e in concerned})
    since = min((e.at for e in concerned), default=now) - timedelta(days=settings.days)
    history = await _history(session, settings, records, since) if records else {}
    found = {}
    for event in concerned:
        before, after = (_scored(event.payload[p], name) for p in ("before", "after"))
        begin = event.at - timedelta(days=settings.days)
        base = _base(history.get(event.record_id, ()), begin)
        ways = ways_of(settings.points, base, before, after)
        if ways:
            found[event.id] = ways
    return found


def _scored(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    band = values.get("band") if name == "overall" else None
    return {"score": values.get(name), "band": band}


def _base(history: Sequence[Any], since: datetime) -> int | None:
    """The score at that instant, or the first one after it."""
    value: int | None = None
    for at, score in history:
        if at > since and value is not None:
            break
        value = score if score is not None else value
    return value


async def _history(
    session: AsyncSession,
    settings: SignificantChangeEntry,
    records: Sequence[str],
    since: datetime,
) -> dict[str, list[Any]]:
    """Instants and scores of records, the oldest first, with the last one before that
    instant."""
    node = NodeRow.kind == "OVERALL"
    if settings.measure is not None:
        node = MeasureRow.key == settings.measure
    last = (
        sa.select(EventRow.record_id, sa.func.max(EventRow.number).label("number"))
        .join(NodeRow, NodeRow.id == EventRow.node_id)
        .outerjoin(MeasureRow, MeasureRow.id == NodeRow.measure_id)
        .where(EventRow.record_id.in_(records), node, EventRow.at <= since)
        .group_by(EventRow.record_id)
        .subquery()
    )
    query = (
        sa.select(EventRow.record_id, EventRow.at, EventRow.value)
        .join(NodeRow, NodeRow.id == EventRow.node_id)
        .outerjoin(MeasureRow, MeasureRow.id == NodeRow.measure_id)
        .outerjoin(last, last.c.record_id == EventRow.record_id)
        .where(EventRow.record_id.in_(records), node)
        .where(EventRow.number >= sa.func.coalesce(last.c.number, 0))
        .order_by(EventRow.record_id, EventRow.number)
    )
    found: dict[str, list[Any]] = {}
    for record, at, value in await session.execute(query):
        found.setdefault(record, []).append((at, value))
    return found


ACTIONS: Final = (
    Action(
        key="scorecard.set_score",
        description="Score a measure of the record, manual or automated.",
        settings=SetScoreEntry,
        run=set_score,
    ),
)
TRIGGERS: Final = (
    Trigger(
        key="scorecard.significant_change",
        description="A score changed by many points within some days, got into a worse "
        "band, or is gone.",
        event=SCORE_CHANGED,
        settings=SignificantChangeEntry,
        find=significant,
    ),
)
