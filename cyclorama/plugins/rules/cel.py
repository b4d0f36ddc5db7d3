"""Conditions in CEL, the Common Expression Language, where its library is installed.

Each fact that an expression asks is a variable of any type, with dots in its name, as
`after.overall` or `record.employees`; one that is not known is null.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Final

from cyclorama.layouts.problems import listed
from cyclorama.storage.events import EventKind

LIBRARY: Final = "cel_expr_python"
INSTALL: Final = "pip install 'cyclorama[cel]'"
LONGEST: Final = 1_000
_PARTS: Final = ("before", "after", "change")
OF_EVENT: Final = ("actor_kind", "actor_id")
_NAME: Final = re.compile(
    r"(?<![\w.])(before|after|change|record)((?:\s*\.\s*[A-Za-z_]\w*)+)", re.ASCII
)
_BLANK: Final = re.compile(r"\s+")
_WORD: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_UNFIT: Final = "No matching overloads"
"""What the library says of null where it can be no operand."""
_SAID: Final = {
    _UNFIT: "it compares or computes with values that do not fit, as text with a number",
    "by zero": "it divides by zero",
    "overflow": "a number gets too large",
    "out of": "a number gets too large",
    "convert": "it makes a number of text that is none",
    "conversion": "it makes an instant or a duration of text that is none",
    "regular expression": "it matches text with what is no pattern",
    "Index error": "a list has not so many values",
    "Key not found": "a map has no such key",
    "SELECT": "it asks a part of a value that has none",
    "budget": "it takes too many steps",
}
"""What people read, by what the library's messages have in them."""
_OTHER: Final = "it can't be evaluated with the values of the record"
_MOST_INT: Final = 2**63


class CelError(Exception):
    """Why an expression can't be a condition, or can't be evaluated."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression that is true or false, and the names of the facts that it asks."""

    text: str
    names: frozenset[str]

    @classmethod
    def read(
        cls, text: str, kind: EventKind | None, attributes: Collection[str]
    ) -> Condition:
        """The condition that a text is, on events of a kind, if any, and on records with
        these attributes; `CelError` for what is none."""
        if not is_installed():
            raise CelError(f"conditions in CEL need an extra; run: {INSTALL}")
        written = set(_WORD.findall(text)) if kind is not None else set[str]()
        names = written.intersection(OF_EVENT)
        for first, rest in _NAME.findall(text):
            names.add(_known(first, _BLANK.sub("", rest)[1:], kind, attributes))
        found = cls(text, frozenset(names))
        _compiled(text, found.names)
        return found

    @property
    def of_record(self) -> set[str]:
        """What it asks of records."""
        return {
            n.removeprefix("record.") for n in self.names if n.startswith("record.")
        }

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Whether it holds of these facts, by name. What can't be compared because it is
        not known holds not; `CelError` for everything else that can't be evaluated."""
        given = {name: _plain(facts.get(name)) for name in self.names}
        value, error = _evaluated(_compiled(self.text, self.names), given)
        if error is None:
            return value is True
        if _UNFIT in error and None in given.values():
            return False
        raise CelError(_said(error))


def is_installed() -> bool:
    """Whether the library is there."""
    return find_spec(LIBRARY) is not None


def _known(
    first: str, rest: str, kind: EventKind | None, attributes: Collection[str]
) -> str:
    """The fact that a name with dots begins with, the longest one."""
    if first in _PARTS and kind is None:
        raise CelError(f"{first}.{rest} asks an event, and the rule follows from none")
    of_event = kind if first in _PARTS else None
    has = attributes.__contains__ if of_event is None else of_event.has
    parts = rest.split(".")
    for end in range(len(parts), 0, -1):
        name = ".".join(parts[:end])
        if has(name):
            return f"{first}.{name}"
    held = sorted(attributes if of_event is None else of_event.values)
    use = listed(f"{first}.{name}" for name in held)
    raise CelError(f"there is no {first}.{rest}; use one of: {use}")


@lru_cache(maxsize=256)
def _compiled(text: str, names: frozenset[str]) -> Any:
    """The expression as the library evaluates it."""
    from cel_expr_python import cel

    env = cel.NewEnv(variables=dict.fromkeys(sorted(names), cel.Type.DYN))
    try:
        found = env.compile(text)
    except Exception as error:
        raise CelError(f"it can't be read: {str(error)[:500]}") from None
    if found.return_type() != cel.Type.BOOL:
        raise CelError("it is neither true nor false; compare what it gives")
    return env, found


def _evaluated(compiled: Any, given: Mapping[str, Any]) -> tuple[Any, str | None]:
    """The value, or what went wrong."""
    from cel_expr_python import cel

    env, expression = compiled
    try:
        found = expression.eval(env.Activation(given))
    except Exception as error:
        return None, str(error)[:500]
    if found.type() == cel.Type.ERROR:
        return None, str(found.value())[:500]
    return found.value(), None


def _said(error: str) -> str:
    """What went wrong, in words of ours."""
    return next((words for part, words in _SAID.items() if part in error), _OTHER)


def _plain(value: Any) -> Any:
    """A fact as CEL has it: whole numbers, others, text, lists; days are text."""
    if isinstance(value, Decimal):
        whole = int(value)
        value = whole if whole == value else float(value)
    if isinstance(value, int) and not -_MOST_INT <= value < _MOST_INT:
        return float(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(v) for v in value]
    return value
