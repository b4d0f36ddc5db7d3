"""The types of the naive variant: each holds its row and awaits what else it shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from typing import Any

import strawberry

from benchmarks import shapes
from benchmarks.limit import days
from benchmarks.naive_loaders import Loaders
from benchmarks.shapes import (
    Attributes,
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


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


def loaders(info: Info) -> Loaders:
    """The request's loaders."""
    found: Loaders = info.context["loaders"]
    return found


async def _people(info: Info, kind: str, record: str) -> tuple[int, int]:
    """Active people of the last month and of the one before."""
    at = days(today())
    rows = await loaders(info).active[kind].load(record)
    last = {r.person_key for r in rows if at["last"] <= r.day < at["month"]}
    before = {r.person_key for r in rows if at["before"] <= r.day < at["last"]}
    return len(last), len(before)


async def _item(info: Info, key: str | None) -> Item | None:
    row = await loaders(info).item.load(key) if key else None
    return row and Item(id=row.id, key=row.key, label=row.label, color=row.color)


async def _user(info: Info, key: str | None) -> User | None:
    row = await loaders(info).user.load(key) if key else None
    return row and User(name=row.name, email=row.email)


async def _facts(info: Info, row: Any) -> Facts:
    return Facts(
        status=await _item(info, row.status_id),
        stage=await _item(info, row.stage_id),
        industry=await _item(info, row.industry_id),
        csm=await _user(info, row.csm_id),
        arr=money(row.arr_minor, row.currency),
        began=row.original_contract_date,
        renewal=row.renewal_date,
    )


@strawberry.type
class Summary:
    row: Private[Any]

    @strawberry.field
    async def cards(self, info: Info) -> list[shapes.Card]:
        last, before = await _people(info, "company", self.row.id)
        cases = await loaders(info).cases["company"].load(self.row.id)
        found = Counter(c.priority or "No priority" for c in cases if not c.is_closed)
        return shapes.cards(
            last, before, [Count(label=k, count=n) for k, n in sorted(found.items())]
        )

    @strawberry.field
    async def fields(self, info: Info) -> list[Field]:
        return shapes.summary_fields(await _facts(info, self.row), today())

    @strawberry.field
    def tags(self) -> list[str]:
        return self.row.tags

    @strawberry.field
    def comment(self) -> str | None:
        return self.row.comment


@strawberry.type
class Support:
    kind: Private[str]
    record: Private[str]

    async def _cases(self, info: Info) -> list[Any]:
        found: list[Any] = await loaders(info).cases[self.kind].load(self.record)
        return found

    @strawberry.field
    async def open_count(self, info: Info) -> int:
        return sum(not c.is_closed for c in await self._cases(info))

    @strawberry.field
    async def mean_days_to_close(self, info: Info) -> float | None:
        rows = await self._cases(info)
        found = [c.closed_at - c.opened_at for c in rows if c.closed_at]
        seconds = sum(f.total_seconds() for f in found)
        return round(seconds / len(found) / 86400, 1) if found else None

    @strawberry.field
    async def cases(
        self, info: Info, view: OpenOrAll = OpenOrAll.OPEN, first: int = 20
    ) -> CaseConnection:
        rows = await self._cases(info)
        rows = [c for c in rows if view is OpenOrAll.ALL or not c.is_closed]
        return CaseConnection(
            total_count=len(rows), edges=[CaseEdge(node=_case(c)) for c in rows[:first]]
        )


def _case(row: Any) -> Case:
    return Case(
        id=row.id,
        number=row.number,
        subject=row.subject,
        status=row.status,
        is_closed=row.is_closed,
        priority=row.priority,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
    )


@strawberry.type
class Module:
    row: Private[Any]
    used: Private[list[Any]]

    @strawberry.field
    def key(self) -> str:
        return self.row.key

    @strawberry.field
    def name(self) -> str:
        return self.row.name

    @strawberry.field
    def unit(self) -> str | None:
        return self.row.unit

    @strawberry.field
    def total(self) -> float:
        return sum(u.value for u in self.used)

    @strawberry.field
    def series(self, periods: int = 12) -> list[Point]:
        sums: defaultdict[date, float] = defaultdict(float)
        for row in self.used:
            sums[shapes.monday(row.day)] += row.value
        return points(sums, periods, today())


@strawberry.type
class Usage:
    kind: Private[str]
    record: Private[str]

    @strawberry.field
    async def utilization(self, info: Info) -> float | None:
        month = days(today())["month"]
        rows = await loaders(info).entitlements[self.kind].load(self.record)
        whole = sum(e.quantity for e in rows if e.starts_on < month and not e.ends_on)
        last, _ = await _people(info, self.kind, self.record)
        return shapes.percent(last, whole)

    @strawberry.field
    async def trend_percent(self, info: Info) -> float | None:
        last, before = await _people(info, self.kind, self.record)
        return shapes.percent(last - before, before)

    @strawberry.field
    async def active_users(self, info: Info, periods: int = 12) -> list[Point]:
        people: defaultdict[date, set[str]] = defaultdict(set)
        for row in await loaders(info).active[self.kind].load(self.record):
            people[shapes.monday(row.day)].add(row.person_key)
        counts = {week: float(len(found)) for week, found in people.items()}
        return points(counts, periods, today())

    @strawberry.field
    async def modules(self, info: Info) -> list[Module]:
        used: defaultdict[str, list[Any]] = defaultdict(list)
        for row in await loaders(info).used[self.kind].load(self.record):
            used[row.module_id].append(row)
        found = await loaders(info).module.load_many(list(used))
        found.sort(key=lambda m: (m.position, m.name, m.id))
        return [Module(row=m, used=used[m.id]) for m in found]


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
        return await _item(info, self.row.status_id)

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
            own=[shapes.amount(money(company.arr_minor, company.currency))],
            rolled_up=[],
        )
        found.append(node)
        total = company.arr_minor
        for child in children:
            total += await visit(child, level + 1)
        node.rolled_up = [shapes.amount(money(total, company.currency))]
        return int(total)

    await visit(top, 1)
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
        return await _item(info, self.row.status_id)

    @strawberry.field
    async def stage(self, info: Info) -> Item | None:
        return await _item(info, self.row.stage_id)

    @strawberry.field
    async def industry(self, info: Info) -> Item | None:
        return await _item(info, self.row.industry_id)

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
        return shapes.months(self.row.original_contract_date, today())

    @strawberry.field
    async def csm(self, info: Info) -> User | None:
        return await _user(info, self.row.csm_id)

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
        return shapes.attributes(await _facts(info, self.row))

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
