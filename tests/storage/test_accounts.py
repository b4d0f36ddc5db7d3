"""Users and tokens: refusals first, then who is signed in and what they may."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.errors import ConfigError
from cyclorama.storage.accounts import (
    add_user,
    create_token,
    deactivate_user,
    list_users,
    sign_in,
    signed_in_as,
)
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import TokenRow, UserGroupRow, UserRow

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def add(database: Database, email: str, **values: Any) -> str:
    async with database.write() as session:
        return (await add_user(session, email=email, now=NOW, **values)).id


async def token_of(database: Database, email: str, **options: Any) -> str:
    async with database.write() as session:
        return await create_token(session, email=email, now=NOW, **options)


async def groups(database: Database) -> None:
    async with database.write() as session:
        for key in ("admin", "csm"):
            session.add(UserGroupRow(id=f"group_{key}", key=key, name=key.upper()))


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ann",
        "@",
        "a@",
        "a b@c.de",
        "a@b@c",
        "x" * 250 + "@ab.de",
        "a\0@b.de",
        "a\x1b@b.de",
        "a\udcff@b.de",
    ],
)
async def test_an_address_that_cannot_be_used_is_refused(
    database: Database, email: str
) -> None:
    with pytest.raises(ConfigError, match="no e-mail address"):
        await add(database, email)


@pytest.mark.parametrize("what", ["name", "title", "department"])
@pytest.mark.parametrize("text", ["", " ", "x" * 256, "a\0", "a\nb", "a\udcff"])
async def test_a_text_out_of_bounds_is_refused_by_name(
    database: Database, what: str, text: str
) -> None:
    with pytest.raises(ConfigError, match=what):
        await add(database, "ann@example.com", **{what: text})


async def test_an_unknown_group_is_refused_and_adds_nobody(database: Database) -> None:
    await groups(database)
    with pytest.raises(ConfigError, match=r"no group 'sales'; there are admin, csm"):
        await add(database, "ann@example.com", groups=["csm", "sales"])
    async with database.read() as reading:
        assert await list_users(reading) == ()


async def test_an_address_is_taken_once_whatever_its_case(database: Database) -> None:
    await add(database, "Ann@Example.com")
    with pytest.raises(ConfigError, match=r"user 'ann@example\.com' already"):
        await add(database, " ann@example.COM ")


async def test_of_two_at_once_one_is_refused(database: Database) -> None:
    async def try_to_add() -> bool:
        try:
            await add(database, "ann@example.com")
        except ConfigError:
            return False
        return True

    done = await asyncio.gather(*(try_to_add() for _ in range(5)))
    assert sorted(done) == [False] * 4 + [True]


@pytest.mark.parametrize("days", [0, -1, 366])
async def test_a_token_without_an_end_is_refused(database: Database, days: int) -> None:
    await add(database, "ann@example.com")
    with pytest.raises(ConfigError, match="from 1 to 365 days"):
        await token_of(database, "ann@example.com", days=days)


@pytest.mark.parametrize("email", ["a\0@b.de", "a\udcff@b.de"])
async def test_an_address_that_no_database_holds_finds_nobody(
    database: Database, email: str
) -> None:
    async with database.read() as reading:
        assert await signed_in_as(reading, email) is None
    with pytest.raises(ConfigError, match="no user"):
        await token_of(database, email)


async def test_nobody_gets_no_token(database: Database) -> None:
    with pytest.raises(ConfigError, match=r"no user 'bo@example\.com'"):
        await token_of(database, "bo@example.com")
    with pytest.raises(ConfigError, match="no user"):
        async with database.write() as session:
            await deactivate_user(session, "bo@example.com")


async def test_what_cannot_be_a_token_asks_the_database_nothing(
    database: Database,
) -> None:
    seen: list[str] = []
    async with database.read() as reading:
        database.watches.append(seen.append)
        for token in ("", "abc", "cyc", "cyc_" + "x" * 300):
            assert await sign_in(reading, token, NOW) is None
    assert seen == []


async def test_a_token_works_until_it_expires(database: Database) -> None:
    await add(database, "ann@example.com")
    token = await token_of(database, "ann@example.com", days=1)
    async with database.read() as reading:
        assert await sign_in(reading, token + "x", NOW) is None
        assert await sign_in(reading, token, NOW + timedelta(days=1)) is None
        almost = NOW + timedelta(days=1, milliseconds=-1)
        assert await sign_in(reading, token, almost) is not None


async def test_a_deactivated_user_is_out_at_once(database: Database) -> None:
    await add(database, "ann@example.com")
    token = await token_of(database, "ann@example.com")
    async with database.write() as session:
        await deactivate_user(session, "ANN@example.com")
    async with database.read() as reading:
        assert await sign_in(reading, token, NOW) is None
        assert await signed_in_as(reading, "ann@example.com") is None
        (user,) = await list_users(reading)
        assert not user.active
    with pytest.raises(ConfigError, match="deactivated"):
        await token_of(database, "ann@example.com")


async def test_only_the_hash_of_a_token_is_kept(database: Database) -> None:
    await add(database, "ann@example.com")
    token = await token_of(database, "ann@example.com")
    async with database.read() as reading:
        (row,) = await reading.execute(sa.select(*TokenRow.__table__.c))
    assert token not in str(tuple(row))
    assert len(row.token_hash) == 64


async def test_signing_in_is_one_statement_that_tells_everything(
    database: Database,
) -> None:
    await groups(database)
    user_id = await add(
        database,
        "ann@example.com",
        name="Ann",
        title="CSM",
        groups=["csm", "admin", "csm"],
        attributes={"region": "EU", "title": "hidden by the column"},
    )
    token = await token_of(database, "ann@example.com")
    seen: list[str] = []
    async with database.read() as reading:
        database.watches.append(seen.append)
        signed = await sign_in(reading, token, NOW)
    assert len(seen) == 1
    assert signed is not None
    viewer = signed.viewer
    assert (viewer.id, viewer.kind, viewer.name) == (user_id, "USER", "Ann")
    assert [g.key for g in viewer.groups] == ["admin", "csm"]
    assert viewer.permissions == ("admin",)
    assert viewer.attributes == {
        "region": "EU",
        "title": "CSM",
        "department": None,
        "email": "ann@example.com",
        "name": "Ann",
    }
    assert signed.configuration_version == 0
    assert signed.expires_at == NOW + timedelta(days=90)


async def test_users_are_listed_with_their_groups(database: Database) -> None:
    await groups(database)
    await add(database, "bo@example.com", groups=["csm", "admin"])
    await add(database, "ann@example.com")
    async with database.read() as reading:
        users = await list_users(reading)
    assert [(u.email, u.name, u.groups) for u in users] == [
        ("ann@example.com", "ann", ()),
        ("bo@example.com", "bo", ("admin", "csm")),
    ]


async def test_the_user_is_in_the_table(database: Database) -> None:
    user_id = await add(database, "ann@example.com", department="Sales")
    async with database.read() as reading:
        (row,) = await reading.execute(sa.select(UserRow.id, UserRow.department))
    assert tuple(row) == (user_id, "Sales")
