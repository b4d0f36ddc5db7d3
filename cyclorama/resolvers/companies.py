"""The list of companies: its filter, its orders, its pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased

from cyclorama.errors import InvalidInputError
from cyclorama.resolvers.context import Context
from cyclorama.resolvers.cursors import Order, OrderKey, page_info
from cyclorama.resolvers.keyset import page_size
from cyclorama.resolvers.refs import attributes_of, layout_columns, refs
from cyclorama.schema.inputs import CompanyFilter, CompanyOrder, CompanyOrderField
from cyclorama.schema.lists import CompanyConnection, CompanyEdge
from cyclorama.schema.sql import json_has
from cyclorama.schema.symbols import COMPANY
from cyclorama.storage.rows import CompanyRow, PicklistItemRow
from cyclorama.storage.search import fold

MOST_VALUES: Final = 100
"""Values of a list in a filter at most."""
LONGEST_TEXT: Final = 200

_COLUMNS: Final = {
    CompanyOrderField.NAME: (CompanyRow.search_key, False),
    CompanyOrderField.ARR: (CompanyRow.arr_minor, True),
    CompanyOrderField.RENEWAL_DATE: (CompanyRow.renewal_date, True),
    CompanyOrderField.UPDATED_AT: (CompanyRow.updated_at, False),
}


async def list_companies(
    ctx: Context,
    first: int,
    after: str | None,
    filter: CompanyFilter | None,
    order_by: Sequence[CompanyOrder] | None,
) -> CompanyConnection:
    """A page of the companies that the filter leaves, by name unless asked otherwise."""
    size = page_size(first)
    numbers = {
        name: number.value
        for section in ctx.settings.sections.values()
        for name, number in section.company_numbers.items()
    }
    order = company_order(order_by or (), numbers)
    condition: ColumnElement[bool] = sa.true()
    if filter is not None:
        condition = sa.and_(sa.true(), *_conditions(filter, numbers))

    def query(limit: Any) -> sa.Select[Any]:
        columns = (*order.columns(), *layout_columns(ctx, COMPANY))
        chosen = sa.select(CompanyRow.id, *columns).order_by(*order.clauses())
        return chosen.limit(limit)

    def narrowed() -> sa.Select[Any]:
        chosen = query(size + 1).where(condition)
        return chosen if after is None else chosen.where(order.after(after))

    rows: Any
    if filter is None and after is None:
        asked = (order.tag, attributes_of(ctx, COMPANY), ctx.settings.fields)
        rows = await ctx.reading.prepared(
            ("companies", *asked),
            lambda: query(sa.bindparam("size", type_=sa.Integer())),
            size=size + 1,
            **ctx.symbols,
        )
    else:
        rows = await ctx.reading.execute(narrowed(), ctx.symbols)
    found = refs(ctx, COMPANY, rows[:size])
    source = Source(narrowed, order, size, after, "cursor" in ctx.text)
    shown = source.shown([source.keys(row) for row in rows], found)
    shown.total_count = Asked(lambda: _count(ctx, condition))  # type: ignore[assignment]
    return shown


@dataclass(frozen=True, slots=True)
class Source:
    """Where a page of companies comes from, and how it is shown."""

    select: Callable[[], sa.Select[Any]] | None
    """The ids, the keys of the order and what layouts ask, of one row too many."""
    order: Order
    size: int
    after: str | None
    needs_cursors: bool
    """Whether the operation names them: what its text does not name is not asked."""

    def keys(self, row: Any) -> list[Any]:
        """The values of the order's keys in a row of the select."""
        return [getattr(row, name) for name in self.order.labels]

    def shown(
        self, keys: Sequence[Sequence[Any]], nodes: Sequence[Any]
    ) -> CompanyConnection:
        """The page, given the keys of all rows and the references of its own."""
        size = len(nodes)
        needed = range(size) if self.needs_cursors else sorted({0, size - 1})
        cursors = {i: self.order.cursor(keys[i]) for i in needed if 0 <= i < size}
        connection = CompanyConnection(
            edges=[
                CompanyEdge(cursor=cursors.get(i, ""), node=node)
                for i, node in enumerate(nodes)
            ],
            page_info=page_info(
                [*cursors.values()], more=len(keys) > size, after=self.after
            ),
            total_count=None,  # type: ignore[arg-type]
        )
        connection.cy_source = self  # type: ignore[attr-defined]
        return connection


@dataclass(frozen=True, slots=True)
class Asked:
    """A value that is read only where the operation asks for it."""

    read: Callable[[], Awaitable[Any]]

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.read().__await__()


async def _count(ctx: Context, condition: ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(CompanyRow).where(condition)
    ((count,),) = await ctx.reading.execute(query)
    return int(count)


def company_order(
    order_by: Sequence[CompanyOrder], numbers: Mapping[str, Any]
) -> Order:
    """The order that a client asks for, made total by the id; `numbers` are those that
    sections contribute, by name."""
    fields = [key.field for key in order_by]
    if len(set(fields)) < len(fields):
        twice = next(f for f in fields if fields.count(f) > 1)
        raise InvalidInputError(
            f"The argument `orderBy` names {twice.name} twice; name each field once."
        )
    wanted = [(k.field, k.descending) for k in order_by]
    wanted = wanted or [(CompanyOrderField.NAME, False)]
    keys = []
    for field, descending in wanted:
        if field is CompanyOrderField.SCORE:
            column, nullable = numbers["score"], True
        else:
            column, nullable = _COLUMNS[field]
        keys.append(OrderKey(column, descending, nullable))
    name = ",".join(f"{f.name}{'-' if down else '+'}" for f, down in wanted)
    return Order(f"companies:{name}", [*keys, OrderKey(CompanyRow.id)])


def _conditions(
    filter: CompanyFilter, numbers: Mapping[str, Any]
) -> list[ColumnElement[bool]]:
    """What must hold, one condition for each set member."""
    row = CompanyRow
    found: list[ColumnElement[bool]] = []
    text = fold(_short("search", filter.search or ""))
    if text:
        found.append(row.search_key.contains(text, autoescape=True))
    for name, keys, column, picklist in (
        ("statusKeys", filter.status_keys, row.status_id, "company.status"),
        ("stageKeys", filter.stage_keys, row.stage_id, "company.stage"),
        ("industryKeys", filter.industry_keys, row.industry_id, "company.industry"),
    ):
        if keys:
            found.append(column.in_(_items(picklist, _few(name, keys))))
    if filter.csm_ids:
        found.append(row.csm_id.in_(_few("csmIds", filter.csm_ids)))
    if filter.renewal_before is not None:
        found.append(row.renewal_date < filter.renewal_before)
    if filter.renewal_after is not None:
        found.append(row.renewal_date > filter.renewal_after)
    if filter.arr_at_least is not None:
        found.append(row.arr_minor >= _minor(filter.arr_at_least))
    if filter.score_below is not None:
        found.append(numbers["score"] < filter.score_below)
    if filter.score_above is not None:
        found.append(numbers["score"] > filter.score_above)
    if filter.tags:
        tags = _few("tags", filter.tags)
        found.append(sa.or_(*(json_has(row.tags, sa.literal(t)) for t in tags)))
    if filter.has_parent is not None:
        # Of a parent that may not be read there is no row.
        parent = aliased(CompanyRow)
        is_there = sa.exists().where(parent.id == row.parent_id)
        found.append(is_there if filter.has_parent else sa.not_(is_there))
    return found


def _items(picklist: str, keys: Sequence[str]) -> Any:
    """The ids of a vocabulary's items with these keys."""
    item = PicklistItemRow
    query = sa.select(item.id).where(item.picklist == picklist, item.key.in_(keys))
    return query.scalar_subquery()


def _few(name: str, values: Sequence[str]) -> list[str]:
    if len(values) > MOST_VALUES:
        raise InvalidInputError(
            f"The filter `{name}` holds {len(values)} values; at most {MOST_VALUES} "
            "are allowed."
        )
    return [_short(name, value) for value in values]


def _short(name: str, value: str) -> str:
    if len(value) > LONGEST_TEXT:
        raise InvalidInputError(
            f"The filter `{name}` holds a text of {len(value)} characters; at most "
            f"{LONGEST_TEXT} are allowed."
        )
    return value


def _minor(amount: Decimal) -> int:
    """The smallest amount in minor units that is at least this one."""
    if not amount.is_finite() or (amount and amount.adjusted() >= 16):
        message = "The filter `arrAtLeast` must be a number below 10^16, either way."
        raise InvalidInputError(message)
    return int((amount * 100).to_integral_value(rounding="ROUND_CEILING"))
