"""The test kit for authors of sections."""

from __future__ import annotations

from cyclorama.testing.bench import (
    ADMIN,
    CSM,
    NOW,
    Bench,
    book_of,
    company,
    relationship,
)
from cyclorama.testing.conformance import conformance
from cyclorama.testing.selections import everything, fields_alone

__all__ = [
    "ADMIN",
    "CSM",
    "NOW",
    "Bench",
    "book_of",
    "company",
    "conformance",
    "everything",
    "fields_alone",
    "relationship",
]
