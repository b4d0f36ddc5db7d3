"""One engine over one database, as a viewer with a layout book asks it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import orjson

from cyclorama.execution.declarations import Declarations
from cyclorama.execution.engine import Engine, Operation
from cyclorama.execution.limits import Limits
from cyclorama.execution.plans import Plans
from cyclorama.layouts.model import LayoutBook
from cyclorama.plugins.compose import Graph
from cyclorama.resolvers.access import Access
from cyclorama.resolvers.context import Configuration, Context
from cyclorama.storage.accounts import (
    GroupFacts,
    Viewer,
    add_user,
    create_token,
    credential_of,
)
from cyclorama.storage.engine import Database, Reading
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import NOW


class Side:
    """An engine, by plans or by graph resolvers, on a database of its own."""

    def __init__(self, graph: Graph, database: Database, *, planned: bool) -> None:
        self.graph, self.database = graph, database
        plans = Plans(Declarations(database.dialect))
        limits = Limits(depth=30)
        self.engine = Engine(graph.schema, plans, limits, planned=planned)
        self.shortened = 0
        """Answers that the short way gave, too, in the same bytes."""
        self._credentials: dict[Any, str] = {}

    def view(self, viewer: Viewer, settings: Configuration) -> Any:
        """The schema as this viewer sees it."""
        nothing: Any = SimpleNamespace()
        context = self._context(self.database, nothing, viewer, settings, nothing)
        return self.engine.bind(context)

    def _context(
        self,
        database: Database,
        reading: Reading,
        viewer: Viewer,
        settings: Configuration,
        renewed: Any,
    ) -> Context:
        return Context(
            database=database,
            reading=reading,
            viewer=viewer,
            settings=settings,
            now=NOW,
            today=NOW.date(),
            graph=self.graph,
            request_id="-",
            renewed=renewed,
        )

    async def ask(
        self,
        text: str,
        values: Mapping[str, Any],
        viewer: Viewer,
        settings: Configuration,
    ) -> Any:
        """The answer to one request."""
        access = settings.access
        database = self.database.restricted(access and access.prefix(viewer))
        async with AsyncExitStack() as stack:

            async def opened() -> Reading:
                await stack.aclose()
                return await stack.enter_async_context(database.read())

            reading = await opened()
            context = self._context(database, reading, viewer, settings, opened)
            operation = Operation(query=text, variables=values)
            try:
                answer = await self.engine.answer(operation, context)
            finally:
                await context.end()
            if "errors" not in (found := orjson.loads(answer.body)):
                await self._ask_shortly(operation, context, answer.body)
        return found

    async def _ask_shortly(
        self, operation: Operation, context: Context, body: bytes
    ) -> None:
        """Have a query answered until the short way knows it, which must agree."""
        if len(context.roots) != 1 or operation.query.startswith("mutation"):
            return
        context.credential = await self._credential(context)
        for _ in range(2):
            context.roots.clear()
            await self.engine.answer(operation, context)
        found = await self.engine.answer_shortly(
            operation, context.credential, self.database, NOW, NOW.date(), 10
        )
        if found is not None:
            assert found.answer.body == body, f"the short way differs: {operation}"
            self.shortened += 1

    async def _credential(self, context: Context) -> str:
        """One for each viewer and configuration: the database knows neither of them."""
        key = (context.viewer.name, context.settings.version)
        if key not in self._credentials:
            email = f"{len(self._credentials)}@shortcuts.example"
            async with self.database.write() as session:
                await add_user(session, email=email, now=NOW)
                token = await create_token(session, email=email, now=NOW)
            self._credentials[key] = credential_of(token) or ""
            await context.renew()
        return self._credentials[key]


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


def masks(graph: Graph, seed: int) -> tuple[FieldPermission, ...]:
    """Some fields that some groups may not see."""
    chance = random.Random(seed)
    rows = ("Company", "Relationship", "User", "SupportCase", "PicklistItem")
    known = [
        c
        for c in graph.schema.units.coordinates
        if c.partition(".")[0] in rows and not c.endswith((".id", "y.name", "p.name"))
    ]
    return tuple(
        FieldPermission(chance.choice(("*", "csm", "exec")), field, "hidden")
        for field in chance.sample(known, 4)
    )


def configurations(
    graph: Graph,
    books: Sequence[LayoutBook],
    accesses: Sequence[Access | None],
    fields: Sequence[Any] = (),
) -> list[Configuration]:
    """A configuration for each book; in every other one fields are masked."""
    return [
        Configuration(
            version=number,
            book=book,
            facts=graph.facts({}),
            fields=tuple(fields),
            permissions=masks(graph, number) if number % 2 else (),
            sections=graph.sections,
            access=access,
        )
        for number, (book, access) in enumerate(zip(books, accesses, strict=True))
    ]
