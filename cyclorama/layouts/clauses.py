"""Conditions of assignments: the operators, whether a clause holds, and its words.

An attribute is a set of values: none where it is null, one, or several as with tags. A
clause holds where one of them matches; `NOT_IN`, `NEQ` are the exact opposites of `IN`,
`EQ` and therefore the only ones, with `IS_NULL`, that a null matches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import repeat
from typing import Any, Final

from cyclorama.layouts.model import Clause

Comparable = tuple[str, Any]
"""A value with the family that it may be compared in."""
Test = Callable[[Sequence[Comparable], Sequence[Comparable]], bool]

MISSING: Final = object()
"""The value of an attribute that no record has (any more): no clause on it holds."""
GROUPS: Final = "groups"
"""The viewer's attribute that holds the keys of their groups."""


@dataclass(frozen=True, slots=True)
class Operator:
    """How many values a clause takes, what it says and whether it holds."""

    words: str
    fewest: int
    most: int | None
    test: Test
    matches_null: bool = False

    def takes(self, count: int) -> bool:
        """Whether a clause may have this number of values."""
        return self.fewest <= count and (self.most is None or count <= self.most)


def _any_in(own: Sequence[Comparable], wanted: Sequence[Comparable]) -> bool:
    return any(map(wanted.__contains__, own))


def _none_in(own: Sequence[Comparable], wanted: Sequence[Comparable]) -> bool:
    return not _any_in(own, wanted)


def _less(left: Comparable, right: Comparable) -> bool:
    return left[0] == right[0] != "flag" and bool(left[1] < right[1])


def _at_most(left: Comparable, right: Comparable) -> bool:
    return _less(left, right) or (left == right and left[0] != "flag")


def _each(compare: Callable[[Comparable, Comparable], bool]) -> Test:
    return lambda own, wanted: any(map(compare, own, repeat(wanted[0])))


def _between(own: Sequence[Comparable], wanted: Sequence[Comparable]) -> bool:
    low, high = wanted
    return any(_at_most(low, value) and _at_most(value, high) for value in own)


OPERATORS: Final[Mapping[str, Operator]] = {
    "IN": Operator("is one of", 1, None, _any_in),
    "NOT_IN": Operator("is none of", 1, None, _none_in, matches_null=True),
    "IS_NULL": Operator("is empty", 0, 0, lambda own, _: not own, matches_null=True),
    "NOT_NULL": Operator("is not empty", 0, 0, lambda own, _: bool(own)),
    "EQ": Operator("is", 1, 1, _any_in),
    "NEQ": Operator("is not", 1, 1, _none_in, matches_null=True),
    "GT": Operator("is more than", 1, 1, _each(lambda a, b: _less(b, a))),
    "GTE": Operator("is at least", 1, 1, _each(lambda a, b: _at_most(b, a))),
    "LT": Operator("is less than", 1, 1, _each(_less)),
    "LTE": Operator("is at most", 1, 1, _each(_at_most)),
    "BETWEEN": Operator("is between", 2, 2, _between),
    "CONTAINS_ANY": Operator("contains any of", 1, None, _any_in),
    "IN_GROUP": Operator("hold the group", 1, None, _any_in),
    "NOT_IN_GROUP": Operator("hold no group of", 1, None, _none_in),
}


class Subject:
    """A viewer or a record to be asked; each of its values is prepared only once."""

    __slots__ = ("_absent", "_several", "values")

    def __init__(self, values: Mapping[str, Any], absent: Any = None) -> None:
        self.values = values
        self._absent = absent
        self._several: dict[str, Sequence[Comparable] | None] = {}

    def meets(self, clauses: Iterable[Clause]) -> bool:
        """Whether all clauses hold."""
        for clause in clauses:
            name = clause.attribute
            if name not in self._several:
                value = self.values.get(name, self._absent)
                if value is MISSING:
                    return False
                self._several[name] = _several(value)
            if not _holds(clause, self._several[name]):
                return False
        return True


def holds(clause: Clause, value: Any) -> bool:
    """Whether the clause is true of an attribute's value; a malformed one never is."""
    return value is not MISSING and _holds(clause, _several(value))


def _holds(clause: Clause, own: Sequence[Comparable] | None) -> bool:
    operator = OPERATORS.get(clause.operator)
    if operator is None:
        return False
    wanted = clause.comparables
    if not wanted:
        if not operator.takes(len(clause.values)):
            return False
        wanted.extend([comparable(v) for v in clause.values])
    if own is None:
        return operator.matches_null and operator.test((), wanted)
    return operator.test(own, wanted)


def in_order(low: Any, high: Any) -> bool:
    """Whether two values can be the ends of a range."""
    return _at_most(comparable(low), comparable(high))


def asks(subject: str, clause: Clause) -> str:
    """The clause in words, e.g. `viewer title is CEO`."""
    operator = OPERATORS.get(clause.operator)
    words = operator.words if operator else clause.operator
    between = " and " if clause.operator == "BETWEEN" else " or "
    wanted = between.join(map(str, clause.values))
    return " ".join(filter(None, (subject, clause.attribute, words, wanted)))


def phrase(subject: str, clause: Clause, value: Any) -> str:
    """The clause with what was found, e.g. `viewer title is CEO: no (CTO)`."""
    said = asks(subject, clause)
    if value is MISSING:
        return f"{said}: no (there is no such attribute)"
    return f"{said}: {'yes' if holds(clause, value) else 'no'} ({_shown(value)})"


def _shown(value: Any) -> str:
    several = sorted(str(v) for _, v in _several(value) or ())
    return ", ".join(several) if several else "empty"


def _several(value: Any) -> list[Comparable] | None:
    if value is None:
        return None
    if isinstance(value, list | tuple | set | frozenset):
        return [comparable(v) for v in value if v is not None]
    return [comparable(value)]


def comparable(value: Any) -> Comparable:
    """The value with its family: text, number or flag."""
    if isinstance(value, bool):
        return ("flag", value)
    if isinstance(value, int | Decimal):
        return ("number", Decimal(value))
    if isinstance(value, float):
        return ("number", Decimal(str(value)))
    if isinstance(value, date):
        return ("text", value.isoformat())
    return ("text", str(value))
