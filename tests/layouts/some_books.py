"""Books with everything that a book may hold, drawn at random, over few names."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

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

TODAY = date(2026, 3, 2)
SECTIONS = {
    "summary": SectionFacts("summary", "Summary"),
    "notes": SectionFacts("notes", "Notes", max_instances=None),
    "attributes": SectionFacts(
        "attributes", "Attributes", max_instances=None, requires_config=True
    ),
    "units": SectionFacts("units", "Units", kinds=frozenset({"COMPANY"})),
    "off": SectionFacts("off", "Off", enabled=False),
    "page": SectionFacts("page", "Page", surfaces=frozenset({"PAGE"})),
}
GROUPS = ("csm", "exec", "sales")
TYPES = ("product", "project")
KEYS = {
    "COMPANY": ("base", "wide", "small", "spare"),
    "RELATIONSHIP": ("any", "product", "project", "loose"),
}
SCALARS = st.sampled_from([0, 1, 2, 1.5, True, "1", "a", "b"])
CONFIGS = st.sampled_from([{}, {"n": 1}, {"n": True}, {"n": [1, {"a": "b"}]}])


def clauses(names: tuple[str, ...]) -> st.SearchStrategy[Clause]:
    one = ("EQ", "NEQ", "GT", "GTE", "LT", "LTE")
    several = ("IN", "NOT_IN", "CONTAINS_ANY")
    name = st.sampled_from(names)
    return st.one_of(
        st.builds(Clause, name, st.sampled_from(one), st.tuples(SCALARS)),
        st.builds(Clause, name, st.sampled_from(several), st.tuples(SCALARS, SCALARS)),
        st.builds(Clause, name, st.sampled_from(("IS_NULL", "NOT_NULL"))),
        st.builds(Clause, name, st.just("BETWEEN"), st.just((0, 1.5))),
    )


MEMBERSHIP = st.builds(
    Clause,
    st.just("groups"),
    st.sampled_from(("IN_GROUP", "NOT_IN_GROUP")),
    st.lists(st.sampled_from(GROUPS), min_size=1, max_size=2, unique=True).map(tuple),
)
VIEWERS = st.lists(MEMBERSHIP | clauses(("level",)), max_size=2).map(tuple)
DAYS = st.none() | st.integers(-2, 2).map(lambda n: TODAY + timedelta(days=n))


@st.composite
def books(draw: st.DrawFn, records: tuple[str, ...] = ()) -> LayoutBook:
    shared = draw(
        st.lists(
            st.builds(
                SharedSection,
                st.sampled_from(("s1", "s2")),
                st.sampled_from(("notes", "attributes")),
                st.sampled_from(("One", "Two")),
                CONFIGS,
            ),
            max_size=2,
            unique_by=lambda s: s.key,
        )
    )
    layouts = [
        draw(_layout(kind, key, n == 0, shared))
        for kind, keys in KEYS.items()
        for n, key in enumerate(keys)
        if n == 0 or draw(st.booleans())
    ]
    ranks = draw(st.lists(st.integers(0, 30), unique=True, max_size=5))
    assignments = [draw(_assignment(rank, layouts)) for rank in ranks]
    pins = [
        Pin(
            record,
            draw(st.sampled_from([x for x in layouts if fits(record, x)])).key,
            draw(VIEWERS),
        )
        for record in records
        if draw(st.booleans())
    ]
    return LayoutBook(tuple(layouts), tuple(assignments), tuple(shared), tuple(pins))


def fits(record: str, layout: Layout) -> bool:
    """Company ids fit company layouts; relationships are of the type in their id."""
    kind, _, rest = record.partition("_")
    return layout.serves(
        kind.upper(), rest.partition("_")[0] if rest[:1] == "p" else None
    )


@st.composite
def _layout(
    draw: st.DrawFn, kind: str, key: str, first: bool, shared: list[SharedSection]
) -> Layout:
    placed = draw(
        st.lists(_placement(shared), max_size=4, unique_by=lambda p: p.instance_key)
    )
    type_ = key if key in TYPES else None
    return Layout(
        key,
        kind,
        type_,
        draw(st.sampled_from(("A", "B"))),
        draw(st.none() | st.just("What it is for")),
        is_default=first or (type_ is not None and draw(st.booleans())),
        status="PUBLISHED"
        if first or type_
        else draw(st.sampled_from(("PUBLISHED", "DRAFT"))),
        placements=tuple(placed),
    )


@st.composite
def _placement(draw: st.DrawFn, shared: list[SharedSection]) -> Placement:
    key = draw(st.sampled_from(("one", "two", "three", "four")))
    looks: dict[str, Any] = {
        "label": draw(st.none() | st.just("Label")),
        "surfaces": draw(st.sampled_from((("PAGE",), ("EMBED",), ("PAGE", "EMBED")))),
    }
    if shared and draw(st.booleans()):
        one = draw(st.sampled_from(shared))
        return Placement(key, one.section, config=one.config, shared=one.key, **looks)
    section = draw(st.sampled_from(sorted(SECTIONS)))
    if draw(st.booleans()):
        return Placement(key, section, config=draw(CONFIGS), **looks)
    return Placement(
        key,
        section,
        config=draw(CONFIGS),
        decoupled_from="s1",
        decoupled_version=draw(st.integers(1, 3)),
        **looks,
    )


@st.composite
def _assignment(draw: st.DrawFn, rank: int, layouts: list[Layout]) -> Assignment:
    days = draw(st.tuples(DAYS, DAYS))
    if None not in days:
        days = tuple(sorted(d for d in days if d is not None))  # type: ignore[assignment]
    return Assignment(
        rank,
        draw(st.sampled_from(("A", "B"))),
        draw(st.sampled_from(layouts)).key,
        draw(st.booleans() | st.just(True)),
        draw(VIEWERS),
        tuple(draw(st.lists(clauses(("x", "y", "gone")), max_size=2))),
        *days,
    )
