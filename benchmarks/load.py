"""A load generator: keep-alive HTTP over plain sockets, so that it costs little itself."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load."""

    requests: int
    seconds: float
    milliseconds: Sequence[float]
    """Of each request."""

    @property
    def p50(self) -> float:
        """The median in milliseconds."""
        return statistics.median(self.milliseconds)

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    def percentile(self, share: int) -> float:
        """The time in milliseconds that so many percent of the requests stay below."""
        if len(self.milliseconds) < 2:
            return self.milliseconds[0]
        return statistics.quantiles(self.milliseconds, n=100, method="inclusive")[
            share - 1
        ]


def request_bytes(path: str, token: str, body: bytes) -> bytes:
    """A POST of JSON."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: benchmark\r\nauthorization: Bearer {token}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def fetch(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> bytes:
    """The body of the answer; an answer that is not 200 ends the benchmark."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    body = await reader.readexactly(length)
    if not head.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"{head!r} {body!r}")
    return body


async def answers(port: int, requests: Sequence[bytes]) -> list[bytes]:
    """The bodies of the answers, one after another on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = [await fetch(reader, writer, request) for request in requests]
    writer.close()
    return found


async def load(
    port: int, requests: Sequence[bytes], connections: int, seconds: float
) -> Load:
    """Ask the requests over and over, one after another on each connection."""
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def client(offset: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        place = offset
        while time.perf_counter() < end:
            started = time.perf_counter()
            await fetch(reader, writer, requests[place % len(requests)])
            times.append((time.perf_counter() - started) * 1000)
            place += connections
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client(n) for n in range(connections)))
    return Load(len(times), time.perf_counter() - started, times)
