"""`cyclorama rules export`, `plan`, `apply`, `run` and `log`, and the worker."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cyclorama.cli import app as program
from cyclorama.errors import ConfigError
from cyclorama.storage.accounts import add_user
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW, company

RULES = """
rules:
  - key: large
    name: Large ones
    record: [{attribute: employees, operator: GTE, values: [100]}]
    actions:
      - {action: cockpit.create_cta, with: {name: Look at it, type: risk}}
      - {action: core.webhook, with: {url: "https://example.com/x"}}
"""


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(program, ["rules", *arguments, "--database-url", url])


async def _fill(url: str) -> None:
    database = Database(url)
    async with database.write() as session:
        ann = await add_user(session, email="ann@example.com", groups=["csm"], now=NOW)
        for n in range(1, 6):
            session.add(company(n, csm_id=ann.id, employees=50 * n))
    await database.close()


def test_a_rule_is_planned_applied_tried_run_and_told_of(
    ready_url: str, tmp_path: Path
) -> None:
    asyncio.run(_fill(ready_url))
    file = tmp_path / "rules.yaml"
    file.write_text("rules: [{key: large}]")
    refused = run(ready_url, "apply", str(file))
    assert isinstance(refused.exception, ConfigError)
    assert "rules.0.name" in str(refused.exception)
    assert isinstance(run(ready_url, "run", "large").exception, ConfigError)
    file.write_text(RULES)
    planned = run(ready_url, "plan", str(file))
    assert (planned.exit_code, planned.output) == (2, "rule large: added\n")
    assert json.loads(run(ready_url, "apply", str(file), "--json").output) == {
        "large": "added"
    }
    assert run(ready_url, "plan", str(file)).output == "Nothing to change.\n"
    tried = json.loads(run(ready_url, "run", "large", "--dry-run", "--json").output)
    assert tried["ids"] == [f"company_{n}" for n in (2, 3, 4, 5)]
    assert run(ready_url, "log").output == "No rule has run.\n"
    assert run(ready_url, "run", "large").output == "4 records met.\n"
    (told,) = json.loads(run(ready_url, "log", "large", "--json").output)
    assert (told["changed"], told["failed"], told["trigger"]) == (8, 0, "demand")
    assert "4 records, 8 changed" in run(ready_url, "log").output
    assert "key: large" in run(ready_url, "export").output
    file.write_text(RULES.replace("name: Large", "enabled: false\n    name: Large"))
    assert run(ready_url, "apply", str(file)).output == "rule large: changed\n"
    muted = run(ready_url, "run", "large")
    assert "is disabled; apply it as" in str(muted.exception)
    assert (
        "4 records would be touched"
        in run(ready_url, "run", "large", "--dry-run").output
    )
    assert len(json.loads(run(ready_url, "log", "--json").output)) == 1
    few = "name: Large ones\n    most_records: 2"
    file.write_text(RULES.replace("name: Large ones", few))
    run(ready_url, "apply", str(file))
    capped = run(ready_url, "run", "large").output
    assert capped == (
        "More than 2 records, which it may touch at most, met; nothing is done.\n"
    )
    fails = "name: Large ones\n    when: {cel: '1 / (record.employees - 150) == 0'}"
    file.write_text(RULES.replace("name: Large ones", fails))
    assert run(ready_url, "apply", str(file)).output == "rule large: changed\n"
    for arguments in (["run", "large", "--dry-run"], ["run", "large"]):
        told = run(ready_url, *arguments).output
        assert "1 records could not be judged:\n  company_3: it divides by z" in told
    told = run(ready_url, "log").output
    assert "CONDITION_FAILED: 0 records, 0 changed, 0 unchanged, 1 failed" in told
    assert "  company_3 condition: it divides by zero" in told


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_file_that_is_not_there_is_an_error(ready_url: str, command: str) -> None:
    assert isinstance(run(ready_url, command, "nope.yaml").exception, ConfigError)
