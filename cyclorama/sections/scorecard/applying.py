"""Applying a scorecard file, for good or to see what would become of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import Work, append_entries, audit_entry
from cyclorama.sections.scorecard import cardfile
from cyclorama.sections.scorecard.cardfile import difference, parse
from cyclorama.sections.scorecard.definitions import load
from cyclorama.sections.scorecard.file_entries import Definitions
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.recomputing import Before, Effect, page_of, recompute
from cyclorama.sections.scorecard.saving import Saver
from cyclorama.sections.scorecard.statements import KINDS, connection_of
from cyclorama.sections.scorecard.tables import AssignmentRow, CardRow, SchemeRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a file changes, or would."""

    before: Definitions
    changes: dict[str, str]
    """`added`, `changed` or `removed`, by what it is called."""
    effect: Effect
    lost: int
    """Scores and past scores that go with what is removed."""


class VersionConflictError(Exception):
    """The scorecards are no longer those that a change was made for."""


class _Undo(Exception):
    """Nothing of a plan stays."""


def version_of(definitions: Definitions) -> str:
    """The same for the same schemes, measures and scorecards."""
    return sha256(cardfile.export(definitions).encode()).hexdigest()[:16]


async def held(work: Work) -> Definitions:
    """The schemes, measures and scorecards that there are."""
    async with work.database.write() as session:
        return await load(session)


async def planned(work: Work, text: str) -> Applied:
    """What applying a file would do: all of the work is done and taken back."""
    new = parse(text, work.fields)
    with suppress(_Undo):
        async with work.database.write() as session:
            found = await _save(work, session, new, None)
            raise _Undo
    return found


async def applied(work: Work, text: str, expected: str | None = None) -> Applied:
    """Make the database hold what a file says, and compute the scores that follow, all or
    nothing; `VersionConflictError` where what there is has another version."""
    new = parse(text, work.fields)
    async with work.database.write() as session:
        return await _save(work, session, new, expected)


async def _lock(session: AsyncSession) -> None:
    """Have others who apply a file wait; on SQLite any writer waits. Rows alone would be
    no lock, as there may be none yet."""
    if session.get_bind().dialect.name == "postgresql":
        table = SchemeRow.__tablename__
        lock = sa.text(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
        await (await connection_of(session)).execute(lock)


async def _save(
    work: Work, session: AsyncSession, new: Definitions, expected: str | None
) -> Applied:
    await _lock(session)
    old, effect = await load(session), Effect()
    if expected is not None and expected != version_of(old):
        raise VersionConflictError
    changes = difference(old, new)
    if not changes:
        return Applied(before=old, changes=changes, effect=effect, lost=0)
    before = await _before(session, old, new)
    saver = Saver(session)
    await saver.save(old, new)
    ledger = Ledger(author=work.author, today=work.today, fields=work.fields)
    for kind in KINDS:
        last: str | None = ""
        while last is not None:
            ids = await page_of(session, kind, last)
            given = (work.fields, effect, saver.touched, before)
            await recompute(session, ledger, ids, *given)
            last = ids[-1] if ids else None
    told = (old.by_name(), new.by_name())
    entry = audit_entry(work.author, "scorecard.configure", None, *told)
    await append_entries(session, [entry])
    return Applied(before=old, changes=changes, effect=effect, lost=saver.lost)


async def _before(session: AsyncSession, old: Definitions, new: Definitions) -> Before:
    """The cards that there are, and what of them a file changes."""
    schemes = {s.kind: s.as_bands() for s in old.schemes}
    wanted = {(c.kind, c.key) for c in new.cards}
    usual = {c.kind: c.key for c in new.cards if c.is_default}
    columns = (AssignmentRow.record_id, CardRow.record_kind, CardRow.key)
    query = sa.select(*columns).join(CardRow, CardRow.id == AssignmentRow.card_id)
    given = await session.execute(query)
    return Before(
        bands={(c.kind, c.key): schemes[c.scheme] for c in old.cards},
        usual={
            c.kind: c.key
            for c in old.cards
            if c.is_default and usual.get(c.kind, c.key) != c.key
        },
        gone={record: key for record, kind, key in given if (kind, key) not in wanted},
    )
