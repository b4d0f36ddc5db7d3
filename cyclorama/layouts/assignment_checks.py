"""What assignments and pins of a file must obey: targets, ranks, attributes, values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from cyclorama.layouts.checks import (
    KIND_WORDS,
    Known,
    Limits,
    ReadAssignment,
    ReadLayout,
    ReadPin,
)
from cyclorama.layouts.clauses import GROUPS, OPERATORS, in_order
from cyclorama.layouts.entries import MOST_CLAUSES, ClauseEntry, LayoutEntry
from cyclorama.layouts.model import KINDS
from cyclorama.layouts.problems import Problems, listed

TYPE = "type"
"""The attribute of relationships that holds the key of their type."""
VIEWER_ATTRIBUTES = frozenset({GROUPS, "email", "name", "title", "department"})
_MEMBERSHIP = ("IN_GROUP", "NOT_IN_GROUP")


def check_assignments(
    assignments: Sequence[ReadAssignment],
    layouts: Sequence[ReadLayout],
    known: Known,
    found: Problems,
) -> None:
    """Note what is wrong with assignments: targets, ranks, clauses, numbers."""
    targets: list[tuple[ReadAssignment, LayoutEntry]] = []
    for assignment in assignments:
        target = _target(assignment, layouts, found)
        if target is not None:
            targets.append((assignment, target))
        _check_lengths(assignment, found)
        _check_days(assignment, found)
        _check_clauses(
            assignment, None if target is None else target.kind, known, found
        )
    _check_ranks(targets, found)
    _check_numbers([t for _, t in targets], known.limits, found)


def check_pins(
    pins: Sequence[ReadPin],
    layouts: Sequence[ReadLayout],
    known: Known,
    found: Problems,
) -> None:
    """Note what is wrong with pins, but whether their records exist."""
    seen: dict[str, str] = {}
    for pin in pins:
        _target(pin, layouts, found)
        _check_lengths(pin, found)
        _check_clauses(pin, None, known, found)
        if pin.entry.record in seen:
            message = f"{pin.where}: the record is pinned twice; keep one."
            found.add((*pin.path, "record"), "DUPLICATE", message)
        seen.setdefault(pin.entry.record, pin.where)
    if len(pins) > known.limits.pins:
        message = f"There are {len(pins)} pins; at most {known.limits.pins} are kept."
        found.add(("pins",), "LIMIT_EXCEEDED", message)


def _target(
    read: ReadAssignment | ReadPin, layouts: Sequence[ReadLayout], found: Problems
) -> LayoutEntry | None:
    """The layout that is named; a problem where the file has none of that key."""
    by_key = {x.entry.key: x.entry for x in layouts if x.entry is not None}
    target = by_key.get(read.entry.layout)
    if target is None and all(x.entry is not None for x in layouts):
        found.add(
            (*read.path, "layout"),
            "NOT_FOUND",
            f"{read.where}: there is no layout {read.entry.layout!r} in "
            f"the file; use one of: {listed(by_key)}.",
        )
    return target


def _check_clauses(
    read: ReadAssignment | ReadPin, kind: str | None, known: Known, found: Problems
) -> None:
    for path, subject, clause in read.clauses:
        for where, code, message in _wrong(subject, clause, kind, known):
            found.add((*path, where), code, f"{read.where}: {message}")


def _check_days(assignment: ReadAssignment, found: Problems) -> None:
    first, last = assignment.entry.valid_from, assignment.entry.valid_until
    if first is not None and last is not None and last < first:
        found.add(
            (*assignment.path, "valid_until"),
            "RANGE",
            f"{assignment.where}: valid_until {last} is before valid_from {first}; "
            "write the later day there.",
        )


def _check_lengths(assignment: ReadAssignment | ReadPin, found: Problems) -> None:
    for side in ("viewer", "record"):
        count = sum(subject == side for _, subject, _ in assignment.clauses)
        if count > MOST_CLAUSES:
            found.add(
                (*assignment.path, side),
                "LIMIT_EXCEEDED",
                f"{assignment.where}: {count} conditions on the {side}; at most "
                f"{MOST_CLAUSES} are kept.",
            )


def _check_ranks(
    targets: list[tuple[ReadAssignment, LayoutEntry]], found: Problems
) -> None:
    for (first, a), (second, b) in combinations(targets, 2):
        if first.entry.rank == second.entry.rank and _meet(a, b):
            found.add(
                (*second.path, "rank"),
                "DUPLICATE",
                f"{second.where}: {first.where} has the same rank for the same records; "
                "give one of them another.",
            )


def _meet(a: LayoutEntry, b: LayoutEntry) -> bool:
    """Whether there are records that both layouts are for."""
    types = {a.relationship_type, b.relationship_type}
    return a.kind == b.kind and (len(types) == 1 or None in types)


def _check_numbers(targets: list[LayoutEntry], limits: Limits, found: Problems) -> None:
    for kind in KINDS:
        count = sum(t.kind == kind for t in targets)
        if count > limits.assignments_per_kind:
            found.add(
                ("assignments",),
                "LIMIT_EXCEEDED",
                f"There are {count} assignments for {KIND_WORDS[kind]}; at most "
                f"{limits.assignments_per_kind} are kept.",
            )


def _wrong(
    subject: str, clause: ClauseEntry, kind: str | None, known: Known
) -> Iterator[tuple[str, str, str]]:
    """Part of the clause, code and message of each problem."""
    yield from _wrong_attribute(subject, clause, kind, known)
    operator = OPERATORS[clause.operator]
    if not operator.takes(len(clause.values)):
        takes = _takes(operator.fewest, operator.most)
        message = f"{clause.operator} takes {takes}, not {len(clause.values)}."
        yield "values", "INVALID", f"{subject} {clause.attribute}: {message}"
    elif clause.operator == "BETWEEN" and not in_order(*clause.values):
        message = "BETWEEN takes two values of one sort, the lower first."
        yield "values", "INVALID", f"{subject} {clause.attribute}: {message}"
    yield from _wrong_values(subject, clause, known)


def _takes(fewest: int, most: int | None) -> str:
    if most is None:
        return "one or more values"
    return {0: "no values", 1: "one value"}.get(fewest, f"{fewest} values")


def _wrong_attribute(
    subject: str, clause: ClauseEntry, kind: str | None, known: Known
) -> Iterator[tuple[str, str, str]]:
    name = clause.attribute
    if clause.operator in _MEMBERSHIP and (subject, name) != ("viewer", GROUPS):
        message = f"{clause.operator} asks for the viewer's groups only"
        yield "operator", "INVALID", f"{message}; write attribute: groups under viewer."
    asked = (
        known.viewer_attributes
        if subject == "viewer"
        else known.attributes.get(kind or "", None)
    )
    if asked is None:
        return
    if subject == "viewer":
        asked = asked | VIEWER_ATTRIBUTES
    if name not in asked:
        message = (
            f"there is no {subject} attribute {name!r}; use one of: {listed(asked)}."
        )
        yield "attribute", "NOT_FOUND", message


def _wrong_values(
    subject: str, clause: ClauseEntry, known: Known
) -> Iterator[tuple[str, str, str]]:
    names: Mapping[tuple[str, str], tuple[str, frozenset[str]]] = {
        ("viewer", GROUPS): ("group", known.groups),
        ("record", TYPE): ("relationship type", known.relationship_types),
    }
    what, existing = names.get((subject, clause.attribute), ("", None))
    if existing is None:
        return
    for value in clause.values:
        if not _is_named(value, existing):
            message = f"there is no {what} {value!r}; use one of: {listed(existing)}."
            yield "values", "NOT_FOUND", message


def _is_named(value: Any, existing: frozenset[str]) -> bool:
    return isinstance(value, str) and value in existing
