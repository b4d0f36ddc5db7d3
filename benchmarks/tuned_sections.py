"""The sections of the tuned variant that relationships have, too, and what all share."""

from __future__ import annotations

from datetime import date
from typing import Any

import strawberry

from benchmarks import arithmetic
from benchmarks import tuned_statements as statements
from benchmarks.arithmetic import points
from benchmarks.shapes import (
    Card,
    Case,
    CaseConnection,
    CaseEdge,
    Field,
    OpenOrAll,
    Point,
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


def today_of(info: Info) -> date:
    found: date = info.context["loaders"].days["today"]
    return found


async def rows_of(info: Info, statement: Any, record: str, **values: Any) -> list[Any]:
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
        rows = await rows_of(
            info, CASES[self.kind], self.record, first=first, all_of_them=every
        )
        total = self.total if every else self.open_count
        edges = [CaseEdge(node=Case(**_fields(row, "record", "rank"))) for row in rows]
        return CaseConnection(total_count=total, edges=edges)


def _fields(row: Any, *others: str) -> dict[str, Any]:
    return {k: v for k, v in row._mapping.items() if k not in others}


async def support_of(info: Info, kind: str, record: str) -> Support:
    rows = await rows_of(info, CASE_NUMBERS[kind], record)
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
        return points(self.weeks, periods, today_of(info))


@strawberry.type
class Usage:
    kind: Private[str]
    record: Private[str]
    utilization: float | None
    trend_percent: float | None

    @strawberry.field
    async def active_users(self, info: Info, periods: int = 12) -> list[Point]:
        rows = await rows_of(info, WEEKS[self.kind], self.record)
        return points({r.week: r.value for r in rows}, periods, today_of(info))

    @strawberry.field
    async def modules(self, info: Info) -> list[Module]:
        found: dict[str, Module] = {}
        for row in await rows_of(info, USED[self.kind], self.record):
            module = found.get(row.key)
            if module is None:
                module = found[row.key] = Module(
                    key=row.key, name=row.name, unit=row.unit, total=0.0, weeks={}
                )
            module.total += row.value
            module.weeks[row.week] = row.value
        return list(found.values())


async def people_of(info: Info, kind: str, record: str) -> tuple[int, int, int | None]:
    rows = await rows_of(info, PEOPLE[kind], record)
    return rows[0][1:] if rows else (0, 0, None)


async def usage_of(info: Info, kind: str, record: str) -> Usage:
    last, before, entitled = await people_of(info, kind, record)
    return Usage(
        kind=kind,
        record=record,
        utilization=arithmetic.percent(last, entitled),
        trend_percent=arithmetic.percent(last - before, before),
    )
