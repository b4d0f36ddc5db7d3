"""From measures to one score: each worked number."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from example_b import FLAT, NOW, SCORES, B, cap, computed, fact, facts, refusal

from cyclorama.sections.scorecard.rules.bands import half_up, shown, tidied
from cyclorama.sections.scorecard.rules.cards import Card, Node, Result
from cyclorama.sections.scorecard.rules.facts import (
    StalePolicy,
    cleared,
    renewed,
    with_score,
)
from cyclorama.sections.scorecard.rules.rollup import compute, is_stale, what_if


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


@pytest.mark.parametrize("scale", [0.01, 0.1, 1])
def test_a_share_that_is_at_its_limit_is_not_beyond_it(scale: float) -> None:
    """Sums of decimals are off by a trifle: 0.1 and 0.2 are a little more than 0.3."""
    for weights in product((5, 7, 10, 15, 20, 25, 30, 33), repeat=3):
        rest = 100 - sum(weights)
        nodes = [
            Node(key=str(n), weight=w * scale, validity_days=1)
            for n, w in enumerate((*weights, max(rest, 0)))
        ]
        limit = sum(weights[:2]) / sum((*weights, max(rest, 0)))
        known = {"0": fact(), "1": fact()}
        found = computed(Card(nodes=nodes, min_coverage=limit), known)
        assert not found.insufficient
        old = NOW - timedelta(days=2)
        known |= {"0": fact(at=old), "1": fact(at=old), "2": fact(), "3": fact()}
        assert computed(Card(nodes=nodes), known).stale_share == tidied(limit)


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
