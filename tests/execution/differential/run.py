"""Asking both engines the same, and stopping at the first difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from differential.compare import Tally, difference
from differential.shrink import shrunk
from differential.sides import World
from differential.writer import Writer


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
                    found = await _smallest(world, asked.text, values, viewer, settings)
                raise Different(*found, tally)
            tally.note(one)
            writer.words.learn(one)
        progress(tally)
    return tally


async def _smallest(
    world: World, text: str, values: Mapping[str, Any], viewer: Any, settings: Any
) -> tuple[str, Any, str]:
    async def told(smaller: str) -> str | None:
        one = await world.planned.ask(smaller, values, viewer, settings)
        other = await world.resolved.ask(smaller, values, viewer, settings)
        return difference(one, other)

    async def differs(smaller: str) -> bool:
        return await told(smaller) is not None

    smallest = await shrunk(text, differs)
    what = await told(smallest)
    who = f"{viewer.name} with book {settings.version}"
    return smallest, dict(values), f"{what}\nfor {who}"
