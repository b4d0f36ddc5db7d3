"""`cyclorama scorecards`: the scorecard file out and in, and the close of a week."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

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
from cyclorama.sections.scorecard.applying import Applied, applied, held, planned
from cyclorama.sections.scorecard.ledger import Ledger
from cyclorama.sections.scorecard.recomputing import Effect, close_page
from cyclorama.sections.scorecard.statements import KINDS

CHANGES = 2
"""The exit code of `plan` where there are changes."""


async def export(work: Work, output: Path | None = None) -> Told:
    """Write all schemes, measures and scorecards as a scorecard file."""
    found = await held(work)
    text = cardfile.export(found)
    if output is not None:
        write_text(output, text)
    return Told("" if output else text.rstrip("\n"), found.by_name())


async def plan(work: Work, file: Path) -> Told:
    """Say what applying a file would change, and how many overall scores; the exit code
    is 2 where there are changes."""
    found = await planned(work, read_text(file))
    return _told(found, CHANGES if found.changes else 0)


async def apply(work: Work, file: Path) -> Told:
    """Replace all schemes, measures and scorecards by those of a file, and compute the
    scores that follow, all or nothing."""
    return _told(await applied(work, read_text(file)), 0)


async def close(work: Work) -> Told:
    """Bring stored scores up to what time has made of them, and give records the
    scorecards whose criteria they meet by now; a job does it every night."""
    effect, ledger = (
        Effect(),
        Ledger(author=work.author, today=work.today, fields=work.fields),
    )
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


def _told(found: Applied, code: int) -> Told:
    lines = [f"{name}: {what}" for name, what in found.changes.items()]
    if found.lost:
        lines.append(f"{found.lost:,} scores and past scores go with what is removed.")
    if found.changes:
        lines += _effect_words(found.effect)
    data: dict[str, Any] = {
        "changes": found.changes,
        "lost": found.lost,
        "effect": asdict(found.effect),
    }
    return Told("\n".join(lines) or "Nothing to change.", data, code)


def _effect_words(effect: Effect) -> list[str]:
    lines = [f"{effect.records:,} records computed."]
    if effect.moved:
        lines.append(f"{effect.moved:,} records get another scorecard.")
    if not effect.changed:
        words = "No overall score changes."
        if effect.bands:
            words += f" {effect.bands:,} get into another band."
        return [*lines, words]
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
