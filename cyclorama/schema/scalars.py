"""Scalars of the wire: instants with `Z` and milliseconds, exact decimals as text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import strawberry

from cyclorama.storage.types import wire_instant


def _instant(text: Any) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write an instant with Z.")
    return value.astimezone(UTC)


def _decimal(text: Any) -> Decimal:
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a decimal number.") from None
    if not value.is_finite():
        raise ValueError(f"{text!r} is not a finite number.")
    return value


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
        parse_value=date.fromisoformat,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description="An exact decimal number, written as a string.",
        serialize=str,
        parse_value=_decimal,
    ),
}
"""The scalars that stand for Python types, for Strawberry's `scalar_map`."""
