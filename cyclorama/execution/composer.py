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
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)
from graphql.execution.values import get_argument_values
from sqlalchemy import ClauseElement
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.selectable import Subquery
from strawberry.types.field import StrawberryField
from strawberry.utils.str_converters import to_camel_case

from cyclorama.execution.binds import Argument, Binds, Getter, Given, Run, as_bound
from cyclorama.execution.declarations import (
    NO_SHAPE,
    Declarations,
    Shape,
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
    type_of,
    variables_of,
)
from cyclorama.execution.lists import many
from cyclorama.execution.ones import one
from cyclorama.execution.pages import page
from cyclorama.execution.templates import Scope, Template
from cyclorama.execution.writing import writer
from cyclorama.resolvers.gates import OfRecord
from cyclorama.resolvers.keyset import AFTER, Keyset, ordered, page_size
from cyclorama.resolvers.loaded import KINDS
from cyclorama.schema.adapt import clause, order_keys, selectable
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
    Parameter,
    Python,
    Source,
    Value,
    arguments_of,
    parts_of,
)


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
        template = self.library.cached(
            key,
            lambda: self.library.leaf(
                column, Scope(level.env.kind, own=level.own), leaf
            ),
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
                return one(self, source, use)
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
        calls = [p for p in parts_of(source) if isinstance(p, Call)]
        kept = kept and not any(c.given for c in calls)
        parameters: Sequence[Parameter] = ()
        if calls or isinstance(source, Page):
            parameters = arguments_of(source)
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
        def make() -> Any:
            expression = self.evaluate(source.expression, use)
            if not isinstance(expression, (ClauseElement, InstrumentedAttribute)):
                return (expression,)
            leaf = Leaf.of(use.field.type, self.tripwire)
            return self.library.leaf(clause(expression), use.scope(), leaf)

        made = self.library.cached(use.key("value"), make)
        if isinstance(made, tuple):
            return self.constant(made[0])
        return self.put(made, use.level, use.arguments)

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
            select: Any = found.element
            template = self.library.cached(
                use.key("table"),
                lambda: self.library.compiler.rows(select, use.scope()),
            )
            return self.put(template, use.level, use.arguments)
        while hasattr(found, "element"):
            found = found.element
        return f'"{found.name}"'

    def condition(self, where: Any, child: Any, use: Use, alias: str) -> str:
        condition = self.evaluate(where, use)
        if condition is None:
            return ""
        template = self.library.cached(
            use.key("where"),
            lambda: self.library.compiler.condition(condition, use.scope(child)),
        )
        return self.put(template, use.level, use.arguments, child=alias)

    def order(self, keys: Sequence[Any], child: Any, use: Use, alias: str) -> str:
        def make() -> Template:
            hidden = hidden_keys(keys, child, use.level.env.hidden)
            left = order_keys(without(keys, hidden), child)
            return self.library.compiler.order(left, use.scope(child))

        template = self.library.cached(use.key("order"), make)
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
