"""What somebody decides about a record's scorecard past measures and criteria."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import (
    Context,
    Payload,
    UserError,
    UserErrorCode,
    author_of,
    made,
    record_change,
    settings_or_refusals,
)
from cyclorama.sections.scorecard.ledger import Ledger, score_of
from cyclorama.sections.scorecard.rollups import companies_of, roll_up
from cyclorama.sections.scorecard.rules.bands import Refused
from cyclorama.sections.scorecard.state import State
from cyclorama.sections.scorecard.types import Score

LONGEST_REASON = 255


@strawberry.type(
    description="The overall score as it is now, or why nothing was changed."
)
class OverallScorePayload(Payload):
    scorecard_key: str | None = strawberry.field(
        description="Of the scorecard that the record has now."
    )
    overall: Score | None
    version: int | None = strawberry.field(
        description="Of the section by now, for the next `expectedVersion`."
    )
    errors: list[UserError]


@dataclass(frozen=True, slots=True)
class Done:
    """What the audit log is told, and the state as it is by now."""

    state: State
    before: Mapping[str, Any]
    after: Mapping[str, Any]


Work = Callable[[AsyncSession, Ledger], Awaitable[Done]]


async def change(
    ctx: Context,
    action: str,
    record_id: str,
    work: Work,
    *,
    may: Callable[[Sequence[Any]], str | None] | None = None,
) -> OverallScorePayload:
    """Do some work on a record in one transaction, where the viewer may; the ledger is
    saved after it. `may` says of the settings of the section why the viewer may not;
    without it that is who may override."""
    settings, errors = await settings_or_refusals(ctx, "scorecard", record_id)
    if not errors:
        refusal = _overrides(ctx, settings) if may is None else may(settings)
        if refusal is not None:
            errors = [_error("FORBIDDEN", refusal, "recordId")]
    if errors:
        return _refused(errors)
    ledger = Ledger(author=author_of(ctx), today=ctx.today, fields=ctx.settings.fields)
    try:
        async with ctx.database.write() as session:
            done = await work(session, ledger)
            await ledger.save(session)
            await roll_up(session, ledger, await companies_of(session, [record_id]))
            before, after = done.before, done.after
            await record_change(
                ctx, session, action, record_id, before=before, after=after
            )
    except Refused as refused:
        path = refused.path or "value"
        return _refused([_error(refused.code, refused.message, path)])
    hidden = {} if any(s.show_comments for s in settings) else {"comment": None}
    return OverallScorePayload(
        scorecard_key=done.state.settings.row.key,
        overall=made(Score, **score_of(done.state, "", ledger) | hidden),
        version=done.state.version,
        errors=[],
    )


def _overrides(ctx: Context, settings: Sequence[Any]) -> str | None:
    if ctx.is_admin or any(s.overridable for s in settings):
        return None
    return "Your layout does not let you override scores or pin scorecards."


def _refused(errors: list[UserError]) -> OverallScorePayload:
    return OverallScorePayload(
        scorecard_key=None, overall=None, version=None, errors=errors
    )


def _error(code: str, message: str, path: str) -> UserError:
    return UserError(path=[path], code=UserErrorCode[code], message=message)


def told(state: State) -> dict[str, Any]:
    """What the audit log is told of a record."""
    override = state.settings.override
    return {
        "scorecard": state.settings.row.key,
        "overall": state.fact("").score,
        "override": None if override is None else override.reason,
        "override_until": None if override is None else override.expires_at,
    }


def reason_of(given: str) -> str:
    """A reason, trimmed; `Refused` without one."""
    if not given.strip():
        raise Refused("REQUIRED", "Say why.", "reason")
    if len(given) > LONGEST_REASON:
        message = f"A reason has at most {LONGEST_REASON} characters."
        raise Refused("LENGTH", message, "reason")
    return given.strip()


def instant_of(given: datetime, path: str) -> datetime:
    """An instant; `Refused` without a time zone."""
    if given.tzinfo is None:
        message = "Give the instant with its time zone, as 2026-05-01T00:00:00Z."
        raise Refused("INVALID", message, path)
    return given
