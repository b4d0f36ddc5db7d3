"""Declarations as templates: each field, in each shape that arguments give it."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import SelectBase

from cyclorama.execution.leaves import Leaf
from cyclorama.execution.templates import ARGUMENT, Compiler, Scope, Template
from cyclorama.resolvers.context import Env
from cyclorama.schema.adapt import bind_type, selectable
from cyclorama.schema.read import Call, Parameter
from cyclorama.storage.kept import Kept
from cyclorama.storage.prepared import listed
from cyclorama.storage.rows import Row


@dataclass(frozen=True, slots=True)
class Shape:
    """What a declaration's function is called with: values, and which binds are there."""

    values: Mapping[str, Any]
    bound: frozenset[str]
    key: tuple[Any, ...] = field(init=False)
    """Equal for shapes that give the same templates."""

    def __post_init__(self) -> None:
        values = tuple(sorted((k, repr(v)) for k, v in self.values.items()))
        object.__setattr__(self, "key", (values, self.bound))


NO_SHAPE = Shape({}, frozenset())


MOST_TEMPLATES = 20_000


def _kept() -> Kept[Any, Any]:
    return Kept(MOST_TEMPLATES)


@dataclass(slots=True)
class Declarations:
    """Templates of declarations, made when they are first needed."""

    dialect: str
    compiler: Compiler = field(init=False)
    cache: Kept[Any, Any] = field(default_factory=_kept)

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
        return listed(name, self.dialect)

    def cached(self, key: Any, make: Any) -> Any:
        """The template of this key, made if it is not kept."""
        return self.cache.get(key, make)

    def parses(self, sql: str) -> bool:
        """Whether the database's parser can follow a statement; SQLite's has a bound of
        its own for what is nested."""
        if self.dialect != "sqlite":
            return True
        # Texts that differ in names and values alone have one statement.
        digest = hashlib.sha256(sql.encode("utf-8", "surrogatepass")).digest()
        return bool(self.cached(("parses", digest), lambda: _parses(sql)))

    def leaf(self, expression: Any, scope: Scope, leaf: Leaf) -> Template:
        """A value as JSON."""
        wrap = partial(leaf.json, self.dialect)
        return self.compiler.expression(expression, scope, wrap)


def _parses(sql: str) -> bool:
    with contextlib.closing(sqlite3.connect(":memory:")) as parser:
        try:
            parser.execute(f"EXPLAIN {sql}")
        except sqlite3.Error as error:  # no tables: that comes after parsing
            return "parser stack overflow" not in str(error)
    return True


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
