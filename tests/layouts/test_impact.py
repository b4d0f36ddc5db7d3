"""The numbers of a plan against every record resolved for every person."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from some_books import GROUPS, SCALARS, SECTIONS, TODAY, books, fits

from cyclorama.layouts.impact import Records, impact
from cyclorama.layouts.model import SURFACES, LayoutBook
from cyclorama.layouts.resolution import resolve

IDS = {
    "COMPANY": ("company_1", "company_2", "company_3"),
    "RELATIONSHIP": ("relationship_product_1", "relationship_project_2"),
}
ALL = (*IDS["COMPANY"], *IDS["RELATIONSHIP"])
VALUES = st.none() | SCALARS | st.lists(SCALARS, max_size=2).map(tuple)
PEOPLE = st.fixed_dictionaries(
    {"groups": st.frozensets(st.sampled_from(GROUPS)), "level": st.none() | SCALARS}
)


def masked(person: Any) -> frozenset[tuple[str, str]]:
    """Members of the first group see nothing of a section on one kind of record."""
    section = next(iter(SECTIONS))
    return frozenset({("COMPANY", section)} if GROUPS[0] in person["groups"] else ())


def seen(
    book: LayoutBook, kind: str, record: str, values: dict[str, Any], person: Any
) -> set[tuple[str, str, str]]:
    found = set()
    for surface in SURFACES:
        type_ = None if kind == "COMPANY" else record.split("_")[1]
        resolution = resolve(
            book,
            viewer=person,
            record=values,
            record_id=record,
            kind=kind,
            relationship_type=type_,
            today=TODAY,
            surface=surface,
            sections=SECTIONS,
            masked=masked(person),
        )
        found |= {(surface, p.instance_key, p.section) for p in resolution.placements}
    return found


@settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    books(ALL),
    books(ALL),
    st.sampled_from(sorted(IDS)),
    st.dictionaries(st.sampled_from(GROUPS), st.lists(PEOPLE, min_size=1, max_size=2)),
    st.data(),
)
def test_the_numbers_are_those_of_resolving_every_record(
    old: LayoutBook,
    new: LayoutBook,
    kind: str,
    people: dict[str, list[dict[str, Any]]],
    data: st.DataObject,
) -> None:
    records = {
        record: {"x": data.draw(VALUES), "y": data.draw(VALUES)} for record in IDS[kind]
    }
    pinned = {pin.record for book in (old, new) for pin in book.pins}
    rows = [
        (
            record if record in pinned else None,
            (*held.values(), *([record.split("_")[1]] * (kind != "COMPANY"))),
            1,
        )
        for record, held in records.items()
    ]
    names = ("x", "y", *(["type"] * (kind != "COMPANY")))
    found = impact(
        old,
        new,
        records=Records(kind=kind, names=names, rows=rows, decoded=lambda _, raw: raw),
        people=people,
        sections=SECTIONS,
        today=TODAY,
        masked=masked,
    )
    gained, lost = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for group, members in people.items():
        for record, held in records.items():
            more, less = set[str](), set[str]()
            for person in members:
                before = seen(old, kind, record, held, person)
                after = seen(new, kind, record, held, person)
                more |= {section for *_, section in after - before}
                less |= {section for *_, section in before - after}
            gained.update((group, section) for section in more)
            lost.update((group, section) for section in less)
    assert {(i.group, i.section): (i.gained, i.lost) for i in found} == {
        key: (gained[key], lost[key]) for key in {*gained, *lost}
    }


@settings(deadline=None)
@given(books(ALL))
def test_pins_fit_their_records(book: LayoutBook) -> None:
    layouts = {layout.key: layout for layout in book.layouts}
    assert all(fits(pin.record, layouts[pin.layout]) for pin in book.pins)


@settings(deadline=None)
@given(books(ALL))
def test_a_book_against_itself_has_no_impact(book: LayoutBook) -> None:
    rows = [(None, (1, None), 3)]
    for person in ({"groups": frozenset({"csm"})}, {"groups": frozenset[str]()}):
        found = impact(
            book,
            book,
            records=Records(
                kind="COMPANY", names=("x", "y"), rows=rows, decoded=lambda _, v: v
            ),
            people={"csm": [person]},
            sections=SECTIONS,
            today=TODAY,
        )
        assert found == []
