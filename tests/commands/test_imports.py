"""`cyclorama import`: what is refused before anything is written, and what is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from audit_entries import logged
from sqlalchemy.exc import DBAPIError, OperationalError
from typer.testing import CliRunner

from cyclorama.cli import app
from cyclorama.commands.common import run as run_work
from cyclorama.errors import ConfigError
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import CompanyRow, FieldRow

MAPPING = """
system: crm
files:
  - {file: "*.csv", object: accounts, target: company, id: id, fields: {name: name}}
"""
REFUSED = [
    (
        ["csv", "{folder}/none.yaml", "{folder}/a.csv"],
        "none.yaml can't be read: No such",
    ),
    (["csv", "{folder}/m.yaml", "{folder}/none.csv"], "no file or folder .*none.csv"),
    (
        ["csv", "{folder}/m.yaml", "{folder}/quote.csv"],
        "quote.csv, line 2 begins a row",
    ),
    (["csv", "{folder}/m.yaml", "{folder}/column.csv"], "has no column 'id', which"),
    (["csv", "{folder}/m.yaml", "{folder}/empty.csv"], "empty.csv is empty"),
    (["salesforce", "{folder}/none"], "no file or folder"),
    (["salesforce", "{folder}/empty"], r"no files \*.csv or \*.json in"),
    (["salesforce", "{folder}/m.yaml"], "is no Salesforce export"),
    (["salesforce", "{folder}", "--rejects", "{folder}/none"], "which is no folder"),
    (
        ["csv", "{folder}/m.yaml", "{folder}/a.csv", "--rejects", "/no/such"],
        "--rejects",
    ),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A mapping and files, some of them broken."""
    made = tmp_path / "files"
    (made / "empty").mkdir(parents=True)
    for name, text in {
        "m.yaml": MAPPING,
        "a.csv": "id,name\n1,Acme\n",
        "Account.csv": "Id,Name\n001,Acme\n",
        "quote.csv": 'id,name\n1,"Acme\n',
        "column.csv": "key,name\n1,Acme\n",
        "empty.csv": "",
    }.items():
        (made / name).write_text(text)
    return made


def on(url: str) -> Callable[[list[str]], Any]:
    return lambda arguments: CliRunner().invoke(
        app, ["import", *arguments, "--database-url", url]
    )


def held(url: str) -> int:
    """How many companies and custom fields there are."""

    async def count() -> int:
        database = Database(url)
        async with database.read() as reading:
            rows = [
                *await reading.execute(sa.select(CompanyRow.id)),
                *await reading.execute(sa.select(FieldRow.id)),
            ]
        await database.close()
        return len(rows)

    return asyncio.run(count())


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_what_cannot_be_read_is_named_and_nothing_is_imported(
    ready_url: str, folder: Path, arguments: list[str], said: str
) -> None:
    given = [part.replace("{folder}", str(folder)) for part in arguments]
    result = on(ready_url)(given)
    assert isinstance(result.exception, ConfigError)
    with pytest.raises(ConfigError, match=said):
        raise result.exception
    assert held(ready_url) == 0


def test_a_database_that_is_not_migrated_is_refused_with_the_command(
    empty_url: str, folder: Path
) -> None:
    result = on(empty_url)(["salesforce", str(folder / "Account.csv")])
    assert isinstance(result.exception, ConfigError)
    assert "run: cyclorama migrate" in str(result.exception)


def test_a_database_that_cannot_be_reached_is_named(folder: Path) -> None:
    url = "postgresql://ann:hush@127.0.0.1:1/none"
    result = on(url)(["salesforce", str(folder / "Account.csv")])
    assert isinstance(result.exception, ConfigError)
    assert "127.0.0.1:1/none can't be reached" in str(result.exception)
    assert "hush" not in str(result.exception)


def test_a_database_that_fails_meanwhile_is_said_in_one_line(ready_url: str) -> None:
    async def work(_app: Any) -> None:
        raise OperationalError("UPDATE secret", {"x": "secret"}, OSError("disk full"))

    async def mistake(_app: Any) -> None:
        raise DBAPIError("SELECT wrong", {}, Exception("no such column"))

    with pytest.raises(ConfigError, match=r"failed meanwhile: disk full\.") as caught:
        run_work(ready_url, work)
    assert "secret" not in str(caught.value)
    with pytest.raises(DBAPIError, match="no such column"):
        run_work(ready_url, mistake)


def test_the_report_counts_each_file_and_names_what_was_skipped(
    ready_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder / "empty")
    (folder / "Lead.csv").write_text("Id,Name\n00Q,Ann\n")
    (folder / "Account.csv").write_text("Id,Name,ParentId\n001,Acme,009\n002,,\n")
    given = ["salesforce", str(folder / "Account.csv"), str(folder / "Lead.csv")]
    result = on(ready_url)(given)
    assert result.exit_code == 0, result.output
    header, counted, *notes = result.stdout.splitlines()
    assert header.split()[2:] == [
        *("Read", "Created", "Updated", "Unchanged", "Rejected", "Waiting")
    ]
    assert counted.split() == ["Account.csv", "Account", *"210011"]
    assert notes == [
        "Account.csv, line 3: name is empty",
        "Account.csv, line 2: parent_id waits for Account '009', which has not come",
        "Lead.csv: skipped, no section for it yet",
    ]
    (entry,) = logged(ready_url)
    assert entry[:3] == ("import.run", "COMMAND", "cyclorama import salesforce")
    assert json.loads(entry[3])["files"] == [
        None,
        [{"file": "Account.csv", "object": "Account", "created": 1, "updated": 0}],
    ]
    on(ready_url)(given)
    assert len(logged(ready_url)) == 1, "nothing was written"
    rejected = (folder / "empty" / "Account.Account.rejected.csv").read_text()
    assert rejected.splitlines()[0] == "line,reason,row"
    assert rejected.splitlines()[1].startswith("3,name is empty,")
