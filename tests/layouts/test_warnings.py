"""Each thing that a plan warns of is said where it is so, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cyclorama.layouts.model import (
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Pin,
    Placement,
    SectionFacts,
    SharedSection,
)
from cyclorama.layouts.warnings import Names, warnings

TODAY = date(2026, 3, 2)
NAMES = Names(
    sections={
        "summary": SectionFacts("summary", "Summary"),
        "support": SectionFacts("support", "Support"),
        "off": SectionFacts("off", "Off", enabled=False),
        "code": SectionFacts("code", "Code", in_code=True),
        "form": SectionFacts("form", "Form", requires_config=True, max_instances=None),
    },
    attributes={
        "COMPANY": frozenset({"status", "arr", "custom.tier"}),
        "RELATIONSHIP": frozenset({"status", "type"}),
    },
    viewer_attributes=frozenset({"groups", "email"}),
    groups=frozenset({"csm", "exec"}),
    relationship_types=frozenset({"product"}),
    items={("COMPANY", "status"): frozenset({"active"})},
    paths={"COMPANY": frozenset({"arr"})},
    records=frozenset({"company_1"}),
    used_paths={("csm", "old"): [("COMPANY", "gone")]},
)
CSM = (Clause("groups", "IN_GROUP", ("csm",)),)
EXEC = (Clause("groups", "IN_GROUP", ("exec",)),)


def layout(key: str, *sections: str, kind: str = "COMPANY", **given: Any) -> Layout:
    placements = tuple(Placement(s, s) for s in sections)
    type_ = given.pop("type_", None)
    return Layout(key, kind, type_, key, placements=placements, **given)


BASE = layout("base", "summary", is_default=True)
OF_CSM = layout("csm", "summary", "support")
ANY = layout("any", "summary", kind="RELATIONSHIP", is_default=True)
FIRST = Assignment(1, "CSMs", "csm", viewer=CSM)
BOOK = LayoutBook((BASE, OF_CSM, ANY), (FIRST,))


def placed(*placements: Placement) -> LayoutBook:
    more = (Placement("summary", "summary"), *placements)
    return replace(BOOK, layouts=(BASE, replace(OF_CSM, placements=more), ANY))


def assigned(*further: Assignment, **first: Any) -> LayoutBook:
    return replace(BOOK, assignments=(replace(FIRST, **first), *further))


def layouts(*further: Layout, assignments: tuple[Assignment, ...] = ()) -> LayoutBook:
    return LayoutBook((*BOOK.layouts, *further), (FIRST, *assignments))


def record(attribute: str, operator: str = "IN", *values: Any) -> tuple[Clause, ...]:
    return (Clause(attribute, operator, values),)


def test_nothing_is_said_of_what_is_well() -> None:
    assert warnings(BOOK, BOOK, NAMES, TODAY) == []


NEVER = "csm: nobody gets the layout."
WARNED: dict[str, tuple[LayoutBook, list[str]]] = {
    "plugin not installed": (
        placed(Placement("lost", "lost")),
        [
            "csm, lost: the plugin of the section 'lost' is not installed; nobody gets it."
        ],
    ),
    "plugin off": (
        placed(Placement("off", "off")),
        ["csm, off: the section 'off' is switched off; nobody gets it."],
    ),
    "no settings": (
        placed(Placement("a", "form")),
        ["csm, a: form needs settings and has none; nobody gets it."],
    ),
    "deleted field in settings": (
        placed(Placement("old", "form", config={"a": 1})),
        ["csm, old: there is no field 'gone' of companies any more; it is left out."],
    ),
    "deleted attribute of records": (
        assigned(record=record("custom.gone", "EQ", 1)),
        [
            "Assignment 1 'CSMs': there is no record attribute 'custom.gone'; the "
            "condition never holds (any more).",
            NEVER,
        ],
    ),
    "deleted attribute of viewers": (
        assigned(viewer=(Clause("region", "EQ", ("emea",)),)),
        [
            "Assignment 1 'CSMs': there is no viewer attribute 'region'; the condition "
            "never holds (any more).",
            NEVER,
        ],
    ),
    "deleted attribute of viewers that must not be": (
        assigned(viewer=(Clause("region", "NOT_IN", ("emea", "apac")),)),
        [
            "Assignment 1 'CSMs': there is no viewer attribute 'region'; the condition "
            "always holds (any more)."
        ],
    ),
    "deleted item": (
        assigned(record=record("status", "IN", "active", "lost")),
        ["Assignment 1 'CSMs': there is no item of status 'lost' (any more)."],
    ),
    "all items deleted": (
        assigned(record=record("status", "IN", "lost")),
        ["Assignment 1 'CSMs': there is no item of status 'lost' (any more).", NEVER],
    ),
    "deleted group": (
        assigned(viewer=(Clause("groups", "IN_GROUP", ("sales", "csm")),)),
        ["Assignment 1 'CSMs': there is no group 'sales' (any more)."],
    ),
    "no group left": (
        assigned(viewer=(Clause("groups", "IN_GROUP", ("sales",)),)),
        ["Assignment 1 'CSMs': there is no group 'sales' (any more).", NEVER],
    ),
    "not in a deleted group": (
        assigned(viewer=(Clause("groups", "NOT_IN_GROUP", ("sales",)),)),
        ["Assignment 1 'CSMs': there is no group 'sales' (any more)."],
    ),
    "deleted type in a condition": (
        layouts(
            layout("unit", "summary", kind="RELATIONSHIP"),
            assignments=(
                Assignment(
                    2, "Units", "unit", record=record("type", "IN", "product", "unit")
                ),
            ),
        ),
        ["Assignment 2 'Units': there is no relationship type 'unit' (any more)."],
    ),
    "deleted type of a layout": (
        layouts(
            layout(
                "unit", "summary", kind="RELATIONSHIP", type_="unit", is_default=True
            )
        ),
        ["unit: there is no relationship type 'unit' any more."],
    ),
    "layout that nothing gives": (
        layouts(layout("spare", "summary", "support")),
        ["spare: nobody gets the layout."],
    ),
    "layout only for days that are over": (
        assigned(valid_until=date(2026, 3, 1)),
        [
            "Assignment 1 'CSMs' is over since 2026-03-01; it never matches.",
            NEVER,
        ],
    ),
    "days to come": (
        assigned(valid_from=date(2026, 3, 3)),
        [
            "Assignment 1 'CSMs' holds from 2026-03-03 on; the numbers are those of "
            "today, 2026-03-02."
        ],
    ),
    "rule behind another": (
        assigned(
            Assignment(2, "Later", "csm", viewer=CSM, record=record("arr", "NOT_NULL"))
        ),
        [
            "Assignment 2 'Later' is never reached: Assignment 1 'CSMs' comes first and "
            "matches all that it would."
        ],
    ),
    "default behind a rule for everybody": (
        assigned(Assignment(2, "All", "csm")),
        ["base: nobody gets the layout."],
    ),
    "rule that gives a draft": (
        replace(
            BOOK,
            layouts=(*BOOK.layouts, layout("next", "summary", status="DRAFT")),
            assignments=(FIRST, Assignment(2, "Next", "next", viewer=EXEC)),
        ),
        ["Assignment 2 'Next': next is a draft; nobody gets it."],
    ),
    "default that shows what no other does": (
        replace(
            BOOK,
            layouts=(layout("base", "summary", "code", is_default=True), OF_CSM, ANY),
        ),
        [
            "base: the default layout shows code, which no other layout does; whoever no "
            "assignment matches gets it."
        ],
    ),
    "default that shows more than another": (
        LayoutBook(
            (
                layout("base", "summary", "support", is_default=True),
                OF_CSM,
                ANY,
                layout("exec", "summary"),
            ),
            (FIRST, Assignment(2, "Executives", "exec", viewer=EXEC)),
        ),
        [
            "base: the default layout shows 2 sections, exec only 1; whoever no "
            "assignment matches gets it."
        ],
    ),
    "shared section that nobody places": (
        replace(BOOK, shared=(SharedSection("s", "form", "S", {"a": 1}),)),
        ["No layout places the shared section 's'."],
    ),
    "decoupled from what is gone": (
        placed(Placement("own", "summary", decoupled_from="s", decoupled_version=1)),
        [
            "csm, own: decoupled from 's', which does not exist any more; it can't be "
            "linked again."
        ],
    ),
    "pin of a deleted record": (
        replace(BOOK, pins=(Pin("company_2", "csm"),)),
        ["Pin of company_2: there is no such record any more."],
    ),
    "pin of a draft": (
        replace(
            BOOK,
            layouts=(*BOOK.layouts, layout("next", "summary", status="DRAFT")),
            pins=(Pin("company_1", "next"),),
        ),
        ["Pin of company_1: next is a draft; nobody gets it."],
    ),
}


@pytest.mark.parametrize("case", WARNED)
def test_each_thing_to_think_over_is_said(case: str) -> None:
    book, wanted = WARNED[case]
    assert warnings(book, book, NAMES, TODAY) == wanted


def test_a_default_of_a_type_that_goes_is_told() -> None:
    unit = layout(
        "unit", "summary", kind="RELATIONSHIP", type_="product", is_default=True
    )
    (told,) = warnings(layouts(unit), BOOK, NAMES, TODAY)
    assert told == (
        "Relationships of type product lose their default layout unit; that of all "
        "relationships answers."
    )


def test_what_costs_more_is_told_and_what_costs_less_is_not() -> None:
    more = placed(*(Placement(s, s) for s in ("support", "code")))
    assert warnings(BOOK, more, NAMES, TODAY) == [
        "csm costs more: its page reads 3 sections, 2 before.",
        "csm costs more: code is read by code, beside the one statement of the page.",
    ]
    asking = assigned(record=record("custom.tier", "NOT_NULL"))
    assert warnings(BOOK, asking, NAMES, TODAY) == [
        "Every list of companies costs more: assignments ask custom.tier of each record."
    ]
    assert warnings(more, BOOK, NAMES, TODAY) == []
    assert warnings(asking, BOOK, NAMES, TODAY) == []
