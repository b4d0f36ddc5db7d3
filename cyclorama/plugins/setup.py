"""Bringing a database up to date: tables, vocabularies, groups, preset layouts."""

from __future__ import annotations

from dataclasses import dataclass

from cyclorama.layouts.presets import presets
from cyclorama.plugins.compose import Graph
from cyclorama.resolvers.book import seed_layouts
from cyclorama.storage.audit import Author, record
from cyclorama.storage.engine import Database
from cyclorama.storage.migration import migrate, wait_for_turn
from cyclorama.storage.seed import seed


@dataclass(frozen=True, slots=True)
class Setup:
    """What was done."""

    revisions: tuple[str, ...]
    seeded: tuple[str, ...]
    """Names of what was added, as `group csm`."""


async def bring_up_to_date(
    database: Database, graph: Graph, by: Author | None = None
) -> Setup:
    """Migrate and seed, which the audit log notes as done by `by`. What an organisation
    has changed stays as it is; of several processes one does it, and the others find
    nothing left."""
    revisions = await migrate(database, graph.sections.values())
    async with database.write() as session:
        await wait_for_turn(await session.connection())
        seeded = await seed(session)
        if await seed_layouts(session, presets(graph.facts({})), by):
            seeded = (*seeded, "preset layouts")
        if by is not None and seeded:
            await record(session, by, "setup.seed", None, after={"added": seeded})
    return Setup(revisions, seeded)
