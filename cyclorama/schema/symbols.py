"""Symbols of declarations: the record of the page, the instant, the viewer."""

from __future__ import annotations

import itertools
from datetime import date, datetime
from types import MappingProxyType, SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select
from sqlalchemy.sql.elements import BindParameter, quoted_name
from sqlalchemy.types import Date, String

from cyclorama.storage.rows import KEY, CompanyRow, RecordColumns, RelationshipRow
from cyclorama.storage.types import Instant

COMPANY, RELATIONSHIP = "COMPANY", "RELATIONSHIP"
ROWS = MappingProxyType({COMPANY: CompanyRow, RELATIONSHIP: RelationshipRow})
"""The tables of the kinds of record."""
TYPE_NAMES = MappingProxyType({COMPANY: "Company", RELATIONSHIP: "Relationship"})
"""Their types in the graph."""

RECORD_NAME = "\x01@r\x01"
SYMBOLS = ("cy_now", "cy_today", "cy_viewer", "cy_zone")

now: BindParameter[datetime] = sa.bindparam("cy_now", type_=Instant())
"""The instant of the request."""
today: BindParameter[date] = sa.bindparam("cy_today", type_=Date())
"""The calendar day of the request in the organisation's zone."""
viewer_id: BindParameter[str] = sa.bindparam("cy_viewer", type_=KEY)
"""The id of who asks."""
zone: BindParameter[str] = sa.bindparam("cy_zone", type_=KEY)
"""The name of the organisation's time zone."""


class ByKind(ColumnElement[Any]):
    """A column that depends on the kind of the record; never a boolean, so that what
    compares it stays a comparison that an index serves."""

    __visit_name__ = "by_kind"
    _traverse_internals: list[Any] = []
    inherit_cache = False

    def __init__(self, **columns: Any) -> None:
        self.columns = columns
        self.type = KEY

    @property
    def _from_objects(self) -> list[Any]:
        return []

    def self_group(self, against: Any = None) -> ByKind:
        return self


_TABLES = [row.__table__ for row in ROWS.values()]
_ALL = {c.key: c.type for table in _TABLES for c in table.c}
_SHARED = [name for name in _ALL if all(name in table.c for table in _TABLES)]

RECORD = sa.table(
    quoted_name(RECORD_NAME, quote=False), *(sa.column(n, t) for n, t in _ALL.items())
)
"""Stands for the record's row until a statement is composed; has the columns of every
kind."""


class RecordRow(sa.TableClause):
    """Stands for a row that belongs to the record until a statement is composed."""

    inherit_cache = False

    def __init__(self, select: Select[Any]) -> None:
        columns = (sa.column(k, c.type) for k, c in select.selected_columns.items())
        name = quoted_name(f"\x01@s{next(_numbers)}\x01", quote=False)
        super().__init__(name, *columns)
        self.made_of = select.limit(sa.literal_column("1"))


_numbers = itertools.count(1)


class _Record:
    """The record of the page, whatever its kind."""

    c = SimpleNamespace(**{name: RECORD.c[name] for name in _SHARED})
    """The columns that every kind has."""
    id = RECORD.c.id

    @staticmethod
    def owns(row: Any) -> ColumnElement[bool]:
        """Rows of the company and of its relationships, or of the relationship."""
        company = getattr(row, "company_id", None)
        relationship = getattr(row, "relationship_id", None)
        return ByKind(COMPANY=company, RELATIONSHIP=relationship) == RECORD.c.id

    @staticmethod
    def is_subject_of(row: Any) -> ColumnElement[bool]:
        """Rows of this record alone: not those of a company's relationships."""
        nothing = sa.literal(None, String)
        other = ByKind(COMPANY=row.relationship_id, RELATIONSHIP=nothing)
        return sa.and_(_Record.owns(row), other.is_(None))

    @staticmethod
    def row(select: Any) -> RecordRow:
        """A row that is read once for the record, however many fields of whatever
        section use its columns `c`; they are null where there is none."""
        return RecordRow(select)

    @staticmethod
    def by_kind(*, company: Any, relationship: Any) -> Any:
        """One expression on companies, another on relationships."""
        return ByKind(COMPANY=company, RELATIONSHIP=relationship)


record = _Record()

__all__ = [
    "COMPANY",
    "RECORD",
    "RELATIONSHIP",
    "ROWS",
    "ByKind",
    "RecordColumns",
    "RecordRow",
    "now",
    "record",
    "today",
    "viewer_id",
    "zone",
]
