"""The demo's own layout: what its CSMs get, so that each demo user has another page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cyclorama.layouts.clauses import GROUPS
from cyclorama.layouts.model import Assignment, Clause, Layout, LayoutBook, Placement

KEY = "demo_success"
LABELS = {"usage": "Adoption", "relationships": "Products", "support": "Tickets"}


def with_demo_layout(book: LayoutBook) -> LayoutBook:
    """The book with the demo's layout for CSMs, made of the preset that they had; the
    same book where it is there already or the preset is missing."""
    held = {layout.key: layout for layout in book.layouts}
    if KEY in held or "csm" not in held:
        return book
    ranks = [a.rank for a in book.assignments]
    assignment = Assignment(
        rank=min(ranks, default=2) - 1,
        name="Customer success at the demo",
        layout=KEY,
        viewer=(Clause(GROUPS, "IN_GROUP", ("csm",)),),
    )
    return LayoutBook(
        layouts=(*book.layouts, _layout(held["csm"])),
        assignments=(assignment, *book.assignments),
    )


def _layout(preset: Layout) -> Layout:
    placements = [p for held in preset.placements for p in _placements(held)]
    return replace(
        preset,
        key=KEY,
        name="Customer success",
        description="The demo's page for CSMs: sections renamed, Attributes twice.",
        is_default=False,
        placements=tuple(placements),
    )


def _placements(held: Placement) -> Iterator[Placement]:
    """The placement, renamed; Attributes once for each of its groups."""
    groups = held.config.get("groups", ())
    if held.section != "attributes" or len(groups) < 2:
        yield replace(held, label=LABELS.get(held.section, held.label))
        return
    for group in groups:
        label = str(group["label"])
        key = f"{held.instance_key}_{label.lower()}"
        yield replace(held, instance_key=key, label=label, config={"groups": [group]})
