"""The demo's schemes, measures and cards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cyclorama.plugins import Row
from cyclorama.sections.scorecard.rules.bands import Band
from cyclorama.sections.scorecard.rules.exceptions import (
    Criterion,
    Effect,
    ScoreException,
)
from cyclorama.sections.scorecard.tables import (
    GROUP,
    MEASURE,
    OVERALL,
    BandRow,
    CardRow,
    HelpRow,
    MeasureRow,
    NodeRow,
    SchemeRow,
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
VALIDITY = {(kind, key): days for kind, key, _, _, days in MEASURES}
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
NOTE = "Health is 40 at most while tickets are at 30 or less."
TOO_MANY_TICKETS = ScoreException(
    key="too_many_tickets",
    criteria=(Criterion(left="MEASURE", key="tickets", operator="LE", values=(30,)),),
    effect=Effect.CAP,
    value=40,
    note=NOTE,
)


def definitions() -> Iterator[Row]:
    """Schemes, measures and cards, parents first."""
    yield from _schemes()
    yield from _measures()
    yield from _cards()


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
            rollup=None,
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


def node_id(kind: str, key: str) -> str:
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
            criteria=[],
            version=1,
        )
    for kind, nodes in NODES.items():
        for place, (of, key, name, weight, group) in enumerate(nodes):
            yield NodeRow(
                id=node_id(kind, key),
                card_id=_card_id(kind),
                kind=of,
                key=key,
                name=name,
                group_id=None if group is None else node_id(kind, group),
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
