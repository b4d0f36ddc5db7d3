"""`cyclorama scorecards`: the scorecard file out and in, and the close of a week."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import (
    Commands,
    Told,
    Work,
    append_entries,
    audit_entry,
    read_text,
    write_text,
)
from cyclorama.sections.scorecard import cardfile
from cyclorama.sections.scorecard.cardfile import difference, parse
from cyclorama.sections.scorecard.definitions import load
from cyclorama.sections.scorecard.file_entries import Definitions
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.recomputing import (
    Effect,
    close_page,
    page_of,
    recompute,
)
from cyclorama.sections.scorecard.saving import Saver
from cyclorama.sections.scorecard.statements import KINDS

CHANGES = 2
"""The exit code of `plan` where there are changes."""


class _Undo(Exception):
    """Nothing of a plan stays."""


async def export(work: Work, output: Path | None = None) -> Told:
    """Write all schemes, measures and scorecards as a scorecard file."""
    async with work.database.write() as session:
        held = await load(session)
    text = cardfile.export(held)
    if output is not None:
        write_text(output, text)
    return Told("" if output else text.rstrip("\n"), held.by_name())


async def plan(work: Work, file: Path) -> Told:
    """Say what applying a file would change, and how many overall scores; the exit code
    is 2 where there are changes."""
    new = parse(read_text(file), work.fields)
    with suppress(_Undo):
        async with work.database.write() as session:
            changes, effect, lost = await _save(work, session, new)
            raise _Undo
    return _told(changes, effect, lost, CHANGES if changes else 0)


async def apply(work: Work, file: Path) -> Told:
    """Replace all schemes, measures and scorecards by those of a file, and compute the
    scores that follow, all or nothing."""
    new = parse(read_text(file), work.fields)
    async with work.database.write() as session:
        changes, effect, lost = await _save(work, session, new)
    return _told(changes, effect, lost, 0)


async def close(work: Work) -> Told:
    """Bring stored scores up to what time has made of them, and give records the
    scorecards whose criteria they meet by now; a job does it every night."""
    effect, ledger = Effect(), Ledger(author=work.author, today=work.today)
    place: tuple[str, str] | None = (KINDS[0], "")
    while place is not None:
        async with work.database.write() as session:
            place = await close_page(session, ledger, *place, work.fields, effect)
    if effect.changed or effect.moved:
        async with work.database.write() as session:
            counts = {"changed": effect.changed, "moved": effect.moved}
            entry = audit_entry(work.author, "scorecard.close", None, None, counts)
            await append_entries(session, [entry])
    return Told("\n".join(_effect_words(effect)), asdict(effect))


async def _save(
    work: Work, session: AsyncSession, new: Definitions
) -> tuple[dict[str, str], Effect, int]:
    """Save definitions and what follows of them; what changed, and what it changed."""
    old, effect = await load(session), Effect()
    changes = difference(old, new)
    if not changes:
        return changes, effect, 0
    saver = Saver(session)
    await saver.save(old, new)
    ledger = Ledger(author=work.author, today=work.today)
    for kind in KINDS:
        last: str | None = ""
        while last is not None:
            ids = await page_of(session, kind, last)
            await recompute(session, ledger, ids, work.fields, effect, saver.touched)
            last = ids[-1] if ids else None
    before, after = old.by_name(), new.by_name()
    entry = audit_entry(work.author, "scorecard.configure", None, before, after)
    await append_entries(session, [entry])
    return changes, effect, saver.lost


def _told(changes: dict[str, str], effect: Effect, lost: int, code: int) -> Told:
    lines = [f"{name}: {what}" for name, what in changes.items()]
    if lost:
        lines.append(f"{lost:,} scores and past scores go with what is removed.")
    if changes:
        lines += _effect_words(effect)
    data: dict[str, Any] = {"changes": changes, "lost": lost, "effect": asdict(effect)}
    return Told("\n".join(lines) or "Nothing to change.", data, code)


def _effect_words(effect: Effect) -> list[str]:
    lines = [f"{effect.records:,} records computed."]
    if effect.moved:
        lines.append(f"{effect.moved:,} records get another scorecard.")
    if not effect.changed:
        return [*lines, "No overall score changes."]
    compared = effect.up + effect.down
    words = (
        f"{effect.changed:,} overall scores change: {effect.up:,} up, {effect.down:,} "
        f"down, {effect.changed - compared:,} from or to none; {effect.bands:,} to "
        "another band."
    )
    if compared:
        mean = effect.points / compared
        words += f" By {mean:.1f} points on average, {effect.most} at most."
    return [*lines, words]


commands = Commands(
    name="scorecards",
    help="Scorecards as a file, and the close of a week.",
    functions=(export, plan, apply, close),
)
