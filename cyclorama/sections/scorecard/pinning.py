"""Scorecards that records are given by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import Context, Info, kind_of_id
from cyclorama.sections.scorecard.assigning import (
    Done,
    OverallScorePayload,
    change,
    instant_of,
    reason_of,
    told,
)
from cyclorama.sections.scorecard.cards_given import assign, choose_cards, leave_end
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.mutations import EXPECTED
from cyclorama.sections.scorecard.recomputing import settle_moved
from cyclorama.sections.scorecard.rules.bands import Refused
from cyclorama.sections.scorecard.state import State
from cyclorama.sections.scorecard.statements import executing, lock_of
from cyclorama.sections.scorecard.tables import AssignmentRow, CardRow
from cyclorama.sections.scorecard.writing import check_version, locked_state

NOT_PINNED: Mapping[str, Any] = {"pin_reason": None, "pinned_until": None}


@strawberry.input(description="A scorecard for a record, whatever criteria say.")
class PinScorecardInput:
    record_id: strawberry.ID
    scorecard_key: str = strawberry.field(description="Of the record's kind.")
    reason: str = strawberry.field(description="At most 255 characters.")
    until: datetime | None = strawberry.field(
        default=None,
        description="When criteria decide again; without it the scorecard stays until it "
        "is unpinned.",
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="A record whose scorecard criteria are to decide again.")
class UnpinScorecardInput:
    record_id: strawberry.ID
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


async def pin_scorecard(info: Info, input: PinScorecardInput) -> OverallScorePayload:
    """Give a record a scorecard by hand; criteria do not change it while it is pinned.

    Scores that the record has on that scorecard from before are there again.
    """
    ctx = info.context

    async def work(session: AsyncSession, ledger: Ledger) -> Done:
        until = _until(input.until, ctx.now)
        values: dict[str, Any] = {
            "pin_reason": reason_of(input.reason),
            "pinned_until": until,
            "by_rule": False,
        }
        before = await _state_before(ctx, session, input)
        query = select(CardRow.id).where(
            CardRow.record_kind == kind_of_id(input.record_id).upper(),
            CardRow.key == input.scorecard_key,
        )
        found = await executing(session)(query, {})
        if not found:
            message = (
                f"There is no scorecard {input.scorecard_key[:80]!r} of this kind."
            )
            raise Refused("LOOKUP_NOT_FOUND", message, "scorecardKey")
        if before is None or before.settings.card_id != found[0].id:
            values["since"] = ctx.now
        await assign(session, input.record_id, card_id=found[0].id, **values)
        if until is not None:
            await leave_end(session, input.record_id, until, ctx.now)
        return await _moved(ctx, session, ledger, input.record_id, before)

    return await change(ctx, "scorecard.pin", input.record_id, work)


async def unpin_scorecard(
    info: Info, input: UnpinScorecardInput
) -> OverallScorePayload:
    """Let criteria decide again which scorecard a record has."""
    ctx = info.context

    async def work(session: AsyncSession, ledger: Ledger) -> Done:
        before = await _state_before(ctx, session, input)
        query = select(AssignmentRow.card_id, AssignmentRow.by_rule).where(
            AssignmentRow.record_id == input.record_id
        )
        held = await executing(session)(query, {})
        if not held or held[0].by_rule:
            message = "The record's scorecard is not pinned."
            raise Refused("INVALID_STATE", message, "recordId")
        card = held[0].card_id
        given = {**NOT_PINNED, "by_rule": True}
        await assign(session, input.record_id, card_id=card, **given)
        await choose_cards(session, [input.record_id], ctx.fields, ctx.now)
        return await _moved(ctx, session, ledger, input.record_id, before)

    return await change(ctx, "scorecard.unpin", input.record_id, work)


async def _state_before(
    ctx: Context, session: AsyncSession, input: Any
) -> State | None:
    """The state of a locked record; None where it has had no card."""
    given = {"ids": [input.record_id]}
    await executing(session)(lock_of(kind_of_id(input.record_id)), given)
    try:
        state = await locked_state(ctx, session, input.record_id)
    except Refused:
        return None
    check_version(state, input.expected_version)
    return state


async def _moved(
    ctx: Context,
    session: AsyncSession,
    ledger: Ledger,
    record_id: str,
    before: State | None,
) -> Done:
    state = await locked_state(ctx, session, record_id)
    if before is None or before.settings.card_id != state.settings.card_id:
        held = None if before is None else before.settings.row.key
        await settle_moved(session, ledger, {record_id: held})
        state = await locked_state(ctx, session, record_id)
    return Done(state, {} if before is None else told(before), told(state))


def _until(given: datetime | None, now: datetime) -> datetime | None:
    if given is None:
        return None
    until = instant_of(given, "until")
    if until <= now:
        raise Refused("RANGE", "A pin ends in the future.", "until")
    return until
