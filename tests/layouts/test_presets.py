"""The presets of a new installation."""

from __future__ import annotations

from datetime import date

import pytest

from cyclorama.layouts.model import Layout, LayoutBook, SectionFacts
from cyclorama.layouts.presets import presets
from cyclorama.layouts.resolution import resolve

SECTIONS = {
    key: SectionFacts(key, key, **given)
    for key, given in {
        "zebra": {"enabled": False},
        "usage": {},
        "support": {},
        "contacts": {"kinds": frozenset({"COMPANY"})},
        "company_hierarchy": {},
        "relationships": {},
        "attributes": {"max_instances": None, "requires_config": True},
        "summary": {},
    }.items()
}


def sections_of(layout: Layout) -> list[str]:
    return [p.section for p in layout.placements]


def got(book: LayoutBook, *groups: str, kind: str = "COMPANY") -> str:
    found = resolve(
        book,
        viewer={"groups": frozenset(groups)},
        record={},
        kind=kind,
        relationship_type=None,
        today=date(2026, 3, 2),
        sections=SECTIONS,
    )
    return found.layout.key


def test_nobody_in_particular_gets_the_least_revealing_layout() -> None:
    book = presets(SECTIONS)
    assert got(book) == got(book, "sales") == "default"
    assert got(book, kind="RELATIONSHIP") == "default_relationship"


@pytest.mark.parametrize(
    ("group", "preset"), [("csm", "csm"), ("admin", "csm"), ("exec", "exec")]
)
def test_groups_get_their_preset_for_both_kinds(group: str, preset: str) -> None:
    book = presets(SECTIONS)
    assert got(book, group) == preset
    assert got(book, group, kind="RELATIONSHIP") == f"{preset}_relationship"


def test_presets_hold_the_sections_that_exist_and_support_the_kind() -> None:
    held = {x.key: sections_of(x) for x in presets(SECTIONS).layouts}
    eight = ["summary", "attributes", "contacts", "support", "company_hierarchy"]
    assert held["csm"] == [
        "summary",
        "attributes",
        "contacts",
        "relationships",
        "company_hierarchy",
        "usage",
        "support",
        "zebra",
    ]
    assert "contacts" not in held["csm_relationship"]
    assert held["exec"] == ["summary", "relationships", "company_hierarchy"]
    assert held["essentials"] == eight
    assert held["default"] == held["default_relationship"] == ["summary", "attributes"]
    assert [x.key for x in presets({}).layouts if x.placements] == []


def test_relationships_are_not_asked_for_an_industry() -> None:
    for layout in presets(SECTIONS).layouts:
        asked = str([p.config for p in layout.placements])
        assert ("industry" in asked) == (layout.kind == "COMPANY")
