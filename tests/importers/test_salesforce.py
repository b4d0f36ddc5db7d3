"""Salesforce exports: read as they are, linked, counted, and the same the second time."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.errors import ConfigError
from cyclorama.importers.model import FileReport
from cyclorama.importers.salesforce import import_salesforce
from cyclorama.importers.salesforce.cells import long_id
from cyclorama.importers.salesforce.tree import LARGEST_FILE
from cyclorama.importers.tables import OpenReferenceRow
from cyclorama.plugins.section import Section
from cyclorama.sections.support import section as support
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    CompanyPersonRow,
    CompanyRow,
    ConfigurationRow,
    ExternalRefRow,
    FieldRow,
    MembershipRow,
    PersonRow,
    PicklistItemRow,
    Row,
    UserGroupRow,
    UserRow,
)

pytestmark = pytest.mark.anyio
SHARED = Path(__file__).parents[2] / ".." / "shared"
WORKSHOP = SHARED / "data" / "salesforce-export-workshop"
SMALL = SHARED / "data" / "salesforce-export-small"
LWC = SHARED / "data" / "salesforce-tree" / "lwc-recipes"
NESTED = SHARED / "data" / "salesforce-tree" / "nested-hierarchy"
needs_data = pytest.mark.skipif(
    not SHARED.exists(), reason="the data sets are not here"
)
NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
WITH_SUPPORT = {"support": support}


async def imported(
    database: Database,
    *paths: Path,
    sections: dict[str, Section] = WITH_SUPPORT,
    days: int = 0,
) -> dict[str, FileReport]:
    """The reports by object."""
    now = NOW + timedelta(days=days)
    reports = await import_salesforce(database, sections, paths, now=now)
    return {r.object_type: r for r in reports}


def figures(report: FileReport) -> tuple[int, int, int, int, int]:
    """Read, created, updated, unchanged, rejected."""
    return (
        report.read,
        report.created,
        report.updated,
        report.unchanged,
        report.rejected,
    )


def reasons(report: FileReport) -> list[tuple[int, str]]:
    return [(r.line, r.reason) for r in report.rejects]


async def rows(database: Database, of: type[Row]) -> list[dict[str, Any]]:
    async with database.read() as reading:
        found = await reading.execute(sa.select(of.__table__))
    return [dict(row._mapping) for row in found]


async def count(database: Database, of: type[Row]) -> int:
    return len(await rows(database, of))


async def everything(database: Database) -> list[Any]:
    """All that an import may write, as it is."""
    tables = (
        CompanyRow,
        PersonRow,
        CompanyPersonRow,
        SupportCaseRow,
        UserRow,
        ExternalRefRow,
        OpenReferenceRow,
        PicklistItemRow,
        FieldRow,
        ConfigurationRow,
    )
    return [sorted(map(repr, await rows(database, table))) for table in tables]


async def by_id(
    database: Database, of: type[Row], object_type: str, external_id: str
) -> dict[str, Any]:
    """The row of a Salesforce id."""
    (entity,) = [
        ref["entity_id"]
        for ref in await rows(database, ExternalRefRow)
        if (ref["system"], ref["object_type"], ref["external_id"])
        == ("salesforce", object_type, external_id)
    ]
    (found,) = [row for row in await rows(database, of) if row["id"] == entity]
    return found


async def parents(database: Database) -> dict[str, str | None]:
    """Name of each company -> name of its parent."""
    found = await rows(database, CompanyRow)
    names = {row["id"]: row["name"] for row in found}
    return {row["name"]: names.get(row["parent_id"]) for row in found}


async def people_at(database: Database) -> dict[tuple[str, str], tuple[bool, bool]]:
    """(Person, company) -> whether it is active, and primary."""
    people = {p["id"]: p["name"] for p in await rows(database, PersonRow)}
    companies = {c["id"]: c["name"] for c in await rows(database, CompanyRow)}
    return {
        (people[link["person_id"]], companies[link["company_id"]]): (
            link["active"],
            link["is_primary"],
        )
        for link in await rows(database, CompanyPersonRow)
    }


def csv_file(folder: Path, name: str, *lines: str) -> Path:
    path = folder / f"{name}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def tree_file(folder: Path, name: str, *records: dict[str, Any]) -> Path:
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"records": records}), encoding="utf-8")
    return path


def sobject(object_type: str, reference: str, **fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": object_type, "referenceId": reference}, **fields}


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'volume.db'}")
    async with opened.engine.begin() as connection:
        await connection.run_sync(Row.metadata.create_all)
    yield opened
    await opened.close()


BROKEN = [
    ("Account.csv", 'Id,Name\n1,"Acme\n', "line 2 begins a row that can't be read"),
    ("Account.csv", "", "is empty; its first line has to name the columns"),
    ("Account.csv", "Name\nAcme\n", "has no column Id"),
    ("Account.csv", "Id,Name,NAME\n1,A,B\n", "names Name more than once"),
    ("Account.txt", "Id,Name\n", "is no Salesforce export"),
    ("Account.json", "{", "is no JSON"),
    ("Account.json", '{"records": [{"Name": "A"}]}', "record 1 has no attributes.type"),
    ("Account.json", '{"records": ["A"]}', "record 1 has no attributes.type"),
    ("plan.json", '[{"sobject": "Account", "files": ["A.json"]}]', "lists A.json"),
]


@pytest.mark.parametrize(("name", "content", "said"), BROKEN)
async def test_a_file_that_cannot_be_read_is_named_and_nothing_is_imported(
    database: Database, tmp_path: Path, name: str, content: str, said: str
) -> None:
    good = csv_file(tmp_path, "User", "Id,Name,Email", "005,Ann,ann@example.com")
    bad = tmp_path / name
    bad.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        await imported(database, good, bad)
    assert said in str(caught.value)
    assert name in str(caught.value)
    assert await count(database, UserRow) == 0


async def test_a_path_that_is_not_there_is_named(
    database: Database, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        await imported(database, tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"\*\.csv"):
        await imported(database, tmp_path)


async def test_a_tree_that_is_too_large_is_refused(
    database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "Accounts.json"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    with pytest.raises(ConfigError, match="over 64 MB; export the object in several"):
        await imported(database, path)


@needs_data
async def test_two_trees_with_the_same_references_are_refused_together(
    database: Database,
) -> None:
    with pytest.raises(ConfigError, match=r"both use the reference 'AccountRef\d+'"):
        await imported(database, LWC, NESTED)
    assert await count(database, CompanyRow) == 0


async def test_a_tree_of_another_export_is_refused_and_an_edited_one_is_not(
    database: Database, tmp_path: Path
) -> None:
    acme, beta = sobject("Account", "R1", Name="Acme"), sobject("Account", "R2")
    await imported(database, tree_file(tmp_path, "a", acme, {**beta, "Name": "Beta"}))
    await imported(
        database, tree_file(tmp_path, "c", sobject("Contact", "C1", Name="Ann"))
    )
    before = await everything(database)
    for other, said in (
        (
            sobject("Account", "R2", Name="Other"),
            r"'R2' for 'Other'; .* Account 'Beta'",
        ),
        (sobject("Contact", "C1", Name="Bob"), r"'C1' for 'Bob'; .* Contact 'Ann'"),
    ):
        new = sobject("Account", "R3", Name="New")
        with pytest.raises(ConfigError, match=said):
            await imported(database, tree_file(tmp_path, "b", new, other))
    assert await everything(database) == before
    with_id = sobject("Account", "R1", Id="001A", Name="Fourth")
    await imported(database, tree_file(tmp_path, "b", with_id))
    edited = tree_file(tmp_path, "a", acme, {**beta, "Name": "Beta AG"})
    assert figures((await imported(database, edited))["Account"]) == (2, 0, 1, 1, 0)


async def test_rows_that_cannot_be_written_are_counted_with_line_and_reason(
    database: Database, tmp_path: Path
) -> None:
    path = csv_file(
        tmp_path,
        "Account",
        "Id,Name,NumberOfEmployees,IsDeleted",
        "1,Acme,12,",
        "2,,,",
        "3,Many,many,",
        '4,"Two',
        'lines",,maybe',
        "1,Again,,",
        "5,Gone,,1",
        "6,Gone too,,True",
        "7,Long,1,,,more",
        ",Nameless id,,",
        "8,Short",
    )
    report = (await imported(database, path))["Account"]
    assert figures(report) == (10, 2, 0, 0, 6)
    assert report.left_out == 2
    assert sorted(reasons(report)) == [
        (3, "name is empty"),
        (4, "NumberOfEmployees: 'many' is no number"),
        (5, "IsDeleted: 'maybe' is neither true nor false; give `values` for it"),
        (7, "the id '1' stands in an earlier line too"),
        (10, "it has 6 cells; the header names 4"),
        (11, "it has no id"),
    ]
    raw = {r.line: r.raw for r in report.rejects}
    assert raw[3] == {"Id": "2", "Name": "", "NumberOfEmployees": "", "IsDeleted": ""}
    assert raw[10] == "7,Long,1,,,more"
    assert sorted(await parents(database)) == ["Acme", "Short"]


async def test_a_contact_whose_account_cannot_be_an_id_is_rejected_alone(
    database: Database, tmp_path: Path
) -> None:
    accounts = [b"00\0x", b"M\xfcller", b"9" * 256, b""]
    lines = [b"003%d,Ann,%b" % (n, account) for n, account in enumerate(accounts)]
    path = tmp_path / "Contact.csv"
    path.write_bytes(b"\n".join([b"Id,LastName,AccountId", *lines]))
    report = (await imported(database, path))["Contact"]
    assert figures(report) == (4, 1, 0, 0, 3)
    assert reasons(report) == [
        (2, "AccountId: the id holds a NUL character"),
        (3, "AccountId: the id holds bytes that are no text in the file's encoding"),
        (4, "AccountId: the id has 256 characters; at most 255"),
    ]


@needs_data
async def test_objects_without_a_home_are_skipped_and_said(database: Database) -> None:
    reports = await imported(database, WORKSHOP, sections={})
    skipped = {r.object_type for r in reports.values() if r.skipped}
    assert skipped == {
        *("Branch__c", "Campaign", "CampaignMember", "Case", "Lead", "Opportunity"),
        "Task",
    }
    assert reports["Case"].skipped == "no section for it yet"
    assert await count(database, SupportCaseRow) == 0


@needs_data
async def test_the_workshop_export_comes_whole(database: Database) -> None:
    reports = await imported(database, WORKSHOP)
    assert figures(reports["Account"]) == (22, 22, 0, 0, 0)
    assert figures(reports["Contact"]) == (102, 102, 0, 0, 0)
    assert figures(reports["Contact.AccountId"]) == (18, 18, 0, 0, 0)
    assert figures(reports["AccountContactRelation"]) == (22, 4, 0, 18, 0)
    assert figures(reports["Case"]) == (40, 40, 0, 0, 0)
    cases = await rows(database, SupportCaseRow)
    assert sum(not case["is_closed"] for case in cases) == 26
    with_company = [case for case in cases if case["company_id"]]
    assert len(with_company) == 14
    assert sum(not case["is_closed"] for case in with_company) == 10
    assert sorted(case["number"] for case in cases)[0] == "00001014"
    companies = await rows(database, CompanyRow)
    assert sum(company["employees"] or 0 for company in companies) == 11_821
    revenue = [company["custom"].get("annual_revenue", 0) for company in companies]
    assert sum(revenue) == 93_741_060
    assert {company["arr_minor"] for company in companies} == {None}
    kinds = [company["custom"].get("classification") for company in companies]
    assert (kinds.count("Customer"), kinds.count("Prospect")) == (13, 7)


@needs_data
async def test_importing_again_changes_nothing(database: Database) -> None:
    for paths in ((WORKSHOP, SMALL), (NESTED,)):
        await imported(database, *paths)
        before = await everything(database)
        reports = await imported(database, *paths, days=1)
        assert await everything(database) == before
        read = [r for r in reports.values() if not r.skipped]
        assert [figures(r) for r in read] == [(r.read, 0, 0, r.read, 0) for r in read]


@needs_data
async def test_the_other_csv_dialect_comes_whole(database: Database) -> None:
    reports = await imported(database, SMALL)
    assert figures(reports["Account"]) == (7, 7, 0, 0, 0)
    assert figures(reports["Contact"]) == (4, 4, 0, 0, 0)
    at = [company for _, company in await people_at(database)]
    assert at.count("High Desert Inc.") == 3
    assert at.count("Sandia Style Interiors") == 1
    assert reports["OpportunityContactRole"].skipped == "no section for it yet"


@needs_data
async def test_trees_come_with_their_references(database: Database) -> None:
    reports = await imported(database, LWC)
    assert figures(reports["Account"]) == (10, 10, 0, 0, 0)
    assert figures(reports["Contact"]) == (6, 6, 0, 0, 0)
    at = [company for _, company in await people_at(database)]
    assert at.count("Alpha Dynamics") == at.count("Madison Investments") == 3
    alpha = await by_id(database, CompanyRow, "Account", "AccountRef1")
    assert (alpha["name"], alpha["employees"]) == ("Alpha Dynamics", 12345)
    items = {i["id"]: i for i in await rows(database, PicklistItemRow)}
    assert items[alpha["company_type_id"]]["label"] == "Technology Partner"


@needs_data
async def test_children_inside_their_parents_become_a_hierarchy(
    database: Database,
) -> None:
    await imported(database, NESTED / "Account-Contact-plan.json")
    found = await parents(database)
    assert len(found) == 5
    assert found["Aerilon Agrinomics"] is None
    assert found["Caprica Cosmetics"] == "Aerilon Agrinomics"
    assert found["Gemenon Gastronomy"] == "Caprica Cosmetics"
    assert list(found.values()).count(None) == 3
    assert ("Elosha Stark", "Gemenon Gastronomy") in await people_at(database)


async def test_nested_contacts_and_cases_find_their_account(
    database: Database, tmp_path: Path
) -> None:
    case = sobject(
        "Case",
        "CaseRef1",
        CaseNumber="0007",
        Status="New",
        CreatedDate="2025-01-02T03:04:05.000+0000",
        IsClosed=False,
    )
    contact = sobject("Contact", "ContactRef1", FirstName="Ann", LastName="Lee")
    account = sobject(
        "Account",
        "AccountRef1",
        Id="0010X00000abcde",
        Name="Acme",
        Contacts={"records": [contact]},
        Cases={"records": [case]},
    )
    other = sobject("Contact", "ContactRef2", Name="Bo", AccountId="@AccountRef1")
    await imported(database, tree_file(tmp_path, "tree", account, other))
    acme = await by_id(database, CompanyRow, "Account", long_id("0010X00000abcde"))
    (found,) = await rows(database, SupportCaseRow)
    assert (found["company_id"], found["number"]) == (acme["id"], "0007")
    assert set(await people_at(database)) == {("Ann Lee", "Acme"), ("Bo", "Acme")}


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("0013600001excS5", "0013600001excS5AAI"),
        ("003Ec00000CyOT7", "003Ec00000CyOT7IAN"),
        ("005Ec000004oBPN", "005Ec000004oBPNIA2"),
        ("001000000000000123", "001000000000000123"),
        ("AccountRef1", "AccountRef1"),
        ("001 0000 000000", "001 0000 000000"),
    ],
)
def test_an_id_of_15_characters_gets_its_ending(short: str, long: str) -> None:
    assert long_id(short) == long


async def test_short_and_long_ids_name_the_same_record(
    database: Database, tmp_path: Path
) -> None:
    account = csv_file(tmp_path, "Account", "ID,NAME", "0013600001excS5,Sandia")
    contact = csv_file(
        tmp_path,
        "Contact",
        "Id,AccountId,LastName",
        "0033600001a28f1AAA,0013600001excS5AAI,Anderson",
    )
    await imported(database, account, contact)
    assert set(await people_at(database)) == {("Anderson", "Sandia")}
    again = csv_file(tmp_path, "Account", "Id,Name", "0013600001excS5AAI,Sandia 2")
    report = (await imported(database, again))["Account"]
    assert figures(report) == (1, 0, 1, 0, 0)


async def test_the_order_of_paths_does_not_matter_and_children_may_come_first(
    database: Database, tmp_path: Path
) -> None:
    case = csv_file(
        tmp_path,
        "Case",
        "Id,CaseNumber,Status,IsClosed,CreatedDate,ClosedDate,AccountId,Subject",
        "500,0001,Closed,1,2025-01-02 03:04:05,2025-01-03T00:00:00+0100,1,Slow",
    )
    user = csv_file(
        tmp_path, "User", "Id,FirstName,LastName,Email", "u,Ann,Lee,ANN@Example.com"
    )
    account = csv_file(
        tmp_path, "Account", "Id,Name,ParentId,OwnerId", "1,Child,2,u", "2,Top,,"
    )
    reports = await imported(database, case, account, user)
    assert list(reports) == ["User", "Account", "Case"]
    assert await parents(database) == {"Child": "Top", "Top": None}
    child = await by_id(database, CompanyRow, "Account", "1")
    ann = await by_id(database, UserRow, "User", "u")
    assert child["csm_id"] == ann["id"]
    assert (ann["name"], ann["email"]) == ("Ann Lee", "ann@example.com")
    (found,) = await rows(database, SupportCaseRow)
    assert found["company_id"] == child["id"]
    assert found["opened_at"] == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert found["closed_at"] == datetime(2025, 1, 2, 23, tzinfo=UTC)


async def test_owners_and_parents_that_were_not_exported_stay_open_until_they_come(
    database: Database, tmp_path: Path
) -> None:
    account = csv_file(tmp_path, "Account", "Id,Name,ParentId,OwnerId", "1,Child,2,005")
    report = (await imported(database, account))["Account"]
    assert report.waiting == 2
    assert {(w.line, w.reason) for w in report.waits} == {
        (2, "csm_id waits for User '005', which has not come"),
        (2, "parent_id waits for Account '2', which has not come"),
    }
    user = csv_file(tmp_path, "User", "Id,Name,Email", "005,Ann,ann@example.com")
    top = csv_file(tmp_path, "Account", "Id,Name", "2,Top")
    await imported(database, user, top)
    child = await by_id(database, CompanyRow, "Account", "1")
    assert child["csm_id"] == (await by_id(database, UserRow, "User", "005"))["id"]
    assert await parents(database) == {"Child": "Top", "Top": None}
    assert await count(database, OpenReferenceRow) == 0


async def test_a_contact_is_linked_when_its_company_comes_later(
    database: Database, tmp_path: Path
) -> None:
    contact = csv_file(
        tmp_path, "Contact", "Id,Name,AccountId,Title", "c,Ann,1,CEO", "d,Bo,,"
    )
    for _ in range(2):
        report = (await imported(database, contact))["Contact"]
        assert report.waiting == 1
        reason = "AccountId waits for Account '1', which has not come"
        assert [(w.line, w.reason) for w in report.waits] == [(2, reason)]
        assert await count(database, OpenReferenceRow) == 1
    account = csv_file(tmp_path, "Account", "Id,Name", "1,Acme")
    reports = await imported(database, account)
    assert figures(reports["Contact.AccountId"]) == (1, 1, 0, 0, 0)
    assert await people_at(database) == {("Ann", "Acme"): (True, True)}
    (link,) = await rows(database, CompanyPersonRow)
    assert link["title"] == "CEO"
    assert await count(database, OpenReferenceRow) == 0
    before = await everything(database)
    await imported(database, account, contact)
    assert await everything(database) == before


async def test_whom_a_contact_reports_to_is_their_manager_at_the_company(
    database: Database, tmp_path: Path
) -> None:
    account = csv_file(tmp_path, "Account", "Id,Name", "1,Acme")
    contact = csv_file(
        tmp_path,
        "Contact",
        "Id,LastName,AccountId,ReportsToId",
        "c,Ann,1,d",
        "d,Bo,1,",
        "e,Cy,1,elsewhere",
    )
    report = (await imported(database, account, contact))["Contact"]
    link = "Contact.AccountId"
    ann = await by_id(database, CompanyPersonRow, link, "c:1")
    bo = await by_id(database, CompanyPersonRow, link, "d:1")
    assert (ann["manager_id"], bo["manager_id"]) == (bo["id"], None)
    assert (report.waiting, report.waits[0].line) == (1, 4)


async def test_a_contact_who_moves_leaves_the_old_company(
    database: Database, tmp_path: Path
) -> None:
    account = csv_file(tmp_path, "Account", "Id,Name", "1,Old", "2,New")
    moves = (
        ("1", {("Ann", "Old"): (True, True)}),
        ("2", {("Ann", "Old"): (False, False), ("Ann", "New"): (True, True)}),
        ("1", {("Ann", "Old"): (True, True), ("Ann", "New"): (False, False)}),
        ("", {("Ann", "Old"): (False, False), ("Ann", "New"): (False, False)}),
    )
    for at, expected in moves:
        lines = ("Id,Name,AccountId", f"c,Ann,{at}")
        contact = csv_file(tmp_path, "Contact", *lines)
        for _ in range(2):
            await imported(database, account, contact)
            assert await people_at(database) == expected


async def test_relations_add_companies_and_roles_to_contacts(
    database: Database, tmp_path: Path
) -> None:
    account = csv_file(tmp_path, "Account", "Id,Name", "1,Acme", "2,Beta")
    contact = csv_file(tmp_path, "Contact", "Id,Name,AccountId,Title", "c,Ann,1,CEO")
    relation = csv_file(
        tmp_path,
        "AccountContactRelation",
        "Id,AccountId,ContactId,Roles,IsDirect,IsActive",
        "r1,1,c,Decision Maker;Evaluator,TRUE,TRUE",
        "r2,2,c,,FALSE,",
        "r3,2,x,,FALSE,TRUE",
    )
    reports = await imported(database, account, contact, relation)
    report = reports["AccountContactRelation"]
    assert figures(report) == (3, 1, 1, 0, 1)
    reason = "person_id names Contact 'x', which has not come"
    assert reasons(report) == [(4, reason)]
    assert await people_at(database) == {
        ("Ann", "Acme"): (True, True),
        ("Ann", "Beta"): (False, False),
    }
    direct = await by_id(database, CompanyPersonRow, "Contact.AccountId", "c:1")
    assert (direct["role"], direct["title"]) == ("Decision Maker, Evaluator", "CEO")
    same = await by_id(database, CompanyPersonRow, "AccountContactRelation", "r1")
    assert same == direct
    before = await everything(database)
    await imported(database, relation, account, contact, days=1)
    assert await everything(database) == before


async def test_columns_that_were_not_exported_stay_as_they_are(
    database: Database, tmp_path: Path
) -> None:
    lines = ("Id,Name,Industry,NumberOfEmployees,Region__c", "1,Acme,Retail,5,North")
    await imported(database, csv_file(tmp_path, "Account", *lines))
    before = await by_id(database, CompanyRow, "Account", "1")
    renamed = csv_file(tmp_path, "Account", "Id,Name", "1,Acme Ltd")
    await imported(database, renamed, days=1)
    after = await by_id(database, CompanyRow, "Account", "1")
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"name", "search_key", "version", "updated_at"}
    emptied = csv_file(tmp_path, "Account", "Id,Industry,Region__c", "1,,")
    await imported(database, emptied, days=2)
    after = await by_id(database, CompanyRow, "Account", "1")
    assert (after["industry_id"], after["employees"], after["custom"]) == (None, 5, {})


async def test_own_fields_of_accounts_become_custom_fields(
    database: Database, tmp_path: Path
) -> None:
    path = csv_file(
        tmp_path,
        "Account",
        "Id,Name,AnnualRevenue,Phone,Phone__c,Sales_Region__c,Empty__c,Unknown",
        "1,Acme,1250000.5,012,34,North,,x",
    )
    await imported(database, path)
    acme = await by_id(database, CompanyRow, "Account", "1")
    assert acme["custom"] == {
        "annual_revenue": 1250000.5,
        "phone": "012",
        "phone_c": "34",
        "sales_region": "North",
    }
    fields = await rows(database, FieldRow)
    assert {(f["object"], f["key"], f["label"], f["type"]) for f in fields} == {
        ("company", "annual_revenue", "Annual Revenue", "NUMBER"),
        ("company", "phone", "Phone", "STRING"),
        ("company", "phone_c", "Phone", "STRING"),
        ("company", "sales_region", "Sales Region", "STRING"),
    }
    (configuration,) = await rows(database, ConfigurationRow)
    await imported(database, path)
    assert await rows(database, ConfigurationRow) == [configuration]


async def test_an_import_takes_accounts_of_users_away_but_never_gives_them_back(
    database: Database, tmp_path: Path
) -> None:
    states = []
    for active in ("TRUE", "FALSE", "TRUE"):
        lines = ("Id,Name,Email,IsActive", f"u,Ann,ann@example.com,{active}")
        await imported(database, csv_file(tmp_path, "User", *lines))
        states.append((await by_id(database, UserRow, "User", "u"))["active"])
    assert states == [True, False, False]


async def test_users_that_come_get_the_groups_of_their_rules(
    database: Database, tmp_path: Path
) -> None:
    rule = [{"attribute": "department", "operator": "EQ", "values": ["Success"]}]
    async with database.write() as session:
        session.add(UserGroupRow(id="group_1", key="csm", name="CSM", rule=rule))
    lines = ("Id,Name,Email,Department", "u,Ann,ann@example.com,Success")
    await imported(database, csv_file(tmp_path, "User", *lines))
    ann = await by_id(database, UserRow, "User", "u")
    (member,) = await rows(database, MembershipRow)
    assert (member["user_id"], member["by_rule"]) == (ann["id"], True)


async def test_progress_is_told_batch_by_batch(
    database: Database, tmp_path: Path
) -> None:
    lines = [f"{n},Account {n}" for n in range(2500)]
    path = csv_file(tmp_path, "Account", "Id,Name", *lines)
    told: list[tuple[str, int, int | None]] = []
    await import_salesforce(
        database,
        WITH_SUPPORT,
        [path],
        now=NOW,
        progress=lambda *said: told.append(said),
    )
    done: Sequence[int] = [n for _, n, _ in told]
    assert done == [1000, 2000, 2500]
    assert {(name, total) for name, _, total in told} == {(str(path), 2500)}


async def test_memory_does_not_grow_with_the_rows(
    sqlite: Database, tmp_path: Path
) -> None:
    """20,000 rows under the tracer, which slows the import fivefold; 100,000 accounts
    took 10 s without it, and the same 12 MB."""
    path = tmp_path / "Account.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("Id,Name\n")
        file.writelines(f"{n:018d},Account {n:06d}\n" for n in range(20_000))
    tracemalloc.start()
    try:
        report = (await imported(sqlite, path))["Account"]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert figures(report) == (20_000, 20_000, 0, 0, 0)
    assert peak < 25_000_000
