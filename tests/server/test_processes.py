"""The server as a process: what it refuses to start on, workers, a graceful stop."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from processes import ask, prepare, run, served

from cyclorama.storage.engine import Database

PATIENCE = 60
"""Seconds until a test that waits for something fails."""


@pytest.fixture
def tokens(empty_url: str) -> dict[str, str]:
    """Tokens by group on a database with one company."""
    return asyncio.run(prepare(empty_url))


def test_a_database_that_is_not_migrated_is_refused_with_the_command(
    empty_url: str,
) -> None:
    done = run("serve", "--database-url", empty_url)
    assert done.returncode == 2
    assert "not up to date; run: cyclorama migrate" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("postgresql://ann:hush@127.0.0.1:1/none", "postgresql+asyncpg://ann:***@"),
        ("sqlite:////no/such/folder/file.db", "/no/such/folder/file.db"),
        ("mysql://localhost/x", "'mysql' is not supported"),
        ("nonsense", "can't be read"),
        ("sqlite://", "needs a file"),
    ],
)
def test_a_database_that_cannot_be_reached_is_named_without_its_password(
    url: str, named: str
) -> None:
    for command in (["serve"], ["migrate"], ["users", "list"]):
        done = run(*command, CYCLORAMA_DATABASE_URL=url)
        assert done.returncode == 2, done.stderr
        assert named in done.stderr
        assert "hush" not in done.stderr
        assert "Traceback" not in done.stderr


def test_a_port_in_use_is_refused_by_name(
    empty_url: str, tokens: dict[str, str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port), "--database-url", empty_url)
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr


def test_a_setting_that_cannot_be_used_is_named() -> None:
    done = run("serve", CYCLORAMA_WORKERS="0", CYCLORAMA_TIME_ZONE="Mars")
    assert done.returncode == 2
    assert "CYCLORAMA_WORKERS" in done.stderr
    assert "CYCLORAMA_TIME_ZONE" in done.stderr


def test_a_switch_reaches_all_workers_within_five_seconds(
    empty_url: str, tokens: dict[str, str]
) -> None:
    query = '{ company(id: "company_1") { support { openCount } } }'
    change = (
        'mutation($e: Boolean!) { setSectionPluginEnabled(key: "support", enabled: $e) '
        "{ plugin { enabled } errors { code } } }"
    )
    with served(empty_url, "--workers", "2") as (address, _):
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


def test_each_worker_answers_and_has_connections_of_its_own(
    empty_url: str, tokens: dict[str, str]
) -> None:
    query = "{ companies(first: 1) { edges { node { id name } } } }"
    with served(empty_url, "--workers", "2") as (address, process):
        workers = psutil.Process(process.pid).children()
        assert len(workers) == 2
        before = [sum(w.cpu_times()[:2]) for w in workers]
        with ThreadPoolExecutor(16) as threads:
            asked = [
                threads.submit(ask, address, tokens["csm"], query) for _ in range(200)
            ]
        answers = [a.result() for a in asked]
        assert all(a == answers[0] and "errors" not in a for a in answers)
        after = [sum(w.cpu_times()[:2]) for w in workers]
        assert all(a > b for a, b in zip(after, before, strict=True))
        if empty_url.startswith("sqlite"):
            file = empty_url.removeprefix("sqlite:///")
            held = [{f.path for f in w.open_files()} for w in workers]
            assert all(file in paths for paths in held)
        else:
            assert asyncio.run(_connections(empty_url)) >= 2
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
    empty_url: str, tokens: dict[str, str]
) -> None:
    with served(empty_url) as (address, process):
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


def test_a_graceful_stop_loses_no_read(empty_url: str, tokens: dict[str, str]) -> None:
    query = '{ company(id: "company_1") { name summary { state } } }'
    with (
        served(empty_url, "--workers", "2") as (address, _),
        ThreadPoolExecutor(8) as pool,
    ):
        answers = list(
            pool.map(lambda _: ask(address, tokens["csm"], query), range(120))
        )  # ... and the server is stopped at once
    assert all(a["data"]["company"]["summary"] for a in answers)
    done = run("audit", "verify", "--json", "--database-url", empty_url)
    assert json.loads(done.stdout)["entries"] == 120
