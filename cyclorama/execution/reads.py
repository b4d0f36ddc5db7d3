"""What the fields of the graph read of the tables, worked out from their declarations.

A declaration that depends on a placement's settings can't be known beforehand; such a one
is looked at when it is planned.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final

import sqlalchemy as sa
from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type
from pydantic import ValidationError
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import SelectBase, Subquery

from cyclorama.execution.levels import DEFINITION
from cyclorama.layouts.model import KINDS
from cyclorama.schema.adapt import bind_type, clause, selectable
from cyclorama.schema.columns import chosen_by, columns_of
from cyclorama.schema.read import Call, Declared, Many, One, Page, Python, Value

MOST_TRIES: Final = 16


def reads_of(schema: GraphQLSchema) -> dict[str, frozenset[str]]:
    """By coordinate: the base columns that its value is made of.

    Not those that decide which rows of a list there are, nor those of the objects that a
    field leads to: these are fields of their own."""
    types = [t for t in schema.type_map.values() if isinstance(t, GraphQLObjectType)]
    fed = _fed(types)
    found = {}
    for type_ in types:
        origin = getattr(type_.extensions.get(DEFINITION), "origin", None)
        row = getattr(origin, "__cyclorama_row__", None)
        rows = [*fed.get(type_.name, ()), *([] if row is None else [row])]
        for name, field in type_.fields.items():
            definition = field.extensions.get(DEFINITION)
            if definition is not None:
                read = set(_of_field(definition, field, rows))
                found[f"{type_.name}.{name}"] = frozenset(_through(read, row, rows))
    return {c: read for c, read in found.items() if read}


def decided_by(schema: GraphQLSchema) -> dict[str, frozenset[str]]:
    """By coordinate of a list: the base columns that decide which rows it holds."""
    found = {}
    for type_ in schema.type_map.values():
        fields = type_.fields if isinstance(type_, GraphQLObjectType) else {}
        for name, field in fields.items():
            source = getattr(field.extensions.get(DEFINITION), "source", None)
            if isinstance(source, (Many, Page)):
                conditions = [clause(x) for x in _values(source.where)]
                chosen = [clause(x) for x in _values(source.source)]
                read = columns_of(*conditions) | chosen_by(*chosen)
                found[f"{type_.name}.{name}"] = read
    return found


def _fed(types: Iterable[GraphQLObjectType]) -> dict[str, list[Any]]:
    """The selects from which lists of each type are read; what one object is read from
    belongs to the field that leads to it."""
    found: dict[str, list[Any]] = {}
    for type_ in types:
        for field in type_.fields.values():
            source = getattr(field.extensions.get(DEFINITION), "source", None)
            part: Any = None
            if isinstance(source, (Many, Page)):
                part = source.source
            for rows in _values(part):
                if isinstance(rows, SelectBase):
                    found.setdefault(get_named_type(field.type).name, []).append(rows)
    return found


def _of_field(definition: Any, field: Any, rows: Iterable[Any]) -> Iterator[str]:
    if isinstance(definition, Declared):
        source = definition.source
        parts: list[Any] = []
        if isinstance(source, Value):
            parts = list(_values(source.expression))
        elif isinstance(source, Python):
            parts = list(source.columns)
        elif isinstance(source, One):
            parts = [t for t in _values(source.target) if _is_expression(t)]
        elif isinstance(source, Many) and is_leaf_type(get_named_type(field.type)):
            parts = [r for r in _values(source.source) if isinstance(r, SelectBase)]
        yield from columns_of(
            *(p for p in parts if isinstance(clause(p), sa.ClauseElement))
        )
    elif definition.base_resolver is None:
        for row in rows:
            yield from columns_of(*_column(row, definition.python_name))


def _column(row: Any, name: str) -> Iterator[Any]:
    found = selectable(row)
    columns = found.selected_columns if isinstance(found, SelectBase) else found.c
    if name in columns:
        yield columns[name]


def _through(read: set[str], row: Any, rows: Iterable[Any]) -> Iterator[str]:
    """Columns of a stand-in for rows as what the selects have in their place."""
    found = None if row is None else selectable(row)
    name = getattr(found, "name", None)
    stands_in = not isinstance(found, (sa.Table, Subquery, type(None)))
    for column in read:
        table, _, key = column.partition(".")
        if not stands_in or table != name:
            yield column
            continue
        for other in rows:
            if isinstance(other, SelectBase):
                yield from columns_of(*_column(other, key))


def _is_expression(thing: Any) -> bool:
    return isinstance(thing, (SelectBase, InstrumentedAttribute, sa.ColumnElement))


def _values(thing: Any) -> list[Any]:
    """What a declaration's part may be, in the shapes that arguments give it."""
    if not isinstance(thing, Call):
        return [] if thing is None else [thing]
    found = []
    for given in _shapes(thing):
        try:
            found.append(thing.function(**given))
        except Exception:  # it needs settings: see the module's docstring
            continue
    return found


def _shapes(call: Call) -> Iterator[Mapping[str, Any]]:
    shapes: list[dict[str, Any]] = [{}]
    for parameter in call.parameters:
        choices: list[Any] = [None if parameter.nullable else parameter.default]
        if parameter.mode != "value":
            choices = [sa.bindparam(parameter.name, type_=bind_type(parameter.type))]
        elif isinstance(parameter.type, type) and issubclass(parameter.type, Enum):
            choices = list(parameter.type)
        elif parameter.type is bool:
            choices = [True, False]
        shapes = [{**s, parameter.name: c} for s in shapes for c in choices]
    for shape in shapes[:MOST_TRIES]:
        for kind in KINDS if "kind" in call.given else KINDS[:1]:
            given = {n: kind if n == "kind" else None for n in call.given}
            if "config" in given:
                given["config"] = _default_config(call.function)
            yield {**shape, **given}


def _default_config(function: Any) -> Any:
    """The settings of a placement that says nothing; None where it has to."""
    hint = inspect.get_annotations(function, eval_str=True).get("config")
    try:
        return None if hint is None else hint()
    except ValidationError:
        return None
