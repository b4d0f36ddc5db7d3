"""What sections do where records are written: by a mutation, or by an import."""

from __future__ import annotations

from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.resolvers.audit import author_of
from cyclorama.resolvers.context import Context
from cyclorama.storage.audit import Author
from cyclorama.storage.events import Event, EventKind, emit
from cyclorama.storage.ids import kind_of_id

_CHANGED_FIELDS: Final = {
    "*": "The fields that are others, by path as `name` or `custom.tier`, where somebody "
    "changed them one by one; nothing where an import wrote the record."
}
COMPANY_CHANGED: Final = EventKind(
    key="company.changed",
    description="A company was created or changed.",
    values=_CHANGED_FIELDS,
)
RELATIONSHIP_CHANGED: Final = EventKind(
    key="relationship.changed",
    description="A relationship was created or changed.",
    values=_CHANGED_FIELDS,
)
EVENTS: Final = (COMPANY_CHANGED, RELATIONSHIP_CHANGED)
"""The kinds of events of the core."""
_BY_KIND: Final = {"company": COMPANY_CHANGED, "relationship": RELATIONSHIP_CHANGED}


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


Watch = Callable[
    [AsyncSession, Sequence[str], Collection[str], Sequence[Event]], Awaitable[None]
]
"""Told of records that were written, and of what else happened, as the last thing before
the audit log."""


async def nobody(
    session: AsyncSession,
    ids: Sequence[str],
    left: Collection[str],
    events: Sequence[Event],
) -> None:
    """Nobody watches."""


def watching(
    sections: Iterable[Any], author: Author, today: date, fields: Sequence[Any]
) -> Watch:
    """Tells sections that want to know, and events, of what an author writes."""
    tell = _telling(sections, author, today, fields)

    async def watch(
        session: AsyncSession,
        ids: Sequence[str],
        left: Collection[str],
        events: Sequence[Event],
    ) -> None:
        await emit(session, author, [*map(_event, ids), *events])
        await tell(session, ids, left)

    return watch


def _telling(
    sections: Iterable[Any], author: Author, today: date, fields: Sequence[Any]
) -> Callable[[AsyncSession, Sequence[str], Collection[str]], Awaitable[None]]:
    hooks = [s.records_written for s in sections if s.records_written is not None]

    async def tell(
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

    return tell


Changes = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Fields by path as they were, and as they are."""


async def records_written(
    ctx: Context,
    session: AsyncSession,
    ids: Sequence[str],
    changes: Mapping[str, Changes] | None = None,
) -> None:
    """Tell sections and events of records that a mutation has changed, with what became
    other by id: in its transaction, right before its entry of the audit log."""
    author = author_of(ctx)
    await emit(session, author, [_event(i, *(changes or {}).get(i, ())) for i in ids])
    sections = ctx.graph.sections.values()
    tell = _telling(sections, author, ctx.today, ctx.settings.fields)
    await tell(session, ids, ())


def _event(
    record_id: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> Event:
    old, new = before or {}, after or {}
    changed = [n for n, value in new.items() if old.get(n) != value]
    return Event(
        kind=_BY_KIND[kind_of_id(record_id)],
        record_id=record_id,
        before={n: old.get(n) for n in changed},
        after={n: new[n] for n in changed},
    )
