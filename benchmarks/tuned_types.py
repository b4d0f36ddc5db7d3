"""The types of the tuned variant whose fields are loaded."""

from __future__ import annotations

from datetime import date
from typing import Any

import strawberry

from benchmarks import shapes
from benchmarks import tuned_statements as statements
from benchmarks.shapes import (
    Attributes,
    Card,
    Case,
    CaseConnection,
    CaseEdge,
    Count,
    Facts,
    Field,
    Hierarchy,
    Item,
    Money,
    Node,
    OpenOrAll,
    PageInfo,
    Point,
    Stub,
    Type,
    TypeSummary,
    User,
    money,
    points,
)

Info = strawberry.Info
Private = strawberry.Private
KINDS = ("company", "relationship")
OPEN_CASES = {kind: statements.open_cases(kind) for kind in KINDS}
CASE_NUMBERS = {kind: statements.case_numbers(kind) for kind in KINDS}
CASES = {kind: statements.newest_cases(kind) for kind in KINDS}
PEOPLE = {kind: statements.people(kind) for kind in KINDS}
WEEKS = {kind: statements.weeks(kind) for kind in KINDS}
USED = {kind: statements.used(kind) for kind in KINDS}


def _today(info: Info) -> date:
    found: date = info.context["loaders"].days["today"]
    return found


async def _rows(info: Info, statement: Any, record: str, **values: Any) -> list[Any]:
    found: list[Any] = await info.context["loaders"].rows_of(
        statement, record, **values
    )
    return found


@strawberry.type
class Summary:
    cards: list[Card]
    fields: list[Field]
    tags: list[str]
    comment: str | None


@strawberry.type
class Support:
    kind: Private[str]
    record: Private[str]
    open_count: int
    mean_days_to_close: float | None
    total: Private[int]

    @strawberry.field
    async def cases(
        self, info: Info, view: OpenOrAll = OpenOrAll.OPEN, first: int = 20
    ) -> CaseConnection:
        every = view is OpenOrAll.ALL
        rows = await _rows(
            info, CASES[self.kind], self.record, first=first, all_of_them=every
        )
        total = self.total if every else self.open_count
        edges = [CaseEdge(node=Case(**_fields(row, "record", "rank"))) for row in rows]
        return CaseConnection(total_count=total, edges=edges)


def _fields(row: Any, *others: str) -> dict[str, Any]:
    return {k: v for k, v in row._mapping.items() if k not in others}


async def _support(info: Info, kind: str, record: str) -> Support:
    rows = await _rows(info, CASE_NUMBERS[kind], record)
    total, opened, seconds = rows[0][1:] if rows else (0, 0, None)
    mean = None if seconds is None else round(float(seconds) / 86400, 1)
    return Support(
        kind=kind,
        record=record,
        open_count=opened,
        mean_days_to_close=mean,
        total=total,
    )


@strawberry.type
class Module:
    key: str
    name: str
    unit: str | None
    total: float
    weeks: Private[dict[date, float]]

    @strawberry.field
    def series(self, info: Info, periods: int = 12) -> list[Point]:
        return points(self.weeks, periods, _today(info))


@strawberry.type
class Usage:
    kind: Private[str]
    record: Private[str]
    utilization: float | None
    trend_percent: float | None

    @strawberry.field
    async def active_users(self, info: Info, periods: int = 12) -> list[Point]:
        rows = await _rows(info, WEEKS[self.kind], self.record)
        return points({r.week: r.value for r in rows}, periods, _today(info))

    @strawberry.field
    async def modules(self, info: Info) -> list[Module]:
        found: dict[str, Module] = {}
        for row in await _rows(info, USED[self.kind], self.record):
            module = found.get(row.key)
            if module is None:
                module = found[row.key] = Module(
                    key=row.key, name=row.name, unit=row.unit, total=0.0, weeks={}
                )
            module.total += row.value
            module.weeks[row.week] = row.value
        return list(found.values())


async def _people(info: Info, kind: str, record: str) -> tuple[int, int, int | None]:
    rows = await _rows(info, PEOPLE[kind], record)
    return rows[0][1:] if rows else (0, 0, None)


async def _usage(info: Info, kind: str, record: str) -> Usage:
    last, before, entitled = await _people(info, kind, record)
    return Usage(
        kind=kind,
        record=record,
        utilization=shapes.percent(last, entitled),
        trend_percent=shapes.percent(last - before, before),
    )


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
        return await _support(info, "relationship", self.id)

    @strawberry.field
    async def usage(self, info: Info) -> Usage:
        return await _usage(info, "relationship", self.id)


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
            for r in await _rows(info, statements.BY_TYPE, self.company)
        ]

    @strawberry.field
    async def relationships(
        self, info: Info, first: int = 20
    ) -> RelationshipConnection:
        rows = await _rows(info, statements.RELATIONSHIPS, self.company)
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
    return Hierarchy(
        nodes=[
            Node(
                company=Stub(id=r.id, name=r.name),
                parent_id=r.parent_id if r.level > 1 else None,
                level=r.level,
                child_count=children[r.id],
                is_current=r.id == current,
                own=[shapes.amount(money(r.arr_minor, r.currency))],
                rolled_up=[shapes.amount(money(sums[r.id], r.currency))],
            )
            for r in rows
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
        return shapes.months(self.original_contract_date, _today(info))

    @strawberry.field
    async def summary(self, info: Info) -> Summary:
        last, before, _ = await _people(info, "company", self.id)
        rows = await _rows(info, OPEN_CASES["company"], self.id)
        found = [Count(label=r.label, count=r.count) for r in rows]
        return Summary(
            cards=shapes.cards(last, before, found),
            fields=shapes.summary_fields(self.facts, _today(info)),
            tags=self.row.tags,
            comment=self.row.comment,
        )

    @strawberry.field
    def attributes(self) -> Attributes:
        return shapes.attributes(self.facts)

    @strawberry.field
    def relationships(self) -> Relationships:
        return Relationships(company=self.id)

    @strawberry.field
    async def company_hierarchy(self, info: Info) -> Hierarchy:
        return _tree(await _rows(info, statements.TREE, self.id), self.id)

    @strawberry.field
    async def support(self, info: Info) -> Support:
        return await _support(info, "company", self.id)

    @strawberry.field
    async def usage(self, info: Info) -> Usage:
        return await _usage(info, "company", self.id)


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
