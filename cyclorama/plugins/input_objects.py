"""Objects of inputs, made by what is known of their types once the schema is built.

Strawberry asks the annotation of each field anew for each object, which takes most of the
time of a mutation with thousands of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING
from typing import Any

import strawberry
from graphql import (
    GraphQLInputObjectType,
    get_nullable_type,
    is_leaf_type,
)
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryMaybe


def know_inputs(schema: strawberry.Schema) -> None:
    """Have the objects of all inputs of a schema made the short way, as Strawberry's."""
    for type_ in schema._schema.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            definition = type_.extensions.get("strawberry-definition")
            if definition is not None and definition.from_input is None:
                definition.from_input = _making(schema, type_, definition)


def _making(
    schema: strawberry.Schema, type_: GraphQLInputObjectType, definition: Any
) -> Any:
    fields = []
    for field in definition.fields:
        name = schema.config.name_converter.from_field(field)
        own = field.resolve_type(type_definition=definition)
        is_plain = is_leaf_type(get_nullable_type(type_.fields[name].type))
        if is_plain and not isinstance(own, StrawberryMaybe):
            own = None
        fields.append((name, field.python_name, own))
    nothing = {
        field.python_name: None
        for field in definition.fields
        if field.default_value is MISSING and field.default_factory is MISSING
    }

    def make(cls: type, value: Mapping[str, Any], context: InputContext) -> Any:
        given: dict[str, Any] = dict(nothing)
        for name, python_name, own in fields:
            if name in value:
                found = value[name]
                if own is not None:
                    found = context.convert(found, own, name)
                given[python_name] = found
        return cls(**given)

    return make
