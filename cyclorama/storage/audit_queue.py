"""What requests have read, on its way to the audit log: written in batches, none lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from cyclorama.storage.audit import Entry, append
from cyclorama.storage.engine import Database

log = structlog.get_logger(__name__)
MOST_WAITING: Final = 2_000
"""Entries that wait to be written; a request whose entry finds no room waits, too."""
AT_ONCE: Final = 1_000
GATHERING_SECONDS: Final = 0.25
"""How long the first entry of a batch waits for others."""
RETRY_SECONDS: Final = 1.0
GRACE_SECONDS: Final = 10.0
"""How long a stopping process tries to write what is left."""


class AuditQueue:
    """One process's entries; a writer runs while there are some."""

    def __init__(
        self,
        database: Database,
        *,
        most: int = MOST_WAITING,
        gathering: float = GATHERING_SECONDS,
    ) -> None:
        self._database = database
        self._gathering = gathering
        self._waiting: asyncio.Queue[Entry] = asyncio.Queue(most)
        self._writer: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._batch: list[Entry] = []
        database.before_close.append(self.close)

    async def put(self, entries: Sequence[Entry]) -> None:
        """Leave entries to the writer; waits while there is no room for them."""
        for entry in entries:
            await self._waiting.put(entry)
            if self._writer is None or self._writer.done():
                self._writer = asyncio.create_task(self._write_on())

    async def close(self, seconds: float = GRACE_SECONDS) -> None:
        """Write what is left; what the database does not take goes to the log."""
        self._hurry.set()
        try:
            async with asyncio.timeout(seconds):
                await self._waiting.join()
        except TimeoutError:
            await self._give_up()

    async def _give_up(self) -> None:
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait({self._writer})
        waiting = [self._waiting.get_nowait() for _ in range(self._waiting.qsize())]
        left = [*self._batch, *waiting]
        log.error("audit_not_written", entries=[asdict(e) for e in left])
        for _ in left:
            self._waiting.task_done()
        self._batch = []

    async def _write_on(self) -> None:
        while not self._waiting.empty():
            await self._pause(self._gathering)
            number = min(AT_ONCE, self._waiting.qsize())
            self._batch = [self._waiting.get_nowait() for _ in range(number)]
            await self._write(self._batch)
            for _ in self._batch:
                self._waiting.task_done()
            self._batch = []

    async def _pause(self, seconds: float) -> None:
        """Wait, unless the process is stopping."""
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return

    async def _write(self, entries: Sequence[Entry]) -> None:
        """Write these, as often as it takes."""
        while True:
            try:
                async with self._database.engine.begin() as connection:
                    await append(connection, entries)
                return
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.error("audit_waits", entries=len(entries), error=repr(error))
            await asyncio.sleep(RETRY_SECONDS)
