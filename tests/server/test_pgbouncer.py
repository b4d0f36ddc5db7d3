"""Behind a real pgbouncer in transaction mode; `.ci/run` installs it."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, select, text

from cyclorama.app import App, make_app
from cyclorama.config import Settings
from cyclorama.execution.engine import Operation
from cyclorama.storage.engine import Database, database_url
from cyclorama.storage.ids import new_id
from cyclorama.storage.rows import UserRow
from cyclorama.testing import NOW

pytestmark = pytest.mark.anyio
SERVERS = 3
"""Connections of pgbouncer to PostgreSQL; the application has more to pgbouncer."""
PAGE = """query($id: ID!) { company(id: $id) { name createdAt
  summary { cards { key value } fields { path displayValue } tags }
  relationships { byType { count } relationships { totalCount edges { node { name } } } }
  companyHierarchy { nodes { company { name } own { value } } }
  support { openCount cases(view: ALL) { totalCount edges { node { subject openedAt } } } }
  usage { utilization modules { key series { value } } } } }"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def configure(folder: Path, server: URL, port: int) -> Path:
    """The configuration of a pgbouncer before a server, which trusts everybody here."""
    host = server.query.get("host", server.host or "127.0.0.1")
    password = f" password={server.password}" if server.password else ""
    (folder / "users.txt").write_text(f'"{server.username}" ""\n')
    file = folder / "pgbouncer.ini"
    file.write_text(
        f"""[databases]
* = host={host} port={server.port or 5432} user={server.username}{password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {SERVERS}
"""
    )
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    return file


def owner_of(server: URL) -> str:
    """Who may reach the server's socket; pgbouncer refuses to run as root."""
    host = str(server.query.get("host", ""))
    return pwd.getpwuid(os.stat(host).st_uid).pw_name if host else "nobody"


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    for _ in range(200):
        assert process.poll() is None, process.communicate()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("pgbouncer did not listen.")


@pytest.fixture
def bouncer_url(demo_postgresql_url: str) -> Iterator[str]:
    """The URL of the demo through pgbouncer."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    program = shutil.which("pgbouncer", path=path)
    if program is None and "CI" not in os.environ:
        pytest.skip("Install pgbouncer (apt-get install pgbouncer) to run this test.")
    assert program, "pgbouncer is missing, and here it must not be."
    server, port = database_url(demo_postgresql_url), free_port()
    as_user = ["-u", owner_of(server)] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder:
        file = configure(Path(folder), server, port)
        process = subprocess.Popen(
            [program, "-q", *as_user, str(file)], stderr=subprocess.PIPE, text=True
        )
        try:
            wait_for(port, process)
            there = URL.create(
                "postgresql",
                username=server.username,
                host="127.0.0.1",
                port=port,
                database=server.database,
            )
            yield there.render_as_string()
        finally:
            process.terminate()
            process.communicate(timeout=10)


@pytest.fixture
async def behind(bouncer_url: str) -> AsyncIterator[Database]:
    """The demo through pgbouncer, on a database whose sessions are set otherwise."""
    database = Database(bouncer_url, pgbouncer=True)
    name = database.url.database
    async with database.write() as session:
        for setting in ("timezone = 'Asia/Tokyo'", "jit = on", "jit_above_cost = 0"):
            await session.execute(text(f"ALTER DATABASE {name} SET {setting}"))
    yield database
    await database.close()


def app_on(database: Database) -> App:
    made = make_app(Settings(), database)
    made.now = lambda: NOW
    return made


async def ask(app: App, query: str, **variables: Any) -> bytes:
    async with app.as_user("csm@example.com") as context:
        operation = Operation(query=query, variables=variables)
        return (await app.answer(operation, context)).body


async def test_pages_are_those_of_a_direct_connection(
    demo_postgresql_url: str, behind: Database
) -> None:
    direct = Database(demo_postgresql_url)
    async with direct.read() as reading:
        rows = await reading.execute(text("SELECT id FROM company ORDER BY id LIMIT 8"))
    ids = [row.id for row in rows]
    expected = [await ask(app_on(direct), PAGE, id=i) for i in ids]
    await direct.close()
    assert not any(b'"errors"' in page for page in expected)
    app = app_on(behind)
    for _ in range(3):
        pages = await asyncio.gather(*(ask(app, PAGE, id=i) for i in ids * 3))
        assert pages == expected * 3


async def test_every_transaction_is_in_utc_and_nothing_is_left_prepared(
    behind: Database,
) -> None:
    show = text(
        "SELECT pg_backend_pid(), current_setting('timezone'), current_setting('jit')"
    )
    pids = set()
    for _ in range(4):
        async with behind.write() as session:
            found = (await session.execute(show)).one()
            assert found[1:] == ("UTC", "off")
        async with AsyncExitStack() as stack:
            for _ in range(SERVERS):
                reading = await stack.enter_async_context(behind.read())
                pid, *settings = (await reading.execute(show))[0]
                assert settings == ["UTC", "off"]
                assert (
                    await reading.fetch("SELECT name FROM pg_prepared_statements", [])
                    == []
                )
                pids.add(pid)
    assert len(pids) == SERVERS


async def test_processes_that_start_and_write_at_once_share_the_connections(
    bouncer_url: str, behind: Database
) -> None:
    async def start(number: int) -> None:
        database = Database(bouncer_url, pgbouncer=True)
        await database.check()
        async with database.write() as session:
            session.add_all(
                UserRow(
                    id=new_id("user"),
                    email=f"u{number}.{n}@example.com",
                    name="U",
                    created_at=NOW,
                )
                for n in range(5)
            )
        await database.close()

    await asyncio.gather(*(start(n) for n in range(12)))
    emails = select(UserRow.created_at).where(UserRow.email.like("u%.%@example.com"))
    async with behind.read() as reading:
        assert [r.created_at for r in await reading.execute(emails)] == [NOW] * 60
