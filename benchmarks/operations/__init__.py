"""The operations that are measured, and requests that ask them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson

from benchmarks import peers
from benchmarks.load import request_bytes

NAMES = ("full", "light", "portfolio", "nested")
ASKED = 500
"""Companies that the requests of an operation ask for."""


def text(name: str) -> str:
    """The operation's document."""
    return (Path(__file__).parent / f"{name}.graphql").read_text("utf-8")


def company_ids(companies: int, count: int = ASKED) -> list[str]:
    """Companies that lie apart."""
    return [f"company_{1 + n * 7919 % companies}" for n in range(count)]


def body(query: str, company: str) -> bytes:
    """A request's body."""
    return orjson.dumps({"query": query, "variables": {"id": company}})


def requests(name: str, token: str, ids: Sequence[str]) -> list[bytes]:
    """A request for each company; the portfolio is the same for all of them."""
    return _requests(text(name), token, ids)


def worded(
    name: str, token: str, ids: Sequence[str], variants: Sequence[str]
) -> dict[str, list[bytes]]:
    """The requests by variant, in its own words where it has some, without variants that
    do not serve the operation."""
    return {
        variant: _requests(peers.document(variant, name) or text(name), token, ids)
        for variant in variants
        if name not in peers.WITHOUT.get(variant, ())
    }


def _requests(query: str, token: str, ids: Sequence[str]) -> list[bytes]:
    return [request_bytes("/graphql", token, body(query, one)) for one in ids]
