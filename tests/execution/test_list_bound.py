"""Lists that no plan reads have a bound; what is longer fails its field, unread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from graphql import execute, parse
from plain_sample import SCHEMA, Case, thing

from cyclorama.errors import SectionFailedError
from cyclorama.execution import plain
from cyclorama.execution.engine import presented
from cyclorama.execution.executor import Executor


class Read:
    """An object that counts how often it is read."""

    reads = 0

    @property
    def label(self) -> str:
        type(self).reads += 1
        return "x"


class Source:
    """An endless source that counts what it has given."""

    def __init__(self) -> None:
        self.given = 0
        self.closed = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self.given += 1
        return Read()

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        return next(self)

    async def aclose(self) -> None:
        self.closed = True


MOST = plain.MOST_ITEMS
TOO_MANY = {
    "list": lambda: [Read()] * (MOST + 1),
    "tuple": lambda: (Read(),) * (MOST + 1),
    "set": lambda: {Read() for _ in range(MOST + 1)},
    "range": lambda: range(10**12),
    "iterator": lambda: (Read() for _ in iter(int, 1)),
    "coroutines": lambda: [asyncio.sleep(0) for _ in range(MOST + 1)],
    "asynchronous": Source,
}


@pytest.mark.parametrize("kind", TOO_MANY)
def test_a_list_beyond_the_bound_fails_its_field_alone(kind: str) -> None:
    Read.reads = 0
    case = Case("{ still parts { label } }", TOO_MANY[kind])
    data, [(message, path, locations, type_, code)] = case.found
    assert data == [("still", (str, "here")), ("parts", (type(None), None))]
    assert "Query.parts returned more than 10,000 items" in message
    assert (path, len(locations), type_) == (["parts"], 1, SectionFailedError)
    assert code == "SECTION_FAILED"
    assert Read.reads == 0


@pytest.mark.parametrize("asynchronous", [False, True])
def test_no_source_is_consumed_beyond_the_bound(asynchronous: bool) -> None:
    source = Source()
    made_of = source if asynchronous else (next(source) for _ in iter(int, 1))
    case = Case("{ parts { label } }", lambda: made_of)
    assert case.found[1][0][4] == "SECTION_FAILED"
    assert source.given == MOST + 1
    assert source.closed is asynchronous


def test_lists_inside_objects_are_bounded_too() -> None:
    case = Case(
        "{ things { name words } }", lambda: [thing(), thing(words=["x"] * (MOST + 1))]
    )
    _, [(message, path, *_)] = case.found
    assert "Thing.words" in message
    assert path == ["things", 1, "words"]


def test_as_many_as_the_bound_are_answered() -> None:
    data, errors = Case("{ words }", lambda: ["x"] * MOST).found
    assert not errors
    assert len(data[0][1]) == MOST


def test_the_code_of_a_list_that_is_too_long_is_shown() -> None:
    result: Any = execute(
        SCHEMA,
        parse("{ words }"),
        context_value=lambda: ["x"] * (MOST + 1),
        executor_class=Executor,
    )
    (error,) = result.errors
    assert presented(error, "r")["extensions"] == {"code": "SECTION_FAILED"}
