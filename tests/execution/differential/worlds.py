"""The worlds that are compared: two schemas on two databases."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from differential.demo import demo_world
from differential.random_sections import random_world
from differential.sides import World

WORLDS: Final[dict[str, Any]] = {"demo": demo_world, "random": random_world}
DATABASES: Final = ("sqlite", "postgresql")


@asynccontextmanager
async def opened(
    name: str, database: str, seed: int, server: str, *, guarded: bool = False
) -> AsyncIterator[World]:
    """A world on databases of its own; `guarded` with rules of access."""
    with tempfile.TemporaryDirectory() as folder:
        place = {"folder": Path(folder)} if database == "sqlite" else {"server": server}
        async with WORLDS[name](seed, guarded=guarded, **place) as world:
            yield world
