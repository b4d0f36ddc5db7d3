"""Where a selection stands while it is composed: its row, its placement, its use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLObjectType,
    ListValueNode,
    ObjectValueNode,
    VariableNode,
)
from graphql.execution.collect_fields import FieldDetails

from cyclorama.errors import RequestError, RequestTimeoutError, SectionFailedError
from cyclorama.execution.binds import Getter
from cyclorama.execution.declarations import Shape
from cyclorama.execution.templates import Scope
from cyclorama.resolvers.context import Env

DEFINITION = "strawberry-definition"
MOST_KEYS = 63
"""Of an object on SQLite."""
Details = list[FieldDetails]
Grouped = Mapping[str, Details]
Collect = Callable[[GraphQLObjectType, Details], Grouped]


class NotPlanned(Exception):
    """This selection is for graphql-core: the planner has no way to say it in SQL."""


@dataclass(slots=True)
class Lookups:
    """Rows that are found by their key and joined to the row that names it."""

    aliases: dict[tuple[str, str], str] = field(default_factory=dict)
    """By table and key, in the order in which they are joined."""

    def alias(self, table: str, key: str, made: Callable[[], str]) -> str:
        """The alias of the row of a table with this id."""
        found = self.aliases.get((table, key))
        if found is None:
            found = self.aliases[table, key] = made()
        return found

    def __str__(self) -> str:
        return "".join(
            f" LEFT JOIN {table} {alias} ON {alias}.id = {key}"
            for (table, key), alias in self.aliases.items()
        )


@dataclass(slots=True)
class Level:
    """Where a selection stands: its row's alias, what is known, what is asked of it."""

    env: Env
    alias: str | None = None
    own: Any = None
    proven: bool = False
    """Whether NOT NULL columns of the row are not null here."""
    item: Mapping[str, Any] | None = None
    where: tuple[Any, ...] = ()
    """Of what is known when planning, the way to the item: fields and positions."""
    asked: set[str] = field(default_factory=set)
    lookups: Lookups = field(default_factory=Lookups)
    """Joined to the row, by who writes its FROM."""

    def same_row(self, **changes: Any) -> Level:
        """Another selection of the same row."""
        known = {"item": None, "where": self.where, **changes}
        return Level(
            self.env,
            self.alias,
            self.own,
            self.proven,
            asked=self.asked,
            lookups=self.lookups,
            **known,
        )


@dataclass(frozen=True, slots=True)
class Use:
    """One field of an operation: its declaration and what it was asked with."""

    coordinate: str
    field: GraphQLField
    details: Details
    level: Level
    shape: Shape
    arguments: Mapping[str, tuple[Any, Getter]]
    kept: bool
    """Whether nothing of the placement is in its templates."""

    def scope(self, child: Any = None) -> Scope:
        """The rows that the declaration may see, and what of them it may not."""
        env, own = self.level.env, self.level.own
        return Scope(env.kind, own=own, child=child, hidden=env.hidden)

    def key(self, part: str) -> Any:
        """The key of a template of this field."""
        level = self.level
        place = (level.env.token, level.where)
        if self.kept:
            place = (level.env.masked,)  # type: ignore[assignment]
        return (part, self.coordinate, level.env.kind, self.shape.key, *place)


def origin_of(type_: Any) -> Any:
    """The Python class of a type of the graph."""
    return getattr(type_.extensions.get(DEFINITION), "origin", None)


def section_of(type_: GraphQLObjectType, details: Details) -> str:
    """The key of the section of a record's field; the field's name where it is none."""
    name: str = details[0].node.name.value
    field_ = type_.fields.get(name)
    definition = field_ and field_.extensions.get(DEFINITION)
    section = getattr(definition, "section", None)
    return name if section is None else str(section.key)


def failure(section: str, error: Exception | None = None) -> RequestError:
    """What a client is told of a section that could not be read."""
    if isinstance(error, TimeoutError):
        return RequestTimeoutError(
            f"The section {section!r} took longer than it may.", section=section
        )
    return SectionFailedError(
        f"The section {section!r} could not be read just now.", section=section
    )


def type_of(type_: GraphQLObjectType, details: Details) -> Any:
    """The type of the graph of a field of a type; None for `__typename`."""
    field_ = type_.fields.get(details[0].node.name.value)
    return None if field_ is None else field_.type


def item_type(type_: Any) -> Any:
    """The type of the items of a list."""
    while not isinstance(type_, GraphQLList):
        type_ = type_.of_type
    return type_.of_type


def quoted(name: str) -> str:
    """A name of the operation or the schema as a SQL text."""
    if not name.replace("_", "a").isalnum() or not name.isascii():
        raise NotPlanned(name)
    return f"'{name}'"


def variables_of(node: Any, argument: str | None = None) -> set[str]:
    """The names of the variables in an argument of a field, or in all of them."""
    found: set[str] = set()
    given = node.arguments or ()
    waiting = [a.value for a in given if argument in (None, a.name.value)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, VariableNode):
            found.add(value.name.value)
        elif isinstance(value, ListValueNode):
            waiting += value.values
        elif isinstance(value, ObjectValueNode):
            waiting += [f.value for f in value.fields]
    return found
