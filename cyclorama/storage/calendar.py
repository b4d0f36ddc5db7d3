"""Days and instants of PostgreSQL's driver: as they are, also the first and the last.

asyncpg itself takes 0001-01-01 and 9999-12-31 for infinities, which are stored and
written as such, and with which PostgreSQL does not calculate.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

MOST_KEPT: Final = 8192
"""Days, and instants, which are read again and again."""
_DAY: Final = date(2000, 1, 1).toordinal()
_LAST: Final = date.max.toordinal()
_INSTANT: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


async def keep_extremes(driver: Any) -> None:
    """Have a new connection send and read days and instants as what they are."""
    for name, encoder, decoder in (
        ("date", _days, _day),
        ("timestamptz", _microseconds, _instant),
    ):
        await driver.set_type_codec(
            name, schema="pg_catalog", format="tuple", encoder=encoder, decoder=decoder
        )


def _days(value: date) -> tuple[int]:
    return (value.toordinal() - _DAY,)


@lru_cache(MOST_KEPT)
def _day(days: tuple[int]) -> date:
    ordinal = days[0] + _DAY
    if 0 < ordinal <= _LAST:
        return date.fromordinal(ordinal)
    return date.min if ordinal < 1 else date.max


def _microseconds(value: datetime) -> tuple[int]:
    return ((value - _INSTANT) // _MICROSECOND,)


@lru_cache(MOST_KEPT)
def _instant(microseconds: tuple[int]) -> datetime:
    try:
        return _INSTANT + timedelta(0, 0, microseconds[0])
    except OverflowError:
        edge = datetime.min if microseconds[0] < 0 else datetime.max
        return edge.replace(tzinfo=UTC)
