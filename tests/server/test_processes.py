"""The server as a process: what it refuses to start on, workers, a graceful stop."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psutil
import pytest
import sqlalchemy as sa
from copies import MIGRATED, Templates
from processes import ask, inside, prepare, run, served

from cyclorama.storage.audit import AuditRow
from cyclorama.storage.engine import Database

PATIENCE = 60
"""Seconds until a test that waits for something fails."""


@pytest.fixture
def tokens(ready_url: str) -> dict[str, str]:
    """Tokens by group on a database with one company."""
    return asyncio.run(prepare(ready_url))


class Site:
    """A database with one company, and a server with two workers on it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.tokens = asyncio.run(prepare(url))
        self._server = ExitStack()
        self._started: tuple[str, subprocess.Popen[str]] | None = None

    def server(self) -> tuple[str, subprocess.Popen[str]]:
        """Its address and process; it is started where none runs."""
        if self._started is None:
            running = served(self.url, "--workers", "2")
            self._started = self._server.enter_context(running)
        return self._started

    def stop(self) -> None:
        """Have it finish."""
        self._server.close()
        self._started = None


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, templates: Templates) -> Iterator[Site]:
    """One for all tests that leave it as it was."""
    with templates.copied(MIGRATED, request.param) as url:
        made = Site(url)
        yield made
        made.stop()


def test_a_database_that_is_not_migrated_is_refused_with_the_command(
    empty_url: str,
) -> None:
    done = run("serve", "--database-url", empty_url)
    assert done.returncode == 2
    assert "not up to date; run: cyclorama migrate" in done.stderr
    assert "Traceback" not in done.stderr


COMMANDS = (["serve"], ["migrate"], ["users", "list"])


def assert_names(done: subprocess.CompletedProcess[str], named: str) -> None:
    """The database is named, and not its password."""
    assert done.returncode == 2, done.stderr
    assert named in done.stderr
    assert "hush" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_server_that_cannot_be_reached_is_named_without_its_password(
    command: list[str],
) -> None:
    url = "postgresql://ann:hush@127.0.0.1:1/none"
    done = run(*command, CYCLORAMA_DATABASE_URL=url)
    assert_names(done, "postgresql+asyncpg://ann:***@")


def test_a_file_that_cannot_be_opened_is_named() -> None:
    url = "sqlite:////no/such/folder/file.db"
    for command, how in zip(COMMANDS, (run, inside, inside), strict=True):
        done = how(*command, CYCLORAMA_DATABASE_URL=url)
        assert_names(done, "/no/such/folder/file.db")


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("mysql://ann:hush@localhost/x", "'mysql' is not supported"),
        ("nonsense", "can't be read"),
        ("sqlite://", "needs a file"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused(url: str, named: str) -> None:
    for command in COMMANDS:
        assert_names(inside(*command, CYCLORAMA_DATABASE_URL=url), named)


def test_a_port_in_use_is_refused_by_name(
    ready_url: str, tokens: dict[str, str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port), "--database-url", ready_url)
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr


def test_a_setting_that_cannot_be_used_is_named() -> None:
    done = inside("serve", CYCLORAMA_WORKERS="0", CYCLORAMA_TIME_ZONE="Mars")
    assert done.returncode == 2
    assert "CYCLORAMA_WORKERS" in done.stderr
    assert "CYCLORAMA_TIME_ZONE" in done.stderr


def test_a_switch_reaches_all_workers_within_five_seconds(site: Site) -> None:
    query = '{ company(id: "company_1") { support { openCount } } }'
    change = (
        'mutation($e: Boolean!) { setSectionPluginEnabled(key: "support", enabled: $e) '
        "{ plugin { enabled } errors { code } } }"
    )
    tokens, (address, _) = site.tokens, site.server()
    for _ in range(10):
        assert "errors" not in ask(address, tokens["csm"], query)
    refused = ask(address, tokens["csm"], change, e=False)
    assert refused["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "errors" not in ask(address, tokens["csm"], query)
    switched = ask(address, tokens["admin"], change, e=False)
    assert switched["data"]["setSectionPluginEnabled"] == {
        "plugin": {"enabled": False},
        "errors": [],
    }
    answers = [ask(address, tokens["csm"], query) for _ in range(30)]
    codes = {a["errors"][0]["extensions"]["code"] for a in answers}
    assert codes == {"GRAPHQL_VALIDATION_FAILED"}
    ask(address, tokens["admin"], change, e=True)
    answers = [ask(address, tokens["csm"], query) for _ in range(30)]
    assert all("errors" not in a for a in answers)


def test_each_worker_answers_and_has_connections_of_its_own(site: Site) -> None:
    query = "{ companies(first: 1) { edges { node { id name } } } }"
    tokens, (address, process) = site.tokens, site.server()
    workers = psutil.Process(process.pid).children()
    assert len(workers) == 2
    before = [sum(w.cpu_times()[:2]) for w in workers]
    with ThreadPoolExecutor(16) as threads:
        asked = [threads.submit(ask, address, tokens["csm"], query) for _ in range(200)]
    answers = [a.result() for a in asked]
    assert all(a == answers[0] and "errors" not in a for a in answers)
    after = [sum(w.cpu_times()[:2]) for w in workers]
    assert all(a > b for a, b in zip(after, before, strict=True))
    if site.url.startswith("sqlite"):
        file = site.url.removeprefix("sqlite:///")
        held = [{f.path for f in w.open_files()} for w in workers]
        assert all(file in paths for paths in held)
    else:
        assert asyncio.run(_connections(site.url)) >= 2
    workers[0].kill()
    deadline = time.monotonic() + PATIENCE
    while not {*psutil.Process(process.pid).children()} - {*workers}:
        assert time.monotonic() < deadline, "no worker in the place of one killed"
        time.sleep(0.2)
    assert ask(address, tokens["csm"], query) == answers[0]


async def _connections(url: str) -> int:
    """Of others to a PostgreSQL database."""
    database = Database(url)
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    async with database.read() as reading:
        found = await reading.fetch(f"{count} AND pid <> pg_backend_pid()", [])
    await database.close()
    total: int = found[0][0]
    return total


def test_a_stopping_server_finishes_what_it_has_begun(
    ready_url: str, tokens: dict[str, str]
) -> None:
    with served(ready_url) as (address, process):
        port = int(address.rpartition(":")[2])
        body = b'{"query": "{ viewer { email } }"}'
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            f"authorization: Bearer {tokens['csm']}\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head.encode() + body[:5])
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            connection.sendall(body[5:])
            connection.settimeout(20)
            received = connection.recv(65_536)
        assert received.startswith(b"HTTP/1.1 200")
        assert b"csm@example.com" in received
        assert process.wait(timeout=40) == 0


def test_a_graceful_stop_loses_no_read(site: Site) -> None:
    query = 'query Last { company(id: "company_1") { name summary { state } } }'
    address, _ = site.server()
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(ask, address, site.tokens["csm"], query) for _ in range(120)
        ]
        answers = [a.result() for a in asked]
        site.stop()  # at once
    assert all(a["data"]["company"]["summary"] for a in answers)
    done = run("audit", "verify", "--json", "--database-url", site.url)
    assert json.loads(done.stdout)["ok"]
    assert asyncio.run(_noted(site.url, "Last")) == 120


async def _noted(url: str, operation: str) -> int:
    """How many reads of an operation the audit log has."""
    database = Database(url)
    count = sa.select(sa.func.count()).where(AuditRow.operation == operation)
    async with database.read() as reading:
        ((found,),) = await reading.execute(count)
    await database.close()
    return int(found)
