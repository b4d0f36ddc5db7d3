"""JSON that SQL writes: long objects, lists of nothing, what is missing."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from cyclorama.execution.binds import Binds
from cyclorama.execution.writing import Writer, writer
from cyclorama.storage.engine import Database


async def read(database: Database, text: str, binds: Binds) -> Any:
    made = writer(database.dialect, binds).complete(text)
    nobody: Any = None
    rows = await database.fetch(f"SELECT {made}", binds.values(nobody))
    return orjson.loads(rows[0][0])


def both(database: Database) -> tuple[Binds, Writer]:
    binds = Binds(database.dialect)
    return binds, writer(database.dialect, binds)


@pytest.mark.anyio
async def test_objects_and_lists_are_whole(database: Database) -> None:
    """PostgreSQL's functions take a hundred arguments, and concatenate no nulls."""
    binds, json = both(database)
    long = {f"n{i}": json.number(str(i)) for i in range(60)}
    members = {
        "long": json.object(long),
        "none": json.rows("1", "(SELECT 1 WHERE 1 = 0) AS t"),
        "two": json.rows("t.n", "(SELECT 1 AS n UNION ALL SELECT 2) AS t"),
        "met": json.either("1 = 1", json.object({"x": json.number("7")}), "wire"),
        "missed": json.either("1 = 0", json.object({}), None),
        "wired": json.either("1 = 0", json.object({}), "wire"),
        "known": json.known('["a", null]'),
    }
    assert await read(database, json.object(members), binds) == {
        "long": {f"n{i}": i for i in range(60)},
        "none": [],
        "two": [1, 2],
        "met": {"x": 7},
        "missed": None,
        "wired": "wire",
        "known": ["a", None],
    }
