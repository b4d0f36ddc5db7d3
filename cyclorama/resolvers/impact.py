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
    """The records of a kind, counted by what the rules of the books ask of them: by the
    columns as they are kept, whose values are looked up once each."""
    asked = {name for book in books for name in record_attributes(book, kind)}
    names = sorted(asked & catalogue.attribute_names(kind, settings.fields))
    if kind != COMPANY and "type" not in names:
        names.append("type")
    columns = _columns(settings, kind, names)
    pinned = {pin.record for book in books for pin in book.pins}
    rows = await reading.execute(_grouped(kind, columns, sorted(pinned)))
    kept = catalogue.attribute_sources(kind, columns, settings.fields)
    known = {
        name: await _looked_up(reading, settings, kind, name, column)
        for name, column in columns.items()
        if name in kept and not _is_json(column)
    }

    def decoded(name: str, raw: Any) -> Any:
        text = known[name][raw] if name in known else raw
        return catalogue.python_value(kind, name, text)

    return Records(
        kind=kind,
        names=list(columns),
        rows=[(row[0], row[1:-1], row[-1]) for row in rows if row[-1]],
        decoded=decoded,
    )


def _columns(
    settings: Configuration, kind: str, names: Sequence[str]
) -> dict[str, sa.ColumnElement[Any]]:
    """What tells the values of attributes apart: the column that keeps one, or its value
    as text where that is JSON."""
    table: Any = ROWS[kind].__table__
    kept = catalogue.attribute_sources(kind, names, settings.fields)
    texts = catalogue.attribute_columns(kind, names, settings.fields)
    return {
        name: texts[name]
        if name not in kept or _is_json(table.c[kept[name]])
        else table.c[kept[name]]
        for name in texts
    }


def _is_json(column: sa.ColumnElement[Any]) -> bool:
    return isinstance(column.type, sa.JSON) or not isinstance(column, sa.Column)


def _grouped(
    kind: str, columns: Mapping[str, sa.ColumnElement[Any]], pinned: Sequence[str]
) -> sa.Select[Any]:
    """The pinned record or null, what tells the attributes apart, the number of such
    records."""
    table: Any = ROWS[kind].__table__
    pin = sa.case((table.c.id.in_(pinned), table.c.id)) if pinned else sa.null()
    told = [
        pin.label("pin"),
        *(
            sa.type_coerce(column, sa.types.NullType()).label(f"own{n}")
            for n, column in enumerate(columns.values())
        ),
    ]
    found = sa.select(*told, sa.func.count().label("records")).select_from(table)
    return found.group_by(*(told if pinned else told[1:]))


async def _looked_up(
    reading: Reading, settings: Configuration, kind: str, name: str, column: Any
) -> Mapping[Any, Any]:
    """The text of an attribute by what its column keeps, for all that there is."""
    held = sa.select(column).distinct().subquery()
    text = catalogue.attribute_columns(kind, [name], settings.fields, held.c)[name]
    raw = sa.type_coerce(held.c[column.name], sa.types.NullType())
    return {row[0]: row[1] for row in await reading.execute(sa.select(raw, text))}


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
