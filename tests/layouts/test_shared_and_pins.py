"""Shared sections, pins and effective days: in the file, and when a layout is resolved."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layout_files import BASE, only, parse, with_assignments, with_placements
from some_books import SECTIONS, TODAY, books

from cyclorama.layouts.explanation import outcome
from cyclorama.layouts.file import Limits, export_layouts
from cyclorama.layouts.model import Assignment, Clause, Layout, LayoutBook, Pin
from cyclorama.layouts.resolution import Resolution, resolve

SHARED = "shared_sections:\n  - {key: s, section: usage, name: S}\n"
CSM = (Clause("groups", "IN_GROUP", ("csm",)),)


@pytest.mark.parametrize(
    ("placement", "path", "code"),
    [
        ({"shared": "x"}, "shared", "NOT_FOUND"),
        ({"shared": "s", "section": "usage"}, "section", "INVALID"),
        ({"shared": "s", "config": {"a": 1}}, "config", "INVALID"),
        (
            {"section": "usage", "decoupled_from": "s"},
            "decoupled_from",
            "INVALID",
        ),
        ({"shared": "s", "decoupled_version": 1}, "decoupled_version", "INVALID"),
    ],
)
def test_a_placement_that_contradicts_itself_is_refused(
    placement: dict[str, Any], path: str, code: str
) -> None:
    text = SHARED + with_placements(placement)
    assert only(text, f"layouts.2.placements.0.{path}")[0] == code


def test_settings_of_a_shared_section_are_checked_where_they_stand() -> None:
    broken = SHARED.replace("name: S", "name: S, config: {a: 1}")
    text = broken + with_placements({"shared": "s"})
    assert only(text, "shared_sections.0.config")[0] == "UNKNOWN_FIELD"
    twice = SHARED + SHARED.splitlines()[1] + "\n" + BASE
    assert only(twice, "shared_sections.1.key")[0] == "DUPLICATE"
    unknown = SHARED.replace("usage", "nope") + with_placements({"shared": "s"})
    assert only(unknown, "shared_sections.0.section")[0] == "NOT_FOUND"


def test_two_of_a_section_that_may_stand_once_are_two_also_when_shared() -> None:
    placed = with_placements({"shared": "s"}, {"section": "usage", "instance_key": "u"})
    found = only(SHARED + placed, "layouts.2.placements.1.section")
    assert found[0] == "LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    ("pins", "path", "code"),
    [
        ("[{record: c, layout: nope}]", "pins.0.layout", "NOT_FOUND"),
        (
            "[{record: c, layout: company}, {record: c, layout: company}]",
            "pins.1.record",
            "DUPLICATE",
        ),
        (
            "[{record: c, layout: company, viewer: "
            "[{attribute: mood, operator: IS_NULL}]}]",
            "pins.0.viewer.0.attribute",
            "NOT_FOUND",
        ),
    ],
)
def test_a_pin_is_refused(pins: str, path: str, code: str) -> None:
    assert only(f"{BASE}pins: {pins}", path)[0] == code


def test_more_pins_than_the_limit_are_refused() -> None:
    text = f"{BASE}pins: [{{record: c, layout: company}}]"
    assert only(text, "pins", limits=Limits(pins=0))[0] == "LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    ("days", "path", "code"),
    [
        ({"valid_from": "soon"}, "valid_from", "INVALID"),
        ({"valid_from": "2026-02-30"}, "valid_from", "INVALID"),
        (
            {"valid_from": "2026-03-02", "valid_until": "2026-03-01"},
            "valid_until",
            "RANGE",
        ),
    ],
)
def test_days_that_are_none_are_refused(
    days: dict[str, str], path: str, code: str
) -> None:
    assert only(with_assignments(days), f"assignments.0.{path}")[0] == code


def ask(
    book: LayoutBook, today: date = TODAY, record: str = "company_1", group: str = "csm"
) -> Resolution:
    return resolve(
        book,
        viewer={"groups": frozenset({group})},
        record={},
        record_id=record,
        kind="COMPANY",
        relationship_type=None,
        today=today,
        sections=SECTIONS,
    )


LAYOUTS = (
    Layout("base", "COMPANY", None, "Base", is_default=True),
    Layout("other", "COMPANY", None, "Other"),
)


def test_an_assignment_is_asked_on_its_days_only() -> None:
    first, last = TODAY, TODAY + timedelta(days=2)
    dated = Assignment(1, "A", "other", valid_from=first, valid_until=last)
    book = LayoutBook(LAYOUTS, (dated,))
    days = [first - timedelta(days=1), first, last, last + timedelta(days=1)]
    got = [ask(book, day).layout.key for day in days]
    assert got == ["base", "other", "other", "base"]
    assert ask(book, days[0]).trail[0].because == (f"It holds only from {first} on.",)
    assert ask(book, days[3]).trail[0].because == (f"It held only until {last}.",)


def test_a_pin_comes_before_every_assignment_for_its_record_and_viewers() -> None:
    book = LayoutBook(
        LAYOUTS, (Assignment(0, "All", "base"),), (), (Pin("company_1", "other", CSM),)
    )
    assert ask(book).layout.key == "other"
    assert outcome(ask(book)) == "The record is pinned to other."
    assert ask(book, record="company_2").layout.key == "base"
    stranger = ask(book, group="exec")
    assert stranger.layout.key == "base"
    assert [t.because[0] for t in stranger.trail] == [
        "viewer groups hold the group csm: no (exec)",
        "It has no conditions and matches everything.",
    ]
    drafted = (LAYOUTS[0], replace(LAYOUTS[1], status="DRAFT"))
    found = ask(replace(book, layouts=drafted))
    assert (found.layout.key, found.trail[0].because) == (
        "base",
        ("The layout is a draft.",),
    )


ANY_RECORD = st.fixed_dictionaries({n: st.none() | st.integers(0, 2) for n in "xy"})


@settings(deadline=None)
@given(books(("company_1",)), ANY_RECORD, st.data())
def test_resolution_is_total_and_the_order_of_rows_never_matters(
    book: LayoutBook, record: dict[str, Any], data: st.DataObject
) -> None:
    parts = (book.layouts, book.assignments, book.shared, book.pins)
    mixed = LayoutBook(*(tuple(data.draw(st.permutations(p))) for p in parts))
    group = data.draw(st.sampled_from(("csm", "exec", "none")))
    found = [
        resolve(
            one,
            viewer={"groups": frozenset({group}), "level": data.draw(st.just(1))},
            record=record,
            record_id="company_1",
            kind=kind,
            relationship_type=type_,
            today=TODAY,
            sections=SECTIONS,
        )
        for one in (book, mixed, book)
        for kind, type_ in (("COMPANY", None), ("RELATIONSHIP", "product"))
    ]
    told = [(r.layout, r.placements, r.withheld, r.trail) for r in found]
    assert told[:2] == told[2:4] == told[4:]
    assert all(r.layout.status == "PUBLISHED" for r in found)


def test_a_file_with_everything_reads_as_it_was_written() -> None:
    text = (
        SHARED
        + with_placements({"shared": "s"})
        + (
            "\nassignments: [{rank: 1, name: A, layout: more, valid_from: 2026-03-01}]\n"
            "pins: [{record: company_1, layout: more}]\n"
        )
    )
    book = parse(text)
    assert book.assignments[0].valid_from == date(2026, 3, 1)
    assert book.pins == (Pin("company_1", "more"),)
    assert parse(export_layouts(book)) == book
