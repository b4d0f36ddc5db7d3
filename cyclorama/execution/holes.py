"""Holes: records inside a section whose own sections are read by the next wave.

Which sections a nested record shows is decided by its layout, so the statement leaves in
its place a hole: the record's id with what layouts ask of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from graphql import GraphQLObjectType, get_named_type

from cyclorama.execution.levels import Details, Grouped

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
