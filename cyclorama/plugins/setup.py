"""Bringing a database up to date: tables, vocabularies, groups, preset layouts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.layouts.presets import presets
from cyclorama.plugins.compose import Graph
from cyclorama.plugins.section import Section
from cyclorama.resolvers.book import seed_layouts
from cyclorama.storage.audit import Author, record
from cyclorama.storage.engine import Database
from cyclorama.storage.migration import migrate, wait_for_turn
from cyclorama.storage.rows import PicklistItemRow
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
        seeded = (*seeded, *await _seed_sections(session, graph.sections.values()))
        if await seed_layouts(session, presets(graph.facts({})), by):
            seeded = (*seeded, "preset layouts")
        if by is not None and seeded:
            await record(session, by, "setup.seed", None, after={"added": seeded})
    return Setup(revisions, seeded)


async def _seed_sections(
    session: AsyncSession, sections: Iterable[Section]
) -> list[str]:
    """Add what sections bring for a new database; whose it was."""
    item = PicklistItemRow
    query = sa.select(item.picklist, item.key, item.id)
    held = {(r.picklist, r.key): r.id for r in await session.execute(query)}
    added = []
    for section in sections:
        rows = [] if section.seed is None else list(section.seed(held))
        for _, alike in groupby(rows, type):
            session.add_all(alike)
            await session.flush()
        added += [f"vocabulary of {section.key}"] if rows else []
    return added
