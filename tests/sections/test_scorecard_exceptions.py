"""Exceptions and overrides: each worked number."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from example_b import NOW, B, add_up, cap, computed, facts, refusal, with_exceptions

from cyclorama.sections.scorecard.rules.bands import shown
from cyclorama.sections.scorecard.rules.exceptions import (
    Criterion,
    Effect,
    applied,
    holds,
)
from cyclorama.sections.scorecard.rules.facts import (
    Override,
    StalePolicy,
    check_override,
)
from cyclorama.sections.scorecard.rules.rollup import compute


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


def test_an_exception_of_a_group_reads_the_overall_score_before_any() -> None:
    low = Criterion(left="OVERALL", operator="LE", values=(67,))
    one = cap(20, target="adoption", criteria=(low,))
    other = cap(10, target="support", criteria=(low,))
    found = computed(with_exceptions(one, other))
    assert [found.groups[g].score for g in ("adoption", "support")] == [20, 10]
    assert (found.overall.computed, found.overall.exception) == (39, None)
    never = replace(low, operator="IS_NA", values=())
    assert computed(with_exceptions(replace(one, criteria=(never,)))) == computed(B)


def test_override_exception_and_staleness_in_one_card() -> None:
    """An override comes before an exception, which comes before what measures say by
    then: expired Sentiment counts no more."""
    nodes = [
        replace(n, validity_days=30, stale_policy=StalePolicy.EXCLUDE)
        if n.key == "sentiment"
        else n
        for n in B.nodes
    ]
    group = cap(70, Effect.SET, "group", target="adoption")
    lift = cap(-7, Effect.ADJUST, "late")
    card = replace(with_exceptions(lift, cap(10), group), nodes=nodes)
    override = Override(score=90, reason="Merger", expires_at=NOW + timedelta(days=40))

    def at(**time: float) -> tuple[Any, ...]:
        now = NOW + timedelta(**time)
        found = compute(card, facts(), now, override=override)
        overall = found.overall
        score = (shown(overall.computed), shown(overall.score), overall.exception)
        return (*score, found.override, found.coverage)

    assert at(days=30) == (68, 90, None, "Merger", 1)
    assert at(days=40, microseconds=-1) == (59, 90, None, "Merger", 0.7)
    assert at(days=40) == (59, 52, "late", None, 0.7)


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
