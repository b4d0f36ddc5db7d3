"""The cache of plans: bounded, keyed by operation, layouts and the variables that shape."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from graphql import GraphQLEnumType

from cyclorama.execution.declarations import Declarations
from cyclorama.execution.holes import MOST_WAVES
from cyclorama.execution.pieces import Plan
from cyclorama.storage.kept import Kept

MOST = 1024
MOST_SQL = 10_000_000
"""Characters of the statements of all plans that are kept."""


class Plans:
    """Plans of operations on one database.

    Which variables shape a plan by their values is known only once it is made: it is kept
    beside the selection, and plans are found by selection and those values.
    """

    def __init__(self, library: Declarations, most: int = MOST) -> None:
        self.library = library
        self.unplanned = 0
        """Declared fields that graph resolvers answered."""
        self.kept = Kept[Any, Plan](most, MOST_SQL)
        self.shaping = Kept[Any, frozenset[str]](most)

    def get(
        self,
        key: Any,
        variables: Any,
        make: Callable[[], tuple[Plan, Iterable[str], bool]],
    ) -> Plan:
        """The plan of a selection, made if it is not kept; `make` gives with it the names
        of the variables that shaped it, and whether it may be kept."""
        names = self.shaping.find(key) or frozenset()
        plan = self.kept.find((key, _values(names, variables)))
        if plan is not None:
            return plan
        plan, shaping, is_whole = make()
        if not is_whole:
            return plan
        names = self.shaping.put(key, names | frozenset(shaping))
        return self.kept.put((key, _values(names, variables)), plan, len(plan.sql))


def _values(names: frozenset[str], variables: Any) -> bytes:
    """A digest of the values of these variables."""
    if not names:
        return b""
    text = repr([(n, variables.get(n)) for n in sorted(names)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def selection_key(
    executor: Any, type_: Any, batch: Any, fields: Any, refused: Iterable[str]
) -> Any:
    """Operation text, every node of every field, layouts, the variables' flags, whether
    each of the others is there, and what is not read now."""
    nodes = tuple(
        (key, tuple(d.node.loc.start for d in details))
        for key, details in fields.items()
    )
    return (
        executor.context_value.text,
        executor.context_value.grant,
        executor.operation.loc.start,
        type_.name,
        nodes,
        tuple(v.token for v in batch.variants),
        min(batch.depth, MOST_WAVES),
        _variables(executor),
        tuple(refused),
    )


def _variables(executor: Any) -> tuple[Any, ...]:
    coerced = executor.variable_values.coerced
    found = []
    for definition in executor.operation.variable_definitions or ():
        name = definition.variable.name.value
        value = coerced.get(name)
        shape = repr(value) if _is_flag(executor, definition, value) else value is None
        found.append((name, name in coerced, shape))
    return tuple(found)


def _is_flag(executor: Any, definition: Any, value: Any) -> bool:
    """Whether a variable is a boolean or an enum: such always shape a plan."""
    node = definition.type
    while not hasattr(node, "name"):
        node = node.type
    type_ = executor.schema.type_map.get(node.name.value)
    return isinstance(value, bool) or isinstance(type_, GraphQLEnumType)
