"""What masks leave that tells of what they hide."""

from __future__ import annotations

from typing import Any

import pytest

from cyclorama.execution.derived import told
from cyclorama.layouts.access import DENY, AccessRule
from cyclorama.layouts.model import Assignment, Clause, Layout, LayoutBook
from cyclorama.plugins.compose import Graph, compose
from cyclorama.plugins.discovery import discover
from cyclorama.storage.configuration import FieldFacts
from cyclorama.storage.masks import FieldPermission

RICH = (Clause("arr", "GT", (1_000_000,)),)
BOOK = LayoutBook(
    (Layout("big", "COMPANY", None, "Big"), Layout("all", "COMPANY", None, "All")),
    (
        Assignment(1, "Large ones", "big", record=RICH),
        Assignment(2, "Off", "big", enabled=False, record=RICH),
    ),
)
RULE = AccessRule(
    rank=1, name="No large ones", kind="COMPANY", effect=DENY, record=RICH
)
BUDGET = FieldFacts(
    object="company",
    key="budget",
    label="Budget",
    type="CURRENCY",
    required=False,
    editable=True,
    help_text=None,
    picklist=None,
)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return compose(discover().sections)


def found(graph: Graph, *masks: tuple[str, str], **given: Any) -> dict[Any, Any]:
    permissions = [FieldPermission(group, field, "hidden") for group, field in masks]
    book, rules = given.get("book", LayoutBook()), given.get("rules", ())
    told_of = told(graph, (BUDGET,), permissions, book, rules)
    return {(t.group, t.field): t.by for t in told_of}


def test_a_list_that_is_chosen_by_a_hidden_field_tells_of_it(graph: Graph) -> None:
    by = ("SupportSection.cases, whose rows are chosen by it",)
    field = "SupportCase.isClosed"
    assert found(graph, ("csm", field)) == {("csm", field): by}
    assert found(graph, ("csm", field), ("csm", "SupportSection.cases")) == {}
    assert found(graph, ("csm", field), ("csm", "Company.support")) == {
        ("csm", field): by
    }, "relationships still show it"


def test_amounts_tell_of_amounts(graph: Graph) -> None:
    amounts = ("Company.custom.budget", "Company.mrr", "Relationship.arr")
    assert found(graph, ("csm", "Company.arr")) == {
        ("csm", "Company.arr"): tuple(
            f"{name}, an amount as well" for name in (*amounts, "Relationship.mrr")
        )
    }
    assert found(graph, ("csm", "money.view")) == {}


def test_rules_that_ask_for_a_hidden_field_tell_of_it(graph: Graph) -> None:
    asked = found(graph, ("*", "money.view"), book=BOOK, rules=[RULE])
    assert asked == {
        ("people of whose groups no mask speaks", "Company.arr"): (
            "the assignment 'Large ones', which asks for it",
            "the access rule 'No large ones', which asks for it",
        )
    }


def test_what_tells_nothing_is_not_listed(graph: Graph) -> None:
    assert found(graph) == {}
    assert found(graph, ("csm", "SupportCase.subject"), ("csm", "pii.view")) == {}
    shown = [FieldPermission("csm", "Company.arr", "read")]
    assert told(graph, (), shown, BOOK, [RULE]) == []
