"""Random sections: every form of declaration, with faults of one sort in each."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import sqlalchemy as sa
import strawberry
from sqlalchemy.orm import aliased

from cyclorama.plugins import (
    Section,
    SectionBase,
    read,
    record,
)
from cyclorama.schema.common import Money, PageInfo, PicklistItem
from cyclorama.schema.records import Company, FieldValue, Relationship
from cyclorama.schema.series import weeks_back
from cyclorama.schema.sql import as_json, money
from cyclorama.schema.symbols import today
from cyclorama.storage.rows import CompanyRow, RelationshipRow
from differential.expressions import KINDS, Kind, Size
from differential.functions import resolved

FAULTS: Final = ("", "", "null", "range", "sql", "python", "planning")
"""What may go wrong in a section; one sort in each, or nobody could say which of them
is told."""
OF_RECORD = RelationshipRow.company_id == record.id
Inner = aliased(RelationshipRow)
Fields = dict[str, tuple[Any, Any]]


def made(name: str, fields: Fields, row: Any = None, base: Any = object) -> Any:
    """A type of the graph with these fields: annotation and declaration, or None."""
    body = {n: d for n, (_, d) in fields.items() if d is not None}
    annotations = {n: a for n, (a, _) in fields.items()}
    body |= {"__annotations__": annotations, "__module__": __name__}
    cls: Any = type(name, (base,), body)
    if row is not None:
        cls = read.table(row)(cls)
    return strawberry.type(cls, description=f"{name}, made at random.")


def chosen(
    size: Size = Size.LARGE,
    only: bool = False,
    named: read.Arg[str] | None = None,
    keys: read.Arg[list[str]] | None = None,
    least: read.Arg[int] | None = None,
) -> Any:
    """A condition that every kind of argument shapes."""
    amount = RelationshipRow.version
    found = sa.and_(OF_RECORD, amount >= 2 if size is Size.LARGE else amount < 2**31)
    if only:
        found = sa.and_(found, RelationshipRow.arr_minor.is_not(None))
    if named is not None:
        found = sa.and_(found, RelationshipRow.name == named)
    if keys is not None:
        found = sa.and_(found, RelationshipRow.currency.in_(keys))
    if least is not None:
        found = sa.and_(found, RelationshipRow.version >= least)
    return found


def weeks(count: read.Arg[int] = read.arg(3)) -> Any:
    """A select with a bound argument."""
    found = weeks_back(today, count)
    return sa.select(found.c.day.label("day"), found.c.position.label("number"))


async def _shouted(keys: Any) -> list[Any]:
    return [f"{name.upper()} v{version}" for name, version in keys]


async def _raised(keys: Any) -> list[Any]:
    raise ValueError("the secret of a function")


async def _nothing(keys: Any) -> list[Any]:
    return [None for _ in keys]


async def _too_many(keys: Any) -> list[Any]:
    return ["more"] * (len(keys) + 1)


def _never(env: Any) -> Any:
    raise ValueError("the secret of a declaration")


def _cards(env: Any) -> list[Mapping[str, Any]]:
    return [
        {
            "path": s.key,
            "label": 'Lábel "🙂"',
            "type": "STRING",
            "value": as_json(record.c.name),
            "display_value": record.c.comment,
            "editable": False,
            "required": record.c.version > 1,
            "help_text": None,
        }
        for s in env.sections
    ]


class Forms:
    """Draws the sections of one schema."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.fault = ""

    def sections(self) -> list[Section]:
        """One for each sort of fault, and the resolver form."""
        declared = [self._section(n, f) for n, f in enumerate(FAULTS)]
        return [*declared, *resolved()]

    def _section(self, number: int, fault: str) -> Section:
        self.fault = fault
        fields = self._leaves(record.c, 8)
        item = self._item(f"Item{number}")
        extra = self._composed(number, item)
        names = self.chance.sample([*extra], self.chance.randint(4, len(extra)))
        fields |= {n: extra[n] for n in names}
        if fault == "planning":
            fields["never"] = (list[FieldValue], read.each(_never))
        type_ = made(f"Random{number}Section", fields, base=SectionBase)
        return Section(
            key=f"random{number}", title=f"Random {number}", description="-", type=type_
        )

    def _leaves(self, row: Any, most: int, prefix: str = "leaf") -> Fields:
        """Values of this row; a null where none may be is a fault of its own."""
        fits = [k for k in KINDS if k.fault in ("", self.fault)]
        faulty = [k for k in fits if k.fault]
        kinds = self.chance.sample(fits, most)
        if faulty and prefix == "leaf":
            kinds += self.chance.sample(faulty, 2)
        return {f"{prefix}_{n}": self._leaf(k, row) for n, k in enumerate(kinds)}

    def _leaf(self, kind: Kind, row: Any) -> tuple[Any, Any]:
        nullable = self.chance.random() < 0.3
        if kind.may_be_null and self.fault != "null" and not kind.fault:
            nullable = True
        type_ = kind.type | None if nullable else kind.type
        return type_, read.value(kind.of(row))

    def _python(self) -> tuple[Any, Any]:
        function = _shouted
        if self.fault == "python":
            function = self.chance.choice((_raised, _nothing, _too_many, _shouted))
        return function, self.chance.choice((str, str | None))

    def _item(self, name: str) -> Any:
        """A type over relationships."""
        columns = {"id": (strawberry.ID, None), "name": (str, None)}
        function, type_ = self._python()
        # A row that fails would fail the section of each record of the batch.
        fault, self.fault = self.fault, "" if self.fault == "sql" else self.fault
        leaves = self._leaves(RelationshipRow, 5, "own")
        inner = made(
            f"{name}Inner",
            columns | self._leaves(RelationshipRow, 3, "in"),
            RelationshipRow,
        )
        self.fault = fault
        siblings = read.many(
            Inner,
            sa.and_(
                Inner.company_id == RelationshipRow.company_id,
                Inner.id != RelationshipRow.id,
            ),
            order_by=[Inner.search_key.desc(), Inner.id],
            limit=3,
        )
        extra: Fields = {
            "version": (int, None),
            "tags": (list[str], None),
            "again": (inner, read.here()),
            "siblings": (list[inner], siblings),
            "company": (Company, read.one(RelationshipRow.company_id)),
            "parent": (
                Company | None,
                read.one(
                    CompanyRow,
                    sa.and_(
                        CompanyRow.id == RelationshipRow.company_id,
                        CompanyRow.version > 1,
                    ),
                ),
            ),
            "status": (
                self.chance.choice(
                    (
                        PicklistItem | None,
                        PicklistItem if self.fault == "null" else PicklistItem | None,
                    )
                ),
                read.one(RelationshipRow.status_id),
            ),
            "arr": (
                Money | None,
                money(RelationshipRow.arr_minor, RelationshipRow.currency),
            ),
            "voice": (
                type_,
                read.python(function, RelationshipRow.name, RelationshipRow.version),
            ),
        }
        names = self.chance.sample([*extra], self.chance.randint(5, len(extra)))
        return made(
            name, columns | leaves | {n: extra[n] for n in names}, RelationshipRow
        )

    def _composed(self, number: int, item: Any) -> Fields:
        """Fields of a section that are more than a value."""
        function, type_ = self._python()
        edge = made(f"Edge{number}", {"cursor": (str, None), "node": (item, None)})
        node = made(
            f"RecordEdge{number}", {"cursor": (str, None), "node": (Relationship, None)}
        )
        by_name = [RelationshipRow.name, RelationshipRow.id]
        newest = [RelationshipRow.type_id.desc(), RelationshipRow.id]
        found: Fields = {
            "items": (list[item], read.many(RelationshipRow, chosen, order_by=by_name)),
            "few": (
                list[item],
                read.many(RelationshipRow, OF_RECORD, order_by=newest, limit=2),
            ),
            "page": (
                _connection(f"Page{number}", edge),
                read.page(RelationshipRow, chosen, order_by=newest),
            ),
            "record_page": (
                _connection(f"RecordPage{number}", node),
                read.page(RelationshipRow, OF_RECORD, order_by=by_name),
            ),
            "records": (
                list[Relationship],
                read.many(RelationshipRow, OF_RECORD, order_by=newest, limit=4),
            ),
            "points": (list[Point], read.many(weeks, order_by=["day"])),
            "names": (
                list[str],
                read.many(
                    sa.select(RelationshipRow.name).where(OF_RECORD), order_by=["name"]
                ),
            ),
            "cards": (list[FieldValue], read.each(_cards)),
            "first_card": (FieldValue | None, read.known(lambda env: _cards(env)[0])),
            "nothing": (FieldValue | None, read.known(lambda: None)),
            "arr": (Money | None, money(record.c.arr_minor, record.c.currency)),
            "status": (PicklistItem | None, read.one(record.c.status_id)),
            "voice": (type_, read.python(function, record.c.name, record.c.version)),
        }
        return found


@strawberry.type(description="A week.")
class Point:
    day: date
    number: int


def _connection(name: str, edge: Any) -> Any:
    return made(
        f"{name}Connection",
        {
            "edges": (list[edge], None),
            "page_info": (PageInfo, None),
            "total_count": (int, None),
        },
    )
