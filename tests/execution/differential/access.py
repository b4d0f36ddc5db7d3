"""Random rules of record access: teams, attributes, what the viewer has, denials."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

from cyclorama.layouts.access import AccessBook, AccessRule, Team
from cyclorama.layouts.clauses import GROUPS
from cyclorama.layouts.model import Clause
from cyclorama.plugins.compose import Graph
from cyclorama.resolvers.access import Access, access_of
from cyclorama.storage.access_rows import RecordTeamRow, TeamRow
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import Row
from differential.wild import COMPANIES, RELATIONSHIPS

TEAMS: Final = {
    "ours": ("user_1", "user_democsm", "user_demoexec"),
    "others": ("user_demoadmin",),
    "nobody": (),
}
"""Their members by key."""
CLAUSES: Final = (
    Clause("status", "IN", ("active",)),
    Clause("status", "NEQ", ("ended",)),
    Clause("arr", "LT", (1,)),
    Clause("renewalDate", "IS_NULL"),
    Clause("renewalDate", "GT", ("2020-01-01",)),
    Clause("tags", "CONTAINS_ANY", ("x", "", "a")),
    Clause("csm", "IN", ("$viewer.id",)),
    Clause("teams", "CONTAINS_ANY", ("$viewer.teams",)),
    Clause("name", "NEQ", ("x" * 255,)),
    Clause("id", "NOT_IN", (COMPANIES[4], RELATIONSHIPS[1])),
)


def team_rows() -> Iterator[Row]:
    """The teams, and some records of theirs."""
    for key in TEAMS:
        yield TeamRow(id=f"team_{key}", key=key, name=key)
    for number, key in enumerate(TEAMS):
        for record in (COMPANIES[2 * number + 1], RELATIONSHIPS[5 * number]):
            yield RecordTeamRow(record_id=record, team_id=f"team_{key}")


def random_access(chance: random.Random) -> AccessBook:
    """Teams and up to four rules."""
    teams = tuple(
        Team(key=key, name=key, members=frozenset(members))
        for key, members in TEAMS.items()
    )
    rules = [_rule(chance, number) for number in range(chance.randint(0, 4))]
    return AccessBook(rules=tuple(rules), teams=teams, has_records=True)


def _rule(chance: random.Random, number: int) -> AccessRule:
    group = Clause(GROUPS, "IN_GROUP", (chance.choice(("csm", "exec", "admin")),))
    return AccessRule(
        rank=number,
        name=f"rule {number}",
        kind=chance.choice(("COMPANY", "COMPANY", "RELATIONSHIP")),
        effect=chance.choice(("ALLOW", "ALLOW", "DENY")),
        viewer=chance.choice(((), (group,))),
        record=tuple(chance.sample(CLAUSES, chance.choice((1, 1, 2)))),
    )


async def accesses(
    chance: random.Random,
    database: Database,
    graph: Graph,
    fields: Sequence[Any] = (),
    *,
    count: int,
    guarded: bool,
) -> list[Access | None]:
    """What so many configurations let people read; some everything, as all of them do
    where nothing is guarded."""
    if not guarded:
        return [None] * count
    found: list[Access | None] = []
    async with database.read() as reading:
        for number in range(count):
            given = (random_access(chance), fields, graph.sections.values())
            made = await access_of(database, reading, *given)
            found.append(made if number % 3 else None)
    return found
