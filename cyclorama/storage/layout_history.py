"""The history of layouts: a row for each change, written in the transaction of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.storage.engine import Reading
from cyclorama.storage.layout_rows import LayoutRevisionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One change of layouts; see `LayoutRevisionRow`."""

    version: int
    at: datetime | None
    author: str
    file: str
    digest: str
    changes: tuple[str, ...]


_NEWEST = sa.select(LayoutRevisionRow.__table__).order_by(
    LayoutRevisionRow.version.desc()
)


async def record_revision(session: AsyncSession, revision: Revision) -> None:
    """Write down a change of layouts, in the transaction that makes it.

    Every change passes here, whoever makes it: what else has to be told of one (an event,
    a line in a log) belongs here, too."""
    row = LayoutRevisionRow(
        version=revision.version,
        at=revision.at,
        author=revision.author,
        file=revision.file,
        digest=revision.digest,
        changes=list(revision.changes),
    )
    session.add(row)
    await session.flush()


async def latest_revision(source: Reading | AsyncSession) -> Revision | None:
    """The last change; None where there was none."""
    rows = await _rows(source, _NEWEST.limit(1))
    return _revision(rows[0]) if rows else None


async def revision_at(reading: Reading, version: int) -> Revision | None:
    """The change that brought the configuration to this version; None where that was no
    change of layouts."""
    query = _NEWEST.where(LayoutRevisionRow.version == version)
    rows = await _rows(reading, query)
    return _revision(rows[0]) if rows else None


async def revisions(reading: Reading, limit: int) -> list[Revision]:
    """The last changes, newest first."""
    return [_revision(row) for row in await _rows(reading, _NEWEST.limit(limit))]


async def _rows(source: Reading | AsyncSession, query: sa.Select[Any]) -> Sequence[Any]:
    if isinstance(source, Reading):
        return await source.execute(query)
    found: Sequence[Any] = (await source.execute(query)).all()
    return found


def _revision(row: Any) -> Revision:
    held = {**row._mapping, "changes": tuple(row.changes)}
    return Revision(**held)
