"""Sections in the resolver form: one that answers, and faulty ones."""

from __future__ import annotations

import strawberry

from cyclorama.plugins import Parent, Record360, Section


@strawberry.type(description="What a function gives.")
class Thing:
    number: int
    text: str


async def answers(record: Parent[Record360], times: int = 2) -> list[Thing]:
    """Give some things."""
    return [Thing(number=n, text=f"№ {n}") for n in range(min(max(times, 0), 20))]


async def raises(record: Parent[Record360]) -> Thing:
    """Raise something."""
    raise ValueError("the secret of a resolver")


async def lies(record: Parent[Record360]) -> Thing:
    """Give something else than it says."""
    return Thing(number="none", text="x")  # type: ignore[arg-type]


async def lacks(record: Parent[Record360]) -> list[Thing]:
    """Give a null where none may be."""
    return [Thing(number=1, text=None), None]  # type: ignore[arg-type,list-item]


def resolved() -> list[Section]:
    """A section for each function."""
    return [
        Section(key=f.__name__, title=f.__name__, description="-", fields=[f])
        for f in (answers, raises, lies, lacks)
    ]
