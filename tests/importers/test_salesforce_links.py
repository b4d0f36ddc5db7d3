"""Salesforce exports: records find each other, in whatever order they come."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from exports import (
    by_id,
    count,
    csv_file,
    everything,
    figures,
    imported,
    parents,
    people_at,
    reasons,
    rows,
)

from cyclorama.importers.salesforce.cells import long_id
from cyclorama.importers.tables import OpenReferenceRow
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import CompanyPersonRow, CompanyRow, UserRow

pytestmark = pytest.mark.anyio


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
