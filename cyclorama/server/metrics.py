"""`/metrics`: what one process has done, in the text format of Prometheus."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from cyclorama import __version__

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    10,
    30,
)
"""Upper bounds of the histogram, in seconds."""
Sample = tuple[str, float]
"""The labels as they are written, and the value."""


class Metrics:
    """Counts the requests of a process."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.statuses: Counter[int] = Counter()
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0
        self.jobs: Counter[tuple[str, str]] = Counter()
        """Runs of jobs by kind and by how they ended."""
        self.events: Counter[str] = Counter()
        """Events by how they ended."""

    def count(self, status: int, seconds: float) -> None:
        """Count an answered request."""
        self.statuses[status] += 1
        self.seconds += seconds
        place = next((n for n, most in enumerate(BUCKETS) if seconds <= most), -1)
        self.buckets[place] += 1

    def text(self, app: Any, waiting: int) -> str:
        """All metrics of the process of an `App`, on whose database so many events
        wait."""
        return "".join(_lines(*metric) for metric in self._all(app, waiting))

    def _all(
        self, app: Any, waiting: int
    ) -> Iterator[tuple[str, str, str, Iterable[Sample]]]:
        caches, database = app.caches.items(), app.database
        pools = {"read": database.readers.pool, "write": database.engine.pool}
        version = [(f'{{version="{__version__}"}}', 1)]
        yield "info", "gauge", "The version that runs.", version
        uptime = time.monotonic() - self.started
        yield "uptime_seconds", "gauge", "Since the process started.", [("", uptime)]
        statuses = [(f'{{status="{s}"}}', n) for s, n in sorted(self.statuses.items())]
        yield "requests_total", "counter", "Answered requests by status.", statuses
        yield "request_seconds", "histogram", "Time to the answer.", self._histogram()
        sent = [("", database.statements)]
        yield "statements_total", "counter", "Statements sent to the database.", sent
        left = [("", app.engine.plans.unplanned)]
        help_ = "Declared fields that graph resolvers answered."
        yield "unplanned_fields_total", "counter", help_, left
        opened = [(f'{{section="{s}"}}', 1) for s in app.breakers.opened]
        help_ = "Sections that keep failing and are left alone for a while."
        yield "section_failing", "gauge", help_, opened
        runs = [
            (f'{{kind="{kind}",outcome="{outcome}"}}', n)
            for (kind, outcome), n in sorted(self.jobs.items())
        ]
        yield "jobs_total", "counter", "Runs of background jobs.", runs
        outcomes = (("handled", 0), ("put_aside", 0), *self.events.items())
        ended = [(f'{{outcome="{name}"}}', n) for name, n in dict(outcomes).items()]
        yield "events_total", "counter", "Events that are no longer waiting.", ended
        help_ = "Events that wait to be handled, in the whole database."
        yield "events_waiting", "gauge", help_, [("", waiting)]
        for name, type_, help_, attribute in _OF_CACHES:
            found = [(f'{{cache="{c}"}}', getattr(k, attribute)) for c, k in caches]
            yield name, type_, help_, found
        sizes = [(f'{{cache="{c}"}}', len(k)) for c, k in caches]
        yield "cache_entries", "gauge", "Entries of a cache.", sizes
        used = [(f'{{pool="{n}"}}', p.checkedout()) for n, p in pools.items()]
        yield "pool_connections_in_use", "gauge", "Connections that are taken.", used
        size = [(f'{{pool="{n}"}}', p.size()) for n, p in pools.items()]
        yield "pool_connections_max", "gauge", "Connections that may be opened.", size

    def _histogram(self) -> Iterator[Sample]:
        so_far = 0
        for most, found in zip((*BUCKETS, "+Inf"), self.buckets, strict=True):
            so_far += found
            yield f'_bucket{{le="{most}"}}', so_far
        yield "_sum", self.seconds
        yield "_count", so_far


_OF_CACHES: Final = (
    ("cache_hits_total", "counter", "Look-ups that found an entry.", "hits"),
    ("cache_misses_total", "counter", "Look-ups that found none.", "misses"),
    ("cache_entries_max", "gauge", "Entries that a cache may hold.", "most"),
)


def _lines(name: str, type_: str, help_: str, samples: Iterable[Sample]) -> str:
    name = f"cyclorama_{name}"
    shown = [f"{name}{labels} {value:.12g}\n" for labels, value in samples]
    return f"# HELP {name} {help_}\n# TYPE {name} {type_}\n{''.join(shown)}"
