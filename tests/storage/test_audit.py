"""The audit log: it only grows, and what was done to it behind its back is found."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from cyclorama.storage.append_only import REFUSAL
from cyclorama.storage.audit import HEADS, ROWS, Actor, Author, append, change, digest
from cyclorama.storage.audit_checks import Mark, Verdict, verify
from cyclorama.storage.engine import Database, Reading
from cyclorama.testing import NOW

pytestmark = pytest.mark.anyio
ANN = Author(
    actor=Actor(kind="USER", id="user_1", name="ann@example.com"),
    at=NOW,
    operation="Rename",
    request_id="r1",
)
NUMBER, LAST = ROWS.c.number, 1_000


async def write(database: Database, count: int, first: int = 1) -> None:
    entries = [
        change(ANN, "record.update", f"company_{n}", {"name": "Ä"}, {"name": f"B{n}"})
        for n in range(first, first + count)
    ]
    async with database.write() as session:
        await append(session, entries)


async def checked(database: Database, mark: Mark | None = None) -> Verdict:
    async with database.read() as reading:
        return await verify(reading, mark)


# -- refusals


REFUSED = (
    "UPDATE audit_entry SET actor = 'somebody' WHERE number = 1",
    "DELETE FROM audit_entry WHERE number = 2",
    "DELETE FROM audit_entry",
    "DELETE FROM audit_head",
    "UPDATE audit_head SET number = 1",
    "UPDATE audit_head SET hash = ''",
    "INSERT INTO audit_head (id, number, hash) VALUES (2, 9, '')",
)


async def check_refusals(database: Database) -> None:
    await write(database, 3)
    for statement in REFUSED:
        with pytest.raises(DBAPIError, match="only grows"):
            async with database.engine.begin() as connection:
                await connection.exec_driver_sql(statement)
    verdict = await checked(database)
    assert (verdict.head.number, verdict.fault) == (3, None)


async def test_the_database_refuses_to_change_the_log(database: Database) -> None:
    await check_refusals(database)


async def test_a_migrated_database_refuses_it_too(ready_database: Database) -> None:
    await check_refusals(ready_database)


async def test_each_database_refuses_its_own_way_around(database: Database) -> None:
    await write(database, 3)
    around = "TRUNCATE audit_entry"
    if database.is_sqlite:
        row = "1, 'x', 'USER', '', 'x', '{}', '', ''"
        names = "number, at, actor_kind, actor, action, details, previous, hash"
        around = f"INSERT OR REPLACE INTO audit_entry ({names}) VALUES ({row})"
    with pytest.raises(DBAPIError) as refused:
        async with database.engine.begin() as connection:
            await connection.exec_driver_sql(around)
    assert REFUSAL in str(refused.value)


async def test_a_change_that_fails_leaves_no_entry(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as session:
            await append(session, [change(ANN, "plugin.disable", "usage", None, None)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert (await checked(database)).head == Mark(0, "")


# -- what is written


async def test_of_a_change_only_what_differs_is_kept(database: Database) -> None:
    before = {"name": "Acme", "arr": 1, "flag": 1, "gone": "x"}
    after = {"name": "Acme", "arr": 2, "flag": True, "since": NOW.date()}
    async with database.write() as session:
        await append(session, [change(ANN, "record.update", "c", before, after)])
    async with database.read() as reading:
        (row,) = await reading.execute(sa.select(ROWS))
    assert row.details == (
        '{"arr":[1,2],"flag":[1,true],"gone":["x",null],"since":[null,"2026-03-02"]}'
    )
    assert (row.number, row.previous, row.at) == (1, "", NOW)
    assert row.hash == digest(row._mapping)


async def test_an_entry_takes_two_statements_where_they_can_be_one(
    database: Database,
) -> None:
    sent: list[str] = []
    async with database.write() as session:
        await session.connection()
        database.watches.append(sent.append)
        for name in ("A", "B"):
            entry = change(ANN, "record.update", "c", {"name": "Ä"}, {"name": name})
            await append(session, [entry])
    database.watches.clear()
    assert len(sent) == (6 if database.is_sqlite else 4)
    verdict = await checked(database)
    assert (verdict.head.number, verdict.fault) == (2, None)


async def test_writers_at_the_same_time_make_one_chain(database: Database) -> None:
    await asyncio.gather(*(write(database, 5, first=n) for n in range(40)))
    verdict = await checked(database)
    assert (verdict.head.number, verdict.fault) == (200, None)


async def test_writers_of_several_processes_make_one_chain(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(3)]
    async with databases[0].engine.begin() as connection:
        await connection.run_sync(ROWS.metadata.create_all)
    await asyncio.gather(*(write(d, 3) for d in databases for _ in range(10)))
    verdict = await checked(databases[0])
    assert (verdict.head.number, verdict.fault) == (90, None)
    for one in databases:
        await one.close()


# -- tampering


async def _rows(connection: AsyncConnection) -> list[dict[str, Any]]:
    found = await connection.execute(sa.select(ROWS).order_by(NUMBER))
    return [dict(row._mapping) for row in found]


async def _set(connection: AsyncConnection, number: int, /, **values: Any) -> None:
    await connection.execute(sa.update(ROWS).where(number == NUMBER).values(**values))


async def _shift(connection: AsyncConnection, first: int, by: int) -> None:
    """Renumber the rows from a number on, by a detour past all numbers."""
    for step in (100_000 + by, -100_000):
        await connection.execute(
            sa.update(ROWS)
            .where(first <= NUMBER if step > 0 else NUMBER >= 100_000)
            .values(number=NUMBER + step)
        )


def _edited(row: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    name = chance.choice(
        ["actor_id", "actor", "action", "subject", "operation", "details", "request_id"]
    )
    return {name: "{}" if name == "details" else chance.choice(["", "other"])}


async def edit(connection: AsyncConnection, chance: random.Random) -> int:
    number = chance.randint(1, LAST)
    await _set(connection, number, **_edited({}, chance))
    return number


async def edit_and_hash(connection: AsyncConnection, chance: random.Random) -> int:
    number = chance.randint(1, LAST)
    row = (await _rows(connection))[number - 1]
    row |= _edited(row, chance)
    await _set(connection, number, **{**row, "hash": digest(row)})
    return number


async def edit_what_it_follows(
    connection: AsyncConnection, chance: random.Random
) -> int:
    number = chance.randint(2, LAST)
    row = (await _rows(connection))[number - 1]
    row["previous"] = "f" * 64
    await _set(connection, number, previous=row["previous"], hash=digest(row))
    return number


async def delete(connection: AsyncConnection, chance: random.Random) -> int:
    number = chance.randint(1, LAST)
    await connection.execute(sa.delete(ROWS).where(number == NUMBER))
    return number


async def delete_and_close_up(
    connection: AsyncConnection, chance: random.Random
) -> int:
    number = chance.randint(1, LAST - 1)
    await connection.execute(sa.delete(ROWS).where(number == NUMBER))
    await _shift(connection, number + 1, -1)
    return number


async def insert(connection: AsyncConnection, chance: random.Random) -> int:
    number = chance.randint(2, LAST)
    before = (await _rows(connection))[number - 2]
    await _shift(connection, number, 1)
    forged = {**before, "number": number, "previous": before["hash"], "actor": "eve"}
    await connection.execute(
        sa.insert(ROWS).values(**{**forged, "hash": digest(forged)})
    )
    return number


async def insert_at_an_end(connection: AsyncConnection, chance: random.Random) -> int:
    rows = await _rows(connection)
    number = chance.choice([-1, 0, LAST + 1, LAST + 7])
    forged = {**rows[-1], "number": number, "previous": rows[-1]["hash"]}
    await connection.execute(
        sa.insert(ROWS).values(**{**forged, "hash": digest(forged)})
    )
    return min(number, LAST + 1)


async def swap(connection: AsyncConnection, chance: random.Random) -> int:
    one, other = sorted(chance.sample(range(1, LAST + 1), 2))
    rows = await _rows(connection)
    kept = ("number", "previous", "hash") if chance.random() < 0.5 else ("number",)
    for to, of in ((one, other), (other, one)):
        values = {k: v for k, v in rows[of - 1].items() if k not in kept}
        await _set(connection, to, **values)
    return one


async def truncate(connection: AsyncConnection, chance: random.Random) -> int:
    last = LAST - chance.randint(1, 50)
    await connection.execute(sa.delete(ROWS).where(last < NUMBER))
    return last + 1


Tampering = Callable[[AsyncConnection, random.Random], Awaitable[int]]
TAMPERINGS: Sequence[Tampering] = (
    edit,
    edit_and_hash,
    edit_what_it_follows,
    delete,
    delete_and_close_up,
    insert,
    insert_at_an_end,
    swap,
    truncate,
)


async def _without_guards(connection: AsyncConnection) -> None:
    """What somebody who owns the database can do."""
    if connection.dialect.name == "postgresql":
        for table in ("audit_entry", "audit_head"):
            await connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        return
    names = await connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    for (name,) in names.all():
        await connection.exec_driver_sql(f"DROP TRIGGER {name}")


async def test_of_200_tamperings_all_are_found_with_their_first_row(
    database: Database,
) -> None:
    await write(database, LAST)
    assert (await checked(database)).fault is None
    chance = random.Random(20)
    missed = []
    async with database.engine.connect() as connection:
        reading = Reading(database, connection.sync_connection, None)
        for attempt in range(200):
            tampering = TAMPERINGS[attempt % len(TAMPERINGS)]
            await connection.begin()
            await _without_guards(connection)
            number = await tampering(connection, chance)
            fault = (await verify(reading)).fault
            if fault is None or fault.number != number:
                missed.append((tampering.__name__, number, fault))
            await connection.rollback()
    assert missed == []
    assert (await checked(database)).fault is None


async def test_a_log_that_was_written_anew_is_found_by_its_mark(
    database: Database,
) -> None:
    await write(database, 20)
    mark = (await checked(database)).head
    await write(database, 5, first=21)
    assert (await checked(database, mark)).fault is None
    async with database.engine.begin() as connection:
        await _without_guards(connection)
        rows = await _rows(connection)
        last = ""
        for row in rows:
            row |= {"actor": "eve", "previous": last}
            last = row["hash"] = digest(row)
            await _set(connection, row["number"], **row)
        await connection.execute(sa.update(HEADS).values(hash=last))
    assert (await checked(database)).fault is None
    fault = (await checked(database, mark)).fault
    assert fault is not None
    assert fault.number == 20


async def test_a_log_that_was_cut_with_its_head_is_found_by_its_mark(
    database: Database,
) -> None:
    await write(database, 20)
    mark = (await checked(database)).head
    async with database.engine.begin() as connection:
        await _without_guards(connection)
        await connection.execute(sa.delete(ROWS).where(NUMBER > 15))
        (last,) = [r["hash"] for r in await _rows(connection) if r["number"] == 15]
        await connection.execute(sa.update(HEADS).values(number=15, hash=last))
    assert (await checked(database)).fault is None
    fault = (await checked(database, mark)).fault
    assert fault is not None
    assert fault.number == 16


async def test_a_log_without_its_head_is_not_whole(database: Database) -> None:
    await write(database, 2)
    async with database.engine.begin() as connection:
        await _without_guards(connection)
        await connection.execute(sa.delete(HEADS))
    assert (await checked(database)).fault is not None
