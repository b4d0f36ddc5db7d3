"""Leaving answers out of all numbers, and noting something of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import (
    Context,
    EventKind,
    Info,
    Payload,
    UserError,
    UserErrorCode,
    find_nodes,
    kind_of_id,
    record_change,
    settings_or_refusals,
)
from cyclorama.sections.surveys.events import EXCLUDED, INCLUDED, event_of_review
from cyclorama.sections.surveys.rules import checked_text
from cyclorama.sections.surveys.tables import ResponseRow, ReviewRow
from cyclorama.sections.surveys.types import SurveyResponse

LONGEST_REASON: Final = 255
LONGEST_REMARK: Final = 32_000
_FIELDS: Final = (
    "excluded_reason",
    "excluded_by",
    "excluded_at",
    "remark",
    "remark_by",
    "remark_at",
)


class Refused(Exception):
    """What can't be done: the input field at fault, a code, what to do."""

    def __init__(self, path: str, code: str, message: str) -> None:
        super().__init__(message)
        self.path, self.code, self.message = path, code, message


@strawberry.input(description="An answer to leave out of all numbers.")
class ExcludeSurveyResponseInput:
    id: strawberry.ID
    reason: str = strawberry.field(description="At most 255 characters.")
    expected_version: int | None = None


@strawberry.input(description="An answer to count again.")
class IncludeSurveyResponseInput:
    id: strawberry.ID
    expected_version: int | None = None


@strawberry.input(description="What is to be noted of an answer.")
class RemarkSurveyResponseInput:
    id: strawberry.ID
    remark: str | None = strawberry.field(
        description="Plain text, at most 32,000 characters; null takes it away."
    )
    expected_version: int | None = None


@strawberry.type(description="The answer as it is now, or why nothing was changed.")
class SurveyResponsePayload(Payload):
    response: SurveyResponse | None
    errors: list[UserError]


async def exclude_survey_response(
    info: Info, input: ExcludeSurveyResponseInput
) -> SurveyResponsePayload:
    """Leave an answer out of all numbers, on all pages, from now on. Admins alone may
    do so.

    It stays in the list of answers, with the reason.
    """
    ctx = info.context

    def apply(row: ReviewRow) -> None:
        _check_admin(ctx)
        if row.excluded_reason is not None:
            raise Refused("id", "INVALID_STATE", "The answer is left out already.")
        row.excluded_reason = _text(input.reason, LONGEST_REASON, "reason")
        row.excluded_by, row.excluded_at = ctx.viewer.id, ctx.now

    closed = ("SurveyResponse.isExcluded", "SurveyResponse.excludedReason")
    return await _changed(ctx, input, "survey.exclude", closed, apply, tells=EXCLUDED)


async def include_survey_response(
    info: Info, input: IncludeSurveyResponseInput
) -> SurveyResponsePayload:
    """Count an answer again that was left out. Admins alone may
    do so."""
    ctx = info.context

    def apply(row: ReviewRow) -> None:
        _check_admin(ctx)
        if row.excluded_reason is None:
            raise Refused("id", "INVALID_STATE", "The answer counts.")
        row.excluded_reason = row.excluded_by = row.excluded_at = None

    closed = ("SurveyResponse.isExcluded", "SurveyResponse.excludedReason")
    return await _changed(ctx, input, "survey.include", closed, apply, tells=INCLUDED)


async def remark_survey_response(
    info: Info, input: RemarkSurveyResponseInput
) -> SurveyResponsePayload:
    """Note something of an answer, for colleagues, or take the note away."""
    ctx = info.context

    def apply(row: ReviewRow) -> None:
        if ctx.viewer.kind != "USER":
            raise Refused("id", "FORBIDDEN", "Only users write remarks.")
        text = None
        if input.remark is not None:
            text = _text(input.remark, LONGEST_REMARK, "remark")
        if text != row.remark:
            row.remark = text
            row.remark_by = None if text is None else ctx.viewer.id
            row.remark_at = None if text is None else ctx.now

    closed = ("SurveyResponse.remark",)
    return await _changed(ctx, input, "survey.remark", closed, apply, edits=True)


def _check_admin(ctx: Context) -> None:
    if not ctx.is_admin:
        raise Refused("id", "FORBIDDEN", "What counts is decided by admins.")


def _text(text: str, longest: int, path: str) -> str:
    code, message = checked_text(text, longest)
    if code:
        raise Refused(path, code, message)
    return text.strip()


async def _changed(
    ctx: Context,
    input: Any,
    action: str,
    closed: tuple[str, ...],
    apply: Callable[[ReviewRow], None],
    *,
    edits: bool = False,
    tells: EventKind | None = None,
) -> SurveyResponsePayload:
    """Change what is decided about an answer, in one transaction."""
    try:
        await _check_reach(ctx, input.id, edits=edits)
        if not (ctx.masked.fields | ctx.masked.read_only).isdisjoint(closed):
            raise Refused("id", "READ_ONLY", "You may not change this here.")
        async with ctx.database.write() as session:
            row = await _locked(session, input.id)
            before = _told(row)
            expected = input.expected_version
            if expected is not None and expected != row.version:
                message = (
                    f"The answer is at version {row.version} by now; read it again."
                )
                raise Refused("expectedVersion", "CONFLICT", message)
            apply(row)
            if _told(row) != before:
                row.version += 1
                session.add(row)
                await session.flush()
                told = () if tells is None else (tells,)
                await record_change(
                    ctx,
                    session,
                    action,
                    row.id,
                    before=before,
                    after=_told(row),
                    events=[await event_of_review(session, k, row.id) for k in told],
                )
    except Refused as refused:
        code = UserErrorCode[refused.code]
        error = UserError(path=[refused.path], code=code, message=refused.message)
        return SurveyResponsePayload(response=None, errors=[error])
    await ctx.renew()
    (response,) = await find_nodes(ctx, [input.id])
    return SurveyResponsePayload(response=response, errors=[])


async def _check_reach(ctx: Context, response: str, *, edits: bool) -> None:
    """`Refused` as for one that is not there where the viewer may not see the answer, and
    where the layout does not let them write."""
    absent = Refused("id", "NOT_FOUND", f"There is no answer {response[:80]!r}.")
    found = None
    if kind_of_id(response) == "survey_response":
        (found,) = await find_nodes(ctx, [response])
    if found is None:
        raise absent
    query = sa.select(ResponseRow.company_id, ResponseRow.relationship_id)
    rows = await ctx.reading.execute(query.where(ResponseRow.id == response))
    ((company, relationship),) = rows
    settings, errors = await settings_or_refusals(
        ctx, "surveys", relationship or company
    )
    if errors:
        raise absent
    if edits and not any(s.editable for s in settings):
        message = "Your layout does not let you write remarks on answers."
        raise Refused("id", "FORBIDDEN", message)


async def _locked(session: AsyncSession, response: str) -> ReviewRow:
    """What is decided about the answer, which nobody else changes until the end."""
    answer = sa.select(ResponseRow.id).where(ResponseRow.id == response)
    await session.execute(answer.with_for_update(key_share=True))
    row = await session.get(ReviewRow, response)
    return ReviewRow(id=response, version=0) if row is None else row


def _told(row: ReviewRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _FIELDS}
