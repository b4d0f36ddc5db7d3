"""The values of layouts: layouts, placements, assignments, pins, facts of sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
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
    """Of a shared section: that section's settings."""
    shared: str | None = None
    """The key of the shared section that it shows."""
    decoupled_from: str | None = None
    """The key of the shared section that it showed before its settings became its own."""
    decoupled_version: int | None = None
    """The version that the shared section had then."""
    config_version: int = field(default=1, compare=False)
    """The version of the section's settings in which `config` is written."""
    problem: str | None = field(default=None, compare=False)
    """Why the settings can't be used; nobody gets such a placement."""


@dataclass(frozen=True, slots=True)
class SharedSection:
    """A section configured once and placed in many layouts.

    Two are equal when they say the same, whatever their versions."""

    key: str
    section: str
    name: str
    config: Mapping[str, Any] = field(default_factory=dict, hash=False)
    version: int = field(default=1, compare=False)
    config_version: int = field(default=1, compare=False)


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
    comparables: list[Any] = field(
        default_factory=list, init=False, repr=False, compare=False
    )
    """The values as they are compared; filled when the clause is first asked."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which layout whom and what gets: all clauses of both sides have to hold."""

    rank: int
    name: str
    layout: str
    enabled: bool = True
    viewer: tuple[Clause, ...] = ()
    record: tuple[Clause, ...] = ()
    valid_from: date | None = None
    """The first day on which it is asked."""
    valid_until: date | None = None
    """The last day on which it is asked."""

    def is_effective(self, today: date) -> bool:
        """Whether it is asked on this day."""
        return (self.valid_from is None or self.valid_from <= today) and (
            self.valid_until is None or today <= self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Pin:
    """The layout of one record, whatever the assignments say, for the viewers of whom
    all clauses hold."""

    record: str
    """Its id."""
    layout: str
    viewer: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class LayoutList:
    """What one kind and type of record may get: the hard partition of layouts."""

    assignments: tuple[tuple[Assignment, Layout], ...]
    """By rank; of equal ranks the layout of the very type first."""
    default: Layout | None
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    """Drafts included, by key."""


@dataclass(frozen=True, slots=True)
class LayoutBook:
    """All layouts and assignments of an organisation."""

    layouts: tuple[Layout, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    shared: tuple[SharedSection, ...] = ()
    pins: tuple[Pin, ...] = ()
    _lists: dict[tuple[str, str | None], LayoutList] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _pinned: dict[str, Pin] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        self._pinned.update((pin.record, pin) for pin in self.pins)

    def pin_of(self, record: str | None) -> Pin | None:
        """The pin of the record with this id."""
        return None if record is None else self._pinned.get(record)

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
            tuple(sorted(assigned, key=by_rank)),
            min(defaults, key=_specific_first, default=None),
            served,
        )


def by_rank(assigned: tuple[Assignment, Layout]) -> tuple[Any, ...]:
    """The order in which assignments are asked, each with its layout."""
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
    in_code: bool = False
    """Whether it is read by functions, beside the one statement of a page."""
    config_version: int = 1


def stamped(book: LayoutBook, sections: Mapping[str, SectionFacts]) -> LayoutBook:
    """The book whose settings are written as the sections want them now."""

    def version(section: str) -> int:
        return sections[section].config_version if section in sections else 1

    layouts = []
    for layout in book.layouts:
        placements = tuple(
            replace(p, config_version=version(p.section)) for p in layout.placements
        )
        layouts.append(replace(layout, placements=placements))
    shared = (replace(s, config_version=version(s.section)) for s in book.shared)
    return replace(book, layouts=tuple(layouts), shared=tuple(shared))
