"""Prints how much faster plain selections are than with graphql-core alone."""

from __future__ import annotations

import statistics
import time
from typing import Any

from graphql import execute, parse
from plain_sample import SCHEMA, thing
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from cyclorama.execution.executor import Executor


def measured(query: str, rounds: int = 15) -> float:
    """How many times faster 1,000 objects are than with graphql-core, by CPU time."""
    things = [thing(count=n) for n in range(1000)]
    document = parse(query)
    spent: dict[Any, list[float]] = {
        StrawberryGraphQLCoreExecutionContext: [],
        Executor: [],
    }
    for _ in range(rounds):
        for executor, times in spent.items():
            start = time.process_time()
            execute(
                SCHEMA, document, context_value=lambda: things, executor_class=executor
            )
            times.append(time.process_time() - start)
    core, written = (statistics.median(t) for t in spent.values())
    print(
        f"{query}: {core * 1e3:.2f} ms, {written * 1e3:.2f} ms, {core / written:.1f}x"
    )
    return core / written


if __name__ == "__main__":
    measured("{ things { name count share open side } }")
    measured("{ things { name count share open at } }")
    measured("{ things { name part { label weight } words } }")
