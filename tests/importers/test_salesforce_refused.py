"""Salesforce exports: what can't be read or written is said, and nothing else is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from exports import (
    LWC,
    NESTED,
    WORKSHOP,
    count,
    csv_file,
    everything,
    figures,
    imported,
    needs_data,
    parents,
    reasons,
    sobject,
    tree_file,
)

from cyclorama.errors import ConfigError
from cyclorama.importers.salesforce.tree import LARGEST_FILE
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import CompanyRow, UserRow

pytestmark = pytest.mark.anyio


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
