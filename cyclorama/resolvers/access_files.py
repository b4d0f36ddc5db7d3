"""The access file and the database: what it says, and what applying it would change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.errors import ConfigError
from cyclorama.layouts.access import AccessBook, Team
from cyclorama.layouts.access_file import Known, Written, parse_access
from cyclorama.layouts.model import KINDS
from cyclorama.resolvers.access import access_of
from cyclorama.resolvers.access_book import (
    AccessChange,
    load_access,
    load_whole_access,
    save_access,
)
from cyclorama.resolvers.book import load_vocabulary
from cyclorama.schema import catalogue
from cyclorama.schema.symbols import ROWS
from cyclorama.storage.accounts import list_users, normal_email, signed_in_as
from cyclorama.storage.engine import Database, Reading
from cyclorama.storage.ids import kind_of_id
from cyclorama.storage.prefix import PREFIX
from cyclorama.storage.rows import ExternalRefRow, UserRow

MOST_COUNTED: Final = 200
"""Users whose records a plan counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How many records of each kind a user may read before and after a change."""

    email: str
    before: Mapping[str, int]
    after: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPlan:
    """What applying a file would change, and for whom."""

    change: AccessChange
    users: tuple[Seen, ...]
    """Those who would read more or fewer records, by address."""
    version: int
    """Of the configuration that the plan was made against."""


async def exported_access(reading: Reading) -> Written:
    """All rules and teams, members by address."""
    book = await load_whole_access(reading)
    users = await reading.execute(sa.select(UserRow.id, UserRow.email))
    emails = {row.id: row.email for row in users}
    teams = (
        replace(t, members=frozenset(emails[m] for m in t.members)) for t in book.teams
    )
    return Written(book.rules, tuple(teams))


async def read_access(reading: Reading, text: str, fields: Sequence[Any]) -> AccessBook:
    """The book that a file writes down; `ConfigError` names what it names in vain."""
    vocabulary = await load_vocabulary(reading)
    known = Known(
        attributes={kind: catalogue.attribute_names(kind, fields) for kind in KINDS},
        viewer_attributes=vocabulary.viewer_attributes,
        groups=vocabulary.groups,
    )
    written = parse_access(text, known)
    users = await reading.execute(sa.select(UserRow.email, UserRow.id))
    ids = {row.email: row.id for row in users}
    records = await _records(reading, written.teams)
    teams = [_settled(team, ids, records) for team in written.teams]
    return AccessBook(
        rules=tuple(sorted(written.rules, key=lambda r: (r.rank, r.name))),
        teams=tuple(sorted(teams, key=lambda t: t.key)),
        has_records=any(t.records for t in teams),
    )


def _settled(team: Team, users: Mapping[str, str], records: Mapping[str, str]) -> Team:
    for named in sorted(team.members):
        if normal_email(named) not in users:
            raise ConfigError(
                f"Team {team.key!r}: there is no user {named[:80]!r}; see: cyclorama "
                "users list"
            )
    for named in sorted(team.records):
        if named not in records:
            raise ConfigError(
                f"Team {team.key!r}: there is no company or relationship {named[:80]!r}; "
                "give its id, or system:external id as in salesforce:0015g00000XyZ."
            )
    return replace(
        team,
        members=frozenset(users[normal_email(m)] for m in team.members),
        records=frozenset(records[r] for r in team.records),
    )


async def _records(reading: Reading, teams: Iterable[Team]) -> dict[str, str]:
    """The ids of the records that teams name, by what names them."""
    named = sorted({r for team in teams for r in team.records})
    mirrors = [n.partition(":") for n in named if ":" in n]
    found: dict[str, str] = {}
    ref = ExternalRefRow
    for few in _in_parts(mirrors):
        query = sa.select(ref.system, ref.external_id, ref.entity_id).where(
            ref.external_id.in_({external for _, _, external in few})
        )
        for system, external, entity in await reading.execute(query):
            if kind_of_id(entity) in ("company", "relationship"):
                found[f"{system}:{external}"] = entity
    wanted = {found.get(name, name): name for name in named}
    exist: set[str] = set()
    rows: Iterable[Any] = ROWS.values()
    for row in rows:
        for few in _in_parts(list(wanted)):
            query = sa.select(row.id).where(row.id.in_(few))
            exist |= {i for (i,) in await reading.execute(query)}
    return {name: i for i, name in wanted.items() if i in exist}


def _in_parts(things: Sequence[Any], size: int = 500) -> Iterable[Sequence[Any]]:
    return (things[n : n + size] for n in range(0, len(things), size))


async def plan_access(
    database: Database, book: AccessBook, fields: Sequence[Any], sections: Iterable[Any]
) -> AccessPlan:
    """What applying a book would change: it is applied, counted and taken back."""
    sections = list(sections)
    async with database.read() as reading:
        old = await load_access(reading)
        viewers = []
        for user in (await list_users(reading))[:MOST_COUNTED]:
            signed = await signed_in_as(reading, user.email) if user.active else None
            viewers += [signed.viewer] if signed else []
    async with database.write() as session:

        async def counted(rules: AccessBook) -> list[dict[str, int]]:
            access = await access_of(database, session, rules, fields, sections)
            return [await _counts(session, access.prefix(v)) for v in viewers]

        before = await counted(old)
        change, version = await save_access(session, book)
        after = await counted(book)
        await session.rollback()
    users = [
        Seen(email=v.email or v.id, before=b, after=a)
        for v, b, a in zip(viewers, before, after, strict=True)
        if a != b
    ]
    raised = 1 if change.anything else 0
    return AccessPlan(change=change, users=tuple(users), version=version - raised)


async def _counts(session: AsyncSession, prefix: Any) -> dict[str, int]:
    connection = await session.connection()
    await connection.execution_options(**{PREFIX: prefix})
    found = {}
    for kind, row in ROWS.items():
        query = sa.select(sa.func.count()).select_from(row)
        found[kind] = int(await session.scalar(query) or 0)
    await connection.execution_options(**{PREFIX: None})
    return found
