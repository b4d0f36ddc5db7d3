"""What sections do where records are written: by a mutation, or by an import."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.resolvers.audit import author_of
from cyclorama.resolvers.context import Context
from cyclorama.storage.audit import Author


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsWritten:
    """Companies or relationships that were created or changed, while their transaction
    is open."""

    session: AsyncSession
    author: Author
    """Who has done it, and when."""
    today: date
    fields: Sequence[Any]
    """The custom fields of records."""
    ids: Sequence[str]
    left: Collection[str] = ()
    """Companies that relationships among them have left for others."""


Watch = Callable[[AsyncSession, Sequence[str], Collection[str]], Awaitable[None]]
"""Told of records that were written, as the last thing before the audit log."""


async def nobody(
    session: AsyncSession, ids: Sequence[str], left: Collection[str]
) -> None:
    """Nobody watches."""


def watching(
    sections: Iterable[Any], author: Author, today: date, fields: Sequence[Any]
) -> Watch:
    """Tells the sections that want to know of what an author writes."""
    hooks = [s.records_written for s in sections if s.records_written is not None]

    async def watch(
        session: AsyncSession, ids: Sequence[str], left: Collection[str]
    ) -> None:
        for hook in hooks if ids else ():
            await hook(
                RecordsWritten(
                    session=session,
                    author=author,
                    today=today,
                    fields=fields,
                    ids=ids,
                    left=left,
                )
            )

    return watch


async def records_written(
    ctx: Context, session: AsyncSession, ids: Sequence[str]
) -> None:
    """Tell sections of records that a mutation has changed: in its transaction, right
    before its entry of the audit log."""
    sections = ctx.graph.sections.values()
    watch = watching(sections, author_of(ctx), ctx.today, ctx.settings.fields)
    await watch(session, ids, ())
