"""The layout file: all layouts and assignments of an organisation as YAML."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, TypeVar

from pydantic import BaseModel

from cyclorama.layouts.assignment_checks import check_assignments, check_pins
from cyclorama.layouts.checks import (
    Known,
    Limits,
    ReadAssignment,
    ReadLayout,
    ReadPin,
    ReadPlacement,
    ReadShared,
    check_layouts,
    check_shared,
)
from cyclorama.layouts.entries import (
    AssignmentEntry,
    ClauseEntry,
    LayoutEntry,
    LayoutFile,
    PinEntry,
    PlacementEntry,
    SharedEntry,
    layout_schema,
)
from cyclorama.layouts.model import (
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Pin,
    Placement,
    SectionFacts,
    SharedSection,
    stamped,
)
from cyclorama.layouts.problems import (
    LayoutFileError,
    Path,
    Problem,
    Problems,
    listed,
)
from cyclorama.layouts.writing import book_as_data, export_layouts

__all__ = [
    "LayoutFileError",
    "Limits",
    "Problem",
    "book_as_data",
    "export_layouts",
    "layout_schema",
    "parse_layouts",
]
R = TypeVar("R")
_PARTS = ("layouts", "assignments", "shared_sections", "pins")


def parse_layouts(
    text: str,
    *,
    sections: Mapping[str, SectionFacts],
    configs: Mapping[str, type[BaseModel]],
    attributes: Mapping[str, frozenset[str]],
    viewer_attributes: frozenset[str] | None,
    groups: frozenset[str],
    relationship_types: frozenset[str],
    paths: Mapping[str, frozenset[str]] | None = None,
    limits: Limits | None = None,
    uninstalled: frozenset[str] = frozenset(),
) -> LayoutBook:
    """The layouts of a file, in its order, at version 1.

    `attributes` are those of records by kind, `paths` the fields that settings may
    name (None: any); `viewer_attributes` None allows any; sections that are
    `uninstalled` may stand as they are, their settings unread.
    Raises `LayoutFileError` with every problem of the file.
    """
    found = Problems()
    known = Known(
        sections=sections,
        configs=configs,
        attributes=attributes,
        viewer_attributes=viewer_attributes,
        groups=groups,
        relationship_types=relationship_types,
        paths=paths or {},
        limits=limits or Limits(),
        uninstalled=uninstalled,
    )
    return stamped(_checked(text, known, found), sections)


def _checked(text: str, known: Known, found: Problems) -> LayoutBook:
    """The book of a file in which nothing is wrong."""
    raw = _document(text, found)
    shared = _read(_shared, raw["shared_sections"], found)
    by_key = {x.entry.key: x.entry for x in shared}
    layouts = [_layout(x, n, by_key, found) for n, x in enumerate(raw["layouts"])]
    assignments = _read(_assignment, raw["assignments"], found)
    pins = _read(_pin, raw["pins"], found)
    check_shared(shared, known, found)
    check_layouts(layouts, known, found)
    check_assignments(assignments, layouts, known, found)
    check_pins(pins, layouts, known, found)
    if found.found:
        raise LayoutFileError(found.found)
    return _book(layouts, assignments, shared, pins)


def _book(
    layouts: list[ReadLayout],
    assignments: list[Any],
    shared: list[Any],
    pins: list[Any],
) -> LayoutBook:
    return LayoutBook(
        tuple(_to_layout(x, x.entry) for x in layouts if x.entry is not None),
        tuple(_to_assignment(x) for x in assignments),
        tuple(_to_shared(x.entry) for x in shared),
        tuple(_to_pin(x) for x in pins),
    )


def _read(
    read: Callable[[Any, int, Problems], R | None], raw: list[Any], found: Problems
) -> list[R]:
    """What can be read of a list of the file."""
    made = (read(x, n, found) for n, x in enumerate(raw))
    return [x for x in made if x is not None]


def _document(text: str, found: Problems) -> dict[str, list[Any]]:
    """The file's two lists; raises where there is nothing to look into."""
    from cyclorama.layouts.yaml_text import YamlTextError, read_yaml

    try:
        raw = read_yaml(text)
    except YamlTextError as error:
        raise LayoutFileError([Problem((), "INVALID", str(error))]) from None
    if not isinstance(raw, dict):
        message = "The file has to hold the lists layouts and assignments."
        raise LayoutFileError([Problem((), "TYPE", message)])
    parts = {name: raw.get(name) for name in _PARTS}
    lists = {k: v if isinstance(v, list) else [] for k, v in parts.items()}
    broken = {k: v for k, v in raw.items() if not (k in parts and isinstance(v, list))}
    hollow: dict[str, Any] = {name: [] for name in parts if name in raw}
    found.read(LayoutFile, {**hollow, **broken}, (), "File")
    return lists


def _list(raw: Any, name: str) -> list[Any]:
    held = raw.get(name) if isinstance(raw, dict) else None
    return held if isinstance(held, list) else []


def _without(raw: Any, *names: str) -> Any:
    """The value with its lists of these names emptied, to be looked at one by one."""
    if not isinstance(raw, dict):
        return raw
    emptied: dict[str, list[Any]] = {
        n: [] for n in names if isinstance(raw.get(n), list)
    }
    return {**raw, **emptied}


def _called(what: str, raw: Any, name: str, number: int) -> str:
    value = raw.get(name) if isinstance(raw, dict) else None
    return f"{what} {value!r}" if isinstance(value, str) else f"{what} no. {number + 1}"


def _naming(placement: Any) -> str:
    held = placement if isinstance(placement, dict) else {}
    names = ("instance_key", "section", "shared")
    return next((n for n in names if held.get(n) is not None), "section")


def _shared(raw: Any, number: int, found: Problems) -> ReadShared | None:
    path: Path = ("shared_sections", number)
    where = _called("Shared section", raw, "key", number)
    entry = found.read(SharedEntry, raw, path, where)
    return None if entry is None else ReadShared(path, where, entry)


def _layout(
    raw: Any, number: int, shared: Mapping[str, SharedEntry], found: Problems
) -> ReadLayout:
    path: Path = ("layouts", number)
    where = _called("Layout", raw, "key", number)
    entry = found.read(LayoutEntry, _without(raw, "placements"), path, where)
    placements: list[ReadPlacement] = []
    for n, held in enumerate(_list(raw, "placements")):
        inside = f"{where}, {_called('placement', held, _naming(held), n)}"
        at = (*path, "placements", n)
        placement = found.read(PlacementEntry, held, at, inside)
        if placement is not None and _is_whole(placement, at, inside, shared, found):
            used = shared.get(placement.shared or "")
            placements.append(ReadPlacement(at, inside, placement, used))
    return ReadLayout(path, where, entry, tuple(placements))


def _is_whole(
    entry: PlacementEntry,
    path: Path,
    where: str,
    shared: Mapping[str, SharedEntry],
    found: Problems,
) -> bool:
    """Whether a placement says which section it is; notes what is wrong with that."""
    if entry.shared is None:
        if entry.section is None:
            message = "section is missing; add it."
            found.add((*path, "section"), "REQUIRED", f"{where}: {message}")
        if (entry.decoupled_from is None) != (entry.decoupled_version is None):
            message = "write decoupled_from and decoupled_version both, or neither."
            found.add((*path, "decoupled_from"), "INVALID", f"{where}: {message}")
        return entry.section is not None
    own = ("section", "config", "decoupled_from", "decoupled_version")
    for name in own:
        if getattr(entry, name):
            message = f"a shared section brings its own {name}; remove it."
            if name.startswith("decoupled"):
                message = f"it is coupled to {entry.shared!r}; remove {name}."
            found.add((*path, name), "INVALID", f"{where}: {message}")
    if entry.shared not in shared:
        message = (
            f"there is no shared section {entry.shared!r} in the file; use one of: "
            f"{listed(shared)}."
        )
        found.add((*path, "shared"), "NOT_FOUND", f"{where}: {message}")
    return entry.shared in shared


def _assignment(raw: Any, number: int, found: Problems) -> ReadAssignment | None:
    path: Path = ("assignments", number)
    where = _called("Assignment", raw, "name", number)
    entry = found.read(AssignmentEntry, _without(raw, "viewer", "record"), path, where)
    clauses = [
        clause
        for side in ("viewer", "record")
        for clause in _clauses(raw, side, path, where, found)
    ]
    return None if entry is None else ReadAssignment(path, where, entry, tuple(clauses))


def _pin(raw: Any, number: int, found: Problems) -> ReadPin | None:
    path: Path = ("pins", number)
    where = _called("Pin", raw, "record", number)
    entry = found.read(PinEntry, _without(raw, "viewer"), path, where)
    clauses = _clauses(raw, "viewer", path, where, found)
    return None if entry is None else ReadPin(path, where, entry, tuple(clauses))


def _clauses(
    raw: Any, side: str, path: Path, where: str, found: Problems
) -> Iterator[tuple[Path, str, ClauseEntry]]:
    for n, held in enumerate(_list(raw, side)):
        at = (*path, side, n)
        clause = found.read(ClauseEntry, held, at, f"{where}, {side}")
        if clause is not None:
            yield at, side, clause


def _to_layout(read: ReadLayout, entry: LayoutEntry) -> Layout:
    return Layout(
        key=entry.key,
        kind=entry.kind,
        relationship_type=entry.relationship_type,
        name=entry.name,
        description=entry.description,
        is_default=entry.is_default,
        status=entry.status,
        placements=tuple(_to_placement(p) for p in read.placements),
    )


def _to_placement(read: ReadPlacement) -> Placement:
    entry = read.entry
    return Placement(
        instance_key=read.instance_key,
        section=read.section,
        label=entry.label,
        icon=entry.icon,
        surfaces=tuple(entry.surfaces),
        config=read.config,
        shared=entry.shared,
        decoupled_from=entry.decoupled_from,
        decoupled_version=entry.decoupled_version,
    )


def _to_shared(entry: SharedEntry) -> SharedSection:
    return SharedSection(entry.key, entry.section, entry.name, entry.config)


def _to_pin(read: ReadPin) -> Pin:
    return Pin(
        read.entry.record,
        read.entry.layout,
        tuple(_to_clause(c) for _, _, c in read.clauses),
    )


def _to_clause(entry: ClauseEntry) -> Clause:
    return Clause(entry.attribute, entry.operator, tuple(entry.values))


def _to_assignment(read: ReadAssignment) -> Assignment:
    entry = read.entry
    sides: dict[str, list[Clause]] = {"viewer": [], "record": []}
    for _, subject, c in read.clauses:
        sides[subject].append(_to_clause(c))
    return Assignment(
        rank=entry.rank,
        name=entry.name,
        layout=entry.layout,
        enabled=entry.enabled,
        viewer=tuple(sides["viewer"]),
        record=tuple(sides["record"]),
        valid_from=_to_day(entry.valid_from),
        valid_until=_to_day(entry.valid_until),
    )


def _to_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
