"""What was acknowledged is there, once, whatever the server died of; and no change that
was made at the same time as another is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from durability import SENDS, Outcome, incremented, killed_and_written

GOOD = Outcome(
    keys=["a", "b"],
    acknowledged=[("a", "1"), ("b", "2")] * SENDS,
    stored=Counter("ab"),
    audited=2,
    whole=True,
    kills=1,
)


@pytest.mark.parametrize(
    "change",
    [
        {"acknowledged": GOOD.acknowledged[1:]},
        {"acknowledged": [*GOOD.acknowledged[1:], ("a", "3")]},
        {"acknowledged": [*GOOD.acknowledged, ("once", "3")]},
        {"stored": Counter("a")},
        {"stored": Counter("aab")},
        {"audited": 1},
        {"whole": False},
    ],
)
def test_what_is_lost_or_doubled_is_found(change: dict[str, Any]) -> None:
    GOOD.check()
    with pytest.raises(AssertionError):
        replace(GOOD, **change).check()


def test_a_killed_server_loses_and_doubles_nothing(ready_url: str) -> None:
    outcome = killed_and_written(ready_url, keys=20, kills=1)
    outcome.check()
    assert outcome.kills == 1


def test_of_changes_at_once_none_is_lost(ready_url: str) -> None:
    counted, version, refused = incremented(ready_url, clients=16, times=4)
    assert (counted, version) == (64, 65)
    assert {*refused} == {"CONFLICT"}
