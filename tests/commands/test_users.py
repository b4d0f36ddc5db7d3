"""`cyclorama users` and `cyclorama token`: refusals first, then what they print."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from cyclorama.cli import app
from cyclorama.errors import ConfigError
from cyclorama.storage.accounts import SignedIn, sign_in
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import MembershipRow, UserGroupRow

T = TypeVar("T")
TOKEN = re.compile(r"cyc_[A-Za-z0-9_-]{43}\n")


@pytest.fixture
def run(ready_url: str) -> Callable[..., str]:
    """Runs a command on a migrated database; its standard output."""

    def invoke(*arguments: str) -> str:
        command = [*arguments, "--database-url", ready_url]
        result = CliRunner().invoke(app, command, catch_exceptions=False)
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    return invoke


def on(url: str, work: Callable[[Database], Awaitable[T]]) -> T:
    """What `work` makes of the database at this URL."""

    async def working() -> T:
        database = Database(url)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(working())


def signed(url: str, token: str) -> SignedIn | None:
    """Whom a token stands for just now."""

    async def sign(database: Database) -> SignedIn | None:
        async with database.read() as reading:
            return await sign_in(reading, token, datetime.now(UTC))

    return on(url, sign)


def rule(url: str, key: str, *clauses: dict[str, Any]) -> None:
    """Give a group this rule."""

    async def write(database: Database) -> None:
        async with database.write() as session:
            changed = sa.update(UserGroupRow).where(UserGroupRow.key == key)
            await session.execute(changed.values(rule=list(clauses)))

    on(url, write)


def memberships(url: str) -> list[tuple[str, bool, bool]]:
    """All memberships: the group's key, by hand, by rule."""
    row = MembershipRow
    query = (
        sa.select(UserGroupRow.key, row.by_hand, row.by_rule)
        .join(row, row.group_id == UserGroupRow.id)
        .order_by(UserGroupRow.key)
    )

    async def read(database: Database) -> list[tuple[str, bool, bool]]:
        async with database.read() as reading:
            return [tuple(found) for found in await reading.execute(query)]

    return on(url, read)


def test_an_address_that_is_none_is_refused(run: Callable[..., str]) -> None:
    with pytest.raises(ConfigError, match="'ann' is no e-mail address"):
        run("users", "add", "ann")
    with pytest.raises(ConfigError, match="no e-mail address"):
        run("users", "add", "a\udcff@example.com")


def test_an_unknown_group_is_refused_with_the_known_ones_and_adds_nobody(
    run: Callable[..., str],
) -> None:
    with pytest.raises(ConfigError, match="no group 'sales'; there are admin, csm, ex"):
        run("users", "add", "ann@example.com", "--group", "csm", "--group", "sales")
    assert json.loads(run("users", "list", "--json")) == []


def test_an_address_is_added_once_whatever_its_case(run: Callable[..., str]) -> None:
    run("users", "add", "ann@example.com")
    with pytest.raises(ConfigError, match=r"a user 'ann@example\.com' already"):
        run("users", "add", " Ann@Example.com ")


def test_a_token_is_refused_to_nobody_and_without_an_end(
    run: Callable[..., str],
) -> None:
    with pytest.raises(ConfigError, match=r"no user 'ann@example\.com'"):
        run("token", "--user", "ann@example.com")
    run("users", "add", "ann@example.com")
    for days in ("0", "366"):
        with pytest.raises(ConfigError, match="1 to 365 days"):
            run("token", "--user", "ann@example.com", "--days", days)


def test_an_unknown_user_cannot_be_deactivated(run: Callable[..., str]) -> None:
    with pytest.raises(ConfigError, match=r"no user 'bo@example\.com'"):
        run("users", "deactivate", "bo@example.com")


def test_a_deactivated_user_is_out_at_once_and_stays_in_the_list(
    run: Callable[..., str], ready_url: str
) -> None:
    run("users", "add", "ann@example.com")
    token = run("token", "--user", "ann@example.com").strip()
    assert signed(ready_url, token) is not None
    assert run("users", "deactivate", "ANN@example.com") == (
        "Deactivated ann@example.com.\n"
    )
    assert signed(ready_url, token) is None
    assert run("users", "list") == "ann@example.com  ann  no group  (deactivated)\n"
    again = run("users", "deactivate", "ann@example.com", "--json")
    assert json.loads(again) == {"email": "ann@example.com", "active": False}
    with pytest.raises(ConfigError, match="is deactivated"):
        run("token", "--user", "ann@example.com")


def test_a_token_is_printed_alone_and_signs_in(
    run: Callable[..., str], ready_url: str
) -> None:
    run("users", "add", "ann@example.com", "--group", "admin")
    token = run("token", "--user", "ann@example.com")
    assert TOKEN.fullmatch(token)
    found = signed(ready_url, token.strip())
    assert found is not None
    assert found.viewer.email == "ann@example.com"
    assert found.viewer.permissions == ("admin",)


def test_a_token_in_json_says_whose_it_is_and_until_when(
    run: Callable[..., str], ready_url: str
) -> None:
    run("users", "add", "ann@example.com")
    begun = datetime.now(UTC).replace(microsecond=0)
    asked = ("token", "--user", " Ann@example.com", "--days", "2", "--json")
    answer = json.loads(run(*asked))
    assert set(answer) == {"token", "user", "expiresAt"}
    assert answer["user"] == "ann@example.com"
    expires = datetime.fromisoformat(answer["expiresAt"])
    assert begun <= expires - timedelta(days=2) <= datetime.now(UTC)
    found = signed(ready_url, answer["token"])
    assert found is not None
    assert found.expires_at is not None
    assert found.expires_at.replace(microsecond=0) == expires


def test_users_are_added_and_listed(run: Callable[..., str]) -> None:
    assert run("users", "list") == (
        "There are no users yet; add one with: cyclorama users add EMAIL\n"
    )
    assert run("users", "add", "Bo@example.com") == "Added bo@example.com.\n"
    asked = ("users", "add", "ann@example.com", "--name", "Änn", "--group", "exec")
    added = json.loads(run(*asked, "--group", "csm", "--json"))
    assert (added["email"], added["name"]) == ("ann@example.com", "Änn")
    assert run("users", "list").splitlines() == [
        "ann@example.com  Änn  csm, exec",
        "bo@example.com  bo  no group",
    ]
    first, _ = json.loads(run("users", "list", "--json"))
    assert first == {**added, "active": True, "groups": ["csm", "exec"]}


def test_a_new_user_comes_into_the_groups_whose_rule_they_meet(
    run: Callable[..., str], ready_url: str
) -> None:
    title = {"attribute": "title", "operator": "IN", "values": ["CEO", "CFO"]}
    department = {"attribute": "department", "operator": "EQ", "values": ["Success"]}
    rule(ready_url, "exec", title)
    rule(ready_url, "csm", department)
    rule(ready_url, "admin", title, department)
    chosen = ("--title", "CEO", "--department", "Board", "--group", "csm")
    run("users", "add", "ann@example.com", *chosen)
    assert memberships(ready_url) == [("csm", True, False), ("exec", False, True)]
