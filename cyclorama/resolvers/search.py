"""Search by name over companies, relationships and people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select

from cyclorama.errors import InvalidInputError
from cyclorama.resolvers.context import Context
from cyclorama.resolvers.cursors import Order, OrderKey, page_info
from cyclorama.resolvers.keyset import page_size
from cyclorama.resolvers.loaded import load_by_id
from cyclorama.resolvers.refs import find
from cyclorama.schema.common import Person
from cyclorama.schema.inputs import SearchMatch, SearchType
from cyclorama.schema.lists import SearchConnection, SearchEdge
from cyclorama.schema.masks import Masked
from cyclorama.schema.records import Company, Relationship
from cyclorama.storage.rows import CompanyRow, PersonRow, RelationshipRow
from cyclorama.storage.search import fold

LONGEST: Final = 200
_TYPES: Final[dict[SearchType, Any]] = {
    SearchType.COMPANY: Company,
    SearchType.RELATIONSHIP: Relationship,
    SearchType.PERSON: Person,
}
_NAMED: Final[dict[SearchType, Any]] = {
    SearchType.COMPANY: CompanyRow,
    SearchType.RELATIONSHIP: RelationshipRow,
    SearchType.PERSON: PersonRow,
}


async def search(
    ctx: Context,
    text: str,
    types: Sequence[SearchType] | None,
    match: SearchMatch,
    first: int,
    after: str | None,
) -> SearchConnection:
    """A page of what is named so: whole names first, then beginnings, then the rest,
    each by name. A blank text finds nothing."""
    size = page_size(first)
    wanted = list(_NAMED) if types is None else [t for t in _NAMED if t in types]
    named = {t: _named(t, _folded(text), match, ctx.masked) for t in wanted}
    wanted = [t for t in wanted if named[t] is not None and ctx.sees(_TYPES[t])]
    folded = _folded(text)
    if not folded or not wanted:
        return SearchConnection(
            edges=[], page_info=page_info([], more=False, after=after)
        )
    hits = sa.union_all(*(named[t] for t in wanted)).subquery()  # type: ignore[arg-type]
    order = Order(
        f"search:{match.name}:{sorted(t.name for t in wanted)}:"
        f"{_hidden(ctx.masked)}:{folded}",
        [OrderKey(hits.c[n]) for n in ("rank", "search_key", "type", "id")],
    )
    query = sa.select(hits, *order.columns()).order_by(*order.clauses()).limit(size + 1)
    if after is not None:
        query = query.where(order.after(after))
    rows = await ctx.reading.execute(query)
    page = rows[:size]
    cursors = [
        order.cursor([getattr(row, name) for name in order.labels]) for row in page
    ]
    nodes = await _nodes(ctx, page)
    edges = [
        SearchEdge(cursor=cursor, node=nodes[row.id], matched=row.matched)
        for cursor, row in zip(cursors, page, strict=True)
        if nodes[row.id] is not None
    ]
    return SearchConnection(
        edges=edges, page_info=page_info(cursors, more=len(rows) > size, after=after)
    )


def _folded(text: str) -> str:
    if len(text) > LONGEST:
        raise InvalidInputError(
            f"The argument `text` has {len(text)} characters; at most {LONGEST} are "
            "allowed."
        )
    return fold(text)


def _hidden(masked: Masked) -> list[str]:
    """What people are not found by."""
    return sorted(masked.columns & {"person.name", "person.email"})


def _named(
    type_: SearchType, folded: str, match: SearchMatch, masked: Masked
) -> Select[Any] | None:
    """The rows of one type that match, with their rank: 0 whole, 1 beginning, 2 within.

    Nothing is found by what the viewer may not see; None where nothing is left."""
    row = _NAMED[type_]
    ways = [(row.search_key, row.name)]
    if type_ is SearchType.PERSON:
        by = {
            "person.name": ways[0],
            "person.email": (sa.func.lower(row.email), row.email),
        }
        ways = [way for column, way in by.items() if column not in masked.columns]
    if not ways:
        return None
    conditions = [_found(key, folded, match) for key, _ in ways]
    condition = sa.or_(*conditions)
    *_, (key, matched) = ways
    rank: Any = _rank(key, folded)
    if len(ways) > 1:
        (first, name), by_name = ways[0], conditions[0]
        matched = sa.case((by_name, name), else_=matched)
        rank = sa.case((by_name, _rank(first, folded)), else_=rank)
    return sa.select(
        sa.literal(type_.name, sa.String()).label("type"),
        row.id.label("id"),
        ways[0][0].label("search_key"),
        matched.label("matched"),
        rank.label("rank"),
    ).where(condition)


def _found(column: Any, folded: str, match: SearchMatch) -> ColumnElement[bool]:
    if match is SearchMatch.STARTS_WITH:
        return column.startswith(folded, autoescape=True)  # type: ignore[no-any-return]
    return column.contains(folded, autoescape=True)  # type: ignore[no-any-return]


def _rank(column: Any, folded: str) -> Any:
    begins = column.startswith(folded, autoescape=True)
    return sa.case((column == folded, 0), (begins, 1), else_=2)


async def _nodes(ctx: Context, rows: Sequence[Any]) -> dict[str, Any]:
    """What was found, by id, read together type by type."""
    found: dict[str, Any] = {}
    for type_ in SearchType:
        ids = [row.id for row in rows if row.type == type_.name]
        if not ids:
            continue
        held: Sequence[Any] = (
            await load_by_id(ctx, Person, ids)
            if type_ is SearchType.PERSON
            else await find(ctx, type_.name, ids)
        )
        found |= zip(ids, held, strict=True)
    return found
