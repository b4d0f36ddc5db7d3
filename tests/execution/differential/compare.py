"""When two answers are the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Path = tuple[Any, ...]
Told = tuple[Path | None, str, str]
"""Path, message and code of an error."""


def difference(one: Any, other: Any) -> str | None:
    """What differs in two answers; None where they are the same.

    Data with the order of keys, and errors as a multiset. Of what went wrong at or below
    a place that is null, the specification asks for one error: there the answers have to
    share one, and have the same ones where each has a single one; see `rivals`."""
    if "data" not in one or "data" not in other:
        return None if told(one) == told(other) else "refused in other words"
    if ordered(one["data"]) != ordered(other["data"]):
        return f"data at {_first(one['data'], other['data'])}"
    errors = _grouped(one), _grouped(other)
    for place in errors[0].keys() | errors[1].keys():
        first, second = (e.get(place, Counter()) for e in errors)
        if first == second:
            continue
        if place is None or not first & second:
            return f"errors at {place}: {sorted(first)} and {sorted(second)}"
    return None


def rivals(one: Any, other: Any) -> dict[Path, tuple[set[Told], set[Told]]]:
    """What each engine named, by places that are null for reasons of which they share
    none; nothing where the answers differ in anything else."""
    if "data" not in one or "data" not in other:
        return {}
    if ordered(one["data"]) != ordered(other["data"]):
        return {}
    errors = _grouped(one), _grouped(other)
    found: dict[Path, tuple[set[Told], set[Told]]] = {}
    for place in errors[0].keys() | errors[1].keys():
        first, second = (e.get(place, Counter()) for e in errors)
        if not first & second:
            if place is None:
                return {}
            found[place] = ({*first}, {*second})
    return found


def ordered(value: Any) -> Any:
    """Data whose objects are pairs in order; true is no number, but 1 is 1.0."""
    if isinstance(value, dict):
        return [(k, ordered(v)) for k, v in value.items()]
    if isinstance(value, list):
        return [ordered(v) for v in value]
    return (isinstance(value, bool), value)


def comparable(answer: Any) -> Any:
    """Data with the order of its keys, and the errors by path, message and code."""
    return ordered(answer.get("data")), sorted(told(answer), key=repr)


def told(answer: Any) -> list[Told]:
    """The errors of an answer."""
    return [
        (
            tuple(e["path"]) if "path" in e else None,
            e["message"],
            e["extensions"]["code"],
        )
        for e in answer.get("errors", ())
    ]


def _grouped(answer: Any) -> dict[Path | None, Counter[Told]]:
    """Errors by the highest null of the data at or above them; None: by no null."""
    found: dict[Path | None, Counter[Told]] = {}
    for one in told(answer):
        place = _null_above(answer["data"], one[0])
        found.setdefault(place, Counter())[one] += 1
    return found


def _null_above(data: Any, path: Path | None) -> Path | None:
    for index, key in enumerate(path or ()):
        if data is None:
            return (path or ())[:index]
        data = data[key]
    return path if data is None else None


def _first(one: Any, other: Any, path: Path = ()) -> str:
    """Where two values differ first, and how."""
    if isinstance(one, dict) and isinstance(other, dict) and [*one] == [*other]:
        pairs = [(k, one[k], other[k]) for k in one]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [(i, a, b) for i, (a, b) in enumerate(zip(one, other, strict=True))]
    else:
        return f"{list(path)}: {str(one)[:300]} and {str(other)[:300]}"
    for key, a, b in pairs:
        if ordered(a) != ordered(b):
            return _first(a, b, (*path, key))
    return str(list(path))


@dataclass(slots=True)
class Tally:
    """How many answers were compared, and what came of it."""

    compared: int = 0
    refused: int = 0
    """By both, before anything was run."""
    with_errors: int = 0
    rivals: int = 0
    """Operations in which each engine named another of two faults that both have."""
    codes: Counter[str] = field(default_factory=Counter)

    def note(self, answer: Mapping[str, Any]) -> None:
        """Count one pair of answers that are the same."""
        self.compared += 1
        self.refused += "data" not in answer
        self.with_errors += "data" in answer and "errors" in answer
        self.codes.update(e["extensions"]["code"] for e in answer.get("errors", ()))

    def add(self, other: Tally) -> None:
        """Count what another tally holds, too."""
        self.compared += other.compared
        self.refused += other.refused
        self.with_errors += other.with_errors
        self.rivals += other.rivals
        self.codes += other.codes

    def __str__(self) -> str:
        codes = ", ".join(f"{c} {n}" for c, n in self.codes.most_common())
        return (
            f"{self.compared} compared, {self.compared} equal, 0 different, "
            f"{self.refused} refused by both, {self.with_errors} with errors ({codes}), "
            f"{self.rivals} with two faults of which each engine named one"
        )
