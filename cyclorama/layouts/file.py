"""The layout file: all layouts and assignments of an organisation as YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from cyclorama.layouts.assignment_checks import check_assignments
from cyclorama.layouts.checks import (
    Known,
    Limits,
    ReadAssignment,
    ReadLayout,
    ReadPlacement,
    check_layouts,
)
from cyclorama.layouts.entries import (
    AssignmentEntry,
    ClauseEntry,
    LayoutEntry,
    LayoutFile,
    PlacementEntry,
    layout_schema,
)
from cyclorama.layouts.model import (
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Placement,
    SectionFacts,
    stamped,
)
from cyclorama.layouts.problems import (
    LayoutFileError,
    Path,
    Problem,
    Problems,
)
from cyclorama.layouts.yaml_text import Flow, YamlTextError, read_yaml, write_yaml

__all__ = [
    "LayoutFileError",
    "Limits",
    "Problem",
    "export_layouts",
    "layout_schema",
    "parse_layouts",
]

_HEADER = """\
# yaml-language-server: $schema=layout.schema.json
# All layouts and who gets them. What is removed here is removed when it is applied.

"""


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
) -> LayoutBook:
    """The layouts of a file, in its order, at version 1.

    `attributes` are those of records by kind, `paths` the fields that settings may
    name (None: any); `viewer_attributes` None allows any.
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
    )
    raw = _document(text, found)
    layouts = [_layout(x, n, found) for n, x in enumerate(raw["layouts"])]
    assignments = [
        read
        for n, x in enumerate(raw["assignments"])
        if (read := _assignment(x, n, found)) is not None
    ]
    check_layouts(layouts, known, found)
    check_assignments(assignments, layouts, known, found)
    if found.found:
        raise LayoutFileError(found.found)
    book = LayoutBook(
        tuple(_to_layout(x, x.entry) for x in layouts if x.entry is not None),
        tuple(_to_assignment(x) for x in assignments),
    )
    return stamped(book, sections)


def _document(text: str, found: Problems) -> dict[str, list[Any]]:
    """The file's two lists; raises where there is nothing to look into."""
    try:
        raw = read_yaml(text)
    except YamlTextError as error:
        raise LayoutFileError([Problem((), "INVALID", str(error))]) from None
    if not isinstance(raw, dict):
        message = "The file has to hold the lists layouts and assignments."
        raise LayoutFileError([Problem((), "TYPE", message)])
    parts = {name: raw.get(name) for name in ("layouts", "assignments")}
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
    own = isinstance(placement, dict) and placement.get("instance_key") is not None
    return "instance_key" if own else "section"


def _layout(raw: Any, number: int, found: Problems) -> ReadLayout:
    path: Path = ("layouts", number)
    where = _called("Layout", raw, "key", number)
    entry = found.read(LayoutEntry, _without(raw, "placements"), path, where)
    placements: list[ReadPlacement] = []
    for n, held in enumerate(_list(raw, "placements")):
        inside = f"{where}, {_called('placement', held, _naming(held), n)}"
        at = (*path, "placements", n)
        placement = found.read(PlacementEntry, held, at, inside)
        if placement is not None:
            placements.append(ReadPlacement(at, inside, placement))
    return ReadLayout(path, where, entry, tuple(placements))


def _assignment(raw: Any, number: int, found: Problems) -> ReadAssignment | None:
    path: Path = ("assignments", number)
    where = _called("Assignment", raw, "name", number)
    entry = found.read(AssignmentEntry, _without(raw, "viewer", "record"), path, where)
    clauses = [
        (at, subject, clause)
        for subject in ("viewer", "record")
        for n, held in enumerate(_list(raw, subject))
        if (at := (*path, subject, n))
        and (clause := found.read(ClauseEntry, held, at, f"{where}, {subject}"))
    ]
    if entry is None:
        return None
    return ReadAssignment(path, where, entry, tuple(clauses))


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
        section=entry.section,
        label=entry.label,
        icon=entry.icon,
        surfaces=tuple(entry.surfaces),
        config=entry.config,
    )


def _to_assignment(read: ReadAssignment) -> Assignment:
    entry = read.entry
    sides: dict[str, list[Clause]] = {"viewer": [], "record": []}
    for _, subject, c in read.clauses:
        sides[subject].append(Clause(c.attribute, c.operator, tuple(c.values)))
    return Assignment(
        rank=entry.rank,
        name=entry.name,
        layout=entry.layout,
        enabled=entry.enabled,
        viewer=tuple(sides["viewer"]),
        record=tuple(sides["record"]),
    )


def export_layouts(book: LayoutBook) -> str:
    """The file that reads as this book; what is as usual is left out."""
    return _HEADER + write_yaml(book_as_data(book, Flow))


def book_as_data(book: LayoutBook, short: Any = lambda value: value) -> dict[str, Any]:
    """The book in the shape of the file; `short` wraps what fits on a line."""
    return {
        "layouts": [_layout_data(layout, short) for layout in book.layouts],
        "assignments": [_assignment_data(a, short) for a in book.assignments],
    }


def _layout_data(layout: Layout, short: Any) -> dict[str, Any]:
    return _unusual(
        {
            "key": layout.key,
            "kind": layout.kind,
            "relationship_type": layout.relationship_type,
            "name": layout.name,
            "description": layout.description,
            "is_default": layout.is_default,
            "status": layout.status,
            "placements": [_placement_data(p, short) for p in layout.placements],
        },
        LayoutEntry,
    )


def _placement_data(placement: Placement, short: Any) -> dict[str, Any]:
    own_key = placement.instance_key != placement.section
    surfaces = list(placement.surfaces)
    return _unusual(
        {
            "section": placement.section,
            "instance_key": placement.instance_key if own_key else None,
            "label": placement.label,
            "icon": placement.icon,
            "surfaces": surfaces if surfaces == ["PAGE"] else short(surfaces),
            "config": placement.config,
        },
        PlacementEntry,
    )


def _assignment_data(assignment: Assignment, short: Any) -> dict[str, Any]:
    return _unusual(
        {
            "rank": assignment.rank,
            "name": assignment.name,
            "layout": assignment.layout,
            "enabled": assignment.enabled,
            "viewer": [short(_clause_data(c)) for c in assignment.viewer],
            "record": [short(_clause_data(c)) for c in assignment.record],
        },
        AssignmentEntry,
    )


def _clause_data(clause: Clause) -> dict[str, Any]:
    return _unusual(
        {
            "attribute": clause.attribute,
            "operator": clause.operator,
            "values": list(clause.values),
        },
        ClauseEntry,
    )


def _unusual(data: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Without what the model would assume anyway."""
    fields = model.model_fields
    return {k: v for k, v in data.items() if v != fields[k].default}
