"""Changing the score of a measure: it, its group and the overall score, all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import (
    Context,
    Direct,
    author_of,
    direct,
    kind_of_id,
    record_change,
)
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.rollups import companies_of, roll_up
from cyclorama.sections.scorecard.rules.bands import Band, Refused
from cyclorama.sections.scorecard.rules.facts import Fact
from cyclorama.sections.scorecard.state import (
    State,
    Whole,
    learn,
    state_of,
    whole_cards,
)
from cyclorama.sections.scorecard.statements import (
    cards_of,
    executing,
    known_of_one,
    lock_of_one,
)

NO_CARD = "The record has no scorecard; an admin makes one of its kind the default."


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to become of a measure of a record."""

    record_id: str
    measure: str
    action: str
    """As the audit log names it."""
    check: Callable[[Any], None]
    """Raises `Refused` for a node whose score may not be changed."""
    apply: Callable[[Fact, Sequence[Band]], Fact]
    """The fact as it will be; may raise `Refused`."""
    expected: int | None = None
    """The version that the record's scores have to have."""
    only_comment: bool = False
    """Whether the score is neither set nor confirmed."""


async def write(ctx: Context, session: Direct, change: Change) -> tuple[State, Ledger]:
    """Make a change in the session's transaction: scores, events and the audit log.

    `Refused` is raised before anything is written. Changes of one record wait for each
    other, so that each computes from what the others left."""
    state = await locked_state(ctx, session, change.record_id)
    ledger = Ledger(author=author_of(ctx), today=ctx.today, fields=ctx.settings.fields)
    check_version(state, change.expected)
    node = measure_of(state, change.measure)
    change.check(node)
    old, overall = state.fact(node.key), state.fact("").score
    new = change.apply(old, state.settings.bands)
    if new == old:
        return state, ledger
    if change.only_comment:
        return state, await _remark(ctx, session, change, ledger, state, new)
    ledger.settle(state, {node.key: new})
    companies = await companies_of(session, [change.record_id])
    if companies:
        await ledger.save(session, tell=False)
        await roll_up(session, ledger, companies)
    await record_change(
        ctx,
        session,
        change.action,
        change.record_id,
        before={node.key: old.score, "overall": overall},
        after={node.key: new.score, "overall": state.fact("").score},
        events=ledger.changes.take(),
        first=ledger.taken(),
    )
    return state, ledger


async def _remark(
    ctx: Context,
    session: Direct,
    change: Change,
    ledger: Ledger,
    state: State,
    new: Fact,
) -> Ledger:
    before = {"version": state.version}
    ledger.remark(state, change.measure, new)
    after = {"version": state.version, "comment": change.measure}
    await record_change(
        ctx,
        session,
        change.action,
        change.record_id,
        before=before,
        after=after,
        first=ledger.taken(),
    )
    return ledger


def check_version(state: State, expected: int | None) -> None:
    """`Refused` where somebody has changed the record's scores since."""
    if expected is not None and expected != state.version:
        message = (
            f"The scorecard is at version {state.version} by now; read it again and "
            "decide what to keep."
        )
        raise Refused("CONFLICT", message, "expectedVersion")


def measure_of(state: State, key: str) -> Any:
    """The node of a measure; `Refused` where the card has none of this key."""
    node = state.node(key)
    if node is None or node.measure_id is None:
        message = f"The record's scorecard has no measure {key[:80]!r}."
        raise Refused("LOOKUP_NOT_FOUND", message, "measureKey")
    return node


async def locked_state(
    ctx: Context, session: Direct | AsyncSession, record_id: str
) -> State:
    """The state of a record that nobody else changes until the transaction ends."""
    kind, at = kind_of_id(record_id), direct(session)
    own = {"id": record_id}
    if at.dialect != "sqlite":  # where nobody else writes at all
        await at.fetch(lock_of_one(kind), own)
    while True:
        known = await at.fetch(known_of_one(kind), own)
        if not known or known[0].card_id is None:
            raise Refused("INVALID_STATE", NO_CARD, "recordId")
        card_id, version = known[0].card_id, known[0].version
        key = ("scorecard", card_id, version)
        card: Whole | None = ctx.database.made.find(key)
        if card is None:
            rows = await at.fetch(cards_of(), {"cards": [card_id]})
            card = whole_cards(rows).get(card_id)
            if card is None or card[0].row.version != version:
                continue  # somebody has changed the card in between
            ctx.database.made.put(key, card)
        state = state_of(record_id, known, card)
        await learn(executing(session), {record_id: state}, ctx.settings.fields)
        return state
