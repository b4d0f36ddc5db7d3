"""What a statement leaves open: records whose sections the next wave reads, and values
that Python makes.

Which sections a nested record shows is decided by its layout, so there is a hole in its
place: the record's id with what layouts ask of it. In the place of a value that Python
makes stand the columns that it is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import GraphQLField, GraphQLObjectType, get_named_type
from graphql.execution.values import get_argument_values
from strawberry.types.arguments import convert_arguments

from cyclorama.execution.levels import Details, Grouped
from cyclorama.schema.read import CONTEXT, Python

MOST_WAVES: Final = 3
"""Waves below the root."""
MOST_RECORDS: Final = 2_000
"""Records of a wave."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step from a record's answer towards a hole, and what stands there."""

    key: str | int | None
    """A response name, a position, or None for each item of a list."""
    type: Any
    """The type of the graph at this place, which says whether it may be null."""
    details: Details


@dataclass(frozen=True, slots=True)
class Hole:
    """A place, or one in each item of lists, where a record is to be filled in."""

    steps: tuple[Step, ...]
    kind: str
    type: GraphQLObjectType
    fields: Grouped

    @property
    def key(self) -> Any:
        """Equal for the same selection at the same place under different layouts."""
        places = tuple((s.key, get_named_type(s.type).name) for s in self.steps)
        last = self.steps[-1].details
        return places, tuple(d.node.loc.start for d in last if d.node.loc)


@dataclass(frozen=True, slots=True)
class Job:
    """A place, or one in each item of lists, of a value that Python makes."""

    steps: tuple[Step, ...]
    source: Python
    field: GraphQLField
    convert: tuple[Callable[[Any], Any] | None, ...]
    """How each column's JSON becomes what the function takes."""

    @property
    def key(self) -> Any:
        """Equal for what one call makes."""
        return self.source.function, self._node if self.source.parameters else None

    @property
    def _node(self) -> Any:
        return self.steps[-1].details[0].node.loc

    def arguments(self, ctx: Any, variables: Any) -> dict[str, Any]:
        """What else the function is called with."""
        found: dict[str, Any] = {}
        if self.source.parameters:
            first, schema = self.steps[-1].details[0], ctx.graph.schema
            given = get_argument_values(
                self.field, first.node, variables, first.fragment_variable_values
            )
            found = convert_arguments(
                given,
                self.field.extensions["strawberry-definition"].arguments,
                schema.schema_converter.scalar_registry,
                schema.config,
            )
        return {**found, CONTEXT: ctx} if self.source.with_context else found

    def inputs(self, wire: Sequence[Any]) -> tuple[Any, ...]:
        """What the function takes, of the JSON that stands in the value's place."""
        return tuple(
            value if convert is None or value is None else convert(value)
            for value, convert in zip(wire, self.convert, strict=True)
        )


Open = tuple[tuple[Hole, ...], tuple[Job, ...]]


@dataclass(slots=True)
class Track:
    """The way from the record to what is being composed, and what was left open."""

    steps: list[Step] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)

    def begin(self) -> None:
        """What is composed from here on is a column of its own."""
        self.holes.clear()
        self.jobs.clear()

    @property
    def left(self) -> Open:
        """What was left open since then."""
        return tuple(self.holes), tuple(self.jobs)

    def at(self, key: str | int | None, type_: Any, details: Details) -> Track:
        """A step on the way, from here to the end of the `with` that it stands in."""
        self.steps.append(Step(key, type_, details))
        return self

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        self.steps.pop()


def places(root: Any, steps: Sequence[Step]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The keys that lead to each filled place, and what is there; nulls lead nowhere."""
    if root is None:
        return
    if not steps:
        yield (), root
        return
    first, *rest = steps
    keys = range(len(root)) if first.key is None else (first.key,)
    for key in keys:
        for behind, value in places(root[key], rest):
            yield (key, *behind), value


def put(root: Any, keys: Sequence[Any], value: Any) -> None:
    """Put a value where the keys lead, unless what holds it has become null."""
    *outer, last = keys
    for key in outer:
        root = root[key]
        if root is None:
            return
    root[last] = value
