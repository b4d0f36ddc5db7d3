"""Idempotency keys: one result a key, whoever sends it how often at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.plugins import KeyRefusedError, claimed
from cyclorama.storage.engine import Database
from cyclorama.storage.idempotency import ROWS
from cyclorama.testing import NOW

pytestmark = pytest.mark.anyio


@dataclass
class Given:
    """The input of a mutation."""

    name: str
    note: str | None = None
    idempotency_key: str | None = None


class Somebody:
    """What `claimed` asks of a request."""

    now = NOW

    def __init__(self, viewer_id: str = "user_1") -> None:
        self.viewer: Any = type("Viewer", (), {"id": viewer_id})()


async def claim(
    database: Database, key: str, result: str, given: Any = None, **values: Any
) -> str:
    context: Any = Somebody(values.get("who", "user_1"))
    action = values.get("action", "thing.make")
    async with database.write() as session:
        given = given or Given("a", idempotency_key=key)
        return await claimed(context, session, action, key, given, result)


async def test_a_key_stands_for_what_it_made_first(database: Database) -> None:
    assert await claim(database, "k", "thing_1") == "thing_1"
    assert await claim(database, "k", "thing_2") == "thing_1"
    assert await claim(database, "k", "thing_3", who="user_2") == "thing_3"
    assert await claim(database, "k", "thing_4", action="other.make") == "thing_4"
    with pytest.raises(KeyRefusedError) as found:
        await claim(database, "k", "thing_5", Given("b"))
    assert found.value.code == "CONFLICT"
    for key in ("", "  ", "x" * 256):
        with pytest.raises(KeyRefusedError) as found:
            await claim(database, key, "thing_6")
        assert found.value.code == "LENGTH"


async def test_a_key_whose_change_failed_is_free(database: Database) -> None:
    async def fails() -> None:
        context: Any = Somebody()
        async with database.write() as session:
            await claimed(context, session, "thing.make", "k", Given("a"), "thing_1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails()
    assert await claim(database, "k", "thing_2", Given("b")) == "thing_2"


async def test_of_parallel_sends_one_makes_something(database: Database) -> None:
    results = await asyncio.gather(
        *(claim(database, f"k{n % 4}", f"thing_{n}") for n in range(20))
    )
    assert len(set(results)) == 4
    assert all(results[n] == results[n % 4] for n in range(20))
    async with database.read() as reading:
        kept = await reading.execute(sa.select(ROWS.c.key, ROWS.c.result))
    assert sorted(map(tuple, kept)) == [(f"k{n}", results[n]) for n in range(4)]
