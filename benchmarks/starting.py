"""Small grounds to compare with: a path of packages, a schema of plain graphql-core."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from graphql import (
    GraphQLBoolean,
    GraphQLField,
    GraphQLFloat,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    execute,
    parse,
)


@contextmanager
def with_path(folder: Path) -> Iterator[None]:
    """Processes that are started find the packages of a folder."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), before]))
    try:
        yield
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before


async def plain_graphql(objects: Sequence[Any], query: str, rounds: int) -> float:
    """Milliseconds of graphql-core itself over these objects, JSON included."""
    types = {
        "one": GraphQLNonNull(GraphQLString),
        "two": GraphQLNonNull(GraphQLInt),
        "three": GraphQLNonNull(GraphQLFloat),
        "four": GraphQLNonNull(GraphQLBoolean),
        "five": GraphQLString,
    }
    item = GraphQLObjectType("Plain", {n: GraphQLField(t) for n, t in types.items()})

    async def resolve(*_: Any) -> Sequence[Any]:
        return objects

    listed = GraphQLNonNull(GraphQLList(GraphQLNonNull(item)))
    field = GraphQLField(listed, resolve=resolve)
    schema = GraphQLSchema(GraphQLObjectType("Query", {"plain": field}))
    document = parse(query)
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        result: Any = execute(schema, document)
        orjson.dumps({"data": (await result).data})
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)
