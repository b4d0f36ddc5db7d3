"""Which section plugins are switched off."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.storage.configuration import bump_configuration
from cyclorama.storage.engine import Reading
from cyclorama.storage.rows import PluginSwitchRow


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


async def _is_enabled(session: AsyncSession, key: str) -> bool:
    row = await session.get(PluginSwitchRow, key, populate_existing=True)
    return True if row is None else row.enabled
