"""Column types with one meaning on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import JSON, DateTime, Dialect, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

_SECONDS: Final = orjson.OPT_OMIT_MICROSECONDS


def wire_instant(value: datetime) -> str:
    """An instant as clients see it: UTC, whole milliseconds, `Z`."""
    seconds = orjson.dumps(_checked(value).astimezone(UTC), None, _SECONDS)[
        1:20
    ].decode()
    return f"{seconds}.{value.microsecond // 1000:03d}Z"


def _checked(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone; instants are UTC-aware")
    return value


class Instant(TypeDecorator[datetime]):
    """A UTC instant: text in wire form on SQLite (sorts as text), timestamptz on PostgreSQL."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return wire_instant(value)
        utc = _checked(value).astimezone(UTC)
        return utc.replace(microsecond=utc.microsecond // 1000 * 1000)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None or isinstance(value, datetime):
            return value
        return datetime.fromisoformat(value)


def text(length: int) -> TypeEngine[str]:
    """Text that compares by code point on both databases: ids, keys, search keys."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def json() -> TypeEngine[Any]:
    """JSON text on SQLite, jsonb on PostgreSQL; key order is not kept."""
    return JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
