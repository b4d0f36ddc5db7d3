"""One engine over one database, as a viewer with a layout book asks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import orjson

from cyclorama.execution.declarations import Declarations
from cyclorama.execution.engine import Engine, Operation
from cyclorama.execution.limits import Limits
from cyclorama.execution.plans import Plans
from cyclorama.layouts.model import LayoutBook
from cyclorama.plugins.compose import Graph
from cyclorama.resolvers.context import Configuration, Context
from cyclorama.storage.accounts import GroupFacts, Viewer
from cyclorama.storage.engine import Database, Reading
from cyclorama.testing import NOW


class Side:
    """An engine, by plans or by graph resolvers, on a database of its own."""

    def __init__(self, graph: Graph, database: Database, *, planned: bool) -> None:
        self.graph, self.database = graph, database
        plans = Plans(Declarations(database.dialect))
        limits = Limits(depth=30)
        self.engine = Engine(graph.schema, plans, limits, planned=planned)

    async def ask(
        self,
        text: str,
        values: Mapping[str, Any],
        viewer: Viewer,
        settings: Configuration,
    ) -> Any:
        """The answer to one request."""
        async with AsyncExitStack() as stack:

            async def opened() -> Reading:
                await stack.aclose()
                return await stack.enter_async_context(self.database.read())

            context = Context(
                database=self.database,
                reading=await opened(),
                viewer=viewer,
                settings=settings,
                now=NOW,
                today=NOW.date(),
                graph=self.graph,
                request_id="-",
                renewed=opened,
            )
            operation = Operation(query=text, variables=values)
            answer = await self.engine.answer(operation, context)
        return orjson.loads(answer.body)


@dataclass(slots=True)
class World:
    """Two engines on equal databases, and who may ask them what."""

    planned: Side
    resolved: Side
    viewers: Sequence[Viewer]
    settings: Sequence[Configuration]
    pools: Mapping[str, Sequence[Any]]
    roots: Sequence[str] = ("company", "relationship", "companies", "nodes")

    @property
    def schema(self) -> Any:
        """The schema that both engines execute."""
        return self.planned.engine.schema


def viewer(
    name: str, *groups: str, user: str | None = None, admin: bool = False
) -> Viewer:
    """A viewer in these groups."""
    return Viewer(
        id=user or f"user_demo{name}",
        kind="USER",
        name=name,
        email=f"{name}@example.com",
        groups=tuple(GroupFacts(f"group_{g}", g, g.upper()) for g in sorted(groups)),
        attributes={"name": name, "title": "Head of 東京"},
        permissions=("admin",) if admin else (),
    )


def configurations(
    graph: Graph, books: Sequence[LayoutBook], fields: Sequence[Any] = ()
) -> list[Configuration]:
    """A configuration for each book."""
    return [
        Configuration(
            version=number,
            book=book,
            facts=graph.facts({}),
            fields=tuple(fields),
            sections=graph.sections,
        )
        for number, book in enumerate(books)
    ]
