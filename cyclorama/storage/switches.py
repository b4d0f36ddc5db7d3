"""Which section plugins are switched off, and which keep failing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.storage.configuration import bump_configuration
from cyclorama.storage.engine import Reading
from cyclorama.storage.rows import PluginSwitchRow, SectionFailureRow


async def load_switches(reading: Reading) -> Mapping[str, bool]:
    """Key -> whether it is enabled, for the plugins that were ever switched; a plugin
    that is missing here is enabled."""
    query = sa.select(PluginSwitchRow.key, PluginSwitchRow.enabled)
    return {row.key: row.enabled for row in await reading.execute(query)}


async def switch(session: AsyncSession, key: str, enabled: bool) -> bool:
    """Switch a plugin; whether that changed anything. A change raises the version of the
    configuration, which is what all workers look at."""
    if await _is_enabled(session, key) == enabled:
        return False
    await bump_configuration(session)
    await _is_enabled(session, key)
    await session.merge(PluginSwitchRow(key=key, enabled=enabled))
    return True


async def note_failure(
    session: AsyncSession, section: str, since: datetime | None
) -> None:
    """Write down that a section keeps failing since then, or, with None, works again."""
    row = SectionFailureRow
    await session.execute(sa.delete(row).where(row.section == section))
    if since is not None:
        session.add(row(section=section, since=since))


async def failing(reading: Reading) -> Mapping[str, datetime]:
    """The sections that keep failing, and since when."""
    row = SectionFailureRow
    found = await reading.execute(
        sa.select(row.section, row.since).order_by(row.section)
    )
    return {r.section: r.since for r in found}


async def _is_enabled(session: AsyncSession, key: str) -> bool:
    row = await session.get(PluginSwitchRow, key, populate_existing=True)
    return True if row is None else row.enabled
