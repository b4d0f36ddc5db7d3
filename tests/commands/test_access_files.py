"""`cyclorama access list`, `export`, `plan` and `apply`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cyclorama.app import App, make_app
from cyclorama.commands.access import access_app, applied, exported, planned
from cyclorama.config import load_settings
from cyclorama.errors import ConfigError
from cyclorama.layouts.access_file import AccessFileError, export_access
from cyclorama.storage.accounts import add_user
from cyclorama.storage.configuration import read_version
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import ExternalRefRow
from cyclorama.testing import NOW, company

pytestmark = pytest.mark.anyio
FILE = """
rules:
  - name: CSMs read their own
    kind: COMPANY
    effect: ALLOW
    viewer: [{attribute: groups, operator: IN_GROUP, values: [csm]}]
    record: [{attribute: csm, operator: IN, values: [$viewer.id]}]
  - {name: Admins read all, kind: COMPANY, effect: ALLOW, rank: 1,
     viewer: [{attribute: groups, operator: IN_GROUP, values: [admin]}]}
teams:
  - {key: emea, name: EMEA, members: [Ann@Example.com], records: ["salesforce:3", company_1]}
"""


async def fill(database: Database) -> None:
    async with database.write() as session:
        ann = await add_user(session, email="ann@example.com", groups=["csm"], now=NOW)
        await add_user(session, email="bob@example.com", groups=["csm"], now=NOW)
        await add_user(session, email="root@example.com", groups=["admin"], now=NOW)
        for n in range(1, 6):
            session.add(company(n, csm_id=ann.id if n < 3 else None))
        session.add(
            ExternalRefRow(
                id="ref_1",
                system="salesforce",
                object_type="Account",
                external_id="3",
                entity_id="company_3",
            )
        )


@pytest.fixture
async def app(ready_database: Database) -> App:
    await fill(ready_database)
    return make_app(load_settings(), ready_database)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("rules: 5", "rules has to be a list"),
        ("rule: []", "rule is unknown"),
        ("rules: [{name: A, kind: COMPANY}]", "effect is missing"),
        ("rules: [{name: A, kind: PERSON, effect: ALLOW}]", "'PERSON' is unknown"),
        (
            "rules: [{name: A, kind: COMPANY, effect: DENY, record: "
            "[{attribute: nothing, operator: IS_NULL}]}]",
            "there is no record nothing",
        ),
        (
            "rules: [{name: A, kind: COMPANY, effect: DENY, viewer: "
            "[{attribute: groups, operator: IN_GROUP, values: [gone]}]}]",
            "there is no group 'gone'",
        ),
        (
            "rules: [{name: A, kind: COMPANY, effect: DENY, record: "
            "[{attribute: csm, operator: EQ, values: [$viewer.id]}]}]",
            "on the record's side only, with one of: CONTAINS_ANY, IN, NOT_IN",
        ),
        (
            "rules: [{name: A, kind: COMPANY, effect: DENY, record: "
            "[{attribute: csm, operator: IN, values: [$viewer.gone]}]}]",
            "there is no viewer gone",
        ),
        (
            "rules: [{name: A, kind: COMPANY, effect: DENY, record: "
            "[{attribute: arr, operator: BETWEEN, values: [5]}]}]",
            "BETWEEN can't take 1 values",
        ),
        ("teams: [{key: a, name: A}, {key: a, name: B}]", "another has this key"),
        ("teams: [{key: a, name: A, members: [x@y]}]", "there is no user 'x@y'"),
        (
            "teams: [{key: a, name: A, records: [company_9]}]",
            "no company or relationship 'company_9'",
        ),
    ],
)
async def test_a_wrong_file_changes_nothing_and_says_why(
    app: App, wrong: str, said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        await applied(app, wrong)
    assert said in str(refused.value)
    written = await exported(app)
    assert (written.rules, written.teams) == ((), ())


async def test_every_problem_of_a_file_is_named(app: App) -> None:
    with pytest.raises(AccessFileError) as refused:
        await applied(app, "rules: [{name: A, kind: X, effect: Y}, 5]")
    assert len(refused.value.problems) == 3
    assert "The access file has 3 problems" in str(refused.value)


async def test_what_was_applied_is_exported_and_applies_to_nothing(app: App) -> None:
    change, version = await applied(app, FILE)
    assert change.rules_added == ("Admins read all", "CSMs read their own")
    assert change.teams_added == ("emea",)
    text = export_access(await exported(app))
    assert "ann@example.com" in text
    assert "company_3" in text
    again, same = await applied(app, text, version)
    assert (again.anything, same) == (False, version)


async def test_another_version_is_refused(app: App) -> None:
    _, version = await applied(app, FILE)
    with pytest.raises(ConfigError, match="was changed meanwhile"):
        await applied(app, "rules: []", version - 1)
    assert (await exported(app)).rules


async def test_a_plan_says_who_would_read_what_and_changes_nothing(app: App) -> None:
    async with app.database.read() as reading:
        before = await read_version(reading)
    plan = await planned(app, FILE)
    seen = {u.email: (u.before["COMPANY"], u.after["COMPANY"]) for u in plan.users}
    assert seen == {
        "ann@example.com": (5, 2),
        "bob@example.com": (5, 0),
        "root@example.com": (5, 3),
    }
    assert (await exported(app)).rules == ()
    async with app.database.read() as reading:
        assert await read_version(reading) == before == plan.version
    await applied(app, FILE)
    assert not (await planned(app, FILE)).change.anything


def test_the_commands_print_and_say_by_their_code(
    ready_url: str, tmp_path: Path
) -> None:
    async def filled() -> None:
        database = Database(ready_url)
        await fill(database)
        await database.close()

    asyncio.run(filled())
    file = tmp_path / "access.yaml"
    file.write_text(FILE)

    def command(*words: str) -> Any:
        return CliRunner().invoke(access_app, [*words, "--database-url", ready_url])

    assert "everybody reads every record" in command("list").output
    first = command("plan", str(file))
    assert first.exit_code == 2
    assert "ann@example.com reads company: 5 -> 2" in first.output
    done = command("apply", str(file), "--json")
    assert json.loads(done.output)["teams_added"] == ["emea"]
    assert command("plan", str(file)).exit_code == 0
    shown = command("list").output
    assert "ALLOW COMPANY 'CSMs read their own': viewer groups hold the" in shown
    assert "TEAM emea 'EMEA': 1 members, 2 records" in shown
    assert "CSMs read their own" in command("export").output
