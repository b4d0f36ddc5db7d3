"""Resolution: candidates, ranks, defaults, what is withheld, the trail."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from some_books import SECTIONS as BOOK_SECTIONS
from some_books import TYPES, books

from cyclorama.layouts.explanation import explain
from cyclorama.layouts.model import (
    KINDS,
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Placement,
    SectionFacts,
)
from cyclorama.layouts.resolution import Resolution, record_attributes, resolve

TODAY = date(2026, 3, 2)
SECTIONS = {key: SectionFacts(key, key.title()) for key in ("summary", "attributes")}


def layout(key: str, **given: Any) -> Layout:
    values = {
        "kind": "COMPANY",
        "relationship_type": None,
        "name": key.title(),
        **given,
    }
    return Layout(key=key, **values)


def typed(key: str, relationship_type: str | None, **given: Any) -> Layout:
    return layout(
        key, kind="RELATIONSHIP", relationship_type=relationship_type, **given
    )


def ask(
    book: LayoutBook,
    *,
    viewer: dict[str, Any] | None = None,
    record: dict[str, Any] | None = None,
    kind: str = "COMPANY",
    relationship_type: str | None = None,
    surface: str = "PAGE",
    today: date = TODAY,
    sections: dict[str, SectionFacts] | None = None,
) -> Resolution:
    return resolve(
        book,
        viewer=viewer or {"groups": frozenset()},
        record=record or {},
        kind=kind,
        relationship_type=relationship_type,
        today=today,
        surface=surface,
        sections=SECTIONS if sections is None else sections,
    )


def two(*assignments: Assignment, **second: Any) -> LayoutBook:
    return LayoutBook(
        (layout("base", is_default=True), layout("other", **second)), assignments
    )


def test_without_any_layout_the_built_in_default_answers() -> None:
    for kind, key in (("COMPANY", "default"), ("RELATIONSHIP", "default_relationship")):
        found = ask(LayoutBook(), kind=kind, relationship_type=None)
        assert found.layout.key == key
        assert [p.section for p in found.placements] == ["summary", "attributes"]


def test_a_draft_is_never_given() -> None:
    book = two(Assignment(1, "All", "other"), status="DRAFT")
    found = ask(book)
    assert found.layout.key == "base"
    assert found.trail[0].because == ("The layout is a draft.",)
    drafted = LayoutBook((layout("base", is_default=True, status="DRAFT"),))
    assert ask(drafted).layout.key == "default"


def test_a_disabled_assignment_is_skipped_but_traced() -> None:
    found = ask(two(Assignment(1, "All", "other", enabled=False)))
    assert found.layout.key == "base"
    assert [(t.matched, t.because) for t in found.trail] == [
        (False, ("The assignment is disabled.",))
    ]


def test_layouts_of_another_kind_or_type_are_no_candidates() -> None:
    book = LayoutBook(
        (layout("company", is_default=True), typed("product", "product")),
        (Assignment(1, "All", "product"),),
    )
    assert ask(book).trail == ()
    other = ask(book, kind="RELATIONSHIP", relationship_type="project")
    assert other.trail == ()
    assert other.layout.key == "default_relationship"
    same = ask(book, kind="RELATIONSHIP", relationship_type="product")
    assert same.layout.key == "product"


def test_the_default_of_the_type_comes_before_the_one_of_all_types() -> None:
    book = LayoutBook(
        (typed("any", None, is_default=True), typed("prod", "product", is_default=True))
    )
    given_for = {
        name: ask(book, kind="RELATIONSHIP", relationship_type=name).layout.key
        for name in ("product", "project")
    }
    assert given_for == {"product": "prod", "project": "any"}


def test_a_layout_without_type_serves_every_type() -> None:
    book = LayoutBook((typed("any", None),), (Assignment(1, "All", "any"),))
    found = ask(book, kind="RELATIONSHIP", relationship_type="whatever")
    assert found.layout.key == "any"


def test_without_a_default_the_built_in_one_shows_what_all_layouts_show() -> None:
    kept = tuple(Placement(s, s, config={"a": 1}) for s in ("notes", "summary"))
    book = LayoutBook((layout("one", placements=kept),))
    found = ask(book)
    assert [p.section for p in found.placements] == ["summary"]
    assert "what all layouts show" in "\n".join(explain(found))
    draft = LayoutBook((layout("one", placements=kept, status="DRAFT"),))
    assert [p.section for p in ask(draft).placements] == ["summary", "attributes"]
    other = LayoutBook((layout("one", placements=kept), layout("two")))
    assert ask(other).placements == ()


@settings(deadline=None)
@given(books(), st.sampled_from(KINDS), st.sampled_from((None, *TYPES)))
def test_who_is_matched_by_nothing_gets_no_more_than_any_layout_shows(
    book: LayoutBook, kind: str, type_: str | None
) -> None:
    type_ = None if kind == "COMPANY" else type_
    layouts = tuple(replace(x, is_default=False) for x in book.layouts)
    bare = replace(book, layouts=layouts, assignments=(), pins=())
    for given_book in (bare, replace(book, assignments=(), pins=())):
        found = ask(
            given_book, kind=kind, relationship_type=type_, sections=BOOK_SECTIONS
        )
        listed = given_book.list_for(kind, type_)
        published = [x for x in listed.layouts.values() if x.status == "PUBLISHED"]
        if listed.default is not None:
            assert found.layout is listed.default
            continue
        shown = {p.section for p in found.placements}
        for other in published:
            assert shown <= {p.section for p in other.placements}


def test_viewer_and_record_have_to_match() -> None:
    assignment = Assignment(
        1,
        "Big ones of the CSMs",
        "other",
        viewer=(Clause("groups", "IN_GROUP", ("csm",)),),
        record=(Clause("arr", "GT", (1000,)),),
    )
    book = two(assignment)
    csm, nobody = {"groups": frozenset({"csm"})}, {"groups": frozenset[str]()}
    assert ask(book, viewer=csm, record={"arr": 2000}).layout.key == "other"
    assert ask(book, viewer=csm, record={"arr": 20}).layout.key == "base"
    assert ask(book, viewer=csm, record={"arr": None}).layout.key == "base"
    assert ask(book, viewer=nobody, record={"arr": 2000}).layout.key == "base"


def test_what_the_viewer_lacks_is_null_and_what_the_record_lacks_does_not_exist() -> (
    None
):
    lacking = (Clause("region", "NEQ", ("emea",)),)
    assert ask(two(Assignment(1, "A", "other", viewer=lacking))).layout.key == "other"
    found = ask(two(Assignment(1, "A", "other", record=lacking)))
    assert found.layout.key == "base"
    assert found.trail[0].because == (
        "record region is not emea: no (there is no such attribute)",
    )


@pytest.mark.parametrize(
    ("facts", "placement", "surface", "reason"),
    [
        (None, {}, "PAGE", "PLUGIN_DISABLED"),
        ({"enabled": False}, {}, "PAGE", "PLUGIN_DISABLED"),
        ({"kinds": frozenset({"RELATIONSHIP"})}, {}, "PAGE", "KIND_NOT_SUPPORTED"),
        ({}, {}, "EMBED", "OTHER_SURFACE"),
        (
            {"surfaces": frozenset({"PAGE"})},
            {"surfaces": ("EMBED",)},
            "EMBED",
            "OTHER_SURFACE",
        ),
        ({"requires_config": True}, {}, "PAGE", "NOT_CONFIGURED"),
        ({"requires_config": True}, {"config": {"a": 1}}, "PAGE", None),
        ({}, {"surfaces": ("EMBED",)}, "EMBED", None),
    ],
)
def test_a_placement_is_withheld_with_the_reason(
    facts: dict[str, Any] | None,
    placement: dict[str, Any],
    surface: str,
    reason: str | None,
) -> None:
    held = layout(
        "base", is_default=True, placements=(Placement("u", "usage", **placement),)
    )
    sections = (
        {} if facts is None else {"usage": SectionFacts("usage", "Usage", **facts)}
    )
    found = ask(LayoutBook((held,)), surface=surface, sections=sections)
    assert [w.reason for w in found.withheld] == ([] if reason is None else [reason])
    assert len(found.placements) == (1 if reason is None else 0)


def test_placements_keep_the_order_of_the_layout() -> None:
    keys = ["b", "a", "c"]
    held = layout(
        "base", is_default=True, placements=tuple(Placement(k, "summary") for k in keys)
    )
    assert [p.instance_key for p in ask(LayoutBook((held,))).placements] == keys


CLAUSES = st.builds(
    Clause,
    st.sampled_from(["a", "b"]),
    st.sampled_from(["EQ", "NEQ", "IN", "GT"]),
    st.tuples(st.integers(0, 3)),
)
PREDICATES = st.lists(CLAUSES, max_size=3).map(tuple)
RECORDS = st.fixed_dictionaries(
    {name: st.none() | st.integers(0, 3) for name in ("a", "b")}
)


@st.composite
def books(draw: st.DrawFn) -> LayoutBook:
    layouts = tuple(layout(f"l{n}", is_default=n == 0) for n in range(4))
    ranks = draw(st.lists(st.integers(0, 50), unique=True, max_size=5))
    assignments = [
        Assignment(
            rank,
            f"A{rank}",
            draw(st.sampled_from([x.key for x in layouts])),
            enabled=draw(st.booleans()),
            viewer=draw(PREDICATES),
            record=draw(PREDICATES),
        )
        for rank in ranks
    ]
    return LayoutBook(layouts, tuple(assignments))


@given(books(), RECORDS, RECORDS, st.data())
def test_the_order_of_clauses_and_assignments_never_matters(
    book: LayoutBook,
    viewer: dict[str, Any],
    record: dict[str, Any],
    data: st.DataObject,
) -> None:
    mixed = [
        Assignment(
            a.rank,
            a.name,
            a.layout,
            a.enabled,
            tuple(data.draw(st.permutations(a.viewer))),
            tuple(data.draw(st.permutations(a.record))),
        )
        for a in data.draw(st.permutations(book.assignments))
    ]
    other = LayoutBook(book.layouts, tuple(mixed))
    mine, its = (ask(x, viewer=viewer, record=record) for x in (book, other))
    assert mine.layout == its.layout
    assert [(t.rank, t.matched) for t in mine.trail] == [
        (t.rank, t.matched) for t in its.trail
    ]


@given(books(), RECORDS, RECORDS)
def test_the_lowest_rank_that_matches_decides(
    book: LayoutBook, viewer: dict[str, Any], record: dict[str, Any]
) -> None:
    alone = {
        a.rank: ask(LayoutBook(book.layouts, (a,)), viewer=viewer, record=record)
        for a in book.assignments
    }
    matching = [rank for rank, found in alone.items() if found.trail[0].matched]
    found = ask(book, viewer=viewer, record=record)
    expected = alone[min(matching)].layout.key if matching else "l0"
    assert found.layout.key == expected
    assert [t.rank for t in found.trail] == sorted(
        r for r in alone if not matching or r <= min(matching)
    )
    assert [t.matched for t in found.trail][:-1] == [False] * max(
        len(found.trail) - 1, 0
    )


def test_an_empty_predicate_matches_everything() -> None:
    found = ask(two(Assignment(1, "All", "other")))
    assert found.layout.key == "other"
    assert found.trail[0].because == ("It has no conditions and matches everything.",)


def test_only_attributes_of_enabled_assignments_of_the_kind_are_read() -> None:
    asked = {n: (Clause(n, "NOT_NULL"),) for n in ("status", "arr", "type")}
    book = LayoutBook(
        (layout("company"), typed("any", None)),
        (
            Assignment(1, "A", "company", record=asked["status"]),
            Assignment(2, "B", "company", enabled=False, record=asked["arr"]),
            Assignment(3, "C", "any", record=asked["type"]),
        ),
    )
    assert record_attributes(book, "COMPANY") == {"status"}
    assert record_attributes(book, "RELATIONSHIP") == {"type"}


def test_the_explanation_tells_the_trail_and_what_is_withheld() -> None:
    held = (Placement("summary", "summary"), Placement("u1", "usage"))
    book = LayoutBook(
        (layout("base", is_default=True, placements=held),),
        (
            Assignment(
                5, "Admins", "base", viewer=(Clause("groups", "IN_GROUP", ("admin",)),)
            ),
        ),
    )
    assert explain(ask(book)) == [
        "Layout base (Base), version 1",
        "  No assignment matches: the default layout of companies answers.",
        "  5 Admins -> base: does not match",
        "      viewer groups hold the group admin: no (empty)",
        "Sections: summary",
        "Withheld: u1 (usage): the section is switched off or not installed",
    ]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (
            typed("any", None, is_default=True),
            "the default layout of relationships answers",
        ),
        (
            typed("prod", "product", is_default=True),
            "the default layout of product relationships answers",
        ),
    ],
)
def test_the_explanation_names_the_default_that_answers(
    chosen: Layout, words: str
) -> None:
    found = ask(LayoutBook((chosen,)), kind="RELATIONSHIP", relationship_type="product")
    assert explain(found)[1] == f"  No assignment matches: {words}."
    assert explain(found)[2] == "Sections: none"
