"""Which numbers roll up, and how: decisions without a database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cyclorama.sections.company_hierarchy.config import Aggregation, HierarchyColumn

NUMERIC = frozenset({"NUMBER", "CURRENCY", "PERCENT"})


@dataclass(frozen=True, slots=True)
class RollUp:
    """A column that rolls up: its position among the columns, its field, and how."""

    position: int
    path: str
    type: str
    """A `FieldType` of `NUMERIC`."""
    aggregation: Aggregation


def aggregation_of(type_: str, asked: Aggregation | None) -> Aggregation | None:
    """How a field of this `FieldType` rolls up; None where it does not.

    Percentages are never summed: their mean stands in for a sum that is asked for."""
    if type_ not in NUMERIC:
        return None
    chosen = asked or Aggregation.SUM
    if type_ == "PERCENT" and chosen is Aggregation.SUM:
        return Aggregation.AVG
    return chosen


def roll_ups(columns: Iterable[tuple[HierarchyColumn, str | None]]) -> list[RollUp]:
    """What rolls up of columns with their types; a lookup's field and a field that is
    not there (type None) do not."""
    found = []
    for position, (column, type_) in enumerate(columns):
        own = "." not in column.path or column.path.startswith("custom.")
        if type_ is None or not own:
            continue
        aggregation = aggregation_of(type_, column.aggregation)
        if aggregation is not None:
            found.append(RollUp(position, column.path, type_, aggregation))
    return found
