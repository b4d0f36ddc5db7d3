"""Lists in SQL: rows of a table or of a select as a JSON array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import GraphQLField, GraphQLObjectType, get_named_type
from sqlalchemy.sql.selectable import SelectBase, Subquery

from cyclorama.execution.declarations import row_of
from cyclorama.execution.levels import Level, NotPlanned, Use, item_type, origin_of
from cyclorama.execution.made import named
from cyclorama.schema.adapt import own_row, selectable
from cyclorama.schema.columns import hidden_keys, without
from cyclorama.schema.read import Many

if TYPE_CHECKING:
    from cyclorama.execution.composer import Composer


def many(composer: Composer, source: Many, use: Use) -> str:
    """The JSON array of rows; the objects are made outside of the ordered select."""
    rows = composer.evaluate(source.source, use)
    alias = composer.next_alias()
    level = use.level
    if isinstance(rows, SelectBase):
        shape = named(
            composer.library,
            row_of(origin_of(get_named_type(use.field.type))),
            rows,
            use,
        )
        inner = Level(level.env, alias, shape)
    else:
        own = own_row(origin_of(get_named_type(use.field.type)), rows)
        proven = not isinstance(selectable(rows), Subquery)
        inner = Level(level.env, alias, own, proven=proven)
    text = _element(composer, use, inner, rows)
    order, table, where = _rows_of(composer, source, rows, use, alias, inner)
    columns = [f"{alias}.{c}" for c in sorted(inner.asked)] or ["1"]
    joins, number = str(inner.lookups), None
    if joins and not composer.sqlite:  # a join may change the order
        columns.append(f"row_number() OVER (ORDER BY {order}) AS cy_n")
        number = f"{alias}.cy_n"
    ordered = (
        f"(SELECT {', '.join(columns)} FROM {table} {alias}{where} ORDER BY {order} "
        f"LIMIT {int(source.limit)}) {alias}{joins}"
    )
    return composer.json.rows(text, ordered, number)


def _rows_of(
    composer: Composer, source: Many, rows: Any, use: Use, alias: str, inner: Level
) -> tuple[str, str, str]:
    if isinstance(rows, SelectBase):
        names = rows.selected_columns.keys()
        if not all(isinstance(k, str) and k in names for k in source.order_by):
            raise TypeError(f"{use.coordinate}: order a select by column names")
        keys = without(
            source.order_by, hidden_keys(source.order_by, rows, use.level.env.hidden)
        )
        scope = use.scope()
        template = composer.library.cached(
            use.key("rows"), lambda: composer.library.compiler.rows(rows, scope)
        )
        table = composer.put(template, use.level, use.arguments)
        return ", ".join(f"{alias}.{k}" for k in keys), table, ""
    where = composer.condition(source.where, rows, use, alias)
    return (
        composer.order(source.order_by, rows, use, alias),
        composer.table(rows, use),
        f" WHERE {where}" if where else "",
    )


def _element(composer: Composer, use: Use, inner: Level, rows: Any) -> str:
    type_ = get_named_type(use.field.type)
    inside = item_type(use.field.type)
    if isinstance(type_, GraphQLObjectType):
        with composer.track.at(None, inside, use.details):
            return composer.nested(use, inner)
    if not isinstance(rows, SelectBase):
        raise NotPlanned(use.coordinate)
    (name,) = rows.selected_columns.keys()
    field_ = GraphQLField(inside)
    return composer.column(name, field_, inner)
