"""What the audit log of a database holds."""

from __future__ import annotations

import asyncio
from typing import Any

import sqlalchemy as sa

from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database


def logged(url: str) -> list[tuple[str, str, str | None, str]]:
    """Action, kind of actor, operation and details of what the audit log holds."""

    async def read() -> list[Any]:
        database = Database(url)
        columns = ("action", "actor_kind", "operation", "details")
        async with database.read() as reading:
            query = sa.select(*(AUDIT.c[c] for c in columns)).order_by(AUDIT.c.number)
            found = [tuple(row) for row in await reading.execute(query)]
        await database.close()
        return found

    return asyncio.run(read())
