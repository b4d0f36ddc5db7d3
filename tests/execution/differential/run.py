"""Asking both engines the same, and stopping at the first difference."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson

from differential.compare import Path, Tally, Told, difference, rivals, told
from differential.shrink import shrunk, smaller
from differential.sides import World
from differential.writer import Writer

Ask = Callable[[str], Awaitable[tuple[Any, Any]]]
"""The answers of both engines to a text."""


class Different(AssertionError):
    """Two engines have given different answers."""

    def __init__(self, text: str, values: Any, what: str, tally: Tally) -> None:
        shown = orjson.dumps(values).decode()
        super().__init__(
            f"after {tally.compared} equal answers: {what}\n{text}\nvariables: {shown}"
        )
        self.tally = tally


async def compare(
    world: World,
    *,
    seed: int,
    operations: int,
    shrink: bool = True,
    alone: bool = False,
    tally: Tally | None = None,
    progress: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """The tally of so many requests that were answered alike; `Different` otherwise."""
    tally = Tally() if tally is None else tally
    last = tally.compared + operations
    writer = Writer(world.schema, seed, world.pools, roots=world.roots, alone=alone)
    while tally.compared < last:
        viewer = writer.chance.choice(world.viewers)
        settings = writer.chance.choice(world.settings)
        writer.schema = world.planned.view(viewer, settings)
        asked = writer.operation()
        for values in asked.values:
            one = await world.planned.ask(asked.text, values, viewer, settings)
            other = await world.resolved.ask(asked.text, values, viewer, settings)
            what = difference(one, other)
            if what is not None:
                found = (asked.text, values, what)
                if shrink and not asked.text.startswith("mutation"):
                    ask = _asking(world, values, viewer, settings)
                    places = rivals(one, other)
                    if places and all(
                        [await _has_both(asked.text, ask, place) for place in places]
                    ):
                        tally.rivals += 1
                        continue
                    found = await _smallest(asked.text, values, ask)
                raise Different(*found, tally)
            tally.note(one)
            writer.words.learn(one)
        progress(tally)
    return tally


def _asking(world: World, values: Mapping[str, Any], viewer: Any, settings: Any) -> Ask:
    async def ask(text: str) -> tuple[Any, Any]:
        one = await world.planned.ask(text, values, viewer, settings)
        return one, await world.resolved.ask(text, values, viewer, settings)

    return ask


async def _smallest(text: str, values: Any, ask: Ask) -> tuple[str, Any, str]:
    async def differs(smaller: str) -> bool:
        return difference(*await ask(smaller)) is not None

    smallest = await shrunk(text, differs)
    return smallest, dict(values), f"{difference(*await ask(smallest))}"


async def _has_both(text: str, ask: Ask, place: Path) -> bool:
    """Whether all that differs at a place is which of two faults each engine has met
    first: with less than what shows that, both name the one or the other."""

    async def differs(less: str) -> bool:
        return place in rivals(*await ask(less))

    smallest = await shrunk(text, differs)
    first, second = rivals(*await ask(smallest))[place]
    named: set[Told] = set()
    for less in smaller(smallest):
        one, other = await ask(less)
        named |= {*told(one)} & {*told(other)}
    return bool(first & named and second & named)
