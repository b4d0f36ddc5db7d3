"""Rounds of loads that take turns, and what their medians are."""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields

import orjson
import psutil

from benchmarks.checking import check
from benchmarks.load import answers, load
from benchmarks.peers.shapes import shaped
from benchmarks.serving import Running, cpu, first_answer

CONCURRENCY = (1, 16, 32)
CHECKED = 20
"""Companies whose answers are held against each other."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The figures of one load, or the medians of several."""

    p50: float
    p95: float
    p99: float
    throughput: float
    """Requests a second."""
    server_cpu: float
    """Milliseconds a request, as `database_cpu`."""
    database_cpu: float
    cpu: float
    """Of both."""


@dataclass(frozen=True, slots=True)
class Figures:
    """All samples of one variant, operation and concurrency."""

    variant: str
    operation: str
    concurrency: int
    samples: tuple[Sample, ...]

    @property
    def median(self) -> Sample:
        """The median of each figure."""
        return Sample(
            **{
                f.name: statistics.median(getattr(s, f.name) for s in self.samples)
                for f in fields(Sample)
            }
        )

    def spread(self, name: str) -> float:
        """From the lowest to the highest of a figure, as a share of the median."""
        values = [getattr(s, name) for s in self.samples]
        middle = statistics.median(values)
        return (max(values) - min(values)) / middle if middle else 0.0

    def as_json(self) -> dict[str, object]:
        """What `--json` holds of them."""
        return {
            "variant": self.variant,
            "operation": self.operation,
            "concurrency": self.concurrency,
            "rounds": len(self.samples),
            "median": {k: round(v, 3) for k, v in asdict(self.median).items()},
            "spread": {f.name: round(self.spread(f.name), 3) for f in fields(Sample)},
        }


async def sample(
    server: Running,
    database: psutil.Process | None,
    requests: Sequence[bytes],
    connections: int,
    seconds: float,
) -> Sample:
    """The figures of one load."""
    before = cpu(server.process), cpu(database)
    done = await load(server.port, requests, connections, seconds)
    after = cpu(server.process), cpu(database)
    used = [(b - a) * 1000 / done.requests for a, b in zip(before, after, strict=True)]
    return Sample(
        p50=done.p50,
        p95=done.percentile(95),
        p99=done.percentile(99),
        throughput=done.per_second,
        server_cpu=used[0],
        database_cpu=used[1],
        cpu=sum(used),
    )


def check_answers(
    servers: Sequence[Running], requests: Mapping[str, Sequence[bytes]]
) -> None:
    """End the benchmark unless all servers answer the same to their requests."""

    async def asked() -> dict[str, list[object]]:
        found = {}
        for server in taking_part(servers, requests):
            asked = requests[server.name]
            await first_answer(server, asked[0])
            bodies = await answers(server.port, asked[:CHECKED])
            found[server.name] = [shaped(server.name, orjson.loads(b)) for b in bodies]
        return found

    check(asyncio.run(asked()))


def taking_part(
    servers: Sequence[Running], requests: Mapping[str, Sequence[bytes]]
) -> list[Running]:
    """The servers that have requests."""
    return [server for server in servers if server.name in requests]


def measure(
    servers: Sequence[Running],
    database: psutil.Process | None,
    operation: str,
    requests: Mapping[str, Sequence[bytes]],
    *,
    rounds: int,
    seconds: float,
    concurrency: Iterable[int] = CONCURRENCY,
) -> list[Figures]:
    """Warm up, then let the servers that have requests take turns in each round."""
    own = [(server, requests[server.name]) for server in taking_part(servers, requests)]

    async def run() -> list[Figures]:
        for server, asked in own:
            await load(server.port, asked, 8, seconds)
        found: dict[tuple[str, int], list[Sample]] = {}
        for place in range(rounds):
            for connections in concurrency:
                for server, asked in own:
                    one = await sample(server, database, asked, connections, seconds)
                    found.setdefault((server.name, connections), []).append(one)
            print(f"{operation}: round {place + 1} of {rounds}", file=sys.stderr)
        return [Figures(v, operation, c, tuple(s)) for (v, c), s in found.items()]

    return asyncio.run(run())
