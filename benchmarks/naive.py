"""Strawberry with the ORM and DataLoaders, as its documentation teaches them.

A type holds its row; each field that needs another row awaits a loader; what is counted
or summed is so in Python. The server is Strawberry's own ASGI application.
"""

from __future__ import annotations

import os
from typing import Any

import strawberry
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from strawberry.asgi import GraphQL

from benchmarks import shapes
from benchmarks.naive_loaders import Loaders
from benchmarks.naive_types import Company, Info, loaders
from cyclorama.storage.engine import database_url
from cyclorama.storage.rows import CompanyRow


@strawberry.type
class CompanyEdge:
    node: Company


@strawberry.type
class CompanyConnection:
    edges: list[CompanyEdge]


@strawberry.type
class Query:
    @strawberry.field
    async def company(self, info: Info, id: strawberry.ID) -> Company | None:
        row = await loaders(info).company.load(id)
        return row and Company(row=row)

    @strawberry.field
    async def companies(self, info: Info, first: int = 20) -> CompanyConnection:
        order = (CompanyRow.search_key, CompanyRow.id)
        async with loaders(info).sessions() as session:
            query = select(CompanyRow).order_by(*order).limit(first)
            rows = list(await session.scalars(query))
        return CompanyConnection(
            edges=[CompanyEdge(node=Company(row=row)) for row in rows]
        )


class Server(GraphQL[dict[str, Any], None]):
    """Strawberry's application with loaders for each request."""

    sessions: Any

    async def get_context(self, request: Any, response: Any) -> Any:
        """The context of a request."""
        return {"loaders": Loaders(self.sessions)}


def asgi() -> Any:
    """The application of a worker."""
    url = database_url(os.environ["CYCLORAMA_DATABASE_URL"])
    engine = create_async_engine(url, pool_size=8)
    server = Server(strawberry.Schema(Query, config=shapes.CONFIG))
    server.sessions = async_sessionmaker(engine)
    return shapes.application(server, engine)
