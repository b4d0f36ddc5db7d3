"""Servers of other ecosystems, measured where Node is on the path."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.database import Filled
from benchmarks.results import Results
from benchmarks.serving import Running


def start(stack: ExitStack, url: str, left_out: dict[str, str]) -> list[Running]:
    """The peers that can be started."""
    return []


def agrees(peer: Running, cyclorama: Running, filled: Filled, results: Results) -> bool:
    """Whether a peer answers the same."""
    return True


def asked(peer: Running, operation: str) -> bool:
    """Whether a peer answers an operation."""
    return True
