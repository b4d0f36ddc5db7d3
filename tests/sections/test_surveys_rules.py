"""The arithmetic of surveys: each worked number, and what holds of all of them."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclorama.sections.surveys.rules import (
    Answer,
    Category,
    Period,
    Policy,
    Tally,
    category,
    counted,
    half_away,
    is_shown,
    is_text_shown,
    is_within,
    period_start,
    response_rate,
    tally,
    trend,
)

AS_OF = datetime(2026, 3, 2, 12, tzinfo=UTC)
EXAMPLE = (10, 9, 9, 8, 7, 6, 3, 10, 5, 9)
"""The worked example of section 5 of the domain."""
ratings = st.lists(st.none() | st.integers(0, 10), max_size=60)


def answer(
    number: int, rating: int | None, *, days: float = 0, person: str | None = None
) -> Answer:
    """An answer of some days ago."""
    at = AS_OF - timedelta(days=days)
    return Answer(id=f"{number:03d}", rating=rating, at=at, person=person)


def test_the_worked_example_has_nps_20_and_average_7_6() -> None:
    found = tally(EXAMPLE)
    assert found == Tally(5, 2, 3, 76)
    assert (found.nps, found.average) == (20, 7.6)


def test_the_margin_of_the_example_is_54_points() -> None:
    margin = tally(EXAMPLE).margin
    assert margin == 54.0


def test_without_a_rating_there_is_no_number() -> None:
    for nothing in (tally([]), tally([None, None])):
        assert nothing == Tally()
        assert nothing.nps is nothing.average is nothing.margin is None


@pytest.mark.parametrize(
    ("promoters", "passives", "detractors", "nps"),
    [
        (1, 0, 2, -33),
        (3, 3, 2, 13),
        (2, 3, 3, -13),
        (8_112, 5_119, 11_769, -15),
        (1, 0, 0, 100),
        (0, 0, 1, -100),
        (0, 1, 0, 0),
    ],
)
def test_nps_is_rounded_half_away_from_zero(
    promoters: int, passives: int, detractors: int, nps: int
) -> None:
    assert Tally(promoters, passives, detractors).nps == nps


def test_categories_begin_at_7_and_at_9() -> None:
    found = [category(n) for n in range(11)]
    assert (
        found
        == [Category.DETRACTOR] * 7 + [Category.PASSIVE] * 2 + [Category.PROMOTER] * 2
    )


def test_relationships_are_pooled_and_no_mean_is_taken() -> None:
    one, other = tally([10, 10]), tally([0])
    assert (one.nps, other.nps) == (100, -100)
    assert (one + other).nps == 33


def test_fewer_than_five_answers_are_a_low_sample() -> None:
    assert tally([9] * 4).is_low_sample
    assert not tally([9] * 5).is_low_sample


def test_40_sent_2_bounced_12_submitted_3_partial_are_31_6_or_39_5_percent() -> None:
    assert response_rate(sent=40, bounced=2, responded=12) == 31.6
    assert response_rate(sent=40, bounced=2, responded=12 + 3) == 39.5
    assert response_rate(sent=2, bounced=2, responded=0) is None


def test_somebody_who_answers_twice_counts_with_the_latest_answer() -> None:
    answers = [
        answer(1, 2, days=9, person="ann"),
        answer(2, 10, days=3, person="ann"),
        answer(3, None, days=1, person="ann"),
        answer(4, 7, days=9),
        answer(5, 7, days=9),
        answer(6, 0, days=3, person="bob"),
        answer(7, 9, days=3, person="bob"),
    ]
    latest = counted(answers, Policy.LATEST_PER_PERSON)
    assert [a.id for a in latest] == ["002", "004", "005", "007"]
    assert [a.id for a in counted(answers, Policy.ALL)] == [
        a.id for a in answers if a.rating is not None
    ]


@pytest.mark.parametrize(
    ("period", "today", "fiscal_start", "start"),
    [
        (Period.MONTH, date(2026, 3, 31), 1, date(2026, 3, 1)),
        (Period.QUARTER, date(2026, 3, 31), 1, date(2026, 1, 1)),
        (Period.QUARTER, date(2026, 12, 1), 4, date(2026, 10, 1)),
        (Period.FISCAL_QUARTER, date(2026, 1, 15), 2, date(2025, 11, 1)),
        (Period.FISCAL_QUARTER, date(2026, 2, 1), 2, date(2026, 2, 1)),
        (Period.HALF_YEAR, date(2026, 6, 30), 1, date(2026, 1, 1)),
        (Period.HALF_YEAR, date(2026, 7, 1), 1, date(2026, 7, 1)),
        (Period.FISCAL_HALF_YEAR, date(2026, 3, 1), 4, date(2025, 10, 1)),
        (Period.YEAR, date(2026, 12, 31), 4, date(2026, 1, 1)),
        (Period.FISCAL_YEAR, date(2026, 3, 31), 4, date(2025, 4, 1)),
        (Period.FISCAL_YEAR, date(2026, 4, 1), 4, date(2026, 4, 1)),
        (Period.LAST_DAYS, date(2026, 4, 1), 4, None),
        (Period.ALL_TIME, date(2026, 4, 1), 4, None),
    ],
)
def test_a_calendar_period_starts(
    period: Period, today: date, fiscal_start: int, start: date | None
) -> None:
    assert period_start(period, today, fiscal_start) == start


def test_the_last_days_end_now_and_begin_after_the_same_instant_then() -> None:
    def within(at: datetime) -> bool:
        return is_within(Period.LAST_DAYS, at, AS_OF, days=180)

    then, millisecond = AS_OF - timedelta(days=180), timedelta(milliseconds=1)
    assert [within(at) for at in (then, then + millisecond)] == [False, True]
    assert [within(at) for at in (AS_OF, AS_OF + millisecond)] == [True, False]


def test_a_calendar_period_holds_its_first_day_and_nothing_of_the_future() -> None:
    first = datetime(2026, 1, 1, tzinfo=UTC)
    assert is_within(Period.QUARTER, first, AS_OF)
    assert not is_within(Period.QUARTER, first - timedelta(milliseconds=1), AS_OF)
    assert not is_within(Period.ALL_TIME, AS_OF + timedelta(days=1), AS_OF)
    assert is_within(Period.ALL_TIME, datetime(1999, 1, 1, tzinfo=UTC), AS_OF)


def test_each_month_of_the_trend_counts_by_itself_and_gaps_are_empty() -> None:
    answers = [
        answer(1, 10, days=1, person="ann"),
        answer(2, 0, days=2, person="ann"),
        answer(3, 9, days=40, person="ann"),
        answer(4, 3, days=45, person="ann"),
        answer(5, 8, days=400),
    ]
    found = trend(answers, Policy.LATEST_PER_PERSON, AS_OF.date(), 3)
    assert [(m, t.nps, t.count) for m, t in found] == [
        (date(2026, 1, 1), 100, 1),
        (date(2026, 2, 1), -100, 1),
        (date(2026, 3, 1), 100, 1),
    ]
    (quiet, *_) = trend(answers, Policy.ALL, AS_OF.date(), 4)
    assert quiet == (date(2025, 12, 1), Tally())


def test_anonymous_answers_are_shown_from_5_participants_and_their_text_from_3() -> (
    None
):
    assert is_shown(is_anonymous=False, participants=1)
    assert not is_shown(is_anonymous=True, participants=4)
    assert is_shown(is_anonymous=True, participants=5)
    assert not is_text_shown(is_anonymous=True, participants=5, answers=2)
    assert is_text_shown(is_anonymous=True, participants=5, answers=3)
    assert not is_text_shown(is_anonymous=True, participants=4, answers=4)
    assert is_text_shown(is_anonymous=False, participants=1, answers=1)


# -- what holds of all


@given(ratings, st.integers(0, 2**32))
def test_order_never_matters(given: list[int | None], seed: int) -> None:
    answers = [
        answer(n, r, days=n % 7, person=f"p{n % 5}" if n % 3 else None)
        for n, r in enumerate(given)
    ]
    turned = random.Random(seed).sample(answers, len(answers))
    for policy in Policy:
        assert counted(turned, policy) == counted(answers, policy)
    assert tally(a.rating for a in turned) == tally(given)


@given(ratings)
def test_nps_is_the_rounded_mean_of_scores_and_within_100(
    given: list[int | None],
) -> None:
    found = tally(given)
    scores = [category(r).score for r in given if r is not None]
    if not scores:
        assert found.nps is None
        return
    assert found.nps == half_away(Fraction(sum(scores), len(scores)))
    assert -100 <= (found.nps or 0) <= 100
    assert found.margin is not None
    assert found.margin >= 0


@given(ratings)
def test_a_passive_moves_nps_towards_zero(given: list[int | None]) -> None:
    before, after = tally(given).nps or 0, tally([*given, 8]).nps or 0
    assert abs(after) <= abs(before)
    assert after * before >= 0


@given(ratings)
def test_a_promoter_never_lowers_and_a_detractor_never_raises_nps(
    given: list[int | None],
) -> None:
    found = tally(given).nps
    if found is not None:
        assert (tally([*given, 9]).nps or 0) >= found
        assert (tally([*given, 6]).nps or 0) <= found


@given(ratings, ratings)
def test_pooling_is_counting_together(
    one: list[int | None], other: list[int | None]
) -> None:
    assert tally(one) + tally(other) == tally([*one, *other])


@given(st.fractions())
def test_rounding_is_odd_and_near(value: Fraction) -> None:
    assert half_away(-value) == -half_away(value)
    assert abs(half_away(value) - value) <= Fraction(1, 2)


def test_days_and_months_are_those_of_the_organisation() -> None:
    """The last hour of February in UTC is March in Auckland."""
    late = datetime(2026, 2, 28, 23, tzinfo=UTC)
    as_of = datetime(2026, 3, 15, tzinfo=UTC)
    for name, counts in (("UTC", False), ("Pacific/Auckland", True)):
        zone = ZoneInfo(name)
        assert is_within(Period.MONTH, late, as_of, zone=zone) is counts
        answer = Answer(id="1", rating=10, at=late)
        (month,) = trend([answer], Policy.ALL, as_of.date(), 1, zone)
        assert month == (date(2026, 3, 1), tally([10] if counts else []))


def test_an_excluded_answer_does_not_count() -> None:
    older = Answer(id="1", rating=9, at=datetime(2026, 1, 1, tzinfo=UTC), person="a")
    newer = Answer(id="2", rating=0, at=datetime(2026, 1, 2, tzinfo=UTC), person="a")
    for policy in Policy:
        left = [older, replace(newer, is_excluded=True)]
        assert counted(left, policy) == [older]
