"""Objects of expressions over the row at hand, which need no row of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from graphql import get_named_type
from sqlalchemy import Select

from cyclorama.execution.declarations import Declarations
from cyclorama.execution.levels import Use, origin_of
from cyclorama.schema.adapt import selectable
from cyclorama.schema.symbols import RECORD


def without_rows(target: Any, use: Use) -> Mapping[str, Any] | None:
    """What a select without rows of its own selects, by name, if it is all that an
    object of the field's type has."""
    own = None if use.level.own is None else selectable(use.level.own)
    if not isinstance(target, Select) or target._limit_clause is not None:
        return None
    where = target.whereclause
    froms = [*target.columns_clause_froms, *target._from_obj]
    froms += [] if where is None else where._from_objects
    if any(f is not RECORD and f is not own for f in froms):
        return None
    item = dict(target.selected_columns.items())
    cls = origin_of(get_named_type(use.field.type))
    fields = cls.__strawberry_definition__.fields
    return item if all(f.python_name in item for f in fields) else None


def named(library: Declarations, cls_row: Any, select: Any, use: Use) -> Any:
    """The row that a type reads where its rows come from a select: the type's own
    if the select's columns have its names, else what the select selects."""
    columns = select.selected_columns
    if cls_row is not None and set(columns.keys()) <= set(selectable(cls_row).c.keys()):
        return cls_row
    return library.cached(
        use.key("named"),
        lambda: sa.table(
            "cy_named", *(sa.column(k, c.type) for k, c in columns.items())
        ),
    )
