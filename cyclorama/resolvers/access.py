"""Record access of a request: from rules and the viewer to what statements begin with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.layouts.access import AccessBook, Grant
from cyclorama.resolvers.access_sql import Holes, readable
from cyclorama.schema import catalogue
from cyclorama.schema.symbols import COMPANY, RELATIONSHIP, ROWS
from cyclorama.storage import rows as core
from cyclorama.storage.accounts import Viewer
from cyclorama.storage.engine import Database, Reading
from cyclorama.storage.kept import Kept
from cyclorama.storage.prefix import Prefix, Shadow

Kinds = Mapping[str, str]
"""Tables by the type part of their ids."""

MOST_PREFIXES: Final = 1024
_KEYS: Final = {"company_id": "company", "relationship_id": "relationship"}
"""Columns that say whom a row is about, whether or not they are foreign keys."""
_RECORD: Final = "record_id"
"""The column of rows that are about a record of either kind."""
_LINKS: Final = ("company_person", "relationship_person")
"""Who knows a person: one who is linked to unreadable records alone is unreadable."""
_ENTITIES: Final = MappingProxyType(
    {
        **{name: name for name in ("company", "relationship", "person", *_LINKS)},
        "user": "app_user",
    }
)
"""What external references may be of, beside what sections bring."""


def _prefixes() -> Kept[str, Prefix]:
    return Kept(MOST_PREFIXES)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Access:
    """The rules of one version of the configuration, on one database."""

    book: AccessBook
    fields: Sequence[Any]
    """The custom fields of records."""
    tables: Sequence[sa.Table]
    """All that statements of a request may read."""
    kinds: Kinds
    """What external references may be of."""
    dialect: str
    schema: str
    kept: Kept[str, Prefix] = field(default_factory=_prefixes)

    def prefix(self, viewer: Viewer) -> Prefix | None:
        """What the viewer's statements begin with; None for who reads everything."""
        if not self.book.withholds:
            return None
        groups = frozenset(g.key for g in viewer.groups)
        facts = {**viewer.attributes, "groups": groups}
        grants = {}
        for kind in ROWS:
            known = catalogue.attribute_names(kind, self.fields)
            grants[kind] = self.book.grant(kind, viewer.id, facts, known)
        if all(g.is_everything for g in grants.values()):
            return None
        return self.kept.get(repr(grants), lambda: self._made(grants))

    def _made(self, grants: dict[str, Grant]) -> Prefix:
        holes = Holes(self.dialect)
        own = {
            ROWS[kind].__tablename__: readable(grant, kind, self.fields, holes)
            for kind, grant in grants.items()
            if not grant.is_everything
        }
        tables = {t.name: t for t in self.tables}
        shadows = _Shadows(tables, own, self.schema, self.kinds).made()
        key = "\n".join(f"{name}: {s.sql}" for name, s in shadows.items())
        return Prefix(shadows, holes.values, self.dialect, key)


async def access_of(
    database: Database,
    reading: Reading | AsyncSession,
    book: AccessBook,
    fields: Sequence[Any],
    sections: Iterable[Any],
) -> Access:
    """The access that a book gives to the tables of the core and of sections."""
    schema = "main"
    if not database.is_sqlite and book.withholds:
        ((schema,),) = await reading.execute(sa.select(sa.func.current_schema()))
    return Access(
        book=book,
        fields=fields,
        tables=record_tables(sections),
        kinds=_entities(sections),
        dialect=database.dialect,
        schema=schema,
    )


def _entities(sections: Iterable[Any]) -> Kinds:
    found = dict(_ENTITIES)
    for section in sections:
        found |= {t.id_kind: t.row.__tablename__ for t in section.targets}
        for kind, type_ in section.nodes.items():
            table = getattr(type_.__cyclorama_row__, "__tablename__", None)
            found |= {} if table is None else {kind: table}
    return found


def record_tables(sections: Iterable[Any]) -> list[sa.Table]:
    """The tables that declarations may read: those of the core and of these sections."""
    mapped = [
        x
        for x in vars(core).values()
        if isinstance(x, type) and issubclass(x, core.Row)
    ]
    own = [*mapped, *(t for s in sections for t in s.tables)]
    return [t.__table__ for t in own if hasattr(t, "__table__")]


def _found(table: str, column: str, key: str) -> str:
    """The key where a row of the table has it, as a select of no rows or one."""
    return f'SELECT x."{column}" FROM "{table}" x WHERE x."{column}" = {key}'


@dataclass(slots=True)
class _Shadows:
    """Derives the shadows of all tables from the conditions of the records' tables."""

    tables: dict[str, sa.Table]
    own: dict[str, str]
    """The conditions of the tables of records, where they have one."""
    schema: str
    kinds: Kinds
    _made: dict[str, Shadow | None] = field(default_factory=dict)
    """In the order of their making; None for what needs no shadow or is being made."""
    _ready: dict[str, Shadow] = field(default_factory=dict)

    def made(self) -> dict[str, Shadow]:
        for name in self.tables:
            self._shadow(name)
        return self._ready

    def _shadow(self, name: str) -> bool:
        """Whether the table has a shadow, which is made before."""
        if name not in self._made:
            self._made[name] = None
            shadow = self._derived(self.tables[name])
            self._made[name] = shadow
            if shadow is not None:
                self._ready[name] = shadow
        return self._made[name] is not None

    def _derived(self, table: sa.Table) -> Shadow | None:
        conditions = [self.own[table.name]] if self.own.get(table.name) else []
        needs: set[str] = set()
        columns, is_changed = [], False
        for column in table.c:
            text = f't."{column.name}"'
            target = self._target(table, column)
            if target is not None:
                needs.add(target[0])
                there = _found(*target, text)
                if column.name in _KEYS and column.nullable:
                    conditions.append(f"({text} IS NULL OR EXISTS ({there}))")
                elif not column.nullable:
                    conditions.append(f"EXISTS ({there})")
                else:
                    is_changed = True
                    text = f'({there}) AS "{column.name}"'
            columns.append(text)
        conditions += self._further(table, needs)
        if not conditions and not is_changed:
            return None
        chosen = ", ".join(columns) if is_changed else "t.*"
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        source = f'"{self.schema}"."{table.name}"'
        shadow = Shadow(f"SELECT {chosen} FROM {source} t{where}", frozenset(needs))
        return self._nulled(table, shadow) if conditions else shadow

    def _nulled(self, table: sa.Table, rows: Shadow) -> Shadow:
        """The readable rows; where the table has keys to itself they become a shadow of
        their own, of which another one nulls those that point at no readable row."""
        keys = {
            column.name: key.column.name
            for column in table.c
            for key in column.foreign_keys
            if key.column.table is table and column.nullable
        }
        if not keys:
            return rows
        own = f"cy_{table.name}"
        self._ready[own] = rows
        columns = []
        for column in table.c:
            text = f't."{column.name}"'
            if column.name in keys:
                text = f'({_found(own, keys[column.name], text)}) AS "{column.name}"'
            columns.append(text)
        sql = f'SELECT {", ".join(columns)} FROM "{own}" t'
        return Shadow(sql, frozenset({own}), tuple(keys))

    def _target(self, table: sa.Table, column: Any) -> tuple[str, str] | None:
        """The table with a shadow and the column that a key points at; not one to the
        table itself."""
        found = _KEYS.get(column.name, ""), "id"
        for key in column.foreign_keys:
            found = key.column.table.name, key.column.name
        name = found[0]
        if name not in self.tables or name == table.name:
            return None
        if name == "person" and table.name in _LINKS:
            return None
        return found if self._shadow(name) else None

    def _further(self, table: sa.Table, needs: set[str]) -> list[str]:
        """Conditions that no key of the table says."""
        if table.name == "person":
            links = [n for n in _LINKS if n in self.tables and self._shadow(n)]
            if not links:
                return []
            needs.update(links)
            linked = "SELECT 1 FROM {} x WHERE x.person_id = t.id"
            others = [linked.format(f'"{self.schema}"."{n}"') for n in _LINKS]
            known = [linked.format(f'"{n}"') for n in links]
            nobody = " AND ".join(f"NOT EXISTS ({s})" for s in others)
            somebody = " OR ".join(f"EXISTS ({s})" for s in known)
            return [f"(({nobody}) OR {somebody})"]
        if table.name == "external_ref":
            return self._of_entities(needs)
        if _RECORD in table.c and not table.c[_RECORD].foreign_keys:
            kinds = [ROWS[k].__tablename__ for k in (COMPANY, RELATIONSHIP)]
            restricted = [n for n in kinds if self._shadow(n)]
            if restricted:
                needs.update(restricted)
                found = 'EXISTS (SELECT 1 FROM "{0}" x WHERE x.id = t.record_id)'
                return [f"({' OR '.join(found.format(n) for n in kinds)})"]
        return []

    def _of_entities(self, needs: set[str]) -> list[str]:
        """An external reference goes with what it is of; one of a kind of thing that
        nobody has declared is readable by who reads everything."""
        tables = {n for n in self.kinds.values() if n in self.tables}
        restricted = {n for n in tables if self._shadow(n)}
        if not restricted:
            return []
        needs.update(restricted)
        found = []
        for kind, name in self.kinds.items():
            if name in tables:
                start = f"substr(t.entity_id, 1, {len(kind) + 1}) = '{kind}_'"
                there = _found(name, "id", "t.entity_id")
                found.append(f"({start} AND EXISTS ({there}))")
        return [f"({' OR '.join(found)})"]
