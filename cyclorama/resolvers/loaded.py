"""Declared fields outside a plan: one statement a field, the same declarations.

This is what answers when graph resolvers run a selection that no plan holds, and what
tests hold the plans against. Objects are instances of the graph's types that carry the
values of their row.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

import sqlalchemy as sa
import structlog
from sqlalchemy import ClauseElement
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.selectable import SelectBase, Subquery
from strawberry.types.base import StrawberryList, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.utils.str_converters import to_camel_case

from cyclorama.errors import RequestError
from cyclorama.resolvers.context import Context, Env, Variant
from cyclorama.resolvers.keyset import AFTER, Keyset, ordered, page_size
from cyclorama.resolvers.refs import Ref, find_together
from cyclorama.resolvers.typed import fields_of, python_value
from cyclorama.schema.adapt import (
    adapt,
    bind_type,
    clause,
    correlate,
    order_keys,
    own_row,
    selectable,
    stand_ins,
)
from cyclorama.schema.columns import hidden_keys, nulled, seen, shown, without
from cyclorama.schema.common import PageInfo
from cyclorama.schema.masks import NOTHING
from cyclorama.schema.read import (
    CONTEXT,
    Call,
    Each,
    Here,
    Known,
    Many,
    One,
    Page,
    Python,
    Value,
)
from cyclorama.schema.symbols import RECORD, ROWS, RecordRow
from cyclorama.storage.outages import is_unavailable

log = structlog.get_logger(__name__)
KINDS = {"Company": "COMPANY", "Relationship": "RELATIONSHIP"}


class DeclarationFailedError(Exception):
    """A declared field could not be read: its whole section fails, as by plan."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object was read: its row, its record, its placement, its known values."""

    row: Any
    values: Mapping[str, Any]
    ref: Ref | None
    env: Env | None
    item: Mapping[str, Any] | None


def instance_of(
    cls: Any,
    *,
    ref: Ref | None = None,
    env: Env | None = None,
    row: Any = None,
    values: Mapping[str, Any] | None = None,
    item: Mapping[str, Any] | None = None,
    ctx: Context | None = None,
) -> Any:
    """An object of a type of the graph with the values of its row."""
    made = object.__new__(cls)
    made.cy_ref = ref
    made.cy_place = Place(row, values or {}, ref, env, item)
    for name, field, type_ in fields_of(cls):
        if item is not None and ctx is not None:
            made.__dict__[name] = _Later(ctx, made.cy_place, field, item.get(name))
        elif values is not None and name in values:
            made.__dict__[name] = python_value(type_, values[name])
    return made


T = TypeVar("T")


def made(cls: type[T], **values: Any) -> T:
    """An object of a declared type with these values, for payloads of mutations: what
    was just computed need not be read again. Values of columns may be as they are kept;
    a declared field that is not given is read."""
    row = getattr(cls, "__cyclorama_row__", None)
    found: Any = instance_of(cls, row=row, values=values)
    found.cy_given = frozenset(values)
    return cast("T", found)


@dataclass(frozen=True, slots=True)
class _Later:
    """A field of an item that is known when planning; awaited if it is asked."""

    ctx: Context
    place: Place
    field: Any
    thing: Any

    def __await__(self) -> Any:
        load = _Load(self.ctx, self.place, self.field, {})
        return load.load(_of_item(self.thing)).__await__()


def load_field(
    ctx: Context, field: Any, source: Any, info: Any, arguments: Mapping[str, Any]
) -> Any:
    """The value of a declared field of an object, or an awaitable of it."""
    if field.python_name in getattr(source, "cy_given", ()):
        return source.__dict__[field.python_name]
    place: Place = source.cy_place
    return _Load(ctx, place, field, dict(arguments)).load(field.source)


def _of_item(thing: Any) -> Any:
    source = getattr(thing, "source", None)
    return Value(thing) if source is None else source


async def load_by_id(
    ctx: Context, cls: Any, ids: Sequence[str], where: Any = None
) -> list[Any]:
    """Objects of a type whose table has an `id`, in the order of the ids; None for a row
    of which the condition is not true."""
    row = cls.__cyclorama_row__
    table = selectable(row)
    columns = seen(table.c, ctx.masked.columns)
    query = sa.select(*columns).where(table.c.id.in_(set(ids)))
    if where is not None:
        query = query.where(where).params(**ctx.symbols)
    rows = {r.id: r._mapping for r in await ctx.reading.execute(query)} if ids else {}
    return [
        instance_of(cls, row=row, values=dict(rows[i])) if i in rows else None
        for i in ids
    ]


async def load_record(ctx: Context, ref: Ref) -> Any:
    """A record's object, with the values of its row."""
    from cyclorama.schema.records import RECORD_TYPES

    cls: Any = RECORD_TYPES[KINDS[ref.kind]]
    found = await ctx.load(_records, (ref.kind, ref.id))
    return instance_of(
        cls,
        ref=ref,
        row=cls.__cyclorama_row__,
        values=found.values,
        env=bare(ref.variant),
    )


@dataclass(frozen=True, slots=True)
class _Values:
    values: Mapping[str, Any]


async def _records(ctx: Context, keys: Sequence[tuple[str, str]]) -> list[_Values]:
    """The columns of records, by (type, id)."""
    rows: dict[str, Any] = {}
    for kind in {k for k, _ in keys}:
        table = ROWS[KINDS[kind]].__table__
        ids = {i for k, i in keys if k == kind}
        query = sa.select(*table.c).where(table.c.id.in_(ids))
        rows |= {r.id: dict(r._mapping) for r in await ctx.reading.execute(query)}

    return [_Values(rows[i]) for _, i in keys]


def bare(variant: Variant) -> Env:
    """The environment of a record's own fields."""
    nothing: Any = None
    return Env(
        kind=variant.kind,
        placement=nothing,
        described={},
        config=None,
        sections=(),
        fields=variant.fields,
        token=variant.token,
    )


class _Load:
    """One declared field of one object."""

    def __init__(
        self, ctx: Context, place: Place, field: Any, arguments: dict[str, Any]
    ) -> None:
        self.ctx, self.place, self.field, self.arguments = ctx, place, field, arguments
        type_ = field.type
        self.type = type_
        while isinstance(type_, (StrawberryList, StrawberryOptional)):
            type_ = type_.of_type
        self.cls = type_
        self.kind = place.env.kind if place.env else "COMPANY"
        self.record: Mapping[str, Any] = {}
        self.masked = self.place.env.masked if self.place.env else ctx.masked

    async def load(self, source: Any) -> Any:
        ref = self.place.ref
        if ref is not None:
            self.record = (await self.ctx.load(_records, (ref.kind, ref.id))).values
        match source:
            case Value(expression):
                return await self._value(self._evaluate(expression))
            case One():
                return await self._one(source)
            case Many():
                return await self._many(source)
            case Page():
                return await self._page(source)
            case Here():
                return self._object(self.place.row, self.place.values)
            case Each(function) | Known(function):
                return self._items(shown(self._evaluate(function), self.masked))
            case Python():
                return await self._made(source)
        raise TypeError(f"{source!r} is no source of a field")

    def _evaluate(self, thing: Any) -> Any:
        if not isinstance(thing, Call):
            return thing() if inspect.isfunction(thing) else thing
        env = self.place.env
        config = env.config if env is not None else None
        given = {"env": env, "kind": self.kind, "config": config}
        values = {n: given[n] for n in thing.given}
        for p in thing.parameters:
            values[p.name] = self._argument(p)
        try:
            return thing.function(**values)
        except RequestError:
            raise
        except Exception as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> DeclarationFailedError:
        log.error("declaration_failed", field=self._coordinate(), exc_info=error)
        return DeclarationFailedError(self._coordinate())

    async def _execute(self, query: Any) -> Sequence[Any]:
        try:
            return await self.ctx.reading.guarded(query)
        except RequestError:  # of an argument that is refused where it is bound
            raise
        except Exception as error:
            if is_unavailable(error):
                raise
            raise self._failed(error) from error

    def _argument(self, parameter: Any) -> Any:
        value = self.arguments.get(parameter.name, parameter.default)
        if value is None or parameter.mode in ("value", "python"):
            return value
        if parameter.mode == "list":
            return list(value)
        return sa.literal(value, bind_type(parameter.type))

    def _settled(self, expression: Any, *, decides: bool = False) -> Any:
        """The expression with this object's row, record and request as values, and null
        for what is hidden, unless it decides which rows there are."""
        own = None if self.place.row is None else selectable(self.place.row)
        symbols = self.ctx.symbols

        def replace(element: Any) -> Any:
            if isinstance(element, BindParameter):
                if element.key in symbols:
                    return sa.literal(symbols[element.key], element.type)
                return None
            if isinstance(element.table, RecordRow):
                row = self._settled(element.table.made_of).subquery()
                return sa.select(row.c[element.key]).scalar_subquery()
            if element.table is RECORD:
                return sa.literal(self.record[element.key], element.type)
            if own is not None and element.table is not None and element.table == own:
                return sa.literal(self.place.values[element.key], element.type)
            return None

        hidden = NOTHING if decides else self.masked.columns
        hide = nulled(hidden) if hidden else None
        adapted = adapt(expression, self.kind, replace, hide)
        correlate(adapted, ())
        return adapted

    async def _rows(self, query: Any) -> list[dict[str, Any]]:
        return [dict(r._mapping) for r in await self._execute(query)]

    def _object(self, row: Any, values: Mapping[str, Any]) -> Any:
        return instance_of(
            self.cls, ref=self.place.ref, env=self.place.env, row=row, values=values
        )

    def _items(self, items: Any) -> Any:
        if isinstance(items, Mapping):
            return instance_of(
                self.cls,
                ref=self.place.ref,
                env=self.place.env,
                row=self.place.row,
                values=self.place.values,
                item=items,
                ctx=self.ctx,
            )
        if isinstance(items, (list, tuple)):
            return [self._items(i) for i in shown(items, self.masked)]
        return items

    async def _value(self, expression: Any) -> Any:
        if not isinstance(expression, (ClauseElement, InstrumentedAttribute)):
            if hasattr(self.cls, "__strawberry_definition__") and not isinstance(
                self.cls, StrawberryEnumDefinition
            ):
                return self._items(expression)
            return python_value(self.type, expression)
        query = sa.select(self._settled(expression).label("value"))
        (row,) = await self._execute(query)
        return python_value(self.type, row.value)

    async def _one(self, source: One) -> Any:
        target = self._evaluate(source.target)
        cls_row = getattr(self.cls, "__cyclorama_row__", None)
        if isinstance(target, SelectBase):
            found = await self._rows(self._settled(target))
            return self._object(cls_row, found[0]) if found else None
        if _is_row(target):
            table = selectable(target)
            where = self._settled(self._evaluate(source.where), decides=True)
            query = sa.select(*table.c).where(where).limit(1)
            row = target
        else:
            table, row = selectable(cls_row), cls_row
            key = self._settled(target, decides=True)
            query = sa.select(*table.c).where(table.c.id == key)
        found = await self._rows(query)
        if not found:
            return None
        return (await self._objects(row, found))[0]

    async def _objects(self, row: Any, found: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Objects of rows; records become references that are read as one batch."""
        name = self.cls.__strawberry_definition__.name
        if name in KINDS:
            return await find_together(self.ctx, KINDS[name], [r["id"] for r in found])
        own = None if row is None else own_row(self.cls, row)
        return [self._object(own, values) for values in found]

    async def _many(self, source: Many) -> Any:
        rows = self._evaluate(source.source)
        query, keys = self._from(rows, source)
        hidden = hidden_keys(source.order_by, rows, self.masked.columns)
        keys = without(keys, hidden)
        found = await self._rows(query.order_by(*keys).limit(source.limit))
        if not hasattr(self.cls, "__strawberry_definition__") or isinstance(
            self.cls, StrawberryEnumDefinition
        ):
            return [python_value(self.cls, next(iter(r.values()))) for r in found]
        row = rows
        if isinstance(rows, SelectBase):
            row = getattr(self.cls, "__cyclorama_row__", None)
        return await self._objects(row, found)

    def _from(self, rows: Any, source: Many | Page) -> tuple[Any, list[Any]]:
        """A select of all columns of the rows that the condition leaves, and the keys
        of its order."""
        if isinstance(rows, SelectBase):
            table = self._settled(rows).subquery()
            return sa.select(*table.c), order_keys(source.order_by, table)
        table = selectable(rows)
        keys = order_keys(source.order_by, rows)
        if isinstance(table, Subquery):
            read = self._settled(table.element).subquery()
            fitted = [adapt(k, self.kind, stand_ins({table: read})) for k in keys]
            return sa.select(*read.c), fitted
        condition = self._evaluate(source.where)
        query = sa.select(*table.c)
        where = None
        if condition is not None:
            where = self._settled(condition, decides=True)
        return (query if where is None else query.where(where)), keys

    async def _page(self, source: Page) -> Any:
        rows, chosen = self._evaluate(source.source), self._evaluate(source.order_by)
        first = page_size(self.arguments.get("first", 20))
        settled = partial(self._settled, decides=True)
        source, coordinate = ordered(source, chosen, self._coordinate(), settled)
        query, order = self._from(rows, source)
        left_out = hidden_keys(source.order_by, rows, self.masked.columns)
        keys = Keyset.of(coordinate, order, left_out)
        order = without(order, left_out)
        total = sa.select(sa.func.count()).select_from(query.order_by(None).subquery())
        after = self.arguments.get("after")
        if after is not None:
            values = keys.read(after)
            binds = {f"{AFTER}{i}": v for i, v in enumerate(values)}
            query = query.where(keys.after()).params(binds)
        cursor = keys.cursor(self.ctx.database.dialect).label("cy_cursor")
        query = query.add_columns(cursor).order_by(*order)
        found = await self._rows(query.limit(first + 1))
        cursors = [r.pop("cy_cursor") for r in found][:first]
        nodes = await self._objects_of_page(rows, found[:first])
        info = PageInfo(
            has_next_page=len(found) > first,
            has_previous_page=after is not None,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )
        edge = _type_of(self.cls, "edges")
        edges = [edge(cursor=c, node=n) for c, n in zip(cursors, nodes, strict=True)]
        (counted,) = await self._execute(total)
        return self.cls(edges=edges, page_info=info, total_count=counted[0])

    async def _objects_of_page(self, rows: Any, found: Any) -> list[Any]:
        node = _type_of(_type_of(self.cls, "edges"), "node")
        name = node.__strawberry_definition__.name
        if name in KINDS:
            return await find_together(self.ctx, KINDS[name], [r["id"] for r in found])
        own = own_row(node, rows)
        return [
            instance_of(
                node, ref=self.place.ref, env=self.place.env, row=own, values=values
            )
            for values in found
        ]

    async def _made(self, source: Python) -> Any:
        """The value that Python makes of the columns of one object."""
        inputs = tuple([await self._kept(c) for c in source.columns])
        given = {p.name: self._argument(p) for p in source.parameters}
        if source.with_context:
            given[CONTEXT] = self.ctx
        values = list(await source.function([inputs], **given))
        if len(values) != 1:
            name = source.function.__qualname__
            raise TypeError(f"{name} made {len(values)} values of 1.")
        return values[0]

    async def _kept(self, column: Any) -> Any:
        """A column's value, which has nothing to do with the type of this field."""
        query = sa.select(self._settled(clause(column)).label("value"))
        (row,) = await self._execute(query)
        return row.value

    def _coordinate(self) -> str:
        owner = self.field.origin.__strawberry_definition__.name
        return f"{owner}.{to_camel_case(self.field.python_name)}"


def _is_row(thing: Any) -> bool:
    return isinstance(thing, type) or (
        not isinstance(thing, (InstrumentedAttribute, sa.ColumnElement))
        and hasattr(selectable(thing), "c")
    )


def _type_of(cls: Any, name: str) -> Any:
    """The type of a field of a type, without its lists and nulls."""
    for field in cls.__strawberry_definition__.fields:
        if field.python_name == name:
            type_ = field.type
            while isinstance(type_, (StrawberryList, StrawberryOptional)):
                type_ = type_.of_type
            return type_
    raise TypeError(f"{cls.__name__} has no field {name}")
