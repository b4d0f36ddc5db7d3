"""What every change sends runs on the driver: same values, one transaction, all counted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from cyclorama.storage.direct import direct
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS
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
