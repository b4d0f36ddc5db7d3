"""What was acknowledged is there, once, whatever the server died of; and no change that
was made at the same time as another is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from durability import SENDS, Outcome, incremented, killed_and_written


def told(name: str) -> dict[str, Any]:
    return {"after": {"name": name}}


MADE = {"1": told("a"), "2": told("b")}
GOOD = Outcome(
    keys=["a", "b"],
    acknowledged=[("a", "1"), ("b", "2")] * SENDS,
    stored=MADE,
    events=[*MADE.items()],
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
        {"acknowledged": [*GOOD.acknowledged, ("once", "2")]},
        {"stored": {"1": told("a")}, "events": GOOD.events[:1], "audited": 1},
        {
            "stored": {**MADE, "3": told("a")},
            "events": [*GOOD.events, ("3", told("a"))],
            "audited": 3,
        },
        {"events": GOOD.events[1:]},
        {"events": [*GOOD.events, GOOD.events[0]]},
        {"events": [*GOOD.events, ("3", told("c"))]},
        {"events": [("1", told("a")), ("2", told("a"))]},
        {"audited": 1},
        {"whole": False},
    ],
)
def test_what_is_lost_or_doubled_is_found(change: dict[str, Any]) -> None:
    GOOD.check()
    assert "10 acknowledgements of 2 CTAs, 2 events of these" in str(GOOD)
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
