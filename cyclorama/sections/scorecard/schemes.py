"""Schemes and their bands, as the graph shows them."""

from __future__ import annotations

from enum import Enum
from typing import Any

import sqlalchemy as sa
import strawberry

from cyclorama.plugins import read
from cyclorama.sections.scorecard.tables import BandRow


@strawberry.enum(description="The lens on scores: ranges, grades or colours.")
class SchemeKind(Enum):
    NUMERIC = "NUMERIC"
    GRADE = "GRADE"
    COLOR = "COLOR"


def _called(field: Any, name: str) -> Any:
    """A field that has another name in the graph."""
    field.graphql_name = name
    return field


@strawberry.type(
    description="Scores above `from` up to `to`; the lowest band holds 0, too."
)
@read.table(BandRow)
class Band:
    label: str
    color: str
    from_: float = _called(read.value(sa.cast(BandRow.low, sa.Float)), "from")
    to: float = read.value(sa.cast(BandRow.high, sa.Float))
