"""Templates: declared expressions compiled once to text with holes for rows and binds.

SQLAlchemy is called here and nowhere else on the way of a plan. A declaration that
can't stand alone is refused with a `TypeError` that says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Table
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.sql.selectable import FromClause, Select

from cyclorama.execution.leaves import is_small
from cyclorama.schema.adapt import (
    adapt,
    clause,
    correlate,
    record_rows,
    selectable,
    stand_ins,
)
from cyclorama.schema.columns import nulled
from cyclorama.schema.masks import NOTHING
from cyclorama.schema.symbols import RECORD, RECORD_NAME, SYMBOLS, RecordRow

OWN_NAME, CHILD_NAME = "\x01@o\x01", "\x01@c\x01"
ARGUMENT = "arg_"


@dataclass(frozen=True, slots=True)
class Bind:
    """A bind of a template: a symbol or argument by name, or a constant."""

    name: str | None
    value: Any
    process: Callable[[Any], Any] | None
    cast: str = ""
    """The type that the text gives it."""
    key: Any = None
    """Equal for the same constants."""


def constant_key(value: Any, cast: str) -> Any:
    """Equal for constants that one parameter of a statement can be."""
    return ("constant", type(value), repr(value), cast)


@dataclass(frozen=True, slots=True)
class Template:
    """Text, hole, text, …; a hole is a row (`@o`, `@c`, `@r`) or a bind (`:name`)."""

    parts: tuple[str, ...]
    rows: Sequence[tuple[int, str]]
    """Which row is where in the text."""
    binds: Sequence[tuple[int, Bind]]
    own: frozenset[str]
    """Columns of the own row that the text reads."""
    child: frozenset[str]
    joined: Mapping[str, RecordRow]
    """Rows of the record that the text reads, by their holes."""


def _cutting(dialect: Any) -> Any:
    """The dialect with a compiler that writes binds as holes."""

    class Cutting(dialect.statement_compiler):  # type: ignore[misc]
        def bindparam_string(self, name: str, **kw: Any) -> Any:
            self.bindtemplate = self.compilation_bindtemplate = "\x01:%(name)s\x01"
            return super().bindparam_string(name, **kw)

    dialect.statement_compiler = Cutting
    return dialect


def make_dialect(name: str) -> Any:
    """The dialect that templates are compiled with: `sqlite` or `postgresql`."""
    make: Any
    if name == "sqlite":
        from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite as make
    else:
        from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg as make
    return _cutting(make(paramstyle="named"))


@dataclass(frozen=True, slots=True)
class Scope:
    """The rows that a declaration may see, and the kind of its record."""

    kind: str
    own: Any = None
    child: Any = None
    hidden: frozenset[str] = NOTHING
    """Base columns in whose place values have null."""


class Compiler:
    """Makes templates of expressions, conditions, orders and selects, for a dialect."""

    def __init__(self, dialect: str) -> None:
        self.name = dialect
        self._dialect = make_dialect(dialect)

    def expression(
        self,
        expression: Any,
        scope: Scope,
        wrap: Callable[[Any], Any] = lambda e: e,
    ) -> Template:
        """A value; `wrap` makes it JSON."""
        fitted = self._fit(expression, scope)
        expr = wrap(fitted.expression)
        statement = sa.select(expr.label("cy_out")).select_from(*fitted.rows)
        text, compiled = self._compile(statement)
        body, found, froms = text.removeprefix("SELECT ").rpartition(" AS cy_out")
        if not found:
            raise TypeError(f"cannot be cut out of its statement: {text}")
        fitted.check(froms.removeprefix(" \nFROM "))
        return self._template(body, compiled, fitted)

    def condition(self, condition: Any, scope: Scope) -> Template:
        """What stands in a WHERE."""
        return self._tail(condition, scope, "where", " \nWHERE ")

    def order(self, keys: Sequence[Any], scope: Scope) -> Template:
        """What stands in an ORDER BY."""
        together = sa.tuple_(*(clause(k) for k in keys))
        return self._tail(together, scope, "order", " ORDER BY ")

    def rows(self, select: Any, scope: Scope) -> Template:
        """A select in brackets, for a FROM."""
        fitted = self._fit(select.scalar_subquery(), scope, top=True)
        statement = sa.select(fitted.expression.label("cy_out"))
        text, compiled = self._compile(statement.select_from(*fitted.rows))
        body, _, froms = text.removeprefix("SELECT ").rpartition(" AS cy_out")
        fitted.check(froms.removeprefix(" \nFROM "))
        return self._template(body, compiled, fitted)

    def _tail(self, thing: Any, scope: Scope, part: str, cut: str) -> Template:
        # What decides on rows sees what is hidden; a declared order has no such keys.
        fitted = self._fit(thing, replace(scope, hidden=NOTHING))
        statement: Any = sa.select(sa.literal_column("1")).select_from(*fitted.rows)
        if part == "where":
            statement = statement.where(fitted.expression)
        else:
            statement = statement.order_by(*fitted.expression.clauses)
        text, compiled = self._compile(statement)
        head, _, body = text.partition(cut)
        fitted.check(head.partition("FROM ")[2].strip())
        return self._template(body, compiled, fitted)

    def _fit(self, expression: Any, scope: Scope, *, top: bool = False) -> _Fitted:
        rows: dict[Any, FromClause] = {}
        for row, name in ((scope.own, OWN_NAME), (scope.child, CHILD_NAME)):
            if row is not None:
                rows[selectable(row)] = _stand_in(selectable(row), name)
        hide = nulled(scope.hidden) if scope.hidden else None
        adapted = adapt(expression, scope.kind, stand_ins(rows), hide)
        outer = [*rows.values(), RECORD, *record_rows(adapted)]
        correlate(adapted, outer)
        return _Fitted(adapted, outer, tuple(rows), top)

    def _compile(self, statement: Any) -> tuple[str, Any]:
        compiled = statement.compile(dialect=self._dialect)
        text: str = compiled.string
        if not text.startswith("SELECT "):
            raise TypeError("a CTE must be made with nesting=True")
        return text, compiled

    def _template(self, body: str, compiled: Any, fitted: _Fitted) -> Template:
        _refuse(body, fitted.sources, top=fitted.top)
        parts = tuple(body.split("\x01"))
        rows, binds = [], []
        for index in range(1, len(parts), 2):
            hole = parts[index]
            if hole[0] == "@":
                rows.append((index, hole[1:]))
            else:
                cast = _cast(parts[index + 1])
                binds.append((index, self._bind(hole[1:], cast, compiled)))
        return Template(
            parts,
            rows,
            binds,
            _columns_after(parts, "@o"),
            _columns_after(parts, "@c"),
            {r.name[1:-1]: r for r in fitted.rows if isinstance(r, RecordRow)},
        )

    def _bind(self, name: str, cast: str, compiled: Any) -> Bind:
        process = compiled._bind_processors.get(name)
        if name in SYMBOLS or name.startswith(ARGUMENT):
            return Bind(name, None, process)
        value = compiled.params[name]
        return Bind(None, value, process, cast, constant_key(value, cast))


def _cast(following: str) -> str:
    """The type that a text begins with, for the bind before it."""
    return following.split(" ")[0] if following.startswith("::") else ""


@dataclass(frozen=True, slots=True)
class _Fitted:
    expression: Any
    rows: list[FromClause]
    sources: tuple[Any, ...]
    top: bool

    def check(self, froms: str) -> None:
        """The cut FROM must hold the stand-ins and nothing else."""
        expected = {str(getattr(r, "name", "")) for r in self.rows}
        if set(froms.strip().split(", ")) != expected:
            seen = froms.replace("\x01", "")
            raise TypeError(f"reads a row that is not there: {seen}")


def _stand_in(row: Any, name: str) -> FromClause:
    source = row.selected_columns if isinstance(row, Select) else row.c
    columns = [sa.column(key, _type_of(column)) for key, column in source.items()]
    return sa.table(quoted_name(name, quote=False), *columns)


def _type_of(column: Any) -> Any:
    """A column's type; of numbers that may be large, that of large ones."""
    origin = next(iter(column.base_columns), column)
    is_integer = isinstance(column.type, sa.Integer)
    return sa.BigInteger() if is_integer and not is_small(origin) else column.type


def _refuse(body: str, rows: Sequence[Any], *, top: bool) -> None:
    """A nested select must have rows of its own, and none that the declaration names."""
    for row in rows:
        name = getattr(row, "name", None)
        if isinstance(row, Table) and re.search(
            rf'(?:FROM|JOIN|,)\s+"?{name}"?(?! AS\b)(?=[\s),]|$)', body
        ):
            raise TypeError(
                f"a select reads {name}, the row that the declaration stands for; "
                "use aliased()"
            )
    starts = [m.start() for m in re.finditer(r"\(SELECT ", body)]
    for start in starts[1:] if top else starts:
        if _has_where_without_from(body[start + 1 :]):
            raise TypeError(
                "a select has no rows of its own; another row of the same table needs "
                "aliased()"
            )


def _has_where_without_from(text: str) -> bool:
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
        if depth == 0 and character == "\n":
            return text.startswith("\nWHERE ", index)
    return False


def _columns_after(parts: Sequence[str], hole: str) -> frozenset[str]:
    names = set()
    for index in range(1, len(parts), 2):
        if parts[index] == hole and parts[index + 1].startswith("."):
            text = parts[index + 1][1:]
            if text.startswith('"'):
                names.add(text[1 : text.index('"', 1)])
            else:
                end = next(
                    (i for i, c in enumerate(text) if not (c.isalnum() or c == "_")),
                    len(text),
                )
                names.add(text[:end])
    return frozenset(names)


__all__ = ["ARGUMENT", "RECORD_NAME", "Bind", "Compiler", "Scope", "Template"]
