"""From the scores of measures to those of groups and of the record, with exceptions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from cyclorama.sections.scorecard.rules.bands import (
    Band,
    Refused,
    band_of,
    checked_score,
    checked_weight,
    shown,
    tidied,
)
from cyclorama.sections.scorecard.rules.cards import (
    Card,
    Node,
    Outcome,
    Part,
    Result,
)
from cyclorama.sections.scorecard.rules.exceptions import (
    Criterion,
    applied,
    holds,
)
from cyclorama.sections.scorecard.rules.facts import (
    DAY,
    NOTHING,
    Fact,
    Override,
    StalePolicy,
    cleared,
    with_score,
)

_NO_TIME = timedelta()


def is_stale(fact: Fact, node: Node, now: datetime) -> bool:
    """Whether the score was neither set nor renewed within its validity."""
    return _days_over(fact, node, now) > 0


def _days_over(fact: Fact, node: Node, now: datetime) -> float:
    if fact.score is None or fact.validated_at is None or node.validity_days is None:
        return 0
    over = now - fact.validated_at - node.validity_days * DAY
    return over / DAY if over > _NO_TIME else 0


class _Leaf(NamedTuple):
    """A measure at an instant: its score as it counts and its weight."""

    node: Node
    score: float | None
    na_kind: str | None
    weight: float
    stale_days: float

    @property
    def counts(self) -> bool:
        return self.score is not None and self.weight > 0


def _leaf(node: Node, fact: Fact, now: datetime) -> _Leaf:
    over = _days_over(fact, node, now)
    score, kind, weight = fact.score, fact.na_kind, node.weight
    if over > 0 and node.stale_policy is StalePolicy.EXCLUDE:
        score, kind = None, "EXPIRED"
    if over > 0 and node.stale_policy is StalePolicy.DECAY:
        weight *= max(0.0, 1 - over / max(node.validity_days or 1, 1))
    return _Leaf(node, score, kind, weight, over)


def _mean(pairs: Iterable[tuple[float, float | None]]) -> float | None:
    """The weighted mean of (weight, score); None where nothing counts."""
    counted = [(w, s) for w, s in pairs if s is not None and w > 0]
    total = math.fsum(w for w, _ in counted)
    return math.fsum(w * s for w, s in counted) / total if counted else None


def compute(
    card: Card,
    facts: Mapping[str, Fact],
    now: datetime,
    *,
    entered: float | None = None,
    override: Override | None = None,
    attributes: Mapping[str, float | str | None] | None = None,
) -> Result:
    """All scores of a record on a card, from what is known of its measures by key.

    `entered` is the overall score of a card that does not roll up."""
    leaves = {
        n.key: _leaf(n, facts.get(n.key, NOTHING), now)
        for n in card.nodes
        if not n.is_group
    }
    inside = _inside(card, leaves)
    groups, parts = _grouped(card, leaves, inside, attributes or {})
    computed = entered if not card.roll_up else _sum(parts)
    coverage = _coverage(card, leaves, inside)
    insufficient = card.roll_up and coverage < tidied(card.min_coverage)
    overall = Outcome(computed=computed, score=None if insufficient else computed)
    if card.roll_up:
        scores = {k: o.score for k, o in groups.items()}
        seen = _Seen(card.bands, leaves, scores, attributes or {}, computed)
        excepted = _excepted(card, None, overall.score, seen)
        overall = replace(excepted, computed=computed)
    held = override is not None and now < override.expires_at
    if override is not None and held:
        overall = Outcome(computed=computed, score=override.score)
    return Result(
        overall=overall,
        groups=groups,
        parts=parts,
        coverage=coverage,
        stale_share=tidied(
            math.fsum(parts[k].weight for k, m in leaves.items() if m.stale_days > 0)
        ),
        override=override.reason if override is not None and held else None,
        insufficient=insufficient,
    )


_Inside = Mapping[str | None, list[_Leaf]]
_Attributes = Mapping[str, float | str | None]


def _grouped(
    card: Card, leaves: Mapping[str, _Leaf], inside: _Inside, attributes: _Attributes
) -> tuple[dict[str, Outcome], dict[str, Part]]:
    """The groups after their exceptions, and what nodes give then."""
    keys = [n.key for n in card.nodes if n.is_group]
    means = {k: _mean((m.weight, m.score) for m in inside[k]) for k in keys}
    plain = {k: Outcome(computed=mean, score=mean) for k, mean in means.items()}
    parts = _parts(card, leaves, inside, plain)
    seen = _Seen(card.bands, leaves, means, attributes, _sum(parts))
    groups = {k: _excepted(card, k, mean, seen) for k, mean in means.items()}
    if groups != plain:
        parts = _parts(card, leaves, inside, groups)
    return groups, parts


def _inside(card: Card, leaves: Mapping[str, _Leaf]) -> _Inside:
    """The measures of each group, and under None those of none."""
    groups = (n.key for n in card.nodes if n.is_group)
    found: dict[str | None, list[_Leaf]] = {k: [] for k in (*groups, None)}
    for leaf in leaves.values():
        found.setdefault(leaf.node.group, []).append(leaf)
    return found


def _sum(parts: Mapping[str, Part]) -> float | None:
    given = [p.contribution for p in parts.values() if p.contribution is not None]
    return math.fsum(given) if any(p.weight > 0 for p in parts.values()) else None


def _parts(
    card: Card,
    leaves: Mapping[str, _Leaf],
    inside: _Inside,
    groups: Mapping[str, Outcome],
) -> dict[str, Part]:
    """The effective weights add up to 1, unless nothing counts. A group that an exception
    changed stands for its measures."""
    shares: dict[str, float] = {}
    scores: dict[str, float | None] = {k: m.score for k, m in leaves.items()}
    tops = [(m.node.key, m.weight, m.score, [m]) for m in inside[None]]
    if card.flat:
        tops = [(k, m.weight, m.score, [m]) for k, m in leaves.items()]
    else:
        for node in card.nodes:
            if node.is_group:
                score = groups[node.key].score
                tops.append((node.key, node.weight, score, inside[node.key]))
    total = math.fsum(w for _, w, s, _ in tops if s is not None and w > 0)
    for key, weight, score, under in tops:
        share = weight / total if score is not None and weight > 0 else 0.0
        if key in groups and groups[key].exception is not None:
            shares[key], scores[key] = share, score
            continue
        own = math.fsum(m.weight for m in under if m.counts)
        for m in under:
            shares[m.node.key] = share * m.weight / own if m.counts else 0.0
    return {k: _part(shares.get(k, 0.0), s) for k, s in scores.items()}


def _part(share: float, score: float | None) -> Part:
    given = None if score is None else share * score
    return Part(weight=share, score=score, contribution=given)


def _coverage(card: Card, leaves: Mapping[str, _Leaf], inside: _Inside) -> float:
    """What is not applicable stands on neither side."""
    tops = {n.key: n.weight for n in card.nodes if n.is_group and not card.flat}
    scored, whole = [], []
    for key in [*tops, None]:
        own = list(leaves.values()) if card.flat else inside[key]
        asked = [m for m in own if m.na_kind != "NOT_APPLICABLE"]
        weight = math.fsum(m.node.weight for m in asked)
        known = math.fsum(m.node.weight for m in asked if m.score is not None)
        if weight > 0:
            share = weight if key is None else tops[key]
            scored.append(share * known / weight)
            whole.append(share)
    total = math.fsum(whole)
    return tidied(math.fsum(scored) / total) if total > 0 else 0.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """What criteria compare."""

    bands: Sequence[Band]
    leaves: Mapping[str, _Leaf]
    groups: Mapping[str, float | None]
    attributes: _Attributes
    overall: float | None = None

    def value(self, criterion: Criterion) -> float | str | None:
        leaf = self.leaves.get(criterion.key)
        score = None if leaf is None else leaf.score
        match criterion.left:
            case "MEASURE":
                return shown(score)
            case "BAND":
                band = band_of(score, self.bands)
                return None if band is None else band.label
            case "STALE_DAYS":
                return None if leaf is None or score is None else leaf.stale_days
            case "GROUP":
                return shown(self.groups.get(criterion.key))
            case "OVERALL":
                return shown(self.overall)
        return self.attributes.get(criterion.key)


def _excepted(
    card: Card, target: str | None, computed: float | None, seen: _Seen
) -> Outcome:
    """The first exception of the target whose criteria hold, and none after it."""
    for one in card.exceptions:
        if one.target != target or not one.active or not one.criteria:
            continue
        found = [holds(c, seen.value(c)) for c in one.criteria]
        if any(found) if one.any_of else all(found):
            score = applied(one.effect, one.value, computed)
            key = one.key if score != computed else None
            return Outcome(computed=computed, score=score, exception=key)
    return Outcome(computed=computed, score=computed)


def what_if(
    card: Card,
    facts: Mapping[str, Fact],
    now: datetime,
    *,
    scores: Mapping[str, float | None],
    weights: Mapping[str, float],
    entered: float | None = None,
    override: Override | None = None,
    attributes: Mapping[str, float | str | None] | None = None,
) -> Result:
    """As `compute`, with other scores (None: cleared) of measures and other weights of
    nodes, by key."""
    groups = {n.key: n.is_group for n in card.nodes}
    for key in (*scores, *weights):
        if key not in groups:
            raise Refused("LOOKUP_NOT_FOUND", f"The scorecard has no node {key!r}.")
    changed = dict(facts)
    for key, score in scores.items():
        if groups[key]:
            raise Refused("READ_ONLY", f"{key!r} is a group; set its measures.")
        fact = changed.get(key, NOTHING)
        changed[key] = (
            cleared(fact, "CLEARED", None, now)
            if score is None
            else with_score(fact, checked_score(score), None, now)
        )
    nodes = [
        replace(n, weight=checked_weight(weights.get(n.key, n.weight)))
        for n in card.nodes
    ]
    other = replace(card, nodes=nodes)
    return compute(
        other,
        changed,
        now,
        entered=entered,
        override=override,
        attributes=attributes,
    )
