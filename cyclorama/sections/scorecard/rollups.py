"""Scores of companies that are made of those of their relationships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from cyclorama.plugins import (
    Direct,
    PicklistItemRow,
    RelationshipRow,
    RelationshipTypeRow,
    kind_of_id,
)
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.rules.choosing import Aggregate, aggregated
from cyclorama.sections.scorecard.rules.facts import Fact, with_score
from cyclorama.sections.scorecard.state import State, learn, states
from cyclorama.sections.scorecard.statements import IDS, Execute, executing
from cyclorama.sections.scorecard.tables import (
    OVERALL,
    AssignmentRow,
    CardRow,
    MeasureRow,
    NodeRow,
    ScoreRow,
)

ROLLUP = "ROLLUP"
_default = aliased(CardRow)
_usual = (
    select(_default.id)
    .where(_default.record_kind == "RELATIONSHIP", _default.is_default)
    .order_by(_default.rank, _default.id)
    .limit(1)
    .scalar_subquery()
)
_card = func.coalesce(AssignmentRow.card_id, _usual)
_known = sa.and_(
    ScoreRow.node_id == NodeRow.id, ScoreRow.record_id == RelationshipRow.id
)
OF_RELATIONSHIPS = (
    select(
        RelationshipRow.company_id,
        RelationshipTypeRow.key.label("type"),
        PicklistItemRow.key.label("status"),
        RelationshipRow.arr_minor,
        ScoreRow.score,
    )
    .join(RelationshipTypeRow, RelationshipTypeRow.id == RelationshipRow.type_id)
    .outerjoin(PicklistItemRow, PicklistItemRow.id == RelationshipRow.status_id)
    .outerjoin(AssignmentRow, AssignmentRow.record_id == RelationshipRow.id)
    .outerjoin(NodeRow, sa.and_(NodeRow.card_id == _card, NodeRow.kind == OVERALL))
    .outerjoin(ScoreRow, _known)
    .where(RelationshipRow.company_id.in_(IDS))
)
"""The relationships of companies with their overall scores."""
COMPANIES = (
    select(RelationshipRow.company_id).where(RelationshipRow.id.in_(IDS)).distinct()
)
ANY_ROLLUP = select(MeasureRow.id).where(MeasureRow.input == ROLLUP).limit(1)


def is_rolled_up(state: State) -> bool:
    """Whether something on the card is made of relationships."""
    return any(n.input == ROLLUP for n in state.nodes)


async def rolled_up(
    execute: Execute, known: Mapping[str, State], now: datetime
) -> dict[str, dict[str, Fact]]:
    """By company, the facts of its measures that are made of relationships."""
    wanted = {r: s for r, s in known.items() if is_rolled_up(s)}
    if not wanted:
        return {}
    held: dict[str, list[Any]] = {}
    for row in await execute(OF_RELATIONSHIPS, {"ids": sorted(wanted)}):
        held.setdefault(row.company_id, []).append(row)
    return {
        record: {
            node.key: _fact(
                state.fact(node.key), node.rollup, held.get(record, ()), now
            )
            for node in state.nodes
            if node.input == ROLLUP
        }
        for record, state in wanted.items()
    }


def _fact(old: Fact, rule: Any, rows: Sequence[Any], now: datetime) -> Fact:
    score = aggregated(
        [(r.score, r.arr_minor) for r in rows if _counts(rule, r)],
        Aggregate(rule["aggregate"]),
        worst=rule["worst"],
        band=(rule["above"], rule["up_to"]),
    )
    if score == old.score:
        return old
    if score is None:
        return Fact(previous=old.score, set_at=now)
    return with_score(old, score, None, now)


def _counts(rule: Any, row: Any) -> bool:
    """Whether a relationship is of the types and statuses that a rule asks for."""
    of_type = not rule["types"] or row.type in rule["types"]
    return of_type and (not rule["statuses"] or row.status in rule["statuses"])


async def roll_up(
    session: Direct | AsyncSession, ledger: Ledger, companies: Sequence[str]
) -> None:
    """Compute what companies have of their relationships, in the session's transaction.

    Who has changed a relationship calls it before the transaction ends; companies are
    locked after relationships, and by their ids."""
    execute = executing(session)
    if not companies or not await execute(ANY_ROLLUP, {}):
        return
    known = await states(execute, sorted(set(companies)), lock=True)
    await learn(execute, known, ledger.fields)
    for record, facts in (await rolled_up(execute, known, ledger.author.at)).items():
        if any(known[record].fact(k) != f for k, f in facts.items()):
            ledger.settle(known[record], facts)
    await ledger.save(session)


async def companies_of(session: Direct | AsyncSession, ids: Sequence[str]) -> list[str]:
    """The companies of those of these records that are relationships."""
    own = [i for i in ids if kind_of_id(i) == "relationship"]
    if not own:
        return []
    rows = await executing(session)(COMPANIES, {"ids": own})
    return [row.company_id for row in rows]
