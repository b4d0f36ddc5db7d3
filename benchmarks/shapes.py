"""The GraphQL types that both Strawberry variants answer with.

Values are plain attributes here; what has to be fetched is resolved in the variants.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import NewType

import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

Instant = NewType("Instant", datetime)
CONFIG = StrawberryConfig(
    scalar_map={
        Instant: strawberry.scalar(
            name="DateTime",
            serialize=lambda at: (
                f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
            ),
        )
    }
)


@strawberry.enum
class OpenOrAll(Enum):
    ALL = "ALL"
    OPEN = "OPEN"


@strawberry.type
class Money:
    amount: Decimal
    currency: str


@strawberry.type
class Item:
    id: strawberry.ID
    key: str
    label: str
    color: str | None


@strawberry.type
class User:
    name: str
    email: str


@strawberry.type
class Count:
    label: str
    count: int


@strawberry.type
class Card:
    key: str
    label: str
    value: JSON | None
    trend: str
    breakdown: list[Count]


@strawberry.type
class Field:
    path: str
    label: str
    type: str
    value: JSON | None
    display_value: str | None
    editable: bool = False


@strawberry.type
class Group:
    label: str
    fields: list[Field]


@strawberry.type
class Attributes:
    groups: list[Group]


@strawberry.type
class Point:
    period_start: date
    value: float | None
    partial: bool


@strawberry.type
class Case:
    id: strawberry.ID
    number: str
    subject: str | None
    status: str
    is_closed: bool
    priority: str | None
    opened_at: Instant
    closed_at: Instant | None


@strawberry.type
class CaseEdge:
    node: Case


@strawberry.type
class CaseConnection:
    total_count: int
    edges: list[CaseEdge]


@strawberry.type
class PageInfo:
    has_next_page: bool


@strawberry.type
class Type:
    key: str
    name: str


@strawberry.type
class TypeSummary:
    type: Type
    count: int
    arr: Money | None


@strawberry.type
class Stub:
    id: strawberry.ID
    name: str


@strawberry.type
class Node:
    company: Stub
    parent_id: strawberry.ID | None
    level: int
    child_count: int
    is_current: bool
    own: list[Field]
    rolled_up: list[Field]


@strawberry.type
class Hierarchy:
    nodes: list[Node]


@strawberry.type
class Score:
    value: int | None
    label: str | None
    color: str | None
    trend: str
    delta: int | None
    stale: bool


@strawberry.type
class Measure:
    key: str
    name: str


@strawberry.type
class ScorePoint:
    week_start: date
    value: int | None
    label: str | None
    color: str | None


@strawberry.type
class TypeCount:
    type: Item
    count: int


@strawberry.type
class Named:
    name: str


@strawberry.type
class Id:
    id: strawberry.ID


@strawberry.type
class NpsPoint:
    month: date
    nps: int | None
    response_count: int


def application(server: ASGIApp, engine: AsyncEngine) -> Starlette:
    """A server at its path; the engine is closed with it."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    return Starlette(routes=[Route("/graphql", server)], lifespan=lifespan)
