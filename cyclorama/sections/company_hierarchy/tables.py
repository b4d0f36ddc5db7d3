"""The rows that the hierarchy reads: the companies of a tree, with their roll-ups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import aliased

from cyclorama.plugins import (
    CompanyRow,
    InvalidInputError,
    RelationshipRow,
    json_text,
    record,
    seldom,
    walked,
)
from cyclorama.sections.company_hierarchy.config import MOST_COLUMNS, Aggregation
from cyclorama.sections.company_hierarchy.rules import RollUp

DEEPEST = 50
"""Levels that are read at most, above the record and below the top."""
MOST_NODES = 2_000

Own = aliased(RelationshipRow)
CURRENT = record.by_kind(
    company=record.id,
    relationship=select(Own.company_id).where(Own.id == record.id).scalar_subquery(),
)
"""The id of the company that the record is or belongs to."""
Held = aliased(CompanyRow)
ABOVE = select(Held.parent_id).where(Held.id == CURRENT).scalar_subquery()
"""The id of that company's parent."""

NODE = sa.table(
    "company_hierarchy_node",
    *(sa.column(c.key, c.type) for c in CompanyRow.__table__.c),
    sa.column("level", sa.Integer()),
    *(sa.column(f"rolled_{i}", sa.Float()) for i in range(MOST_COLUMNS)),
    *(
        sa.column(f"currency_{i}", CompanyRow.currency.type)
        for i in range(MOST_COLUMNS)
    ),
)
"""A company of the tree: its columns, its level (1 at the top), and for the column at
position i of the settings the rolled up value, of money with its currency."""


def top() -> Any:
    """The id of the topmost ancestor, as a scalar.

    A chain that meets its start again, or is longer than `DEEPEST`, ends there."""
    first, parent, above = (aliased(CompanyRow) for _ in range(3))
    up = (
        select(first.id, first.parent_id, sa.literal(0).label("height"))
        .where(first.id == CURRENT)
        .cte(recursive=True, nesting=True)
    )
    following = select(above.parent_id).where(above.id == up.c.parent_id)
    there = select(parent.id).where(parent.id == up.c.parent_id, parent.id != CURRENT)
    up = up.union_all(
        select(
            up.c.parent_id,
            following.correlate(up).scalar_subquery(),
            up.c.height + 1,
        ).where(up.c.height < DEEPEST, there.correlate(up).exists())
    )
    return select(up.c.id).order_by(up.c.height.desc()).limit(1).scalar_subquery()


def _root() -> Any:
    """The topmost ancestor as a row. Its limit keeps PostgreSQL from looking for it again
    wherever its id is used."""
    return select(top().label("id")).limit(sa.literal_column("1")).subquery()


def tree() -> Any:
    """The top and what is below it: `id`, `root`, `level`.

    Only the top can close a cycle, since every company has one parent."""
    root = _root()
    down = select(root.c.id, root.c.id.label("root"), sa.literal(1).label("level")).cte(
        recursive=True, nesting=True
    )
    child = aliased(CompanyRow)
    return down.union_all(
        select(child.id, down.c.root, down.c.level + 1)
        .join_from(down, child, walked(child.parent_id) == down.c.id)
        .where(seldom(down.c.level < DEEPEST), child.id != down.c.root)
    )


def pairs() -> Any:
    """Who is below whom in the tree: `upper`, `id` and its `level`; each company is below
    itself, too. `inside` is 1 where the `id` is the record's company or below it. One
    pass: the children of a pair are below its upper one, and those of a company's pair
    with itself start pairs of their own."""
    root = _root()
    found = select(
        root.c.id.label("upper"),
        root.c.id,
        root.c.id.label("root"),
        sa.literal(1).label("level"),
        sa.case((root.c.id == CURRENT, 1), else_=0).label("inside"),
    ).cte(recursive=True, nesting=True)
    child = aliased(CompanyRow)
    starts = sa.union_all(
        select(sa.literal(0).label("own")), select(sa.literal(1))
    ).subquery()
    upper = sa.case((starts.c.own == 1, child.id), else_=found.c.upper)
    inside = sa.case((child.id == CURRENT, 1), else_=found.c.inside)
    return found.union_all(
        select(upper, child.id, found.c.root, found.c.level + 1, inside)
        .join_from(found, child, walked(child.parent_id) == found.c.id)
        .join(starts, sa.or_(starts.c.own == 0, found.c.upper == found.c.id))
        .where(seldom(found.c.level < DEEPEST), child.id != found.c.root)
    )


def nodes(deepest: Any, rolled: Sequence[RollUp]) -> Select[Any]:
    """Ancestors, the company, its siblings and what is below it, down to a level, as rows
    of `NODE`; the values roll up from the whole tree."""
    pair, lower, company = pairs(), aliased(CompanyRow), aliased(CompanyRow)
    sums = [c for r in rolled for c in _rolled(r, lower)]
    level = func.min(pair.c.level)
    on_line = sa.or_(
        pair.c.id == CURRENT, sa.and_(pair.c.id == pair.c.upper, pair.c.inside == 1)
    )
    below = (
        select(
            pair.c.upper.label("id"),
            level.label("level"),
            func.max(sa.case((on_line, 1), else_=0)).label("on_line"),
            *sums,
        )
        .join_from(pair, lower, lower.id == pair.c.id)
        .where(seldom(pair.c.level <= DEEPEST))
        .group_by(pair.c.upper)
        .having(level <= deepest)
        .subquery()
    )
    is_sibling = sa.and_(below.c.level > 1, company.parent_id == ABOVE)
    own = [
        sa.case((below.c.level > 1, company.parent_id)).label(c.key)
        if c.key == "parent_id"
        else getattr(company, c.key)
        for c in CompanyRow.__table__.c
    ]
    further = [below.c[c.key] for c in (below.c.level, *sums)]
    return (
        select(*own, *further)
        .join_from(below, company, company.id == below.c.id)
        .where(sa.or_(below.c.on_line == 1, is_sibling))
    )


def _rolled(roll_up: RollUp, company: Any) -> list[Any]:
    """The labelled columns of a roll-up; a sum of several currencies is null."""
    value = amount(roll_up.path, roll_up.type, company)
    found = _aggregated(roll_up, value)
    position = roll_up.position
    if roll_up.type != "CURRENCY" or roll_up.aggregation is Aggregation.COUNT:
        return [found.label(f"rolled_{position}")]
    currency = sa.case((value.is_not(None), company.currency))
    same = sa.case((func.count(currency.distinct()) == 1, found))
    return [
        same.label(f"rolled_{position}"),
        func.min(currency).label(f"currency_{position}"),
    ]


def _aggregated(roll_up: RollUp, value: ColumnElement[Any]) -> ColumnElement[Any]:
    match roll_up.aggregation:
        case Aggregation.COUNT:
            return func.count(value)
        case Aggregation.MIN:
            return func.min(value)
        case Aggregation.MAX:
            return func.max(value)
        case Aggregation.AVG:
            mean = func.avg(sa.cast(value, sa.Float()))
            in_minor = roll_up.type == "CURRENCY" and "." not in roll_up.path
            return func.round(mean) if in_minor else mean
    return func.sum(value)


def amount(path: str, type_: str, columns: Any) -> ColumnElement[Any]:
    """A numeric field of a company as a number; money in minor units."""
    if path.startswith("custom."):
        text = json_text(columns.custom, path.removeprefix("custom."))
        return sa.cast(text, sa.Float())
    name = column_of(path)
    found: ColumnElement[Any] = getattr(
        columns, f"{name}_minor" if type_ == "CURRENCY" else name
    )
    return found


def column_of(path: str) -> str:
    """The snake_case name of a field in camelCase."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in path)


class Replaced:
    """Columns of a row, some of them others."""

    def __init__(self, columns: Any, others: Mapping[str, Any]) -> None:
        self._columns, self._others = columns, others

    def __getattr__(self, name: str) -> Any:
        return self[name]

    def __getitem__(self, name: str) -> Any:
        return self._others[name] if name in self._others else self._columns[name]


class Within(sa.types.TypeDecorator[int]):
    """An argument with bounds, refused beyond them when its value is known."""

    impl = sa.Integer
    cache_ok = True

    def __init__(self, name: str, least: int, most: int) -> None:
        super().__init__()
        self.name, self.least, self.most = name, least, most

    def process_bind_param(self, value: Any, dialect: Any) -> int:
        return check_within(self.name, value, self.least, self.most)


def check_within(name: str, value: int, least: int, most: int) -> int:
    """The value; `InvalidInputError` beyond its bounds."""
    if not least <= value <= most:
        raise InvalidInputError(
            f"The argument `{name}` is {value}; it must be from {least} to {most}."
        )
    return value


def within(argument: Any, name: str, least: int, most: int) -> Any:
    """A bound argument that must be from `least` to `most`."""
    given = getattr(argument, "value", None)
    if given is not None:
        check_within(name, given, least, most)
    return sa.type_coerce(argument, Within(name, least, most))
