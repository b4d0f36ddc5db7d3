"""The example of a third-party section, installed as its users would and asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[1]
EXAMPLE = PROJECT / "examples" / "cyclorama-notes"
ASK = """
import asyncio, json, sys
from cyclorama.app import opened
from cyclorama.execution.engine import Operation

async def main():
    async with opened() as app:
        for query, variables in json.loads(sys.argv[1]):
            async with app.as_user("ann@example.com") as context:
                operation = Operation(query=query, variables=variables)
                print((await app.answer(operation, context)).body.decode())

asyncio.run(main())
"""
ADD = """mutation($id: ID!, $body: String!) { addNote(recordId: $id, body: $body) {
  errors { path code } record { id version ... on Company { notes { notes { body } } }
  ... on Relationship { notes { notes { body } } } } } }"""


def python(environment: dict[str, str], *arguments: str) -> str:
    """What Python prints, run with the example on its path."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the example's wheel was installed."""
    folder = tmp_path_factory.mktemp("site")
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", *options]
    subprocess.run([*command, "--target", str(folder), str(EXAMPLE)], check=True)
    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(
    request: pytest.FixtureRequest, installed: Path, tmp_path: Path
) -> dict[str, str]:
    """The environment of a migrated database with the example installed."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'notes.db'}"
    else:
        url = request.getfixturevalue("empty_postgresql_url")
    return {
        **os.environ,
        "PYTHONPATH": str(installed),
        "CYCLORAMA_DATABASE_URL": url,
        "CYCLORAMA_LOG_LEVEL": "ERROR",
    }


def cyclorama(environment: dict[str, str], *arguments: str) -> str:
    program = "from cyclorama.cli import main; main()"
    return python(environment, "-c", program, *arguments)


def ask(environment: dict[str, str], *asked: tuple[str, dict[str, Any]]) -> list[Any]:
    """The answers to operations, with their variables, by one process."""
    printed = python(environment, "-c", ASK, json.dumps(asked))
    return [json.loads(line) for line in printed.splitlines()]


FILL = """
import asyncio
from cyclorama.app import opened
from cyclorama.storage.rows import RelationshipTypeRow
from cyclorama.testing import company, relationship

async def main():
    async with opened() as app, app.database.write() as session:
        session.add_all([company(1), RelationshipTypeRow(id="type_product", key="p", name="P")])
        await session.flush()
        session.add(relationship(1, of=1))

asyncio.run(main())
"""


def test_an_installed_section_is_migrated_placed_asked_and_changed(
    environment: dict[str, str],
) -> None:
    assert "Applied notes_0001" in cyclorama(environment, "migrate")
    assert "notes  enabled  cyclorama-notes 0.1.0" in cyclorama(
        environment, "plugins", "list"
    )
    assert "addNote(recordId: ID!, body: String!)" in cyclorama(environment, "schema")
    cyclorama(environment, "users", "add", "ann@example.com", "--group", "csm")
    python(environment, "-c", FILL)

    refused, long, added, _, found = ask(
        environment,
        (ADD, {"id": "company_none", "body": "x"}),
        (ADD, {"id": "company_1", "body": " "}),
        (ADD, {"id": "company_1", "body": " Met. "}),
        (ADD, {"id": "relationship_1", "body": "Renewed."}),
        (
            """{ company(id: "company_1") { notes { state notes { body } } }
                 relationship(id: "relationship_1") { notes { notes { body } } } }""",
            {},
        ),
    )
    refused, long, added = (x["data"]["addNote"] for x in (refused, long, added))
    assert refused["errors"] == [{"path": ["recordId"], "code": "NOT_FOUND"}]
    assert long["errors"] == [{"path": ["body"], "code": "LENGTH"}]
    assert added["errors"] == []
    assert added["record"]["notes"] == {"notes": [{"body": "Met."}]}
    assert found["data"] == {
        "company": {
            "notes": {
                "state": "READY",
                "notes": [{"body": "Renewed."}, {"body": "Met."}],
            }
        },
        "relationship": {"notes": {"notes": [{"body": "Renewed."}]}},
    }

    cyclorama(environment, "plugins", "disable", "notes")
    shut, refused = ask(
        environment,
        ('{ company(id: "company_1") { notes { state } } }', {}),
        (ADD, {"id": "company_1", "body": "x"}),
    )
    (error,) = shut["errors"]
    assert error["message"] == "Cannot query field 'notes' on type 'Company'."
    assert refused["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_the_example_is_at_most_120_lines() -> None:
    files = EXAMPLE.glob("cyclorama_notes/**/*.py")
    assert sum(len(f.read_text().splitlines()) for f in files) <= 120
