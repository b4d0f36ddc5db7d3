"""Setting scores of many records at once, row by row, with a dry run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Any

import strawberry
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import (
    Context,
    Info,
    Payload,
    UserError,
    UserErrorCode,
    append_entries,
    audit_entry,
    author_of,
    kind_of_id,
    settings_of_records,
)
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.masks import COMMENT, MEASURED, check_open
from cyclorama.sections.scorecard.mutations import (
    SetScoreInput,
    check_change,
    wanted_score,
)
from cyclorama.sections.scorecard.recomputing import PAGE
from cyclorama.sections.scorecard.rollups import companies_of, roll_up
from cyclorama.sections.scorecard.rules.bands import Refused, shown
from cyclorama.sections.scorecard.rules.facts import with_score
from cyclorama.sections.scorecard.state import State, learn, states
from cyclorama.sections.scorecard.statements import KINDS, executing, lock_of
from cyclorama.sections.scorecard.writing import NO_CARD, check_version, measure_of

MOST_ROWS = 5_000
ACTION = "scorecard.set"


@strawberry.enum(
    description="What became of a row; a value that was there already is RENEWED."
)
class BulkScoreStatus(Enum):
    CHANGED = "CHANGED"
    RENEWED = "RENEWED"
    REFUSED = "REFUSED"


@strawberry.input(description="Scores to set, at most 5,000.")
class BulkSetScoresInput:
    rows: list[SetScoreInput]
    dry_run: bool = strawberry.field(
        default=False,
        description="Say what would become of each row, and save nothing.",
    )


@strawberry.type(description="What became of a row; the rows are in their order.")
class BulkScoreResult:
    record_id: strawberry.ID
    measure_key: str
    status: BulkScoreStatus
    value: int | None = strawberry.field(
        description="The measure's score after the call; null for a refused row."
    )
    overall: int | None = strawberry.field(
        description="The record's overall score after all rows; null for a refused row."
    )
    errors: list[UserError] = strawberry.field(
        description="Why the row was refused; paths are those of its fields."
    )


@strawberry.type(
    description="What became of each row. A refused row changes nothing, and keeps no "
    "other from being saved; `errors` refuse the whole call."
)
class BulkSetScoresPayload(Payload):
    results: list[BulkScoreResult]
    changed: int
    renewed: int
    refused: int
    errors: list[UserError]


@dataclass(slots=True)
class _Row:
    """A row while it is worked on."""

    input: SetScoreInput
    status: BulkScoreStatus = BulkScoreStatus.RENEWED
    value: int | None = None
    overall: int | None = None
    errors: list[UserError] = field(default_factory=list)

    def refuse(self, errors: Sequence[UserError]) -> None:
        self.status, self.errors = BulkScoreStatus.REFUSED, list(errors)


async def bulk_set_scores(
    info: Info, input: BulkSetScoresInput
) -> BulkSetScoresPayload:
    """Score measures of many records in one transaction.

    Each row is checked as by `setScore`. Rows that can't be are refused one by one, the
    others are saved together, unless it is a dry run.
    """
    if not 1 <= len(input.rows) <= MOST_ROWS:
        message = f"Give 1 to {MOST_ROWS:,} rows, not {len(input.rows):,}."
        code = UserErrorCode.LIMIT_EXCEEDED if input.rows else UserErrorCode.REQUIRED
        errors = [UserError(path=["rows"], code=code, message=message)]
        return BulkSetScoresPayload(
            results=[], changed=0, renewed=0, refused=0, errors=errors
        )
    rows = [_Row(r) for r in input.rows]
    work = _Bulk(info.context, await _permitted(info.context, rows))
    if input.dry_run:
        await work.compute(info.context.reading.execute, None)
    else:
        async with info.context.database.write() as session:
            await work.save(session)
    counts = [sum(r.status is s for r in rows) for s in BulkScoreStatus]
    return BulkSetScoresPayload(
        results=[_result(r) for r in rows],
        changed=counts[0],
        renewed=counts[1],
        refused=counts[2],
        errors=[],
    )


def _result(row: _Row) -> BulkScoreResult:
    return BulkScoreResult(
        record_id=row.input.record_id,
        measure_key=row.input.measure_key,
        status=row.status,
        value=row.value,
        overall=row.overall,
        errors=row.errors,
    )


Permitted = dict[str, tuple[list[Any], list[_Row]]]
"""By record the section's settings for the viewer, and the rows."""


async def _permitted(ctx: Context, rows: Sequence[_Row]) -> Permitted:
    """The rows by record; those of records that the viewer may not change are refused."""
    held: dict[str, list[_Row]] = {}
    seen = set[tuple[str, str]]()
    for row in rows:
        key = (str(row.input.record_id), row.input.measure_key)
        if key in seen:
            message = "An earlier row names the same measure of the record; keep one."
            row.refuse([_error("measureKey", "DUPLICATE", message)])
        else:
            held.setdefault(key[0], []).append(row)
        seen.add(key)
    found: Permitted = {}
    ids = iter(held)
    while page := list(islice(ids, PAGE)):
        allowed = await settings_of_records(ctx, "scorecard", page)
        for record, (settings, errors) in zip(page, allowed, strict=True):
            if errors:
                for row in held[record]:
                    row.refuse(errors)
            else:
                found[record] = (settings, held[record])
    return found


def _error(path: str, code: str, message: str) -> UserError:
    return UserError(path=[path], code=UserErrorCode[code], message=message)


class _Bulk:
    """The work on the rows of a call."""

    def __init__(self, ctx: Context, permitted: Permitted) -> None:
        self.ctx, self.permitted = ctx, permitted
        self.ledger = Ledger(
            author=author_of(ctx), today=ctx.today, fields=ctx.settings.fields
        )
        self.entries: list[Any] = []

    async def save(self, session: AsyncSession) -> None:
        """Change the scores. All records are locked first, those of one kind in their
        order, so that no two calls wait for each other."""
        parts = await companies_of(session, list(self.permitted))
        for kind in KINDS:
            ids = {i for i in self.permitted if kind_of_id(i) == kind}
            if kind == "company":
                ids.update(parts)
            if ids:
                await executing(session)(lock_of(kind), {"ids": sorted(ids)})
        await self.compute(executing(session), session)
        await roll_up(session, self.ledger, parts)
        await append_entries(session, self.entries)

    async def compute(self, execute: Any, session: AsyncSession | None) -> None:
        """Work on a page of records after the other, and save it in the session."""
        ids = iter(
            sorted(self.permitted, key=lambda i: (KINDS.index(kind_of_id(i)), i))
        )
        while page := list(islice(ids, PAGE)):
            known = await states(execute, page, numbers=True)
            await learn(execute, known, self.ledger.fields)
            for record in page:
                self._record(record, known.get(record))
            if session is not None:
                await self.ledger.save(session)

    def _record(self, record: str, state: State | None) -> None:
        settings, rows = self.permitted[record]
        if state is None:
            for row in rows:
                row.refuse([_error("recordId", "INVALID_STATE", NO_CARD)])
            return
        before = {"overall": state.fact("").score}
        facts = {}
        for row in rows:
            key = row.input.measure_key
            try:
                check_version(state, row.input.expected_version)
                node = measure_of(state, key)
                check_open(self.ctx, MEASURED, "value")
                if row.input.comment is not None:
                    check_open(self.ctx, COMMENT, "comment")
                check_change(node, settings, ACTION, row.input.comment)
                score = wanted_score(row.input, state.settings.bands)
            except Refused as refused:
                path = refused.path or "value"
                row.refuse([_error(path, refused.code, refused.message)])
                continue
            old = state.fact(key)
            new = with_score(old, score, row.input.comment, self.ctx.now)
            row.value = shown(new.score)
            if old.score != new.score:
                row.status = BulkScoreStatus.CHANGED
            facts[key], before[key] = new, old.score
        if facts:
            self.ledger.settle(state, facts)
        after = {
            key: state.fact("" if key == "overall" else key).score for key in before
        }
        entry = audit_entry(self.ledger.author, ACTION, record, before, after)
        if facts:
            self.entries.append(entry)
        for row in rows:
            if row.status is not BulkScoreStatus.REFUSED:
                row.overall = shown(state.fact("").score)
