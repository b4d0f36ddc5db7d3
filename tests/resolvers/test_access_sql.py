"""Rules in SQL leave the very records that the model in Python leaves."""

from __future__ import annotations

from random import Random

import pytest
import sqlalchemy as sa
from access_cases import Rules, readable_of, records_of

from cyclorama.layouts.access import AccessBook, AccessRule, Team
from cyclorama.layouts.model import Clause
from cyclorama.resolvers.access import access_of
from cyclorama.resolvers.access_book import load_access, load_whole_access
from cyclorama.schema.symbols import ROWS
from cyclorama.storage.access_rows import RecordTeamRow, TeamRow
from cyclorama.storage.configuration import FieldFacts
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    CompanyRow,
    PicklistItemRow,
    RelationshipTypeRow,
    UserRow,
)
from cyclorama.testing import CSM, NOW, company, relationship

pytestmark = pytest.mark.anyio
TEAMS = tuple(
    Team(key=key, name=key, members=frozenset(who))
    for key, who in (("mine", ["user_csm"]), ("other", ["user_2"]), ("nobody", []))
)
FIELDS = tuple(
    FieldFacts(
        object="company",
        key=key,
        label=key,
        type=type_,
        required=False,
        editable=True,
        help_text=None,
        picklist=None,
    )
    for key, type_ in (("seats", "NUMBER"), ("tier", "STRING"), ("any", "STRING"))
)
CUSTOM = (
    {},
    {"seats": 5, "tier": "gold", "any": True},
    {"seats": 5.5, "tier": "Ä", "any": [1, "a", None, False]},
    {"seats": -1, "tier": None, "any": []},
    {"seats": 10**15, "tier": "", "any": 0.1},
    {"seats": 0, "tier": "5", "any": ["gold", 5]},
)


async def fill(database: Database) -> None:
    items = [
        PicklistItemRow(
            id=f"item_{picklist}_{key}",
            picklist=f"company.{picklist}",
            key=key,
            label=key,
        )
        for picklist in ("status", "stage", "industry")
        for key in ("one", "two", "Ähnlich")
    ]
    users = [
        UserRow(id=i, email=f"{i}@example.com", name=i, created_at=NOW)
        for i in ("user_csm", "user_2")
    ]
    types = [
        RelationshipTypeRow(id=f"type_{k}", key=k, name=k) for k in ("product", "unit")
    ]
    random = Random(7)
    companies = [
        company(
            n,
            name=random.choice(["Acme", "ächzen", "zebra", f"Company {n}"]),
            status_id=random.choice([None, *(i.id for i in items[:3])]),
            industry_id=random.choice([None, *(i.id for i in items[6:])]),
            csm_id=random.choice([None, "user_csm", "user_2"]),
            arr_minor=random.choice([None, 0, 1234, 100_000, -5, 10**15]),
            employees=random.choice([None, 0, 1, 500]),
            renewal_date=random.choice([None, NOW.date()]),
            tags=random.choice([[], ["a"], ["a", "Ä", "5"]]),
            custom=CUSTOM[n % len(CUSTOM)],
            parent_id=f"company_{n // 3}" if n > 3 else None,
        )
        for n in range(1, 31)
    ]
    relationships = [
        relationship(
            n,
            of=random.randint(1, 30),
            csm_id=random.choice([None, "user_csm"]),
            arr_minor=random.choice([None, 99, 1234]),
        )
        for n in range(1, 41)
    ]
    for held in relationships[::3]:
        held.type_id = "type_unit"
    teams = [TeamRow(id=f"team_{t.key}", key=t.key, name=t.name) for t in TEAMS]
    records = [
        RecordTeamRow(record_id=r.id, team_id=f"team_{random.choice(TEAMS).key}")
        for r in [*companies[::4], *relationships[::5]]
    ]
    records += [RecordTeamRow(record_id="company_1", team_id="team_other")]
    async with database.write() as session:
        for row in (*users, *items, *types, *companies, *relationships, *teams):
            session.add(row)
            await session.flush()
        for row in {(r.record_id, r.team_id): r for r in records}.values():
            session.add(row)


async def test_sql_and_python_leave_the_same_records(database: Database) -> None:
    await fill(database)
    records = await records_of(database, FIELDS)
    random, halves = Random(3), 0
    for number in range(150):
        book = Rules(random, records).book(teams=TEAMS, has_records=number % 3 == 0)
        async with database.read() as reading:
            access = await access_of(database, reading, book, FIELDS, [])
        prefix = access.prefix(CSM)
        expected = readable_of(book, CSM, records, FIELDS)
        async with database.restricted(prefix).read() as reading:
            for kind, row in ROWS.items():
                found = {i for (i,) in await reading.execute(sa.select(row.id))}
                assert found == expected[kind], (kind, book)
                halves += 0 < len(found) < len(records[kind])
    assert halves > 100


def rule_of(kind: str, operator: str, *values: str) -> AccessRule:
    clause = Clause("teams", operator, values)
    return AccessRule(rank=0, name=kind, kind=kind, effect="ALLOW", record=(clause,))


@pytest.mark.parametrize(
    "rule",
    [
        None,
        rule_of("COMPANY", "IN", "$viewer.teams"),
        rule_of("COMPANY", "CONTAINS_ANY", "$viewer.teams", "other"),
        rule_of("COMPANY", "IN", "other"),
        rule_of("COMPANY", "NOT_IN", "$viewer.teams"),
        rule_of("RELATIONSHIP", "IN", "$viewer.teams"),
    ],
)
async def test_teams_withhold_what_rules_by_teams_allow(
    database: Database, rule: AccessRule | None
) -> None:
    await fill(database)
    records = await records_of(database, FIELDS)
    rules = () if rule is None else (rule,)
    async with database.read() as reading:
        loaded = await load_access(reading)
        assert loaded.kinds_with_teams == {"COMPANY", "RELATIONSHIP"}
        book = AccessBook(rules=rules, teams=TEAMS, has_records=True)
        access = await access_of(database, reading, book, FIELDS, [])
    expected = readable_of(book, CSM, records, FIELDS)
    async with database.restricted(access.prefix(CSM)).read() as reading:
        for kind, row in ROWS.items():
            found = {i for (i,) in await reading.execute(sa.select(row.id))}
            assert found == expected[kind]
            assert len(found) < len(records[kind])


async def test_a_kind_of_which_no_record_has_a_team_is_not_asked_for_them(
    database: Database,
) -> None:
    await fill(database)
    async with database.write() as session:
        own = RecordTeamRow.record_id.startswith("relationship")
        await session.execute(sa.delete(RecordTeamRow).where(own))
    async with database.read() as reading:
        book = await load_access(reading)
        assert book.kinds_with_teams == {"COMPANY"}
        assert book.has_records
        access = await access_of(database, reading, book, FIELDS, [])
        whole = await load_whole_access(reading)
    assert whole.kinds_with_teams == {"COMPANY"}
    prefix = access.prefix(CSM)
    assert prefix is not None
    assert "record_team" in prefix.shadows["cy_company"].sql
    assert "record_team" not in prefix.shadows["relationship"].sql


async def test_every_clause_means_the_same_in_sql(database: Database) -> None:
    await fill(database)
    records = await records_of(database, FIELDS)
    random = Random(11)
    for number in range(250):
        rules = Rules(random, records)
        kind = "RELATIONSHIP" if number % 5 == 0 else "COMPANY"
        rule = rules.rule(number)
        while rule.kind != kind:
            rule = rules.rule(number)
        book = AccessBook(rules=(rule,))
        async with database.read() as reading:
            access = await access_of(database, reading, book, FIELDS, [])
        expected = readable_of(book, CSM, records, FIELDS)
        async with database.restricted(access.prefix(CSM)).read() as reading:
            found = {i for (i,) in await reading.execute(sa.select(ROWS[kind].id))}
        assert found == expected[kind], rule


async def test_who_reads_everything_pays_nothing(database: Database) -> None:
    async with database.read() as reading:
        access = await access_of(database, reading, AccessBook(), FIELDS, [])
        assert access.prefix(CSM) is None
        await reading.execute(sa.select(CompanyRow.id))
