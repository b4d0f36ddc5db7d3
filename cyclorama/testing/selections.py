"""Selections made from a schema: every field that can be asked without arguments."""

from __future__ import annotations

from typing import Any, Final

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

NOT_ENTERED: Final = frozenset({"Company", "Relationship", "Record360", "Node"})
"""Types of which only the id is asked: they have sections of their own."""


def everything(schema: Any, type_name: str, *, depth: int = 5) -> str:
    """The selection of all fields of a type down to this depth, braces included."""
    return _selection(schema._schema.type_map[type_name], depth)


def fields_alone(schema: Any, type_name: str, *, depth: int = 4) -> list[str]:
    """A selection for each field of a type, that field alone."""
    type_ = schema._schema.type_map[type_name]
    asked = (_asked(name, f, depth) for name, f in sorted(type_.fields.items()))
    return [f"{{ {one} }}" for one in asked if one]


def _selection(type_: Any, depth: int) -> str:
    if type_.name in NOT_ENTERED:
        return "{ id }"
    if not isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
        return "{ __typename }"
    asked = [_asked(name, f, depth) for name, f in sorted(type_.fields.items())]
    return f"{{ {' '.join(['__typename', *filter(None, asked)])} }}"


def _asked(name: str, field: GraphQLField, depth: int) -> str:
    if any(is_required_argument(a) for a in field.args.values()):
        return ""
    named = get_named_type(field.type)
    if is_leaf_type(named):
        return name
    return f"{name} {_selection(named, depth - 1)}" if depth > 1 else ""
