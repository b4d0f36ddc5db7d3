"""Expressions that read the same and mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import (
    BindParameter,
    ColumnClause,
    Date,
    Float,
    Integer,
    Select,
    String,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from cyclorama.schema.read import one
from cyclorama.storage.types import Instant, json


class _Function(FunctionElement[Any]):
    def __init_subclass__(cls, *, literal: bool = False, **options: Any) -> None:
        """`literal`: a value of an argument is written into the text."""
        super().__init_subclass__(**options)
        cls.inherit_cache = not literal


class days_between(_Function):
    """Whole days from one day or instant to a later one, by calendar days."""

    name = "days_between"
    type = Integer()


class elapsed_days(_Function):
    """Days from one instant to a later one, with their fraction."""

    name = "elapsed_days"
    type = Float()


class months_between(_Function):
    """Whole months from one day to a later one."""

    name = "months_between"
    type = Integer()


class date_of(_Function):
    """The UTC calendar day of an instant."""

    name = "date_of"
    type = Date()


class week_of(_Function):
    """The Monday of a day's week."""

    name = "week_of"
    type = Date()


class month_of(_Function):
    """The first day of a day's month."""

    name = "month_of"
    type = Date()


class add_days(_Function):
    """A day moved by a number of days."""

    name = "add_days"
    type = Date()


class add_months(_Function):
    """A first of month moved by a number of months."""

    name = "add_months"
    type = Date()


class walked(_Function):
    """A table's key to itself as it is kept, for what finds rows by it: a tree is walked
    by its index. Elsewhere such a key is null where it points at a row that the viewer
    may not read. Not for showing the key."""

    name = "walked"

    def __init__(self, column: Any) -> None:
        super().__init__(column)
        (of,) = self.clauses
        self.type = of.type
        table: Any = of.table
        while hasattr(table, "element"):
            table = table.element
        self.of = table.name


class seldom(_Function):
    """A condition, with the hint for SQLite's planner that few rows meet it. On rows of a
    recursive CTE, which it takes for a million, it keeps the planner from reading whole
    tables to filter what it joins to them."""

    name = "seldom"
    type = sa.Boolean()
    _is_implicitly_boolean = True  # else `= 1` stands behind it, and the hint within


class decimal(_Function, literal=True):
    """Minor units of money as exact text: 1234 with 2 digits is `12.34`."""

    name = "decimal"
    type = String()


class rounded(_Function, literal=True):
    """A number rounded half away from zero to some digits, as a float."""

    name = "rounded"
    type = Float()


class as_json(_Function):
    """A JSON value of a SQL value: text becomes a JSON string, numbers stay."""

    name = "as_json"
    type = json()


class json_field(_Function):
    """A member of a JSON object, as JSON; null where it is missing."""

    name = "json_field"
    type = json()


class json_text(_Function):
    """A member of a JSON object, as text; null where it is missing."""

    name = "json_text"
    type = String()


class json_pairs(_Function):
    """A JSON object of names and values, given in turn."""

    name = "json_pairs"
    type = json()


class json_has(_Function):
    """Whether a JSON array of texts holds a text."""

    name = "json_has"
    type = sa.Boolean()


def _parts(element: Any, compiler: Any, kw: Any) -> list[str]:
    return [compiler.process(c, **kw) for c in element.clauses]


def _is_instant(element: Any) -> bool:
    return isinstance(element.type, Instant)


@compiles(walked)
def _walked(element: Any, compiler: Any, **kw: Any) -> str:
    (column,) = _parts(element, compiler, kw)
    return f"{column}/*walked {element.of}*/"


@compiles(seldom, "sqlite")
def _seldom_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    (condition,) = _parts(element, compiler, kw)
    return f"likelihood({condition}, 0.0001)"


@compiles(seldom, "postgresql")
def _seldom_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    (condition,) = _parts(element, compiler, kw)
    return f"({condition})"


@compiles(days_between, "sqlite")
def _days_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    a, b = _parts(element, compiler, kw)
    return f"CAST(julianday(date({b})) - julianday(date({a})) AS INTEGER)"


@compiles(days_between, "postgresql")
def _days_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    (a, b), clauses = _parts(element, compiler, kw), list(element.clauses)
    a, b = (
        f"({text} AT TIME ZONE 'UTC')::date" if _is_instant(clause) else text
        for text, clause in zip((a, b), clauses, strict=True)
    )
    return f"({b} - {a})"


@compiles(elapsed_days, "sqlite")
def _elapsed_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    a, b = _parts(element, compiler, kw)
    return f"(julianday({b}) - julianday({a}))"


@compiles(elapsed_days, "postgresql")
def _elapsed_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    a, b = _parts(element, compiler, kw)
    return f"(extract(epoch FROM {b} - {a}) / 86400.0)::double precision"


@compiles(months_between, "sqlite")
def _months_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    a, b = _parts(element, compiler, kw)
    return (
        f"((strftime('%Y', {b}) - strftime('%Y', {a})) * 12"
        f" + strftime('%m', {b}) - strftime('%m', {a})"
        f" - (strftime('%d', {b}) < strftime('%d', {a})))"
    )


@compiles(months_between, "postgresql")
def _months_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    a, b = _parts(element, compiler, kw)
    return (  # by the older function of doubles, which costs a third of `extract`
        f"((date_part('year', {b}) - date_part('year', {a})) * 12"
        f" + date_part('month', {b}) - date_part('month', {a})"
        f" - (date_part('day', {b}) < date_part('day', {a}))::int)::int"
    )


@compiles(date_of, "sqlite")
def _date_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"date({_parts(element, compiler, kw)[0]})"


@compiles(date_of, "postgresql")
def _date_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"({_parts(element, compiler, kw)[0]} AT TIME ZONE 'UTC')::date"


@compiles(week_of, "sqlite")
def _week_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"date({_parts(element, compiler, kw)[0]}, '-6 days', 'weekday 1')"


@compiles(week_of, "postgresql")
def _week_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    (day,) = element.clauses
    if isinstance(day, (ColumnClause, BindParameter)):
        text = compiler.process(day, **kw)
        return f"({text} - ({text} - DATE '0001-01-01') % 7)"
    return f"date_trunc('week', {_parts(element, compiler, kw)[0]}::timestamp)::date"


@compiles(month_of, "sqlite")
def _month_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"date({_parts(element, compiler, kw)[0]}, 'start of month')"


@compiles(month_of, "postgresql")
def _month_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"date_trunc('month', {_parts(element, compiler, kw)[0]}::timestamp)::date"


@compiles(add_days, "sqlite")
def _add_days_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    day, n = _parts(element, compiler, kw)
    return f"date({day}, ({n}) || ' days')"


@compiles(add_days, "postgresql")
def _add_days_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    day, n = _parts(element, compiler, kw)
    return f"({day} + ({n})::int)"


@compiles(add_months, "sqlite")
def _add_months_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    day, n = _parts(element, compiler, kw)
    return f"date({day}, ({n}) || ' months')"


@compiles(add_months, "postgresql")
def _add_months_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    day, n = _parts(element, compiler, kw)
    return f"({day}::timestamp + make_interval(months => ({n})::int))::date"


def _digits(element: Any) -> int:
    *_, last = element.clauses
    return int(last.value)


def _first(element: Any, compiler: Any, kw: Any) -> str:
    first, *_ = element.clauses
    text: str = compiler.process(first, **kw)
    return text


@compiles(decimal, "sqlite")
def _decimal_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    x, digits = _first(element, compiler, kw), _digits(element)
    sign = f"CASE WHEN {x} < 0 THEN '-' ELSE '' END"
    if digits == 0:
        return f"CAST({x} AS TEXT)"
    unit = 10**digits
    amount = f"printf('%s%d.%0{digits}d', {sign}, abs({x}) / {unit}, abs({x}) % {unit})"
    return f"CASE WHEN {x} IS NOT NULL THEN {amount} END"


@compiles(decimal, "postgresql")
def _decimal_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    x, digits = _first(element, compiler, kw), _digits(element)
    return f"round({x}::numeric / {10**digits}, {digits})::text"


@compiles(rounded, "sqlite")
def _rounded_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"round({_first(element, compiler, kw)}, {_digits(element)})"


@compiles(rounded, "postgresql")
def _rounded_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    x, digits = _first(element, compiler, kw), _digits(element)
    found = f"round(({x})::numeric, {digits})::double precision"
    first, *_ = element.clauses
    if isinstance(first, ColumnClause):  # most are whole, and a numeric is costly
        return f"CASE WHEN {x} = round({x}) THEN {x}::double precision ELSE {found} END"
    return found


def _kind(clause: Any) -> str:
    kind: str = clause.type._type_affinity.__name__
    return kind


@compiles(as_json, "sqlite")
def _as_json_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    (clause,) = element.clauses
    text = compiler.process(clause, **kw)
    kind = _kind(clause)
    if kind == "Boolean":
        return f"json(CASE WHEN {text} THEN 'true' WHEN NOT {text} THEN 'false' END)"
    if kind == "Float" or kind == "Double":
        exact = f"json(printf('%!.17g', {text}))"
        return f"CASE WHEN {text} IS NOT NULL THEN {exact} END"
    if kind == "JSON":
        return f"json({text})"
    return f"CASE WHEN {text} IS NOT NULL THEN json(json_quote({text})) END"


@compiles(as_json, "postgresql")
def _as_json_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    (clause,) = element.clauses
    text = compiler.process(clause, **kw)
    if _is_instant(clause):
        wire = '\'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\''
        text = f"to_char({text} AT TIME ZONE 'UTC', {wire})"
    return f"to_jsonb({text})"


def _member(element: Any, compiler: Any, kw: Any) -> tuple[str, str]:
    column, key = element.clauses
    return compiler.process(column, **kw), compiler.process(key, **kw)


@compiles(json_field, "sqlite")
def _field_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    column, key = _member(element, compiler, kw)
    return f"({column} -> ('$.' || json_quote({key})))"


@compiles(json_field, "postgresql")
def _field_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    column, key = _member(element, compiler, kw)
    return f"({column} -> {key})"


@compiles(json_text, "sqlite")
def _text_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    column, key = _member(element, compiler, kw)
    return f"CAST(({column} ->> ('$.' || json_quote({key}))) AS TEXT)"


@compiles(json_text, "postgresql")
def _text_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    column, key = _member(element, compiler, kw)
    return f"({column} ->> {key})"


@compiles(json_pairs, "sqlite")
def _pairs_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"json_object({', '.join(_parts(element, compiler, kw))})"


@compiles(json_pairs, "postgresql")
def _pairs_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"jsonb_build_object({', '.join(_parts(element, compiler, kw))})"


@compiles(json_has, "sqlite")
def _has_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    column, text = _member(element, compiler, kw)
    return f"EXISTS (SELECT 1 FROM json_each({column}) WHERE value = {text})"


@compiles(json_has, "postgresql")
def _has_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    column, text = _member(element, compiler, kw)
    return f"({column} ? {text})"


def money(minor: Any, currency: Any) -> Any:
    """A `Money` of minor units and a currency; null where there is no amount."""
    amount = decimal(minor, 2).label("amount")
    return one(
        sa.select(amount, sa.type_coerce(currency, String).label("currency")).where(
            minor.is_not(None)
        )
    )


Rows = Select[Any]
"""What a function that returns rows returns."""


class fixed(_Function, literal=True):
    """A number as text with so many decimals."""

    name = "fixed"
    type = String()


class wire_text(_Function):
    """An instant as clients see it."""

    name = "wire_text"
    type = String()


@compiles(fixed, "sqlite")
def _fixed_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    x = _first(element, compiler, kw)
    shown = f"printf('%.{_digits(element)}f', {x})"
    return f"CASE WHEN {x} IS NOT NULL THEN {shown} END"


@compiles(fixed, "postgresql")
def _fixed_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return (
        f"round(({_first(element, compiler, kw)})::numeric, {_digits(element)})::text"
    )


@compiles(wire_text, "sqlite")
def _wire_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return _first(element, compiler, kw)


@compiles(wire_text, "postgresql")
def _wire_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    wire = '\'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\''
    return f"to_char({_first(element, compiler, kw)} AT TIME ZONE 'UTC', {wire})"
