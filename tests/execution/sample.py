"""A small schema with every form of declaration, and data for it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

import orjson
import sqlalchemy as sa
import strawberry
from sqlalchemy.orm import aliased
from strawberry.schema.config import StrawberryConfig

from cyclorama.execution.declarations import Declarations
from cyclorama.execution.engine import Engine, Operation
from cyclorama.execution.limits import Limits
from cyclorama.execution.plans import Plans
from cyclorama.layouts.model import (
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Placement,
    SectionFacts,
)
from cyclorama.resolvers.context import Configuration, Context
from cyclorama.resolvers.gates import record_fields, section_field
from cyclorama.resolvers.refs import find
from cyclorama.schema import read
from cyclorama.schema.common import Money, PageInfo, PicklistItem, RelationshipType
from cyclorama.schema.envelope import SectionBase
from cyclorama.schema.records import Company, FieldValue, Record360, Relationship
from cyclorama.schema.scalars import SCALARS
from cyclorama.schema.series import weeks_back
from cyclorama.schema.sql import as_json, money, rounded
from cyclorama.schema.symbols import record, today, viewer_id
from cyclorama.storage.accounts import Viewer
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    CompanyRow,
    PicklistItemRow,
    RelationshipRow,
    RelationshipTypeRow,
    UserRow,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OF_RECORD = RelationshipRow.company_id == record.id
by_type = (
    sa.select(
        RelationshipRow.type_id,
        sa.func.count().label("count"),
        sa.func.sum(RelationshipRow.arr_minor).label("arr_minor"),
        sa.func.min(RelationshipRow.currency).label("currency"),
    )
    .where(OF_RECORD)
    .group_by(RelationshipRow.type_id)
    .subquery()
)


@dataclass(frozen=True, kw_only=True)
class Section:
    """What the core asks of a section."""

    key: str
    title: str
    type: Any = None
    config: Any = None
    icon: str | None = None
    description: str = ""


@strawberry.enum
class Side(Enum):
    LARGE = "LARGE"
    SMALL = "SMALL"


@strawberry.type
class ItemEdge:
    cursor: str
    node: Relationship


@strawberry.type
class ItemConnection:
    edges: list[ItemEdge]
    page_info: PageInfo
    total_count: int


@strawberry.type
@read.table(by_type)
class TypeCount:
    type: RelationshipType = read.one(by_type.c.type_id)
    count: int
    arr: Money | None = money(by_type.c.arr_minor, by_type.c.currency)


@strawberry.type
class Point:
    period_start: date
    value: int


def chosen(
    side: Side = Side.LARGE,
    named: read.Arg[str] | None = None,
    types: read.Arg[list[str]] | None = None,
) -> Any:
    amount = RelationshipRow.arr_minor
    found = sa.and_(OF_RECORD, amount >= 200 if side is Side.LARGE else amount < 200)
    if named is not None:
        found = sa.and_(found, RelationshipRow.name == named)
    if types is not None:
        found = sa.and_(found, RelationshipRow.type_id.in_(types))
    return found


def weeks(count: read.Arg[int] = read.arg(3)) -> Any:
    series = weeks_back(today, count)
    return sa.select(
        series.c.day.label("period_start"), series.c.position.label("value")
    )


async def shouted(keys: Any) -> list[str]:
    return [f"{name.upper()} v{version}" for name, version in keys]


Inner = aliased(RelationshipRow)


@strawberry.type
@read.table(RelationshipRow)
class Item:
    id: strawberry.ID
    name: str
    tags: list[str]
    created_at: datetime
    renewal_date: date | None
    version: int
    arr: Money | None = money(RelationshipRow.arr_minor, RelationshipRow.currency)
    status: PicklistItem | None = read.one(RelationshipRow.status_id)
    company: Company = read.one(RelationshipRow.company_id)
    is_mine: bool = read.value(
        sa.func.coalesce(RelationshipRow.csm_id == viewer_id, sa.false())
    )
    share: float | None = read.value(
        rounded(RelationshipRow.arr_minor / sa.literal(300.0), 3)
    )
    again: Item = read.here()
    siblings: list[Item] = read.many(
        Inner,
        sa.and_(
            Inner.company_id == RelationshipRow.company_id,
            Inner.id != RelationshipRow.id,
        ),
        order_by=[Inner.search_key.desc(), Inner.id],
        limit=3,
    )


@strawberry.type
class ItemsSection(SectionBase):
    by_type: list[TypeCount] = read.many(by_type, order_by=["count", "type_id"])
    items: list[Item] = read.many(
        RelationshipRow, chosen, order_by=[RelationshipRow.name, RelationshipRow.id]
    )
    page: ItemConnection = read.page(
        RelationshipRow,
        OF_RECORD,
        order_by=[RelationshipRow.type_id.desc(), RelationshipRow.id],
    )
    points: list[Point] = read.many(weeks, order_by=["period_start"])
    names: list[str] = read.many(
        sa.select(RelationshipRow.name).where(OF_RECORD), order_by=["name"]
    )
    mean: float | None = read.value(
        sa.select(rounded(sa.func.avg(RelationshipRow.arr_minor), 3))
        .where(OF_RECORD)
        .scalar_subquery()
    )
    any: bool = read.value(
        sa.select(sa.func.count() > 0)
        .select_from(RelationshipRow)
        .where(OF_RECORD)
        .scalar_subquery()
    )
    record_name: str = read.value(record.c.name)
    must: int = read.value(record.c.arr_minor)


def cards(env: Any) -> list[Mapping[str, Any]]:
    return [
        {
            "path": s.key,
            "label": s.title,
            "type": "STRING",
            "value": as_json(record.c.name),
            "display_value": record.c.name,
            "editable": False,
            "required": False,
            "help_text": None,
        }
        for s in env.sections
    ]


@strawberry.type
class CardsSection(SectionBase):
    items: list[FieldValue] = read.each(cards)
    first: FieldValue | None = read.known(lambda env: cards(env)[0])
    nothing: FieldValue | None = read.known(lambda: None)


@strawberry.type
class VoicesSection(SectionBase):
    voice: str = read.python(shouted, record.c.name, record.c.version)
    name: str = read.value(record.c.name)


SECTIONS = {
    "cards": Section(key="cards", title="Cards", type=CardsSection),
    "items": Section(key="items", title="Items", type=ItemsSection),
    "voices": Section(key="voices", title="Voices", type=VoicesSection),
}
CS = list(SECTIONS)


@strawberry.type
class Query:
    @strawberry.field
    async def company(self, info: strawberry.Info, id: strawberry.ID) -> Company | None:
        found: Any = (await find(info.context, "COMPANY", [id]))[0]
        return found

    @strawberry.field
    async def companies(self, info: strawberry.Info) -> list[Company]:
        ids = [f"company_{n}" for n in range(1, 4)]
        found: Any = await find(info.context, "COMPANY", ids)
        return found


class Composed(strawberry.Schema):
    def get_fields(self, type_definition: Any) -> Any:
        origin = type_definition.origin
        extra = [copy.copy(f) for f in record_fields()]
        if origin in (Company, Relationship):
            extra += [section_field(s) for s in SECTIONS.values()]
        is_record = origin in (Company, Relationship, Record360)
        return [*type_definition.fields, *(extra if is_record else ())]


def make_schema() -> strawberry.Schema:
    return Composed(
        Query,
        types=[Company, Relationship, ItemsSection, CardsSection, VoicesSection],
        config=StrawberryConfig(scalar_map=dict(SCALARS)),  # type: ignore[arg-type]
    )


def _layout(key: str, *sections: str, default: bool = False) -> Layout:
    placements = tuple(Placement(s, s) for s in sections)
    return Layout(key, "COMPANY", None, key, is_default=default, placements=placements)


BOOK = LayoutBook(
    layouts=(
        _layout("all", *CS),
        _layout("items", "items"),
        _layout("least", "cards", default=True),
    ),
    assignments=(
        Assignment(1, "a", "all", record=(Clause("status", "IN", ("active",)),)),
        Assignment(2, "b", "items", record=(Clause("status", "IN", ("ended",)),)),
    ),
)


def configuration() -> Configuration:
    facts = {k: SectionFacts(k, s.title) for k, s in SECTIONS.items()}
    return Configuration(
        version=1, book=BOOK, facts=facts, fields=(), sections=SECTIONS
    )


def _company(number: int, **values: Any) -> CompanyRow:
    return CompanyRow(
        id=f"company_{number}",
        name=f'Cömpany {number} "quoted" \u2028 東京 🙂 \\ \x01',
        search_key=f"company {number}",
        created_at=NOW,
        updated_at=NOW,
        **values,
    )


async def fill(database: Database) -> None:
    """Three companies with three layouts; the second has relationships, too."""
    async with database.write() as session:
        session.add_all(
            [
                PicklistItemRow(
                    id=f"item_{key}", picklist="company.status", key=key, label=key
                )
                for key in ("active", "ended")
            ]
            + [UserRow(id="user_1", email="a@example.com", name="Ann", created_at=NOW)]
            + [
                RelationshipTypeRow(id=f"type_{k}", key=k, name=k.upper())
                for k in ("a", "b")
            ]
        )
        await session.flush()
        session.add(
            _company(1, status_id="item_active", arr_minor=123456, tags=["x", "ü"])
        )
        await session.flush()
        session.add(
            _company(2, status_id="item_ended", parent_id="company_1", csm_id="user_1")
        )
        session.add(_company(3, arr_minor=-5, original_contract_date=date(2025, 1, 31)))
        await session.flush()
        for number in range(9):
            session.add(
                RelationshipRow(
                    id=f"relationship_{number}",
                    name=f"Part {number % 4}",
                    search_key=f"part {number % 4}",
                    company_id="company_1" if number < 6 else "company_2",
                    type_id="type_a" if number % 2 else "type_b",
                    arr_minor=None if number == 5 else 100 * number,
                    csm_id="user_1" if number % 3 == 0 else None,
                    status_id="item_active" if number % 2 else None,
                    renewal_date=date(2027, 1, number + 1) if number % 2 else None,
                    tags=["t"] * (number % 3),
                    created_at=NOW,
                    updated_at=NOW,
                )
            )


class Asker:
    """Asks one engine over one database; keeps the statements of the last question."""

    def __init__(self, database: Database, *, planned: bool = True) -> None:
        library = Declarations(database.dialect)
        self.database = database
        self.engine = Engine(make_schema(), Plans(library), Limits(), planned=planned)
        self.settings = configuration()
        self.statements: list[str] = []
        database.watches.append(self._note)

    def _note(self, statement: str) -> None:
        if not statement.startswith("BEGIN"):
            self.statements.append(statement)

    async def __call__(self, query: str, **variables: Any) -> Any:
        self.statements.clear()
        async with AsyncExitStack() as stack:
            reading = await stack.enter_async_context(self.database.read())

            async def renewed() -> Any:
                return await stack.enter_async_context(self.database.read())

            context = Context(
                database=self.database,
                reading=reading,
                viewer=Viewer(
                    id="user_1",
                    kind="USER",
                    name="Ann",
                    email=None,
                    groups=(),
                    attributes={},
                    permissions=(),
                ),
                settings=self.settings,
                now=NOW,
                today=NOW.date(),
                graph=None,
                request_id="test",
                renewed=renewed,
            )
            operation = Operation(query=query, variables=variables)
            answer = await self.engine.answer(operation, context)
        return orjson.loads(answer.body)
