"""Conditions of assignments: the operators, whether a clause holds, and its words.

An attribute is a set of values: none where it is null, one, or several as with tags. A
clause holds where one of them matches; `NOT_IN`, `NEQ` are the exact opposites of `IN`,
`EQ` and therefore the only ones, with `IS_NULL`, that a null matches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
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
    return any(value in wanted for value in own)


def _none_in(own: Sequence[Comparable], wanted: Sequence[Comparable]) -> bool:
    return not _any_in(own, wanted)


def _less(left: Comparable, right: Comparable) -> bool:
    return left[0] == right[0] != "flag" and bool(left[1] < right[1])


def _at_most(left: Comparable, right: Comparable) -> bool:
    return _less(left, right) or (left == right and left[0] != "flag")


def _each(compare: Callable[[Comparable, Comparable], bool]) -> Test:
    return lambda own, wanted: any(compare(value, wanted[0]) for value in own)


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


def holds(clause: Clause, value: Any) -> bool:
    """Whether the clause is true of an attribute's value; a malformed one never is."""
    operator = OPERATORS.get(clause.operator)
    if operator is None or value is MISSING or not operator.takes(len(clause.values)):
        return False
    if value is None and not operator.matches_null:
        return False
    return operator.test(_several(value), [_comparable(v) for v in clause.values])


def in_order(low: Any, high: Any) -> bool:
    """Whether two values can be the ends of a range."""
    return _at_most(_comparable(low), _comparable(high))


def phrase(subject: str, clause: Clause, value: Any) -> str:
    """The clause in words with what was found, e.g. `viewer title is CEO: no (CTO)`."""
    operator = OPERATORS.get(clause.operator)
    words = operator.words if operator else clause.operator
    wanted = " or ".join(map(str, clause.values))
    if clause.operator == "BETWEEN":
        wanted = " and ".join(map(str, clause.values))
    said = " ".join(filter(None, (subject, clause.attribute, words, wanted)))
    if value is MISSING:
        return f"{said}: no (there is no such attribute)"
    return f"{said}: {'yes' if holds(clause, value) else 'no'} ({_shown(value)})"


def _shown(value: Any) -> str:
    several = sorted(str(v) for _, v in _several(value))
    return ", ".join(several) if several else "empty"


def _several(value: Any) -> list[Comparable]:
    if value is None:
        return []
    if isinstance(value, list | tuple | set | frozenset):
        return [_comparable(v) for v in value if v is not None]
    return [_comparable(value)]


def _comparable(value: Any) -> Comparable:
    if isinstance(value, bool):
        return ("flag", value)
    if isinstance(value, int | float | Decimal):
        return ("number", Decimal(str(value)))
    if isinstance(value, date):
        return ("text", value.isoformat())
    return ("text", str(value))
