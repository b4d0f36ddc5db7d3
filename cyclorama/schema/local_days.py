"""Calendar days where the organisation is, of instants in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Date


class day_of(FunctionElement[Any]):
    """The calendar day of an instant in a time zone, as `day_of(at, zone)`."""

    name = "day_of"
    type = Date()
    inherit_cache = True


@compiles(day_of, "sqlite")
def _sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    at, zone = (compiler.process(c, **kw) for c in element.clauses)
    return f"cy_day({at}, {zone})"


@compiles(day_of, "postgresql")
def _postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    at, zone = (compiler.process(c, **kw) for c in element.clauses)
    return f"({at} AT TIME ZONE {zone}::text)::date"
