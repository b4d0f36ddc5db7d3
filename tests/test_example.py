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
PROGRAM = """
import asyncio, contextlib, io, json, sys
from cyclorama.app import opened
from cyclorama.cli import main
from cyclorama.execution.engine import Operation
from cyclorama.storage.rows import RelationshipTypeRow
from cyclorama.testing import company, relationship

def cyclorama(*words):
    sys.argv = ["cyclorama", *words]
    with contextlib.redirect_stdout(io.StringIO()) as told:
        try:
            main()
        except SystemExit as end:
            assert not end.code, (words, end.code)
    return told.getvalue()

async def fill():
    async with opened() as app, app.database.write() as session:
        session.add_all([company(1), RelationshipTypeRow(id="type_product", key="p", name="P")])
        await session.flush()
        session.add(relationship(1, of=1))

async def ask(*asked):
    found = []
    async with opened() as app:
        for query, variables in asked:
            async with app.as_user("ann@example.com") as context:
                operation = Operation(query=query, variables=variables)
                found.append(json.loads((await app.answer(operation, context)).body))
    return found

for name, *given in json.load(sys.stdin):
    done = globals()[name](*given)
    print(json.dumps(asyncio.run(done) if asyncio.iscoroutine(done) else done))
"""
ADD = """mutation($id: ID!, $body: String!) { addNote(recordId: $id, body: $body) {
  errors { path code } record { id version ... on Company { notes { notes { body } } }
  ... on Relationship { notes { notes { body } } } } } }"""


def process(environment: dict[str, str], *steps: tuple[Any, ...]) -> list[Any]:
    """What each step gives, all by one process with the example on its path: a command of
    the program, filling the database, or asking."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(steps),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


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


def test_an_installed_section_is_migrated_placed_asked_and_changed(
    environment: dict[str, str],
) -> None:
    migrated, listed, schema, *_, answers = process(
        environment,
        ("cyclorama", "migrate"),
        ("cyclorama", "plugins", "list"),
        ("cyclorama", "schema"),
        ("cyclorama", "users", "add", "ann@example.com", "--group", "csm"),
        ("fill",),
        (
            "ask",
            (ADD, {"id": "company_none", "body": "x"}),
            (ADD, {"id": "company_1", "body": " "}),
            (ADD, {"id": "company_1", "body": " Met. "}),
            (ADD, {"id": "relationship_1", "body": "Renewed."}),
            (
                """{ company(id: "company_1") { notes { state notes { body } } }
                     relationship(id: "relationship_1") { notes { notes { body } } } }""",
                {},
            ),
        ),
    )
    assert "Applied notes_0001" in migrated
    assert "notes  enabled  cyclorama-notes 0.1.0" in listed
    assert "addNote(recordId: ID!, body: String!)" in schema
    refused, long, added, _, found = answers
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

    _, (shut, refused) = process(
        environment,
        ("cyclorama", "plugins", "disable", "notes"),
        (
            "ask",
            ('{ company(id: "company_1") { notes { state } } }', {}),
            (ADD, {"id": "company_1", "body": "x"}),
        ),
    )
    (error,) = shut["errors"]
    assert error["message"] == "Cannot query field 'notes' on type 'Company'."
    assert refused["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


def test_the_example_is_at_most_120_lines() -> None:
    files = EXAMPLE.glob("cyclorama_notes/**/*.py")
    assert sum(len(f.read_text().splitlines()) for f in files) <= 120
