"""Salesforce exports: read as they are, counted, and the same the second time."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from exports import (
    LWC,
    NESTED,
    NOW,
    SMALL,
    WITH_SUPPORT,
    WORKSHOP,
    by_id,
    csv_file,
    everything,
    figures,
    imported,
    needs_data,
    parents,
    people_at,
    rows,
    sobject,
    tree_file,
)

from cyclorama.importers.salesforce import import_salesforce
from cyclorama.importers.salesforce.cells import long_id
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    CompanyRow,
    ConfigurationRow,
    FieldRow,
    MembershipRow,
    PicklistItemRow,
    Row,
    UserGroupRow,
    UserRow,
)

pytestmark = pytest.mark.anyio


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


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'volume.db'}")
    async with opened.engine.begin() as connection:
        await connection.run_sync(Row.metadata.create_all)
    yield opened
    await opened.close()


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
