"""A schema of plain objects, and one operation run by graphql-core and by generated code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from inspect import isawaitable
from typing import Any

import strawberry
from graphql import GraphQLError, execute, parse, validate
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from cyclorama.execution import plain
from cyclorama.schema.scalars import SCALARS


@strawberry.enum
class Side(Enum):
    LARGE = strawberry.enum_value("l", name="BIG")
    SMALL = "s"


@strawberry.enum
class Tone(StrEnum):
    LOUD = "loud"
    SOFT = "soft"


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Part:
    label: str | None
    weight: float
    inner: Part | None = None


@strawberry.type
class Thing(Named):
    count: int
    share: float
    open: bool
    at: datetime
    side: Side
    tone: Tone | None
    key: strawberry.ID
    note_text: str | None
    price: Decimal | None
    data: JSON | None
    part: Part | None
    must: Part
    parts: list[Part]
    maybe: list[Part | None] | None
    words: list[str | None]
    grid: list[list[int]]

    @strawberry.field
    def shout(self) -> str:
        return f"{self.name}!"


def field_of(type_: Any) -> Any:
    """A root field that answers with what the operation's context makes."""

    def resolve(info: strawberry.Info) -> Any:
        return info.context()

    return strawberry.field(resolve, graphql_type=type_)


@strawberry.type
class Query:
    thing: Thing | None = field_of(Thing | None)
    must: Thing = field_of(Thing)
    things: list[Thing] = field_of(list[Thing])
    maybe: list[Thing | None] | None = field_of(list[Thing | None] | None)
    named: list[Named] = field_of(list[Named])
    parts: list[Part] | None = field_of(list[Part] | None)
    words: list[str] | None = field_of(list[str] | None)

    @strawberry.field
    def still(self) -> str:
        return "here"


SCHEMA = strawberry.Schema(
    Query, types=[Thing], config=StrawberryConfig(scalar_map=SCALARS)
)._schema


def part(**given: Any) -> Any:
    return made(Part, {"label": "a", "weight": 1.5, "inner": None} | given)


def thing(**given: Any) -> Any:
    values = {
        "name": "Näme",
        "count": 3,
        "share": 0.5,
        "open": True,
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "side": Side.LARGE,
        "tone": Tone.SOFT,
        "key": "k1",
        "note_text": None,
        "price": Decimal("1.10"),
        "data": {"b": [1, None], "a": {}},
        "part": part(),
        "must": part(inner=part(label=None)),
        "parts": [part(), part(label="b")],
        "maybe": [part(), None],
        "words": ["x", None],
        "grid": [[1, 2], [], [3]],
    }
    return made(Thing, values | given)


def made(class_: type, values: Mapping[str, Any]) -> Any:
    """An object with these attributes, whatever its class wants."""
    one = class_.__new__(class_)
    vars(one).update(values)
    return one


class Counting(plain.PlainExecutor):
    """Counts how often generated code ran, to its end and in vain."""

    worth = 0
    done = unusual = 0

    def _completed(self, type_: Any, details: Any, value: Any, again: Any) -> Any:
        found = super()._completed(type_, details, value, again)
        if found is plain.UNUSUAL:
            type(self).unusual += 1
        else:
            type(self).done += 1
        return found


@dataclass
class Case:
    """An operation and what makes its objects, anew for each engine."""

    query: str
    make: Callable[[], Any]
    variables: Mapping[str, Any] = field(default_factory=dict)
    valid: bool = True

    def run(self, executor: Any) -> Any:
        """Data with the order of keys and the types of leaves, errors in order."""
        document = parse(self.query)
        assert not validate(SCHEMA, document) or not self.valid
        try:
            result: Any = execute(
                SCHEMA,
                document,
                context_value=self.make,
                variable_values=dict(self.variables),
                executor_class=executor,
            )
            if isawaitable(result):
                result = asyncio.run(_awaited(result))
        except GraphQLError as error:
            return str(error), ["refused"]
        return shown(result.data), [error_of(e) for e in result.errors or ()]

    @property
    def expected(self) -> Any:
        return self.run(StrawberryGraphQLCoreExecutionContext)

    @property
    def found(self) -> Any:
        return self.run(Counting)


async def _awaited(value: Any) -> Any:
    return await value


def shown(value: Any) -> Any:
    if isinstance(value, dict):
        return [(k, shown(v)) for k, v in value.items()]
    if isinstance(value, list):
        return [shown(v) for v in value]
    return type(value), value


def error_of(error: Any) -> Any:
    original = error.original_error
    code = getattr(original, "code", None)
    return error.message, error.path, error.locations, type(original), code


def forget() -> None:
    """Let functions be written anew."""
    SCHEMA.extensions.pop("cyclorama-plain", None)
