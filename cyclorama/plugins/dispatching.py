"""Handing out events: each to all who listen, in order, once.

A batch is one transaction, together with all that listeners make of it. One worker at a
time hands out events; of one that is killed nothing stays, and the next one begins anew.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.storage.audit import Author
from cyclorama.storage.engine import Database
from cyclorama.storage.events import any_waiting, handled, take
from cyclorama.storage.outages import is_unavailable

log = structlog.get_logger(__name__)
MOST: Final = 500
"""Events of a batch."""
FIRST: Final = 100
"""Events of the first batch."""
PAUSE_SECONDS: Final = 0.12
"""After a batch on SQLite, where others that write come to their turn in it: they look
every tenth of a second."""
GOOD_SECONDS: Final = 1.0
"""How long a batch should keep other writers waiting."""
LONGEST_SECONDS: Final = 55.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """Events that are handed out, in the transaction that marks them as handled."""

    session: AsyncSession
    events: Sequence[Any]
    """Rows with the columns of `EventRow`, the oldest first."""
    now: datetime
    today: date
    author: Author
    """Whom the audit log names: the worker, now."""
    fields: Sequence[Any]
    """The custom fields of records."""


Listener = Callable[[Dispatched], Awaitable[None]]
"""Acts on events, with the batch's session alone; what it raises undoes the batch."""
LISTENERS: Final[tuple[Listener, ...]] = ()
"""Those of the core."""


class Dispatcher:
    """Hands out events, batch by batch."""

    def __init__(
        self, database: Database, listeners: Sequence[Listener], author: Any
    ) -> None:
        self._database = database
        self._listeners = listeners
        self._author = author
        self._most = FIRST
        self.done: Counter[str] = Counter()
        """How many events ended how: `handled` or `put_aside`."""

    async def step(self, now: datetime, today: date, fields: Sequence[Any]) -> bool:
        """Hand out the events that wait, up to a batch; whether there were any."""
        if not await any_waiting(self._database):
            return False
        events: Sequence[Any] = ()
        begin = asyncio.get_running_loop().time()
        try:
            async with (
                asyncio.timeout(LONGEST_SECONDS),
                self._database.write() as session,
            ):
                events = await take(session, self._most)
                batch = Dispatched(
                    session=session,
                    events=events,
                    now=now,
                    today=today,
                    author=Author(actor=self._author, at=now),
                    fields=fields,
                )
                for listener in self._listeners if events else ():
                    await listener(batch)
                await handled(session, [e.id for e in events], now)
        except Exception as error:
            await self._failed(events, error, now)
            return True
        self.done["handled"] += len(events)
        took = asyncio.get_running_loop().time() - begin
        if took > GOOD_SECONDS:
            self._most = max(1, self._most // 2)
        elif took < GOOD_SECONDS / 2:
            self._most = min(MOST, self._most * 2)
        if events and self._database.dialect == "sqlite":
            await asyncio.sleep(PAUSE_SECONDS)
        return bool(events)

    async def _failed(
        self, events: Sequence[Any], error: Exception, now: datetime
    ) -> None:
        """Go on in smaller batches until the event that can't be handled is alone; it is
        put aside with the error."""
        is_slow = isinstance(error, TimeoutError)
        if not events or (is_unavailable(error) and not is_slow):
            raise error
        if len(events) > 1:
            self._most = max(1, len(events) // 2)
            return
        log.error("event_failed", id=events[0].id, exc_info=error)
        async with self._database.write() as session:
            await handled(session, [events[0].id], now, repr(error))
        self.done["put_aside"] += 1
