"""Commands and servers as processes of their own, for tests."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import IO, Any

import httpx2
import psutil
import pytest

from cyclorama.app import clock, graph
from cyclorama.cli import main
from cyclorama.plugins.setup import bring_up_to_date
from cyclorama.storage.accounts import add_user, create_token
from cyclorama.storage.engine import Database
from cyclorama.testing import company

PROGRAM = [sys.executable, "-c", "from cyclorama.cli import main; main()"]


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def inside(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """As `run`, in this process: it takes as long as the command, not as starting one."""
    out, errors = io.StringIO(), io.StringIO()
    code: Any = 0
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(out),
        redirect_stderr(errors),
    ):
        patch.setattr(sys, "argv", ["cyclorama", *arguments])
        for name, value in environment.items():
            patch.setenv(name, value)
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    return subprocess.CompletedProcess(
        arguments, code, out.getvalue(), errors.getvalue()
    )


async def prepare(url: str) -> dict[str, str]:
    """Migrate a database, where it is not yet, and give it a company; tokens by group."""
    database = Database(url)
    try:
        await bring_up_to_date(database, graph())
        tokens = {}
        async with database.write() as session:
            session.add(company(1))
            for group in ("admin", "csm"):
                email = f"{group}@example.com"
                await add_user(session, email=email, groups=[group], now=clock())
                tokens[group] = await create_token(session, email=email, now=clock())
        return tokens
    finally:
        await database.close()


@contextmanager
def served(
    url: str, *options: str, port: int | None = None
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server process and its address; its log is in a file, which never is full."""
    port = port or free_port()
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [*PROGRAM, "serve", "--port", str(port), "--database-url", url, *options],
            stderr=log,
            text=True,
        )
        try:
            _wait_until_ready(address, process, log)
            yield address, process
        finally:
            process.terminate()
            process.wait(timeout=40)


def _wait_until_ready(
    address: str, process: subprocess.Popen[str], log: IO[str]
) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        if process.poll() is not None:
            log.seek(0)
            raise AssertionError(log.read())
        try:
            if httpx2.get(f"{address}/readyz", verify=False).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    raise AssertionError("The server did not get ready.")


def kill(process: subprocess.Popen[str]) -> None:
    """End a server and its workers as a failing machine does."""
    server = psutil.Process(process.pid)
    for one in (server, *server.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait(timeout=10)


def ask(address: str, token: str, query: str, **variables: Any) -> Any:
    """The answer to one request on a connection of its own."""
    response = httpx2.post(
        f"{address}/graphql",
        json={"query": query, "variables": variables},
        headers={"authorization": f"Bearer {token}"},
        timeout=20,
        verify=False,  # there is nothing to verify, and preparing for it takes 60 ms
    )
    return response.json()
