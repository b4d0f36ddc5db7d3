"""What the documents show is so: queries, answers, commands, code."""

from __future__ import annotations

import json
import re
import shlex
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer
from typer.main import get_command

from cyclorama.app import make_app
from cyclorama.cli import app as command_line
from cyclorama.commands.of_sections import commands_of
from cyclorama.config import Settings, load_settings
from cyclorama.execution.engine import Operation
from cyclorama.plugins.discovery import discover
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW, Bench, conformance

PROJECT = Path(__file__).parents[1]
DOCS = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


def blocks(file: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", file.read_text("utf-8"), re.DOTALL)


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every `cyclorama …` line of every document, as words."""
    for file in DOCS:
        text = "\n".join(b for name in ("console", "sh") for b in blocks(file, name))
        for line in text.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\||;", line.partition(" #")[0]):
                words = shlex.split(part)
                while words and ("=" in words[0] or words[0] == "$"):
                    words = words[1:]
                if words and words[0].rpartition("/")[2] == "cyclorama":
                    yield file.name, words[1:]


def test_every_command_of_the_documents_is_one() -> None:
    seen = 0
    for file, words in commands():
        brought = commands_of(words[0])
        command: Any = get_command(brought or command_line)
        words = words[1:] if brought else words
        while words and hasattr(command, "commands"):
            if words[0].startswith("-"):
                break
            assert words[0] in command.commands, (file, words)
            command, words = command.commands[words[0]], words[1:]
        options = {o for p in command.params for o in p.opts}
        for word in words:
            if word.startswith("--"):
                assert word.partition("=")[0] in options, (file, words)
        seen += 1
    assert seen > 10


def test_every_command_and_option_has_a_help_text() -> None:
    def bare(command: Any, name: str) -> Iterator[str]:
        if not command.help:
            yield name
        for parameter in command.params:
            if parameter.name != "help" and not getattr(parameter, "help", None):
                yield f"{name} {parameter.name}"
        for key, inner in getattr(command, "commands", {}).items():
            yield from bare(inner, f"{name} {key}")

    assert isinstance(command_line, typer.Typer)
    assert list(bare(get_command(command_line), "cyclorama")) == []


@pytest.mark.anyio
async def test_the_query_of_the_readme_has_the_answer_of_the_readme(
    demo_database: Database,
) -> None:
    query = blocks(PROJECT / "README.md", "graphql")[0]
    answer = json.loads(blocks(PROJECT / "README.md", "json")[0])
    app = make_app(load_settings(), demo_database)
    app.now = lambda: NOW
    async with app.as_user("csm@example.com") as context:
        found = await app.answer(Operation(query=query), context)
    assert orjson.loads(found.body) == answer


@pytest.mark.anyio
async def test_the_smallest_section_of_the_documents_works(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("cyclorama_greeting")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    code = blocks(PROJECT / "docs" / "sections.md", "python")[0]
    exec(compile(code, "sections.md", "exec"), module.__dict__)
    section = module.section
    assert conformance(section) == []
    bench = Bench(database, [*discover().sections, section])
    await bench.fill()
    found = await bench.query('{ company(id: "company_1") { greeting { hello } } }')
    assert found["company"]["greeting"] == {"hello": "Hello, Company 1"}
    assert len(bench.statements) == 2


def test_every_setting_is_documented() -> None:
    text = (PROJECT / "docs" / "operating.md").read_text("utf-8")
    for name in Settings.model_fields:
        assert f"CYCLORAMA_{name.upper()}" in text


def test_links_between_documents_lead_somewhere() -> None:
    for file in DOCS:
        for target in re.findall(r"\]\(([^)#:]+)\)", file.read_text("utf-8")):
            assert (file.parent / target).exists(), (file.name, target)
