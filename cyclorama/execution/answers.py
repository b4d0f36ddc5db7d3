"""From the cells of a statement to the bytes of an answer."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import orjson

from cyclorama.execution.pieces import Cells

TRIPWIRE = f"cy_null_{secrets.token_hex(12)}"
"""Stands in an answer where a value is missing that may not be null."""
_WIRE = TRIPWIRE.encode()


def pair(key: str, value: Any) -> bytes:
    """A member of an object."""
    return b'"' + key.encode() + b'":' + orjson.dumps(value)


def has_tripped(text: bytes | None) -> bool:
    """Whether the statement has no usable bytes for a piece."""
    return text is None or _WIRE in text


def members(piece: Cells, row: Any) -> bytes | None:
    """The members of the record's object that a piece holds; None where the statement
    has no usable cell for it."""
    if row is None:
        return None
    cells = [row[c] for c in piece.columns]
    if any(isinstance(c, Exception) or c is None for c in cells):
        return None
    if piece.form == "run":
        text: str = cells[0].strip()
        return text[1:-1].encode()
    key = b'"' + piece.keys[0].encode() + b'":'
    if piece.form == "list":
        return key + b"[" + ",".join(cells).encode() + b"]"
    found: str = cells[0]
    return key + found.encode()


def whole(pieces: Sequence[Any], row: Any) -> bytes | None:
    """The record's object where the statement yields all of it; None otherwise."""
    parts = []
    for piece in pieces:
        part = members(piece, row)
        if part is None or _WIRE in part:
            return None
        parts.append(part)
    return b"{" + b",".join(parts) + b"}"
