"""The values of layouts: layouts, placements, assignments, clauses, facts of sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

KINDS: Final = ("COMPANY", "RELATIONSHIP")
SURFACES: Final = ("PAGE", "CRM_ACCOUNT", "CRM_OPPORTUNITY", "EMBED")
STATUSES: Final = ("DRAFT", "PUBLISHED")

WithheldReason = Literal[
    "PLUGIN_DISABLED",
    "KIND_NOT_SUPPORTED",
    "OTHER_SURFACE",
    "NOT_CONFIGURED",
    "NOT_PERMITTED",
    "NOT_RELEVANT",
    "HIDDEN_BY_VIEWER",
]


@dataclass(frozen=True, slots=True)
class Placement:
    """A section in a layout; `instance_key` is its identity on the wire."""

    instance_key: str
    section: str
    label: str | None = None
    icon: str | None = None
    surfaces: tuple[str, ...] = ("PAGE",)
    config: Mapping[str, Any] = field(default_factory=dict, hash=False)
    config_version: int = 1
    """The version of the section's settings in which `config` is written."""
    problem: str | None = field(default=None, compare=False)
    """Why the settings can't be used; nobody gets such a placement."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Placements in page order for a kind of record.

    `relationship_type` is a type's key; None on a relationship layout serves every type.
    Two layouts are equal when they say the same, whatever their versions.
    """

    key: str
    kind: str
    relationship_type: str | None
    name: str
    description: str | None = None
    is_default: bool = False
    status: str = "PUBLISHED"
    version: int = field(default=1, compare=False)
    placements: tuple[Placement, ...] = ()
    id: str = field(default="", compare=False)
    """Given by the database; empty before it is saved."""

    def serves(self, kind: str, relationship_type: str | None) -> bool:
        """Whether records of this kind and type may get the layout, once published."""
        return self.kind == kind and self.relationship_type in (None, relationship_type)


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition; several values are alternatives."""

    attribute: str
    operator: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which layout whom and what gets: all clauses of both sides have to hold."""

    rank: int
    name: str
    layout: str
    enabled: bool = True
    viewer: tuple[Clause, ...] = ()
    record: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class LayoutList:
    """What one kind and type of record may get: the hard partition of layouts."""

    assignments: tuple[tuple[Assignment, Layout], ...]
    """By rank; of equal ranks the layout of the very type first."""
    default: Layout | None


@dataclass(frozen=True, slots=True)
class LayoutBook:
    """All layouts and assignments of an organisation."""

    layouts: tuple[Layout, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    _lists: dict[tuple[str, str | None], LayoutList] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def list_for(self, kind: str, relationship_type: str | None) -> LayoutList:
        """The layouts for records of this kind and type; made once, then kept."""
        key = (kind, relationship_type)
        found = self._lists.get(key)
        if found is None:
            found = self._lists[key] = self._list(kind, relationship_type)
        return found

    def _list(self, kind: str, relationship_type: str | None) -> LayoutList:
        served = {x.key: x for x in self.layouts if x.serves(kind, relationship_type)}
        defaults = [
            x for x in served.values() if x.is_default and x.status == "PUBLISHED"
        ]
        assigned = [
            (a, served[a.layout]) for a in self.assignments if a.layout in served
        ]
        return LayoutList(
            tuple(sorted(assigned, key=_by_rank)),
            min(defaults, key=_specific_first, default=None),
        )


def _by_rank(assigned: tuple[Assignment, Layout]) -> tuple[Any, ...]:
    assignment, layout = assigned
    return (assignment.rank, *_specific_first(layout), assignment.name)


def _specific_first(layout: Layout) -> tuple[bool, str]:
    return (layout.relationship_type is None, layout.key)


@dataclass(frozen=True, slots=True)
class SectionFacts:
    """What layouts have to know of an installed section."""

    key: str
    label: str
    icon: str | None = None
    kinds: frozenset[str] = frozenset(KINDS)
    surfaces: frozenset[str] = frozenset(SURFACES)
    max_instances: int | None = 1
    """None: any number in one layout."""
    requires_config: bool = False
    enabled: bool = True
    config_version: int = 1


def stamped(book: LayoutBook, sections: Mapping[str, SectionFacts]) -> LayoutBook:
    """The book whose settings are written as the sections want them now."""
    versions = {key: facts.config_version for key, facts in sections.items()}
    layouts = []
    for layout in book.layouts:
        placements = tuple(
            replace(p, config_version=versions.get(p.section, 1))
            for p in layout.placements
        )
        layouts.append(replace(layout, placements=placements))
    return LayoutBook(tuple(layouts), book.assignments)
