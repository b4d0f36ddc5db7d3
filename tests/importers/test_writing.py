"""The writer: what comes twice stays one, what waits is linked, what can't be is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.errors import ConfigError
from cyclorama.importers.custom_fields import describe_fields
from cyclorama.importers.model import Incoming
from cyclorama.importers.tables import OpenReferenceRow
from cyclorama.importers.writing import Outcome, Writer, targets
from cyclorama.sections.support import section as support
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    CompanyPersonRow,
    CompanyRow,
    ExternalRefRow,
    FieldRow,
    PicklistItemRow,
    RelationshipRow,
    RelationshipTypeRow,
    Row,
    UserRow,
)

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def writer(database: Database, now: datetime = NOW) -> Writer:
    return Writer(database, targets({"support": support}), "crm", now)


def company(external_id: str, line: int = 1, **values: Any) -> Incoming:
    named = {"name": f"Company {external_id}", **values}
    parent = named.pop("parent", None)
    return Incoming(
        line=line,
        target="company",
        object_type="Account",
        external_id=external_id,
        values=named,
        references={} if parent is None else {"parent_id": ("Account", parent)},
    )


def relationship(external_id: str, of: str, line: int = 1) -> Incoming:
    return Incoming(
        line=line,
        target="relationship",
        object_type="Contract",
        external_id=external_id,
        values={"name": f"Contract {external_id}"},
        references={"company_id": ("Account", of)},
        picklists={"type_id": "Annual plan"},
    )


def user(external_id: str, email: str, line: int = 1) -> Incoming:
    return Incoming(
        line=line,
        target="user",
        object_type="User",
        external_id=external_id,
        values={"name": "Ann", "email": email},
    )


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    """Created, updated, unchanged, rejected."""
    rejected = len(outcome.rejected)
    return outcome.created, outcome.updated, outcome.unchanged, rejected


def reasons(outcome: Outcome) -> list[tuple[int, str]]:
    return [(r.line, r.reason) for r in outcome.rejected]


async def rows(database: Database, of: type[Row]) -> list[dict[str, Any]]:
    async with database.read() as reading:
        found = await reading.execute(sa.select(of.__table__))
    return [dict(row._mapping) for row in found]


async def named(database: Database, external_id: str) -> dict[str, Any]:
    """The company of an external id."""
    refs = await rows(database, ExternalRefRow)
    (entity,) = [r["entity_id"] for r in refs if r["external_id"] == external_id]
    (found,) = [r for r in await rows(database, CompanyRow) if r["id"] == entity]
    return found


async def tops(database: Database) -> dict[str, str | None]:
    """Name of each company -> name of its parent."""
    found = await rows(database, CompanyRow)
    names = {r["id"]: r["name"] for r in found}
    return {r["name"]: names.get(r["parent_id"]) for r in found}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"name": None}, "name is empty"),
        ({"name": "x" * 256}, "name has 256 characters; at most 255 are kept"),
        ({"name": "a\0b"}, "name holds a NUL character"),
        ({"name": "M\udcfcnchen"}, "name holds bytes that are no text"),
        ({"employees": 2**31}, "employees: 2147483648 is too large"),
        ({"employees": "12"}, "employees: '12' is no whole number"),
        ({"renewal_date": "2026-01-01"}, "renewal_date: '2026-01-01' is no date"),
        ({"created_at": datetime(2026, 1, 1)}, "is no instant with a zone"),
        ({"custom": {"a": "b\0"}}, "custom holds a NUL character"),
        ({"custom": {"a": float("nan")}}, "custom: nan is no number"),
    ],
)
async def test_a_value_that_a_column_cannot_hold_rejects_its_row_alone(
    database: Database, values: dict[str, Any], reason: str
) -> None:
    bad = company("1", line=7, **values)
    outcome = await writer(database).write([bad, company("2", line=8)])
    assert counts(outcome) == (1, 0, 0, 1)
    assert outcome.rejected[0].line == 7
    assert reason in outcome.rejected[0].reason


async def test_a_row_without_an_id_is_rejected(database: Database) -> None:
    outcome = await writer(database).write([company(""), company("", line=2)])
    assert reasons(outcome) == [(1, "it has no id"), (2, "it has no id")]


async def test_an_id_that_stands_twice_in_a_file_is_rejected_the_second_time(
    database: Database,
) -> None:
    writing = writer(database)
    writing.begin("a.csv")
    first = await writing.write([company("1"), company("1", line=2, name="Other")])
    again = await writing.write([company("1", line=3, name="Third")])
    assert counts(first + again) == (1, 0, 0, 2)
    assert "'1' stands in an earlier line too" in first.rejected[0].reason
    assert (await named(database, "1"))["name"] == "Company 1"
    writing.begin("b.csv")
    assert counts(await writing.write([company("1")])) == (0, 0, 1, 0)


async def test_a_column_that_a_target_lacks_is_the_operators_to_mend(
    database: Database,
) -> None:
    with pytest.raises(ConfigError, match="company has no column 'colour'; it has: "):
        await writer(database).write([company("1", colour="red")])
    with pytest.raises(ConfigError, match="company has no column 'version'"):
        await writer(database).write([company("1", version=3)])
    strange = Incoming(
        line=1, target="robot", object_type="R", external_id="1", values={}
    )
    with pytest.raises(ConfigError, match="no target 'robot' for imports; there are"):
        await writer(database).write([strange])
    assert await rows(database, CompanyRow) == []


async def test_a_relationship_without_its_company_is_rejected(
    database: Database,
) -> None:
    outcome = await writer(database).write([relationship("r", of="1", line=4)])
    assert reasons(outcome) == [(4, "company_id names Account '1', which has not come")]
    assert await rows(database, RelationshipRow) == []


async def test_a_reference_to_another_kind_of_record_is_rejected(
    database: Database,
) -> None:
    writing = writer(database)
    await writing.write([company("1"), user("u", "ann@example.com")])
    wrong = relationship("r", of="1")
    wrong = Incoming(
        line=3,
        target="relationship",
        object_type="Contract",
        external_id="r",
        values=wrong.values,
        references={"company_id": ("User", "u")},
        picklists=wrong.picklists,
    )
    outcome = await writing.write([wrong])
    assert reasons(outcome) == [(3, "company_id: User 'u' is no company")]


async def test_an_id_of_another_kind_of_record_is_rejected(database: Database) -> None:
    writing = writer(database)
    await writing.write([company("1")])
    person = Incoming(
        line=2,
        target="person",
        object_type="Account",
        external_id="1",
        values={"name": "Ann"},
    )
    outcome = await writing.write([person])
    assert reasons(outcome) == [(2, "the id '1' is that of a company")]


async def test_a_circle_of_parents_is_refused_at_its_last_row(
    database: Database,
) -> None:
    writing = writer(database)
    outcome = await writing.write(
        [
            company("1", line=1, parent="3"),
            company("2", line=2, parent="1"),
            company("3", line=3, parent="2"),
            company("4", line=4, parent="4"),
        ]
    )
    reason = "parent_id would put the row below itself"
    assert reasons(outcome) == [(3, reason), (4, reason)]
    assert await tops(database) == {"Company 1": None, "Company 2": "Company 1"}
    assert writing.waiting("")[0] == 1


async def test_a_circle_over_batches_is_refused(database: Database) -> None:
    writing = writer(database)
    await writing.write([company("1", parent="2")])
    outcome = await writing.write([company("2", line=2, parent="1")])
    assert reasons(outcome) == [(2, "parent_id would put the row below itself")]
    again = await writer(database).write([company("1", parent="2")])
    assert counts(again) == (0, 0, 1, 0)


async def test_a_record_that_is_there_is_not_put_below_itself(
    database: Database,
) -> None:
    await writer(database).write([company("1"), company("2", parent="1")])
    outcome = await writer(database).write([company("1", parent="2")])
    assert reasons(outcome) == [(1, "parent_id would put the row below itself")]
    turned = [company("1", parent="2"), company("2", parent="")]
    assert counts(await writer(database).write(turned)) == (0, 2, 0, 0)
    assert await tops(database) == {"Company 1": "Company 2", "Company 2": None}


async def test_two_users_with_one_address_are_one_and_a_rejected_row(
    database: Database,
) -> None:
    writing = writer(database)
    twins = [user("1", "ann@example.com"), user("2", "ann@example.com", line=2)]
    outcome = await writing.write(twins)
    assert reasons(outcome) == [(2, "email 'ann@example.com' stands in line 1 too")]
    outcome = await writing.write([user("3", "ann@example.com", line=3)])
    assert reasons(outcome) == [(3, "email 'ann@example.com' belongs to '1'")]


async def test_a_user_who_is_there_is_taken_over_by_address(
    database: Database,
) -> None:
    async with database.write() as session:
        session.add(
            UserRow(id="user_1", email="ann@example.com", name="Anne", created_at=NOW)
        )
    outcome = await writer(database).write([user("u", "ann@example.com")])
    assert counts(outcome) == (0, 1, 0, 0)
    (found,) = await rows(database, UserRow)
    assert (found["id"], found["name"]) == ("user_1", "Ann")
    again = await writer(database).write([user("u", "ann@example.com")])
    assert counts(again) == (0, 0, 1, 0)


async def test_one_person_at_one_company_may_mirror_two_objects(
    database: Database,
) -> None:
    def link(object_type: str, external_id: str, **values: Any) -> Incoming:
        return Incoming(
            line=1,
            target="company_person",
            object_type=object_type,
            external_id=external_id,
            values=values,
            references={"person_id": ("Person", "p"), "company_id": ("Account", "1")},
        )

    person = Incoming(
        line=1,
        target="person",
        object_type="Person",
        external_id="p",
        values={"name": "Ann"},
    )
    writing = writer(database)
    both = [link("Contact", "p", title="CTO"), link("Relation", "x", role="Buyer")]
    outcome = await writing.write([company("1"), person, *both])
    assert counts(outcome) == (3, 1, 0, 0)
    (found,) = await rows(database, CompanyPersonRow)
    assert (found["title"], found["role"]) == ("CTO", "Buyer")
    assert counts(await writer(database).write(both)) == (0, 0, 2, 0)


async def test_a_record_is_filled_and_named_by_the_writer(database: Database) -> None:
    rich = Incoming(
        line=1,
        target="company",
        object_type="Account",
        external_id="1",
        values={
            "name": "Ärger & Söhne",
            "arr_minor": 1_250_000,
            "renewal_date": date(2026, 5, 1),
            "custom": {"tier": "A", "none": None},
        },
        picklists={"status_id": "At risk"},
        url="https://crm.example.com/1",
    )
    assert counts(await writer(database).write([rich])) == (1, 0, 0, 0)
    (found,) = await rows(database, CompanyRow)
    assert found["search_key"] == "arger & sohne"
    assert (found["currency"], found["managed_as"]) == ("USD", "CUSTOMER")
    assert (found["version"], found["created_at"]) == (1, NOW)
    assert (found["tags"], found["custom"]) == ([], {"tier": "A"})
    (item,) = await rows(database, PicklistItemRow)
    assert (item["picklist"], item["key"], item["label"]) == (
        "company.status",
        "at_risk",
        "At risk",
    )
    assert found["status_id"] == item["id"]
    (ref,) = await rows(database, ExternalRefRow)
    assert (ref["system"], ref["object_type"], ref["external_id"], ref["url"]) == (
        "crm",
        "Account",
        "1",
        "https://crm.example.com/1",
    )


async def test_importing_again_changes_nothing(database: Database) -> None:
    given: list[Incoming] = [
        company("2", parent="1", arr_minor=5, custom={"a": 1.5}, tags=["x"]),
        company("1", line=2, parent="missing"),
        relationship("r", of="1"),
    ]
    await writer(database).write(given)
    before = {t: await rows(database, t) for t in (CompanyRow, RelationshipRow)}
    outcome = await writer(database, LATER).write(given)
    assert counts(outcome) == (0, 0, 3, 0)
    for table, held in before.items():
        assert sorted(held, key=str) == sorted(await rows(database, table), key=str)
    assert len(await rows(database, OpenReferenceRow)) == 1
    assert len(await rows(database, ExternalRefRow)) == 3


async def test_a_change_raises_version_and_instant_and_keeps_the_rest(
    database: Database,
) -> None:
    given = [company(n, employees=5, custom={"a": 1, "b": 2}) for n in "12"]
    await writer(database).write(given)
    changed = [
        company("1", employees=6, custom={"a": None, "c": 3}),
        company("2", name="Renamed"),
    ]
    outcome = await writer(database, LATER).write(changed)
    assert counts(outcome) == (0, 2, 0, 0)
    first, second = await named(database, "1"), await named(database, "2")
    assert (first["employees"], first["custom"]) == (6, {"b": 2, "c": 3})
    assert (first["version"], first["updated_at"]) == (2, LATER)
    assert (second["name"], second["search_key"]) == ("Renamed", "renamed")
    assert (second["employees"], second["custom"]) == (5, {"a": 1, "b": 2})
    assert (second["created_at"], second["updated_at"]) == (NOW, LATER)


async def test_a_vocabulary_is_used_by_key_or_label_and_grows(
    database: Database,
) -> None:
    async with database.write() as session:
        session.add(
            PicklistItemRow(
                id="i1", picklist="company.status", key="active", label="Läuft"
            )
        )

    def of(external_id: str, status: str) -> Incoming:
        plain = company(external_id)
        return Incoming(
            line=1,
            target="company",
            object_type="Account",
            external_id=external_id,
            values=plain.values,
            picklists={"status_id": status},
        )

    statuses = ("active", "läuft", "Neu", "NEU", "neu!")
    await writer(database).write([of(str(n), s) for n, s in enumerate(statuses)])
    items = {r["label"]: r for r in await rows(database, PicklistItemRow)}
    assert set(items) == {"Läuft", "Neu", "neu!"}
    assert (items["Neu"]["key"], items["neu!"]["key"]) == ("neu", "neu_2")
    assert items["Neu"]["position"] == 1
    used = [r["status_id"] for r in await rows(database, CompanyRow)]
    assert used.count("i1") == used.count(items["Neu"]["id"]) == 2


async def test_a_relationship_gets_its_type_by_name(database: Database) -> None:
    given = [company("1"), relationship("a", of="1"), relationship("b", of="1")]
    await writer(database).write(given)
    (made,) = await rows(database, RelationshipTypeRow)
    assert (made["key"], made["name"]) == ("annual_plan", "Annual plan")
    used = {r["type_id"] for r in await rows(database, RelationshipRow)}
    assert used == {made["id"]}


async def test_a_child_before_its_parent_is_linked_when_the_parent_comes(
    database: Database,
) -> None:
    writing = writer(database)
    writing.begin("a.csv")
    await writing.write([company("2", line=9, parent="1")])
    count, waits = writing.waiting("a.csv")
    assert count == 1
    assert (waits[0].line, waits[0].reason) == (
        9,
        "parent_id waits for Account '1', which has not come",
    )
    writing.begin("b.csv")
    await writing.write([company("1")])
    assert await tops(database) == {"Company 1": None, "Company 2": "Company 1"}
    assert writing.waiting("a.csv") == (0, [])
    assert await rows(database, OpenReferenceRow) == []
    again = await writer(database).write([company("2", parent="1"), company("1")])
    assert counts(again) == (0, 0, 2, 0)


async def test_a_later_import_links_what_was_left_open(database: Database) -> None:
    case = Incoming(
        line=1,
        target="case",
        object_type="Case",
        external_id="c",
        values={"number": "1", "status": "New", "opened_at": NOW},
        references={"company_id": ("Account", "1")},
    )
    await writer(database).write([case, company("2", parent="1")])
    (held,) = await rows(database, SupportCaseRow)
    assert held["company_id"] is None
    await writer(database, LATER).write([company("1")])
    (held,) = await rows(database, SupportCaseRow)
    parent, child = await named(database, "1"), await named(database, "2")
    assert held["company_id"] == child["parent_id"] == parent["id"]
    assert (child["version"], child["updated_at"]) == (2, LATER)
    assert held["updated_at"] == LATER


async def test_a_row_that_points_elsewhere_by_now_is_not_pulled_back(
    database: Database,
) -> None:
    await writer(database).write([company("1"), company("2", parent="late")])
    moved = [company("2", parent="1"), company("late")]
    await writer(database).write(moved)
    assert (await tops(database))["Company 2"] == "Company 1"
    assert await rows(database, OpenReferenceRow) == []


async def test_a_batch_of_many_costs_as_many_statements_as_one_of_few(
    database: Database,
) -> None:
    def batch(mark: str, size: int) -> Sequence[Incoming]:
        ids = [f"{mark}{n}" for n in range(size)]
        return [company(i, parent=f"{mark}0" if i != f"{mark}0" else "?") for i in ids]

    async def cost(given: Sequence[Incoming], now: datetime) -> int:
        statements: list[str] = []
        database.watches.append(statements.append)
        await writer(database, now).write(given)
        database.watches.clear()
        return len(statements)

    assert await cost(batch("a", 5), NOW) == await cost(batch("b", 500), NOW)
    assert await cost(batch("a", 5), LATER) == await cost(batch("b", 500), LATER)
    assert await cost(batch("a", 5), LATER) <= 8


async def test_two_imports_at_once_share_what_both_bring(database: Database) -> None:
    def typed(external_id: str, industry: str) -> Incoming:
        return replace(company(external_id), picklists={"industry_id": industry})

    first, second = writer(database), writer(database)
    assert counts(await first.write([typed("1", "Banking")])) == (1, 0, 0, 0)
    assert counts(await second.write([typed("2", "Mining")])) == (1, 0, 0, 0)
    assert counts(await first.write([typed("3", "Mining")])) == (1, 0, 0, 0)
    labels = [item["label"] for item in await rows(database, PicklistItemRow)]
    assert sorted(labels) == ["Banking", "Mining"]
    one, other = await named(database, "2"), await named(database, "3")
    assert one["industry_id"] == other["industry_id"]


async def test_fields_that_two_imports_bring_at_once_are_described_once(
    ready_database: Database,
) -> None:
    wanted = {("company", f"field_{n}"): (f"Field {n}", "STRING") for n in range(3)}
    await asyncio.gather(*(describe_fields(ready_database, wanted) for _ in range(3)))
    more = {**wanted, ("relationship", "x"): ("X", "NUMBER")}
    await describe_fields(ready_database, more)
    fields = await rows(ready_database, FieldRow)
    assert sorted((f["object"], f["key"], f["position"]) for f in fields) == [
        *(("company", f"field_{n}", n) for n in range(3)),
        ("relationship", "x", 3),
    ]


async def test_a_batch_that_the_database_refuses_leaves_nothing(
    database: Database,
) -> None:
    stranger = company("2", parent_id="company_nowhere")
    with pytest.raises(ConfigError, match=r"refused the company rows .* 1 to 1"):
        await writer(database).write([company("1"), stranger])
    assert await rows(database, CompanyRow) == []
    assert await rows(database, ExternalRefRow) == []
