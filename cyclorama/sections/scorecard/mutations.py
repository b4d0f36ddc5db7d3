"""Setting, renewing and clearing scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import strawberry

from cyclorama.plugins import (
    Context,
    Info,
    Payload,
    UserError,
    UserErrorCode,
    made,
    settings_or_refusals,
)
from cyclorama.sections.scorecard.ledger import Ledger, score_of
from cyclorama.sections.scorecard.masks import (
    COMMENT,
    COMMENTED,
    MEASURED,
    check_open,
)
from cyclorama.sections.scorecard.rules import facts
from cyclorama.sections.scorecard.rules.bands import Band, Refused, checked_score
from cyclorama.sections.scorecard.rules.facts import Fact
from cyclorama.sections.scorecard.state import State
from cyclorama.sections.scorecard.types import Measure, MeasureScore, NaKind, Score
from cyclorama.sections.scorecard.writing import Change, write

LONGEST_COMMENT = 32_000
COMMENT_ON = "scorecard.comment"
EXPECTED = (
    "The section's `version` that was read; where it is another by now, nothing is "
    "changed: CONFLICT."
)


@strawberry.input(description="A value from 0 to 100, or the label of a band.")
class SetScoreInput:
    record_id: strawberry.ID
    measure_key: str
    value: float | None = None
    band: str | None = strawberry.field(
        default=None,
        description="Stands for the point of the band, its middle if not set.",
    )
    comment: str | None = strawberry.field(
        default=None,
        description="Replaces the comment; without one a new value has none, and a value "
        "that stays keeps it.",
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="A score that is still right.")
class RenewScoreInput:
    record_id: strawberry.ID
    measure_key: str
    comment: str | None = strawberry.field(
        default=None, description="Without one the comment stays."
    )
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.input(description="A score to take away.")
class ClearScoreInput:
    record_id: strawberry.ID
    measure_key: str
    kind: NaKind = strawberry.field(
        default=NaKind.CLEARED, description="CLEARED or NOT_APPLICABLE."
    )
    comment: str | None = None
    expected_version: int | None = strawberry.field(default=None, description=EXPECTED)


@strawberry.type(
    description="The measure and the overall score as they are now, or why nothing was "
    "changed."
)
class ScorePayload(Payload):
    measure: MeasureScore | None
    overall: Score | None
    version: int | None = strawberry.field(
        description="Of the section by now, for the next `expectedVersion`."
    )
    errors: list[UserError]


async def set_score(info: Info, input: SetScoreInput) -> ScorePayload:
    """Score a measure that people score; groups and the overall score follow at once.

    The value that is there already counts as a renewal.
    """
    now = info.context.now

    def apply(fact: Fact, bands: Sequence[Band]) -> Fact:
        return facts.with_score(fact, wanted_score(input, bands), input.comment, now)

    return await change_score(info.context, "scorecard.set", input, apply)


async def renew_score(info: Info, input: RenewScoreInput) -> ScorePayload:
    """Confirm the score of a measure unchanged: it is valid from now on again."""
    now = info.context.now

    def apply(fact: Fact, bands: Sequence[Band]) -> Fact:
        return facts.renewed(fact, input.comment, now)

    return await change_score(info.context, "scorecard.renew", input, apply)


async def clear_score(info: Info, input: ClearScoreInput) -> ScorePayload:
    """Take the score of a measure away; it no longer counts."""
    now, kind = info.context.now, input.kind.value

    def apply(fact: Fact, bands: Sequence[Band]) -> Fact:
        if fact.score is None and (fact.na_kind, fact.comment) == (kind, input.comment):
            return fact
        return facts.cleared(fact, kind, input.comment, now)

    return await change_score(info.context, "scorecard.clear", input, apply)


def wanted_score(input: Any, bands: Sequence[Band]) -> float:
    """The score that is asked for, by its value or its band."""
    if input.band is None:
        if input.value is None:
            raise Refused("REQUIRED", "Give a value or a band.", "value")
        return checked_score(input.value)
    if input.value is not None:
        raise Refused("INVALID", "Give a value or a band, not both.", "band")
    for band in bands:
        if band.label == input.band:
            return band.value
    known = ", ".join(b.label for b in bands)
    message = f"There is no band {input.band[:80]!r}; use one of: {known}."
    raise Refused("LOOKUP_NOT_FOUND", message, "band")


_PATHS = {
    "scorecard.set": "value",
    "scorecard.renew": "measureKey",
    "scorecard.clear": "kind",
    COMMENT_ON: "comment",
}
"""What is at fault where the rules refuse."""


async def change_score(
    ctx: Context,
    action: str,
    input: Any,
    apply: Callable[[Fact, Sequence[Band]], Fact],
) -> ScorePayload:
    """Change what is known of a measure in one transaction, where the viewer may."""
    settings, errors = await settings_or_refusals(ctx, "scorecard", input.record_id)
    if errors:
        return _refused(errors)
    only_comment = action == COMMENT_ON
    closed = {"scorecard.set": "value", COMMENT_ON: "comment"}.get(action, "measureKey")

    def check(node: Any) -> None:
        check_open(ctx, COMMENTED if only_comment else MEASURED, closed)
        if input.comment is not None:
            check_open(ctx, COMMENT, "comment")
        check_change(node, settings, action, input.comment)

    change = Change(
        record_id=input.record_id,
        measure=input.measure_key,
        action=action,
        check=check,
        apply=apply,
        expected=input.expected_version,
        only_comment=only_comment,
    )
    try:
        async with ctx.database.write_directly() as session:
            state, ledger = await write(ctx, session, change)
    except Refused as refused:
        error = UserError(
            path=[refused.path or _PATHS[action]],
            code=UserErrorCode[refused.code],
            message=refused.message,
        )
        return _refused([error])
    return _payload(state, ledger, input.measure_key, settings)


def _refused(errors: list[UserError]) -> ScorePayload:
    return ScorePayload(measure=None, overall=None, version=None, errors=errors)


def check_change(
    node: Any, settings: Sequence[Any], action: str, comment: str | None
) -> None:
    """`Refused` where people don't score a measure, where the settings of the section
    don't let the viewer, and for a comment that is missing or too long."""
    if node.input != "MANUAL" and action != COMMENT_ON:
        message = f"The measure {node.key!r} is scored by rules, not by people."
        raise Refused("READ_ONLY", message, "measureKey")
    if not any(s.may_edit(node.key) for s in settings):
        message = f"Your layout does not let you change {node.key!r}."
        raise Refused("FORBIDDEN", message, "measureKey")
    if comment is not None and len(comment) > LONGEST_COMMENT:
        message = f"A comment has at most {LONGEST_COMMENT:,} characters."
        raise Refused("LENGTH", message, "comment")
    if action == COMMENT_ON and not any(s.show_comments for s in settings):
        message = "Your layout does not show comments."
        raise Refused("FORBIDDEN", message, "comment")
    is_needed = node.comment_required and action in ("scorecard.set", COMMENT_ON)
    if is_needed and not (comment or "").strip():
        raise Refused("REQUIRED", f"Say why {node.name!r} has this score.", "comment")


def _payload(
    state: State, ledger: Ledger, key: str, settings: Sequence[Any]
) -> ScorePayload:
    node = state.node(key)
    measure = made(
        Measure,
        id=node.measure_id,
        key=node.key,
        name=node.measure_name,
        description=node.description,
        input=node.input,
        validity_days=node.validity_days,
    )
    hidden = {} if any(s.show_comments for s in settings) else {"comment": None}
    score = made(Score, **score_of(state, key, ledger) | hidden)
    return ScorePayload(
        measure=made(MeasureScore, measure=measure, weight=node.weight, score=score),
        overall=made(Score, **score_of(state, "", ledger) | hidden),
        version=state.version,
        errors=[],
    )
