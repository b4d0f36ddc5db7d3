"""The types of the tuned variant whose fields are loaded."""

from __future__ import annotations

from datetime import date
from typing import Any

import strawberry

from benchmarks import arithmetic
from benchmarks import tuned_statements as statements
from benchmarks.arithmetic import Facts, money
from benchmarks.shapes import (
    Attributes,
    Count,
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
from benchmarks.tuned_activities import Timeline, milestones
from benchmarks.tuned_ctas import Cockpit, by_type, cockpit_of
from benchmarks.tuned_scores import Scorecard, health_of, scorecard_of
from benchmarks.tuned_sections import (
    OPEN_CASES,
    Info,
    Private,
    Summary,
    Support,
    Usage,
    people_of,
    rows_of,
    support_of,
    today_of,
    usage_of,
)
from benchmarks.tuned_surveys import Surveys, surveys_of, tally_of


@strawberry.type
class Relationship:
    id: strawberry.ID
    name: str
    type: Type
    status: Item | None
    arr: Money | None
    renewal_date: date | None

    @strawberry.field
    async def support(self, info: Info) -> Support:
        return await support_of(info, "relationship", self.id)

    @strawberry.field
    async def usage(self, info: Info) -> Usage:
        return await usage_of(info, "relationship", self.id)


def _relationship(row: Any) -> Relationship:
    return Relationship(
        id=row.id,
        name=row.name,
        type=Type(key=row.type_key, name=row.type_name),
        status=_item(row, "status"),
        arr=money(row.arr_minor, row.currency),
        renewal_date=row.renewal_date,
    )


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
        return [
            TypeSummary(
                type=Type(key=r.key, name=r.name),
                count=r.count,
                arr=money(r.arr_minor, r.currency),
            )
            for r in await rows_of(info, statements.BY_TYPE, self.company)
        ]

    @strawberry.field
    async def relationships(
        self, info: Info, first: int = 20
    ) -> RelationshipConnection:
        rows = await rows_of(info, statements.RELATIONSHIPS, self.company)
        return RelationshipConnection(
            total_count=len(rows),
            page_info=PageInfo(has_next_page=len(rows) > first),
            edges=[RelationshipEdge(node=_relationship(r)) for r in rows[:first]],
        )


def _tree(rows: list[Any], current: str) -> Hierarchy:
    """The nodes in order, with what is below each added up from the leaves."""
    sums = {r.id: r.arr_minor for r in rows}
    children: dict[str, int] = dict.fromkeys(sums, 0)
    for row in reversed(rows):
        if row.level > 1:
            sums[row.parent_id] += sums[row.id]
            children[row.parent_id] += 1
    shown = arithmetic.family({r.id: r.parent_id for r in rows}, current)
    return Hierarchy(
        nodes=[
            Node(
                company=Stub(id=r.id, name=r.name),
                parent_id=r.parent_id if r.level > 1 else None,
                level=r.level,
                child_count=children[r.id],
                is_current=r.id == current,
                own=[arithmetic.amount(money(r.arr_minor, r.currency))],
                rolled_up=[arithmetic.amount(money(sums[r.id], r.currency))],
            )
            for r in rows
            if r.id in shown
        ]
    )


@strawberry.type
class Company:
    row: Private[Any]
    facts: Private[Facts]
    id: strawberry.ID
    name: str
    status: Item | None
    stage: Item | None
    industry: Item | None
    arr: Money | None
    renewal_date: date | None
    original_contract_date: date | None
    csm: User | None
    employees: int | None
    managed_as: str

    @strawberry.field
    def lifetime_in_months(self, info: Info) -> int | None:
        return arithmetic.months(self.original_contract_date, today_of(info))

    @strawberry.field
    async def summary(self, info: Info) -> Summary:
        last, before, _ = await people_of(info, "company", self.id)
        rows = await rows_of(info, OPEN_CASES["company"], self.id)
        found = [Count(label=r.label, count=r.count) for r in rows]
        return Summary(
            cards=arithmetic.cards(
                health=await health_of(info, self.id),
                ctas=[
                    Count(label=t.type.label, count=t.count)
                    for t in await by_type(info, self.id)
                ],
                tally=await tally_of(info, self.id),
                last=last,
                before=before,
                cases=found,
                milestones=await milestones(info, self.id),
                stage=self.stage,
            ),
            fields=arithmetic.summary_fields(self.facts, today_of(info)),
            tags=self.row.tags,
            comment=self.row.comment,
        )

    @strawberry.field
    def attributes(self) -> Attributes:
        return arithmetic.attributes(self.facts)

    @strawberry.field
    def relationships(self) -> Relationships:
        return Relationships(company=self.id)

    @strawberry.field
    async def company_hierarchy(self, info: Info) -> Hierarchy:
        return _tree(await rows_of(info, statements.TREE, self.id), self.id)

    @strawberry.field
    async def support(self, info: Info) -> Support:
        return await support_of(info, "company", self.id)

    @strawberry.field
    async def usage(self, info: Info) -> Usage:
        return await usage_of(info, "company", self.id)

    @strawberry.field
    async def scorecard(self, info: Info) -> Scorecard:
        return await scorecard_of(info, self.id)

    @strawberry.field
    async def surveys(self, info: Info) -> Surveys:
        return await surveys_of(info, self.id)

    @strawberry.field
    async def cockpit(self, info: Info) -> Cockpit:
        return await cockpit_of(info, self.id)

    @strawberry.field
    def timeline(self) -> Timeline:
        return Timeline(record=self.id)


@strawberry.type
class CompanyEdge:
    node: Company


@strawberry.type
class CompanyConnection:
    edges: list[CompanyEdge]


def _item(row: Any, name: str) -> Item | None:
    key = row._mapping[f"{name}_id"]
    if key is None:
        return None
    values = {n: row._mapping[f"{name}_{n}"] for n in ("key", "label", "color")}
    return Item(id=key, **values)


def company(row: Any) -> Company:
    """A company of its row."""
    csm = User(name=row.csm_name, email=row.csm_email) if row.csm_name else None
    arr = money(row.arr_minor, row.currency)
    facts = Facts(
        status=_item(row, "status"),
        stage=_item(row, "stage"),
        industry=_item(row, "industry"),
        csm=csm,
        arr=arr,
        began=row.original_contract_date,
        renewal=row.renewal_date,
    )
    return Company(
        row=row,
        facts=facts,
        id=row.id,
        name=row.name,
        status=facts.status,
        stage=facts.stage,
        industry=facts.industry,
        arr=arr,
        renewal_date=row.renewal_date,
        original_contract_date=row.original_contract_date,
        csm=csm,
        employees=row.employees,
        managed_as=row.managed_as,
    )
