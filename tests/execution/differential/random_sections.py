"""Random sections over wild rows."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from cyclorama.plugins.compose import compose
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import RelationshipTypeRow, Row, UserRow
from cyclorama.testing import NOW
from differential.access import accesses, team_rows
from differential.books import random_book
from differential.databases import add, both
from differential.forms import Forms
from differential.sides import Side, World, configurations, viewer
from differential.wild import COMPANIES, RELATIONSHIPS, records

POOLS: Final = {
    "id": (*COMPANIES[:6], *RELATIONSHIPS[:4], "user_1", "nope"),
    "ids": (*COMPANIES[:6], *RELATIONSHIPS[:4], "nope"),
    "paths": ("name", "arr", "csm.email", "nope"),
    "instance": ("random0", "random3", "random5", "nope"),
    "instances": ("random0", "random1", "random2", "nope"),
    "named": ("", "x" * 255, 'say "no" \\ yes \\u0041', "NULL"),
    "keys": ("USD", "EUR", "nope"),
    "least": (0, 7, 2**31 - 1),
    "text": ("a", "line", "東京"),
}


async def fill(database: Database) -> None:
    """All tables, one user, the records."""
    async with database.engine.begin() as connection:
        await connection.run_sync(Row.metadata.create_all)
    types = tuple(f"type_{k}" for k in ("a", "b", "c"))
    made: list[Row] = [
        UserRow(id="user_1", email="a@example.com", name="Ann 🙂", created_at=NOW),
        *(RelationshipTypeRow(id=t, key=t[-1], name=t.upper()) for t in types),
        *records(types, "user_1"),
        *team_rows(),
    ]
    await add(database, made)


@asynccontextmanager
async def random_world(
    seed: int, urls: tuple[str, str], *, guarded: bool = False
) -> AsyncIterator[World]:
    """Both engines on a schema of random sections."""
    chance = random.Random(seed)
    graph = compose(Forms(chance).sections())
    books = [random_book(chance, graph.sections, {}) for _ in range(4)]
    async with both(urls) as (one, other):
        access = await accesses(chance, one, graph, count=len(books), guarded=guarded)
        yield World(
            Side(graph, one, planned=True),
            Side(graph, other, planned=False),
            (viewer("ann", "csm", user="user_1"), viewer("nobody", user="user_2")),
            configurations(graph, books, access),
            POOLS,
            roots=("company", "company", "relationship", "companies", "nodes"),
        )
