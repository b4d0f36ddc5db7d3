"""What users make of a layout for themselves, within what it gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cyclorama.layouts.model import Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """A user's own arrangement of a layout, by instance keys; those that the layout does
    not hold, or not any more, mean nothing."""

    hidden: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()
    collapsed: tuple[str, ...] = ()
    last_tab: str | None = None


def personal_of(held: Mapping[str, Any] | None) -> Personal:
    """The arrangement as it is stored."""
    if held is None:
        return Personal()
    return Personal(
        hidden=frozenset(held.get("hidden", ())),
        order=tuple(held.get("order", ())),
        collapsed=tuple(held.get("collapsed", ())),
        last_tab=held.get("lastTab"),
    )


def arranged(placements: Sequence[Placement], order: Sequence[str]) -> list[Placement]:
    """The placements in a user's order. One that it does not name, as it was added later,
    follows the one that it follows in the layout."""
    held = {p.instance_key: p for p in placements}
    found = [held[key] for key in dict.fromkeys(order) if key in held]
    named = set(order)
    before: Placement | None = None
    for placement in placements:
        if placement.instance_key not in named:
            found.insert(0 if before is None else found.index(before) + 1, placement)
        before = placement
    return found
