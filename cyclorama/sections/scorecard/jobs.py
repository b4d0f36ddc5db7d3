"""What Scorecard does in the background: bring scores up to what time made of them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import time
from typing import Final

from cyclorama.plugins import Job, Run, Schedule, append_entries, audit_entry
from cyclorama.sections.scorecard.cards_given import ENDS
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.recomputing import Effect, close_page, recompute
from cyclorama.sections.scorecard.rollups import companies_of, roll_up
from cyclorama.sections.scorecard.statements import KINDS


async def close(run: Run) -> None:
    """A page of records, and a job for the next one; each page has its own line in the
    audit log where something changed."""
    effect, ledger = (
        Effect(),
        Ledger(author=run.author, today=run.today, fields=run.fields),
    )
    kind, after = run.payload.get("kind", KINDS[0]), run.payload.get("after", "")
    place = await close_page(run.session, ledger, kind, after, run.fields, effect)
    if place is not None:
        await run.then({"kind": place[0], "after": place[1]})
    await _log(run, effect)


async def end(run: Run) -> None:
    """What follows where an override or a pin of a record has come to its end."""
    effect, ids = Effect(), [str(run.payload["record"])]
    ledger = Ledger(author=run.author, today=run.today, fields=run.fields)
    await recompute(run.session, ledger, ids, run.fields, effect)
    await roll_up(run.session, ledger, await companies_of(run.session, ids))
    await _log(run, effect, ids[0])


async def _log(run: Run, effect: Effect, record: str | None = None) -> None:
    if effect.changed or effect.moved:
        counts = asdict(effect)
        entry = audit_entry(run.author, run.kind, record, None, counts)
        await append_entries(run.session, [entry])


CLOSE: Final = Job(
    kind="scorecard.close", run=close, schedule=Schedule(at=time(23, 30))
)
"""Before the day ends, so that a week closes with what it has come to."""
END: Final = Job(kind=ENDS, run=end)
