"""Trees of another export: their references, as `AccountRef1`, look the same and are not.

Every export counts anew. A tree that is imported again brings the names that it brought
before, changed here and there; one that brings none of them is another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from cyclorama.errors import ConfigError
from cyclorama.importers.drafts import check_id
from cyclorama.importers.model import BATCH
from cyclorama.importers.references import REFS
from cyclorama.importers.salesforce.cells import Record, Source
from cyclorama.importers.salesforce.objects import HOMES, SYSTEM
from cyclorama.importers.targets import Refusal
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import CompanyRow, PersonRow, Row

NAMED: Final = {
    "Account": Row.metadata.tables[CompanyRow.__tablename__],
    "Contact": Row.metadata.tables[PersonRow.__tablename__],
}
"""The objects whose names tell one export from another, and where they are."""


async def refuse_strangers(database: Database, sources: Iterable[Source]) -> None:
    """`ConfigError` for a tree whose references an earlier import used for records that
    all have other names."""
    for source in sources:
        if source.by_reference and source.object_type in NAMED:
            mine = _names(source)
            before = await _names_before(database, source.object_type, list(mine))
            if before and all(mine[i] != name for i, name in before.items()):
                raise _stranger(source, mine, before)


def _names(source: Source) -> dict[str, str | None]:
    """The name of each record that can be written, by its reference."""
    found: dict[str, str | None] = {}
    for record in source.read():
        if isinstance(record, Record):
            try:
                check_id(record.id)
                values = HOMES[source.object_type].incoming("", record).values
                found[record.id] = values.get("name")
            except Refusal:
                continue
    return found


async def _names_before(
    database: Database, object_type: str, references: Sequence[str]
) -> dict[str, str]:
    table = NAMED[object_type]
    query = sa.select(REFS.c.external_id, table.c.name).join(
        table, table.c.id == REFS.c.entity_id
    )
    mine = query.where(REFS.c.system == SYSTEM, REFS.c.object_type == object_type)
    found: dict[str, str] = {}
    async with database.read() as reading:
        for start in range(0, len(references), BATCH):
            lot = references[start : start + BATCH]
            rows = await reading.execute(mine.where(REFS.c.external_id.in_(lot)))
            found |= {row.external_id: row.name for row in rows}
    return found


def _stranger(
    source: Source, mine: Mapping[str, str | None], before: Mapping[str, str]
) -> ConfigError:
    reference = min(before)
    return ConfigError(
        f"{source.path} uses the reference {reference!r} for {mine[reference]!r}; an "
        f"earlier import used it for the {source.object_type} {before[reference]!r}, and "
        "no other name is the same either. References are good in one export alone: "
        "export the records with their Id, rename the references, or import into a "
        "database of its own. Nothing was imported."
    )
