"""Waves: what a statement has left open is read by the next one, for all its records."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any

import orjson
from graphql import GraphQLError
from graphql.pyutils import Path

from cyclorama.errors import CostLimitError, RequestError
from cyclorama.execution.holes import MOST_RECORDS, Hole, Job, Open, Step, places, put
from cyclorama.resolvers.refs import Ref, refs_of

Made = tuple[Job, tuple[Any, ...], Any]
"""A job, the keys of its place, and the value, or the error instead."""


@dataclass(frozen=True, slots=True)
class Wave:
    """The answers of a statement that left something open, and what belongs there."""

    roots: Mapping[tuple[Ref, str], Any]
    """By record and first key of a piece: the piece as an object."""
    found: Mapping[Any, Mapping[str, Ref] | RequestError]
    """By a hole's key: references by id, or why none are read."""
    made: Mapping[tuple[Ref, str], Sequence[Made]]


@dataclass(slots=True)
class Making:
    """A wave while the answers are gone through."""

    roots: dict[tuple[Ref, str], Any] = field(default_factory=dict)
    kinds: dict[Any, str] = field(default_factory=dict)
    rows: dict[Any, dict[str, list[Any]]] = field(default_factory=dict)
    jobs: dict[Any, list[Any]] = field(default_factory=dict)

    def add(self, ref: Ref, key: str, root: Any, left: Open) -> None:
        """Note a piece's answer and what it leaves open."""
        holes, jobs = left
        self.roots[ref, key] = root
        for hole in holes:
            self.kinds[hole.key] = hole.kind
            rows = self.rows.setdefault(hole.key, {})
            for _, (record, *attributes) in places(root, hole.steps):
                rows[record] = attributes
        for job in jobs:
            for keys, wire in places(root, job.steps):
                waiting = self.jobs.setdefault(job.key, [])
                waiting.append((ref, key, job, keys, job.inputs(wire)))

    async def wave(self, ctx: Any, depth: int, variables: Any) -> Wave:
        """The wave: each hole's records are one batch, each function is called once."""
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
        made: dict[Any, list[Made]] = {}
        for waiting in self.jobs.values():
            inputs = [found for *_, found in waiting]
            values = await _values(waiting[0][2], inputs, ctx, variables)
            for (ref, key, job, keys, _), value in zip(waiting, values, strict=True):
                made.setdefault((ref, key), []).append((job, keys, value))
        return Wave(self.roots, found, made)


async def _values(
    job: Job, inputs: list[Any], ctx: Any, variables: Any
) -> Sequence[Any]:
    """A value for each tuple of inputs, or the error in the place of each."""
    function = job.source.function
    try:
        values = list(await function(inputs, **job.arguments(ctx, variables)))
        if len(values) != len(inputs):
            raise TypeError(
                f"{function.__qualname__} made {len(values)} values of {len(inputs)}."
            )
    except Exception as error:
        return [error] * len(inputs)
    return values


async def filled(
    executor: Any, wave: Wave, ref: Ref, key: str, left: Open, path: Any, position: Any
) -> bytes:
    """A piece's pair of key and value with nothing left open."""
    root = wave.roots[ref, key]
    waiting = []
    for job, keys, value in wave.made.get((ref, key), ()):
        await _put_made(executor, root, job, keys, value, path, position)
    for hole in left[0]:
        found = wave.found[hole.key]
        at = list(places(root, hole.steps))
        if isinstance(found, RequestError):
            if at:
                _fail(executor, root, hole.steps[:1], at[0][0][:1], path, found)
            continue
        waiting += [(hole, keys, found[marker[0]]) for keys, marker in at]
    fills = (_fill(executor, root, *each, path, position) for each in waiting)
    await asyncio.gather(*fills)
    return orjson.dumps(root)[1:-1]


async def _put_made(
    executor: Any, root: Any, job: Job, keys: Any, value: Any, path: Any, position: Any
) -> None:
    step = job.steps[-1]
    try:
        if isinstance(value, Exception):
            raise value
        done = executor.complete_value(
            step.type, step.details, None, _path(path, keys), value, position
        )
        if isawaitable(done):
            done = await done
    except Exception as error:
        _fail(executor, root, job.steps, keys, path, error)
    else:
        put(root, keys, done)


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
