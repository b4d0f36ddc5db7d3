"""Scores, bands and weights: each worked number."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from example_b import BANDS, refusal

from cyclorama.sections.scorecard.rules.bands import (
    Band,
    band_of,
    check_bands,
    checked_score,
    checked_weight,
    half_up,
    normalised,
)


@pytest.mark.parametrize(
    ("score", "label"),
    [
        (0, "Red"),
        (50, "Red"),
        (51, "Yellow"),
        (75, "Yellow"),
        (76, "Green"),
        (100, "Green"),
        (50.4, "Red"),
        (50.5, "Yellow"),
    ],
)
def test_a_band_holds_its_end_and_not_its_start(score: float, label: str) -> None:
    """The bands of 2.3."""
    found = band_of(score, BANDS)
    assert found is not None
    assert found.label == label


def test_the_first_band_may_hold_exactly_0_and_the_last_exactly_100() -> None:
    bands = (
        Band(label="F", color="#000", start=0, end=0),
        Band(label="C", color="#111", start=0, end=99),
        Band(label="A", color="#222", start=99, end=100),
    )
    check_bands(bands)
    found = [band_of(s, bands) for s in (0, 0.4, 0.5, 1, 99, 99.4, 99.5, 100)]
    assert [b.label for b in found if b] == ["F", "F", "C", "C", "C", "C", "A", "A"]
    assert band_of(None, bands) is None


def bands(*ends: int) -> list[Band]:
    starts = (0, *ends[:-1])
    return [
        Band(label=str(n), color="#000", start=s, end=e)
        for n, (s, e) in enumerate(zip(starts, ends, strict=True))
    ]


def test_bands_that_do_not_cover_0_to_100_are_refused() -> None:
    check_bands(bands(50, 100))
    check_bands(bands(*range(9, 97, 8), 100))
    assert refusal(check_bands, bands(100)) == "RANGE"
    assert refusal(check_bands, bands(*range(8, 104, 8), 100)) == "RANGE"
    assert refusal(check_bands, bands(50, 99)) == "RANGE"
    assert refusal(check_bands, bands(50, 50, 100)) == "RANGE"
    low, high = bands(50, 100)
    assert refusal(check_bands, [low, replace(high, start=51)]) == "INVALID"
    assert refusal(check_bands, [low, replace(high, start=49)]) == "INVALID"
    assert refusal(check_bands, [replace(low, start=1), high]) == "RANGE"
    assert refusal(check_bands, [low, replace(high, label="0")]) == "DUPLICATE"
    assert refusal(check_bands, [low, replace(high, point=20)]) == "RANGE"


def test_a_picked_band_is_its_point_or_its_middle() -> None:
    assert [b.value for b in BANDS] == [25, 62.5, 87.5]
    assert replace(BANDS[0], point=10).value == 10


@pytest.mark.parametrize("bad", [101, -1, math.nan, math.inf, 100.0001])
def test_a_score_out_of_bounds_is_refused(bad: float) -> None:
    assert refusal(checked_score, bad) == "RANGE"


@pytest.mark.parametrize("bad", [-1, 1_000_000, math.nan, math.inf])
def test_a_weight_out_of_bounds_is_refused(bad: float) -> None:
    assert refusal(checked_weight, bad) == "RANGE"


def test_a_half_is_rounded_up() -> None:
    found = [half_up(x) for x in (62.5, 61.5, 0.5, 0.49, 62.4999999999)]
    assert found == [63, 62, 1, 0, 63]


def test_a_raw_value_becomes_a_score_by_straight_lines() -> None:
    points = [(0, 0), (0.08, 80), (0.2, 100)]
    assert [normalised(x, points) for x in (-1, 0.04, 0.08, 0.14, 9)] == [
        0,
        40,
        80,
        pytest.approx(90),
        100,
    ]
