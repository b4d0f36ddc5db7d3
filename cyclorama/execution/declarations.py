"""Declarations as templates: each field, in each shape that arguments give it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from graphql import GraphQLList, GraphQLNonNull, get_named_type
from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import SelectBase

from cyclorama.execution.templates import ARGUMENT, Compiler, Scope, Template
from cyclorama.resolvers.context import Env
from cyclorama.schema.adapt import bind_type, selectable
from cyclorama.schema.read import Call, Parameter
from cyclorama.storage.rows import Row
from cyclorama.storage.types import json


@dataclass(frozen=True, slots=True)
class Shape:
    """What a declaration's function is called with: values, and which binds are there."""

    values: Mapping[str, Any]
    bound: frozenset[str]

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for shapes that give the same templates."""
        return (tuple(sorted((k, repr(v)) for k, v in self.values.items())), self.bound)


NO_SHAPE = Shape({}, frozenset())


@dataclass(slots=True)
class Declarations:
    """Templates of declarations, kept for the life of the process."""

    dialect: str
    compiler: Compiler = field(init=False)
    cache: dict[Any, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.compiler = Compiler(self.dialect)

    def evaluate(self, thing: Any, shape: Shape, env: Env | None, kind: str) -> Any:
        """What a declaration's part is, its function called."""
        if not isinstance(thing, Call):
            return thing
        given = {
            "env": env,
            "kind": kind,
            "config": None if env is None else env.config,
        }
        values = {name: given[name] for name in thing.given}
        for parameter in thing.parameters:
            values[parameter.name] = self._argument(parameter, shape)
        return thing.function(**values)

    def _argument(self, parameter: Parameter, shape: Shape) -> Any:
        if parameter.mode == "value":
            return shape.values[parameter.name]
        if parameter.name not in shape.bound:
            return None
        name = ARGUMENT + parameter.name
        if parameter.mode == "bind":
            return sa.bindparam(name, type_=bind_type(parameter.type))
        return self._list(name)

    def _list(self, name: str) -> Any:
        """A select of the texts of a JSON array that arrives as one parameter."""
        if self.dialect == "sqlite":
            each = sa.func.json_each(sa.bindparam(name, type_=sa.String()))
            return sa.select(each.table_valued("value").c.value)
        array = sa.cast(sa.bindparam(name, type_=sa.String()), json())
        each = sa.func.jsonb_array_elements_text(array)
        return sa.select(each.column_valued("v"))

    def cached(self, key: Any, make: Any) -> Any:
        """The template of this key, made at most once; `None` as key: never kept."""
        if key is None:
            return make()
        found = self.cache.get(key)
        if found is None:
            found = self.cache[key] = make()
        return found

    def leaf(self, expression: Any, scope: Scope, leaf: Leaf) -> Template:
        """A value as JSON."""
        return self.compiler.expression(expression, scope, lambda e: leaf.json(self, e))


@dataclass(frozen=True, slots=True)
class Leaf:
    """How a field's value is written as JSON."""

    kind: str
    """The scalar's name; `Enum`; `List` for a JSON array."""
    guarded: str | None
    """The text that stands where a null may not be."""

    @staticmethod
    def of(type_: Any, tripwire: str, *, proven: bool = False) -> Leaf:
        """The leaf of a field of this GraphQL type."""
        inner = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        named = get_named_type(type_)
        kind = "List" if isinstance(inner, GraphQLList) else named.name
        needs = isinstance(type_, GraphQLNonNull) and not proven
        return Leaf(kind, tripwire if needs else None)

    def json(self, library: Declarations, expression: Any) -> Any:
        """The expression as a JSON value of the dialect."""
        if library.dialect == "sqlite":
            value = self._sqlite(expression)
            if self.guarded is None:
                return value
            return sa.func.coalesce(value, sa.literal(self.guarded))
        value = self._postgresql(expression)
        if self.guarded is None:
            return value
        wire: Any = sa.literal_column(f"'\"{self.guarded}\"'::json")
        return sa.func.coalesce(sa.func.to_json(value), wire)

    def _sqlite(self, e: Any) -> Any:
        if self.kind == "Boolean":
            return sa.func.json(
                sa.case((e.is_(sa.true()), "true"), (e.is_(sa.false()), "false"))
            )
        if self.kind == "Float":
            return sa.case((e.is_not(None), sa.func.json(sa.func.printf("%!.17g", e))))
        if self.kind in ("JSON", "List"):
            return sa.func.json(sa.type_coerce(e, sa.String()))
        return sa.type_coerce(e, sa.String()) if _is_json(e) else e

    def _postgresql(self, e: Any) -> Any:
        if self.kind == "DateTime":
            zoned = sa.func.timezone(sa.literal_column("'UTC'"), e)
            wire = '\'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\''
            return sa.func.to_char(zoned, sa.literal_column(wire))
        if self.kind == "Date":
            return sa.cast(sa.type_coerce(e, sa.Date()), sa.Text())
        if self.kind == "Float":
            return sa.cast(e, sa.Double())
        return e


def _is_json(e: Any) -> bool:
    return isinstance(getattr(e, "type", None), sa.JSON)


def row_of(cls: Any) -> Any:
    """The row that a type of the graph reads, if it names one."""
    return getattr(cls, "__cyclorama_row__", None)


def is_row(thing: Any) -> bool:
    """Whether a `one` or `many` names a table, an alias or a subquery."""
    if isinstance(thing, (InstrumentedAttribute, ColumnElement, SelectBase)):
        return False
    return (isinstance(thing, type) and issubclass(thing, Row)) or hasattr(
        selectable(thing), "c"
    )
