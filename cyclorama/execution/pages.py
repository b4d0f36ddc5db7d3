"""Connections in SQL: edges, page info and the total of a keyset page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graphql import GraphQLNonNull, GraphQLObjectType, get_named_type

from cyclorama.execution.joined import reads_rows
from cyclorama.execution.levels import Grouped, Level, Use, origin_of, type_of
from cyclorama.resolvers.keyset import Keyset
from cyclorama.schema.adapt import own_row
from cyclorama.schema.read import Page

if TYPE_CHECKING:
    from cyclorama.execution.composer import Composer


def page(composer: Composer, source: Page, rows: Any, keys: Keyset, use: Use) -> str:
    """A connection object; rows are read only if something of them is asked."""
    return _Page(composer, source, rows, keys, use).text()


class _Page:
    def __init__(
        self, composer: Composer, source: Page, rows: Any, keys: Keyset, use: Use
    ) -> None:
        self.composer, self.source, self.rows = composer, source, rows
        self.keys, self.use = keys, use
        self.alias = composer.next_alias()
        self.inner = Level(use.level.env, self.alias, rows, proven=True)
        self.first, self.behind = composer.page_binds(keys, use)
        self.reads_rows = False
        self.reads_cursor = False

    @property
    def limit(self) -> str:
        first = self.first()
        return first if self.composer.sqlite else f"{first}::bigint"

    def text(self) -> str:
        type_ = get_named_type(self.use.field.type)
        assert isinstance(type_, GraphQLObjectType)
        members = self.composer.collect(type_, self.use.details)
        made = self._object(type_, members, self._member)
        return f"(SELECT {made} FROM {self._rows()})" if self.reads_rows else made

    def _object(
        self, type_: GraphQLObjectType, fields: Grouped, value: Callable[..., str]
    ) -> str:
        members = {}
        for key, details in fields.items():
            with self.composer.track.at(key, type_of(type_, details), details):
                members[key] = value(type_, details)
        return self.composer.json.object(members)

    def _member(self, type_: GraphQLObjectType, details: Any) -> str:
        name = details[0].node.name.value
        if name == "__typename":
            return self.composer.json.name(type_.name)
        member = get_named_type(type_.fields[name].type)
        if name == "totalCount":
            return self._total()
        assert isinstance(member, GraphQLObjectType)
        fields = self.composer.collect(member, details)
        return (
            self._edges(member, fields)
            if name == "edges"
            else self._info(member, fields)
        )

    def _total(self) -> str:
        alias = self.composer.next_alias()
        table = self.composer.table(self.rows, self.use)
        where = self.composer.condition(self.source.where, self.rows, self.use, alias)
        where = f" WHERE {where}" if where else ""
        count = self.composer.json.number("count(*)")
        return f"(SELECT {count} FROM {table} {alias}{where})"

    def _edges(self, type_: GraphQLObjectType, fields: Grouped) -> str:
        self.reads_rows = True
        with self.composer.track.at(None, GraphQLNonNull(type_), self.use.details):
            edge = self._object(type_, fields, self._edge)
        number = f"{self.alias}.cy_n"
        within = f"{number} <= {self.limit}"
        return self.composer.json.collected(edge, number, within)

    def _edge(self, type_: GraphQLObjectType, details: Any) -> str:
        name = details[0].node.name.value
        if name == "__typename":
            return self.composer.json.name(type_.name)
        if name == "cursor":
            self.reads_cursor = True
            return self.composer.json.text(f"{self.alias}.cy_cursor")
        node = get_named_type(type_.fields[name].type)
        assert isinstance(node, GraphQLObjectType)
        self.inner.own = own_row(origin_of(node), self.rows)
        fields = self.composer.collect(node, details)
        return self.composer.object(node, fields, self.inner)

    def _info(self, type_: GraphQLObjectType, fields: Grouped) -> str:
        return self._object(type_, fields, self._fact)

    def _fact(self, type_: GraphQLObjectType, details: Any) -> str:
        name = details[0].node.name.value
        if name == "__typename":
            return self.composer.json.name(type_.name)
        if name == "hasPreviousPage":
            return self.composer.constant(self.behind)
        self.reads_rows = True
        if name == "hasNextPage":
            return self.composer.json.flag(f"count(*) > {self.limit}")
        self.reads_cursor = True
        n, cursor = f"{self.alias}.cy_n", f"{self.alias}.cy_cursor"
        if name == "startCursor":
            first = f"max({cursor}) FILTER (WHERE {n} = 1)"
            return self.composer.json.text(first)
        padded = (
            f"printf('%010d', {n})"
            if self.composer.sqlite
            else (f"lpad({n}::text, 10, '0')")
        )
        last = f"max({padded} || {cursor}) FILTER (WHERE {n} <= {self.limit})"
        return self.composer.json.text(f"substr({last}, 11)")

    def _rows(self) -> str:
        composer, use, alias = self.composer, self.use, self.alias
        scope = use.scope(self.rows)
        compiler = composer.library.compiler
        table = composer.table(self.rows, use)
        conditions = [composer.condition(self.source.where, self.rows, use, alias)]
        if self.behind:
            after = composer.library.cached(
                use.key("after"), lambda: compiler.condition(self.keys.after(), scope)
            )
            text = composer.put(after, use.level, use.arguments, child=alias)
            conditions.append(f"({text})")
        order = composer.order(self.source.order_by, self.rows, use, alias)
        cursor = "NULL"
        if self.reads_cursor:
            made = self.keys.cursor(composer.library.dialect)
            template = composer.library.cached(
                use.key("cursor"), lambda: compiler.expression(made, scope)
            )
            cursor = composer.put(template, use.level, use.arguments, child=alias)
        where = " AND ".join(f"({c})" for c in conditions if c)
        where = f" WHERE {where}" if where else ""
        columns = "".join(f", {alias}.{c}" for c in sorted(self.inner.asked))
        # SQLite 3.40 knows no row of the record in an ORDER BY that has a LIMIT.
        last = "cy_n" if reads_rows(order) else order
        inner = (
            f"SELECT {cursor} AS cy_cursor, row_number() OVER (ORDER BY {order}) "
            f"AS cy_n{columns} FROM {table} {alias}{where} ORDER BY {last} "
            f"LIMIT {self.limit} + 1"
        )
        return f"({inner}) {alias}{self.inner.lookups}"
