"""What layouts of a file must obey beyond their shape: names, defaults, limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import combinations
from typing import Any

from pydantic import BaseModel

from cyclorama.layouts.entries import (
    AssignmentEntry,
    ClauseEntry,
    LayoutEntry,
    PinEntry,
    PlacementEntry,
    SharedEntry,
)
from cyclorama.layouts.model import KINDS, SectionFacts
from cyclorama.layouts.problems import Path, Problems, listed

KIND_WORDS = {"COMPANY": "companies", "RELATIONSHIP": "relationships"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many layouts, assignments, placements and pins a file may hold."""

    company_layouts: int = 50
    layouts_per_type: int = 25
    assignments_per_kind: int = 200
    placements: int = 100
    pins: int = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a file may name."""

    sections: Mapping[str, SectionFacts]
    configs: Mapping[str, type[BaseModel]]
    attributes: Mapping[str, frozenset[str]]
    """Of records, by kind."""
    viewer_attributes: frozenset[str] | None
    """None: any."""
    groups: frozenset[str]
    relationship_types: frozenset[str]
    paths: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of fields that settings may show, by kind of record; a kind left out: any."""
    limits: Limits = field(default_factory=Limits)
    uninstalled: frozenset[str] = frozenset()
    """Sections whose plugin is missing and that saved layouts place."""


@dataclass(frozen=True, slots=True)
class ReadShared:
    """A shared section of the file and where it stands."""

    path: Path
    where: str
    entry: SharedEntry


@dataclass(frozen=True, slots=True)
class ReadPlacement:
    """A placement of the file and where it stands."""

    path: Path
    where: str
    entry: PlacementEntry
    shared: SharedEntry | None = None

    @property
    def section(self) -> str:
        """Its own, or that of the shared section."""
        return self.shared.section if self.shared else self.entry.section or ""

    @property
    def config(self) -> Mapping[str, Any]:
        """Its own, or that of the shared section."""
        return self.shared.config if self.shared else self.entry.config

    @property
    def instance_key(self) -> str:
        """Given, or the section's key."""
        return self.entry.instance_key or self.section


@dataclass(frozen=True, slots=True)
class ReadLayout:
    """A layout of the file; `entry` is without placements, None where it can't be read."""

    path: Path
    where: str
    entry: LayoutEntry | None
    placements: tuple[ReadPlacement, ...]


@dataclass(frozen=True, slots=True)
class ReadPin:
    """A pin of the file, without the clauses that can't be read."""

    path: Path
    where: str
    entry: PinEntry
    clauses: tuple[tuple[Path, str, ClauseEntry], ...]
    """Path, `viewer`, clause."""


@dataclass(frozen=True, slots=True)
class ReadAssignment:
    """An assignment of the file, without the clauses that can't be read."""

    path: Path
    where: str
    entry: AssignmentEntry
    clauses: tuple[tuple[Path, str, ClauseEntry], ...]
    """Path, `viewer` or `record`, clause."""


def check_layouts(layouts: Iterable[ReadLayout], known: Known, found: Problems) -> None:
    """Note what is wrong with layouts and what they place."""
    readable = [(x, x.entry) for x in layouts if x.entry is not None]
    seen: dict[str, str] = {}
    for layout, entry in readable:
        first = seen.setdefault(entry.key, layout.where)
        if first is not layout.where:
            found.add(
                (*layout.path, "key"),
                "DUPLICATE",
                f"{layout.where}: another layout has this key; give one of them another.",
            )
        _check_type(layout, entry, known, found)
    _check_defaults([(x, e) for x, e in readable], found)
    _check_counts([e for _, e in readable], known.limits, found)
    for layout in layouts:
        _check_placements(layout, known, found)


def _check_type(
    layout: ReadLayout, entry: LayoutEntry, known: Known, found: Problems
) -> None:
    name, path = entry.relationship_type, (*layout.path, "relationship_type")
    if name is None:
        return
    if entry.kind == "COMPANY":
        message = "a company layout has no relationship type; remove it."
        found.add(path, "INVALID", f"{layout.where}: {message}")
    elif name not in known.relationship_types:
        found.add(
            path,
            "NOT_FOUND",
            f"{layout.where}: there is no relationship type {name!r}; "
            f"use one of: {listed(known.relationship_types)}.",
        )


def _check_defaults(
    layouts: list[tuple[ReadLayout, LayoutEntry]], found: Problems
) -> None:
    defaults = [(x, e) for x, e in layouts if e.is_default]
    for (first, a), (second, b) in combinations(defaults, 2):
        if (a.kind, a.relationship_type) == (b.kind, b.relationship_type):
            found.add(
                (*second.path, "is_default"),
                "DUPLICATE",
                f"{second.where}: {first.where} is already the default of this kind and "
                "type; keep one.",
            )
    for layout, entry in defaults:
        if entry.status != "PUBLISHED":
            message = "a draft can't be the default; publish it or choose another."
            found.add((*layout.path, "status"), "INVALID", f"{layout.where}: {message}")
    for kind in KINDS:
        if not any(e.kind == kind for _, e in defaults):
            found.add(
                ("layouts",),
                "REQUIRED",
                f"No layout is the default of {KIND_WORDS[kind]}; "
                f"write is_default: true at one of kind {kind}.",
            )


def _check_counts(entries: list[LayoutEntry], limits: Limits, found: Problems) -> None:
    groups: dict[tuple[str, str | None], int] = {}
    for entry in entries:
        group = (entry.kind, entry.relationship_type)
        groups[group] = groups.get(group, 0) + 1
    for (kind, name), count in groups.items():
        company = kind == "COMPANY"
        most = limits.company_layouts if company else limits.layouts_per_type
        if count > most:
            whose = f"relationships of type {name}" if name else KIND_WORDS[kind]
            found.add(
                ("layouts",),
                "LIMIT_EXCEEDED",
                f"There are {count} layouts for {whose}; at most {most} are kept.",
            )


def _check_placements(layout: ReadLayout, known: Known, found: Problems) -> None:
    seen: dict[str, int] = {}
    held: dict[str, int] = {}
    kind = None if layout.entry is None else layout.entry.kind
    for placement in layout.placements:
        key, section = placement.instance_key, placement.section
        seen[key] = seen.get(key, 0) + 1
        held[section] = held.get(section, 0) + 1
        if seen[key] == 2:
            found.add(
                (*placement.path, "instance_key"),
                "DUPLICATE",
                f"{placement.where}: the layout has this instance key twice; "
                "give one of them an instance_key of its own.",
            )
        _check_section(placement, kind, held[section], known, found)
    if len(layout.placements) > known.limits.placements:
        found.add(
            (*layout.path, "placements"),
            "LIMIT_EXCEEDED",
            f"{layout.where}: {len(layout.placements)} placements; "
            f"at most {known.limits.placements} fit a page.",
        )


def _check_section(
    placement: ReadPlacement, kind: str | None, nth: int, known: Known, found: Problems
) -> None:
    section, path = placement.section, (*placement.path, "section")
    if section in known.uninstalled:
        return
    facts = known.sections.get(section)
    if facts is None:
        if placement.shared is None:  # else it was noted at the shared section
            _unknown_section(placement.path, placement.where, section, known, found)
        return
    if kind is not None and kind not in facts.kinds:
        kinds = " and ".join(KIND_WORDS[k] for k in sorted(facts.kinds))
        message = f"{facts.key} is a section of {kinds} only; remove it."
        found.add(path, "INVALID", f"{placement.where}: {message}")
    if facts.max_instances is not None and nth > facts.max_instances:
        found.add(
            path,
            "LIMIT_EXCEEDED",
            f"{placement.where}: a layout holds at most "
            f"{facts.max_instances} of {facts.key}; remove this one.",
        )
    at, where = placement.path, placement.where
    ignored = Problems()  # of a shared section's settings: they are noted there
    noted = found if placement.shared is None else ignored
    settings = _settings(at, where, placement.config, facts, known, noted)
    _check_paths(placement, kind, settings, known, found)


def check_shared(shared: Iterable[ReadShared], known: Known, found: Problems) -> None:
    """Note what is wrong with shared sections: keys, sections, settings."""
    seen: dict[str, str] = {}
    for one in shared:
        first = seen.setdefault(one.entry.key, one.where)
        if first is not one.where:
            found.add(
                (*one.path, "key"),
                "DUPLICATE",
                f"{one.where}: another shared section has this key; give one of them "
                "another.",
            )
        section = one.entry.section
        if section in known.uninstalled:
            continue
        facts = known.sections.get(section)
        if facts is None:
            _unknown_section(one.path, one.where, section, known, found)
        else:
            _settings(one.path, one.where, one.entry.config, facts, known, found)


def _unknown_section(
    path: Path, where: str, section: str, known: Known, found: Problems
) -> None:
    found.add(
        (*path, "section"),
        "NOT_FOUND",
        f"{where}: there is no section {section!r}; install it or "
        f"use one of: {listed(known.sections)}.",
    )


def _settings(
    path: Path,
    where: str,
    config: Mapping[str, Any],
    facts: SectionFacts,
    known: Known,
    found: Problems,
) -> BaseModel | None:
    """The settings in the section's model; notes what does not fit it."""
    model, at = known.configs.get(facts.key), (*path, "config")
    if not config and facts.requires_config:
        return None
    if model is not None:
        return found.read(model, config, at, where)
    if config:
        message = f"{facts.key} has no settings; remove config."
        found.add(at, "UNKNOWN_FIELD", f"{where}: {message}")
    return None


def _check_paths(
    placement: ReadPlacement,
    kind: str | None,
    settings: BaseModel | None,
    known: Known,
    found: Problems,
) -> None:
    """Note the fields that settings name in `paths(kind)` and that no record has."""
    named = getattr(settings, "paths", None)
    for of, name in named(kind) if kind and callable(named) else ():
        existing = known.paths.get(of)
        if existing is None or name in existing:
            continue
        near = ", ".join(get_close_matches(name, existing, 5))
        found.add(
            (*placement.path, "config"),
            "NOT_FOUND",
            f"{placement.where}: there is no field {name!r} of {KIND_WORDS[of]}; "
            f"{f'near it are {near}' if near else 'remove it'}.",
        )
