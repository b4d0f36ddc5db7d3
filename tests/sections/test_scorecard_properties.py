"""What holds of every scorecard."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import pytest
from example_b import add_up, cap, computed, fact
from hypothesis import given, settings
from hypothesis import strategies as st

from cyclorama.sections.scorecard.rules.bands import shown
from cyclorama.sections.scorecard.rules.cards import Card, Node
from cyclorama.sections.scorecard.rules.exceptions import Criterion, Effect
from cyclorama.sections.scorecard.rules.facts import Fact

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
