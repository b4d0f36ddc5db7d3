"""The writer: rows of another system become rows of ours, the same ones every time.

A batch is one transaction and a number of statements that doesn't grow with its rows.
References to records that have not come are kept open, and closed when they come, be it
in a later import.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.exc import IntegrityError

from cyclorama.errors import ConfigError
from cyclorama.importers.batches import Batch, Outcome
from cyclorama.importers.model import BATCH, KEPT, Incoming, Rejected
from cyclorama.importers.references import Key
from cyclorama.importers.targets import Target, targets
from cyclorama.importers.vocabulary import Vocabularies
from cyclorama.plugins.written import Watch, nobody
from cyclorama.storage.engine import Database

__all__ = ["Outcome", "Writer", "targets"]
ATTEMPTS: Final = 3
"""To write a batch, where another import writes the same at that moment."""


@dataclass(slots=True)
class _Waits:
    """What the rows of a file still wait for."""

    all: set[int] = field(default_factory=set)
    """Hashes of (row, column): thousands of them may be open."""
    kept: dict[int, Rejected] = field(default_factory=dict)


class Writer:
    """Writes the rows of one system; one for a run of an importer."""

    def __init__(
        self,
        database: Database,
        targets: Mapping[str, Target],
        system: str,
        now: datetime,
        watch: Watch = nobody,
    ) -> None:
        self.database = database
        self.targets = targets
        self.system = system
        self.now = now
        self.watch = watch
        self._vocabularies = Vocabularies()
        self._scope = ""
        self._seen: set[int] = set()
        self._waits: dict[str, _Waits] = {}

    def begin(self, scope: str) -> None:
        """A file begins: an id may come once in it. `scope` names it for `waiting`."""
        self._scope = scope
        self._seen.clear()

    async def write(self, rows: Sequence[Incoming]) -> Outcome:
        """Write rows; each is created, updated, unchanged or rejected with a reason.

        Rows of one target and object type go together, those that come first before the
        others: give parents before what can't be without them. `ConfigError` where the
        database refuses a batch; the batches before it stay.
        """
        outcome = Outcome()
        for target, group in self._groups(rows):
            for start in range(0, len(group), BATCH):
                outcome += await self._batch(target, group[start : start + BATCH])
        return outcome

    def waiting(self, scope: str) -> tuple[int, list[Rejected]]:
        """How many references of a file's rows are open, and the first ones of them by
        line."""
        waits = self._waits.get(scope, _Waits())
        return len(waits.all), sorted(waits.kept.values(), key=lambda w: w.line)

    def _groups(
        self, rows: Sequence[Incoming]
    ) -> Iterator[tuple[Target, list[Incoming]]]:
        groups: dict[Key, list[Incoming]] = {}
        for row in rows:
            groups.setdefault((row.target, row.object_type), []).append(row)
        for (name, _), group in groups.items():
            if name not in self.targets:
                raise ConfigError(
                    f"There is no target {name!r} for imports; there are: "
                    f"{', '.join(sorted(self.targets))}."
                )
            yield self.targets[name], group

    async def _batch(self, target: Target, rows: Sequence[Incoming]) -> Outcome:
        fresh, repeated = self._apart(rows)
        for attempt in range(ATTEMPTS):
            try:
                outcome = await self._attempt(target, fresh)
                break
            except IntegrityError as error:
                # Another import may have made the same rows or items meanwhile.
                self._vocabularies.forget()
                if attempt == ATTEMPTS - 1:
                    raise _refused(target, rows, error) from None
        return outcome + Outcome(rejected=tuple(repeated))

    async def _attempt(self, target: Target, rows: Sequence[Incoming]) -> Outcome:
        batch = Batch(self.system, self.now, target, self.targets, self._vocabularies)
        async with self.database.write() as session:
            outcome = await batch.write(await session.connection(), rows)
            await self.watch(session, batch.records, batch.left, batch.events)
        self._note(batch)
        return outcome

    def _apart(self, rows: Sequence[Incoming]) -> tuple[list[Incoming], list[Rejected]]:
        """The rows whose id is new in the file, and the others."""
        fresh, repeated = [], []
        for row in rows:
            mark = hash((row.target, row.object_type, row.external_id))
            if row.external_id and mark in self._seen:
                reason = f"the id {row.external_id!r} stands in an earlier line too"
                repeated.append(Rejected(line=row.line, reason=reason))
            else:
                fresh.append(row)
            self._seen.add(mark)
        return fresh, repeated

    def _note(self, batch: Batch) -> None:
        """Remember what a batch left open, and forget what it closed."""
        for place in batch.closed:
            for waits in self._waits.values():
                waits.all.discard(hash(place))
                waits.kept.pop(hash(place), None)
        mine = self._waits.setdefault(self._scope, _Waits())
        for place, (line, key) in batch.opened.items():
            mine.all.add(hash(place))
            if len(mine.kept) < KEPT:
                reason = f"{place[1]} waits for {key[0]} {key[1]!r}, which has not come"
                mine.kept[hash(place)] = Rejected(line=line, reason=reason)


def _refused(
    target: Target, rows: Sequence[Incoming], error: IntegrityError
) -> ConfigError:
    return ConfigError(
        f"The database refused the {target.name} rows of the lines {rows[0].line} to "
        f"{rows[-1].line}, and none of them was written; another program may have "
        "written at the same moment. Import again. The database says: "
        f"{str(error.orig)[:300]}"
    )
