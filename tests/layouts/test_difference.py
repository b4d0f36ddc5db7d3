"""What changes between books, in words; the digest of what a book says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from some_books import books

from cyclorama.layouts.difference import changes, digest
from cyclorama.layouts.model import (
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Pin,
    Placement,
    SharedSection,
)

CSM = (Clause("groups", "IN_GROUP", ("csm",)),)
BASE = Layout(
    "base",
    "COMPANY",
    None,
    "Base",
    is_default=True,
    placements=tuple(Placement(k, k) for k in ("summary", "notes", "usage")),
)
BOOK = LayoutBook((BASE,), (Assignment(10, "CSMs", "base", viewer=CSM),))


def said(old: LayoutBook, new: LayoutBook) -> list[tuple[str, str]]:
    return [(c.kind, c.detail) for c in changes(old, new)]


def placed(*placements: Placement) -> LayoutBook:
    return LayoutBook((replace(BASE, placements=placements),), BOOK.assignments)


def test_a_book_differs_from_itself_in_nothing() -> None:
    turned = LayoutBook(BOOK.layouts[::-1], BOOK.assignments[::-1])
    assert changes(BOOK, turned) == []


def test_sections_that_come_go_move_and_change_are_told() -> None:
    summary, notes, usage = BASE.placements
    assert said(BOOK, placed(notes, usage, summary)) == [
        ("SECTION_MOVED", "summary moves from place 1 to 3.")
    ]
    more = Placement("n2", "notes")
    assert said(BOOK, placed(summary, more, notes)) == [
        ("SECTION_ADDED", "n2 (notes) is added at place 2."),
        ("SECTION_REMOVED", "usage is removed."),
    ]
    changed = replace(notes, label="Remarks", config={"a": 1})
    assert said(BOOK, placed(summary, changed, usage)) == [
        ("SECTION_CHANGED", "notes: label none becomes 'Remarks'; settings change: a.")
    ]


def test_layouts_that_come_go_and_change_are_told() -> None:
    draft = Layout("new", "COMPANY", None, "New", status="DRAFT")
    renamed = replace(BASE, name="Other", is_default=False)
    old = LayoutBook((BASE, replace(draft, key="old", name="Old")))
    assert said(old, LayoutBook((renamed, draft))) == [
        (
            "LAYOUT_CHANGED",
            "Other: name 'Base' becomes 'Other'; default yes becomes no.",
        ),
        ("LAYOUT_ADDED", "New is added as a draft, with no sections."),
        ("LAYOUT_REMOVED", "Old is removed."),
    ]


def test_assignments_are_recognised_by_their_names() -> None:
    later = replace(
        BOOK.assignments[0],
        rank=20,
        record=(Clause("arr", "GT", (5,)),),
        valid_from=date(2026, 4, 1),
    )
    other = Assignment(5, "All", "base", enabled=False)
    assert said(BOOK, replace(BOOK, assignments=(later, other))) == [
        (
            "ASSIGNMENT_CHANGED",
            "Assignment 20 'CSMs': rank 10 becomes 20; it was for viewer groups hold the "
            "group csm, and is for viewer groups hold the group csm and record arr is "
            "more than 5, from 2026-04-01 on.",
        ),
        (
            "ASSIGNMENT_ADDED",
            "Assignment 5 'All' is added: everybody on every record, disabled.",
        ),
    ]
    assert said(BOOK, replace(BOOK, assignments=()))[0][0] == "ASSIGNMENT_REMOVED"


def test_shared_sections_and_pins_are_told() -> None:
    shared = SharedSection("notes", "notes", "Notes", {"a": 1})
    pin = Pin("company_1", "base")
    full = replace(BOOK, shared=(shared,), pins=(pin,))
    assert said(BOOK, full) == [
        ("SHARED_SECTION_ADDED", "Shared section 'notes' (notes) is added."),
        ("PIN_ADDED", "company_1 gets base for everybody on every record."),
    ]
    other = replace(
        full,
        shared=(replace(shared, config={"a": True}),),
        pins=(replace(pin, viewer=CSM),),
    )
    assert [kind for kind, _ in said(full, other)] == [
        "SHARED_SECTION_CHANGED",
        "PIN_CHANGED",
    ]
    assert [kind for kind, _ in said(full, BOOK)] == [
        "SHARED_SECTION_REMOVED",
        "PIN_REMOVED",
    ]


@settings(deadline=None)
@given(books(("company_1",)), books(("company_1",)))
def test_changes_are_told_exactly_where_books_differ(
    old: LayoutBook, new: LayoutBook
) -> None:
    assert (changes(old, new) == []) == (digest(old) == digest(new))
    assert changes(new, new) == []
