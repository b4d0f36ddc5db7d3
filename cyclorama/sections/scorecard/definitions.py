"""Schemes, measures and cards in the database, read as a file has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.sections.scorecard.file_entries import (
    CardEntry,
    Definitions,
    MeasureEntry,
    SchemeEntry,
)
from cyclorama.sections.scorecard.tables import (
    GROUP,
    MEASURE,
    BandRow,
    CardRow,
    HelpRow,
    MeasureRow,
    NodeRow,
    SchemeRow,
)

OF_MEASURE = (
    "name",
    "description",
    "input",
    "validity_days",
    "stale_policy",
    "comment_required",
)
OF_CARD = (
    "name",
    "is_default",
    "rank",
    "roll_up",
    "flat",
    "min_coverage",
    "dead_band",
    "comparator",
)


async def load(session: AsyncSession) -> Definitions:
    """All of them, each list in its order."""
    schemes = await _all(session, SchemeRow, SchemeRow.kind)
    bands = _by(await _all(session, BandRow, BandRow.position), "scheme_id")
    measures = await _all(session, MeasureRow, MeasureRow.record_kind, MeasureRow.key)
    helps = _by(await _all(session, HelpRow, HelpRow.position), "measure_id")
    cards = await _all(session, CardRow, CardRow.record_kind, CardRow.key)
    nodes = _by(await _all(session, NodeRow, NodeRow.position, NodeRow.id), "card_id")
    kinds, keys = {s.id: s.kind for s in schemes}, {m.id: m.key for m in measures}
    return Definitions(
        schemes=[_scheme(s, bands.get(s.id, ())) for s in schemes],
        measures=[_measure(m, helps.get(m.id, ())) for m in measures],
        cards=[_card(c, kinds[c.scheme_id], nodes.get(c.id, ()), keys) for c in cards],
    )


async def _all(session: AsyncSession, row: Any, *order: Any) -> Sequence[Any]:
    """Plain rows, as a session would keep mapped ones and not see what is new."""
    query = sa.select(*row.__table__.c).order_by(*order)
    return (await session.execute(query)).all()


def _by(rows: Sequence[Any], column: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(getattr(row, column), []).append(row)
    return found


def _given(**values: Any) -> dict[str, Any]:
    return {k: v for k, v in values.items() if v is not None}


def _scheme(row: Any, bands: Sequence[Any]) -> SchemeEntry:
    held = [
        _given(label=b.label, color=b.color, to=b.high, point=b.point) | {"from": b.low}
        for b in bands
    ]
    return SchemeEntry.model_validate({"kind": row.kind, "bands": held})


def _measure(row: Any, helps: Sequence[Any]) -> MeasureEntry:
    values = {name: getattr(row, name) for name in OF_MEASURE}
    return MeasureEntry.model_validate(
        {
            "key": row.key,
            "kind": row.record_kind,
            "rollup": row.rollup,
            "help": [{"label": h.label, "text": h.text} for h in helps],
            **values,
        }
    )


def _card(
    row: Any, scheme: str, nodes: Sequence[Any], measures: Mapping[str, str]
) -> CardEntry:
    inside = _by(nodes, "group_id")
    held: list[dict[str, Any]] = []
    for node in nodes:
        if node.kind == GROUP:
            parts = [
                {"measure": measures[n.measure_id], "weight": n.weight}
                for n in inside.get(node.id, ())
            ]
            name = None if node.name == node.key else node.name
            held.append(
                _given(group=node.key, name=name)
                | {"weight": node.weight, "measures": parts}
            )
        elif node.kind == MEASURE and node.group_id is None:
            held.append({"measure": measures[node.measure_id], "weight": node.weight})
    return CardEntry.model_validate(
        {
            "key": row.key,
            "kind": row.record_kind,
            "scheme": scheme,
            "criteria": row.criteria,
            "children": row.children,
            "nodes": held,
            "exceptions": [_exception(e) for e in row.exceptions],
            **{name: getattr(row, name) for name in OF_CARD},
        }
    )


def _exception(held: Mapping[str, Any]) -> dict[str, Any]:
    """As a file has it of what `rules` read."""
    values = {k: v for k, v in held.items() if k not in ("any_of", "criteria")}
    criteria = [{**c, "key": c.get("key") or None} for c in held["criteria"]]
    match = "ANY" if held.get("any_of") else "ALL"
    return {**values, "match": match, "criteria": criteria}
