"""A cache never holds more than it may, and counts."""

from __future__ import annotations

import pytest

from cyclorama.storage.kept import Kept


def test_what_was_used_longest_ago_goes_first() -> None:
    kept = Kept[str, int](2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.find("a") == 1
    kept.put("c", 3)
    assert (len(kept), kept.find("b"), kept.find("a"), kept.find("c")) == (
        2,
        None,
        1,
        3,
    )
    assert (kept.hits, kept.misses) == (3, 1)


def test_a_value_is_made_once_and_an_error_keeps_nothing() -> None:
    kept = Kept[str, int](2)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0)
    made = iter([1, 2])
    assert [kept.get("a", lambda: next(made)) for _ in range(3)] == [1, 1, 1]
    assert (kept.hits, kept.misses, len(kept)) == (2, 2, 1)


def test_weight_is_bounded_and_one_heavy_value_does_not_drive_out_the_rest() -> None:
    kept = Kept[int, str](1000, heaviest=100)
    for number in range(50):
        kept.put(number, "x", weight=8)
        assert kept.weight <= 100
    assert len(kept) == 12
    kept.put(99, "too heavy", weight=11)
    assert (kept.find(99), len(kept), kept.weight) == (None, 12, 96)
    kept.put(49, "lighter", weight=1)
    assert kept.weight == 89
