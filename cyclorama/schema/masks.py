"""Masks: fields of the graph and of records that a viewer may not see, or not change.

What is kept in the columns of a masked field is hidden wherever it is read from: a sum of
a masked field is masked, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

NOTHING: Final[frozenset[str]] = frozenset()
SENSITIVE: Final = {
    "money.view": (
        "Company.arr",
        "Company.mrr",
        "Relationship.arr",
        "Relationship.mrr",
    ),
    "pii.view": ("Person.name", "Person.email", "Person.title", "User.email"),
    "verbatim.view": ("Company.comment", "Relationship.comment"),
}
"""Permissions that cover many fields: those of the core; sections add their own."""
OF_TYPE: Final = {"money.view": "CURRENCY", "pii.view": "EMAIL"}
"""The `FieldType` of the custom fields that such a permission covers."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Masked:
    """What a viewer may not see, and what they may see and not change."""

    columns: frozenset[str] = NOTHING
    """As `company.arr_minor` and `company.custom.seats`."""
    fields: frozenset[str] = NOTHING
    """As `Company.arr` and `Company.custom.seats`."""
    read_only: frozenset[str] = NOTHING
    """Likewise."""
    sections: frozenset[tuple[str, str]] = frozenset()
    """Kind of record and key of the sections of which nothing is left."""

    def __bool__(self) -> bool:
        return bool(self.fields or self.read_only)

    def hides(self, columns: Iterable[str]) -> bool:
        """Whether one of these base columns, or a part of it, is hidden."""
        return any(
            column in self.columns
            or (column.endswith(".custom") and self._has_part(column))
            for column in columns
        )

    def _has_part(self, column: str) -> bool:
        return any(c.startswith(f"{column}.") for c in self.columns)


UNMASKED: Final = Masked()


class Fields(tuple[Any, ...]):
    """The custom fields of records, with what is masked of all their fields."""

    masked: Masked = UNMASKED

    @classmethod
    def of(cls, fields: Iterable[Any], masked: Masked) -> Fields:
        """These fields, for a viewer with these masks."""
        made = cls(fields)
        made.masked = masked
        return made


def masked_of(fields: Sequence[Any]) -> Masked:
    """What is masked where these are the fields."""
    return getattr(fields, "masked", UNMASKED)
