"""The numbers of a plan: records and people, grouped by the database."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from cyclorama.layouts.clauses import GROUPS
from cyclorama.layouts.impact import (
    NO_GROUP,
    Impact,
    Masks,
    Records,
    impact,
    viewer_attributes,
)
from cyclorama.layouts.model import KINDS, LayoutBook
from cyclorama.layouts.resolution import record_attributes
from cyclorama.resolvers.context import Configuration
from cyclorama.schema import catalogue
from cyclorama.schema.symbols import COMPANY, ROWS
from cyclorama.storage.accounts import USER_FACTS
from cyclorama.storage.engine import Reading
from cyclorama.storage.rows import MembershipRow, UserGroupRow, UserRow


async def count_impact(
    reading: Reading,
    settings: Configuration,
    new: LayoutBook,
    today: date,
    masked: Masks,
) -> list[Impact]:
    """How many records show more or less to which group once the book is saved."""
    old = settings.book
    people = await _people(reading, viewer_attributes((old, new)) - {GROUPS})
    found: list[Impact] = []
    for kind in KINDS:
        records = await _records(reading, settings, (old, new), kind)
        found += await asyncio.to_thread(
            impact,
            old,
            new,
            records=records,
            people=people,
            sections=settings.facts,
            today=today,
            masked=masked,
        )
    return sorted(found, key=lambda i: (i.group, i.kind, i.section))


async def _records(
    reading: Reading, settings: Configuration, books: Sequence[LayoutBook], kind: str
) -> Records:
    """The records of a kind, counted by what the rules of the books ask of them."""
    asked = {name for book in books for name in record_attributes(book, kind)}
    names = sorted(asked & catalogue.attribute_names(kind, settings.fields))
    if kind != COMPANY and "type" not in names:
        names.append("type")
    query, held = _grouped(settings, books, kind, names)
    rows = await reading.execute(query)

    def decoded(name: str, raw: Any) -> Any:
        return catalogue.python_value(kind, name, raw)

    return Records(
        kind=kind,
        names=held,
        rows=[(row[0], tuple(row[1:-1]), row[-1]) for row in rows if row[-1]],
        decoded=decoded,
    )


def _grouped(
    settings: Configuration,
    books: Sequence[LayoutBook],
    kind: str,
    names: Sequence[str],
) -> tuple[sa.Select[Any], list[str]]:
    """The pinned record or null, the attributes, the number of such records; with the
    names of the attributes. Rows are counted by plain columns first, so that what is
    looked up for them is looked up once for all that are alike."""
    fields, row = settings.fields, ROWS[kind]
    table: Any = row.__table__
    sources = catalogue.attribute_sources(kind, names, fields)
    custom = [name for name in names if name not in sources]
    own = catalogue.attribute_columns(kind, custom, fields)
    pinned = sorted({pin.record for book in books for pin in book.pins})
    counted = [
        *(table.c[column] for column in sorted(set(sources.values()))),
        *(column.label(f"own{n}") for n, column in enumerate(own.values())),
        (sa.case((table.c.id.in_(pinned), table.c.id)) if pinned else sa.null()).label(
            "pin"
        ),
    ]
    alike = (
        sa.select(*counted, sa.func.count().label("records"))
        .select_from(table)
        .group_by(*(c for c in counted if pinned or c.name != "pin"))
        .subquery()
    )
    looked_up = catalogue.attribute_columns(kind, sources, fields, alike.c)
    columns = {
        **looked_up,
        **{name: alike.c[f"own{n}"] for n, name in enumerate(own)},
    }
    query = sa.select(alike.c.pin, *columns.values(), alike.c.records)
    return query, list(columns)


async def _people(
    reading: Reading, asked: Iterable[str]
) -> dict[str, list[Mapping[str, Any]]]:
    """The active people of each group as rules see them, equal ones once; a group
    without any stands for somebody of whom nothing else is known."""
    groups = await reading.execute(sa.select(UserGroupRow.id, UserGroupRow.key))
    keys = {row.id: row.key for row in groups}
    members = await reading.execute(
        sa.select(MembershipRow.user_id, MembershipRow.group_id)
    )
    held: defaultdict[str, set[str]] = defaultdict(set)
    for row in members:
        held[row.user_id].add(keys[row.group_id])
    columns = [getattr(UserRow, name) for name in ("id", *USER_FACTS, "attributes")]
    users = await reading.execute(sa.select(*columns).where(UserRow.active))
    names = sorted(asked)
    found: dict[str, dict[Any, Mapping[str, Any]]] = {
        key: {} for key in (NO_GROUP, *sorted(keys.values()))
    }
    for user in users:
        facts = {name: getattr(user, name) for name in USER_FACTS}
        attributes = {**user.attributes, **facts}
        viewer = {n: attributes.get(n) for n in names}
        viewer[GROUPS] = frozenset(held[user.id])
        for key in held[user.id] or {NO_GROUP}:
            told = repr((sorted(held[user.id]), [viewer[n] for n in names]))
            found[key].setdefault(told, viewer)
    return {
        key: list(viewers.values())
        or [{GROUPS: frozenset() if key == NO_GROUP else frozenset({key})}]
        for key, viewers in found.items()
    }
