"""Composing a selection into SQL whose value is the selection's JSON."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import partial
from typing import Any, cast

import orjson
from graphql import (
    GraphQLField,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)
from graphql.execution.values import get_argument_values
from sqlalchemy import ClauseElement
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import SelectBase, Subquery
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from cyclorama.execution.binds import Argument, Binds, Getter, Given, Run, as_bound
from cyclorama.execution.declarations import (
    NO_SHAPE,
    Declarations,
    Shape,
    is_row,
    row_of,
)
from cyclorama.execution.holes import Track
from cyclorama.execution.joined import Joined
from cyclorama.execution.leaves import Leaf
from cyclorama.execution.left_open import hole, made
from cyclorama.execution.levels import (
    DEFINITION,
    Collect,
    Details,
    Grouped,
    Level,
    Lookups,
    NotPlanned,
    Use,
    item_type,
    origin_of,
    type_of,
    variables_of,
)
from cyclorama.execution.lists import many
from cyclorama.execution.made import named, without_rows
from cyclorama.execution.pages import page
from cyclorama.execution.templates import Scope, Template
from cyclorama.execution.writing import writer
from cyclorama.resolvers.gates import OfRecord
from cyclorama.resolvers.keyset import AFTER, Keyset, ordered, page_size
from cyclorama.resolvers.loaded import KINDS
from cyclorama.schema.adapt import clause, order_keys, own_row, selectable
from cyclorama.schema.columns import hidden_keys, shown, without
from cyclorama.schema.read import (
    Call,
    Declared,
    Each,
    Here,
    Known,
    Many,
    One,
    Page,
    Python,
    Source,
    Value,
    arguments_of,
)
from cyclorama.schema.symbols import RECORD


class Composer:
    """Makes the columns of one statement."""

    def __init__(
        self,
        library: Declarations,
        binds: Binds,
        collect: Collect,
        variables: Any,
        tripwire: str,
        shaping: set[str],
        asked: Callable[[str], Sequence[str]],
        depth: int,
        nesting: int,
    ) -> None:
        self.library = library
        self.binds = binds
        self.collect = collect
        self.variables = variables
        self.tripwire = tripwire
        self.shaping = shaping
        """Names of the variables whose values, not their presence alone, decide."""
        self.asked = asked
        """What layouts ask of the records of a kind."""
        self.depth = depth
        self.nesting = nesting
        """Objects in objects at most; a record that is deeper is left to a wave."""
        self._inside = 0
        self.track = Track()
        self.sqlite = library.dialect == "sqlite"
        self.json = writer(library.dialect, binds)
        self.joined = Joined(library, binds)
        self.lookups = Lookups()
        """What is joined to the record."""
        self._names = itertools.count(1)
        self._uses = itertools.count(1)

    # -- objects

    def object(self, type_: GraphQLObjectType, fields: Grouped, level: Level) -> str:
        """A JSON object of these fields, or a hole in its place."""
        is_record = type_.name in KINDS
        if is_record and any(self._is_own(type_, d) for d in fields.values()):
            return hole(self, type_, fields, level)
        if self._inside == self.nesting:
            if not is_record:
                raise NotPlanned("the statement is nested too deeply")
            return hole(self, type_, fields, level)
        self._inside += 1
        try:
            members = {k: self.member(type_, k, d, level) for k, d in fields.items()}
        finally:
            self._inside -= 1
        return self.json.object(members)

    def _is_own(self, type_: GraphQLObjectType, details: Details) -> bool:
        """Whether a record's field depends on its layout."""
        field_ = type_.fields.get(details[0].node.name.value)
        return field_ is not None and isinstance(
            field_.extensions.get(DEFINITION), OfRecord
        )

    def member(
        self, type_: GraphQLObjectType, key: str, details: Details, level: Level
    ) -> str:
        """The value of an object's field."""
        with self.track.at(key, type_of(type_, details), details):
            return self.field(type_, details, level)

    def field(self, type_: GraphQLObjectType, details: Details, level: Level) -> str:
        """The JSON value of one field."""
        name = details[0].node.name.value
        if name == "__typename":
            return self.json.name(type_.name)
        field_ = type_.fields[name]
        definition = field_.extensions.get(DEFINITION)
        if not isinstance(definition, StrawberryField):
            raise NotPlanned(name)
        coordinate = f"{type_.name}.{name}"
        if level.item is not None and definition.python_name in level.item:
            thing = level.item[definition.python_name]
            return self._thing(thing, coordinate, field_, details, level)
        if isinstance(definition, Declared):
            return self._source(
                definition.source, coordinate, field_, details, level, kept=True
            )
        if definition.base_resolver is not None or level.own is None:
            raise NotPlanned(coordinate)
        return self.column(definition.python_name, field_, level)

    def _thing(
        self,
        thing: Any,
        coordinate: str,
        field_: GraphQLField,
        details: Details,
        level: Level,
    ) -> str:
        source: Source
        if isinstance(thing, Declared):
            source = thing.source
        elif isinstance(thing, (ClauseElement, InstrumentedAttribute)):
            source = Value(thing)
        elif is_leaf_type(get_named_type(field_.type)) or thing is None:
            return self.constant(thing)
        elif isinstance(thing, Mapping):
            source = Known(lambda: thing)
        else:
            source = Each(lambda: thing)
        outer = level.same_row()
        return self._source(source, coordinate, field_, details, outer, kept=False)

    def constant(self, value: Any) -> str:
        """A value that is known when planning, as JSON."""
        return self.json.known(orjson.dumps(value, default=_wire).decode())

    def column(self, name: str, field_: GraphQLField, level: Level) -> str:
        columns = selectable(level.own).c
        if name not in columns:
            raise NotPlanned(name)
        column = columns[name]
        proven = level.proven and not getattr(column, "nullable", True)
        leaf = Leaf.of(field_.type, self.tripwire, proven=proven)
        key = ("column", level.own, name, leaf)
        scope = Scope(level.env.kind, own=level.own)
        template = self.library.cached(
            key, lambda: self.library.leaf(column, scope, leaf)
        )
        return self.put(template, level)

    # -- sources

    def _source(
        self,
        source: Source,
        coordinate: str,
        field_: GraphQLField,
        details: Details,
        level: Level,
        *,
        kept: bool,
    ) -> str:
        use = self._use(source, coordinate, field_, details, level, kept)
        match source:
            case Value():
                return self._value(source, use)
            case One():
                return self._one(source, use)
            case Many():
                return many(self, source, use)
            case Page():
                return self._page(source, use)
            case Here():
                return self.nested(use, level.same_row(where=()))
            case Each():
                return self._each(source, use)
            case Known():
                return self._known(source, use)
            case Python():
                return made(self, source, use)
        raise NotPlanned(coordinate)

    def _use(
        self,
        source: Source,
        coordinate: str,
        field_: GraphQLField,
        details: Details,
        level: Level,
        kept: bool,
    ) -> Use:
        parameters = [p for p in arguments_of(source) if p.mode != "python"]
        parts = [getattr(source, n, None) for n in ("expression", "target", "where")]
        parts += [getattr(source, n, None) for n in ("source", "function")]
        kept = kept and not any(getattr(p, "given", ()) for p in parts)
        if not parameters:
            return Use(coordinate, field_, details, level, NO_SHAPE, {}, kept)
        first = details[0]
        given = get_argument_values(
            field_, first.node, self.variables, first.fragment_variable_values
        )
        number = next(self._uses)
        values, bound, arguments = {}, set(), {}
        for p in parameters:
            name = to_camel_case(p.name)
            value = given.get(name)
            if p.mode == "value":
                self.shaping |= variables_of(first.node, name)
                is_enum = isinstance(p.type, type) and issubclass(p.type, Enum)
                as_is = value is None or not is_enum or isinstance(value, p.type)
                values[p.name] = value if as_is else p.type(value)
            elif value is not None:
                bound.add(p.name)
                getter: Getter = Argument(field_, first, name)
                if not variables_of(first.node, name):
                    getter = Given(as_bound(value))
                arguments[f"arg_{p.name}"] = (number, getter)
        shape = Shape(values, frozenset(bound))
        return Use(coordinate, field_, details, level, shape, arguments, kept)

    def evaluate(self, thing: Any, use: Use) -> Any:
        """What a declaration's part is; its function is called once for each shape."""
        if not isinstance(thing, Call):
            return thing
        env = use.level.env
        return self.library.cached(
            (use.key("called"), thing.function),
            lambda: self.library.evaluate(thing, use.shape, env, env.kind),
        )

    def _value(self, source: Value, use: Use) -> str:
        scope = use.scope()
        leaf = Leaf.of(use.field.type, self.tripwire)

        def make() -> Any:
            expression = self.evaluate(source.expression, use)
            if not isinstance(expression, (ClauseElement, InstrumentedAttribute)):
                return (expression,)
            return self.library.leaf(clause(expression), scope, leaf)

        made = self.library.cached(use.key("value"), make)
        if isinstance(made, tuple):
            return self.constant(made[0])
        return self.put(made, use.level, use.arguments)

    def _one(self, source: One, use: Use) -> str:
        target = self.evaluate(source.target, use)
        level, scope = use.level, use.scope()
        alias = f"t{next(self._names)}"
        cls_row = row_of(origin_of(get_named_type(use.field.type)))
        if isinstance(target, SelectBase):
            item = without_rows(target, use)
            if item is not None:
                return self._made(target, item, use)
            inner = Level(level.env, alias, named(self.library, cls_row, target, use))
            text = self.nested(use, inner)
            rows = self.library.cached(
                use.key("rows"), lambda: self.library.compiler.rows(target, scope)
            )
            found = self.put(rows, level, use.arguments)
            body = f"(SELECT {text} FROM {found} {alias}{inner.lookups})"
            return self._required(body, use)
        if is_row(target):
            own = own_row(origin_of(get_named_type(use.field.type)), target)
            inner = Level(level.env, alias, own, proven=True)
            text = self.nested(use, inner)
            where = self.condition(source.where, target, use, alias)
            table = self.table(target, use)
            found = f"{table} {alias}{inner.lookups}"
            body = f"(SELECT {text} FROM {found} WHERE {where} LIMIT 1)"
            return self._required(body, use)
        key = self.library.cached(
            use.key("key"), lambda: self.library.compiler.expression(target, scope)
        )
        table = self.table(cls_row, use)
        left = self.put(key, level, use.arguments)
        column = clause(target)
        proven = level.proven and getattr(column, "nullable", True) is False
        proven = proven and bool(getattr(column, "foreign_keys", ()))
        lookups = self._lookups(column, level)
        if lookups is None:
            inner = Level(level.env, alias, cls_row, proven=True)
            text = self.nested(use, inner)
            found = f"{table} {alias}{inner.lookups}"
            body = f"(SELECT {text} FROM {found} WHERE {alias}.id = {left})"
            return body if proven else self._required(body, use)
        alias = lookups.alias(table, left, self.next_alias)
        text = self.nested(
            use, Level(level.env, alias, cls_row, proven=True, lookups=lookups)
        )
        if proven:
            return text
        return self._required(f"CASE WHEN {alias}.id IS NOT NULL THEN {text} END", use)

    def _made(self, target: Any, item: Mapping[str, Any], use: Use) -> str:
        """An object of expressions, where the select's condition is met."""
        level = use.level
        where = (*level.where, use.coordinate, use.shape.key)
        text = self.nested(use, level.same_row(item=item, where=where))
        if target.whereclause is None:
            return text
        scope = Scope(level.env.kind, own=level.own)
        template = self.library.cached(
            use.key("made"),
            lambda: self.library.compiler.condition(target.whereclause, scope),
        )
        condition = self.put(template, level, use.arguments)
        return self._required(f"CASE WHEN {condition} THEN {text} END", use)

    def _lookups(self, column: Any, level: Level) -> Lookups | None:
        """Where the row that a column names is joined; None where it can't be."""
        table = getattr(column, "table", None)
        if table is None:
            return None
        if table is RECORD or level.alias in (None, "r0"):
            return self.lookups
        return level.lookups

    def _required(self, text: str, use: Use) -> str:
        """A value that may be missing where the graph says that it is not."""
        if not isinstance(use.field.type, GraphQLNonNull):
            return text if self.sqlite else self.json.or_null(text)
        return self.json.or_wire(text, self.tripwire)

    def nested(self, use: Use, level: Level) -> str:
        """The object of a field's type over another level."""
        type_ = get_named_type(use.field.type)
        if not isinstance(type_, GraphQLObjectType):
            raise NotPlanned(use.coordinate)
        return self.object(type_, self.collect(type_, use.details), level)

    def _each(self, source: Each, use: Use) -> str:
        items = self._items(source, use)
        texts = []
        for index, item in enumerate(items):
            with self.track.at(index, item_type(use.field.type), use.details):
                texts.append(self._item(item, use, index))
        return self.json.array(texts)

    def _items(self, source: Each | Known, use: Use) -> Any:
        function = source.function
        items = function() if callable(function) else self.evaluate(function, use)
        return shown(items, use.level.env.masked)

    def _known(self, source: Known, use: Use) -> str:
        item = self._items(source, use)
        return self.constant(None) if item is None else self._item(item, use, 0)

    def _item(self, item: Mapping[str, Any], use: Use, index: int) -> str:
        outer = use.level
        where = (*outer.where, use.coordinate, use.shape.key, index)
        return self.nested(use, outer.same_row(item=item, where=where))

    # -- rows

    def table(self, row: Any, use: Use) -> str:
        found = selectable(row)
        if isinstance(found, Subquery):
            scope = use.scope()
            select: Any = found.element
            template = self.library.cached(
                use.key("table"), lambda: self.library.compiler.rows(select, scope)
            )
            return self.put(template, use.level, use.arguments)
        while hasattr(found, "element"):
            found = found.element
        return f'"{found.name}"'

    def condition(self, where: Any, child: Any, use: Use, alias: str) -> str:
        condition = self.evaluate(where, use)
        if condition is None:
            return ""
        scope = use.scope(child)
        template = self.library.cached(
            use.key("where"),
            lambda: self.library.compiler.condition(condition, scope),
        )
        return self.put(template, use.level, use.arguments, child=alias)

    def order(self, keys: Sequence[Any], child: Any, use: Use, alias: str) -> str:
        scope = use.scope(child)
        keys = without(keys, hidden_keys(keys, child, use.level.env.hidden))
        template = self.library.cached(
            use.key("order"),
            lambda: self.library.compiler.order(order_keys(keys, child), scope),
        )
        return self.put(template, use.level, use.arguments, child=alias)

    def put(
        self,
        template: Template,
        level: Level,
        arguments: Mapping[str, tuple[Any, Getter]] | None = None,
        child: str | None = None,
    ) -> str:
        level.asked |= template.own
        rows = {"r": "r0", "o": level.alias or "r0", "c": child or ""}
        for name, row in template.joined.items():
            rows[name[1:]] = self.joined.alias(row, level.env)
        return self.binds.put(template, rows, arguments or {})

    # -- pages

    def _page(self, source: Page, use: Use) -> str:
        rows, chosen = (self.evaluate(x, use) for x in (source.source, source.order_by))
        source, coordinate = ordered(source, chosen, use.coordinate)
        left_out = hidden_keys(source.order_by, rows, use.level.env.hidden)
        order = order_keys(source.order_by, rows)
        return page(self, source, rows, Keyset.of(coordinate, order, left_out), use)

    def page_binds(self, keys: Keyset, use: Use) -> tuple[Callable[[], str], bool]:
        """Places `first` where it is used, and whether the page starts at a cursor."""
        number, first = use.arguments["arg_first"]
        size = self._checked(first, page_size)
        arguments = cast("dict[str, Any]", use.arguments)
        if "arg_after" in arguments:
            _, after = arguments["arg_after"]
            for index in range(len(keys.keys)):
                key = self._checked(after, partial(keys.key_at, index))
                arguments[f"{AFTER}{index}"] = (number, key)
        place = self.binds.place
        return lambda: place((number, "first"), size), "arg_after" in arguments

    def _checked(self, getter: Getter, convert: Callable[[Any], Any]) -> Getter:
        """The converted value of an argument, which is read in each run, used or not."""
        if isinstance(getter, Given):
            return Given(convert(getter.value))

        def read(run: Run) -> Any:
            return convert(getter(run))

        self.binds.checks.append(read)
        return read

    def next_alias(self) -> str:
        """An alias that no other row of the statement has."""
        return f"t{next(self._names)}"


def _wire(value: Any) -> Any:
    return value.name if isinstance(value, Enum) else str(value)
