"""A user's own arrangement of a layout: never more than the layout gives."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cyclorama.layouts.model import Layout, LayoutBook, Placement, SectionFacts
from cyclorama.layouts.personal import arranged
from cyclorama.layouts.resolution import Resolution, resolve
from cyclorama.testing import NOW

KEYS = ("a", "b", "c", "d", "e")
SECTIONS = {key: SectionFacts(key=key, label=key) for key in KEYS}


def resolved(keys: str, *, off: str = "", **personal: Any) -> Resolution:
    """The layout with these placements for a viewer who made this of it."""
    placements = tuple(Placement(key, key) for key in keys)
    layout = Layout("base", "COMPANY", None, "Base", "", True, placements=placements)
    facts = {k: SectionFacts(key=k, label=k, enabled=k not in off) for k in SECTIONS}
    return resolve(
        LayoutBook((layout,)),
        viewer={},
        record={},
        kind="COMPANY",
        relationship_type=None,
        today=NOW.date(),
        sections=facts,
        personal={"base": personal, "other": {"hidden": list(KEYS)}},
    )


def shown(keys: str, **given: Any) -> str:
    return "".join(p.instance_key for p in resolved(keys, **given).placements)


def reasons(keys: str, **given: Any) -> dict[str, str]:
    return {w.instance_key: w.reason for w in resolved(keys, **given).withheld}


def test_what_the_layout_withholds_can_not_be_had() -> None:
    wanted = {"off": "b", "order": ["b", "d", "a", "x"]}
    assert shown("abc", **wanted) == "ac"
    assert reasons("abc", **wanted, hidden=["b"]) == {"b": "PLUGIN_DISABLED"}


def test_unknown_keys_mean_nothing() -> None:
    assert shown("abc", order=["x", "y"], hidden=["z"]) == "abc"
    assert reasons("abc", order=["x", "y"], hidden=["z"]) == {}


def test_who_changed_nothing_gets_the_layout() -> None:
    assert shown("abc") == "abc"


def test_a_hidden_section_is_withheld_with_the_reason() -> None:
    assert shown("abc", hidden=["b"]) == "ac"
    assert reasons("abc", hidden=["b"]) == {"b": "HIDDEN_BY_VIEWER"}


def test_an_order_of_ones_own_holds() -> None:
    assert shown("abc", order=["c", "a", "b"]) == "cab"
    assert shown("abc", order=["c", "a", "b"], hidden=["a"]) == "cb"


def test_a_section_that_is_added_later_follows_its_predecessor() -> None:
    assert shown("abdc", order=["c", "a", "b"]) == "cabd"
    assert shown("dabc", order=["c", "a", "b"]) == "dcab"
    assert shown("adebc", order=["c", "a", "b"]) == "cadeb"


def test_it_follows_a_hidden_predecessor_too() -> None:
    order = ["c", "b", "a"]
    assert shown("abdc", order=order, hidden=["b"]) == "cda"


@given(
    layout=st.lists(st.sampled_from(KEYS), unique=True),
    order=st.lists(st.sampled_from([*KEYS, "x"])),
    hidden=st.sets(st.sampled_from([*KEYS, "x"])),
)
def test_nothing_is_won_and_nothing_but_the_hidden_lost(
    layout: list[str], order: list[str], hidden: set[str]
) -> None:
    found = shown("".join(layout), order=order, hidden=sorted(hidden))
    assert sorted(found) == sorted(set(layout) - hidden)
    named = [k for k in dict.fromkeys(order) if k in found]
    assert [k for k in found if k in named] == named


@given(layout=st.lists(st.sampled_from(KEYS), unique=True), order=st.permutations(KEYS))
def test_arranging_twice_is_arranging_once(layout: list[str], order: list[str]) -> None:
    placements = [Placement(key, key) for key in layout]
    once = arranged(placements, order)
    assert arranged(once, order) == once
    assert arranged(placements, [p.instance_key for p in once]) == once
