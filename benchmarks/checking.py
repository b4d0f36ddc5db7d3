"""Whether all variants answer alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def difference(one: Any, other: Any, path: str = "") -> str | None:
    """The first place where two answers differ, with what stands there; None where they
    are the same, the order of keys included."""
    if isinstance(one, dict) and isinstance(other, dict):
        if list(one) != list(other):
            return f"{path or '.'}: keys {list(one)} and {list(other)}"
        pairs = [(one[k], other[k], f"{path}.{k}") for k in one if k != "value"]
        # A JSON value's keys come in the order in which its store keeps them.
        if "value" in one and one["value"] != other["value"]:
            return f"{path}.value: {one['value']!r} and {other['value']!r}"
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return f"{path}: {len(one)} and {len(other)} items"
        pairs = [
            (a, b, f"{path}.{n}")
            for n, (a, b) in enumerate(zip(one, other, strict=True))
        ]
    else:
        return None if one == other else f"{path}: {one!r} and {other!r}"
    found = (difference(*pair) for pair in pairs)
    return next((f for f in found if f is not None), None)


def check(answers: Mapping[str, Sequence[Any]]) -> None:
    """End the benchmark where the variants do not answer the same to the same requests;
    the first variant is what the others are held against."""
    (first, expected), *others = answers.items()
    for number, wanted in enumerate(expected):
        if wanted.get("errors") or not wanted.get("data"):
            raise SystemExit(f"{first} fails on request {number}: {wanted}")
    for name, given in others:
        for number, (wanted, found) in enumerate(zip(expected, given, strict=True)):
            differs = difference(wanted, found)
            if differs is not None:
                raise SystemExit(
                    f"Request {number}: {first} and {name} differ at {differs}"
                )
