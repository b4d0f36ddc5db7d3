"""The types of the naive variant: each holds its row and awaits what else it shows."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import strawberry

from benchmarks import arithmetic
from benchmarks.arithmetic import money
from benchmarks.naive_activities import Timeline
from benchmarks.naive_ctas import Cockpit
from benchmarks.naive_scores import Scorecard
from benchmarks.naive_sections import (
    Info,
    Private,
    Summary,
    Support,
    Usage,
    facts_of,
    item_of,
    loaders,
    today,
    user_of,
)
from benchmarks.naive_surveys import Surveys, surveys_of
from benchmarks.shapes import (
    Attributes,
    Hierarchy,
    Item,
    Money,
    Node,
    PageInfo,
    Stub,
    Type,
    TypeSummary,
    User,
)


@strawberry.type
class Relationship:
    row: Private[Any]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return self.row.id

    @strawberry.field
    def name(self) -> str:
        return self.row.name

    @strawberry.field
    async def type(self, info: Info) -> Type:
        row = await loaders(info).type.load(self.row.type_id)
        return Type(key=row.key, name=row.name)

    @strawberry.field
    async def status(self, info: Info) -> Item | None:
        return await item_of(info, self.row.status_id)

    @strawberry.field
    def arr(self) -> Money | None:
        return money(self.row.arr_minor, self.row.currency)

    @strawberry.field
    def renewal_date(self) -> date | None:
        return self.row.renewal_date

    @strawberry.field
    def support(self) -> Support:
        return Support(kind="relationship", record=self.row.id)

    @strawberry.field
    def usage(self) -> Usage:
        return Usage(kind="relationship", record=self.row.id)


@strawberry.type
class RelationshipEdge:
    node: Relationship


@strawberry.type
class RelationshipConnection:
    total_count: int
    page_info: PageInfo
    edges: list[RelationshipEdge]


@strawberry.type
class Relationships:
    company: Private[str]

    @strawberry.field
    async def by_type(self, info: Info) -> list[TypeSummary]:
        groups: defaultdict[str, list[Any]] = defaultdict(list)
        for row in await loaders(info).relationships.load(self.company):
            groups[row.type_id].append(row)
        types = await loaders(info).type.load_many(list(groups))
        return [
            TypeSummary(
                type=Type(key=t.key, name=t.name),
                count=len(groups[t.id]),
                arr=money(
                    sum(r.arr_minor for r in groups[t.id]), groups[t.id][0].currency
                ),
            )
            for t in sorted(types, key=lambda t: t.key)
        ]

    @strawberry.field
    async def relationships(
        self, info: Info, first: int = 20
    ) -> RelationshipConnection:
        rows = await loaders(info).relationships.load(self.company)
        edges = [RelationshipEdge(node=Relationship(row=r)) for r in rows[:first]]
        return RelationshipConnection(
            total_count=len(rows),
            page_info=PageInfo(has_next_page=len(rows) > first),
            edges=edges,
        )


async def _tree(info: Info, row: Any) -> Hierarchy:
    """All companies of the row's tree, level by level."""
    top = row
    while top.parent_id is not None:
        top = await loaders(info).company.load(top.parent_id)
    found: list[Node] = []

    async def visit(company: Any, level: int) -> int:
        children = await loaders(info).children.load(company.id)
        node = Node(
            company=Stub(id=company.id, name=company.name),
            parent_id=company.parent_id if level > 1 else None,
            level=level,
            child_count=len(children),
            is_current=company.id == row.id,
            own=[arithmetic.amount(money(company.arr_minor, company.currency))],
            rolled_up=[],
        )
        found.append(node)
        total = company.arr_minor
        for child in children:
            total += await visit(child, level + 1)
        node.rolled_up = [arithmetic.amount(money(total, company.currency))]
        return int(total)

    await visit(top, 1)
    shown = arithmetic.family({n.company.id: n.parent_id for n in found}, row.id)
    found = [n for n in found if n.company.id in shown]
    found.sort(key=lambda n: (n.level, n.company.name.lower(), n.company.id))
    return Hierarchy(nodes=found)


@strawberry.type
class Company:
    row: Private[Any]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return self.row.id

    @strawberry.field
    def name(self) -> str:
        return self.row.name

    @strawberry.field
    async def status(self, info: Info) -> Item | None:
        return await item_of(info, self.row.status_id)

    @strawberry.field
    async def stage(self, info: Info) -> Item | None:
        return await item_of(info, self.row.stage_id)

    @strawberry.field
    async def industry(self, info: Info) -> Item | None:
        return await item_of(info, self.row.industry_id)

    @strawberry.field
    def arr(self) -> Money | None:
        return money(self.row.arr_minor, self.row.currency)

    @strawberry.field
    def renewal_date(self) -> date | None:
        return self.row.renewal_date

    @strawberry.field
    def original_contract_date(self) -> date | None:
        return self.row.original_contract_date

    @strawberry.field
    def lifetime_in_months(self) -> int | None:
        return arithmetic.months(self.row.original_contract_date, today())

    @strawberry.field
    async def csm(self, info: Info) -> User | None:
        return await user_of(info, self.row.csm_id)

    @strawberry.field
    def employees(self) -> int | None:
        return self.row.employees

    @strawberry.field
    def managed_as(self) -> str:
        return self.row.managed_as

    @strawberry.field
    def summary(self) -> Summary:
        return Summary(row=self.row)

    @strawberry.field
    async def attributes(self, info: Info) -> Attributes:
        return arithmetic.attributes(await facts_of(info, self.row))

    @strawberry.field
    def relationships(self) -> Relationships:
        return Relationships(company=self.row.id)

    @strawberry.field
    async def company_hierarchy(self, info: Info) -> Hierarchy:
        return await _tree(info, self.row)

    @strawberry.field
    def support(self) -> Support:
        return Support(kind="company", record=self.row.id)

    @strawberry.field
    def usage(self) -> Usage:
        return Usage(kind="company", record=self.row.id)

    @strawberry.field
    def scorecard(self) -> Scorecard:
        return Scorecard(record=self.row.id)

    @strawberry.field
    async def surveys(self, info: Info) -> Surveys:
        return await surveys_of(info, self.row.id)

    @strawberry.field
    def cockpit(self) -> Cockpit:
        return Cockpit(record=self.row.id)

    @strawberry.field
    def timeline(self) -> Timeline:
        return Timeline(record=self.row.id)
