"""The cells of the authorization matrix: a question for every member of a schema.

Made from the schema alone: fields by the shortest way to their type, again below each way
that leads to a record, by fragments, with each argument, each field of an input and each
value of an enum that can be handed in, as a literal and as a variable.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_input_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
    is_required_input_field,
)

RECORDS: Final = frozenset({"Company", "Relationship", "Record360"})
"""Types that a way does not lead through, only to: below them it begins anew."""
SAMPLES: Final = {
    "Date": "2026-01-01",
    "DateTime": "2026-01-01T00:00:00Z",
    "Int": 1,
    "Float": 1.5,
}
"""A value of each scalar that takes no text."""


class Name(str):
    """A value of an enum."""


Value = tuple[Any, tuple[str, ...]]
"""A value to hand in, and what it names."""


@dataclass(frozen=True)
class Step:
    """A field with its arguments, or a fragment, as a part of a way."""

    text: str
    names: tuple[str, ...]
    """The coordinates that it names, that of the field first; of a fragment its type."""
    target: str
    key: str | None = None
    """In the answer; a fragment has none."""


@dataclass(frozen=True)
class Cell:
    """A question for one member, by the way to it."""

    way: tuple[Step, ...]
    root: str = "query"
    header: str = ""
    variables: tuple[tuple[str, Any], ...] = ()
    is_apart: bool = False
    """Whether its fields have arguments that those of other cells have not."""

    @property
    def names(self) -> list[str]:
        """All coordinates and types that the question names."""
        return [n for step in self.way for n in step.names]

    @property
    def texts(self) -> list[str]:
        """Of each step, from the field of the root on."""
        texts = [step.text for step in self.way]
        if self.root == "mutation":
            texts[0] += " @include(if: false)"
        return texts

    @property
    def selection(self) -> str:
        """The field of the root, with what is asked of it."""
        return " { ".join(self.texts) + " }" * (len(self.way) - 1)


class Cells:
    """Makes the cells of a schema."""

    def __init__(self, schema: GraphQLSchema, given: Mapping[str, Any]) -> None:
        self.types = schema.type_map
        self.schema = schema
        self.given = given
        """The values of arguments that a sample of their type would not do for, by
        `Type.field(argument:)` or its end."""

    def below(self, *begin: Step, root: str = "query") -> Iterator[Cell]:
        """All fields of all types that the last step leads to, and of the records below,
        whose own fields are asked once more for each way that leads to them."""
        for way, name in self.ways(begin):
            for step in self.fields(name):
                yield self.ended((*way, step), root)
                if step.target in RECORDS:
                    for inner in self.fields(step.target):
                        yield self.ended((*way, step, inner), root)
                elif is_abstract_type(self.types[step.target]):
                    for view in self.fragments(step.target):
                        for inner in self.fields(view.target):
                            yield self.ended((*way, step, view, inner), root)
            for view in map(fragment, self.interfaces(name)):
                if name not in RECORDS:
                    for inner in self.fields(view.target):
                        yield self.ended((*way, view, inner), root)

    def arguments(self, *begin: Step, root: str = "query") -> Iterator[Cell]:
        """Each argument that may be left out, of all fields that the last step leads to."""
        for way, name in self.ways(begin):
            for field, of in self._of(name).items():
                for argument, takes in of.args.items():
                    for value in self.samples(name, field, argument):
                        if value[1] or not is_required_argument(takes):
                            asked = (name, field, argument)
                            yield from self._with(way, *asked, value, root)

    def ways(self, begin: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], str]]:
        """The shortest way to each type below, but for those behind a record."""
        start = begin[-1].target
        waiting: list[tuple[tuple[Step, ...], str]] = [(begin, start)]
        seen = {start}
        while waiting:
            way, name = waiting.pop(0)
            yield way, name
            for step in [*self.fields(name), *self.fragments(name)]:
                if step.target not in seen | RECORDS:
                    seen.add(step.target)
                    if not is_leaf_type(self.types[step.target]):
                        waiting.append(((*way, step), step.target))

    def fields(self, name: str) -> list[Step]:
        """Each field of a type, with the arguments that it must have."""
        return [self.step(name, field, {}) for field in self._of(name)]

    def fragments(self, name: str) -> list[Step]:
        """Each type that a value of an abstract one may be of."""
        type_ = self.types[name]
        if not is_abstract_type(type_):
            return []
        return [fragment(t.name) for t in self.schema.get_possible_types(type_)]

    def interfaces(self, name: str) -> list[str]:
        """Those of a type."""
        return [i.name for i in getattr(self.types[name], "interfaces", ())]

    def step(self, name: str, field: str, arguments: Mapping[str, Value]) -> Step:
        """A field with these arguments, and those that it must have."""
        of = self._of(name)[field]
        held = dict(arguments)
        for argument, takes in of.args.items():
            if is_required_argument(takes) and argument not in held:
                held[argument] = self.samples(name, field, argument)[0]
        written = ", ".join(f"{a}: {printed(v)}" for a, (v, _) in held.items())
        names = [f"{name}.{field}"]
        for argument, (_, named) in held.items():
            names += [f"{name}.{field}({argument}:)", *named]
        text = f"{field}({written})" if written else field
        target = get_named_type(of.type).name
        return Step(text, tuple(names), target, field)

    def samples(self, name: str, field: str, argument: str) -> list[Value]:
        """Values for an argument: the given one, or those of its type."""
        short = f"({argument}:)"
        for place in (f"{name}.{field}{short}", f"{field}{short}", short):
            if place in self.given:
                return [(self.given[place], ())]
        return [*self.values(self._of(name)[field].args[argument].type)]

    def ended(self, way: tuple[Step, ...], root: str) -> Cell:
        """A way with a selection at its end."""
        type_ = self.types[way[-1].target]
        if is_leaf_type(type_):
            return Cell(way, root)
        last = "state" if "state" in getattr(type_, "fields", {}) else "__typename"
        names = () if last == "__typename" else (f"{type_.name}.{last}",)
        return Cell((*way, Step(last, names, "", last)), root)

    def values(self, type_: Any, depth: int = 0) -> Iterator[Value]:
        """Values for an input; each field of one that is an object, each of an enum."""
        type_ = get_nullable_type(type_)
        if is_list_type(type_):
            for value, names in self.values(type_.of_type, depth):
                yield [value], names
        elif isinstance(type_, GraphQLEnumType):
            for name in type_.values:
                yield Name(name), (f"{type_.name}.{name}",)
        elif isinstance(type_, GraphQLInputObjectType):
            yield from self._objects(type_, depth)
        else:
            yield SAMPLES.get(type_.name, {"Boolean": True}.get(type_.name, "1")), ()

    def _objects(self, type_: GraphQLInputObjectType, depth: int) -> Iterator[Value]:
        needed: dict[str, Value] = {
            name: next(iter(self.values(of.type, depth + 1)))
            for name, of in type_.fields.items()
            if is_required_input_field(of)
        }
        for name, of in type_.fields.items():
            for value in self.values(of.type, depth + 1) if depth < 3 else ():
                held = {**needed, name: value}
                names = [n for f in held for n in (f"{type_.name}.{f}", *held[f][1])]
                yield {f: v for f, (v, _) in held.items()}, tuple(names)

    def _with(
        self,
        way: tuple[Step, ...],
        name: str,
        field: str,
        argument: str,
        value: Value,
        root: str,
    ) -> Iterator[Cell]:
        step = self.step(name, field, {argument: value})
        cell = replace(self.ended((*way, step), root), is_apart=True)
        yield cell
        takes = self._of(name)[field].args[argument].type
        if value[1]:
            place = f"{argument}: {printed(value[0])}"
            text = step.text.replace(place, f"{argument}: $v")
            own = replace(step, text=text)
            asked = tuple(own if s is step else s for s in cell.way)
            header = f"($v: {takes})"
            held = (("v", value[0]),)
            yield replace(cell, way=asked, header=header, variables=held)

    def _of(self, name: str) -> Mapping[str, GraphQLField]:
        type_ = self.types[name]
        if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
            return type_.fields
        return {}


def fragment(name: str) -> Step:
    """A look at a value as one of this type."""
    return Step(f"... on {name}", (name,), name)


def printed(value: Any) -> str:
    """A value as it is written in an operation."""
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {printed(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(printed, value)) + "]"
    return json.dumps(value)


def members(schema: GraphQLSchema) -> set[str]:
    """Every coordinate of a schema that an operation may name."""
    found: set[str] = set()
    for name, type_ in schema.type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
            for field, of in type_.fields.items():
                found |= {f"{name}.{field}"}
                found |= {f"{name}.{field}({a}:)" for a in of.args}
        elif isinstance(type_, GraphQLInputObjectType):
            found |= {f"{name}.{field}" for field in type_.fields}
        elif isinstance(type_, GraphQLEnumType) and name in handed_in(schema):
            found |= {f"{name}.{value}" for value in type_.values}
    return found


def handed_in(schema: GraphQLSchema) -> Sequence[str]:
    """The types that arguments and inputs take."""
    found = []
    for type_ in schema.type_map.values():
        for of in getattr(type_, "fields", {}).values():
            held = [of] if isinstance(type_, GraphQLInputObjectType) else []
            for takes in [*held, *getattr(of, "args", {}).values()]:
                named = get_named_type(takes.type)
                if is_input_type(named):
                    found.append(named.name)
    return found
