"""Words for conditions, days and values, shared by plans and explanations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from cyclorama.layouts.clauses import asks
from cyclorama.layouts.model import Clause

_LONGEST = 80


def quoted(value: Any) -> str:
    """A value in a sentence, cut after 80 characters."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def conditions(viewer: Iterable[Clause], record: Iterable[Clause]) -> str:
    """Whom and what an assignment is for."""
    said = [*(asks("viewer", c) for c in viewer), *(asks("record", c) for c in record)]
    return " and ".join(said) or "everybody on every record"


def days(first: date | None, last: date | None) -> str:
    """From when until when, with a comma before; empty where without bounds."""
    since = "" if first is None else f", from {first} on"
    return since + ("" if last is None else f", until {last}")
