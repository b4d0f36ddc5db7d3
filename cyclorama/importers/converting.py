"""Cells of a CSV row become values of a target's columns, as a mapping says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from cyclorama.importers.mapping import (
    CUSTOM,
    FieldRule,
    FileRule,
    Plain,
    ReferenceRule,
    filled_in,
)
from cyclorama.importers.model import Incoming
from cyclorama.importers.targets import Refusal, Target
from cyclorama.storage.types import Instant

Cells = Mapping[str, str]
MOST_MONEY: Final = 10**15
"""Minor units at most: a client's floating point numbers hold them exactly."""
LARGEST: Final = 2**53
"""Of numbers; up to here whole ones are exact in JSON, whoever reads it."""
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_TRUE: Final = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE: Final = frozenset({"0", "false", "f", "no", "n", "off"})


class Converter:
    """Makes rows of a file ready for the writer."""

    def __init__(self, rule: FileRule, target: Target) -> None:
        self.rule, self.target = rule, target
        self._kinds = {n: self._kind(n, f) for n, f in rule.fields.items()}

    def wants(self, cells: Cells) -> bool:
        """Whether the mapping is about this row."""
        return all(cells[c] == wanted for c, wanted in self.rule.only.items())

    def incoming(self, line: int, cells: Cells) -> Incoming:
        """The row with converted values; `Refusal` names the column and the reason."""
        values: dict[str, Any] = {}
        custom: dict[str, Any] = {}
        picklists: dict[str, str] = {}
        for name, field in self.rule.fields.items():
            value = self._value(name, field, cells)
            if name.startswith(CUSTOM):
                custom[name.removeprefix(CUSTOM)] = value
            elif name not in self.target.vocabularies:
                values[name] = value
            else:
                picklists[name] = value or ""
        references = {
            name: (reference.object, _referred(reference, cells))
            for name, reference in self.rule.references.items()
        }
        return Incoming(
            line=line,
            target=self.rule.target,
            object_type=self.rule.object,
            external_id=self.id_of(cells),
            values={**values, "custom": custom} if custom else values,
            references=references,
            picklists=picklists,
            url=self.rule.url and filled_in(self.rule.url, cells),
        )

    def id_of(self, cells: Cells) -> str:
        """The id; empty where a part of it is."""
        if self.rule.constant_id is not None:
            return self.rule.constant_id
        parts = [cells[column] for column in self.rule.id]
        return ":".join(parts) if all(parts) else ""

    def _value(self, name: str, field: FieldRule, cells: Cells) -> Any:
        given = raw(field, cells)
        if given is None:
            if field.required:
                raise Refusal(f"{name} is empty")
            # Systems write false as nothing.
            return False if self._kinds[name] == "BOOLEAN" else None
        try:
            return convert(self._kinds[name], given, field)
        except Refusal as refusal:
            raise Refusal(f"{name}: {refusal}") from None

    def _kind(self, name: str, field: FieldRule) -> str:
        if name.startswith(CUSTOM):
            return field.type or "STRING"
        if name in self.target.vocabularies:
            return "STRING"
        return kind_of(self.target.columns[name])


def _referred(reference: ReferenceRule, cells: Cells) -> str:
    """The id of the record that a row refers to."""
    if reference.constant is not None:
        return reference.constant
    return cells[reference.column or ""]


def raw(field: FieldRule, cells: Cells) -> Plain:
    """What the mapping puts into a field, not yet of its type; None for nothing."""
    if field.constant is not None:
        return field.constant
    if field.template is not None:
        cell = filled_in(field.template, cells).strip()
    else:
        cell = cells[field.column or ""]
    if not cell:
        return field.default
    if field.filled is not None:
        return field.filled
    return field.values.get(cell, cell)


def kind_of(column: sa.Column[Any]) -> str:
    """What a column holds, in the words of the graph's `FieldType`, and some more."""
    kind = column.type
    if column.name.endswith("_minor"):
        return "CURRENCY"
    if isinstance(kind, Instant):
        return "DATETIME"
    named = (
        (sa.String, "STRING"),
        (sa.Boolean, "BOOLEAN"),
        (sa.Integer, "WHOLE"),
        (sa.Float, "NUMBER"),
        (sa.Date, "DATE"),
    )
    return next((name for type_, name in named if isinstance(kind, type_)), "TAGS")


def convert(kind: str, value: Plain, field: FieldRule) -> Any:
    """A cell or a mapping's own value in the type of its field; `Refusal` says why not.

    Money as hundredths, instants in UTC; those of custom fields as JSON keeps them."""
    match kind:
        case "BOOLEAN":
            return _boolean(value)
        case "NUMBER" | "PERCENT":
            return _plain(_number(value))
        case "WHOLE":
            return _whole(_number(value))
        case "CURRENCY":
            return _minor(_number(value))
        case "TAGS":
            return _tags(str(value), field.separator)
        case "DATE":
            found = _date(str(value), field.format)
            return found.isoformat() if _is_custom(field) else found
        case "DATETIME":
            instant = _instant(str(value), field.format)
            return _wire(instant) if _is_custom(field) else instant
    return str(value)


def _is_custom(field: FieldRule) -> bool:
    return field.type is not None


def _boolean(value: Plain) -> bool:
    word = str(value).casefold()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise Refusal(f"{_shown(value)} is neither true nor false; give `values` for it")


def _number(value: Plain) -> Decimal:
    text = str(value)
    if len(text) > 40 or not _NUMBER.fullmatch(text):
        raise Refusal(f"{_shown(value)} is no number")
    return Decimal(text)


def _plain(number: Decimal) -> int | float:
    if abs(number) > LARGEST:
        raise Refusal(f"{number} is too large; at most {LARGEST}")
    return int(number) if number == int(number) else float(number)


def _whole(number: Decimal) -> int:
    if number != int(number):
        raise Refusal(f"{number} is no whole number")
    return int(number)


def _minor(number: Decimal) -> int:
    minor = number * 100
    if minor != int(minor):
        raise Refusal(f"{number} has more than two decimals")
    if abs(minor) > MOST_MONEY:
        raise Refusal(f"{number} is too large; at most 10 trillion")
    return int(minor)


def _tags(text: str, separator: str | None) -> list[str]:
    parts = [part.strip() for part in text.split(separator or ";")]
    return list(dict.fromkeys(part for part in parts if part))


def _date(text: str, format: str | None) -> date:
    try:
        if format is not None:
            return datetime.strptime(text, format).date()
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(f"{_shown(text)} is no date{_way_out(format)}") from None


def _instant(text: str, format: str | None) -> datetime:
    """The instant; a time without a zone is UTC, a date its midnight."""
    try:
        if format is not None:
            found = datetime.strptime(text, format)
        else:
            found = datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refusal(f"{_shown(text)} is no instant{_way_out(format)}") from None


def _wire(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _way_out(format: str | None) -> str:
    return f" of the form {format}" if format else "; give its `format`"


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"
