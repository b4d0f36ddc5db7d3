"""Weekly closes, trends, which card applies and figures over many records."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cyclorama.sections.scorecard.rules.bands import shown
from cyclorama.sections.scorecard.rules.choosing import (
    Aggregate,
    Candidate,
    accuracy,
    aggregated,
    applicable,
    in_turn,
    percentile,
    portfolio_quality,
    quarter_of,
    weight_coverage,
)
from cyclorama.sections.scorecard.rules.trends import (
    Comparator,
    Event,
    base,
    closing,
    history,
    trend,
    week_start,
)

EVENTS = [
    Event(day=date(2026, 5, 4), score=60),
    Event(day=date(2026, 5, 13), score=72),
]


def test_weekly_closes_carry_the_last_score_on() -> None:
    assert history(EVENTS, 4, date(2026, 5, 19)) == [
        (date(2026, 4, 27), None),
        (date(2026, 5, 4), 60),
        (date(2026, 5, 11), 72),
        (date(2026, 5, 18), 72),
    ]
    assert closing(EVENTS, date(2026, 5, 4)) is None
    gone = [*EVENTS, Event(day=date(2026, 5, 17), score=None)]
    assert [s for _, s in history(gone, 2, date(2026, 5, 19))] == [None, None]


def test_weeks_may_start_on_another_day() -> None:
    assert week_start(date(2026, 5, 17)) == date(2026, 5, 11)
    assert week_start(date(2026, 5, 17), 6) == date(2026, 5, 17)


@pytest.mark.parametrize(
    ("comparator", "day", "expected"),
    [
        (Comparator.LAST_WEEK, 15, ("UP", 12)),
        (Comparator.LAST_WEEK, 19, ("FLAT", 0)),
        (Comparator.PREVIOUS_VALUE, 19, ("UP", 12)),
        (Comparator.LAST_MONTH, 19, ("NEW", None)),
        (Comparator.LAST_QUARTER, 19, ("NEW", None)),
        (Comparator.AT_LAST_RENEWAL, 19, ("NEW", None)),
    ],
)
def test_the_trend_of_the_worked_events(
    comparator: Comparator, day: int, expected: tuple[str, int | None]
) -> None:
    compared = base(EVENTS, comparator, date(2026, 5, day))
    assert trend(72, compared) == expected


def test_comparators_over_months_and_renewals() -> None:
    renewal = Event(day=date(2026, 5, 20), score=72, is_renewal=True)
    assert base([*EVENTS, renewal], Comparator.AT_LAST_RENEWAL, date(2026, 6, 3)) == 72
    assert base(EVENTS, Comparator.LAST_MONTH, date(2026, 6, 3)) == 72
    assert base(EVENTS, Comparator.LAST_QUARTER, date(2026, 6, 30)) is None
    assert base(EVENTS, Comparator.LAST_QUARTER, date(2026, 7, 1)) == 72


def test_trends() -> None:
    assert trend(None, 50) == ("NONE", None)
    assert trend(50, None) == ("NEW", None)
    assert trend(47, 50) == ("DOWN", -3)
    assert trend(47, 50, dead_band=3) == ("FLAT", -3)
    assert trend(50.4, 50) == ("FLAT", 0)


def candidate(key: str, **values: Any) -> Candidate:
    return Candidate(key=key, name=key.title(), **values)


def test_which_card_applies() -> None:
    """The four cases of 2.8."""
    default = candidate("default", is_default=True)
    a, b = candidate("a", matches=True), candidate("b", matches=True)
    assert applicable([candidate("a"), default]) == "default"
    assert applicable([candidate("a"), b, default]) == "b"
    assert applicable([a, b, replace(default, matches=True)]) == "default"
    assert applicable([b, a, default]) == "a"
    assert applicable([replace(b, rank=1), replace(a, rank=2), default]) == "b"
    assert applicable([]) is None


def test_a_pinned_card_stays_until_its_day_and_an_active_one_while_it_matches() -> None:
    default = candidate("default", is_default=True)
    a, b = candidate("a", matches=True), candidate("b", matches=True)
    day = date(2026, 3, 1)
    pinned = {"pinned": "default", "pinned_until": day}
    assert applicable([a, default], **pinned, today=day) == "default"
    later = date(2026, 3, 2)
    assert applicable([a, default], **pinned, today=later) == "a"
    assert applicable([a, b, default], active="b") == "b"
    assert applicable([a, candidate("b"), default], active="b") == "a"


RELATIONSHIPS = [(82.0, 200.0), (40.0, 50.0), (90.0, 0.0), (None, 150.0)]


def test_scores_of_relationships_become_one() -> None:
    """The four aggregates of 2.9."""
    found = {a: aggregated(RELATIONSHIPS, a) for a in Aggregate}
    assert found[Aggregate.AVG] == pytest.approx(70.67, abs=0.005)
    assert shown(found[Aggregate.AVG]) == 71
    assert found[Aggregate.WEIGHTED] == pytest.approx(73.6)
    assert shown(found[Aggregate.WEIGHTED]) == 74
    assert found[Aggregate.MIN] == 40
    assert found[Aggregate.MAX] == 90
    assert weight_coverage(RELATIONSHIPS) == 0.625
    assert aggregated(RELATIONSHIPS, Aggregate.WORST_N_AVG, worst=2) == 61
    share = aggregated(RELATIONSHIPS, Aggregate.PCT_IN_BAND, band=(75, 100))
    assert share == pytest.approx(66.6667, abs=1e-4)
    shown_as_50 = [(50.4, 1.0), (50.5, 1.0), (0.4, 1.0), (None, 1.0)]
    low = aggregated(shown_as_50, Aggregate.PCT_IN_BAND, band=(0, 50))
    assert low == pytest.approx(66.6667, abs=1e-4)  # as their band says
    unweighted = [(s, None) for s, _ in RELATIONSHIPS]
    assert shown(aggregated(unweighted, Aggregate.WEIGHTED)) == 71
    assert aggregated([(None, 5.0)], Aggregate.AVG) is None
    assert weight_coverage([(5.0, 0.0)]) is None


def test_percentile_40_and_quality_76() -> None:
    assert percentile(55, [40, 55, 55, 70, 90, None]) == 40
    assert percentile(55, [None]) is None
    assert (percentile(55, [55]), percentile(55, [55] * 4)) == (50, 50)
    assert (percentile(0, [0, 9]), percentile(9, [0, 9])) == (25, 75)
    assert portfolio_quality(5, 3, 2) == 76
    assert portfolio_quality(0, 0, 0) is None


def test_2_11_spot_checks_draw_of_each_owner_in_turn() -> None:
    drawn = [("a", "x", b"1"), ("b", "x", b"2"), ("c", None, b"4"), ("d", "y", b"3")]
    assert in_turn(drawn, 9) == ["a", "d", "c", "b"]
    assert in_turn(drawn, 2) == ["a", "d"]
    assert accuracy(3, 1) == 75
    assert accuracy(0, 0) is None
    days = (date(2026, 1, 1), date(2026, 3, 31), date(2026, 4, 1), date(2026, 12, 31))
    assert [quarter_of(d) for d in days] == [
        "2026-Q1",
        "2026-Q1",
        "2026-Q2",
        "2026-Q4",
    ]
