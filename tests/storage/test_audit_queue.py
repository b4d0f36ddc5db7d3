"""Reads on their way to the audit log: in batches, waiting where there is no room."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from cyclorama.storage.audit import HEADS, READ, ROWS, Actor, Entry
from cyclorama.storage.audit_checks import verify
from cyclorama.storage.audit_queue import AuditQueue
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW

pytestmark = pytest.mark.anyio
ANN = Actor(kind="USER", id="user_1", name="ann@example.com")


def read(number: int) -> Entry:
    return Entry(at=NOW, actor=ANN, action=READ, subject=f"company_{number}")


async def subjects(database: Database) -> list[str]:
    async with database.read() as reading:
        assert (await verify(reading)).fault is None
        rows = await reading.execute(sa.select(ROWS.c.subject).order_by(ROWS.c.number))
    return [row.subject for row in rows]


async def test_what_the_database_does_not_take_goes_to_the_log(
    fresh_database: Database,
) -> None:
    queue = AuditQueue(fresh_database)  # where there is no table
    with capture_logs() as logs:
        await queue.put([read(1), read(2)])
        await queue.close(0.2)
    (last,) = [line for line in logs if line["event"] == "audit_not_written"]
    assert [e["subject"] for e in last["entries"]] == ["company_1", "company_2"]


async def test_who_finds_no_room_waits_and_nothing_is_lost(database: Database) -> None:
    queue = AuditQueue(database, most=2)
    async with database.write() as session:  # nobody else can write meanwhile
        await session.execute(sa.select(HEADS).with_for_update())
        waiting = [asyncio.create_task(queue.put([read(n)])) for n in range(9)]
        _, pending = await asyncio.wait(waiting, timeout=0.6)
        assert len(pending) >= 5
    await asyncio.gather(*waiting)
    await queue.close()
    assert sorted(await subjects(database)) == [f"company_{n}" for n in range(9)]


async def test_a_stop_writes_what_is_left_at_once_and_in_one_transaction(
    database: Database,
) -> None:
    queue = AuditQueue(database)
    for number in range(50):
        await queue.put([read(number)])
    assert await subjects(database) == []
    seen: list[str] = []
    database.watches.append(seen.append)
    await queue.close()
    assert sum("UPDATE audit_head" in s for s in seen) == 1
    assert await subjects(database) == [f"company_{n}" for n in range(50)]


async def test_the_writer_goes_on_after_it_had_nothing_to_do(
    database: Database,
) -> None:
    queue = AuditQueue(database)
    for number in range(3):
        await queue.put([read(number)])
        await queue.close()
    assert await subjects(database) == ["company_0", "company_1", "company_2"]


async def test_a_batch_that_failed_is_written_again(
    fresh_database: Database,
) -> None:
    queue = AuditQueue(fresh_database)
    with capture_logs() as logs:
        await queue.put([read(1)])
        for _ in range(500):
            await asyncio.sleep(0.01 if not logs else 0)
        async with fresh_database.engine.begin() as connection:
            await connection.run_sync(ROWS.metadata.create_all)
        await queue.close()
    assert {line["event"] for line in logs} == {"audit_waits"}
    assert await subjects(fresh_database) == ["company_1"]
