"""One object opens reading and writing transactions on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from cyclorama.errors import ConfigError
from cyclorama.storage.engine import Database, EndedError, Reading, database_url
from cyclorama.storage.ids import kind_of_id, new_id
from cyclorama.storage.outages import is_unavailable
from cyclorama.storage.pools import MOST_STATEMENTS
from cyclorama.storage.rows import UserRow
from cyclorama.storage.search import fold
from cyclorama.storage.types import wire_instant

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("url", ["nonsense", "mysql://host/name", ""])
def test_a_url_that_cannot_be_used_is_named(url: str) -> None:
    with pytest.raises(ConfigError, match=r"database"):
        database_url(url)


def test_sqlite_needs_a_file() -> None:
    with pytest.raises(ConfigError, match="needs a file"):
        Database("sqlite://")


async def test_a_database_that_cannot_be_reached_is_named_without_its_password() -> (
    None
):
    database = Database("postgresql://me:secret@127.0.0.1:1/nowhere")
    with pytest.raises(ConfigError, match="can't be reached") as error:
        await database.check()
    assert "secret" not in str(error.value)
    await database.close()


async def test_an_instant_comes_back_in_utc_with_milliseconds(
    database: Database,
) -> None:
    written = datetime(2026, 10, 1, 8, 0, 0, 123456, tzinfo=UTC)
    async with database.write() as session:
        session.add(
            UserRow(id="user_1", email="a@example.com", name="A", created_at=written)
        )
    async with database.read() as reading:
        (row,) = await reading.execute(sa.select(UserRow.created_at))
    assert row.created_at == written.replace(microsecond=123000)


async def test_an_error_in_a_writing_transaction_changes_nothing(
    database: Database,
) -> None:
    user = UserRow(id="user_1", email="a@example.com", name="A", created_at=NOW)

    async def fails() -> None:
        async with database.write() as session:
            session.add(user)
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    async with database.read() as reading:
        assert await reading.execute(sa.select(UserRow.id)) == []


def test_ids_sort_by_time_and_name_their_kind() -> None:
    first, second = new_id("company"), new_id("company")
    assert kind_of_id(first) == "company"
    assert first[:16] <= second[:16]


@pytest.mark.parametrize(
    ("name", "folded"),
    [("Éclair  GmbH", "eclair gmbh"), ("東京", "東京"), ("STRASSE", "strasse")],
)
def test_names_are_folded(name: str, folded: str) -> None:
    assert fold(name) == folded


async def test_connections_that_the_server_has_closed_are_replaced(
    empty_postgresql_url: str,
) -> None:
    database, other = Database(empty_postgresql_url), Database(empty_postgresql_url)
    closing = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with database.read() as one, database.read() as two:
        await one.fetch("SELECT 1", ())
        await two.fetch("SELECT 1", ())
    async with database.write() as session:
        await session.execute(sa.text("SELECT 1"))
    async with other.read() as reading:
        assert len(await reading.fetch(closing, ())) == 3
    for _ in range(3):
        async with database.read() as one, database.read() as two:
            assert len(await one.fetch("SELECT 1", ())) == 1
            assert len(await two.fetch("SELECT 1", ())) == 1
        async with database.write() as session:
            await session.execute(sa.text("SELECT 1"))
    async with database.read() as reading:
        async with other.read() as killing:
            await killing.fetch(closing, ())
        with pytest.raises(Exception, match=r"closed|terminat|switch to st") as error:
            await reading.fetch("SELECT 1", ())
        assert is_unavailable(error.value)
    async with database.read() as reading:
        assert len(await reading.fetch("SELECT 1", ())) == 1
    await database.close()
    await other.close()


async def test_what_comes_too_late_for_a_replaced_transaction_reads_on_in_the_next(
    database: Database,
) -> None:
    async with database.read() as first, database.read() as second:
        waiting = asyncio.create_task(first.fetch("SELECT 1", ()))
        ending = asyncio.create_task(first.end())

        async def current(aborted: bool) -> Reading:
            assert not aborted
            return second

        first.successor = current
        assert [*(await waiting)[0]] == [1]
        await ending
        assert [*(await first.execute(sa.text("SELECT 2")))[0]] == [2]
        first.successor = None
        with pytest.raises(EndedError, match="has ended"):
            await first.fetch("SELECT 1", ())


@pytest.mark.parametrize("sent", ["fetch", "execute", "guarded"])
async def test_what_a_neighbours_failure_makes_useless_is_read_in_the_next(
    database: Database, sent: str
) -> None:
    text: Any = "SELECT 2" if sent == "fetch" else sa.text("SELECT 2")
    given = ((),) if sent == "fetch" else ()
    async with database.read() as first, database.read() as second:
        told: list[bool] = []

        async def next_one(aborted: bool) -> Reading:
            told.append(aborted)
            return second

        first.successor = next_one
        with pytest.raises(Exception, match="nowhere") as error:
            await first.fetch("SELECT 1 FROM nowhere", ())
        assert not is_unavailable(error.value)
        assert [*(await getattr(first, sent)(text, *given))[0]] == [2]
        # SQLite's transactions outlive a statement that fails.
        assert told == ([] if database.is_sqlite else [True])


def test_what_a_statement_did_wrong_is_no_outage() -> None:
    import asyncpg

    exceptions: Any = asyncpg.exceptions
    for outage in ("InterfaceError", "AdminShutdownError", "TooManyConnectionsError"):
        assert is_unavailable(getattr(exceptions, outage)("x"))
    for other in ("QueryCanceledError", "UndefinedTableError", "DivisionByZeroError"):
        assert not is_unavailable(getattr(exceptions, other)("x"))
    closing = "cannot switch to state 12; another operation (2) is in progress"
    assert is_unavailable(exceptions.InternalClientError(closing))
    assert not is_unavailable(exceptions.InternalClientError("no decoder for OID 1"))
    assert not is_unavailable(None)
    assert is_unavailable(OSError())


async def test_a_connection_keeps_a_bounded_number_of_statements_prepared(
    database: Database,
) -> None:
    async with database.read() as reading:
        for number in range(MOST_STATEMENTS + 50):
            assert await reading.fetch(f"SELECT {number}", [])
        if not database.is_sqlite:  # those of SQLAlchemy itself come on top
            count = "SELECT count(*) FROM pg_prepared_statements"
            (held,) = (await reading.fetch(count, []))[0]
            assert MOST_STATEMENTS // 2 < held <= MOST_STATEMENTS + 10


@given(st.datetimes(timezones=st.timezones()))
def test_an_instant_as_clients_see_it(value: datetime) -> None:
    try:
        utc = value.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        return
    assert wire_instant(value) == utc.isoformat(timespec="milliseconds") + "Z"


async def test_who_reads_loosely_sees_what_there_is_when_they_ask(
    database: Database,
) -> None:
    async def add(number: int) -> None:
        user = UserRow(id=f"u{number}", email=f"{number}@x.com", name="A")
        async with database.write() as session:
            user.created_at = NOW
            session.add(user)

    async def seen(reading: Reading) -> int:
        return len(await reading.execute(sa.select(UserRow.id)))

    async with database.read() as one, database.read(loosely=True) as other:
        assert (await seen(one), await seen(other)) == (0, 0)
        await add(1)
        assert (await seen(one), await seen(other)) == (0, 1)
        with pytest.raises(Exception, match="nowhere"):
            await other.fetch("SELECT * FROM nowhere", [])
        assert await seen(other) == 1
    async with database.read() as reading:
        assert await seen(reading) == 1
