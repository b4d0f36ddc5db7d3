"""Why a score is what it is, and what it would be: computed by the rules, on reading."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import strawberry

from cyclorama.plugins import Context, InvalidInputError
from cyclorama.sections.scorecard.masks import SCORES
from cyclorama.sections.scorecard.rules.bands import Refused, shown, tidied
from cyclorama.sections.scorecard.rules.cards import Result
from cyclorama.sections.scorecard.rules.rollup import what_if
from cyclorama.sections.scorecard.state import State, learn, states

MOST_VALUES = 200


@strawberry.input(
    description="A score of a measure, or a weight of a measure or a group, by its key."
)
class NodeValueInput:
    node: str
    value: float | None = None


@strawberry.type(description="What a measure gives to the overall score.")
class ScoreContribution:
    node: str = strawberry.field(
        description="The key of the measure, or of a group that an exception changed, "
        "which then stands for its measures."
    )
    name: str
    weight: float
    effective_weight: float = strawberry.field(
        description="Its share of the overall score, from 0 to 1."
    )
    value: int | None
    contribution: float | None
    exception: str | None = strawberry.field(
        description="What changed the group; null for a measure."
    )


@strawberry.type(
    description="The contributions add up to `computed`; `exception` or `override` says "
    "what then changed it. A scorecard that does not roll up has no contributions."
)
class ScoreExplanation:
    computed: float | None
    value: int | None
    coverage: float = strawberry.field(
        description="The share of the weight that is scored, from 0 to 1."
    )
    min_coverage: float = strawberry.field(
        default=0.0, description="The least `coverage` that the scorecard asks for."
    )
    insufficient_data: bool = strawberry.field(
        default=False,
        description="Whether `coverage` is less than that, so that what is `computed` is "
        "no overall score.",
    )
    stale_share: float = strawberry.field(
        default=0.0,
        description="The share of the overall score that is made of stale measures, from "
        "0 to 1.",
    )
    contributions: list[ScoreContribution]
    exception: str | None
    override: str | None = strawberry.field(
        description="Why somebody holds the overall score at `value`; null where nobody "
        "does."
    )
    override_until: datetime | None = strawberry.field(
        default=None, description="When that ends."
    )


NOTHING = ScoreExplanation(
    computed=None,
    value=None,
    coverage=0.0,
    contributions=[],
    exception=None,
    override=None,
)


async def explained(
    rows: Sequence[tuple[str]], context: Context
) -> list[ScoreExplanation]:
    """Record ids in, explanations out, same order."""
    return await supposed(rows, context)


async def supposed(
    rows: Sequence[tuple[str]],
    context: Context,
    scores: list[NodeValueInput] | None = None,
    weights: list[NodeValueInput] | None = None,
) -> list[ScoreExplanation]:
    """Record ids in, explanations with these scores and weights out, same order; empty
    ones where scores are hidden from the viewer."""
    changed = _by_node("scores", scores or [])
    heavier = _by_node("weights", weights or [])
    if not context.masked.fields.isdisjoint(SCORES):
        return [NOTHING for _ in rows]
    known = await asyncio.gather(*(context.load(_states, r) for (r,) in rows))
    return [
        NOTHING if state is None else _explained(state, context, changed, heavier)
        for state in known
    ]


async def _states(context: Context, ids: Sequence[str]) -> list[State | None]:
    """Record ids in, what is known of their scorecards out, same order."""
    found = await states(context.reading.execute, ids)
    await learn(context.reading.execute, found, context.settings.fields)
    return [found.get(i) for i in ids]


def _by_node(name: str, values: Sequence[NodeValueInput]) -> dict[str, float | None]:
    if len(values) > MOST_VALUES:
        raise InvalidInputError(
            f"The argument `{name}` holds {len(values)} values; at most {MOST_VALUES} "
            "are allowed."
        )
    found: dict[str, float | None] = {}
    for given in values:
        if given.node in found:
            raise InvalidInputError(
                f"The argument `{name}` names {given.node[:80]!r} twice; keep one."
            )
        found[given.node] = given.value
    return found


def _explained(
    state: State,
    context: Context,
    scores: Mapping[str, float | None],
    weights: Mapping[str, float | None],
) -> ScoreExplanation:
    other = {k: w for k, w in weights.items() if w is not None}
    try:
        result = what_if(
            state.card,
            state.facts,
            context.now,
            scores=scores,
            weights=other,
            entered=state.entered,
            override=state.settings.override,
            attributes=state.attributes,
        )
    except Refused as refused:
        raise InvalidInputError(refused.message) from None
    held = state.settings.override if result.override is not None else None
    return ScoreExplanation(
        computed=_tidied(result.overall.computed),
        value=shown(result.overall.score),
        coverage=result.coverage,
        min_coverage=state.card.min_coverage,
        insufficient_data=result.insufficient,
        stale_share=result.stale_share,
        contributions=[
            _contribution(state, node, result, other.get(node.key, node.weight))
            for node in state.nodes
            if state.card.roll_up and node.key in result.parts
        ],
        exception=words_of(state, result.overall.exception),
        override=result.override,
        override_until=None if held is None else held.expires_at,
    )


def _contribution(
    state: State, node: Any, result: Result, weight: float
) -> ScoreContribution:
    part, group = result.parts[node.key], result.groups.get(node.key)
    return ScoreContribution(
        node=node.key,
        name=node.measure_name or node.name,
        weight=weight,
        effective_weight=tidied(part.weight),
        value=shown(part.score),
        contribution=_tidied(part.contribution),
        exception=None if group is None else words_of(state, group.exception),
    )


def _tidied(value: float | None) -> float | None:
    return None if value is None else tidied(value)


def words_of(state: State, exception: str | None) -> str | None:
    """What an exception says of itself: its note, or its key."""
    notes = {e.key: e.note or e.key for e in state.card.exceptions}
    return None if exception is None else notes[exception]
