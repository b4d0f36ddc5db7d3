"""Server processes of the variants: one worker each, on a port of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks import peers
from benchmarks.load import fetch

ROOT = Path(__file__).parents[1]
GRANIAN = """
import sys
from granian import Granian
from granian.constants import Interfaces, Loops
sys.path.insert(0, sys.argv[1])
Granian(sys.argv[2], factory=True, port=int(sys.argv[3]), interface=Interfaces.ASGI,
        loop=Loops.uvloop, log_enabled=False).serve()
"""
SERVE = "from cyclorama.cli import main; main()"
PATIENCE = 60
"""Seconds in which a server must answer for the first time."""
LAST_WORDS = 2_000
"""Bytes of what a server that does not answer said last that are shown."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens."""

    name: str
    port: int
    process: psutil.Process
    errors: int | None = None
    """The descriptor of the file that holds its standard error."""

    def last_words(self) -> str:
        """What it said last on standard error."""
        if self.errors is None:
            return ""
        start = max(0, os.fstat(self.errors).st_size - LAST_WORDS)
        return os.pread(self.errors, LAST_WORDS, start).decode(errors="replace").strip()


def command(name: str, port: int) -> list[str]:
    """How a variant is started; `cyclorama` as an operator starts it."""
    if name == "cyclorama":
        return [sys.executable, "-c", SERVE, "serve", "--port", str(port)]
    if name in peers.NAMES:
        return peers.command(name, port)
    target = f"benchmarks.{name}:asgi"
    return [sys.executable, "-c", GRANIAN, str(ROOT), target, str(port)]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(name: str, url: str) -> Iterator[Running]:
    """A variant on a database; its standard error is kept as long as it runs.

    It finds its modules compiled, as pip leaves them."""
    port = free_port()
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CYCLORAMA_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command(name, port),
            cwd=ROOT,
            env={**kept, "CYCLORAMA_DATABASE_URL": url},
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        try:
            yield Running(name, port, psutil.Process(process.pid), errors.fileno())
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


async def first_answer(server: Running, request: bytes) -> bytes:
    """The first answer of a server that is starting."""
    end = time.perf_counter() + PATIENCE
    while time.perf_counter() < end and _lives(server.process):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        body = await fetch(reader, writer, request)
        writer.close()
        return body
    said = server.last_words() or "It said nothing on standard error."
    raise SystemExit(f"The server of {server.name} does not answer.\n{said}")


def _lives(process: psutil.Process) -> bool:
    """Whether it has not ended; one that did stays in the list until it is waited for."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def cpu(process: psutil.Process | None) -> float:
    """Seconds of CPU that a process and its children have used, those that have ended
    included."""
    total = 0.0
    for one in [process, *process.children(recursive=True)] if process else ():
        try:
            used = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += used.user + used.system + used.children_user + used.children_system
    return total


def memory(process: psutil.Process) -> int:
    """Bytes that are resident in the worker, the largest of the process's children."""
    held = [p.memory_info().rss for p in process.children(recursive=True)]
    return max(held or [process.memory_info().rss])
