"""The arithmetic of scorecards: each worked number, and what holds of all of them."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.sections.scorecard.rules.bands import (
    Band,
    Refused,
    band_of,
    check_bands,
    checked_score,
    checked_weight,
    half_up,
    normalised,
    shown,
)
from cyclorama.sections.scorecard.rules.cards import Card, Node, Result
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
from cyclorama.sections.scorecard.rules.exceptions import (
    Criterion,
    Effect,
    ScoreException,
    applied,
    holds,
)
from cyclorama.sections.scorecard.rules.facts import (
    NOTHING,
    Fact,
    Override,
    StalePolicy,
    check_override,
    cleared,
    renewed,
    with_score,
)
from cyclorama.sections.scorecard.rules.rollup import (
    compute,
    is_stale,
    what_if,
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

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
BANDS = (
    Band(label="Red", color="#d92d20", start=0, end=50),
    Band(label="Yellow", color="#f79009", start=50, end=75),
    Band(label="Green", color="#12b76a", start=75, end=100),
)
B = Card(
    bands=BANDS,
    nodes=(
        Node(key="adoption", weight=50, is_group=True),
        Node(key="logins", weight=60, group="adoption"),
        Node(key="depth", weight=40, group="adoption"),
        Node(key="support", weight=20, is_group=True),
        Node(key="tickets", weight=100, group="support"),
        Node(key="sentiment", weight=30),
    ),
)
"""The example B of the domain."""
FLAT = replace(
    B,
    flat=True,
    nodes=tuple(
        replace(
            n,
            weight={"logins": 30, "depth": 20, "tickets": 20}.get(n.key, n.weight),
        )
        for n in B.nodes
    ),
)
SCORES: Mapping[str, float | None] = {
    "logins": 80,
    "depth": 50,
    "tickets": 30,
    "sentiment": 90,
}


def fact(score: float | None = 50, at: datetime = NOW, **values: Any) -> Fact:
    if score is None:
        return NOTHING._replace(**values)
    return Fact(score=score, na_kind=None, set_at=at, validated_at=at, **values)


def facts(**changed: float | None) -> dict[str, Fact]:
    return {k: fact(s) for k, s in {**SCORES, **changed}.items()}


def computed(card: Card, known: Mapping[str, Fact] | None = None) -> Result:
    return compute(card, facts() if known is None else known, NOW)


def refusal(function: Any, *args: Any, **values: Any) -> str:
    with pytest.raises(Refused) as caught:
        function(*args, **values)
    assert caught.value.message.endswith((".", ";")), caught.value.message
    return str(caught.value.code)


# Bands


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


# Roll-up


def test_example_a_is_40() -> None:
    nodes = [Node(key=str(w), weight=w) for w in (20, 15, 22)]
    known = {"20": fact(47), "15": fact(59), "22": fact(21)}
    found = computed(Card(nodes=nodes), known).overall.score
    assert found == pytest.approx(40.1228, abs=1e-4)
    assert shown(found) == 40


@pytest.mark.parametrize(
    ("missing", "grouped", "flat"),
    [
        ([], 67, 67),
        (["sentiment"], 57, 57),
        (["logins"], 58, 61),
        (["logins", "depth"], 66, 66),
        (["logins", "depth", "tickets", "sentiment"], None, None),
    ],
)
def test_example_b(missing: list[str], grouped: int | None, flat: int | None) -> None:
    known = facts(**dict.fromkeys(missing))
    assert shown(computed(B, known).overall.score) == grouped
    assert shown(computed(FLAT, known).overall.score) == flat


def test_example_b_before_it_is_rounded() -> None:
    without = computed(B, facts(sentiment=None)).overall.score
    assert without == pytest.approx(57.14, abs=0.005)
    flat = computed(FLAT, facts(logins=None)).overall.score
    assert flat == pytest.approx(61.43, abs=0.005)


def test_the_groups_of_example_b() -> None:
    found = {k: o.score for k, o in computed(B).groups.items()}
    assert found == {"adoption": 68, "support": 30}
    found = {k: o.score for k, o in computed(FLAT).groups.items()}
    assert found == {"adoption": 68, "support": 30}
    without = computed(B, facts(logins=None, depth=None)).groups
    assert without["adoption"].score is None


def test_example_c_is_not_rounded_in_between() -> None:
    nodes = []
    for key in "xyz":
        nodes += [Node(key=key, weight=1, is_group=True)]
        nodes += [Node(key=f"m{key}", weight=1, group=key)]
    known = {"mx": fact(40.4), "my": fact(50.4), "mz": fact(61.4)}
    found = computed(Card(nodes=nodes), known).overall.score
    assert found == pytest.approx(50.73, abs=0.005)
    assert shown(found) == 51
    assert shown(sum(map(half_up, (40.4, 50.4, 61.4))) / 3) == 50  # the wrong way


def test_coverage_and_contributions_of_example_b_without_logins() -> None:
    found = computed(B, facts(logins=None))
    assert found.coverage == pytest.approx(0.70)
    given = {k: p.contribution for k, p in found.parts.items()}
    assert given == {"logins": None, "depth": 25, "tickets": 6, "sentiment": 27}
    assert found.overall.score == 58


def test_what_is_not_applicable_lacks_in_no_coverage() -> None:
    known = {**facts(), "logins": fact(None, na_kind="NOT_APPLICABLE")}
    assert computed(B, known).coverage == 1
    assert computed(B, facts(logins=None)).coverage < 1
    nothing = {k: fact(None, na_kind="NOT_APPLICABLE") for k in SCORES}
    assert computed(B, nothing).coverage == 0


def test_below_its_least_coverage_a_card_has_no_overall_score() -> None:
    card = replace(B, min_coverage=0.75)
    found = computed(card, facts(logins=None))
    assert found.insufficient
    assert (found.overall.computed, found.overall.score) == (58, None)
    assert computed(card).overall.score == 67
    exact = replace(B, min_coverage=0.5)
    assert not computed(exact, facts(logins=None)).insufficient


def test_a_measure_of_weight_0_is_shown_and_not_counted() -> None:
    nodes = [Node(key="a", weight=0), Node(key="b", weight=3)]
    found = computed(Card(nodes=nodes), {"a": fact(100), "b": fact(10)})
    assert found.overall.score == 10
    assert found.parts["a"].score == 100
    assert found.parts["a"].weight == found.parts["a"].contribution == 0
    only = computed(Card(nodes=nodes[:1]), {"a": fact(100)})
    assert only.overall.score is None


def test_without_roll_up_the_overall_score_stays_as_entered() -> None:
    card = replace(B, roll_up=False, exceptions=[cap(0)])
    found = compute(card, facts(), NOW, entered=12)
    assert (found.overall.computed, found.overall.score) == (12, 12)
    assert compute(card, facts(), NOW).overall.score is None


# Exceptions and overrides


def cap(
    value: float = 40,
    effect: Effect = Effect.CAP,
    key: str = "cap",
    **values: Any,
) -> ScoreException:
    bad = Criterion(left="MEASURE", key="tickets", operator="LE", values=(30,))
    given = {"criteria": (bad,), **values}
    return ScoreException(key=key, effect=effect, value=value, **given)


def with_exceptions(*exceptions: ScoreException) -> Card:
    return replace(B, exceptions=exceptions)


def test_a_cap_lowers_67_to_40_and_leaves_35() -> None:
    found = computed(with_exceptions(cap())).overall
    assert (found.computed, found.score, found.exception) == (67, 40, "cap")
    low = facts(logins=20, depth=20, sentiment=63.333333333)
    found = computed(with_exceptions(cap()), low).overall
    assert (shown(found.computed), found.exception) == (35, None)
    assert shown(found.score) == 35
    raised = computed(with_exceptions(cap(effect=Effect.SET)), low).overall
    assert raised.score == 40


def test_the_first_exception_that_holds_wins() -> None:
    first, second = (cap(v, Effect.SET, str(v)) for v in (20, 55))
    assert computed(with_exceptions(first, second)).overall.score == 20
    off = replace(first, active=False)
    assert computed(with_exceptions(off, second)).overall.score == 55
    never = replace(first, criteria=())
    assert computed(with_exceptions(never, second)).overall.score == 55


def test_effects() -> None:
    assert applied(Effect.CAP, 40, 67) == 40
    assert applied(Effect.CAP, 40, 35) == 35
    assert applied(Effect.FLOOR, 40, 35) == 40
    assert applied(Effect.FLOOR, 40, 67) == 67
    assert applied(Effect.ADJUST, -20, 10) == 0
    assert applied(Effect.ADJUST, 20, 95) == 100
    assert applied(Effect.SET, 20, 95) == 20
    found = [applied(e, 20, None) for e in Effect]
    assert found == [20, None, None, None]


def test_all_criteria_have_to_hold_or_any() -> None:
    good = Criterion(left="MEASURE", key="logins", operator="LT", values=(10,))
    bad = Criterion(left="BAND", key="tickets", operator="IN", values=("Red",))
    both = cap(criteria=(good, bad))
    assert computed(with_exceptions(both)).overall.score == 67
    either = cap(criteria=(good, bad), any_of=True)
    assert computed(with_exceptions(either)).overall.score == 40


def test_group_exceptions_come_first_and_feed_the_overall_score() -> None:
    group = cap(20, Effect.SET, "group", target="adoption")
    low = Criterion(left="GROUP", key="adoption", operator="EQ", values=(20,))
    overall = cap(5, Effect.ADJUST, "overall", criteria=(low,))
    found = computed(with_exceptions(overall, group))
    assert found.groups["adoption"].computed == 68
    assert found.groups["adoption"].exception == "group"
    assert found.overall.computed == 43
    assert found.overall.score == 48
    given = {k: p.contribution for k, p in found.parts.items()}
    assert given["adoption"] == 10
    assert given["logins"] == given["depth"] == 0
    assert add_up(found) == 43


def test_an_exception_may_read_the_overall_score_and_attributes() -> None:
    high = Criterion(left="OVERALL", operator="GE", values=(67,))
    churned = Criterion(left="ATTRIBUTE", key="stage", operator="EQ", values=("x",))
    card = with_exceptions(cap(criteria=(high, churned)))
    assert compute(card, facts(), NOW, attributes={"stage": "x"}).overall.score == 40
    assert compute(card, facts(), NOW, attributes={"stage": "y"}).overall.score == 67
    assert compute(card, facts(), NOW).overall.score == 67


def test_na_satisfies_no_comparison() -> None:
    for operator in ("LT", "LE", "EQ", "NE", "GE", "GT", "IN"):
        assert not holds(
            Criterion(left="MEASURE", operator=operator, values=(5,)), None
        )
    assert holds(Criterion(left="MEASURE", operator="IS_NA"), None)
    assert not holds(Criterion(left="MEASURE", operator="NOT_NA"), None)
    assert holds(Criterion(left="MEASURE", operator="NOT_NA"), 5)
    assert not holds(Criterion(left="BAND", operator="LT", values=(5,)), "Red")


def test_criteria_compare_what_is_shown() -> None:
    known = facts(tickets=30.4)
    assert computed(with_exceptions(cap()), known).overall.score == 40
    assert (
        computed(with_exceptions(cap()), facts(tickets=30.5)).overall.exception is None
    )


def test_an_override_comes_before_exceptions_until_it_ends() -> None:
    override = Override(score=90, reason="Merger", expires_at=NOW + timedelta(days=3))
    card = with_exceptions(cap())
    found = compute(card, facts(), NOW, override=override)
    assert (found.overall.score, found.override) == (90, "Merger")
    assert found.overall.computed == 67
    later = compute(card, facts(), NOW + timedelta(days=3), override=override)
    assert (later.overall.score, later.override) == (40, None)


def test_an_override_needs_a_reason_and_an_end_within_90_days() -> None:
    good = Override(score=90, reason="Merger", expires_at=NOW + timedelta(days=90))
    check_override(good, NOW)
    assert refusal(check_override, replace(good, reason=" "), NOW) == "REQUIRED"
    assert refusal(check_override, replace(good, score=101), NOW) == "RANGE"
    for days in (0, 91):
        end = NOW + timedelta(days=days)
        assert refusal(check_override, replace(good, expires_at=end), NOW) == "RANGE"


# Validity


def test_a_score_is_stale_right_after_its_last_valid_instant() -> None:
    """Validity 30, validated on 1 March at 10:00."""
    node = Node(key="sentiment", weight=30, validity_days=30)
    end = datetime(2026, 3, 31, 10, tzinfo=UTC)
    assert not is_stale(fact(), node, end)
    assert is_stale(fact(), node, end + timedelta(microseconds=1))
    assert not is_stale(
        fact(), replace(node, validity_days=None), end + timedelta(days=999)
    )


def stale_sentiment(policy: StalePolicy, days: int = 31) -> Result:
    nodes = tuple(
        replace(n, validity_days=30, stale_policy=policy) if n.key == "sentiment" else n
        for n in B.nodes
    )
    return compute(replace(B, nodes=nodes), facts(), NOW + timedelta(days=days))


def test_a_stale_score_counts_unless_the_policy_says_otherwise() -> None:
    found = stale_sentiment(StalePolicy.COUNT)
    assert found.overall.score == 67
    assert found.stale_share == pytest.approx(0.30)
    gone = stale_sentiment(StalePolicy.EXCLUDE)
    assert shown(gone.overall.score) == 57
    assert gone.stale_share == 0
    assert gone.coverage == pytest.approx(0.70)
    half = stale_sentiment(StalePolicy.DECAY, days=45)
    assert half.overall.score == pytest.approx((34 + 6 + 0.15 * 90) / 0.85)
    assert shown(stale_sentiment(StalePolicy.DECAY, days=60).overall.score) == 57


def test_renewing_confirms_and_changes_nothing_else() -> None:
    later = NOW + timedelta(days=9)
    held = fact(40, comment="Calm", previous=50)
    found = renewed(held, None, later)
    assert found == held._replace(validated_at=later)
    assert renewed(held, "Still", later).comment == "Still"
    assert refusal(renewed, fact(None), None, later) == "INVALID_STATE"


def test_setting_the_same_score_is_a_renewal() -> None:
    later = NOW + timedelta(days=9)
    held = fact(40, previous=50)
    assert with_score(held, 40, None, later) == renewed(held, None, later)
    found = with_score(held, 41, "Up", later)
    assert (found.score, found.previous, found.set_at) == (41, 40, later)
    assert found.comment == "Up"


def test_a_cleared_score_is_remembered_as_the_previous_one() -> None:
    found = cleared(fact(40), "CLEARED", "Gone", NOW)
    assert (found.score, found.na_kind, found.previous) == (None, "CLEARED", 40)
    assert with_score(found, 60, None, NOW).previous == 40
    assert cleared(fact(40), "NOT_APPLICABLE", None, NOW).na_kind == "NOT_APPLICABLE"
    for kind in ("EXPIRED", "NOT_SCORED"):
        assert refusal(cleared, fact(40), kind, None, NOW) == "INVALID"


# History


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


# Which card, and many records


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
    unweighted = [(s, None) for s, _ in RELATIONSHIPS]
    assert shown(aggregated(unweighted, Aggregate.WEIGHTED)) == 71
    assert aggregated([(None, 5.0)], Aggregate.AVG) is None
    assert weight_coverage([(5.0, 0.0)]) is None


def test_percentile_40_and_quality_76() -> None:
    assert percentile(55, [40, 55, 55, 70, 90, None]) == 40
    assert percentile(55, [None]) is None
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


# What if


def test_what_if_changes_scores_and_weights_and_nothing_else() -> None:
    known = facts()
    found = what_if(B, known, NOW, scores={"logins": None}, weights={})
    assert found.overall.score == 58
    heavier = what_if(B, known, NOW, scores={}, weights={"sentiment": 0})
    assert shown(heavier.overall.score) == 57
    assert known == facts()


def test_what_if_refuses_what_is_no_node_no_score_and_no_weight() -> None:
    def asked(scores: Any = None, weights: Any = None) -> str:
        given = {"scores": scores or {}, "weights": weights or {}}
        return refusal(what_if, B, facts(), NOW, **given)

    assert asked({"nope": 5}) == asked(weights={"nope": 5}) == "LOOKUP_NOT_FOUND"
    assert asked({"adoption": 5}) == "READ_ONLY"
    assert asked({"logins": 101}) == asked({"logins": math.nan}) == "RANGE"
    assert asked(weights={"logins": -1}) == "RANGE"


# What holds of every card


WEIGHTS = st.sampled_from([0, 0.5, 1, 3, 20, 33.3, 100, 999_999])


@st.composite
def cards(draw: st.DrawFn) -> tuple[Card, dict[str, Fact]]:
    """A card with groups and single measures, and some scores."""
    nodes, known = [], {}
    for number in range(draw(st.integers(0, 4))):
        nodes.append(Node(key=f"g{number}", weight=draw(WEIGHTS), is_group=True))
    for number in range(draw(st.integers(1, 8))):
        group = draw(st.sampled_from([None, *(n.key for n in nodes if n.is_group)]))
        nodes.append(Node(key=f"m{number}", weight=draw(WEIGHTS), group=group))
        score = draw(st.none() | st.floats(0, 100).map(lambda s: round(s, 3)))
        known[f"m{number}"] = fact(score)
    some = [n.key for n in nodes if n.is_group]
    exceptions = [
        cap(
            draw(st.sampled_from([0, 20, 100])),
            effect,
            target=draw(st.sampled_from([None, *some])),
        )
        for effect in draw(st.lists(st.sampled_from(Effect), max_size=2))
    ]
    exceptions = [
        replace(e, criteria=(Criterion(left="MEASURE", key="m0", operator="NOT_NA"),))
        for e in exceptions
    ]
    return Card(nodes=nodes, flat=draw(st.booleans()), exceptions=exceptions), known


def add_up(result: Result) -> float:
    return math.fsum(p.contribution or 0 for p in result.parts.values())


@settings(max_examples=60)
@given(cards())
def test_contributions_add_up_to_the_computed_score(made: Any) -> None:
    found = computed(*made)
    weights = math.fsum(p.weight for p in found.parts.values())
    if found.overall.computed is None:
        assert weights == 0
    else:
        assert add_up(found) == pytest.approx(found.overall.computed, abs=0.01)
        assert weights == pytest.approx(1)


@settings(max_examples=60)
@given(cards(), st.sampled_from([0.01, 0.1, 3, 7.5]))
def test_weights_scaled_by_a_constant_change_nothing(made: Any, by: float) -> None:
    card, known = made
    nodes = [replace(n, weight=n.weight * by) for n in card.nodes]
    one, other = computed(card, known), computed(replace(card, nodes=nodes), known)
    assert shown(one.overall.score) == shown(other.overall.score)
    assert one.overall.score == pytest.approx(other.overall.score, abs=1e-9)
    assert one.coverage == pytest.approx(other.coverage)


@settings(max_examples=60)
@given(cards())
def test_a_measure_that_is_na_equals_its_absence(made: Any) -> None:
    card, known = made
    gone = {k for k, f in known.items() if f.score is None}
    rest = replace(card, nodes=[n for n in card.nodes if n.key not in gone])
    one, other = computed(card, known), computed(rest, known)
    assert one.overall == other.overall
    assert one.groups == other.groups


@settings(max_examples=60)
@given(cards(), st.randoms(use_true_random=False))
def test_the_order_of_nodes_and_scores_never_matters(
    made: Any, chance: random.Random
) -> None:
    card, known = made
    nodes, items = list(card.nodes), list(known.items())
    chance.shuffle(nodes)
    chance.shuffle(items)
    assert computed(replace(card, nodes=nodes), dict(items)) == computed(card, known)
