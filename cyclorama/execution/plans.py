"""The cache of plans: bounded, keyed by operation, layouts and shaping variables."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from graphql import GraphQLEnumType, GraphQLScalarType, get_named_type

from cyclorama.execution.declarations import Declarations
from cyclorama.execution.plan import Plan

MOST = 1024
SHAPING = ("instance", "instances", "paths")
"""Arguments that are texts and still shape a plan."""


class Plans:
    """Plans of operations on one database."""

    def __init__(self, library: Declarations, most: int = MOST) -> None:
        self.library = library
        self.most = most
        self.hits = self.misses = 0
        self._kept: OrderedDict[Any, Plan] = OrderedDict()

    def get(self, key: Any, make: Callable[[], Plan]) -> Plan:
        """The plan of a key, made if it is not kept."""
        plan = self._kept.get(key)
        if plan is not None:
            self.hits += 1
            self._kept.move_to_end(key)
            return plan
        self.misses += 1
        plan = self._kept[key] = make()
        if len(self._kept) > self.most:
            self._kept.popitem(last=False)
        return plan


def selection_key(executor: Any, type_: Any, batch: Any, fields: Any) -> Any:
    """Operation text, every node of every field, layouts, values that shape, null-ness
    of the others, and what a parameter's bounds make of a page's `first` and `after`."""
    nodes = tuple(
        (key, tuple(d.node.loc.start for d in details))
        for key, details in fields.items()
    )
    return (
        executor.text,
        executor.operation.loc.start,
        type_.name,
        nodes,
        tuple(v.token for v in batch.variants),
        _variables(executor),
    )


def _variables(executor: Any) -> tuple[Any, ...]:
    found = []
    coerced = executor.variable_values.coerced
    for definition in executor.operation.variable_definitions or ():
        name = definition.variable.name.value
        value = coerced.get(name)
        found.append((name, name in coerced, _shape_of(executor, definition, value)))
    return tuple(found)


def _shape_of(executor: Any, definition: Any, value: Any) -> Any:
    """What of a variable's value decides about the plan."""
    node = definition.type
    while hasattr(node, "type"):
        node = node.type
    type_ = executor.schema.type_map.get(node.name.value)
    if isinstance(type_, GraphQLEnumType) or isinstance(value, bool):
        return repr(value)
    if isinstance(type_, GraphQLScalarType) and get_named_type(type_).name == "Int":
        return _size(value)
    return repr(value) if _is_short_text(value) else value is None


def _size(value: Any) -> str:
    """Whether a number may be a page's size."""
    if value is None:
        return "null"
    return "page" if 1 <= value <= 200 else str(value)


def _is_short_text(value: Any) -> bool:
    return isinstance(value, (str, list)) and len(repr(value)) <= 200
