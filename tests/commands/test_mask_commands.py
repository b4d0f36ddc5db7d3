"""`cyclorama masks` and `schema --as`: hiding a field, and what is left for whom."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cyclorama.cli import app
from cyclorama.errors import ConfigError


@pytest.fixture
def run(ready_url: str) -> Any:
    """Runs a command on a database that is up to date."""

    def running(*arguments: str) -> Result:
        command = [*arguments, "--database-url", ready_url]
        return CliRunner().invoke(app, command, catch_exceptions=True)

    return running


def test_a_field_is_hidden_from_a_group_and_shown_again(run: Any) -> None:
    assert run("users", "add", "ann@example.com", "--group", "csm").exit_code == 0
    whole = run("schema", "--as", "ann@example.com").output
    assert "arrAtLeast" in whole
    assert "applyLayouts" not in whole
    done = run("masks", "set", "csm", "money.view", "hidden")
    assert done.output == "money.view is hidden for csm.\n"
    again = run("masks", "set", "csm", "money.view", "hidden")
    assert again.output == "money.view is hidden for csm already.\n"
    hidden = run("schema", "--as", "ann@example.com").output
    assert not re.findall(r"^ +(?:arr|mrr|arrAtLeast|ARR)\b", hidden, re.MULTILINE)
    listed = json.loads(run("masks", "list", "--json").output)
    assert listed == [{"group": "csm", "field": "money.view", "access": "hidden"}]
    assert run("masks", "remove", "csm", "money.view").exit_code == 0
    assert run("schema", "--as", "ann@example.com").output == whole
    # Ann, the field that was hidden, and shown again; what changed nothing is no entry.
    assert "3 entries." in run("audit", "verify").output


@pytest.mark.parametrize(
    ("group", "field", "told"),
    [
        ("csx", "Company.arr", "no group 'csx'"),
        ("csm", "Company.arx", "near it are Company.arr"),
        ("csm", "Company.id", "no field that can be hidden"),
        ("csm", "Company.name", "no field that can be hidden"),
        ("csm", "Query.viewer", "no field that can be hidden"),
    ],
)
def test_what_can_not_be_hidden_is_refused(
    run: Any, group: str, field: str, told: str
) -> None:
    refused = run("masks", "set", group, field, "hidden")
    assert isinstance(refused.exception, ConfigError)
    assert told in str(refused.exception)
    assert json.loads(run("masks", "list", "--json").output) == []
    assert run("masks", "list").output.startswith("Nothing is said of any field")
