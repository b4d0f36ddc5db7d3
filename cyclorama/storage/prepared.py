"""Core statements that are compiled once and run on the driver itself."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Dialect, Select, UpdateBase
from sqlalchemy.dialects.postgresql import ARRAY

from cyclorama.storage.types import Instant, json

Convert = Callable[[Any], Any]
_AS_THEY_ARE = (sa.Float, sa.Numeric, Instant)
"""Types of which the driver of PostgreSQL gives the values."""
Statement = Select[Any] | UpdateBase
"""One that stays: its values are parameters, the same number of them each time."""


class Prepared:
    """A statement's text for a dialect, with how its parameters and values are converted.

    What keeps its text, whatever its values, has `among` in the place of `IN`. An
    insertion without values has a parameter for each column; what is not given of it is
    null."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self._compiled = compiled
        self.sql: str = compiled.string
        self._constants: Mapping[str, Any] = compiled.params
        processors = self._processors = compiled._bind_processors
        self._binds = [(n, processors.get(n)) for n in compiled.positiontup or ()]
        columns: Any = (
            statement.selected_columns
            if isinstance(statement, Select)
            else statement.exported_columns
        )
        self._row: Any = namedtuple("Row", columns.keys(), rename=True)  # type: ignore[misc]
        self._results = [
            (index, convert)
            for index, column in enumerate(columns)
            if (convert := _from_driver(column.type, dialect)) is not None
        ]

    def parameters(self, values: Mapping[str, Any]) -> list[Any]:
        """The parameters in the order of the driver."""
        found = []
        for name, convert in self._binds:
            value = values[name] if name in values else self._constants[name]
            found.append(value if convert is None else convert(value))
        return found

    def expanded(self, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The text for these values, whose lists in `IN` are part of it, and its
        parameters."""
        if not self._compiled.post_compile_params:
            return self.sql, self.parameters(values)
        state = self._compiled.construct_expanded_state(dict(values))
        found = []
        for name in state.positiontup:
            convert = state.processors.get(name) or self._processors.get(name)
            value = state.parameters[name]
            found.append(value if convert is None else convert(value))
        return state.statement, found

    def rows(self, fetched: Sequence[Sequence[Any]]) -> list[Any]:
        """The driver's rows as named tuples of Python values."""
        make = self._row._make
        if not self._results:
            return [make(row) for row in fetched]
        found = []
        for row in fetched:
            cells = list(row)
            for index, convert in self._results:
                cells[index] = convert(cells[index])
            found.append(make(cells))
        return found


def _from_driver(type_: Any, dialect: Dialect) -> Convert | None:
    if dialect.name == "postgresql" and isinstance(type_, _AS_THEY_ARE):
        return None
    convert: Convert | None = type_.dialect_impl(dialect).result_processor(
        dialect, None
    )
    return convert


def listed(name: str, dialect: str) -> Any:
    """A select of the texts of a JSON array that arrives as the parameter `name`."""
    if dialect == "sqlite":
        each = sa.func.json_each(sa.bindparam(name, type_=sa.String()))
        return sa.select(each.table_valued("value").c.value)
    array = sa.cast(sa.bindparam(name, type_=sa.String()), json())
    each = sa.func.jsonb_array_elements_text(array)
    return sa.select(each.column_valued("v"))


def among(column: Any, name: str, dialect: str) -> Any:
    """Whether a column is one of the texts that arrive as the parameter `name`, made by
    `as_listed`; by the column's index, however many rows there are."""
    if dialect == "sqlite":
        return column.in_(listed(name, dialect))
    return column == sa.any_(sa.bindparam(name, type_=ARRAY(sa.String())))


def as_listed(texts: Sequence[str], dialect: str) -> Any:
    """Texts as the parameter of `among`."""
    return orjson.dumps(texts).decode() if dialect == "sqlite" else list(texts)
