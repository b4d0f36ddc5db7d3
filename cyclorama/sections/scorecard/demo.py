"""Demo scorecards: one for companies and one for relationships, with some months of scores.

The first company is at risk: its scores fall week by week, and many open tickets cap its
health.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zlib import crc32

from cyclorama.plugins import DemoRecords, Row
from cyclorama.sections.scorecard.rules.bands import Band, band_of, shown
from cyclorama.sections.scorecard.rules.cards import Card, Node, Outcome
from cyclorama.sections.scorecard.rules.exceptions import (
    Criterion,
    Effect,
    ScoreException,
)
from cyclorama.sections.scorecard.rules.facts import NOTHING, Fact, with_score
from cyclorama.sections.scorecard.rules.rollup import compute
from cyclorama.sections.scorecard.tables import (
    GROUP,
    MEASURE,
    OVERALL,
    BandRow,
    CardRow,
    EventRow,
    HelpRow,
    MeasureRow,
    NodeRow,
    SchemeRow,
    ScoreRow,
)

RED, YELLOW, GREEN = "#d92d20", "#f79009", "#12b76a"
BANDS = (
    Band(label="At risk", color=RED, start=0, end=50),
    Band(label="Watch", color=YELLOW, start=50, end=75),
    Band(label="Healthy", color=GREEN, start=75, end=100),
)
GRADES = (
    Band(label="F", color=RED, start=0, end=40),
    Band(label="D", color="#e04f16", start=40, end=55),
    Band(label="C", color=YELLOW, start=55, end=70),
    Band(label="B", color="#66c61c", start=70, end=85),
    Band(label="A", color=GREEN, start=85, end=100),
)
SCHEMES = (
    ("numeric", "NUMERIC", BANDS),
    ("grade", "GRADE", GRADES),
    ("color", "COLOR", BANDS),
)
MEASURES = (
    ("COMPANY", "logins", "Logins", "AUTOMATED", None),
    ("COMPANY", "depth", "Depth of use", "AUTOMATED", None),
    ("COMPANY", "tickets", "Open tickets", "MANUAL", 30),
    ("COMPANY", "sentiment", "Sentiment", "MANUAL", 90),
    ("RELATIONSHIP", "use", "Use", "AUTOMATED", None),
    ("RELATIONSHIP", "sentiment", "Sentiment", "MANUAL", 90),
)
"""Kind of record, key, name, input, days of validity."""
HELP = (
    ("At risk", "They look at alternatives, or nobody answers."),
    ("Watch", "They are content with parts of it."),
    ("Healthy", "They recommend us."),
)
NODES: Mapping[str, Sequence[tuple[str, str, str, float, str | None]]] = {
    "COMPANY": (
        (OVERALL, "", "Health", 1, None),
        (GROUP, "adoption", "Adoption", 50, None),
        (MEASURE, "logins", "Logins", 60, "adoption"),
        (MEASURE, "depth", "Depth of use", 40, "adoption"),
        (GROUP, "service", "Service", 20, None),
        (MEASURE, "tickets", "Open tickets", 100, "service"),
        (MEASURE, "sentiment", "Sentiment", 30, None),
    ),
    "RELATIONSHIP": (
        (OVERALL, "", "Health", 1, None),
        (MEASURE, "use", "Use", 60, None),
        (MEASURE, "sentiment", "Sentiment", 40, None),
    ),
}
"""Kind of node, key, name, weight, group."""
LOW = {"logins": 62, "depth": 58, "tickets": 24, "sentiment": 52}
"""Where the scores of the company at risk have come to."""
NOTE = "Health is 40 at most while tickets are at 30 or less."
TOO_MANY_TICKETS = ScoreException(
    key="too_many_tickets",
    criteria=(Criterion(left="MEASURE", key="tickets", operator="LE", values=(30,)),),
    effect=Effect.CAP,
    value=40,
    note=NOTE,
)


def demo(records: DemoRecords) -> Iterator[Row]:
    """Schemes, measures and cards, then the scores; the same rows on every run."""
    yield from _schemes()
    yield from _measures()
    yield from _cards()
    for place, company in enumerate(records.companies):
        yield from _scores(company, "COMPANY", records.today, falls=place == 0)
    for relationship, _ in records.relationships:
        yield from _scores(relationship, "RELATIONSHIP", records.today, falls=False)


def _schemes() -> Iterator[Row]:
    for name, kind, _ in SCHEMES:
        yield SchemeRow(id=f"scorecard_scheme_{name}", kind=kind)
    for name, _, bands in SCHEMES:
        for place, band in enumerate(bands):
            yield BandRow(
                id=f"scorecard_band_{name}{place}",
                scheme_id=f"scorecard_scheme_{name}",
                position=place,
                label=band.label,
                color=band.color,
                low=band.start,
                high=band.end,
                point=band.point,
            )


def _measure(kind: str, key: str) -> str:
    return f"measure_demo{kind.lower()}{key}"


def _measures() -> Iterator[Row]:
    for kind, key, name, given, validity in MEASURES:
        yield MeasureRow(
            id=_measure(kind, key),
            record_kind=kind,
            key=key,
            name=name,
            description=None,
            input=given,
            validity_days=validity,
            stale_policy="COUNT",
            comment_required=False,
        )
    for kind in NODES:
        for place, (label, words) in enumerate(HELP):
            yield HelpRow(
                id=f"scorecard_help_demo{kind.lower()}{place}",
                measure_id=_measure(kind, "sentiment"),
                position=place,
                label=label,
                text=words,
            )


def _card_id(kind: str) -> str:
    return f"scorecard_card_demo{kind.lower()}"


def _node_id(kind: str, key: str) -> str:
    return f"scorecard_node_demo{kind.lower()}{key}"


def _cards() -> Iterator[Row]:
    for kind in NODES:
        yield CardRow(
            id=_card_id(kind),
            record_kind=kind,
            key="health",
            name="Health",
            scheme_id="scorecard_scheme_color",
            is_default=True,
            rank=0,
            roll_up=True,
            flat=False,
            min_coverage=0.0,
            dead_band=1,
            comparator="LAST_WEEK",
            exceptions=_exceptions(kind),
        )
    for kind, nodes in NODES.items():
        for place, (of, key, name, weight, group) in enumerate(nodes):
            yield NodeRow(
                id=_node_id(kind, key),
                card_id=_card_id(kind),
                kind=of,
                key=key,
                name=name,
                group_id=None if group is None else _node_id(kind, group),
                measure_id=_measure(kind, key) if of == MEASURE else None,
                weight=float(weight),
                position=place,
            )


def _exceptions(kind: str) -> list[dict[str, object]]:
    if kind != "COMPANY":
        return []
    one, rule = TOO_MANY_TICKETS, TOO_MANY_TICKETS.criteria[0]
    criterion = {
        "left": rule.left,
        "key": rule.key,
        "operator": rule.operator,
        "values": list(rule.values),
    }
    effect = {"effect": one.effect.value, "value": one.value, "note": one.note}
    return [{"key": one.key, "criteria": [criterion], **effect}]


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
    number: int = 0

    def event(self, node: str, kind: str, score: float | None, day: date) -> EventRow:
        """A score that changed on a day."""
        self.number += 1
        band = band_of(score, BANDS)
        return EventRow(
            id=f"scorecard_event_{self.id.replace('_', '')}n{self.number:03d}",
            record_id=self.id,
            number=self.number,
            node_id=_node_id(self.kind, node),
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

    def row(self, node: str, fact: Fact, outcome: Outcome, changed: str | None) -> Row:
        """What is known of a node."""
        return ScoreRow(
            record_id=self.id,
            node_id=_node_id(self.kind, node),
            score=outcome.score,
            value=shown(outcome.score),
            computed=outcome.computed,
            na_kind=None if outcome.score is not None else "NOT_SCORED",
            previous=fact.previous,
            set_at=fact.set_at,
            validated_at=fact.validated_at,
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
    record, card = _Record(record_id, kind), _card(kind)
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
    for key, fact in facts.items():
        yield record.row(
            key, fact, Outcome(computed=fact.score, score=fact.score), None
        )
    for key, outcome in {**result.groups, "": result.overall}.items():
        changed = NOTE if outcome.exception else None
        yield record.row(key, derived.get(key, NOTHING), outcome, changed)
