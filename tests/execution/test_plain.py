"""Plain selections: generated code answers as graphql-core does, or leaves it to it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLFloat, GraphQLInt
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_cases import COUNTER, UNUSUAL, USUAL, WRONG, Awaitable, odd
from plain_sample import SCHEMA, Case, Counting, Side, Tone, forget, thing

from cyclorama.execution import plain, plain_code
from cyclorama.execution.executor import Executor
from cyclorama.resolvers.refs import Ref


@pytest.mark.parametrize("case", [*USUAL, *UNUSUAL])
def test_both_engines_answer_alike(case: Case) -> None:
    assert case.found == case.expected
    assert case.found == case.expected, "with the function of an earlier request"


@pytest.mark.parametrize("case", USUAL)
def test_what_is_usual_is_left_to_nobody(case: Case) -> None:
    Counting.done = Counting.unusual = 0
    assert case.found[1] == []
    assert Counting.done > 0
    assert Counting.unusual == (2 if "shout" in case.query else 0)


def test_one_bad_object_costs_its_neighbours_nothing() -> None:
    Counting.done = Counting.unusual = 0
    case = Case("{ maybe { name count } }", lambda: [thing(), thing(count="x")] * 5)
    assert len(case.found[1]) == 5
    assert (Counting.done, Counting.unusual) == (5, 1 + 5)


def test_properties_are_read_by_graphql_core_alone() -> None:
    before = next(COUNTER)
    assert Case("{ things { count } }", odd()).found[1] == []
    assert next(COUNTER) - before == 2


def test_records_are_no_plain_objects() -> None:
    known = plain_code.Classes(object, ["id"])
    with pytest.raises(plain_code.Unusual):
        known.check(Ref.__new__(Ref))
    assert issubclass(Executor, plain.PlainExecutor)


def test_a_selection_is_written_once_and_kept_within_a_bound() -> None:
    forget()
    case = USUAL[0]
    for _ in range(3):
        assert case.found[1] == []
    kept = plain.selections(SCHEMA)
    assert (kept.written.misses, kept.written.hits) == (1, 2)
    kept.written.most = kept.shaping.most = 2
    for n in range(5):
        Case(f"{{ things {{ x{n}: name }} }}", lambda: [thing()]).run(Counting)
    assert (len(kept.written), len(kept.shaping)) == (2, 2)
    forget()


def test_nothing_is_written_for_a_few_objects() -> None:
    forget()
    case = Case("{ thing { name } }", thing)
    kept = plain.selections(SCHEMA).written
    for n in range(1, 10):
        assert case.run(Executor) == case.expected
        ((written, _),) = kept._values.values()
        assert (written.run is None) == (n < Executor.worth)
    forget()


def test_known_classes_are_bounded() -> None:
    known = plain_code.Classes(object, ["label"])
    for n in range(200):
        known.check(type(f"Class{n}", (), {})())
    assert 0 < len(known) <= plain_code.MOST_CLASSES


VALUES = st.sampled_from(
    [w for w in WRONG if not isinstance(next(iter(w.values())), Awaitable)]
)
PARTS = st.sampled_from(
    ["label", "weight", "x: label", "inner { label weight }", "__typename"]
)
NAMES = ("name", "count", "share", "open", "at", "side", "tone", "key", "noteText")


@st.composite
def selection(draw: Any) -> str:
    leaf = st.sampled_from([*NAMES, "price", "data", "words", "grid", "__typename"])
    found = []
    for n in range(draw(st.integers(1, 7))):
        text = draw(leaf)
        if draw(st.integers(0, 2)) == 0:
            inner = " ".join(draw(st.lists(PARTS, min_size=1, max_size=3)))
            asked = draw(st.sampled_from(["part", "must", "parts", "maybe"]))
            text = f"{asked} {{ {inner} }}"
        form = draw(
            st.sampled_from(
                [
                    "{}",
                    f"a{n}: {{}}",
                    "... on Thing {{ {} }}",
                    "... @include(if: $i) {{ {} }}",
                ]
            )
        )
        found.append(form.format(text))
    return " ".join(found)


@st.composite
def objects(draw: Any) -> list[dict[str, Any]]:
    usual = st.fixed_dictionaries({}, optional={
        "name": st.text(max_size=4), "count": st.integers(-(2**31), 2**31),
        "share": st.floats(), "note_text": st.none() | st.text(max_size=3),
        "words": st.lists(st.none() | st.text(max_size=2), max_size=3),
        "grid": st.lists(st.lists(st.integers(-5, 5), max_size=3), max_size=3),
        "at": st.datetimes(), "side": st.sampled_from(Side), "tone": st.none() | st.sampled_from(Tone),
    })  # fmt: skip
    found: list[dict[str, Any]] = draw(st.lists(usual, max_size=4))
    if found and draw(st.booleans()):
        found[-1] |= draw(VALUES)
    return found


@settings(derandomize=True, max_examples=250, deadline=None)
@given(
    selection(), objects(), st.booleans(), st.sampled_from(["things", "maybe", "named"])
)
def test_random_selections_of_random_objects(
    asked: str, values: Any, flag: bool, root: str
) -> None:
    body = f"... on Thing {{ {asked} }}"
    query = f"query($i: Boolean!) {{ {root} {{ {body} }} o: {root} {{ name @skip(if: $i) }} }}"
    case = Case(query, lambda: [thing(**v) for v in values], {"i": flag})
    assert case.found == case.expected


class Everything:
    def __contains__(self, type_: type) -> bool:
        return True


def of_null(writer: Any, type_: Any, details: Any, variable: str, pad: str) -> Any:
    """`Writer.value` without the null check."""
    lines = writer.present(plain_code.bare(type_), details, variable, pad + "    ")
    return [f"{pad}if {variable} is not None:", *lines]


def without_aliases(writer: Any, collect: Any) -> None:
    """`Writer.__init__` whose keys are the names of the fields."""

    def renamed(type_: Any, details: Any) -> Any:
        asked = collect(type_, details).grouped_field_set.values()
        fields = {d[0].node.name.value: d for d in asked}
        return SimpleNamespace(grouped_field_set=fields)

    INIT(writer, renamed)


def first_node(selections: Any, executor: Any, type_: Any, details: Any) -> Any:
    """`Selections.get` that takes the first node of a field for all of them."""
    start = details[0].node.loc.start
    return selections.written.get((start, type_), plain.Written)


def names_of_python(writer: Any, type_: Any, variable: str, pad: str) -> list[str]:
    return [f"{pad}{variable} = {variable}.name"]


def as_it_is(writer: Any, type_: Any, variable: str, pad: str) -> list[str]:
    return []


INIT = plain_code.Writer.__init__
DEFECTS: dict[str, Any] = {
    "a null is let through": (plain_code.Writer, "value", of_null),
    "a key is not the alias": (plain_code.Writer, "__init__", without_aliases),
    "an enum has Python's name": (plain_code.Writer, "enum", names_of_python),
    "scalars are not serialised": (plain_code.Writer, "scalar", as_it_is),
    "no class is checked": (plain_code.Writer, "checks", lambda *_: []),
    "every class is plain": (plain_code, "is_plain", lambda *_: True),
    "any directive is taken": (plain_code.Writer, "usual", lambda *_: None),
    "variables don't count": (plain, "shaping", lambda *_: ()),
    "the first node counts": (plain.Selections, "get", first_node),
    "Int has no range": (plain_code.ODD, GraphQLInt, "type({v}) is not int"),
    "Float has no bounds": (plain_code.ODD, GraphQLFloat, "type({v}) is not float"),
    "other values may be anything": (plain_code, "VALUES", Everything()),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_seen(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, other = DEFECTS[defect]
    if isinstance(where, dict):
        monkeypatch.setitem(where, name, other)
    else:
        monkeypatch.setattr(where, name, other)
    forget()
    try:
        assert any(c.found != c.expected for c in [*USUAL, *UNUSUAL]), defect
    finally:
        forget()
