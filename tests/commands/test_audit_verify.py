"""`cyclorama audit verify`, and what commands leave in the audit log."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from cyclorama.cli import app as program
from cyclorama.errors import ConfigError
from cyclorama.storage.audit import ROWS
from cyclorama.storage.engine import Database


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(program, [*arguments, "--database-url", url])


def told(url: str, *arguments: str) -> str:
    done = run(url, *arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


async def _with(url: str, statements: list[str]) -> None:
    database = Database(url)
    async with database.engine.begin() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)
    await database.close()


async def _entries(url: str) -> list[Any]:
    database = Database(url)
    async with database.read() as reading:
        rows = await reading.execute(sa.select(ROWS).order_by(ROWS.c.number))
    await database.close()
    return [row._mapping for row in rows]


def entries(url: str) -> list[Any]:
    return asyncio.run(_entries(url))


def tamper(url: str, statement: str) -> None:
    """Do what the guards refuse, as the owner of the database can."""
    off = "ALTER TABLE audit_entry DISABLE TRIGGER ALL"
    if url.startswith("sqlite"):
        off = "DROP TRIGGER audit_entry_no_update"
    asyncio.run(_with(url, [off, statement]))


@pytest.mark.parametrize("mark", ["", "1", "1:abc", f"x:{'a' * 64}", f"1:{'A' * 64}"])
def test_a_mark_that_is_none_is_refused(ready_url: str, mark: str) -> None:
    done = run(ready_url, "audit", "verify", "--mark", mark)
    assert isinstance(done.exception, ConfigError)
    assert "is no mark" in str(done.exception)


def test_the_first_entry_that_was_changed_is_named(ready_url: str) -> None:
    for command in ("disable", "enable", "disable"):
        told(ready_url, "plugins", command, "usage")
    tamper(ready_url, "UPDATE audit_entry SET actor = 'eve' WHERE number >= 2")
    done = run(ready_url, "audit", "verify")
    assert done.exit_code == 1
    assert done.output.startswith("The entry 2 is not as it was written.")
    found = json.loads(run(ready_url, "audit", "verify", "--json").output)
    assert (found["ok"], found["firstBad"], found["mark"][:2]) == (False, 2, "3:")


def test_a_log_as_it_was_written_gives_a_mark_to_keep(ready_url: str) -> None:
    assert told(ready_url, "audit", "verify") == "The audit log is empty.\n"
    told(ready_url, "plugins", "disable", "usage")
    words = told(ready_url, "audit", "verify")
    assert "1 entry." in words
    mark = words.rpartition("Mark: ")[2].strip()
    told(ready_url, "plugins", "enable", "usage")
    assert "2 entries." in told(ready_url, "audit", "verify", "--mark", mark)
    other = f"1:{'0' * 64}"
    done = run(ready_url, "audit", "verify", "--mark", other)
    assert (done.exit_code, done.output[:11]) == (1, "The entry 1")


def test_commands_that_change_something_are_entries(
    ready_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "layouts.yaml"
    told(ready_url, "layouts", "export", "--output", str(file))
    told(ready_url, "layouts", "apply", str(file))  # which changes nothing
    assert entries(ready_url) == []
    text = file.read_text("utf-8")
    assert text.count("name: Exec\n") == 2
    file.write_text(text.replace("name: Exec\n", "name: Board\n", 1), "utf-8")
    told(ready_url, "layouts", "apply", str(file))
    told(ready_url, "plugins", "disable", "usage")
    told(ready_url, "plugins", "disable", "usage")
    told(ready_url, "users", "add", "bo@example.com", "--group", "csm")
    token = told(ready_url, "token", "--user", "bo@example.com").strip()
    told(ready_url, "users", "deactivate", "bo@example.com")
    found = entries(ready_url)
    assert [(e["action"], e["operation"]) for e in found] == [
        ("layout.change", "cyclorama layouts apply"),
        ("plugin.disable", "cyclorama plugins disable"),
        ("user.add", "cyclorama users add"),
        ("token.create", "cyclorama token"),
        ("user.deactivate", "cyclorama users deactivate"),
    ]
    assert {(e["actor_kind"], e["actor_id"]) for e in found} == {("COMMAND", None)}
    assert found[0]["subject"] == "exec"
    assert json.loads(found[0]["details"]) == {"name": ["Exec", "Board"]}
    assert json.loads(found[2]["details"])["groups"] == [None, ["csm"]]
    assert not any(token in e["details"] for e in found)


def test_a_change_of_assignments_is_an_entry(ready_url: str, tmp_path: Path) -> None:
    file = tmp_path / "layouts.yaml"
    told(ready_url, "layouts", "export", "--output", str(file))
    text = file.read_text("utf-8")
    assert text.count("rank: 20") == 2
    file.write_text(text.replace("rank: 20", "rank: 21", 1), "utf-8")
    told(ready_url, "layouts", "apply", str(file))
    (entry,) = entries(ready_url)
    assert (entry["action"], entry["subject"]) == ("assignments.change", None)
    old, new = json.loads(entry["details"])["assignments"]
    assert sorted(a["rank"] for a in old) == [10, 10, 20, 20]
    assert sorted(a["rank"] for a in new) == [10, 10, 20, 21]
