"""Layout files that are written: round trips, the schema, the examples."""

from __future__ import annotations

import math
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from layout_files import (
    BASE,
    CONFIGS,
    NAMES,
    SECTIONS,
    parse,
)
from pydantic import BaseModel
from ruamel.yaml import YAML

from cyclorama.layouts.clauses import OPERATORS
from cyclorama.layouts.entries import OperatorName, Surface
from cyclorama.layouts.file import (
    book_as_data,
    export_layouts,
    layout_schema,
    parse_layouts,
)
from cyclorama.layouts.model import (
    KINDS,
    SURFACES,
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Placement,
    SectionFacts,
)
from cyclorama.layouts.presets import presets

ROOT = Path(__file__).parents[2]


def test_the_file_names_the_schema_in_its_first_line() -> None:
    first = export_layouts(presets(SECTIONS)).splitlines()[0]
    assert first == "# yaml-language-server: $schema=layout.schema.json"


def test_what_is_as_usual_is_left_out_of_the_file() -> None:
    data = book_as_data(parse(BASE))
    assert data == {
        "layouts": [
            {
                "key": "company",
                "kind": "COMPANY",
                "name": "Company",
                "is_default": True,
            },
            {"key": "any", "kind": "RELATIONSHIP", "name": "Any", "is_default": True},
        ],
        "assignments": [],
    }


def test_the_presets_pass_their_own_checks() -> None:
    book = presets(SECTIONS)
    assert parse(export_layouts(book)) == book


def test_the_example_is_valid_and_follows_the_schema() -> None:
    text = (ROOT / "examples/layouts/two-teams.yaml").read_text()
    schema = layout_schema(CONFIGS)
    parse(text)
    Draft202012Validator(schema).validate(YAML(typ="safe", pure=True).load(text))


def test_the_example_of_the_manual_is_valid() -> None:
    manual = (ROOT / "docs/layouts.md").read_text()
    assert all(f"`{operator}`" in manual for operator in OPERATORS)
    parse(manual.split("```yaml\n")[1].split("```")[0])


def test_the_schema_describes_everything_and_knows_the_settings() -> None:
    schema = layout_schema(CONFIGS)
    Draft202012Validator.check_schema(schema)
    for name in ("LayoutEntry", "PlacementEntry", "AssignmentEntry", "ClauseEntry"):
        for held in schema["$defs"][name]["properties"].values():
            assert {"title", "description"} <= held.keys()
    refused = {
        "layouts": [
            {"key": "a", "kind": "COMPANY", "name": "A", "placements": [
                {"section": "attributes", "config": {"groups": 3}}]}
        ]
    }  # fmt: skip
    assert not Draft202012Validator(schema).is_valid(refused)
    assert Draft202012Validator(layout_schema()).is_valid(refused)


def test_the_file_names_all_operators_and_surfaces() -> None:
    assert OperatorName.__args__ == tuple(OPERATORS)
    assert Surface.__args__ == SURFACES


TEXTS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    min_size=1,
    max_size=30,
)
AWKWARD = st.sampled_from(
    [
        "null",
        "yes",
        "true",
        "1",
        "1e3",
        "2026-01-31",
        "a: b",
        "# a",
        " x ",
        "- a",
        "é\n",
    ]
)
NAMED = TEXTS | AWKWARD
NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(
    allow_nan=False, allow_infinity=False
)
SETTINGS = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=0) | NAMED,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMED, inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
ANYTHING = {
    **NAMES,
    "sections": {"free": SectionFacts("free", "Free", max_instances=None)},
    "configs": {"free": type("Free", (BaseModel,), {})},
    "viewer_attributes": None,
}
PLACEMENTS = st.lists(
    st.builds(
        Placement,
        KEYS,
        st.just("free"),
        st.none() | NAMED,
        st.none() | st.just("chart-line"),
        st.lists(st.sampled_from(SURFACES), min_size=1, unique=True).map(tuple),
        st.dictionaries(NAMED, SETTINGS, max_size=3),
    ),
    max_size=3,
    unique_by=lambda p: p.instance_key,
).map(tuple)


@st.composite
def clauses(draw: st.DrawFn, attribute: str) -> Clause:
    operator = draw(st.sampled_from(["IN", "EQ", "IS_NULL", "CONTAINS_ANY"]))
    most = OPERATORS[operator].most
    values = st.lists(
        NAMED | NUMBERS | st.booleans(),
        min_size=OPERATORS[operator].fewest,
        max_size=3 if most is None else most,
    )
    return Clause(attribute, operator, tuple(draw(values)))


@st.composite
def books(draw: st.DrawFn) -> LayoutBook:
    keys = draw(st.lists(KEYS, min_size=2, max_size=4, unique=True))
    layouts = [
        Layout(
            key,
            KINDS[n % 2],
            None,
            draw(NAMED),
            draw(st.none() | NAMED),
            is_default=n < 2,
            status=draw(st.sampled_from(["PUBLISHED", "DRAFT"]))
            if n > 1
            else "PUBLISHED",
            placements=draw(PLACEMENTS),
        )
        for n, key in enumerate(keys)
    ]
    ranks = draw(st.lists(st.integers(0, 1_000_000), unique=True, max_size=3))
    assignments = [
        Assignment(
            rank,
            draw(NAMED),
            draw(st.sampled_from(keys)),
            draw(st.booleans()),
            tuple(draw(st.lists(clauses("level"), max_size=2))),
            tuple(draw(st.lists(clauses("arr"), max_size=2))),
        )
        for rank in ranks
    ]
    return LayoutBook(tuple(layouts), tuple(assignments))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(books())
def test_an_exported_book_is_read_as_it_was(book: LayoutBook) -> None:
    text = export_layouts(book)
    assert parse_layouts(text, **ANYTHING) == book


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_their_value_and_kind(number: float) -> None:
    base = parse(BASE).layouts
    held = Placement("free", "free", config={"n": number})
    book = LayoutBook(
        (base[0], Layout("x", "COMPANY", None, "X", placements=(held,)), base[1])
    )
    read = parse_layouts(export_layouts(book), **ANYTHING).layouts[1].placements[0]
    assert isinstance(read.config["n"], float)
    assert math.copysign(1, read.config["n"]) == math.copysign(1, number)
