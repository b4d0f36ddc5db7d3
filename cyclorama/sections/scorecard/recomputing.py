"""Scores of many records, all anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import RelationshipRow, kind_of_id
from cyclorama.sections.scorecard.cards_given import choose_cards
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.rollups import ANY_ROLLUP, rolled_up
from cyclorama.sections.scorecard.rules.bands import Band, band_of, shown
from cyclorama.sections.scorecard.rules.exceptions import ATTRIBUTE
from cyclorama.sections.scorecard.rules.trends import (
    Comparator,
    first_of_period,
    next_period,
)
from cyclorama.sections.scorecard.state import State, learn, states
from cyclorama.sections.scorecard.statements import IDS, KINDS, RECORDS, executing
from cyclorama.sections.scorecard.tables import (
    AssignmentRow,
    CardRow,
    EventRow,
    NodeRow,
    ScoreRow,
)

PAGE = 500
"""Records that are in memory at a time."""


@dataclass(slots=True)
class Effect:
    """What became of many records."""

    records: int = 0
    """Those that were computed."""
    moved: int = 0
    """Those that have another card now."""
    changed: int = 0
    """Those whose overall score is another, on the same card."""
    up: int = 0
    down: int = 0
    bands: int = 0
    """Those whose band has another label."""
    points: int = 0
    """By how much all of them changed together."""
    most: int = 0
    """By how much one changed at most."""

    def note(
        self, state: State, before: float | None, bands: Sequence[Band] | None = None
    ) -> None:
        """Count a record whose overall score was this one, in other bands if given."""
        self.records += 1
        old, new = shown(before), shown(state.fact("").score)
        now = state.settings.bands
        self.bands += _label(old, bands or now) != _label(new, now)
        if old == new:
            return
        self.changed += 1
        if old is not None and new is not None:
            self.up += new > old
            self.down += new < old
            self.points += abs(new - old)
            self.most = max(self.most, abs(new - old))


def _label(value: int | None, bands: Sequence[Band]) -> str | None:
    band = band_of(value, bands)
    return None if band is None else band.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The cards that there were before a file was applied."""

    bands: Mapping[tuple[str, str], Sequence[Band]]
    """By kind and key."""
    usual: Mapping[str, str]
    """By kind the key of the default card, where another card is that now."""
    gone: Mapping[str, str]
    """By record the key of a card that it was given and that is there no more."""


async def close_page(
    session: AsyncSession,
    ledger: Ledger,
    kind: str,
    after: str,
    fields: Sequence[Any],
    effect: Effect,
) -> tuple[str, str] | None:
    """Bring the next records up to what time has made of them; the kind and the id to go
    on behind, None at the end."""
    if after or await _has_cards(session, kind):
        ids = await page_of(session, kind, after)
        await recompute(session, ledger, ids, fields, effect)
        if ids:
            return kind, ids[-1]
    left = KINDS[KINDS.index(kind) + 1 :]
    return (left[0], "") if left else None


async def _has_cards(session: AsyncSession, kind: str) -> bool:
    """Whether there is a card of this kind; without any no record of it has scores."""
    query = select(CardRow.id).where(CardRow.record_kind == kind.upper()).limit(1)
    return bool(await executing(session)(query, {}))


async def page_of(session: AsyncSession, kind: str, after: str) -> list[str]:
    """The ids of the next records of a kind, in their order."""
    id = RECORDS[kind].id
    query = select(id).where(id > after).order_by(id).limit(PAGE)
    return list(await session.scalars(query))


async def recompute(
    session: AsyncSession,
    ledger: Ledger,
    ids: Sequence[str],
    fields: Sequence[Any],
    effect: Effect,
    touched: Mapping[str, str | None] | None = None,
    before: Before | None = None,
) -> None:
    """Choose the cards of records of one kind and compute their scores: of those that
    have another card now, and of those with scores on the cards `touched`, None: on any.
    `touched` says which comparator a card had, where that has changed."""
    moved = await choose_cards(session, ids, fields, ledger.author.at)
    if before is not None:
        moved |= await _left(session, ids, before)
    effect.moved += len(moved)
    wanted = moved.keys() | await _scored(session, ids, touched)
    known = await states(executing(session), sorted(wanted), lock=True)
    await learn(executing(session), known, ledger.fields)
    facts = await rolled_up(executing(session), known, ledger.author.at)
    await _rebase(session, ledger, known, touched or {})
    for record, state in known.items():
        score = state.fact("").score
        if record in moved:
            ledger.begin(state)
            ledger.changes.move(state, moved[record])
        ledger.refresh(state)
        ledger.settle(state, facts.get(record))
        if record not in moved:
            row = state.settings.row
            old = {} if before is None else before.bands
            effect.note(state, score, old.get((row.record_kind, row.key)))
    await ledger.save(session)


async def _left(
    session: AsyncSession, ids: Sequence[str], before: Before
) -> dict[str, str]:
    """Those of records of one kind whose card is gone, or was the default and no longer
    is, with its key."""
    found = {record: before.gone[record] for record in ids if record in before.gone}
    usual = before.usual.get(kind_of_id(ids[0]).upper()) if ids else None
    if usual is not None:
        query = select(AssignmentRow.record_id).where(AssignmentRow.record_id.in_(ids))
        given = found.keys() | set(await session.scalars(query))
        found |= {record: usual for record in ids if record not in given}
    return found


async def settle_moved(
    session: AsyncSession, ledger: Ledger, moved: Mapping[str, str | None]
) -> None:
    """Compute the scores of records that have another card than before, the one with this
    key."""
    if not moved:
        return
    known = await states(executing(session), sorted(moved), lock=True)
    await learn(executing(session), known, ledger.fields)
    facts = await rolled_up(executing(session), known, ledger.author.at)
    for record, state in known.items():
        ledger.begin(state)
        ledger.changes.move(state, moved[record])
        ledger.refresh(state)
        ledger.settle(state, facts.get(record))
    await ledger.save(session)


async def settle_attributed(
    session: AsyncSession, ledger: Ledger, ids: Sequence[str]
) -> None:
    """Compute the scores of records of one kind that have changed, where exceptions of
    their cards ask for their attributes."""
    if not ids:
        return
    execute, kind = executing(session), kind_of_id(ids[0])
    query = select(CardRow.exceptions).where(CardRow.record_kind == kind.upper())
    held = [e for row in await execute(query, {}) for e in row.exceptions]
    if not any(c["left"] == ATTRIBUTE for e in held for c in e["criteria"]):
        return
    for start in range(0, len(ids), PAGE):
        known = await states(execute, ids[start : start + PAGE], lock=True)
        await learn(execute, known, ledger.fields)
        for state in known.values():
            if state.rows and state.attributes:
                ledger.settle(state)
        await ledger.save(session)


async def _scored(
    session: AsyncSession, ids: Sequence[str], touched: Mapping[str, Any] | None
) -> set[str]:
    """The records that have scores on these cards, or may get some from others."""
    nodes = select(NodeRow.id)
    if touched is not None:
        nodes = nodes.where(NodeRow.card_id.in_(list(touched)))
    query = select(ScoreRow.record_id).where(ScoreRow.record_id.in_(ids))
    if touched is not None:
        query = query.where(ScoreRow.node_id.in_(nodes))
    found = set(await session.scalars(query.distinct()))
    if await executing(session)(ANY_ROLLUP, {}):
        parts = select(RelationshipRow.company_id).where(
            RelationshipRow.company_id.in_(ids)
        )
        found |= set(await session.scalars(parts.distinct()))
    return found


async def _rebase(
    session: AsyncSession, ledger: Ledger, known: Mapping[str, State], cards: Any
) -> None:
    """Note what the trend of records compares with where their card has another
    comparator than before."""
    groups: dict[Comparator, dict[str, State]] = {}
    for record, state in known.items():
        if cards.get(state.settings.card_id):
            comparator = Comparator(state.settings.row.comparator)
            groups.setdefault(comparator, {})[record] = state
    for comparator, own in groups.items():
        if comparator is Comparator.PREVIOUS_VALUE:
            for state in own.values():
                for key, row in list(state.rows.items()):
                    base = shown(row.previous)
                    ledger.rewrite(state, key, base=base, base_until=None)
            continue
        is_renewal = comparator is Comparator.AT_LAST_RENEWAL
        until = None if is_renewal else next_period(comparator, ledger.today)
        query = _bases(comparator, ledger.today)
        rows = await session.execute(query, {"ids": sorted(own)})
        bases = {(r.record_id, r.node_id): r.base for r in rows}
        for record, state in own.items():
            for key in list(state.rows):
                base = bases.get((record, state.node(key).id))
                ledger.rewrite(state, key, base=base, base_until=until)


def _bases(comparator: Comparator, today: date) -> sa.Select[Any]:
    """What the nodes of records closed with before the running week, month or quarter,
    or had at the last renewal."""
    where = EventRow.day < first_of_period(comparator, today)
    if comparator is Comparator.AT_LAST_RENEWAL:
        where = EventRow.kind == "RENEW"
    newest = (
        select(EventRow.value)
        .where(EventRow.record_id == ScoreRow.record_id)
        .where(EventRow.node_id == ScoreRow.node_id, where)
        .order_by(EventRow.day.desc(), EventRow.number.desc())
        .limit(1)
        .correlate(ScoreRow)
        .scalar_subquery()
    )
    return select(ScoreRow.record_id, ScoreRow.node_id, newest.label("base")).where(
        ScoreRow.record_id.in_(IDS)
    )
