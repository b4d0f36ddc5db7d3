"""A request may be cancelled at any step of it, and leaves nothing that was never
awaited."""

from __future__ import annotations

import asyncio
import gc
import sys
from typing import Any

import pytest

from cyclorama.plugins.discovery import discover
from cyclorama.storage.engine import Database
from cyclorama.testing import Bench

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
ASKED = """{
  company(id: "company_1") {
    name csm { name } scorecard { overall { value } }
    relationships { placement { instanceKey } }
    timeline { activities(first: 2) { totalCount edges { node { id } } } }
  }
  companies(first: 2) { edges { node { name csm { name } } } }
}"""


async def _cancelled(bench: Bench, last: int) -> bool:
    """Ask, and be cancelled with the task of this number; whether there was one."""
    count = 0

    def counted(loop: Any, work: Any, **named: Any) -> asyncio.Task[Any]:
        nonlocal count
        count += 1
        if count == last:
            task.cancel()
        return asyncio.Task(work, loop=loop, **named)

    task = asyncio.ensure_future(bench.ask(ASKED))
    loop = asyncio.get_running_loop()
    loop.set_task_factory(counted)
    try:
        await asyncio.wait({task})
    finally:
        loop.set_task_factory(None)
    return count >= last


@pytest.mark.parametrize("planned", [True, False])
async def test_nothing_is_left_that_was_never_awaited(
    database: Database, planned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(database, SECTIONS, planned=planned)
    await bench.fill()
    assert "errors" not in await bench.ask(ASKED)
    left: list[str] = []
    monkeypatch.setattr(
        sys, "unraisablehook", lambda told: left.append(str(told.exc_value))
    )
    last = 1
    while await _cancelled(bench, last):
        last += 1
        gc.collect(0)
    gc.collect()
    assert last > (4 if planned else 12)
    assert left == []
