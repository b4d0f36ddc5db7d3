"""Objects of inputs are those that Strawberry makes, whatever their fields are."""

from __future__ import annotations

from dataclasses import field
from enum import Enum
from typing import Any

import strawberry

from cyclorama.plugins.input_objects import know_inputs


@strawberry.enum
class Colour(Enum):
    RED = "red"


@strawberry.input
class Inner:
    key: str
    colour: Colour | None = None


@strawberry.input
class Outer:
    some_number: int
    ratio: float | None
    colour: Colour | None
    inner: Inner | None = None
    many: list[Inner] | None = field(default_factory=list)
    texts: list[str] | None = None
    maybe: strawberry.Maybe[int | None] = None
    later: str | None = strawberry.UNSET
    id: strawberry.ID | None = None


SEEN: list[Any] = []


@strawberry.type
class Query:
    @strawberry.field
    def take(self, given: Outer) -> bool:
        SEEN.append(given)
        return True


GIVEN = (
    "{someNumber: 1}",
    '{someNumber: 1, ratio: 2, colour: RED, inner: {key: "a"}, id: 5}',
    '{someNumber: 1, many: [{key: "b", colour: RED}, {key: "c"}], texts: ["x"]}',
    "{someNumber: 1, maybe: null, later: null, many: [], inner: null}",
    '{someNumber: 1, maybe: 7, later: "y", texts: null, colour: null}',
)


def test_they_are_what_strawberry_makes() -> None:
    schema = strawberry.Schema(Query)

    def made() -> list[Any]:
        SEEN.clear()
        for given in GIVEN:
            assert schema.execute_sync(f"{{ take(given: {given}) }}").errors is None
        return [*SEEN]

    before = made()
    assert Outer.__strawberry_definition__.from_input is None  # type: ignore[attr-defined]
    know_inputs(schema)
    assert Outer.__strawberry_definition__.from_input is not None  # type: ignore[attr-defined]
    assert made() == before
    assert before[1].inner == Inner(key="a", colour=None)
