"""Scalars of the wire: instants with `Z` and milliseconds, exact decimals as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import strawberry

from cyclorama.storage.types import wire_instant

_BEYOND: Final = re.compile(r"[1-9]\d{4,5}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
"""Days of the year 10000 and later."""


def _instant(text: Any) -> datetime:
    try:
        value = datetime.fromisoformat(text)
        if value.tzinfo is None:
            raise ValueError
        return value.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(
            "Write an instant as 2026-01-31T08:00:00Z, with its time zone."
        ) from None


def _day(text: Any) -> date:
    """A day. One after the last that there can be stands for that: what has a range
    refuses it there, by the name of the field."""
    try:
        return date.max if _BEYOND.fullmatch(text) else date.fromisoformat(text)
    except (ValueError, TypeError):
        raise ValueError("Write a day as 2026-01-31.") from None


def _decimal(text: Any) -> Decimal:
    try:
        value = Decimal(str(text))
        if value.is_finite():
            return value
    except InvalidOperation:
        pass
    raise ValueError('Write a decimal number as "12.50".')


SCALARS: Mapping[object, Any] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant in UTC, ISO 8601 with `Z`.",
        serialize=wire_instant,
        parse_value=_instant,
    ),
    date: strawberry.scalar(
        name="Date",
        description=(
            "A calendar day, ISO 8601. Day boundaries are those of the "
            "organisation's time zone."
        ),
        serialize=date.isoformat,
        parse_value=_day,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description="An exact decimal number, written as a string.",
        serialize=str,
        parse_value=_decimal,
    ),
}
"""The scalars that stand for Python types, for Strawberry's `scalar_map`."""
