"""A bench for sections: records, layouts and questions, on a database of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

import orjson

from cyclorama.execution.declarations import Declarations
from cyclorama.execution.engine import Engine, Operation
from cyclorama.execution.limits import Limits
from cyclorama.execution.plans import Plans
from cyclorama.execution.views import Views
from cyclorama.layouts.access import AccessBook
from cyclorama.layouts.model import (
    KINDS,
    SURFACES,
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Placement,
)
from cyclorama.plugins.compose import Graph, compose
from cyclorama.plugins.section import DemoRecords, Section
from cyclorama.resolvers.access import Access, access_of
from cyclorama.resolvers.breakers import Breakers
from cyclorama.resolvers.context import Budgets, Configuration, Context
from cyclorama.storage.accounts import GroupFacts, Viewer
from cyclorama.storage.configuration import FieldFacts
from cyclorama.storage.engine import Database, Reading
from cyclorama.storage.masks import FieldPermission
from cyclorama.storage.rows import (
    CompanyRow,
    RelationshipRow,
    RelationshipTypeRow,
    Row,
    UserRow,
)
from cyclorama.storage.search import fold

NOW: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""The bench's clock stands still, on a Monday."""
CSM: Final = Viewer(
    id="user_csm",
    kind="USER",
    name="Ann",
    email="ann@example.com",
    groups=(GroupFacts("group_csm", "csm", "CSM"),),
    attributes={},
    permissions=(),
)
ADMIN: Final = replace(CSM, permissions=("admin",))
ELSEWHERE: Final = "Elsewhere"


def company(number: int = 1, **values: Any) -> CompanyRow:
    """A company, by default `company_1`."""
    name = values.pop("name", f"Company {number}")
    return CompanyRow(
        id=f"company_{number}",
        name=name,
        search_key=fold(name),
        created_at=NOW,
        updated_at=NOW,
        **values,
    )


def relationship(number: int = 1, of: int = 1, **values: Any) -> RelationshipRow:
    """A relationship of a company, by default `relationship_1` of `company_1`."""
    name = values.pop("name", f"Relationship {number}")
    return RelationshipRow(
        id=f"relationship_{number}",
        name=name,
        search_key=fold(name),
        company_id=f"company_{of}",
        type_id="type_product",
        created_at=NOW,
        updated_at=NOW,
        **values,
    )


def book_of(sections: Sequence[Section], *, hidden: frozenset[str]) -> LayoutBook:
    """One layout for each kind, with all sections that it may hold but the hidden; these
    stand in the layout of records of the name `ELSEWHERE` alone."""
    layouts, assignments = [], []
    elsewhere = (Clause("name", "EQ", (ELSEWHERE,)),)
    for kind in KINDS:
        whole = tuple(
            Placement(s.key, s.key, surfaces=SURFACES)
            for s in sections
            if kind in s.kinds
        )
        key = f"bench-{kind.lower()}"
        rest = tuple(p for p in whole if p.section not in hidden)
        layouts.append(
            Layout(key, kind, None, "Bench", is_default=True, placements=rest)
        )
        if hidden:
            layouts.append(Layout(f"{key}-all", kind, None, "All", placements=whole))
            assignments.append(
                Assignment(1, kind.lower(), f"{key}-all", record=elsewhere)
            )
    return LayoutBook(tuple(layouts), tuple(assignments))


@lru_cache(maxsize=32)
def _composed(sections: tuple[Section, ...]) -> Graph:
    """The graph of the same sections, made once: it takes as long as ten questions."""
    return compose(sections)


@lru_cache(maxsize=64)
def _library(sections: tuple[Section, ...], dialect: str) -> Declarations:
    """The templates of what these sections declare, each made once."""
    return Declarations(dialect)


@lru_cache(maxsize=32)
def _views(sections: tuple[Section, ...]) -> Views:
    """The views of the graph of these sections, each made once."""
    schema: Any = _composed(sections).schema
    return Views(schema, schema.units.needs)


class Bench:
    """Asks a graph of these sections over one database.

    Every viewer gets every section, on records of the name `ELSEWHERE` alone those in
    `hidden`, or what `book` says, and reads every record, but those that `access`
    withholds.
    """

    def __init__(
        self,
        database: Database,
        sections: Sequence[Section],
        *,
        hidden: Sequence[str] = (),
        book: LayoutBook | None = None,
        access: AccessBook = AccessBook(),
        fields: Sequence[FieldFacts] = (),
        permissions: Sequence[FieldPermission] = (),
        budgets: Budgets = Budgets(),
        planned: bool = True,
    ) -> None:
        self.database = database
        self.budgets = budgets
        self.breakers = Breakers()
        self.now = NOW
        self.zone = "UTC"
        self.graph = _composed(tuple(sections))
        self.fields = tuple(fields)
        """The custom fields of records."""
        self.access = access
        self.permissions = tuple(permissions)
        """What groups may do with fields."""
        self.book = book or book_of(sections, hidden=frozenset(hidden))
        self.statements: list[str] = []
        """Of the last question, without the begin of its transaction."""
        self.switches: dict[str, bool] = {}
        self.today: date = NOW.date()
        library = _library(tuple(sections), database.dialect)
        self._engine = Engine(
            self.graph.schema, Plans(library), Limits(), planned=planned
        )
        self._engine.views = _views(tuple(sections))
        self._held: tuple[Any, ...] = ()
        self._configuration: Configuration | None = None
        self._held_rules: tuple[Any, ...] = ()
        self._rules: Access | None = None
        database.watches.append(self._watch)

    def _watch(self, statement: str) -> None:
        if not statement.startswith("BEGIN"):
            self.statements.append(statement)

    async def add(self, *rows: Row) -> None:
        """Store rows; each after those that it refers to."""
        async with self.database.write() as session:
            for _, alike in groupby(rows, type):
                session.add_all(alike)
                await session.flush()

    async def fill(self, companies: int = 2) -> DemoRecords:
        """A user and companies with one relationship each."""
        numbers = range(1, companies + 1)
        await self.add(
            UserRow(id="user_csm", email="ann@example.com", name="Ann", created_at=NOW),
            RelationshipTypeRow(id="type_product", key="product", name="Product"),
            *(company(n) for n in numbers),
            *(relationship(n, of=n) for n in numbers),
        )
        return DemoRecords(
            companies=tuple(f"company_{n}" for n in numbers),
            relationships=tuple((f"relationship_{n}", f"company_{n}") for n in numbers),
            users=("user_csm",),
            today=self.today,
        )

    async def ask(self, query: str, *, viewer: Viewer = CSM, **variables: Any) -> Any:
        """The whole answer: `data` and `errors`."""
        self.statements.clear()
        async with AsyncExitStack() as stack:

            async def opened() -> Reading:
                await stack.aclose()
                return await stack.enter_async_context(database.read())

            database = await self._readable(viewer)
            context = self._context(viewer, database, await opened(), opened)
            operation = Operation(query=query, variables=variables)
            try:
                answer = await self._engine.answer(operation, context)
            finally:
                await context.end()
        return orjson.loads(answer.body)

    async def query(self, query: str, **variables: Any) -> Any:
        """The answer's data; an answer with errors fails."""
        answer = await self.ask(query, **variables)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def _readable(self, viewer: Viewer) -> Database:
        """The database as the viewer may read it."""
        if not self.access.withholds:
            return self.database
        held = (self.access, self.fields)
        if self._rules is None or held != self._held_rules:
            async with self.database.read() as reading:
                given = (*held, self.graph.sections.values())
                self._rules = await access_of(self.database, reading, *given)
            self._held_rules = held
            self.statements.clear()
        return self.database.restricted(self._rules.prefix(viewer))

    def _context(
        self, viewer: Viewer, database: Database, reading: Reading, opened: Any
    ) -> Context:
        return Context(
            database=database,
            reading=reading,
            viewer=viewer,
            settings=self._settings(),
            now=self.now,
            today=self.today,
            zone=self.zone,
            budgets=self.budgets,
            breakers=self.breakers,
            graph=self.graph,
            request_id="bench",
            renewed=opened,
        )

    def _settings(self) -> Configuration:
        """The configuration: the same one until a part of it is changed."""
        held = (self.book, self.fields, self.permissions, {**self.switches})
        if self._configuration is None or held != self._held:
            self._held = held
            self._configuration = Configuration(
                version=1,
                book=self.book,
                facts=self.graph.facts(self.switches),
                fields=self.fields,
                permissions=self.permissions,
                sections=self.graph.sections,
            )
        return self._configuration
