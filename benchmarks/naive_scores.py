"""The scorecard of the naive variant: rows by loaders, all else in Python."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import strawberry

from benchmarks.arithmetic import NO_SCORE, closes, known, score
from benchmarks.naive_loaders import loaders
from benchmarks.shapes import Measure, Score, ScorePoint

Info = strawberry.Info
Private = strawberry.Private


async def _score(info: Info, card: Any, node: Any, record: str) -> Score:
    now = datetime.now(UTC)
    rows = await loaders(info).scores.load(record)
    held = next((r for r in rows if r.node_id == node.id), None)
    bands = await loaders(info).bands.load(card.scheme_id)
    value = None if held is None else known(held, now)
    inside = (b for b in bands if value is not None and value <= b.high)
    return score(held, next(inside, None), card.dead_band, now, now.date())


async def _card(info: Info, record: str) -> Any:
    assigned = await loaders(info).assignment.load(record)
    if assigned:
        return await loaders(info).card.load(assigned[0].card_id)
    found = await loaders(info).cards.load("COMPANY")
    return next((c for c in found if c.is_default), None)


@strawberry.type
class MeasureScore:
    node: Private[Any]
    card: Private[Any]
    record: Private[str]

    @strawberry.field
    async def measure(self, info: Info) -> Measure:
        row = await loaders(info).measure.load(self.node.measure_id)
        return Measure(key=row.key, name=row.name)

    @strawberry.field
    async def score(self, info: Info) -> Score:
        return await _score(info, self.card, self.node, self.record)


@strawberry.type
class GroupScore:
    node: Private[Any]
    nodes: Private[list[Any]]
    card: Private[Any]
    record: Private[str]

    @strawberry.field
    def key(self) -> str:
        return self.node.key

    @strawberry.field
    def name(self) -> str:
        return self.node.name

    @strawberry.field
    def weight(self) -> float:
        return self.node.weight

    @strawberry.field
    async def score(self, info: Info) -> Score:
        return await _score(info, self.card, self.node, self.record)

    @strawberry.field
    def measures(self) -> list[MeasureScore]:
        return [
            MeasureScore(node=n, card=self.card, record=self.record)
            for n in self.nodes
            if n.group_id == self.node.id
        ]


@strawberry.type
class Scorecard:
    record: Private[str]

    async def _nodes(self, info: Info) -> tuple[Any, list[Any]]:
        card = await _card(info, self.record)
        return card, await loaders(info).nodes.load(card.id) if card else []

    @strawberry.field
    async def scorecard_name(self, info: Info) -> str:
        card = await _card(info, self.record)
        return card.name if card else ""

    @strawberry.field
    async def overall(self, info: Info) -> Score:
        return await health_of(info, self.record)

    @strawberry.field
    async def groups(self, info: Info) -> list[GroupScore]:
        card, nodes = await self._nodes(info)
        return [
            GroupScore(node=n, nodes=nodes, card=card, record=self.record)
            for n in nodes
            if n.kind == "GROUP"
        ]

    @strawberry.field
    async def history(self, info: Info, weeks: int = 18) -> list[ScorePoint]:
        _, nodes = await self._nodes(info)
        whole = {n.id for n in nodes if n.kind == "OVERALL"}
        rows = await loaders(info).events.load(self.record)
        events = [r for r in rows if r.node_id in whole]
        return closes(events, weeks, datetime.now(UTC).date())


async def health_of(info: Info, record: str) -> Score:
    """The overall score."""
    card = await _card(info, record)
    nodes = await loaders(info).nodes.load(card.id) if card else []
    for node in nodes:
        if node.kind == "OVERALL":
            return await _score(info, card, node, record)
    return NO_SCORE
