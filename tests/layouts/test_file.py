"""Layout files: every problem at once, with its place and the way out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layout_files import (
    BASE,
    only,
    parse,
    problems,
    with_assignments,
    with_clause,
    with_layout,
    with_placements,
)

from cyclorama.errors import ConfigError
from cyclorama.layouts.file import (
    Limits,
)
from cyclorama.layouts.model import (
    KINDS,
    SURFACES,
    Placement,
)


def test_an_unknown_section_is_refused_with_the_known_ones() -> None:
    code, message = only(
        with_placements({"section": "sumary"}), "layouts.2.placements.0.section"
    )
    assert code == "NOT_FOUND"
    assert message == (
        "Layout 'more', placement 'sumary': there is no section 'sumary'; install it or "
        "use one of: attributes, company_hierarchy, contacts, relationships, summary, "
        "support, usage."
    )


def test_two_layouts_with_one_key_are_refused() -> None:
    code, message = only(with_layout(key="company"), "layouts.2.key")
    assert (code, "'company'" in message) == ("DUPLICATE", True)


def test_two_placements_with_one_instance_key_are_refused() -> None:
    text = with_placements(
        {"section": "summary"}, {"section": "usage", "instance_key": "summary"}
    )
    code, message = only(text, "layouts.2.placements.1.instance_key")
    assert code == "DUPLICATE"
    assert message.startswith("Layout 'more', placement 'summary': ")


def test_a_second_summary_is_refused() -> None:
    second = {"section": "summary", "instance_key": "s2"}
    code, message = only(
        with_placements({"section": "summary"}, second),
        "layouts.2.placements.1.section",
    )
    assert (code, "at most 1 of summary" in message) == ("LIMIT_EXCEEDED", True)


def test_a_section_that_does_not_support_the_kind_is_refused() -> None:
    text = with_placements({"section": "contacts"}, kind="RELATIONSHIP")
    code, message = only(text, "layouts.2.placements.0.section")
    assert (code, "of companies only" in message) == ("INVALID", True)


@pytest.mark.parametrize(
    ("config", "path", "code"),
    [
        ({"groups": 3}, "groups", "TYPE"),
        ({"groups": [{"label": "A"}]}, "groups.0.fields", "REQUIRED"),
        (
            {"groups": [{"label": "A", "fields": [{"path": "arr", "x": 1}]}]},
            "groups.0.fields.0.x",
            "UNKNOWN_FIELD",
        ),
    ],
)
def test_settings_that_the_section_refuses_are_named(
    config: dict[str, Any], path: str, code: str
) -> None:
    text = with_placements({"section": "attributes", "config": config})
    found, message = only(text, f"layouts.2.placements.0.config.{path}")
    assert (found, "'more', placement 'attributes'" in message) == (code, True)


def test_an_unknown_setting_deep_inside_is_to_be_removed() -> None:
    config = {"groups": [{"label": "A", "fields": [{"path": "arr", "x": 1}]}]}
    text = with_placements({"section": "attributes", "config": config})
    _, message = only(text, "layouts.2.placements.0.config.groups.0.fields.0.x")
    assert message.endswith("x is unknown; remove it.")


def test_settings_of_a_section_without_any_are_refused() -> None:
    text = with_placements({"section": "usage", "config": {"a": 1}})
    assert only(text, "layouts.2.placements.0.config")[0] == "UNKNOWN_FIELD"


def test_a_section_that_needs_settings_may_stand_unconfigured() -> None:
    book = parse(with_placements({"section": "attributes"}))
    assert book.layouts[2].placements[0].config == {}


@pytest.mark.parametrize(
    ("values", "path", "code"),
    [
        ({"kind": "PERSON"}, "kind", "INVALID"),
        ({"key": "More Layouts"}, "key", "INVALID"),
        ({"key": "k" * 81}, "key", "LENGTH"),
        ({"name": ""}, "name", "LENGTH"),
        ({"name": "n" * 256}, "name", "LENGTH"),
        ({"name": 5}, "name", "TYPE"),
        ({"description": "d" * 1001}, "description", "LENGTH"),
        ({"placement": []}, "placement", "UNKNOWN_FIELD"),
        ({"placements": 3}, "placements", "TYPE"),
        ({"placements": [3]}, "placements.0", "TYPE"),
        ({"relationship_type": "product"}, "relationship_type", "INVALID"),
        (
            {"kind": "RELATIONSHIP", "relationship_type": "nix"},
            "relationship_type",
            "NOT_FOUND",
        ),
        ({"is_default": True, "status": "DRAFT", "kind": "RELATIONSHIP",
          "relationship_type": "product"}, "status", "INVALID"),
        ({"is_default": True}, "is_default", "DUPLICATE"),
    ],
)  # fmt: skip
def test_a_layout_is_refused(values: dict[str, Any], path: str, code: str) -> None:
    found, message = only(with_layout(**values), f"layouts.2.{path}")
    assert found == code
    assert message.startswith("Layout '")


@pytest.mark.parametrize(
    ("values", "path", "code"),
    [
        ({"surfaces": ["MOON"]}, "surfaces.0", "INVALID"),
        ({"surfaces": []}, "surfaces", "REQUIRED"),
        ({"icon": "https://x"}, "icon", "INVALID"),
        ({"label": "x" * 256}, "label", "LENGTH"),
        ({"instance_key": "a-b"}, "instance_key", "INVALID"),
        ({"colour": "red"}, "colour", "UNKNOWN_FIELD"),
    ],
)
def test_a_placement_is_refused(values: dict[str, Any], path: str, code: str) -> None:
    text = with_placements({"section": "usage", **values})
    assert only(text, f"layouts.2.placements.0.{path}")[0] == code


def test_an_unknown_surface_is_answered_with_the_known_ones() -> None:
    text = with_placements({"section": "usage", "surfaces": ["MOON"]})
    _, message = only(text, "layouts.2.placements.0.surfaces.0")
    assert all(surface in message for surface in ("'MOON'", *SURFACES))


@pytest.mark.parametrize(
    ("clause", "part", "code"),
    [
        (("foo", "EQ", "a"), "attribute", "NOT_FOUND"),
        (("type", "EQ", "product"), "attribute", "NOT_FOUND"),
        (("arr", "LIKE", "a"), "operator", "INVALID"),
        (("arr", "EQ"), "values", "INVALID"),
        (("arr", "EQ", 1, 2), "values", "INVALID"),
        (("arr", "IS_NULL", 1), "values", "INVALID"),
        (("arr", "IN"), "values", "INVALID"),
        (("arr", "BETWEEN", 1), "values", "INVALID"),
        (("arr", "BETWEEN", 2, 1), "values", "INVALID"),
        (("arr", "BETWEEN", 1, "2"), "values", "INVALID"),
        (("arr", "EQ", []), "values.0", "TYPE"),
        (("arr", "EQ", "x" * 256), "values.0", "LENGTH"),
        (("arr", "IN", *range(201)), "values", "LIMIT_EXCEEDED"),
        (("status", "IN_GROUP", "csm"), "operator", "INVALID"),
    ],
)
def test_a_condition_on_the_record_is_refused(
    clause: tuple[Any, ...], part: str, code: str
) -> None:
    found, message = only(with_clause(*clause), f"assignments.0.record.0.{part}")
    assert found == code
    assert message.startswith("Assignment 'A0'")


@pytest.mark.parametrize(
    ("clause", "part"),
    [
        (("shoe_size", "EQ", 44), "attribute"),
        (("groups", "IN_GROUP", "nope"), "values"),
        (("groups", "CONTAINS_ANY", "csm", "nope"), "values"),
        (("groups", "EQ", 3), "values"),
    ],
)
def test_a_condition_on_the_viewer_is_refused(
    clause: tuple[Any, ...], part: str
) -> None:
    found = only(with_clause(*clause, side="viewer"), f"assignments.0.viewer.0.{part}")
    assert found[0] == "NOT_FOUND"
    assert "use one of: " in found[1]


def test_an_unknown_relationship_type_in_a_condition_is_refused() -> None:
    text = with_clause("type", "IN", "product", "nix", layout="any")
    code, message = only(text, "assignments.0.record.0.values")
    assert (code, "no relationship type 'nix'" in message) == ("NOT_FOUND", True)


def test_any_viewer_attribute_is_taken_where_none_are_known() -> None:
    parse(with_clause("shoe_size", "GT", 44, side="viewer"), viewer_attributes=None)


@pytest.mark.parametrize(
    ("values", "path", "code"),
    [
        ({"layout": "nix"}, "layout", "NOT_FOUND"),
        ({"rank": -1}, "rank", "RANGE"),
        ({"rank": "1"}, "rank", "TYPE"),
        ({"rank": 2_000_000}, "rank", "RANGE"),
        ({"when": "now"}, "when", "UNKNOWN_FIELD"),
        ({"viewer": [{"attribute": "email", "operator": "IS_NULL"}] * 21}, "viewer",
         "LIMIT_EXCEEDED"),
    ],
)  # fmt: skip
def test_an_assignment_is_refused(values: dict[str, Any], path: str, code: str) -> None:
    assert only(with_assignments(values), f"assignments.0.{path}")[0] == code


def test_one_rank_twice_for_the_same_records_is_refused() -> None:
    text = with_assignments({"rank": 7}, {"rank": 7})
    code, message = only(text, "assignments.1.rank")
    assert (code, "'A0' has the same rank" in message) == ("DUPLICATE", True)
    parse(with_assignments({"rank": 7}, {"rank": 7, "layout": "any"}))


def test_a_layout_of_every_type_shares_the_ranks_of_each_type() -> None:
    layouts = """
  - {key: product, kind: RELATIONSHIP, relationship_type: product, name: P}
  - {key: project, kind: RELATIONSHIP, relationship_type: project, name: Q}
"""
    ranked = (
        "assignments: [{rank: 1, name: A, layout: %s}, {rank: 1, name: B, layout: %s}]"
    )
    text = f"{BASE.rstrip()}{layouts}{ranked}"
    parse(text % ("product", "project"))
    assert only(text % ("product", "any"), "assignments.1.rank")[0] == "DUPLICATE"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_without_a_default_is_refused(kind: str) -> None:
    text = f"layouts: [{{key: a, kind: {kind}, name: A, is_default: true}}]"
    other = next(k for k in KINDS if k != kind)
    code, message = only(text, "layouts")
    assert (code, other in message) == ("REQUIRED", True)


@pytest.mark.parametrize(
    ("limits", "path"),
    [
        (Limits(company_layouts=0), "layouts"),
        (Limits(layouts_per_type=0), "layouts"),
        (Limits(assignments_per_kind=0), "assignments"),
        (Limits(placements=0), "layouts.0.placements"),
    ],
)
def test_more_than_the_limits_is_refused(limits: Limits, path: str) -> None:
    text = with_assignments({}).replace(
        "name: Company", "name: Company, placements: [{section: usage}]"
    )
    parse(text)
    assert only(text, path, limits=limits)[0] == "LIMIT_EXCEEDED"


def test_the_limits_are_those_of_the_product() -> None:
    assert Limits() == Limits(
        company_layouts=50,
        layouts_per_type=25,
        assignments_per_kind=200,
        placements=100,
        pins=1_000,
    )


def test_every_problem_of_a_file_is_told_at_once() -> None:
    found = problems(
        """
layouts:
  - key: csm
    kind: COMPANY
    name: 5
    placements:
      - {section: sumary, colour: red}
      - {section: summary}
      - {section: summary, instance_key: s2, surfaces: [MOON], config: {fields: 3}}
  - 17
assignments:
  - {rank: 1, name: A, layout: csm, viewer: [{attribute: groups, operator: LIKE}]}
  - {rank: 1, name: B, layout: csm, record: [{attribute: foo, operator: EQ, values: [1]}]}
extra: 3
"""
    )
    assert set(found) == {
        "extra",
        "layouts",
        "layouts.0.name",
        "layouts.0.placements.0.colour",
        "layouts.0.placements.0.section",
        "layouts.0.placements.2.surfaces.0",
        "layouts.0.placements.2.section",
        "layouts.0.placements.2.config.fields",
        "layouts.1",
        "assignments.0.viewer.0.operator",
        "assignments.1.rank",
        "assignments.1.record.0.attribute",
    }


def test_the_error_is_one_for_the_operator_with_a_line_for_each_problem() -> None:
    with pytest.raises(ConfigError) as refused:
        parse(with_layout(key="company", name=5))
    assert str(refused.value).splitlines() == [
        "The layout file has 2 problems; nothing was changed.",
        "  layouts.2.name: Layout 'company': name has to be text, it is 5; put it in "
        "quotes.",
        "  layouts.2.key: Layout 'company': another layout has this key; give one of "
        "them another.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- 1",
        "layouts: [",
        "layouts: []\nlayouts: []",
        "a: 1\n---\nb: 2",
        "a: !!python/object/apply:os.system [ls]",
        "a: 2024-13-45",
        "a: !!binary aGk=",
        "a: !!set {b}",
        "1: b",
        "a: .nan",
        "a: .inf",
        "a: 99999999999999999999",
        'a: "\\0"',
        'a: "\\ud800"',
        "a: *nothing",
        "a: &a [*a]",
        "a: " + "[" * 100,
        "a: " + "{a: " * 5_000,
        "a: [" + "1, " * 10_001 + "]",
        "a: " + "x" * 1_000_001,
        "a: " + "1" * 5_000,
        "\x07",
    ],
)  # fmt: skip
def test_a_text_that_is_no_layout_file_is_refused(text: str) -> None:
    assert only(text, "")[0] in ("INVALID", "TYPE")


def test_aliases_count_as_what_they_stand_for() -> None:
    lines = ["a0: &a0 {x: 1, y: 2}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "more than 10000 values" in only("\n".join(lines), "")[1]
    merged = ["a0: &a0 {x: 1, y: 2}"]
    merged += [
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 12)
    ]
    assert "more than 10000 values" in only("\n".join(merged), "")[1]


def test_aliases_and_merges_may_be_used() -> None:
    text = """
layouts:
  - &company {key: company, kind: COMPANY, name: Company, is_default: true,
      placements: &page [{section: summary}]}
  - {<<: *company, key: any, kind: RELATIONSHIP, placements: *page}
"""
    one, other = parse(text).layouts
    assert one.placements == other.placements == (Placement("summary", "summary"),)


def test_days_are_read_as_text() -> None:
    text = BASE + (
        "assignments: [{rank: 1, name: A, layout: company, record: "
        "[{attribute: arr, operator: LT, values: [2026-01-31]}]}]"
    )
    assert parse(text).assignments[0].record[0].values == ("2026-01-31",)


WORDS = st.sampled_from(
    ["layouts", "assignments", "key", "kind", "name", "placements", "section", "config",
     "surfaces", "instance_key", "rank", "layout", "viewer", "record", "attribute",
     "operator", "values", "is_default", "relationship_type"]
)  # fmt: skip
PARTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | WORDS
    | st.sampled_from([*KINDS, "summary"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.lists(PARTS, max_size=3), st.lists(PARTS, max_size=3))
def test_whatever_stands_in_a_file_is_refused_with_problems(
    layouts: list[Any], assignments: list[Any]
) -> None:
    text = json.dumps({"layouts": layouts, "assignments": assignments})
    assert problems(text)
