"""The GraphQL types that both Strawberry variants answer with, and their arithmetic.

Values are plain attributes here; what has to be fetched is resolved in the variants.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Any, NewType

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the fields of a company are made of."""

    status: Any
    stage: Any
    industry: Any
    csm: Any
    arr: Money | None
    began: date | None
    renewal: date | None


def application(server: ASGIApp, engine: AsyncEngine) -> Starlette:
    """A server at its path; the engine is closed with it."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    return Starlette(routes=[Route("/graphql", server)], lifespan=lifespan)


def money(minor: int | None, currency: str) -> Money | None:
    """An amount in minor units."""
    return (
        None
        if minor is None
        else Money(amount=Decimal(minor).scaleb(-2), currency=currency)
    )


def percent(part: float, whole: float | None) -> float | None:
    """100 * part / whole with one digit."""
    if not whole:
        return None
    share = Decimal(part) * 100 / Decimal(whole)
    return float(share.quantize(Decimal("0.1"), ROUND_HALF_UP))


def months(start: date | None, today: date) -> int | None:
    """Whole months from one day to the other."""
    if start is None:
        return None
    whole = (today.year - start.year) * 12 + today.month - start.month
    return whole - (today.day < start.day)


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(day.weekday())


def points(values: Mapping[date, float], periods: int, today: date) -> list[Point]:
    """The newest weeks, oldest first."""
    this = monday(today)
    weeks = [this - timedelta(7 * n) for n in range(periods - 1, -1, -1)]
    return [
        Point(period_start=week, value=values.get(week), partial=week == this)
        for week in weeks
    ]


def cards(last: int, before: int, breakdown: Sequence[Count]) -> list[Card]:
    """The two cards of Summary."""
    trend = "UP" if last > before else "DOWN" if last < before else "FLAT"
    opened = sum(b.count for b in breakdown)
    return [
        Card(
            key="active_users",
            label="Active users",
            value=last,
            trend=trend,
            breakdown=[],
        ),
        Card(
            key="open_cases",
            label="Open cases",
            value=opened,
            trend="NONE",
            breakdown=list(breakdown),
        ),
    ]


def amount(value: Money | None) -> Field:
    """The field `arr`."""
    shown = None if value is None else f"{value.amount} {value.currency}"
    given: Any = value and {"amount": str(value.amount), "currency": value.currency}
    return Field(
        path="arr", label="ARR", type="CURRENCY", value=given, display_value=shown
    )


def _picked(path: str, label: str, item: Any, editable: bool = False) -> Field:
    key, shown = (item.key, item.label) if item else (None, None)
    return Field(
        path=path,
        label=label,
        type="PICKLIST",
        value=key,
        display_value=shown,
        editable=editable,
    )


def _day(path: str, label: str, day: date | None, editable: bool = False) -> Field:
    text: Any = day and day.isoformat()
    return Field(
        path=path,
        label=label,
        type="DATE",
        value=text,
        display_value=text,
        editable=editable,
    )


def summary_fields(of: Facts, today: date) -> list[Field]:
    """The fields of Summary."""
    lifetime: Any = months(of.began, today)
    shown = None if lifetime is None else str(lifetime)
    return [
        _picked("status", "Status", of.status),
        _picked("industry", "Industry", of.industry),
        amount(of.arr),
        _day("originalContractDate", "Original contract date", of.began),
        _day("renewalDate", "Renewal date", of.renewal),
        Field(
            path="lifetimeInMonths",
            label="Lifetime in months",
            type="NUMBER",
            value=lifetime,
            display_value=shown,
        ),
    ]


def attributes(of: Facts) -> Attributes:
    """The groups of Attributes."""
    name, email = (of.csm.name, of.csm.email) if of.csm else (None, None)
    account = [
        _picked("industry", "Industry", of.industry),
        _picked("status", "Status", of.status, True),
        _picked("stage", "Stage", of.stage, True),
        Field(
            path="csm.name", label="CSM", type="STRING", value=name, display_value=name
        ),
        Field(
            path="csm.email",
            label="CSM email",
            type="EMAIL",
            value=email,
            display_value=email,
        ),
    ]
    contract = [
        amount(of.arr),
        _day("originalContractDate", "Original contract date", of.began),
        _day("renewalDate", "Renewal date", of.renewal, True),
    ]
    return Attributes(
        groups=[
            Group(label="Account", fields=account),
            Group(label="Contract", fields=contract),
        ]
    )
