"""Where the values of a type come from: the declared form.

A type names the row that it reads (`@read.table`); a field that is no plain column of
that row says beside its name what it is: an expression, another row, rows, a page.
Execution reads these declarations; nothing here runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from types import UnionType
from typing import (
    Any,
    Generic,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

from sqlalchemy import ColumnElement
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField
from strawberry.types.unset import UNSET

T = TypeVar("T")
GIVEN = frozenset({"config", "kind", "env"})
"""Parameters that are filled when planning; they are no arguments of the graph."""
DEFAULT_LIMIT = 200
CONTEXT = "context"
"""The parameter of Python that is the request's context."""


class Arg(ColumnElement[T], Generic[T]):
    """An argument of the graph that reaches SQL as a bind parameter only."""

    __abstract__ = True
    inherit_cache = True


def arg(default: Any) -> Any:
    """The default of a bound argument: `weeks: Arg[int] = arg(18)`."""
    return default


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a field and how it reaches the declaration's function."""

    name: str
    mode: Literal["value", "bind", "list", "python"]
    type: Any
    nullable: bool
    default: Any


@dataclass(frozen=True, slots=True)
class Call:
    """A declaration that depends on arguments: a function and what it asks for."""

    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    given: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Value:
    """A SQL expression, a plain value, or a function that returns one."""

    expression: Any


@dataclass(frozen=True, slots=True, eq=False)
class One:
    """Another row: by a foreign key, by a condition, or a select without FROM."""

    target: Any
    where: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Many:
    """Rows, always ordered and bounded."""

    source: Any
    where: Any
    order_by: Sequence[Any]
    limit: int


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """An order that a client may choose of several; `name` tells its cursors apart. The
    conformance kit asks for each with None as `env`, `config` and `kind`."""

    name: str
    keys: Sequence[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A connection: rows by keyset, with `first` and `after`."""

    source: Any
    where: Any
    order_by: Any
    """Keys, or a function that gives an `Order`."""


@dataclass(frozen=True, slots=True, eq=False)
class Here:
    """An object of another type that reads the same row."""


@dataclass(frozen=True, slots=True, eq=False)
class Each:
    """A list of objects that is known when planning."""

    function: Any


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """One object that is known when planning, or null."""

    function: Any


@dataclass(frozen=True, slots=True, eq=False)
class Python:
    """Python over columns: n tuples in, n values out, once per request."""

    function: Callable[..., Any]
    columns: Sequence[Any]
    parameters: Sequence[Parameter] = ()
    """Those that are arguments of the graph."""
    with_context: bool = False


Source = Value | One | Many | Page | Here | Each | Known | Python


class Declared(StrawberryField):
    """A Strawberry field that says where its value comes from."""

    source: Source

    def __copy__(self) -> Declared:
        copied: Declared = super().__copy__()
        copied.source = self.source
        return copied

    @property
    def is_basic_field(self) -> bool:
        return False

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: Any) -> Any:
        return info.context.load_field(self, source, info, kwargs)


def declared(source: Source, description: str | None = None) -> Any:
    """A field of the graph with this source; arguments are those of its function."""
    field = Declared(description=description)
    field.source = source
    field._arguments = [_argument(p) for p in arguments_of(source)]
    return field


def arguments_of(source: Source) -> list[Parameter]:
    """The arguments that clients may give, paging included."""
    found = [
        parameter
        for part in parts_of(source)
        if isinstance(part, Call)
        for parameter in part.parameters
    ]
    if isinstance(source, Python):
        found += source.parameters
    if isinstance(source, Page):
        found.append(Parameter("first", "bind", int, False, 20))
        found.append(Parameter("after", "bind", str, True, None))
    return list({p.name: p for p in found}.values())


def parts_of(source: Source) -> list[Any]:
    """What a source is made of: calls, expressions, rows."""
    match source:
        case Value(expression):
            return [expression]
        case One(target, where):
            return [target, where]
        case Many(rows, where, _, _):
            return [rows, where]
        case Page(rows, where, order):
            return [rows, where, *([order] if isinstance(order, Call) else [])]
        case Each(function) | Known(function):
            return [function]
    return []


def _argument(parameter: Parameter) -> StrawberryArgument:
    annotation = parameter.type
    if parameter.nullable:
        annotation = annotation | None
    return StrawberryArgument(
        python_name=parameter.name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(annotation),
        default=UNSET
        if parameter.default is inspect.Parameter.empty
        else parameter.default,
    )


def called(thing: Any, *, values: bool = False) -> Any:
    """`thing` as a `Call` if it is a function; anything else as it is.

    With `values`, every argument arrives as a plain value. A `TypeError` names a
    parameter of a type that can't be an argument."""
    if not inspect.isfunction(thing):
        return thing
    hints = get_type_hints(thing)
    given, parameters = set(), []
    for name, parameter in inspect.signature(thing).parameters.items():
        if name in GIVEN:
            given.add(name)
            continue
        parameters.append(_parameter(thing, name, hints, parameter.default, values))
    return Call(thing, tuple(parameters), frozenset(given))


def _parameter(
    function: Any, name: str, hints: Mapping[str, Any], default: Any, values: bool
) -> Parameter:
    hint = hints.get(name, Any)
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    inner = next(m for m in members if m is not type(None))
    nullable = len(members) > 1
    if get_origin(inner) is Arg:
        (bound,) = get_args(inner)
        is_list = get_origin(bound) is list
        return Parameter(name, "list" if is_list else "bind", bound, nullable, default)
    shapes = isinstance(inner, type) and (issubclass(inner, Enum) or inner is bool)
    if not (shapes or values):
        raise TypeError(
            f"{function.__module__}.{function.__qualname__}: the parameter {name!r} is "
            f"{inner!r}; write Arg[...], an enum or bool"
        )
    return Parameter(name, "value", inner, nullable, default)


def table(row: Any) -> Callable[[type[T]], type[T]]:
    """The row that a type reads: a mapped class, an alias, a subquery."""

    def mark(cls: type[T]) -> type[T]:
        cls.__cyclorama_row__ = row  # type: ignore[attr-defined]
        return cls

    return mark


@overload
def value(expression: ColumnElement[T]) -> T: ...
@overload
def value(expression: Callable[..., ColumnElement[T]]) -> T: ...
@overload
def value(expression: T) -> T: ...
def value(expression: Any) -> Any:
    """A SQL expression over this row and the record, a constant, or a function."""
    return declared(Value(called(expression)))


def one(target: Any, where: Any = None) -> Any:
    """Another row: `one(Row.fk)`, `one(Row, condition)`, `one(select(...))`."""
    return declared(One(called(target), called(where)))


def many(
    source: Any,
    where: Any = None,
    *,
    order_by: Sequence[Any],
    limit: int = DEFAULT_LIMIT,
) -> Any:
    """At most `limit` rows of a table or a select, in an order with a unique last key."""
    return declared(Many(called(source), called(where), tuple(order_by), limit))


def page(source: Any, where: Any = None, *, order_by: Sequence[Any]) -> Any:
    """A connection over rows; the order's keys are not null and end in a unique one."""
    return declared(Page(called(source), called(where), tuple(order_by)))


def here() -> Any:
    """An object of another type that reads this same row."""
    return declared(Here())


def each(function: Callable[..., Sequence[Mapping[str, Any]]]) -> Any:
    """Objects that are known when planning: mappings of field names to values,
    expressions or further sources."""
    return declared(Each(called(function, values=True)))


def known(function: Callable[..., Mapping[str, Any] | None]) -> Any:
    """One object that is known when planning."""
    return declared(Known(called(function, values=True)))


def python(function: Callable[..., Any], *columns: Any) -> Any:
    """Values that Python makes of columns: n tuples in, n values out, in one call.

    Further parameters of the function are arguments of the field; one that is called
    `context` is given the request's. A value may be an object without declared fields."""
    _rows, *others = inspect.signature(function).parameters.values()
    hints = get_type_hints(function) if others else {}
    parameters = [
        replace(_parameter(function, p.name, hints, p.default, True), mode="python")
        for p in others
        if p.name != CONTEXT
    ]
    with_context = any(p.name == CONTEXT for p in others)
    return declared(Python(function, columns, tuple(parameters), with_context))
