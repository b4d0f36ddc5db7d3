"""What rules ask of records: their attributes, and what sections know of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cyclorama.plugins.acting import Fact
from cyclorama.plugins.dispatching import Dispatched
from cyclorama.resolvers.conditions import attributes_of
from cyclorama.schema.entry import CUSTOM


async def values_of(
    batch: Dispatched,
    kind: str,
    ids: Sequence[str],
    names: Collection[str],
    known: Mapping[str, Fact],
) -> dict[str, dict[str, Any]]:
    """The values of these names by the record's id, as conditions compare them; one
    statement for attributes and one for each group of facts."""
    session = batch.session

    async def execute(statement: Any, given: Mapping[str, Any]) -> Any:
        return (await session.execute(statement, given)).all()

    own = {name for name in names if name not in known}
    held = await attributes_of(execute, kind, ids, own, batch.fields)
    for read in dict.fromkeys(known[n].read for n in names if n in known):
        for id, facts in (await read(session, kind, ids, batch.today)).items():
            if id in held:
                held[id].update(facts)
    return held


def is_fact(name: str) -> bool:
    """Whether a name that conditions ask is a section's, no attribute of the record."""
    return "." in name and not name.startswith(CUSTOM)
