"""Changing the score of a measure: it, its group and the overall score, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import Context, kind_of_id, new_id, record_change
from cyclorama.sections.scorecard.explaining import words_of
from cyclorama.sections.scorecard.rules.bands import Band, Refused, band_of, shown
from cyclorama.sections.scorecard.rules.cards import Outcome, Result
from cyclorama.sections.scorecard.rules.facts import NOTHING, Fact
from cyclorama.sections.scorecard.rules.rollup import compute, is_stale
from cyclorama.sections.scorecard.rules.trends import Comparator, trend
from cyclorama.sections.scorecard.state import (
    State,
    closed_before,
    fact_of,
    nodes_of,
    settings_by_record,
    settings_of,
    state_of,
)
from cyclorama.sections.scorecard.tables import EventRow, ScoreRow

EVENTS: Any = EventRow.__table__

NO_CARD = "The record has no scorecard; an admin makes one of its kind the default."


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to become of a measure of a record."""

    record_id: str
    measure: str
    action: str
    """As the audit log names it."""
    check: Callable[[Any], None]
    """Raises `Refused` for a node whose score may not be changed."""
    apply: Callable[[Fact, Sequence[Band]], Fact]
    """The fact as it will be; may raise `Refused`."""


@dataclass(slots=True)
class Written:
    """A record's scores after a change."""

    state: State
    facts: dict[str, Fact]
    """Of measures by key, the new one included."""
    result: Result
    derived: dict[str, Fact]
    """Of groups and, by the empty key, of the overall score."""
    renewed: str | None = None
    """The key of the measure that was renewed."""

    def score_of(self, ctx: Context, key: str) -> dict[str, Any]:
        """The fields of a node's `Score`."""
        node = self.state.node(key)
        row = self.state.settings.row
        fact = self.facts.get(key, NOTHING) if node.measure_id else self.derived[key]
        compared = node.compared
        if row.comparator == Comparator.PREVIOUS_VALUE.value:
            compared = fact.previous
        if row.comparator == Comparator.AT_LAST_RENEWAL.value and self.renewed == key:
            compared = fact.score
        heading, delta = trend(fact.score, compared, row.dead_band)
        band = band_of(fact.score, self.state.settings.bands)
        return {
            "value": shown(fact.score),
            "label": None if band is None else band.label,
            "color": None if band is None else band.color,
            "na_kind": fact.na_kind,
            "trend": heading,
            "delta": delta,
            "previous": shown(compared),
            "set_at": fact.set_at,
            "validated_at": fact.validated_at,
            "stale": self._is_stale(ctx, key),
            "comment": fact.comment,
        }

    def _is_stale(self, ctx: Context, key: str) -> bool:
        nodes = [n for n in self.state.card.nodes if not n.is_group]
        inside = [n for n in nodes if key in ("", n.key, n.group)]
        return any(is_stale(self.facts.get(n.key, NOTHING), n, ctx.now) for n in inside)


async def write(ctx: Context, session: AsyncSession, change: Change) -> Written:
    """Make a change in the session's transaction: scores, events and the audit log.

    `Refused` is raised before anything is written. Changes of one record wait for each
    other, so that each computes from what the others left."""
    state = await _locked_state(ctx, session, change.record_id)
    node = state.node(change.measure)
    if node is None or node.measure_id is None:
        message = f"The record's scorecard has no measure {change.measure[:80]!r}."
        raise Refused("LOOKUP_NOT_FOUND", message, "measureKey")
    change.check(node)
    before = state.facts
    old = before.get(node.key, NOTHING)
    new = change.apply(old, state.settings.bands)
    facts = {**before, node.key: new}
    result = compute(
        state.card,
        facts,
        ctx.now,
        entered=state.entered,
        override=state.settings.override,
    )
    renews = new.score is not None and new.score == old.score
    written = Written(state, facts, result, {}, node.key if renews else None)
    if new == old:
        written.derived = {k: _stored(state, k) for k in ("", *result.groups)}
        return written
    batch = _Batch(ctx, change.record_id, state)
    batch.add(node, old, new, Outcome(computed=new.score, score=new.score), None)
    for key, outcome in {**result.groups, "": result.overall}.items():
        written.derived[key] = batch.derive(key, outcome, result)
    await batch.save(session)
    after = {node.key: new.score, "overall": result.overall.score}
    held = {node.key: old.score, "overall": _stored(state, "").score}
    await record_change(
        ctx, session, change.action, change.record_id, before=held, after=after
    )
    return written


async def _locked_state(ctx: Context, session: AsyncSession, record_id: str) -> State:
    locked = settings_of(kind_of_id(record_id), lock=True)
    rows = (await session.execute(locked, {"ids": [record_id]})).all()
    settings = settings_by_record(rows).get(record_id)
    if settings is None:
        raise Refused("INVALID_STATE", NO_CARD, "recordId")
    comparator = settings.row.comparator
    given: dict[str, Any] = {"cards": [settings.card_id], "ids": [record_id]}
    if comparator != Comparator.AT_LAST_RENEWAL.value:
        given["before"] = closed_before(comparator, ctx.today)
    known = await session.execute(nodes_of(comparator), given)
    return state_of(record_id, settings, known.all())


def _stored(state: State, key: str) -> Fact:
    return fact_of(state.rows[key]) if key in state.rows else NOTHING


@dataclass(slots=True)
class _Batch:
    """What a change writes."""

    ctx: Context
    record_id: str
    state: State
    scores: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def derive(self, key: str, outcome: Outcome, result: Result) -> Fact:
        """A group's or the overall score, written where something of it is new."""
        row, old = self.state.rows.get(key), _stored(self.state, key)
        changed = words_of(self.state, outcome.exception)
        if key == "" and result.override is not None:
            changed = result.override
        same = row is not None and (row.computed, row.changed) == (
            outcome.computed,
            changed,
        )
        if outcome.score == old.score and (same or outcome.computed is None):
            return old
        new = replace(old, na_kind=None if outcome.score is not None else "NOT_SCORED")
        if outcome.score != old.score:
            previous = old.previous if old.score is None else old.score
            new = replace(
                new, score=outcome.score, previous=previous, set_at=self.ctx.now
            )
        self.add(self.state.node(key), old, new, outcome, changed)
        return new

    def add(
        self, node: Any, old: Fact, new: Fact, outcome: Outcome, changed: str | None
    ) -> None:
        """A node's row, and an event where its score was set or confirmed."""
        self.scores.append(
            {
                "record_id": self.record_id,
                "node_id": node.id,
                "score": new.score,
                "value": shown(new.score),
                "computed": outcome.computed,
                "na_kind": new.na_kind,
                "previous": new.previous,
                "set_at": new.set_at,
                "validated_at": new.validated_at,
                "comment": new.comment,
                "changed": changed,
            }
        )
        if node.measure_id is not None or new.score != old.score:
            self.events.append(self._event(node, old, new))

    def _event(self, node: Any, old: Fact, new: Fact) -> dict[str, Any]:
        band = band_of(new.score, self.state.settings.bands)
        kind = "CLEAR" if new.score is None else "SET"
        if new.score is not None and new.score == old.score:
            kind = "RENEW"
        viewer = self.ctx.viewer
        return {
            "id": new_id("scorecard_event"),
            "record_id": self.record_id,
            "number": (node.newest_event or 0) + len(self.events) + 1,
            "node_id": node.id,
            "kind": kind if node.measure_id is not None else "RECALC",
            "day": self.ctx.today,
            "at": self.ctx.now,
            "score": new.score,
            "value": shown(new.score),
            "label": None if band is None else band.label,
            "color": None if band is None else band.color,
            "comment": new.comment,
            "actor_kind": viewer.kind,
            "actor_id": viewer.id,
        }

    async def save(self, session: AsyncSession) -> None:
        """Write all of it with two statements."""
        dialect = session.get_bind().dialect.name
        await session.execute(_upsert(dialect), self.scores)
        await session.execute(sa.insert(EVENTS), self.events)


@cache
def _upsert(dialect: str) -> Any:
    table: Any = ScoreRow.__table__
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(table)
    keys = [c.name for c in table.primary_key]
    others: Mapping[str, Any] = {
        c.name: statement.excluded[c.name] for c in table.c if c.name not in keys
    }
    return statement.on_conflict_do_update(index_elements=keys, set_=others)
