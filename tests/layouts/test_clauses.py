"""Conditions: operators, nulls, lists, families of values."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyclorama.layouts.clauses import MISSING, OPERATORS, holds, phrase
from cyclorama.layouts.model import Clause

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-100, 100),
    st.decimals(-100, 100, places=2),
    st.sampled_from(["active", "trial", "2026-01-31", ""]),
)


def clause(operator: str, *values: Any) -> Clause:
    return Clause("x", operator, values)


@st.composite
def clauses(draw: st.DrawFn) -> Clause:
    name = draw(st.sampled_from(sorted(OPERATORS)))
    fewest, most = OPERATORS[name].fewest, OPERATORS[name].most
    values = draw(
        st.lists(SCALARS, min_size=fewest, max_size=3 if most is None else most)
    )
    return clause(name, *values)


@pytest.mark.parametrize(
    ("malformed", "value"),
    [
        (clause("LIKE", "a"), "a"),
        (clause("EQ"), "a"),
        (clause("NEQ", "a", "b"), "c"),
        (clause("NOT_IN"), "a"),
        (clause("BETWEEN", 1), 1),
        (clause("IS_NULL", 1), None),
    ],
)
def test_a_malformed_clause_never_holds(malformed: Clause, value: Any) -> None:
    assert not holds(malformed, value)


@given(clauses())
def test_no_clause_holds_on_an_attribute_that_does_not_exist(asked: Clause) -> None:
    assert not holds(asked, MISSING)


@given(clauses())
def test_null_matches_only_is_null_not_in_and_neq(asked: Clause) -> None:
    assert holds(asked, None) == (asked.operator in ("IS_NULL", "NOT_IN", "NEQ"))


@given(clauses(), SCALARS, st.data())
def test_the_order_of_alternatives_never_matters(
    asked: Clause, value: Any, data: st.DataObject
) -> None:
    if asked.operator == "BETWEEN":
        return
    shuffled = data.draw(st.permutations(asked.values))
    assert holds(clause(asked.operator, *shuffled), value) == holds(asked, value)


@given(SCALARS, st.lists(SCALARS, min_size=1, max_size=4))
def test_not_in_is_the_opposite_of_in(value: Any, values: list[Any]) -> None:
    assert holds(clause("NOT_IN", *values), value) != holds(
        clause("IN", *values), value
    )


@pytest.mark.parametrize(
    ("operator", "values", "value", "expected"),
    [
        ("IN", ("a", "b"), "b", True),
        ("IN", ("a", "b"), "c", False),
        ("EQ", (1,), True, False),
        ("EQ", ("1",), 1, False),
        ("EQ", (0.1,), Decimal("0.1"), True),
        ("EQ", (50_000,), Decimal("50000.00"), True),
        ("NEQ", ("a",), "a", False),
        ("NEQ", ("a",), "b", True),
        ("GT", (10,), Decimal("10.01"), True),
        ("GT", (10,), 10, False),
        ("GT", (10,), "11", False),
        ("GTE", (10,), 10, True),
        ("GTE", (True,), True, False),
        ("LT", ("2026-06-01",), "2026-05-31", True),
        ("LT", (5,), 5, False),
        ("LTE", (5,), 5, True),
        ("BETWEEN", (1, 3), 1, True),
        ("BETWEEN", (1, 3), 3, True),
        ("BETWEEN", (1, 3), Decimal("3.5"), False),
        ("BETWEEN", (3, 1), 2, False),
        ("CONTAINS_ANY", ("vip", "eu"), ["us", "vip"], True),
        ("CONTAINS_ANY", ("vip",), ["vipers"], False),
        ("CONTAINS_ANY", ("active",), "inactive", False),
        ("IS_NULL", (), [], True),
        ("IS_NULL", (), "", False),
        ("NOT_NULL", (), [], False),
        ("NOT_NULL", (), 0, True),
        ("IN_GROUP", ("csm", "admin"), frozenset({"csm"}), True),
        ("IN_GROUP", ("csm",), frozenset(), False),
        ("NOT_IN_GROUP", ("csm",), frozenset({"exec"}), True),
        ("NOT_IN_GROUP", ("csm",), frozenset(), True),
        ("NOT_IN_GROUP", ("csm",), frozenset({"csm", "exec"}), False),
    ],
)
def test_an_operator_compares(
    operator: str, values: tuple[Any, ...], value: Any, expected: bool
) -> None:
    assert holds(clause(operator, *values), value) is expected


def test_a_phrase_says_what_was_asked_and_found() -> None:
    asked = Clause("arr", "BETWEEN", (1, 2))
    assert phrase("record", asked, 3) == "record arr is between 1 and 2: no (3)"
    assert phrase("record", asked, None) == "record arr is between 1 and 2: no (empty)"
    assert phrase("record", asked, MISSING).endswith("no (there is no such attribute)")
    groups = Clause("groups", "IN_GROUP", ("csm", "admin"))
    assert phrase("viewer", groups, frozenset({"exec", "admin"})) == (
        "viewer groups hold the group csm or admin: yes (admin, exec)"
    )
