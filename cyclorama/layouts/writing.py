"""The layout file that a book is written as: YAML, without what is as usual."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from cyclorama.layouts.entries import (
    AssignmentEntry,
    ClauseEntry,
    LayoutEntry,
    LayoutFile,
    PinEntry,
    PlacementEntry,
    SharedEntry,
)
from cyclorama.layouts.model import (
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Pin,
    Placement,
    SharedSection,
)

_HEADER = """\
# yaml-language-server: $schema=layout.schema.json
# All layouts and who gets them. What is removed here is removed when it is applied.

"""


def export_layouts(book: LayoutBook) -> str:
    """The file that reads as this book; what is as usual is left out."""
    from cyclorama.layouts.yaml_text import Flow, write_yaml

    return _HEADER + write_yaml(book_as_data(book, Flow))


def book_as_data(book: LayoutBook, short: Any = lambda value: value) -> dict[str, Any]:
    """The book in the shape of the file; `short` wraps what fits on a line."""
    data = {
        "shared_sections": [_shared_data(s) for s in book.shared],
        "layouts": [_layout_data(layout, short) for layout in book.layouts],
        "assignments": [_assignment_data(a, short) for a in book.assignments],
        "pins": [_pin_data(p, short) for p in book.pins],
    }
    usual = LayoutFile.model_fields
    return {
        k: v
        for k, v in data.items()
        if k in ("layouts", "assignments") or v != usual[k].default
    }


def _shared_data(shared: SharedSection) -> dict[str, Any]:
    return _unusual(
        {
            "key": shared.key,
            "section": shared.section,
            "name": shared.name,
            "config": shared.config,
        },
        SharedEntry,
    )


def _pin_data(pin: Pin, short: Any) -> dict[str, Any]:
    return _unusual(
        {
            "record": pin.record,
            "layout": pin.layout,
            "viewer": [short(_clause_data(c)) for c in pin.viewer],
        },
        PinEntry,
    )


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
            "section": placement.section if placement.shared is None else None,
            "shared": placement.shared,
            "instance_key": placement.instance_key if own_key else None,
            "label": placement.label,
            "icon": placement.icon,
            "surfaces": surfaces if surfaces == ["PAGE"] else short(surfaces),
            "config": placement.config if placement.shared is None else {},
            "decoupled_from": placement.decoupled_from,
            "decoupled_version": placement.decoupled_version,
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
            "valid_from": assignment.valid_from and str(assignment.valid_from),
            "valid_until": assignment.valid_until and str(assignment.valid_until),
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
