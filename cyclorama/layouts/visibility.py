"""What a viewer may see on any record at all: the assignments, evaluated in part.

What is known of the viewer decides; what needs the record or the day stays open. The
answer can say too much, never too little.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cyclorama.layouts.clauses import holds
from cyclorama.layouts.model import (
    KINDS,
    Clause,
    Layout,
    LayoutBook,
    LayoutList,
    SectionFacts,
)
from cyclorama.layouts.resolution import fallback

Residual = list[tuple[Layout, tuple[Clause, ...]]]
"""Layouts, each with the conditions on the record that are left; the first whose
conditions hold wins, and the last has none."""


def residual(listed: LayoutList, viewer: Mapping[str, Any], kind: str) -> Residual:
    """What is left to decide of a list of layouts once the viewer is known."""
    found: Residual = []
    for assignment, layout in listed.assignments:
        if not assignment.enabled or layout.status != "PUBLISHED":
            continue
        if not all(holds(c, viewer.get(c.attribute)) for c in assignment.viewer):
            continue
        found.append((layout, assignment.record))
        is_dated = assignment.valid_from or assignment.valid_until
        if not assignment.record and not is_dated:
            return found
    return [*found, (fallback(listed, kind), ())]


def reachable(
    book: LayoutBook, viewer: Mapping[str, Any], sections: Mapping[str, SectionFacts]
) -> frozenset[tuple[str, str]]:
    """Kind and key of every section that the viewer gets on some record, on whatever
    surface."""
    return frozenset(
        (kind, placement.section)
        for kind, listed in _lists(book)
        for layout in (
            *(layout for layout, _ in residual(listed, viewer, kind)),
            *_pinned(book, listed, viewer),
        )
        for placement in layout.placements
        if _is_offered(sections.get(placement.section), kind)
    )


def everywhere(
    book: LayoutBook, viewer: Mapping[str, Any], sections: Mapping[str, SectionFacts]
) -> frozenset[tuple[str, str]]:
    """Kind and key of every section that the viewer gets on all records of the kind,
    whatever they hide for themselves."""
    held: dict[str, list[frozenset[str]]] = {kind: [] for kind in KINDS}
    for kind, listed in _lists(book):
        for layout in (
            *(layout for layout, _ in residual(listed, viewer, kind)),
            *_pinned(book, listed, viewer),
        ):
            held[kind].append(
                frozenset(
                    p.section
                    for p in layout.placements
                    if "PAGE" in p.surfaces
                    and _is_offered(sections.get(p.section), kind)
                )
            )
    return frozenset(
        (kind, key)
        for kind, layouts in held.items()
        if layouts
        for key in frozenset.intersection(*layouts)
    )


def _lists(book: LayoutBook) -> Iterator[tuple[str, LayoutList]]:
    """The lists of layouts that records may meet: one for a relationship type that has
    layouts of its own, one for all other records of a kind."""
    for kind in KINDS:
        types = {x.relationship_type for x in book.layouts if x.kind == kind}
        for type_ in {None, *types}:
            yield kind, book.list_for(kind, type_)


def _pinned(
    book: LayoutBook, listed: LayoutList, viewer: Mapping[str, Any]
) -> Iterator[Layout]:
    """The layouts that are pinned to records for this viewer."""
    for pin in book.pins:
        layout = listed.layouts.get(pin.layout)
        if layout is None or layout.status != "PUBLISHED":
            continue
        if all(holds(c, viewer.get(c.attribute)) for c in pin.viewer):
            yield layout


def _is_offered(facts: SectionFacts | None, kind: str) -> bool:
    return facts is not None and facts.enabled and kind in facts.kinds
