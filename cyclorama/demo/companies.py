"""The companies of the demo and what hangs on them, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

from cyclorama.demo.names import (
    FAMILY_NAMES,
    FIRST_WORDS,
    GIVEN_NAMES,
    GROUPS,
    JAPANESE,
    LAST_WORDS,
    TITLES,
)

COUNT = 200
TYPES = (
    ("platform", "Platform", "A running subscription of the platform."),
    ("module", "Module", "A module on top of the platform."),
    ("services", "Services", "A project of the services team."),
)
"""Relationship types: key, name, description."""
INDUSTRIES = (
    "Energy",
    "Electronics",
    "Manufacturing",
    "Logistics",
    "Healthcare",
    "Retail",
    "Software",
    "Financial services",
)


def dice(sides: int, *seed: object) -> int:
    """A number from 0 to `sides` - 1 that is the same on every machine."""
    return crc32("/".join(map(str, seed)).encode()) % sides


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """Somebody at a demo company."""

    id: str
    name: str
    email: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRelationship:
    """What a demo company bought; money in cents a year."""

    id: str
    type: str
    name: str
    arr_minor: int
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCompany:
    """One company, with its relationships and people; `age` in months."""

    number: int
    id: str
    name: str
    parent: str | None
    age: int
    employees: int
    industry: str
    relationships: tuple[DemoRelationship, ...]
    people: tuple[DemoPerson, ...]

    @property
    def arr_minor(self) -> int:
        """What its running relationships bring a year, in cents."""
        return sum(r.arr_minor for r in self.relationships if not r.ended)


def companies() -> list[DemoCompany]:
    """200 companies, parents before children: eight groups, then single ones."""
    made: list[DemoCompany] = []
    for name, parent in _named():
        number = len(made) + 1
        made.append(_company(number, name, None if parent is None else _id(parent)))
    return made


def _named() -> Iterator[tuple[str, int | None]]:
    """Names with the number of the parent; `COUNT` of them."""
    number = 0
    for top, members in GROUPS:
        first = number + 1
        yield top, None
        for place, member in enumerate(members, 1):
            yield member, first + _parent_place(place)
        number += 1 + len(members)
    singles = [*JAPANESE, *_singles()]
    for name in singles[: COUNT - number]:
        yield name, None


def _parent_place(place: int) -> int:
    """A chain of four, then branches off it: deep groups with some width."""
    return place - 1 if place <= 4 else place - 4


def _singles() -> Iterator[str]:
    """Pairs of words in an order in which neighbours differ in both."""
    for turn in range(len(LAST_WORDS)):
        for place, first in enumerate(FIRST_WORDS):
            yield f"{first} {LAST_WORDS[(place + turn) % len(LAST_WORDS)]}"


def _id(number: int) -> str:
    return f"company_demo{number:03d}"


def _company(number: int, name: str, parent: str | None) -> DemoCompany:
    return DemoCompany(
        number=number,
        id=_id(number),
        name=name,
        parent=parent,
        age=3 + dice(57, "age", number),
        employees=20 * (1 + dice(30, "size", number)) ** 2,
        industry=INDUSTRIES[dice(len(INDUSTRIES), "industry", number)],
        relationships=tuple(_relationships(number)),
        people=tuple(_people(number)),
    )


def _relationships(company: int) -> Iterator[DemoRelationship]:
    """The platform for all, a module for two in three, services for one in four."""
    for place, (kind, name, _) in enumerate(TYPES):
        if dice(12, "has", kind, company) >= (12, 8, 3)[place]:
            continue
        yield DemoRelationship(
            id=f"relationship_demo{company:03d}{kind}",
            type=kind,
            name=name,
            arr_minor=(1_200_000, 480_000, 300_000)[place]
            * (1 + dice(20, "arr", kind, company)),
            ended=place > 0 and dice(10, "ended", kind, company) == 0,
        )


def _people(company: int) -> Iterator[DemoPerson]:
    for place in range(3 + dice(5, "people", company)):
        given = GIVEN_NAMES[dice(len(GIVEN_NAMES), "given", company, place)]
        family = FAMILY_NAMES[dice(len(FAMILY_NAMES), "family", company, place)]
        yield DemoPerson(
            id=f"person_demo{company:03d}p{place}",
            name=f"{given} {family}",
            email=f"person{place}@company{company:03d}.example",
            title=TITLES[dice(len(TITLES), "title", company, place)],
        )
