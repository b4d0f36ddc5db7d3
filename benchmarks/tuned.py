"""Strawberry as a good engineer tunes it: DataLoaders on SQLAlchemy Core and asyncpg.

Types hold finished values, so that few fields need a resolver; each batch selects and
counts in the database only what is shown; statements are prepared once; documents are
parsed and validated once; answers are written by orjson.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import orjson
import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

from benchmarks import tuned_statements as statements
from benchmarks.limit import SETTINGS, days
from benchmarks.shapes import CONFIG, application
from benchmarks.tuned_types import Company, CompanyConnection, CompanyEdge, company
from cyclorama.storage.engine import database_url


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


@cache
def days_of(statement: Any) -> frozenset[str]:
    """The names of the days that a statement asks for."""
    return frozenset(statement.compile().params) & days(today()).keys()


class Loaders:
    """What one request loads; a loader for each statement that it needs."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.days = days(today())
        self._kept: dict[Hashable, DataLoader[str, Any]] = {}

    async def rows(self, statement: Any, **values: Any) -> Sequence[Any]:
        """All rows of a statement."""
        async with self.engine.connect() as connection:
            return (await connection.execute(statement, values)).all()

    def rows_of(self, statement: Any, record: str, **values: Any) -> Any:
        """The rows of a record, an awaitable of a list."""
        return self._loader(statement, values).load(record)

    def _loader(self, statement: Any, values: dict[str, Any]) -> DataLoader[str, Any]:
        key = (statement, *values.items())
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = DataLoader(self._batch(statement, values))
        return found

    def _batch(self, statement: Any, values: dict[str, Any]) -> Callable[..., Any]:
        given = {n: self.days[n] for n in days_of(statement)} | values

        async def load(keys: list[str]) -> list[list[Any]]:
            found: defaultdict[str, list[Any]] = defaultdict(list)
            for row in await self.rows(statement, keys=keys, **given):
                found[row.record].append(row)
            return [found[key] for key in keys]

        return load


@strawberry.type
class Query:
    @strawberry.field
    async def company(self, info: strawberry.Info, id: strawberry.ID) -> Company | None:
        rows = await info.context["loaders"].rows(statements.COMPANY, keys=[id])
        return company(rows[0]) if rows else None

    @strawberry.field
    async def companies(
        self, info: strawberry.Info, first: int = 20
    ) -> CompanyConnection:
        rows = await info.context["loaders"].rows(statements.COMPANIES, first=first)
        return CompanyConnection(edges=[CompanyEdge(node=company(row)) for row in rows])


class Server(GraphQL[dict[str, Any], None]):
    """Strawberry's application with loaders for each request and orjson."""

    engine: AsyncEngine

    async def get_context(self, request: Any, response: Any) -> Any:
        """The context of a request."""
        return {"loaders": Loaders(self.engine)}

    def encode_json(self, data: object) -> bytes:
        """An answer's bytes."""
        return orjson.dumps(data)


def asgi() -> Any:
    """The application of a worker."""
    schema = strawberry.Schema(
        Query, config=CONFIG, extensions=[ParserCache, ValidationCache]
    )
    server = Server(schema)
    server.engine = create_async_engine(
        database_url(os.environ["CYCLORAMA_DATABASE_URL"]),
        pool_size=8,
        max_overflow=0,
        isolation_level="AUTOCOMMIT",
        connect_args={"server_settings": SETTINGS, "max_cacheable_statement_size": 0},
    )
    return application(server, server.engine)
