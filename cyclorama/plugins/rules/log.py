"""What rules have done, for the command line and for admins in the graph."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
import strawberry

from cyclorama.errors import ForbiddenError, InvalidInputError
from cyclorama.resolvers.context import Info
from cyclorama.storage.engine import Reading
from cyclorama.storage.rules import RUNS
from cyclorama.storage.types import wire_instant

MOST: Final = 1_000
LONGEST_KEY: Final = 80


@strawberry.type(description="What a rule did with one record.")
class RuleRunDetail:
    record_id: strawberry.ID
    action: str = strawberry.field(
        description="The key of the action, or `condition` where it is the rule's "
        "condition in CEL that failed."
    )
    status: str = strawberry.field(description="CHANGED, UNCHANGED or FAILED.")
    reason: str | None = strawberry.field(description="Why it failed.")


@strawberry.type(description="What a rule did: to one batch of events, or in one run.")
class RuleRun:
    id: strawberry.ID
    rule: str = strawberry.field(description="The key of the rule.")
    trigger: str = strawberry.field(
        description="The kind of the events, `schedule` or `demand`."
    )
    at: datetime
    state: str = strawberry.field(
        description="DONE; CAPPED where it would have touched more records than it "
        "may; CONDITION_FAILED where the condition in CEL could not be evaluated of as "
        "many records as `failed` says, on which nothing was done."
    )
    records: int = strawberry.field(
        description="Records that met its conditions; a CAPPED run over all records looks "
        "no further than for one more than it may touch."
    )
    changed: int
    unchanged: int
    failed: int
    details: list[RuleRunDetail] = strawberry.field(
        description="The first 100 results, one for each record and action."
    )


async def rule_runs(
    info: Info, first: int = 50, rule: str | None = None
) -> list[RuleRun]:
    """What rules have done, the newest first; at most 1,000 runs. For admins."""
    context = info.context
    if not context.is_admin:
        message = "Only members of the group 'admin' may see what rules have done."
        raise ForbiddenError(message)
    if not 1 <= first <= MOST:
        raise InvalidInputError(f"`first` is {first}; ask for 1 to {MOST:,}.")
    if rule is not None and len(rule) > LONGEST_KEY:
        raise InvalidInputError(f"`rule` has at most {LONGEST_KEY} characters.")
    return [_shown(r) for r in await _rows(context.reading, first, rule)]


async def read_runs(
    reading: Reading, first: int, rule: str | None
) -> Sequence[dict[str, Any]]:
    """Runs as data, the newest first."""
    names = ("trigger", "state", "records", "changed", "unchanged", "failed", "details")
    return [
        {
            "id": r.id,
            "rule": r.rule_key,
            "at": wire_instant(r.at),
            **{n: getattr(r, n) for n in names},
        }
        for r in await _rows(reading, first, rule)
    ]


async def _rows(reading: Reading, first: int, rule: str | None) -> Sequence[Any]:
    query = sa.select(RUNS).order_by(RUNS.c.at.desc(), RUNS.c.id.desc()).limit(first)
    if rule is not None:
        query = query.where(RUNS.c.rule_key == rule)
    return await reading.execute(query)


def _shown(row: Any) -> RuleRun:
    return RuleRun(
        id=row.id,
        rule=row.rule_key,
        trigger=row.trigger,
        at=row.at,
        state=row.state,
        records=row.records,
        changed=row.changed,
        unchanged=row.unchanged,
        failed=row.failed,
        details=[
            RuleRunDetail(
                record_id=d["record"],
                action=d["action"],
                status=d["status"],
                reason=d["reason"],
            )
            for d in row.details
        ],
    )
