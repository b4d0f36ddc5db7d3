"""Records of Salesforce exports: cells by column, ids in their long form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cyclorama.importers.converting import convert
from cyclorama.importers.mapping import FieldRule
from cyclorama.importers.model import Rejected
from cyclorama.importers.targets import Refusal

LOOKUPS: Final = frozenset(
    {
        *("Id", "AccountId", "ContactId", "ManagerId", "OwnerId", "ParentId"),
        *("ReportsToId", "WhoId"),
    }
)
"""Columns that hold ids."""
_SUFFIX: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_AS_WRITTEN: Final = FieldRule.model_validate({"column": "cell"})


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it was exported."""

    line: int
    id: str
    cells: Mapping[str, str]
    """Column -> cell without blanks around it; only columns that were exported."""

    def value(self, column: str, kind: str) -> Any:
        """A cell in the type of its column; empty is false for BOOLEAN, else None.

        `Refusal` names the column and what is wrong with the cell."""
        cell = self.cells[column]
        if not cell:
            return False if kind == "BOOLEAN" else None
        try:
            return convert(kind, cell, _AS_WRITTEN)
        except Refusal as refusal:
            raise Refusal(f"{column}: {refusal}") from None

    def first(self, *columns: str) -> str | None:
        """The first of these cells that is not empty; None where all are."""
        return next((self.cells[c] for c in columns if self.cells.get(c)), None)

    def has(self, *columns: str) -> bool:
        """Whether one of these columns was exported."""
        return any(column in self.cells for column in columns)

    @property
    def is_deleted(self) -> bool:
        """Whether it lies in Salesforce's bin."""
        return self.has("IsDeleted") and bool(self.value("IsDeleted", "BOOLEAN"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The records of one object in one file."""

    path: Path
    object_type: str
    rows: int
    read: Callable[[], Iterator[Record | Rejected]]
    """The records in the file's order; read anew with each call."""
    by_reference: bool = False
    """Whether no record has an Id: what names them is good in this export alone."""


def long_id(text: str) -> str:
    """The 18 characters of an id of 15, whose case the last three spell out; any other
    text as it is, be its ending right or not."""
    if len(text) != 15 or not (text.isascii() and text.isalnum()):
        return text
    return text + "".join(_SUFFIX[_capitals(text[n : n + 5])] for n in (0, 5, 10))


def _capitals(part: str) -> int:
    return sum(1 << n for n, letter in enumerate(part) if letter.isupper())
