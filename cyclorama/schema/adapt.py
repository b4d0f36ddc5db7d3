"""Fitting a declaration into a place: its rows become stand-ins, its kind is settled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BindParameter, ColumnClause, Select
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import ClauseList
from sqlalchemy.sql.selectable import FromClause, SelectBase, Subquery

from cyclorama.schema.symbols import ByKind, RecordRow
from cyclorama.storage.types import Instant

Replace = Callable[[Any], Any]
_TYPES: Mapping[Any, Any] = {
    str: sa.String(),
    int: sa.BigInteger(),
    float: sa.Float(),
    date: sa.Date(),
    datetime: Instant(),
}


def selectable(row: Any) -> Any:
    """The FROM element of a mapped class, an alias of one, a subquery or a select."""
    if isinstance(row, SelectBase):
        return row
    found = sa.inspect(row)
    return getattr(found, "selectable", found)


def clause(thing: Any) -> Any:
    """The column expression behind a mapped attribute; anything else as it is."""
    make = getattr(thing, "__clause_element__", None)
    return thing if make is None else make()


def adapt(
    expression: Any, kind: str, replace: Replace, hide: Replace | None = None
) -> Any:
    """The expression with `ByKind` settled and each column and bind offered to
    `replace`, which returns what takes its place or None; `hide` is asked first, of
    everything."""

    def visit(element: Any, **_: Any) -> Any:
        if hide is not None and (hidden := hide(element)) is not None:
            return hidden
        if isinstance(element, ByKind):
            return adapt(clause(element.columns[kind]), kind, replace)
        if isinstance(element, BindParameter) and element.expanding:
            return _listed(element)
        offered = isinstance(element, (ColumnClause, BindParameter))
        return replace(element) if offered else None

    return visitors.replacement_traverse(clause(expression), {}, visit)


def _listed(bind: BindParameter[Any]) -> Any:
    """The values of an `IN`, each a bind of its own; none where there is no list yet."""
    values = bind.value
    if not isinstance(values, (list, tuple, set, frozenset)):
        return None
    literals = [sa.literal(value, bind.type) for value in values]
    if not literals:
        nothing = sa.select(sa.cast(sa.null(), bind.type))
        return nothing.limit(sa.literal_column("0")).scalar_subquery()
    return ClauseList(*literals).self_group(against=operators.in_op)


def stand_ins(rows: Mapping[Any, FromClause]) -> Replace:
    """Replaces columns of these rows by the columns of what stands for them."""

    def replace(column: Any) -> Any:
        if isinstance(column, BindParameter):
            return None
        place = rows.get(column.table) if column.table is not None else None
        return None if place is None else place.c[column.key]

    return replace


def correlate(expression: Any, outer: Iterable[FromClause]) -> list[Select[Any]]:
    """Lets every select of an adapted expression see the outer rows; returns them."""
    rows = tuple(outer)
    found = [e for e in visitors.iterate(expression) if isinstance(e, Select)]
    for select in found:
        select._propagate_attrs = {}
        select._auto_correlate = False
        select._correlate = (*select._correlate, *rows)
    return found


def record_rows(expression: Any) -> list[RecordRow]:
    """The rows of the record that an expression reads, each once."""
    tables = (getattr(e, "table", None) for e in visitors.iterate(expression))
    return list(dict.fromkeys(t for t in tables if isinstance(t, RecordRow)))


def bind_type(annotation: Any) -> Any:
    """The SQL type of an argument that is bound."""
    return _TYPES.get(annotation, sa.String())


def order_keys(keys: Sequence[Any], child: Any) -> list[Any]:
    """The keys of an order as expressions; a text names a column of the child."""
    columns = selectable(child).c
    return [columns[k] if isinstance(k, str) else k for k in keys]


def own_row(cls: Any, row: Any) -> Any:
    """The row that a type's declarations speak of, where it is read from this row: the
    type's own if the row is one of the same table, else the row itself."""
    declared = getattr(cls, "__cyclorama_row__", None)
    if declared is None or _table(declared) is not _table(row):
        return row
    return declared


def _table(row: Any) -> Any:
    found = selectable(row)
    while not isinstance(found, (sa.Table, Subquery)) and hasattr(found, "element"):
        found = found.element
    return found
