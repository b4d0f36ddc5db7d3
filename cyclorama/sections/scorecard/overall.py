"""An overall score that people give, on scorecards that do not roll up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import Info
from cyclorama.sections.scorecard.assigning import (
    Done,
    OverallScorePayload,
    change,
    told,
)
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.masks import COMMENT, OVERALL, check_open
from cyclorama.sections.scorecard.mutations import (
    EXPECTED,
    LONGEST_COMMENT,
    wanted_score,
)
from cyclorama.sections.scorecard.rules.bands import Refused
from cyclorama.sections.scorecard.rules.facts import cleared, with_score
from cyclorama.sections.scorecard.state import State
from cyclorama.sections.scorecard.writing import check_version, locked_state


@strawberry.input(
    description="An overall score: a value from 0 to 100, the label of a band, or none."
)
class SetOverallScoreInput:
    record_id: strawberry.ID
    value: float | None = None
    band: str | None = strawberry.field(
        default=None,
        description="Stands for the point of the band, its middle if not set.",
    )
    clear: bool = strawberry.field(
        default=False, description="Take the score away; without `value` and `band`."
    )
    comment: str | None = strawberry.field(
        default=None,
        description="Replaces the comment; without one a new value has none, and a value "
        "that stays keeps it.",
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


async def set_overall_score(
    info: Info, input: SetOverallScoreInput
) -> OverallScorePayload:
    """Score a record as a whole, where its scorecard does not roll up (`rollsUp`).

    Groups and measures have scores of their own then, which don't count for it. The
    value that is there already counts as a renewal.
    """
    ctx = info.context

    async def work(session: AsyncSession, ledger: Ledger) -> Done:
        check_open(ctx, OVERALL, "value")
        if input.comment is not None:
            check_open(ctx, COMMENT, "comment")
            _check_comment(input.comment)
        state = await locked_state(ctx, session, input.record_id)
        check_version(state, input.expected_version)
        _check_state(state, ctx.now)
        before, fact = told(state), state.fact("")
        if not input.clear:
            value = wanted_score(input, state.settings.bands)
            ledger.enter(state, with_score(fact, value, input.comment, ctx.now))
        elif input.value is not None or input.band is not None:
            raise Refused("INVALID", "Give a score or clear it, not both.", "clear")
        elif fact.score is not None:
            ledger.enter(state, cleared(fact, "CLEARED", input.comment, ctx.now))
        return Done(state, before, told(state))

    return await change(ctx, "scorecard.set_overall", input.record_id, work, may=_may)


def _may(settings: Sequence[Any]) -> str | None:
    """Why the viewer may not; an overall score is none of the measures of a list."""
    if any(s.editable and s.editable_measures is None for s in settings):
        return None
    return "Your layout does not let you change overall scores."


def _check_comment(comment: str) -> None:
    if len(comment) > LONGEST_COMMENT:
        message = f"A comment has at most {LONGEST_COMMENT:,} characters."
        raise Refused("LENGTH", message, "comment")


def _check_state(state: State, now: datetime) -> None:
    """`Refused` where the overall score is not for people to give."""
    if state.card.roll_up:
        message = (
            "The overall score is made of the measures; set those, or override it with "
            "overrideScore."
        )
        raise Refused("READ_ONLY", message, "recordId")
    override = state.settings.override
    if override is not None and now < override.expires_at:
        message = "The overall score is overridden; end that with removeOverride."
        raise Refused("INVALID_STATE", message, "recordId")
