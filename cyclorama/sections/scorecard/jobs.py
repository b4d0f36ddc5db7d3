"""What Scorecard does every night: bring scores up to what time has made of them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import time
from typing import Final

from cyclorama.plugins import Job, Run, Schedule, append_entries, audit_entry
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.recomputing import Effect, close_page
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
    if effect.changed or effect.moved:
        counts = asdict(effect)
        entry = audit_entry(run.author, "scorecard.close", None, None, counts)
        await append_entries(run.session, [entry])


CLOSE: Final = Job(
    kind="scorecard.close", run=close, schedule=Schedule(at=time(23, 30))
)
"""Before the day ends, so that a week closes with what it has come to."""
