"""Making the database hold the schemes, measures and cards of a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import new_id
from cyclorama.sections.scorecard.definitions import OF_CARD, OF_MEASURE
from cyclorama.sections.scorecard.file_entries import (
    CardEntry,
    Definitions,
    NodeEntry,
    SchemeEntry,
)
from cyclorama.sections.scorecard.tables import (
    GROUP,
    MEASURE,
    OVERALL,
    AssignmentRow,
    BandRow,
    CardRow,
    EventRow,
    HelpRow,
    MeasureRow,
    NodeRow,
    SchemeRow,
    ScoreRow,
)

Key = tuple[str, str]
"""Kind and key."""


class Saver:
    """Makes the database hold the definitions of a file; `touched` are then the cards
    whose scores have to be computed again."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.schemes: dict[str, str] = {}
        self.measures: dict[Key, str] = {}
        self.touched: dict[str, str | None] = {}
        """By id of a card the comparator that it had, where that has changed."""
        self.lost = 0
        """Scores and past scores of what was removed."""

    async def save(self, old: Definitions, new: Definitions) -> None:
        """Write what differs."""
        await self._schemes(old, new)
        await self._measures(old, new)
        await self._cards(old, new)
        await self._forget_measures(new)
        await self._forget_schemes(new)

    async def _ids(self, row: Any, *columns: Any) -> dict[Any, str]:
        found = (await self.session.execute(sa.select(row.id, *columns))).all()
        return {tuple(r[1:]): r[0] for r in found}

    async def _insert(self, row: Any, values: Sequence[Mapping[str, Any]]) -> None:
        if values:
            await self.session.execute(sa.insert(row.__table__), list(values))

    async def _delete(self, row: Any, *where: Any) -> int:
        found: Any = await self.session.execute(sa.delete(row.__table__).where(*where))
        return int(found.rowcount)

    async def _update(self, row: Any, id: str, values: Mapping[str, Any]) -> None:
        table = row.__table__
        await self.session.execute(
            sa.update(table).where(table.c.id == id).values(values)
        )

    async def _schemes(self, old: Definitions, new: Definitions) -> None:
        ids = await self._ids(SchemeRow, SchemeRow.kind)
        before = {s.kind: s for s in old.schemes}
        for scheme in new.schemes:
            id = ids.get((scheme.kind,))
            if id is None:
                id = new_id("scorecard_scheme")
                await self._insert(SchemeRow, [{"id": id, "kind": scheme.kind}])
            self.schemes[scheme.kind] = id
            if before.get(scheme.kind) != scheme:
                await self._delete(BandRow, BandRow.scheme_id == id)
                await self._insert(BandRow, [*_bands(id, scheme)])

    async def _measures(self, old: Definitions, new: Definitions) -> None:
        ids = await self._ids(MeasureRow, MeasureRow.record_kind, MeasureRow.key)
        before = {(m.kind, m.key): m for m in old.measures}
        for measure in new.measures:
            key = (measure.kind, measure.key)
            id = ids.get(key)
            values = {name: getattr(measure, name) for name in OF_MEASURE}
            rollup = measure.rollup
            values["rollup"] = None if rollup is None else rollup.model_dump()
            if id is None:
                id = new_id("measure")
                own = {"id": id, "record_kind": measure.kind, "key": measure.key}
                await self._insert(MeasureRow, [{**own, **values}])
            elif before.get(key) != measure:
                await self._update(MeasureRow, id, values)
            self.measures[key] = id
            if before.get(key) != measure:
                await self._delete(HelpRow, HelpRow.measure_id == id)
                helps = [
                    {"id": new_id("scorecard_help"), "measure_id": id, "position": n}
                    | h.model_dump()
                    for n, h in enumerate(measure.help)
                ]
                await self._insert(HelpRow, helps)

    async def _cards(self, old: Definitions, new: Definitions) -> None:
        ids = await self._ids(CardRow, CardRow.record_kind, CardRow.key)
        before = {(c.kind, c.key): c for c in old.cards}
        wanted = {(c.kind, c.key) for c in new.cards}
        changed = _changed(old, new)
        for known, card_id in ids.items():
            if known not in wanted:
                await self._forget_card(card_id)
        for card in new.cards:
            key = (card.kind, card.key)
            id = ids.get(key)
            values: dict[str, Any] = {name: getattr(card, name) for name in OF_CARD}
            values["scheme_id"] = self.schemes[card.scheme]
            values["criteria"] = [c.model_dump() for c in card.criteria]
            values["exceptions"] = [_kept(e) for e in card.exceptions]
            children = card.children
            values["children"] = None if children is None else children.model_dump()
            if id is None:
                id = new_id("scorecard_card")
                own = {"id": id, "record_kind": card.kind, "key": card.key}
                await self._insert(CardRow, [{**own, **values}])
            elif before[key] != card:
                await self._update(CardRow, id, values)
            if key not in before or before[key] != card:
                await self._nodes(id, card)
            if key in before and key in changed:
                comparator = before[key].comparator
                same = comparator == card.comparator
                self.touched[id] = None if same else comparator
                await self._update(CardRow, id, {"version": CardRow.version + 1})

    async def _nodes(self, card_id: str, card: CardEntry) -> None:
        query = sa.select(NodeRow.key, NodeRow.id, NodeRow.kind).where(
            NodeRow.card_id == card_id
        )
        there = {r.key: r for r in (await self.session.execute(query)).all()}
        wanted = list(self._wanted(card))
        kinds = {w["key"]: w["kind"] for w in wanted}
        gone = [r.id for k, r in there.items() if kinds.get(k) != r.kind]
        await self._update_groups(card_id)
        await self._forget_nodes(gone)
        kept = {k: r.id for k, r in there.items() if kinds.get(k) == r.kind}
        ids = {k: kept.get(k) or new_id("scorecard_node") for k in kinds}
        for place, values in enumerate(wanted):
            group = values.pop("group")
            own = {
                **values,
                "position": place,
                "group_id": None if group is None else ids[group],
            }
            if values["key"] in kept:
                await self._update(NodeRow, ids[values["key"]], own)
            else:
                id = ids[values["key"]]
                await self._insert(NodeRow, [{"id": id, "card_id": card_id, **own}])

    async def _update_groups(self, card_id: str) -> None:
        """Take measures out of their groups, so that groups can go."""
        table: Any = NodeRow.__table__
        await self.session.execute(
            sa.update(table).where(table.c.card_id == card_id).values(group_id=None)
        )

    def _wanted(self, card: CardEntry) -> Iterable[dict[str, Any]]:
        """The nodes of a card, groups before what is in them."""
        overall = {"kind": OVERALL, "key": "", "name": card.name, "weight": 1.0}
        yield {**overall, "measure_id": None, "group": None}
        for node in card.nodes:
            if node.measure is not None:
                yield self._part(card, node.measure, node.weight, None)
                continue
            yield {
                "kind": GROUP,
                "key": node.group,
                "name": node.name or node.group,
                "weight": node.weight,
                "measure_id": None,
                "group": None,
            }
            for one in node.measures:
                yield self._part(card, one.measure, one.weight, node.group)

    def _part(
        self, card: CardEntry, key: str, weight: float, group: str | None
    ) -> dict[str, Any]:
        return {
            "kind": MEASURE,
            "key": key,
            "name": key,
            "weight": weight,
            "measure_id": self.measures[card.kind, key],
            "group": group,
        }

    async def _forget_nodes(self, ids: Sequence[str]) -> None:
        if ids:
            self.lost += await self._delete(ScoreRow, ScoreRow.node_id.in_(ids))
            self.lost += await self._delete(EventRow, EventRow.node_id.in_(ids))
            await self._delete(NodeRow, NodeRow.id.in_(ids))

    async def _forget_card(self, id: str) -> None:
        query = sa.select(NodeRow.id).where(NodeRow.card_id == id)
        await self._update_groups(id)
        await self._forget_nodes(list(await self.session.scalars(query)))
        await self._delete(AssignmentRow, AssignmentRow.card_id == id)
        await self._delete(CardRow, CardRow.id == id)

    async def _forget_measures(self, new: Definitions) -> None:
        ids = await self._ids(MeasureRow, MeasureRow.record_kind, MeasureRow.key)
        wanted = {(m.kind, m.key) for m in new.measures}
        gone = [id for key, id in ids.items() if key not in wanted]
        if gone:
            await self._delete(HelpRow, HelpRow.measure_id.in_(gone))
            await self._delete(MeasureRow, MeasureRow.id.in_(gone))

    async def _forget_schemes(self, new: Definitions) -> None:
        ids = await self._ids(SchemeRow, SchemeRow.kind)
        wanted = {s.kind for s in new.schemes}
        gone = [id for (kind,), id in ids.items() if kind not in wanted]
        if gone:
            await self._delete(BandRow, BandRow.scheme_id.in_(gone))
            await self._delete(SchemeRow, SchemeRow.id.in_(gone))


def _bands(scheme_id: str, scheme: SchemeEntry) -> Iterable[dict[str, Any]]:
    for n, band in enumerate(scheme.bands):
        yield {
            "id": new_id("scorecard_band"),
            "scheme_id": scheme_id,
            "position": n,
            "label": band.label,
            "color": band.color,
            "low": band.from_,
            "high": band.to,
            "point": band.point,
        }


def _kept(exception: Any) -> dict[str, Any]:
    """An exception as `rules` read it."""
    values = exception.model_dump(exclude={"match", "criteria"})
    criteria = [{**c.model_dump(), "key": c.key or ""} for c in exception.criteria]
    return {**values, "any_of": exception.match == "ANY", "criteria": criteria}


def _changed(old: Definitions, new: Definitions) -> set[Key]:
    """Cards whose scores may be others: something of theirs, of a measure on them or of
    their scheme is new."""
    schemes = {s.kind for s in new.schemes if s not in old.schemes}
    measures = {(m.kind, m.key) for m in new.measures if m not in old.measures}
    return {
        (card.kind, card.key)
        for card in new.cards
        if card not in old.cards
        or card.scheme in schemes
        or any((card.kind, k) in measures for k in _measures(card.nodes))
    }


def _measures(nodes: Sequence[NodeEntry]) -> Iterable[str]:
    for node in nodes:
        if node.measure is not None:
            yield node.measure
        yield from (part.measure for part in node.measures)
