"""Ids: opaque text, a type and a part that sorts by time of creation."""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


def new_id(kind: str) -> str:
    """`company_01k…`: 48 bits of milliseconds and 80 of chance in base 32, lower case."""
    number = (time.time_ns() // 1_000_000 << 80) | secrets.randbits(80)
    digits = [_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)]
    return f"{kind}_{''.join(digits)}"


def kind_of_id(identifier: str) -> str:
    """The type part of an id: `company` of `company_01k…`; empty where there is none."""
    kind, separator, _ = identifier.rpartition("_")
    return kind if separator else ""
