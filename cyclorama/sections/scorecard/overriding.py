"""An overall score that somebody holds at a value for a while."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import Info
from cyclorama.sections.scorecard.assigning import (
    Done,
    OverallScorePayload,
    change,
    instant_of,
    reason_of,
    told,
)
from cyclorama.sections.scorecard.cards_given import assign, leave_end
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.masks import OVERALL, check_open
from cyclorama.sections.scorecard.mutations import EXPECTED, wanted_score
from cyclorama.sections.scorecard.rules.bands import Refused
from cyclorama.sections.scorecard.rules.facts import Override, check_override
from cyclorama.sections.scorecard.state import State
from cyclorama.sections.scorecard.writing import check_version, locked_state

NOT_OVERRIDDEN: Mapping[str, Any] = {
    "override_score": None,
    "override_reason": None,
    "override_until": None,
}


@strawberry.input(
    description="An overall score to hold for a while: a value from 0 to 100, or the label "
    "of a band."
)
class OverrideScoreInput:
    record_id: strawberry.ID
    value: float | None = None
    band: str | None = strawberry.field(
        default=None,
        description="Stands for the point of the band, its middle if not set.",
    )
    reason: str = strawberry.field(
        description="Shown beside the score as `explanation.override`; at most 255 characters."
    )
    expires_at: datetime = strawberry.field(
        description="When the computed score is back; at most 90 days from now."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="A record whose overall score is to be the computed one.")
class RemoveOverrideInput:
    record_id: strawberry.ID
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


async def override_score(info: Info, input: OverrideScoreInput) -> OverallScorePayload:
    """Have the overall score of a record be another one than is computed, for a while.

    It comes before exceptions and what measures say, until it ends or is removed. An
    override that is there already is replaced.
    """
    ctx = info.context

    async def work(session: AsyncSession, ledger: Ledger) -> Done:
        check_open(ctx, OVERALL, "value")
        state = await locked_state(ctx, session, input.record_id)
        check_version(state, input.expected_version)
        value = wanted_score(input, state.settings.bands)
        override = Override(
            score=value,
            reason=reason_of(input.reason),
            expires_at=instant_of(input.expires_at, "expiresAt"),
        )
        try:
            check_override(override, ctx.now)
        except Refused as refused:
            raise Refused(refused.code, refused.message, "expiresAt") from None
        return await _override(session, ledger, state, override)

    return await change(ctx, "scorecard.override", input.record_id, work)


async def remove_override(
    info: Info, input: RemoveOverrideInput
) -> OverallScorePayload:
    """End the override of a record's overall score; the computed one is back at once."""
    ctx = info.context

    async def work(session: AsyncSession, ledger: Ledger) -> Done:
        check_open(ctx, OVERALL, "recordId")
        state = await locked_state(ctx, session, input.record_id)
        check_version(state, input.expected_version)
        if state.settings.override is None:
            message = "The record's overall score is not overridden."
            raise Refused("INVALID_STATE", message, "recordId")
        return await _override(session, ledger, state, None)

    return await change(ctx, "scorecard.remove_override", input.record_id, work)


async def _override(
    session: AsyncSession, ledger: Ledger, state: State, override: Override | None
) -> Done:
    """Keep an override, or none, and note the overall score that follows."""
    before = told(state)
    values = NOT_OVERRIDDEN
    if override is not None:
        values = {
            "override_score": override.score,
            "override_reason": override.reason,
            "override_until": override.expires_at,
        }
    card = state.settings.card_id
    await assign(session, state.record_id, card_id=card, **values)
    if override is not None:
        until, now = override.expires_at, ledger.author.at
        await leave_end(session, state.record_id, until, now)
    state.settings = replace(state.settings, override=override)
    state.given += 1
    ledger.settle(state)
    return Done(state, before, told(state))
