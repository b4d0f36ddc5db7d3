"""Waves: what a statement has left open is read by the next one, for all its records."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import GraphQLError
from graphql.pyutils import Path

from cyclorama.errors import CostLimitError, RequestError
from cyclorama.execution.holes import MOST_RECORDS, Hole, Step, places, put
from cyclorama.resolvers.refs import Ref, refs_of

Roots = dict[tuple[Ref, str], Any]


@dataclass(frozen=True, slots=True)
class Wave:
    """The answers of a statement with holes, and the records that fill them."""

    roots: Roots
    """By record and first key of a piece: the piece as an object, holes in it."""
    found: Mapping[Any, Mapping[str, Ref] | RequestError]
    """By a hole's key: references by id, or why none are read."""


@dataclass(slots=True)
class Making:
    """A wave while the answers are gone through."""

    roots: Roots = field(default_factory=dict)
    kinds: dict[Any, str] = field(default_factory=dict)
    rows: dict[Any, dict[str, list[Any]]] = field(default_factory=dict)

    def add(self, ref: Ref, key: str, root: Any, holes: Iterable[Hole]) -> None:
        """Note a piece's answer and the records that its holes ask for."""
        self.roots[ref, key] = root
        for hole in holes:
            self.kinds[hole.key] = hole.kind
            rows = self.rows.setdefault(hole.key, {})
            for _, (record, *attributes) in places(root, hole.steps):
                rows[record] = attributes

    def wave(self, ctx: Any, depth: int) -> Wave:
        """The wave; each hole's records are one batch."""
        found: dict[Any, Any] = {}
        for key, rows in self.rows.items():
            if len(rows) > MOST_RECORDS:
                found[key] = CostLimitError(
                    f"This asks for sections of {len(rows)} records inside a section; at "
                    f"most {MOST_RECORDS} are read. Ask for smaller pages."
                )
                continue
            refs = refs_of(ctx, self.kinds[key], rows.items(), depth=depth)
            found[key] = {r.id: r for r in refs}
        return Wave(self.roots, found)


async def filled(
    executor: Any,
    wave: Wave,
    ref: Ref,
    key: str,
    holes: Iterable[Hole],
    path: Any,
    position: Any,
) -> bytes:
    """A piece's pair of key and value, its holes filled."""
    root = wave.roots[ref, key]
    waiting = []
    for hole in holes:
        found = wave.found[hole.key]
        at = list(places(root, hole.steps))
        if isinstance(found, RequestError):
            if at:
                _fail(executor, root, hole.steps[:1], at[0][0][:1], path, found)
            continue
        waiting += [
            _fill(executor, root, hole, keys, found[marker[0]], path, position)
            for keys, marker in at
        ]
    await asyncio.gather(*waiting)
    return orjson.dumps(root)[1:-1]


async def _fill(
    executor: Any,
    root: Any,
    hole: Hole,
    keys: tuple[Any, ...],
    ref: Ref,
    path: Any,
    position: Any,
) -> None:
    own = _path(path, keys)
    try:
        value = await executor.read(hole.type, ref, own, hole.fields, position)
    except Exception as error:
        _fail(executor, root, hole.steps, keys, path, error)
    else:
        put(root, keys, value)


def _fail(
    executor: Any,
    root: Any,
    steps: tuple[Step, ...],
    keys: tuple[Any, ...],
    path: Any,
    error: Exception,
) -> None:
    """Record an error where the nearest place may be null, which becomes null; raise it
    where none may."""
    for last in range(len(keys), 0, -1):
        step = steps[last - 1]
        try:
            executor.handle_field_error(
                error, step.type, step.details, _path(path, keys[:last])
            )
        except GraphQLError as raised:
            error = raised
            continue
        put(root, keys[:last], None)
        return
    raise error


def _path(path: Any, keys: tuple[Any, ...]) -> Any:
    for key in keys:
        path = Path(path, key, None)
    return path
