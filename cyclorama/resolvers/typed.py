"""Fields of the graph's types, and values as their types want them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition

MOST_TYPES: Final = 1024


@lru_cache(MOST_TYPES)
def fields_of(cls: Any) -> Sequence[tuple[str, Any, Any]]:
    """The fields of a type of the graph, each with its name and its type, of which
    Strawberry would ask the annotation anew each time."""
    fields = cls.__strawberry_definition__.fields
    return [(field.python_name, field, field.type) for field in fields]


def python_value(type_: Any, value: Any) -> Any:
    """A value of a row as the graph's scalars and enums want it."""
    if value is None:
        return None
    if isinstance(type_, StrawberryOptional):
        return python_value(type_.of_type, value)
    if isinstance(type_, StrawberryList):
        return [python_value(type_.of_type, v) for v in value]
    if isinstance(type_, StrawberryEnumDefinition):
        return value if isinstance(value, Enum) else type_.wrapped_cls[value]
    return value
