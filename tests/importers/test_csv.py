"""CSV files through a mapping: what is refused before anything is written, and rows."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from cyclorama.app import graph
from cyclorama.cli import app as command_line
from cyclorama.errors import ConfigError
from cyclorama.importers.csv_files import import_csv
from cyclorama.importers.model import FileReport
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import CompanyRow, ExternalRefRow, FieldRow

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MAPPING = """
system: crm
files:
  - file: accounts*.csv
    object: accounts
    target: company
    id: id
    fields:
      name: name
      employees: employees
      original_contract_date: {column: since, format: "%d.%m.%Y"}
      custom.city: {column: city, label: City, type: STRING}
    references:
      parent_id: {object: accounts, column: parent}
"""
HEADER = "id,name,employees,since,city,parent\n"


class Folder:
    """A mapping and CSV files, imported into a database."""

    def __init__(self, database: Database, path: Path) -> None:
        self.database, self.path = database, path

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.path / name
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    async def run(self, mapping: str = MAPPING, *paths: Path) -> list[FileReport]:
        return await import_csv(
            self.database,
            graph().sections,
            self.write("mapping.yaml", mapping),
            list(paths) or [self.path],
            now=NOW,
        )

    async def refusal(self, mapping: str = MAPPING, *paths: Path) -> str:
        """What the import is refused for; nothing was written."""
        with pytest.raises(ConfigError) as caught:
            await self.run(mapping, *paths)
        async with self.database.read() as reading:
            for row in (CompanyRow, FieldRow, ExternalRefRow):
                assert await reading.execute(sa.select(row.id)) == []
        return str(caught.value)

    async def companies(self) -> dict[str, Any]:
        async with self.database.read() as reading:
            rows = await reading.execute(sa.select(*CompanyRow.__table__.c))
        return {row.name: row for row in rows}


@pytest.fixture
async def folder(ready_database: Database, tmp_path: Path) -> Folder:
    (tmp_path / "files").mkdir()
    return Folder(ready_database, tmp_path / "files")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            ("column: city", "column: town"),
            ["'town'", "custom.city of accounts. It has: id", "city"],
        ),
        (("name: name", "nam: name"), ["files[0] (accounts).fields.nam", "name"]),
        (("target: company", "target: compani"), ["'compani'", "company"]),
        (("    id: id\n", ""), ["files[0] (accounts).id is missing"]),
        (("files:", "fils:"), ["fils is unknown", "files"]),
        (("employees: employees", "employees: {}"), ["exactly one of column"]),
        (("id: id", "id: id\n    encoding: rot13"), ["no encoding 'rot13'", "utf-8"]),
        (("id: id", "id: id\n    encoding: nope"), ["no encoding 'nope'", "utf-8"]),
        (
            ("name: name", 'name: {template: "{name:>9}"}'),
            ["can't be read: '{name:>9}'"],
        ),
        (("name: name", 'name: {template: "{name!r}"}'), ["can't be read: '{name!r}'"]),
        (("name: name", 'name: {template: "plain"}'), ["can't be read: 'plain'"]),
        (("label: City", 'label: ""'), ["custom.city.label", "at least 1"]),
        (("parent_id:", "parents:"), ["references.parents", "parent_id"]),
        (("type: STRING", "type: TEXT"), ["'TEXT'", "STRING"]),
        (("system: crm", "system: [crm"), ["mapping.yaml"]),
        (("accounts*.csv", "others.csv"), ["others.csv", "none of them"]),
    ],
)
async def test_a_mapping_that_cannot_be_used_is_refused_by_place(
    folder: Folder, change: tuple[str, str], named: list[str]
) -> None:
    folder.write("accounts.csv", HEADER + "1,Acme,5,,Bonn,\n")
    assert change[0] in MAPPING
    message = await folder.refusal(MAPPING.replace(*change))
    for word in named:
        assert word in message


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("text", "named"),
    [
        (HEADER + '1,"Acme,5,,Bonn,\n2,Beta,5,,Bonn,\n', ["line 2", "quote"]),
        (HEADER + '1,"Ac"me,5,,Bonn,\n', ["line 2", "quote"]),
        ("", ["is empty", "first line"]),
        ("id,name\n1,Acme\n", ["has no column", "city", "id, name"]),
        (HEADER.replace("name", "name,name"), ["'name' twice"]),
        (HEADER + '1,"' + "x" * 1_000_001 + '",5,,,\n', ["1000000 characters"]),
    ],
)
async def test_a_file_that_cannot_be_read_to_its_end_is_refused_with_its_line(
    folder: Folder, text: str, named: list[str]
) -> None:
    folder.write("accounts.csv", HEADER + "9,Fine,1,,Bonn,\n")
    folder.write("accounts2.csv", text)
    message = await folder.refusal()
    assert "accounts2.csv" in message
    for word in named:
        assert word in message


@pytest.mark.anyio
async def test_a_path_that_is_not_there_is_refused(folder: Folder) -> None:
    assert "no file or folder" in await folder.refusal(MAPPING, Path("/no/such/file"))
    assert "There are no files" in await folder.refusal()


@pytest.mark.anyio
async def test_each_row_counts_once_and_says_why_it_is_rejected(folder: Folder) -> None:
    rows = [
        "1,Acme,5,01.02.2024,Köln,2",
        "2,Beta",
        ",Nameless id,1,,,",
        "3,,1,,,",
        "4,Delta,many,,,",
        "5,Epsilon,1,2024-01-01,,",
        "6,Zeta,1,,,,,extra",
        "1,Twice,1,,,",
        "7,Circle,1,,,7",
        "8,Waits,1,,,99",
    ]
    folder.write("accounts.csv", "\ufeff" + HEADER + "\r\n".join(rows) + "\r\n")
    folder.write("notes.csv", "a,b\n")
    report, other = await folder.run()
    assert other.skipped == "no entry of the mapping names it"
    assert (report.read, report.created, report.rejected) == (10, 3, 7)
    reasons = {r.line: r.reason for r in report.rejects}
    assert reasons[4] == "it has no id"
    assert reasons[5] == "name is empty"
    assert "'many' is no number" in reasons[6]
    assert "no date of the form %d.%m.%Y" in reasons[7]
    assert "8 cells; the header names 6" in reasons[8]
    assert "an earlier line" in reasons[9]
    assert "below itself" in reasons[10]
    assert report.waiting == 1
    assert "'99'" in report.waits[0].reason
    found = await folder.companies()
    assert set(found) == {"Acme", "Beta", "Waits"}
    assert found["Acme"].parent_id == found["Beta"].id
    assert found["Acme"].custom == {"city": "Köln"}
    assert found["Acme"].search_key == "acme"


@pytest.mark.anyio
async def test_odd_cells_are_kept_or_rejected_alone(folder: Folder) -> None:
    mapping = """
system: crm
files:
  - file: accounts.csv
    object: accounts
    target: company
    id: id
    url: "https://crm/{the.page}"
    fields:
      name: {template: "{name} ({the.page})"}
      custom.size: {column: size, type: NUMBER}
"""
    rows = [
        b"id,name,the.page,size",
        b"1,Acme,a,12.50,,",
        b"2,Beta,b,-2.5e3",
        b"3,Gamma,b\xff,1",
        b"4,Delta," + b"x" * 2_040 + b",1",
        b"5,Epsilon,e,9007199254740992",
        b"6,Zeta,z,1e50",
    ]
    folder.write("accounts.csv", b"\n".join(rows))
    (report,) = await folder.run(mapping)
    assert (report.read, report.created, report.rejected) == (6, 3, 3)
    reasons = {r.line: r.reason for r in report.rejects}
    assert "url holds bytes that are no text" in reasons[4]
    assert "custom.size: 1E+50 is too large; at most" in reasons[7]
    assert "url has 2052 characters; at most 2048" in reasons[5]
    found = await folder.companies()
    sizes = [found[n].custom["size"] for n in ("Acme (a)", "Beta (b)", "Epsilon (e)")]
    assert sizes == [12.5, -2_500, 2**53]


@pytest.mark.anyio
async def test_a_changed_row_changes_its_record_and_a_late_one_is_linked(
    folder: Folder,
) -> None:
    folder.write("accounts.csv", HEADER + "1,Acme,5,,Bonn,2\n3,Gamma,1,,,\n")
    await folder.run()
    before = await folder.companies()
    folder.write(
        "accounts.csv", HEADER + "1,Acme,6,,Bonn,2\n3,Gamma,1,,,\n2,Beta,1,,,\n"
    )
    (report,) = await folder.run()
    assert (report.created, report.updated, report.unchanged) == (1, 1, 1)
    assert report.waiting == 0
    after = await folder.companies()
    assert after["Gamma"] == before["Gamma"]
    assert after["Acme"].employees == 6
    assert after["Acme"].version > before["Acme"].version
    assert after["Acme"].parent_id == after["Beta"].id


def test_the_command_prints_a_table_and_writes_the_rejected_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYCLORAMA_DATABASE_URL", f"sqlite:///{tmp_path / 'c.db'}")
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    (tmp_path / "accounts.csv").write_text(HEADER + "1,Acme,5,,,\n2,,5,,,\n")
    run = CliRunner()
    assert run.invoke(command_line, ["migrate"]).exit_code == 0
    paths = [str(tmp_path / "mapping.yaml"), str(tmp_path / "accounts.csv")]
    options = ["--rejects", str(tmp_path)]
    done = run.invoke(command_line, ["import", "csv", *paths, *options, "--json"])
    assert done.exit_code == 0, done.output
    (report,) = json.loads(done.stdout)
    assert (report["read"], report["created"], report["rejected"]) == (2, 1, 1)
    file = tmp_path / "accounts.accounts.rejected.csv"
    header, row = csv.reader(file.read_text().splitlines())
    assert header == ["line", "reason", "row"]
    assert row[:2] == ["3", "name is empty"]
    assert json.loads(row[2])["employees"] == "5"
    table = run.invoke(command_line, ["import", "csv", *paths, *options])
    assert "accounts.csv" in table.stdout
    with pytest.raises(ConfigError, match="can't be written"):
        run.invoke(
            command_line,
            ["import", "csv", *paths, "--rejects", "/no/such"],
            catch_exceptions=False,
        )
