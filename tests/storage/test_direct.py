"""What every change sends runs on the driver: same values, one transaction, all counted."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cyclorama.storage.audit import Actor, Author, record
from cyclorama.storage.audit_checks import verify
from cyclorama.storage.direct import direct
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS
from cyclorama.storage.insertions import MOST_TOGETHER, Insertion
from cyclorama.storage.rows import UserRow

pytestmark = pytest.mark.anyio
AT = datetime(2026, 10, 1, 8, 0, 0, 123456, tzinfo=UTC)
INSERT = sa.insert(EVENTS)
ONE = sa.select(*EVENTS.c).where(EVENTS.c.id == sa.bindparam("one", type_=sa.String()))
USERS = sa.select(UserRow.name)


def event(number: int) -> dict[str, Any]:
    return {
        "id": f"event_{number}",
        "kind": "x.y",
        "record_id": "company_1",
        "subject_id": None,
        "at": AT,
        "actor_kind": "USER",
        "actor_id": "user_1",
        "actor": "Ä",
        "payload": {"before": {}, "after": {"n": [number, None, "Ä"]}},
        "chain": ["rule_1"],
    }


async def test_values_are_those_of_sqlalchemy_wherever_they_are_read(
    database: Database,
) -> None:
    sent: list[str] = []
    database.watches.append(sent.append)
    async with database.write() as session:
        at = direct(session)
        assert at is direct(session)
        await at.send(INSERT, [event(1)])  # begins the transaction
        await at.send(INSERT, [event(2)])
        await at.send(INSERT, [event(3), event(4), event(5)])
        assert len(sent) == 3 + database.is_sqlite
        found = [(await at.fetch(ONE, {"one": f"event_{n}"}))[0] for n in range(1, 6)]
        by_session = await session.execute(sa.select(EVENTS).order_by(EVENTS.c.id))
        assert [tuple(row) for row in found] == [tuple(row) for row in by_session]
        connection = await session.connection()
        (row,) = await direct(connection).fetch(ONE, {"one": "event_5"})
    assert tuple(row) == tuple(found[-1])
    assert found[0].at == AT.replace(microsecond=123000)
    assert found[0].payload == event(1)["payload"]
    assert (found[0].chain, found[0].handled_at) == (["rule_1"], None)


async def test_what_the_session_holds_is_there_before(database: Database) -> None:
    async with database.write() as session:
        await direct(session).send(INSERT, [event(1)])
        session.add(UserRow(id="u", email="a@example.com", name="Ann", created_at=AT))
        assert [row.name for row in await direct(session).fetch(USERS, {})] == ["Ann"]


async def send_twice(database: Database, rows: list[dict[str, Any]]) -> None:
    async with database.write() as session:
        await direct(session).send(INSERT, [event(1)])
        await direct(session).send(INSERT, rows)


async def test_an_error_is_sqlalchemys_and_leaves_nothing(database: Database) -> None:
    for rows in ([event(1)], [event(2), event(1)]):
        with pytest.raises(DBAPIError):
            await send_twice(database, rows)
    async with database.read() as reading:
        assert await reading.execute(sa.select(EVENTS.c.id)) == []
    async with database.write() as session:
        await direct(session).send(INSERT, [event(1)])


IDS = sa.select(EVENTS.c.id).order_by(EVENTS.c.id)
AMONG = IDS.where(EVENTS.c.id.in_(sa.bindparam("ids", expanding=True)))
SLOW = {
    "postgresql": "SELECT pg_sleep(30)",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
    "WHERE i < 500000) SELECT max(i) FROM n",
}


async def sent_directly(database: Database, *events: dict[str, Any]) -> None:
    async with database.write_directly() as at:
        for one in events:
            await Insertion(EVENTS, [one]).insert(at)


async def ids(database: Database) -> list[str]:
    async with database.read() as reading:
        return [row.id for row in await reading.execute(IDS)]


async def test_a_transaction_without_a_session_commits_or_leaves_nothing(
    database: Database,
) -> None:
    sent: list[str] = []
    database.watches.append(sent.append)
    written = database.written
    async with database.write_directly() as at:
        assert direct(at) is at
        await at.send(INSERT, [event(1), event(2)])
        assert await ids(database) == []
        for given in ([], ["event_2"], ["event_1", "event_2", "x"]):
            found = await at.fetch(AMONG, {"ids": given})
            again = await at.execute(AMONG, {"ids": given})
            assert [r.id for r in found] == [r.id for r in again] == given[:2]
    assert (len(sent), database.written) == (8, written + 1)
    assert await ids(database) == ["event_1", "event_2"]
    with pytest.raises(DBAPIError):
        await sent_directly(database, event(3), event(1))
    with pytest.raises(TypeError):
        await sent_directly(database, event(3), event(4) | {"payload": object()})
    async with database.write() as session:  # the same connection on SQLite
        await direct(session).send(INSERT, [event(4)])
    assert await ids(database) == ["event_1", "event_2", "event_4"]


async def test_a_transaction_that_is_cancelled_leaves_its_connection_usable(
    database: Database,
) -> None:
    async def slowly(before: float) -> None:
        async with database.write_directly() as at:
            await at.send(INSERT, [event(1)])
            await asyncio.sleep(before)
            await at.fetch(sa.text(SLOW[at.dialect]).columns(), {})

    for before in (30, 0, 0, 0):
        running = [asyncio.create_task(slowly(before)) for _ in range(6)]
        await asyncio.sleep(0.05)
        for task in running:
            task.cancel()
        found = await asyncio.gather(*running, return_exceptions=True)
        assert all(isinstance(e, asyncio.CancelledError) for e in found), found
    async with database.write_directly() as at:
        await at.send(INSERT, [event(1)])
    assert await ids(database) == ["event_1"]


async def test_writers_wait_for_each_other_and_lose_nothing(database: Database) -> None:
    async def one(number: int) -> None:
        async with database.write_directly() as at:
            await at.send(INSERT, [event(number)])

    await asyncio.gather(*(one(10 + n) for n in range(40)))
    assert await ids(database) == [f"event_{10 + n}" for n in range(40)]


async def test_what_was_inserted_alone_goes_with_an_entry_later(
    database: Database,
) -> None:
    actor = Actor(kind="USER", id="user_1", name="Ann")
    author = Author(actor=actor, at=AT)
    for number in (1, 2, 3):
        async with database.write_directly() as at:
            await Insertion(EVENTS, [event(number)]).insert(at)
            first = [Insertion(EVENTS, [event(10 + number)])]
            await record(at, author, "x.y", "x", after={"n": number}, first=first)
    assert len(await ids(database)) == 6
    async with database.read() as reading:
        assert (await verify(reading)).fault is None


async def test_rows_that_are_inserted_together_take_the_place_of_others(
    database: Database,
) -> None:
    for count in (1, 3, MOST_TOGETHER, MOST_TOGETHER + 5):
        rows = [event(n) | {"actor": str(count)} for n in range(count)]
        async with database.write_directly() as at:
            await Insertion(EVENTS, rows, replaces=True).insert(at)
        async with database.read() as reading:
            found = await reading.execute(sa.select(EVENTS.c.actor, EVENTS.c.payload))
        assert {r.actor for r in found} == {str(count)}
        assert len(found) == count
        assert all(r.payload["after"]["n"][2] == "Ä" for r in found)
    with pytest.raises(DBAPIError):
        await sent_directly(database, event(1))
