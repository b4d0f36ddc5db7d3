"""Demo scorecards: one for companies and one for relationships, with some months of scores.

The first company is at risk: its scores fall week by week, and many open tickets cap its
health.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zlib import crc32

from cyclorama.plugins import DemoRecords, Row
from cyclorama.sections.scorecard.demo_cards import (
    BANDS,
    NODES,
    NOTE,
    TOO_MANY_TICKETS,
    VALIDITY,
    definitions,
    node_id,
)
from cyclorama.sections.scorecard.rules.bands import band_of, shown
from cyclorama.sections.scorecard.rules.cards import Card, Node, Outcome
from cyclorama.sections.scorecard.rules.facts import (
    NOTHING,
    Fact,
    stale_after,
    with_score,
)
from cyclorama.sections.scorecard.rules.rollup import compute
from cyclorama.sections.scorecard.rules.trends import (
    Comparator,
    next_period,
    week_start,
)
from cyclorama.sections.scorecard.tables import (
    GROUP,
    MEASURE,
    EventRow,
    ScoreRow,
)

LOW = {"logins": 62, "depth": 58, "tickets": 24, "sentiment": 52}
"""Where the scores of the company at risk have come to."""


def demo(records: DemoRecords) -> Iterator[Row]:
    """Schemes, measures and cards, then the scores; the same rows on every run."""
    yield from definitions()
    for place, company in enumerate(records.companies):
        yield from _scores(company, "COMPANY", records.today, falls=place == 0)
    for relationship, _ in records.relationships:
        yield from _scores(relationship, "RELATIONSHIP", records.today, falls=False)


def _dice(sides: int, *seed: object) -> int:
    return crc32("/".join(map(str, seed)).encode()) % sides


def _card(kind: str) -> Card:
    nodes = [
        Node(key=key, weight=weight, group=group, is_group=of == GROUP)
        for of, key, _, weight, group in NODES[kind]
        if key
    ]
    held = (TOO_MANY_TICKETS,) if kind == "COMPANY" else ()
    return Card(nodes=nodes, bands=BANDS, exceptions=held)


@dataclass(slots=True)
class _Record:
    """The scores of a record while they come in."""

    id: str
    kind: str
    today: date
    number: int = 0
    closed: dict[str, int | None] = field(default_factory=dict)
    """What last week closed with, by node."""

    def event(self, node: str, kind: str, score: float | None, day: date) -> EventRow:
        """A score that changed on a day."""
        self.number += 1
        band = band_of(score, BANDS)
        if day < week_start(self.today):
            self.closed[node] = shown(score)
        return EventRow(
            id=f"scorecard_event_{self.id.replace('_', '')}n{self.number:03d}",
            record_id=self.id,
            number=self.number,
            node_id=node_id(self.kind, node),
            kind=kind,
            day=day,
            at=datetime.combine(day, time(12), UTC),
            score=score,
            value=shown(score),
            label=None if band is None else band.label,
            color=None if band is None else band.color,
            comment=None,
            actor_kind="SYSTEM",
            actor_id=None,
        )

    def row(
        self,
        node: str,
        fact: Fact,
        outcome: Outcome,
        changed: str | None,
        stale: datetime | None,
    ) -> Row:
        """What is known of a node."""
        return ScoreRow(
            record_id=self.id,
            node_id=node_id(self.kind, node),
            score=outcome.score,
            value=shown(outcome.score),
            computed=outcome.computed,
            na_kind=None if outcome.score is not None else "NOT_SCORED",
            previous=fact.previous,
            base=self.closed.get(node),
            base_until=next_period(Comparator.LAST_WEEK, self.today),
            set_at=fact.set_at,
            validated_at=fact.validated_at,
            stale_after=stale,
            expires=False,
            comment=fact.comment,
            changed=changed,
        )


def _levels(
    record: str, kind: str, place: int, count: int, falls: bool
) -> dict[str, float]:
    """The measures' scores at one point of the history."""
    found = {}
    for of, key, *_ in NODES[kind]:
        if of != MEASURE:
            continue
        if falls:
            lost = (92 - LOW[key]) * place // max(count - 1, 1)
            found[key] = float(92 - lost)
        elif _dice(9, record, key) or key == "sentiment":
            usual = 35 + _dice(60, record, key)
            found[key] = float(min(usual + _dice(15, record, key, place), 100))
    return found


def _scores(record_id: str, kind: str, today: date, *, falls: bool) -> Iterator[Row]:
    """Events of some weeks, and what is known at the end."""
    record, card = _Record(record_id, kind, today), _card(kind)
    weeks = range(11, -1, -1) if falls else (12, 6, 1)
    facts: dict[str, Fact] = {}
    derived: dict[str, Fact] = {}
    for place, week in enumerate(weeks):
        day = today - timedelta(days=7 * week + 1)
        at = datetime.combine(day, time(12), UTC)
        for key, score in _levels(record_id, kind, place, len(weeks), falls).items():
            comment = "The sponsor has left." if falls and place > 9 else None
            if facts.get(key, NOTHING).score != score:
                yield record.event(key, "SET", score, day)
            facts[key] = with_score(facts.get(key, NOTHING), score, comment, at)
        result = compute(card, facts, at)
        for key, outcome in {**result.groups, "": result.overall}.items():
            held = derived.get(key, NOTHING)
            if outcome.score is not None and outcome.score != held.score:
                yield record.event(key, "RECALC", outcome.score, day)
                derived[key] = with_score(held, outcome.score, None, at)
    stale: dict[str, datetime | None] = {}
    for key, fact in facts.items():
        stale[key] = stale_after(fact, VALIDITY[kind, key])
        own = Outcome(computed=fact.score, score=fact.score)
        yield record.row(key, fact, own, None, stale[key])
    for key, outcome in {**result.groups, "": result.overall}.items():
        changed = NOTE if outcome.exception else None
        inside = [stale.get(n.key) for n in card.nodes if key in ("", n.group)]
        first = min((s for s in inside if s is not None), default=None)
        yield record.row(key, derived.get(key, NOTHING), outcome, changed, first)
