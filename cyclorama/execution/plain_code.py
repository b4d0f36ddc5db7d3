"""Writes the Python function that completes one plain selection.

A type check stands before every value: what passes is what graphql-core would have put
there, anything else raises `Unusual`. Null is no value of any type, so a field that may
not be null needs no check of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from keyword import iskeyword
from types import MemberDescriptorType
from typing import Any, Final
from uuid import UUID

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLString,
)
from graphql.pyutils import Undefined
from strawberry.schema.schema_converter import CustomGraphQLEnumType
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE
from strawberry.types.field import StrawberryField

from cyclorama.resolvers.loaded import KINDS
from cyclorama.resolvers.refs import Ref

Records = Callable[[Ref, Any], Any]
"""What stands for a record, given with its type and what is asked of it."""
Run = Callable[[Any, Records], Any]
MOST_ITEMS: Final = 10_000
"""How many items one list may have that no plan reads."""
MOST_CLASSES: Final = 64
DEFINITION: Final = "strawberry-definition"
INDENT: Final = "    "
VALUES: Final = frozenset(
    {str, int, float, bool, bytes, datetime, date, time, Decimal, UUID, dict, list}
)
"""What custom scalars are given here and what they may make of it."""


class NotPlain(Exception):
    """A selection that no function can be written for."""


class Unusual(Exception):
    """A value that only graphql-core knows how to complete."""


class Classes(set[type]):
    """Classes whose objects were found plain for a selection."""

    def __init__(self, origin: type, attributes: Sequence[str]) -> None:
        super().__init__()
        self.origin = origin
        self.attributes = attributes

    def check(self, value: Any) -> None:
        """Learn the class of a value; `Unusual` where its objects are not plain."""
        class_ = type(value)
        if not (issubclass(class_, self.origin) and is_plain(class_, self.attributes)):
            raise Unusual
        if len(self) >= MOST_CLASSES:
            self.clear()
        self.add(class_)


def is_plain(class_: Any, attributes: Sequence[str]) -> bool:
    """Whether reading these attributes of an object runs no code, and the object is
    neither null, nor an error, nor to be awaited, nor a record."""
    if class_.__getattribute__ is not object.__getattribute__ or issubclass(
        class_, (type(None), type(Undefined), Exception, Ref)
    ):
        return False
    names = ("__getattr__", "__await__", TYPE_CAST_ATTRIBUTE)
    if any(hasattr(class_, name) for name in names):
        return False
    found = (vars(c)[a] for a in attributes for c in class_.__mro__ if a in vars(c))
    return all(
        type(f) is MemberDescriptorType or not hasattr(type(f), "__get__")
        for f in found
    )


class Writer:
    """Writes one function, with functions for objects and lists below."""

    def __init__(self, collect: Callable[[Any, Any], Any]) -> None:
        self.collect = collect
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "Unusual": Unusual,
            "MOST_ITEMS": MOST_ITEMS,
            "LISTS": (list, tuple),
            "VALUES": VALUES,
            "INFINITE": math.inf,
            "Ref": Ref,
        }

    def written(self, type_: Any, details: Any) -> Run:
        """The function that completes a value of a list or object type, not null."""
        write = self.list_ if isinstance(type_, GraphQLList) else self.object_
        name = write(type_, details)
        exec(compile("\n".join(self.lines), "<plain selection>", "exec"), self.names)
        run: Run = self.names[name]
        return run

    def named(self, thing: Any) -> str:
        """The name under which the code finds a thing."""
        name = f"n{len(self.names)}"
        self.names[name] = thing
        return name

    def object_(self, type_: GraphQLObjectType, details: Any) -> str:
        """The name of a function for one object."""
        name = self.named(None)
        lines, made = self.fields(type_, details, INDENT)
        self.lines += [f"def {name}(item, records):", *lines, f"{INDENT}return {made}"]
        return name

    def list_(self, type_: GraphQLList[Any], details: Any) -> str:
        """The name of a function for a whole list."""
        name, pad = self.named(None), INDENT * 2
        lines = [
            f"def {name}(items, records):",
            "    if type(items) not in LISTS or len(items) > MOST_ITEMS:",
            "        raise Unusual",
            "    done = []",
            "    add = done.append",
            "    for item in items:",
        ]
        self.usual(details)
        inner, made = type_.of_type, "item"
        if is_object(bare(inner)):
            if not isinstance(inner, GraphQLNonNull):
                lines += [f"{pad}if item is None:", f"{pad}    add(None)"]
                lines += [f"{pad}    continue"]
            found, made = self.fields(bare(inner), details, pad)
            lines += found
        else:
            lines += self.value(inner, details, "item", pad)
        self.lines += [*lines, f"{pad}add({made})", f"{INDENT}return done"]
        return name

    def fields(
        self, type_: GraphQLObjectType, details: Any, pad: str
    ) -> tuple[list[str], str]:
        """Lines that read the fields of `item`, and the display of the dict."""
        lines: list[str] = []
        pairs: list[str] = []
        attributes: list[str] = []
        self.usual(details)
        for key, asked in self.collect(type_, details).grouped_field_set.items():
            self.usual(asked)
            name = asked[0].node.name.value
            if name == "__typename":
                pairs.append(f"{key!r}: {type_.name!r}")
                continue
            field: Any = type_.fields.get(name)
            attribute = attribute_of(field)
            variable = f"v{len(pairs)}"
            lines.append(f"{pad}{variable} = item.{attribute}")
            lines += self.value(field.type, asked, variable, pad)
            attributes.append(attribute)
            pairs.append(f"{key!r}: {variable}")
        checks = self.checks(type_, attributes, pad)
        return checks + lines, f"{{{', '.join(pairs)}}}"

    def usual(self, details: Any) -> None:
        """Refuse nodes with other directives than those that collecting has obeyed."""
        for one in details:
            names = {d.name.value for d in one.node.directives or ()}
            if (
                one.defer_usage is not None
                or one.fragment_variable_values is not None
                or not names <= {"skip", "include"}
            ):
                raise NotPlain

    def checks(
        self, type_: GraphQLObjectType, attributes: list[str], pad: str
    ) -> list[str]:
        """Lines that let through objects of plain classes that the type accepts."""
        origin: type = object
        if type_.is_type_of is not None:
            definition = type_.extensions.get(DEFINITION)
            if definition is None or definition.is_type_of is not None:
                raise NotPlain
            origin = definition.origin
        known = Classes(origin, attributes)
        lines = [f"{pad}if type(item) not in {self.named(known)}:"]
        lines += [f"{pad}    {self.named(known.check)}(item)"]
        if origin is not object:
            lines += [f"{pad}if hasattr(item, {TYPE_CAST_ATTRIBUTE!r}):"]
            lines += [f"{pad}    raise Unusual"]
        return lines

    def value(self, type_: Any, details: Any, variable: str, pad: str) -> list[str]:
        """Lines that complete a variable in place."""
        if isinstance(type_, GraphQLNonNull):
            return self.present(type_.of_type, details, variable, pad)
        lines = self.present(type_, details, variable, pad + INDENT)
        return [f"{pad}if {variable} is not None:", *lines]

    def present(self, type_: Any, details: Any, variable: str, pad: str) -> list[str]:
        """Lines that complete a variable that must not be null."""
        if isinstance(type_, GraphQLList):
            made = f"{self.list_(type_, details)}({variable}, records)"
            return [f"{pad}{variable} = {made}"]
        if is_object(type_):
            made = f"{self.object_(type_, details)}({variable}, records)"
            return [f"{pad}{variable} = {made}"]
        if isinstance(type_, GraphQLObjectType):
            return self.record(type_, details, variable, pad)
        if isinstance(type_, GraphQLEnumType):
            return self.enum(type_, variable, pad)
        if isinstance(type_, GraphQLScalarType):
            return self.scalar(type_, variable, pad)
        raise NotPlain

    def record(
        self, type_: GraphQLObjectType, details: Any, variable: str, pad: str
    ) -> list[str]:
        """Lines for a record, which its plan reads."""
        self.usual(details)
        asked = self.named((type_, details))
        return [
            f"{pad}if type({variable}) is not Ref or {variable}.kind != {type_.name!r}:",
            f"{pad}    raise Unusual",
            f"{pad}{variable} = records({variable}, {asked})",
        ]

    def enum(self, type_: GraphQLEnumType, variable: str, pad: str) -> list[str]:
        """Lines for a member of an enum: Python's name to GraphQL's."""
        method = type(type_).coerce_output_value
        if method is not CustomGraphQLEnumType.coerce_output_value:
            raise NotPlain
        members = type_.wrapped_cls  # type: ignore[attr-defined]
        names = {m.name: type_.coerce_output_value(m) for m in members}
        return [
            f"{pad}if type({variable}) is not {self.named(members)}:",
            f"{pad}    raise Unusual",
            f"{pad}{variable} = {self.named(names)}[{variable}._name_]",
        ]

    def scalar(self, type_: GraphQLScalarType, variable: str, pad: str) -> list[str]:
        """Lines for a scalar: those of GraphQL without a call, others by their own."""
        odd = ODD.get(type_)
        if odd is not None:
            lines = [f"{pad}if {odd.format(v=variable)}:"]
            other = OTHER.get(type_)
            call = f"{variable} = {self.named(other)}({variable})"
            return [*lines, f"{pad}    {call if other else 'raise Unusual'}"]
        return [
            f"{pad}if type({variable}) not in VALUES:",
            f"{pad}    raise Unusual",
            f"{pad}{variable} = {self.named(type_.coerce_output_value)}({variable})",
            f"{pad}if type({variable}) not in VALUES:",
            f"{pad}    raise Unusual",
        ]


def whole_as_float(value: Any) -> float:
    """An int of a Float field."""
    if type(value) is not int:
        raise Unusual
    found: float = GraphQLFloat.coerce_output_value(value)
    return found


def whole_as_id(value: Any) -> str:
    """An int of an ID field."""
    if type(value) is not int:
        raise Unusual
    return str(value)


ODD: Final = {
    GraphQLString: "type({v}) is not str",
    GraphQLInt: "type({v}) is not int or not -2147483648 <= {v} <= 2147483647",
    GraphQLFloat: "type({v}) is not float or not -INFINITE < {v} < INFINITE",
    GraphQLBoolean: "{v} is not True and {v} is not False",
    GraphQLID: "type({v}) is not str",
}
"""When a value needs more than to be taken as it is."""
OTHER: Final = {GraphQLFloat: whole_as_float, GraphQLID: whole_as_id}


def is_object(type_: Any) -> bool:
    """Whether a type is that of objects in memory, and no record."""
    return isinstance(type_, GraphQLObjectType) and type_.name not in KINDS


def bare(type_: Any) -> Any:
    """A type without its "not null"."""
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def attribute_of(field: Any) -> str:
    """The attribute that a field reads; `NotPlain` where it does anything else."""
    definition = None if field is None else field.extensions.get(DEFINITION)
    if (
        not isinstance(definition, StrawberryField)
        or not getattr(field.resolve, "_is_default", False)
        or not definition.is_basic_field
        or type(definition).get_result is not StrawberryField.get_result
        or definition.default_resolver is not getattr
        or field.args
    ):
        raise NotPlain
    name = definition.python_name
    if not name.isidentifier() or iskeyword(name):
        raise NotPlain
    return name
