"""What changes of scores write: rows of nodes and events, of one record or of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import Author, Direct, Insertion, direct, emit, new_id
from cyclorama.sections.scorecard.events import Changes
from cyclorama.sections.scorecard.explaining import words_of
from cyclorama.sections.scorecard.rules.bands import band_of, shown
from cyclorama.sections.scorecard.rules.cards import Outcome, Result
from cyclorama.sections.scorecard.rules.facts import Fact, StalePolicy, stale_after
from cyclorama.sections.scorecard.rules.rollup import compute
from cyclorama.sections.scorecard.rules.trends import Comparator, next_period, trend
from cyclorama.sections.scorecard.state import State
from cyclorama.sections.scorecard.tables import EventRow, ScoreRow

_SCORES: Final[Any] = ScoreRow.__table__
_EVENTS: Final[Any] = EventRow.__table__


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Collects what is written; `save` writes it."""

    author: Author
    today: date
    fields: Sequence[Any] = ()
    """The custom fields of records, which exceptions may ask for."""
    scores: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    """What others are told of."""

    def settle(self, state: State, changed: Mapping[str, Fact] | None = None) -> Result:
        """Note what becomes of a record's scores with these facts of measures; `state`
        holds them from now on."""
        for key, fact in (changed or {}).items():
            if fact != state.fact(key):
                self._give(state, key, fact)
        facts = state.facts
        result = compute(
            state.card,
            facts,
            self.author.at,
            entered=state.entered,
            override=state.settings.override,
            attributes=state.attributes,
        )
        stale = _first_stale(state, facts)
        for key, outcome in {**result.groups, "": result.overall}.items():
            self._derive(state, key, outcome, result, stale.get(key))
        return result

    def remark(self, state: State, key: str, fact: Fact) -> None:
        """Note another comment on a measure, which is neither set nor confirmed by it."""
        outcome = Outcome(computed=fact.score, score=fact.score)
        self._put(state, key, fact, outcome, None, event="COMMENT")

    def refresh(self, state: State) -> None:
        """Note when the measures of a record get stale, as they say by now."""
        for key, row in list(state.rows.items()):
            node = state.node(key)
            if node.measure_id is None:
                continue
            after = stale_after(state.fact(key), node.validity_days)
            expires = node.stale_policy == StalePolicy.EXCLUDE.value
            if (row.stale_after, row.expires) != (after, expires):
                self.rewrite(state, key, stale_after=after, expires=expires)

    def begin(self, state: State) -> None:
        """Note that the record has come to this card: what it had on it before is no
        base for trends."""
        comparator = Comparator(state.settings.row.comparator)
        until = None
        if comparator not in (Comparator.PREVIOUS_VALUE, Comparator.AT_LAST_RENEWAL):
            until = next_period(comparator, self.today)
        for key in list(state.rows):
            self.rewrite(state, key, previous=None, base=None, base_until=until)

    def rewrite(self, state: State, key: str, **changed: Any) -> None:
        """Note other values of a node's row, which is nothing that happened to it."""
        row, node = state.rows[key], state.node(key)
        names = (c.name for c in ScoreRow.__table__.c if c.name != "node_id")
        values = {n: getattr(row, n) for n in names} | changed | {"node_id": node.id}
        self.scores.append(values)
        state.hold(key, SimpleNamespace(**values))

    def enter(self, state: State, new: Fact) -> None:
        """Note the overall score that somebody gives on a card that does not roll up."""
        row = state.rows.get("")
        self._give(state, "", new, None if row is None else row.stale_after)

    def _give(
        self, state: State, key: str, new: Fact, after: datetime | None = None
    ) -> None:
        """What somebody says of a measure, or of the whole card."""
        renews = new.score is not None and new.score == state.fact(key).score
        event = "CLEAR" if new.score is None else "RENEW" if renews else "SET"
        outcome = Outcome(computed=new.score, score=new.score)
        self._put(state, key, new, outcome, None, after, event=event)

    def _derive(
        self,
        state: State,
        key: str,
        outcome: Outcome,
        result: Result,
        after: datetime | None,
    ) -> None:
        """A group's or the overall score, written where something of it is new."""
        row, old = state.rows.get(key), state.fact(key)
        changed = words_of(state, outcome.exception)
        if key == "" and result.override is not None:
            changed = result.override
        found = (outcome.score, outcome.computed, changed, after)
        if row is None and found == (None, None, None, None):
            return
        held = row and (row.score, row.computed, row.changed, row.stale_after)
        if held == found:
            return
        given = None if state.card.roll_up or key else old.na_kind
        missing = None if outcome.score is not None else given or "NOT_SCORED"
        values: dict[str, Any] = {"na_kind": missing}
        if outcome.score != old.score:
            previous = old.previous if old.score is None else old.score
            values |= {"score": outcome.score, "previous": previous}
            values["set_at"] = self.author.at
        new = old._replace(**values)
        event = "RECALC" if new.score != old.score else None
        self._put(state, key, new, outcome, changed, after, event=event)

    def _put(
        self,
        state: State,
        key: str,
        new: Fact,
        outcome: Outcome,
        changed: str | None,
        after: datetime | None = None,
        *,
        event: str | None,
    ) -> None:
        """A node's row, and an event of this kind, if any."""
        node, old = state.node(key), state.fact(key)
        is_measure = node.measure_id is not None
        if new.score != old.score and (is_measure or not key):
            self.changes.note(state, key)
        if is_measure:
            after = stale_after(new, node.validity_days)
        base, base_until = self._base(state, key, new, event == "RENEW")
        values = {
            "record_id": state.record_id,
            "node_id": node.id,
            "score": new.score,
            "value": shown(new.score),
            "computed": outcome.computed,
            "na_kind": new.na_kind,
            "previous": new.previous,
            "base": base,
            "base_until": base_until,
            "set_at": new.set_at,
            "validated_at": new.validated_at,
            "stale_after": after,
            "expires": is_measure and node.stale_policy == StalePolicy.EXCLUDE.value,
            "comment": new.comment,
            "changed": changed,
        }
        self.scores.append(values)
        if event is not None:
            self._note(state, node, new, event)
        state.hold(key, SimpleNamespace(**values))

    def _base(
        self, state: State, key: str, new: Fact, renews: bool
    ) -> tuple[int | None, date | None]:
        """What the trend compares with, and until when."""
        row, comparator = state.rows.get(key), Comparator(state.settings.row.comparator)
        if comparator is Comparator.PREVIOUS_VALUE:
            return shown(new.previous), None
        if comparator is Comparator.AT_LAST_RENEWAL:
            held = None if row is None else row.base
            return (shown(new.score) if renews else held), None
        held_until = None if row is None else row.base_until
        if row is not None and held_until is not None and held_until > self.today:
            return row.base, held_until
        until = next_period(comparator, self.today)
        return (None if row is None else row.value), until

    def _note(self, state: State, node: Any, new: Fact, kind: str) -> None:
        band = band_of(new.score, state.settings.bands)
        actor = self.author.actor
        state.newest_event += 1
        self.events.append(
            {
                "id": new_id("scorecard_event"),
                "record_id": state.record_id,
                "number": state.newest_event,
                "node_id": node.id,
                "kind": kind,
                "day": self.today,
                "at": self.author.at,
                "score": new.score,
                "value": shown(new.score),
                "label": None if band is None else band.label,
                "color": None if band is None else band.color,
                "comment": new.comment,
                "actor_kind": actor.kind,
                "actor_id": actor.id,
            }
        )

    async def save(self, session: Direct | AsyncSession, *, tell: bool = True) -> None:
        """Write what was collected with three statements, and forget it; without `tell`
        the events are left to be emitted."""
        at = direct(session)
        for one in self.taken():
            await one.insert(at)
        if tell:
            await emit(session, self.author, self.changes.take())

    def taken(self) -> list[Insertion]:
        """What was collected, which is forgotten, but for what others are told of."""
        last = {(s["record_id"], s["node_id"]): s for s in self.scores}
        found = [
            Insertion(_SCORES, list(last.values()), replaces=True),
            Insertion(_EVENTS, self.events),
        ]
        self.scores, self.events = [], []
        return [one for one in found if one.rows]


def _first_stale(state: State, facts: Mapping[str, Fact]) -> dict[str, datetime]:
    """When the first measure of each group, and of the card, is stale."""
    found: dict[str, datetime] = {}
    for node in state.card.nodes:
        if node.validity_days is None or node.key not in facts:
            continue
        after = stale_after(facts[node.key], node.validity_days)
        if after is None:
            continue
        for key in ("", node.group or ""):
            held = found.get(key)
            if held is None or after < held:
                found[key] = after
    return found


def score_of(state: State, key: str, ledger: Ledger) -> dict[str, Any]:
    """The fields of a node's `Score`, as it is now."""
    row, fact = state.rows.get(key), state.fact(key)
    compared = None if row is None else row.base
    until = None if row is None else row.base_until
    if row is not None and until is not None and until <= ledger.today:
        compared = row.value
    heading, delta = trend(fact.score, compared, state.settings.row.dead_band)
    band = band_of(fact.score, state.settings.bands)
    after = None if row is None else row.stale_after
    return {
        "value": shown(fact.score),
        "label": None if band is None else band.label,
        "color": None if band is None else band.color,
        "na_kind": fact.na_kind,
        "trend": heading,
        "delta": delta,
        "previous": compared,
        "set_at": fact.set_at,
        "validated_at": fact.validated_at,
        "stale": after is not None and after < ledger.author.at,
        "comment": fact.comment,
    }
