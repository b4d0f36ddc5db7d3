"""One other row in SQL: by its key, by a condition, or an object of expressions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from graphql import GraphQLNonNull, get_named_type
from sqlalchemy.sql.selectable import SelectBase

from cyclorama.execution.declarations import is_row, row_of
from cyclorama.execution.levels import Level, Lookups, Use, origin_of
from cyclorama.execution.made import named, without_rows
from cyclorama.execution.templates import Scope
from cyclorama.schema.adapt import clause, own_row
from cyclorama.schema.read import One
from cyclorama.schema.symbols import RECORD

if TYPE_CHECKING:
    from cyclorama.execution.composer import Composer


def one(composer: Composer, source: One, use: Use) -> str:
    """The JSON object of the row."""
    target = composer.evaluate(source.target, use)
    if isinstance(target, SelectBase):
        return _selected(composer, target, use)
    if is_row(target):
        return _found(composer, source, target, use)
    return _by_key(composer, target, use)


def _selected(composer: Composer, target: Any, use: Use) -> str:
    item = without_rows(target, use)
    if item is not None:
        return _made(composer, target, item, use)
    level, scope, alias = use.level, use.scope(), composer.next_alias()
    cls_row = row_of(origin_of(get_named_type(use.field.type)))
    inner = Level(level.env, alias, named(composer.library, cls_row, target, use))
    text = composer.nested(use, inner)
    rows = composer.library.cached(
        use.key("rows"), lambda: composer.library.compiler.rows(target, scope)
    )
    found = composer.put(rows, level, use.arguments)
    body = f"(SELECT {text} FROM {found} {alias}{inner.lookups})"
    return _or_missing(composer, body, use)


def _found(composer: Composer, source: One, target: Any, use: Use) -> str:
    alias = composer.next_alias()
    own = own_row(origin_of(get_named_type(use.field.type)), target)
    inner = Level(use.level.env, alias, own, proven=True)
    text = composer.nested(use, inner)
    where = composer.condition(source.where, target, use, alias)
    found = f"{composer.table(target, use)} {alias}{inner.lookups}"
    body = f"(SELECT {text} FROM {found} WHERE {where} LIMIT 1)"
    return _or_missing(composer, body, use)


def _by_key(composer: Composer, target: Any, use: Use) -> str:
    level, scope = use.level, use.scope()
    cls_row = row_of(origin_of(get_named_type(use.field.type)))
    key = composer.library.cached(
        use.key("key"), lambda: composer.library.compiler.expression(target, scope)
    )
    table = composer.table(cls_row, use)
    left = composer.put(key, level, use.arguments)
    column = clause(target)
    proven = level.proven and getattr(column, "nullable", True) is False
    proven = proven and bool(getattr(column, "foreign_keys", ()))
    lookups = _lookups(composer, column, level)
    if lookups is None:
        alias = composer.next_alias()
        inner = Level(level.env, alias, cls_row, proven=True)
        text = composer.nested(use, inner)
        found = f"{table} {alias}{inner.lookups}"
        body = f"(SELECT {text} FROM {found} WHERE {alias}.id = {left})"
        return body if proven else _or_missing(composer, body, use)
    alias = lookups.alias(table, left, composer.next_alias)
    text = composer.nested(
        use, Level(level.env, alias, cls_row, proven=True, lookups=lookups)
    )
    return text if proven else _where(composer, f"{alias}.id IS NOT NULL", text, use)


def _made(composer: Composer, target: Any, item: Mapping[str, Any], use: Use) -> str:
    """An object of expressions, where the select's condition is met."""
    level = use.level
    where = (*level.where, use.coordinate, use.shape.key)
    text = composer.nested(use, level.same_row(item=item, where=where))
    if target.whereclause is None:
        return text
    scope = Scope(level.env.kind, own=level.own)
    template = composer.library.cached(
        use.key("made"),
        lambda: composer.library.compiler.condition(target.whereclause, scope),
    )
    return _where(composer, composer.put(template, level, use.arguments), text, use)


def _lookups(composer: Composer, column: Any, level: Level) -> Lookups | None:
    """Where the row that a column names is joined; None where it can't be."""
    table = getattr(column, "table", None)
    if table is None:
        return None
    if table is RECORD or level.alias in (None, "r0"):
        return composer.lookups
    return level.lookups


def _where(composer: Composer, condition: str, text: str, use: Use) -> str:
    """An object that is missing where a condition is not met."""
    is_required = isinstance(use.field.type, GraphQLNonNull)
    wire = composer.tripwire if is_required else None
    return composer.json.either(condition, text, wire)


def _or_missing(composer: Composer, text: str, use: Use) -> str:
    """An object of which there may be no row."""
    if isinstance(use.field.type, GraphQLNonNull):
        return composer.json.or_wire(text, composer.tripwire)
    return text if composer.sqlite else composer.json.or_null(text)
