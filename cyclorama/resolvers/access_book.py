"""Access rules and teams in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.errors import ConfigError
from cyclorama.layouts.access import AccessBook, AccessRule, Team
from cyclorama.layouts.access_file import Written, access_as_data
from cyclorama.layouts.model import Clause
from cyclorama.schema.symbols import ROWS
from cyclorama.storage.access_rows import (
    AccessRuleRow,
    RecordTeamRow,
    TeamMemberRow,
    TeamRow,
)
from cyclorama.storage.audit import Author, record
from cyclorama.storage.configuration import bump_configuration
from cyclorama.storage.engine import Reading
from cyclorama.storage.ids import new_id
from cyclorama.storage.rows import ConfigurationRow


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChange:
    """What differs between two books, by names of rules and keys of teams in order."""

    rules_added: tuple[str, ...] = ()
    rules_changed: tuple[str, ...] = ()
    rules_removed: tuple[str, ...] = ()
    teams_added: tuple[str, ...] = ()
    teams_changed: tuple[str, ...] = ()
    teams_removed: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        """False where both say the same."""
        return any(asdict(self).values())


async def load_access(reading: Reading) -> AccessBook:
    """All rules by rank and name, and all teams by key, without their records."""
    return await _loaded(reading.execute, with_records=False)


async def load_whole_access(reading: Reading) -> AccessBook:
    """As `load_access`, with the records of the teams."""
    return await _loaded(reading.execute, with_records=True)


async def _loaded(execute: Callable[[Any], Any], *, with_records: bool) -> AccessBook:
    rule, team, member, held = (
        row.__table__ for row in (AccessRuleRow, TeamRow, TeamMemberRow, RecordTeamRow)
    )
    rules = await execute(sa.select(rule).order_by(rule.c.rank, rule.c.name))
    teams = await execute(sa.select(team).order_by(team.c.key))
    members = await execute(sa.select(member.c.team_id, member.c.user_id))
    records = sa.select(held.c.team_id, held.c.record_id)
    own = {
        kind: records.where(
            held.c.record_id.startswith(f"{row.__tablename__}_", autoescape=True)
        )
        for kind, row in ROWS.items()
    }
    found = {
        kind: list(await execute(query if with_records else query.limit(1)))
        for kind, query in own.items()
    }
    owned = _together(pair for pairs in found.values() for pair in pairs)
    people = _together(members)
    return AccessBook(
        rules=tuple(_rule(r) for r in rules),
        teams=tuple(
            Team(
                key=t.key,
                name=t.name,
                members=frozenset(people[t.id]),
                records=frozenset(owned[t.id] if with_records else ()),
            )
            for t in teams
        ),
        has_records=bool(owned),
        kinds_with_teams=frozenset(kind for kind, pairs in found.items() if pairs),
    )


def _together(pairs: Iterable[Any]) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return found


def _rule(row: Any) -> AccessRule:
    return AccessRule(
        rank=row.rank,
        name=row.name,
        kind=row.kind,
        effect=row.effect,
        enabled=row.enabled,
        viewer=_clauses(row.viewer),
        record=_clauses(row.record),
    )


def _clauses(held: Iterable[Any]) -> tuple[Clause, ...]:
    return tuple(
        Clause(c["attribute"], c["operator"], tuple(c["values"])) for c in held
    )


def difference(old: AccessBook, new: AccessBook) -> AccessChange:
    """What has to change for the old book to become the new one."""
    rules = _compared({r.name: r for r in old.rules}, {r.name: r for r in new.rules})
    teams = _compared({t.key: t for t in old.teams}, {t.key: t for t in new.teams})
    return AccessChange(
        rules_added=rules[0],
        rules_changed=rules[1],
        rules_removed=rules[2],
        teams_added=teams[0],
        teams_changed=teams[1],
        teams_removed=teams[2],
    )


def _compared(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, ...]]:
    changed = {k for k in {*old} & {*new} if _written(old[k]) != _written(new[k])}
    return [tuple(sorted(keys)) for keys in ({*new} - {*old}, changed, {*old} - {*new})]


def _written(thing: AccessRule | Team) -> str:
    """Such that 1 and true, equal in Python, differ."""
    if isinstance(thing, Team):
        return repr((thing.name, sorted(thing.members), sorted(thing.records)))
    return repr(thing)


async def save_access(
    session: AsyncSession,
    book: AccessBook,
    *,
    expected_version: int | None = None,
    author: Author | None = None,
) -> tuple[AccessChange, int]:
    """Replace all rules and teams by these; what changed, and the configuration's version
    afterwards, which grows with a change. The audit log has it where there is an author.

    Raises `ConfigError` where the configuration isn't at `expected_version`."""
    query = sa.select(ConfigurationRow.version).where(ConfigurationRow.id == 1)
    version = await session.scalar(query.with_for_update()) or 0
    if expected_version not in (None, version):
        raise ConfigError(
            f"The configuration is at version {version}, not {expected_version}: it was "
            "changed meanwhile. Look at the difference and apply again."
        )

    async def execute(statement: Any) -> Any:
        return (await session.execute(statement)).all()

    old = await _loaded(execute, with_records=True)
    change = difference(old, book)
    if not change.anything:
        return change, version
    await _replace(session, book)
    version = await bump_configuration(session)
    if author is not None:
        before, after = (_told(b) for b in (old, book))
        await record(session, author, "access.change", None, before=before, after=after)
    return change, version


def _told(book: AccessBook) -> dict[str, Any]:
    """The rules and teams by name, in the words of an access file."""
    data = access_as_data(Written(book.rules, book.teams))
    rules = {f"rule {r['name']}": r for r in data["rules"]}
    return rules | {f"team {t['key']}": t for t in data["teams"]}


async def _replace(session: AsyncSession, book: AccessBook) -> None:
    held = await session.execute(sa.select(TeamRow.key, TeamRow.id))
    ids = {row.key: row.id for row in held}
    for row in (RecordTeamRow, TeamMemberRow, TeamRow, AccessRuleRow):
        await session.execute(sa.delete(row))
    ids = {t.key: ids.get(t.key) or new_id("team") for t in book.teams}
    await _insert(
        session,
        AccessRuleRow,
        [
            {
                **{k: v for k, v in _plain(r).items() if k not in ("viewer", "record")},
                "id": new_id("access_rule"),
                "viewer": [_held(c) for c in r.viewer],
                "record": [_held(c) for c in r.record],
            }
            for r in book.rules
        ],
    )
    teams = [{"id": ids[t.key], "key": t.key, "name": t.name} for t in book.teams]
    await _insert(session, TeamRow, teams)
    for row, column in ((TeamMemberRow, "user_id"), (RecordTeamRow, "record_id")):
        pairs = [
            {"team_id": ids[t.key], column: value}
            for t in book.teams
            for value in sorted(t.members if column == "user_id" else t.records)
        ]
        await _insert(session, row, pairs)


def _plain(rule: AccessRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in rule.__slots__}


def _held(clause: Clause) -> dict[str, Any]:
    return {
        "attribute": clause.attribute,
        "operator": clause.operator,
        "values": list(clause.values),
    }


async def _insert(
    session: AsyncSession, row: Any, values: list[dict[str, Any]]
) -> None:
    if values:
        await session.execute(sa.insert(row), values)
