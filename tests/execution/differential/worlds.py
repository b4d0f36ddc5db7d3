"""The worlds that are compared: two schemas on two databases."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from differential import demo, random_sections
from differential.databases import twins
from differential.sides import World

WORLDS: Final[dict[str, Any]] = {
    "demo": demo.demo_world,
    "random": random_sections.random_world,
}
FILLS: Final = {"demo": demo.fill, "random": random_sections.fill}
DATABASES: Final = ("sqlite", "postgresql")


@asynccontextmanager
async def opened(
    name: str, urls: tuple[str, str], seed: int, *, guarded: bool = False
) -> AsyncIterator[World]:
    """A world on two equal databases of its own; `guarded` with rules of access."""
    async with WORLDS[name](seed, urls, guarded=guarded) as world:
        yield world


@asynccontextmanager
async def made(
    name: str, database: str, seed: int, server: str, *, guarded: bool = False
) -> AsyncIterator[World]:
    """A world with databases that are made for it."""
    with tempfile.TemporaryDirectory() as folder:
        place = {"folder": Path(folder)} if database == "sqlite" else {"server": server}
        async with (
            twins(FILLS[name], **place) as urls,  # type: ignore[arg-type]
            opened(name, urls, seed, guarded=guarded) as world,
        ):
            yield world
