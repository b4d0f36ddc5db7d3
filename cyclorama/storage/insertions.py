"""Rows of several tables that are inserted together: by one statement on PostgreSQL, each
of which costs more than its rows do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from cyclorama.storage.direct import Direct

MOST_TOGETHER: Final = 20
"""Rows of a table. A statement is kept for each number of them."""


Shape = tuple[sa.Table, int, bool]
"""Table, number of rows, and whether they take the place of others."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """Rows to insert; what is not given of them is null."""

    table: sa.Table
    rows: Sequence[Mapping[str, Any]]
    replaces: bool = False
    """Whether a row takes the place of one with its primary key."""

    @property
    def shape(self) -> Shape:
        """What its statement depends on."""
        return self.table, len(self.rows), self.replaces

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of the statement."""
        found = {}
        for number, row in enumerate(self.rows):
            names = _parameters(self.table, number)
            for name, value in row.items():
                found[names[name]] = value
        return found

    async def insert(self, at: Direct) -> None:
        """Insert the rows by themselves."""
        if len(self.rows) <= MOST_TOGETHER:
            await at.send(_kept(at.dialect, *self.shape), [self.values])
        else:
            each = _kept(at.dialect, self.table, 1, self.replaces)
            rows = [Insertion(self.table, [row]).values for row in self.rows]
            await at.send(each, rows)


@cache
def _parameters(table: sa.Table, number: int) -> Mapping[str, str]:
    """The parameters of a row by the names of their columns."""
    return {c.name: f"{table.name}_{number}_{c.name}" for c in table.c}


def statement(dialect: str, table: sa.Table, count: int, replaces: bool) -> Any:
    """A new statement for a shape. Never add to one that was compiled: SQLAlchemy copies
    with it what it had found of its columns."""
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    rows = []
    for number in range(count):
        names = _parameters(table, number)
        rows.append({c: sa.bindparam(names[c.name], None, c.type) for c in table.c})
    made = insert(table).values(rows)
    if not replaces:
        return made
    keys = [c.name for c in table.primary_key]
    others: Mapping[str, Any] = {
        c.name: made.excluded[c.name] for c in table.c if c.name not in keys
    }
    return made.on_conflict_do_update(index_elements=keys, set_=others)


_kept = cache(statement)
