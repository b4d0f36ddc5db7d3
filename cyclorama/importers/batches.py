"""A batch: rows of one target and object type, written in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from cyclorama.importers.drafts import Draft, changes, drafted, new_row
from cyclorama.importers.model import Incoming, Rejected
from cyclorama.importers.natural_keys import rows_of, take_over
from cyclorama.importers.references import (
    Key,
    Known,
    Open,
    awaiting,
    chains,
    close,
    in_circles,
    known,
    leave_open,
    left_open,
)
from cyclorama.importers.saving import (
    insert_rows,
    save_refs,
    save_settled,
    update_rows,
)
from cyclorama.importers.targets import Refusal, Target
from cyclorama.importers.vocabulary import Vocabularies
from cyclorama.storage.events import Event
from cyclorama.storage.ids import kind_of_id, new_id
from cyclorama.storage.rows import Row

Place = tuple[str, str]
"""A row's id and a column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of rows."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: tuple[Rejected, ...] = ()

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            created=self.created + other.created,
            updated=self.updated + other.updated,
            unchanged=self.unchanged + other.unchanged,
            rejected=self.rejected + other.rejected,
        )


class Batch:
    """The work on the rows of one target and object type, in the order of its steps."""

    def __init__(
        self,
        system: str,
        now: datetime,
        target: Target,
        targets: Mapping[str, Target],
        vocabularies: Vocabularies,
    ) -> None:
        self.system, self.now, self.target = system, now, target
        self.vocabularies = vocabularies
        self.kinds = {t.table.name: t.id_kind for t in targets.values()}
        self.drafts: list[Draft] = []
        self.rejected: list[Rejected] = []
        self.settled: list[tuple[Open, str]] = []
        """Who waited for rows of this batch, and the id of what they get."""
        self.opened: dict[Place, tuple[int, Key]] = {}
        """What waits after it: line and key."""
        self.closed: set[Place] = set()
        self.records: list[str] = []
        """Companies or relationships that were written."""
        self.left: set[str] = set()
        """Companies that relationships have left for others."""
        self.events: Sequence[Event] = ()
        """What happened to rows of sections."""

    async def write(
        self, connection: AsyncConnection, rows: Sequence[Incoming]
    ) -> Outcome:
        """Write the rows; the caller commits."""
        await self._draft(connection, rows)
        refs = await known(connection, self.system, self._keys())
        await self._match(connection, refs)
        self._point(refs)
        await self._complete(connection)
        for names in self.target.natural_keys:
            self._refuse(
                await take_over(
                    connection, self.system, self.target, names, self.drafts
                )
            )
        self._name_new()
        await self._check(connection)
        await self._settle(connection)
        self._point_inside()
        await self._refuse_circles(connection)
        self._wait()
        return await self._save(connection, refs)

    async def _draft(
        self, connection: AsyncConnection, rows: Sequence[Incoming]
    ) -> None:
        for column in dict.fromkeys(c for row in rows for c in row.picklists):
            if column in self.target.vocabularies:
                name = self.target.vocabularies[column]
                await self.vocabularies.load(connection, name)
        for row in rows:
            try:
                self.drafts.append(drafted(self.target, row, self.vocabularies))
            except Refusal as refusal:
                self._reject(row, str(refusal))

    def _reject(self, row: Incoming, reason: str) -> None:
        self.rejected.append(Rejected(line=row.line, reason=reason))

    def _refuse(self, refused: Mapping[int, str]) -> None:
        """Reject drafts, by their place in the list."""
        for place, reason in refused.items():
            self._reject(self.drafts[place].row, reason)
        self.drafts = [d for n, d in enumerate(self.drafts) if n not in refused]

    def _keys(self) -> list[Key]:
        own = [draft.key for draft in self.drafts]
        named = [key for draft in self.drafts for key in draft.waits.values()]
        return own + named + [k for d in self.drafts for k in d.row.fallbacks.values()]

    async def _match(
        self, connection: AsyncConnection, refs: Mapping[Key, Known]
    ) -> None:
        """Find the rows that are there by their external references."""
        refused = {}
        for place, draft in enumerate(self.drafts):
            if draft.key in refs:
                draft.entity, draft.is_known = refs[draft.key].entity_id, True
                if kind_of_id(draft.entity) != self.target.id_kind:
                    kind = kind_of_id(draft.entity)
                    refused[place] = f"the id {draft.key[1]!r} is that of a {kind}"
        self._refuse(refused)
        ids = [d.entity for d in self.drafts if d.is_known]
        table = self.target.table
        old = await rows_of(connection, table, table.c.id.in_(ids)) if ids else {}
        for draft in self.drafts:
            draft.old = old.get(draft.entity)

    def _point(self, refs: Mapping[Key, Known]) -> None:
        """Put the ids of records that are there into the columns that point to them."""
        refused = {}
        for place, draft in enumerate(self.drafts):
            for column, key in list(draft.waits.items()):
                wanted = self.kinds.get(self.target.lookups[column].name)
                if key not in refs:
                    key = draft.row.fallbacks.get(column, key)
                if key not in refs:
                    if not self.target.columns[column].nullable:
                        refused[place] = (
                            f"{column} names {key[0]} {key[1]!r}, which has not come"
                        )
                elif wanted not in (None, kind_of_id(refs[key].entity_id)):
                    refused[place] = f"{column}: {key[0]} {key[1]!r} is no {wanted}"
                else:
                    draft.values[column] = refs[key].entity_id
                    del draft.waits[column]
        self._refuse(refused)

    async def _complete(self, connection: AsyncConnection) -> None:
        """Have the target fill in what follows from the values."""
        if self.target.complete is not None and self.drafts:
            # What it writes itself may point to new items.
            await self.vocabularies.save(connection)
            rows = [(d.old, d.values) for d in self.drafts]
            self._refuse(await self.target.complete(connection, rows, self.now))

    def _name_new(self) -> None:
        """Give new rows an id; refuse those that lack a required value."""
        refused = {}
        for place, draft in enumerate(self.drafts):
            draft.entity = draft.entity or new_id(self.target.id_kind)
            if draft.old is None:
                try:
                    new_row(self.target, draft, self.now)
                except Refusal as refusal:
                    refused[place] = str(refusal)
        self._refuse(refused)

    async def _check(self, connection: AsyncConnection) -> None:
        """Refuse what the target does not take; who is awaited counts as come."""
        if self.target.check is not None and self.drafts:
            rows = [
                (d.old, {**(d.old or {}), **d.values, **d.waits}) for d in self.drafts
            ]
            self._refuse(await self.target.check(connection, rows))

    async def _settle(self, connection: AsyncConnection) -> None:
        """Find who waits for the rows that come now."""
        ids = {d.key: d.entity for d in self.drafts if not d.is_known}
        for opening in await awaiting(connection, self.system, ids):
            table = Row.metadata.tables.get(opening.table)
            column = None if table is None else table.c.get(opening.column)
            if column is not None and column.references(self.target.table.c.id):
                self.settled.append((opening, ids[opening.key]))
        self._settle_others()

    def _settle_others(self) -> None:
        """Rows of this batch say themselves where they point to; and no row points to
        one that was refused."""
        table = self.target.table.name
        ids = {draft.entity for draft in self.drafts}
        own = {(d.entity, c) for d in self.drafts for c in d.row.references}
        self.settled = [
            (o, entity)
            for o, entity in self.settled
            if entity in ids
            and (o.table != table or (o.entity_id, o.column) not in own)
        ]

    def _point_inside(self) -> None:
        """Put the ids of rows of this batch into the columns that point to them."""
        ids = {draft.key: draft.entity for draft in self.drafts}
        for draft in self.drafts:
            for column, key in draft.waits.items():
                inside = column in self.target.own
                draft.values[column] = ids.get(key) if inside else None

    async def _refuse_circles(self, connection: AsyncConnection) -> None:
        for column in sorted(self.target.own):
            start = {d.entity for d in self.drafts}
            start |= {d.values[column] for d in self.drafts if d.values.get(column)}
            start |= {o.entity_id for o, _ in self.settled}
            old = await chains(connection, self.target.table, column, start)
            while self._refuse_circle(column, old):
                self._settle_others()
                self._point_inside()

    def _refuse_circle(self, column: str, old: Mapping[str, str | None]) -> bool:
        """Reject the last row of each circle, or leave open what would close it;
        whether there was one."""
        places = {d.entity: n for n, d in enumerate(self.drafts)}
        edges = dict(old)
        for draft in self.drafts:
            if column in draft.values:
                edges[draft.entity] = draft.values[column]
        mine = [(o, e) for o, e in self.settled if self._is_mine(o, column)]
        edges.update({o.entity_id: e for o, e in mine})
        refused: dict[int, str] = {}
        dropped: set[Open] = set()
        for circle in in_circles(edges):
            rows = [places[e] for e in circle if self._turns(e, places, column)]
            if rows:
                refused[max(rows)] = f"{column} would put the row below itself"
            else:
                dropped.update([o for o, _ in mine if o.entity_id in circle][:1])
        self._refuse(refused)
        self.settled = [(o, e) for o, e in self.settled if o not in dropped]
        return bool(refused or dropped)

    def _turns(self, entity: str, places: Mapping[str, int], column: str) -> bool:
        return entity in places and column in self.drafts[places[entity]].values

    def _is_mine(self, opening: Open, column: str) -> bool:
        return opening.table == self.target.table.name and opening.column == column

    def _wait(self) -> None:
        """What rows of this batch found in it they need not wait for."""
        for draft in self.drafts:
            draft.waits = {
                c: key for c, key in draft.waits.items() if draft.values[c] is None
            }

    async def _save(
        self, connection: AsyncConnection, refs: Mapping[Key, Known]
    ) -> Outcome:
        await self.vocabularies.save(connection)
        new = [draft for draft in self.drafts if draft.old is None]
        changed = [d for d in self.drafts if d.old is not None and changes(d)]
        await insert_rows(connection, self.target, new, self.now)
        await update_rows(connection, self.target, changed, self.now)
        await save_refs(connection, self.system, self.drafts, refs)
        await self._follow_up(connection, [*new, *changed])
        await self._save_open(connection)
        await save_settled(connection, self.settled, self.now)
        self.closed |= {(o.entity_id, o.column) for o, _ in self.settled}
        self._note_records([*new, *changed])
        return Outcome(
            created=len(new),
            updated=len(changed),
            unchanged=len(self.drafts) - len(new) - len(changed),
            rejected=tuple(sorted(self.rejected, key=lambda r: r.line)),
        )

    async def _follow_up(
        self, connection: AsyncConnection, written: Sequence[Draft]
    ) -> None:
        """What the section does with rows of its own."""
        rows = [{**(d.old or {}), **d.values, "id": d.entity} for d in written]
        if self.target.after is not None:
            await self.target.after(connection, rows)
        if self.target.events is not None:
            pairs = [(d.old, row) for d, row in zip(written, rows, strict=True)]
            self.events = await self.target.events(connection, pairs, self.now)

    def _note_records(self, drafts: Sequence[Draft]) -> None:
        written = [d.entity for d in drafts] + [o.entity_id for o, _ in self.settled]
        kinds = ("company", "relationship")
        self.records = sorted({i for i in written if kind_of_id(i) in kinds})
        if self.target.id_kind == "relationship":
            self.left = {d.old["company_id"] for d in drafts if d.old is not None}

    async def _save_open(self, connection: AsyncConnection) -> None:
        """Note what the rows wait for, and forget what they no longer wait for."""
        table = self.target.table.name
        there = [
            d.entity for d in self.drafts if d.old is not None and d.row.references
        ]
        before = await left_open(connection, self.system, table, there)
        wanted = {(d.entity, c): k for d in self.drafts for c, k in d.waits.items()}
        told = {(d.entity, c) for d in self.drafts for c in d.row.references}
        ended = {p: o for p, o in before.items() if wanted.get(p) != o.key}
        ended = {p: o for p, o in ended.items() if p in told}
        await close(connection, list(ended.values()))
        new = {p: k for p, k in wanted.items() if p not in before or p in ended}
        await leave_open(connection, self.system, table, new)
        lines = {draft.entity: draft.row.line for draft in self.drafts}
        self.opened = {p: (lines[p[0]], key) for p, key in wanted.items()}
        self.closed |= ended.keys()
