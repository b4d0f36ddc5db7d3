"""What Scorecard tells of: scores that became others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from cyclorama.plugins import Event, EventKind
from cyclorama.sections.scorecard.rules.bands import band_of, shown
from cyclorama.sections.scorecard.state import State

SCORE_CHANGED: Final = EventKind(
    key="scorecard.score_changed",
    description="The overall score of a record, or that of a measure, is another.",
    values={
        "overall": "The overall score, 0 to 100; null without one.",
        "band": "The label of its band.",
        "color": "The colour of its band.",
        "measure.*": "The score of the measure with this key, if it is another.",
    },
)
CARD_CHANGED: Final = EventKind(
    key="scorecard.card_changed",
    description="A record has another scorecard, so that its scores are others.",
    values={"scorecard": "The key of the scorecard; null without one."},
)


class Changes:
    """Collects by record which scores become others; one event for each, and before them
    one for each record that has come to another card."""

    def __init__(self) -> None:
        self._moves: dict[str, Event] = {}
        self._states: dict[str, State] = {}
        self._before: dict[str, dict[str, Any]] = {}

    def note(self, state: State, key: str) -> None:
        """A score is about to become another, that of a measure or (empty) the overall."""
        record = state.record_id
        if record not in self._before:
            self._states[record] = state
            self._before[record] = _overall(state)
        if key:
            old = shown(state.fact(key).score)
            self._before[record].setdefault(f"measure.{key}", old)

    def move(self, state: State, before: str | None) -> None:
        """A record has come to the card of its state, from the one with this key."""
        self._moves[state.record_id] = Event(
            kind=CARD_CHANGED,
            record_id=state.record_id,
            before={"scorecard": before},
            after={"scorecard": state.settings.row.key},
        )

    def take(self) -> Iterable[Event]:
        """The events of what was collected, which is forgotten."""
        moves, self._moves = self._moves, {}
        yield from moves.values()
        states, before = self._states, self._before
        self._states, self._before = {}, {}
        for record, old in before.items():
            new = _after(states[record], old)
            if new != old:
                yield Event(kind=SCORE_CHANGED, record_id=record, before=old, after=new)


def _overall(state: State) -> dict[str, Any]:
    score = state.fact("").score
    band = band_of(score, state.settings.bands)
    return {
        "overall": shown(score),
        "band": None if band is None else band.label,
        "color": None if band is None else band.color,
    }


def _after(state: State, before: Mapping[str, Any]) -> dict[str, Any]:
    after = _overall(state)
    for name in before.keys() - after.keys():
        key = name.removeprefix("measure.")
        after[name] = shown(state.fact(key).score)
    return after
