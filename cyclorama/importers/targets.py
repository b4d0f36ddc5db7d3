"""The tables that importers fill, and what their columns hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa

from cyclorama.plugins.section import After, Check, Complete, Happened, Section
from cyclorama.storage.rows import (
    CompanyPersonRow,
    CompanyRow,
    PersonRow,
    PicklistItemRow,
    RelationshipPersonRow,
    RelationshipRow,
    RelationshipTypeRow,
    Row,
    UserRow,
)
from cyclorama.storage.types import Instant

_CORE: Final = (
    ("company", CompanyRow),
    ("relationship", RelationshipRow),
    ("person", PersonRow),
    ("company_person", CompanyPersonRow),
    ("relationship_person", RelationshipPersonRow),
    ("user", UserRow),
)
VOCABULARIES: Final = frozenset(
    {PicklistItemRow.__tablename__, RelationshipTypeRow.__tablename__}
)
_OURS: Final = frozenset({"id", "search_key", "version"})
"""Columns that no importer sets."""
_LARGEST: Final = {sa.BigInteger: 2**63 - 1, sa.Integer: 2**31 - 1}


class Refusal(Exception):
    """A row can't be written; the message says why."""


@dataclass(frozen=True)
class Target:
    """A table that importers fill."""

    name: str
    table: sa.Table
    id_kind: str
    check: Check | None = None
    derived: frozenset[str] = frozenset()
    complete: Complete | None = None
    after: After | None = None
    events: Happened | None = None

    @cached_property
    def columns(self) -> Mapping[str, sa.Column[Any]]:
        """The columns that an importer may set, by name."""
        ours = _OURS | self.derived
        return {c.name: c for c in self.table.columns if c.name not in ours}

    @cached_property
    def lookups(self) -> Mapping[str, sa.Table]:
        """Columns that point to records, with the table they point to."""
        found = {n: _pointed(c) for n, c in self.columns.items()}
        return {
            n: t
            for n, t in found.items()
            if t is not None and t.name not in VOCABULARIES
        }

    @cached_property
    def vocabularies(self) -> Mapping[str, str]:
        """Columns that point to a vocabulary, with its name: `company.status`; that of
        relationship types is `relationship_type`."""
        found = {n: _pointed(c) for n, c in self.columns.items()}
        types = RelationshipTypeRow.__tablename__
        return {
            n: types if t.name == types else f"{self.name}.{n.removesuffix('_id')}"
            for n, t in found.items()
            if t is not None and t.name in VOCABULARIES
        }

    @cached_property
    def own(self) -> frozenset[str]:
        """Columns that point to the table itself, as a parent does."""
        return frozenset(n for n, t in self.lookups.items() if t is self.table)

    @cached_property
    def natural_keys(self) -> tuple[tuple[str, ...], ...]:
        """Groups of columns that identify a row beside its id."""
        return tuple(
            sorted(
                tuple(c.name for c in unique.columns)
                for unique in self.table.constraints
                if isinstance(unique, sa.UniqueConstraint)
            )
        )

    @property
    def keeps_version(self) -> bool:
        """Whether its rows are records, which count their versions."""
        return "version" in self.table.columns


def targets(sections: Mapping[str, Section]) -> Mapping[str, Target]:
    """All targets by name, those of the core and of sections."""
    found = {n: Target(n, _table(row), n) for n, row in _CORE}
    for section in sections.values():
        for t in section.targets:
            found[t.name] = Target(
                t.name,
                _table(t.row),
                t.id_kind,
                t.check,
                t.derived,
                t.complete,
                t.after,
                t.events,
            )
    return found


def checked(column: sa.Column[Any], value: Any) -> Any:
    """The value as the column will give it back; `Refusal` where it can't hold it."""
    if value is None:
        return None
    kind = column.type
    if isinstance(kind, Instant):
        return _instant(column, value)
    if isinstance(kind, sa.String):
        return _text(column, value, kind.length)
    if isinstance(kind, sa.Boolean):
        return _is(column, value, bool)
    if isinstance(kind, sa.Integer):
        return _whole(column, value)
    if isinstance(kind, sa.Float):
        return _fraction(column, value)
    if isinstance(kind, sa.Date):
        return _is(column, value, date)
    return _storable(column, value)


def default_of(column: sa.Column[Any]) -> Any:
    """What a new row has in a column that nobody set."""
    default: Any = column.default
    if default is None:
        return None
    return default.arg(None) if default.is_callable else default.arg


def _table(row: type[Row]) -> sa.Table:
    table = row.__table__
    assert isinstance(table, sa.Table)
    return table


def _pointed(column: sa.Column[Any]) -> sa.Table | None:
    return next((key.column.table for key in column.foreign_keys), None)


def _is(column: sa.Column[Any], value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise Refusal(f"{column.name}: {_shown(value)} is no {kind.__name__}")
    return value


def _instant(column: sa.Column[Any], value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Refusal(f"{column.name}: {_shown(value)} is no instant with a zone")
    utc = value.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def _text(column: sa.Column[Any], value: Any, length: int | None) -> str:
    if not isinstance(value, str):
        raise Refusal(f"{column.name}: {_shown(value)} is no text")
    if length is not None and len(value) > length:
        raise Refusal(
            f"{column.name} has {len(value)} characters; at most {length} are kept"
        )
    check_text(column.name, value)
    return value


def check_text(name: str, value: str) -> None:
    """`Refusal` for a text that a database can't keep."""
    if "\0" in value:
        raise Refusal(f"{name} holds a NUL character")
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        raise Refusal(f"{name} holds bytes that are no text in the file's encoding")


def _whole(column: sa.Column[Any], value: Any) -> int:
    largest = next(n for t, n in _LARGEST.items() if isinstance(column.type, t))
    if type(value) is not int:
        raise Refusal(f"{column.name}: {_shown(value)} is no whole number")
    if abs(value) > largest:
        raise Refusal(f"{column.name}: {value} is too large; at most {largest}")
    return value


def _fraction(column: sa.Column[Any], value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise Refusal(f"{column.name}: {_shown(value)} is no number")
    return float(value)


def _storable(column: sa.Column[Any], value: Any) -> Any:
    """JSON; every text in it can be kept."""
    if isinstance(value, str):
        check_text(column.name, value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            check_text(column.name, key)
            _storable(column, item)
    elif isinstance(value, list | tuple):
        for item in value:
            _storable(column, item)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Refusal(f"{column.name}: {value} is no number")
    elif not (value is None or isinstance(value, bool | int | float)):
        raise Refusal(f"{column.name}: {_shown(value)} can't be kept in JSON")
    return value


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"
