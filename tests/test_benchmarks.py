"""The benchmark's parts work on a few companies; no time is asserted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from graphql import parse
from strawberry.utils.str_converters import to_camel_case

from benchmarks import (
    access,
    inside,
    layouts,
    limit,
    naive,
    operations,
    report,
    tuned,
)
from benchmarks.checking import check, difference
from benchmarks.database import fill
from benchmarks.growth import Step, with_layouts
from benchmarks.measuring import Figures, Sample
from benchmarks.results import Results
from benchmarks.serving import first_answer, served
from cyclorama.app import graph
from cyclorama.layouts.presets import presets

COMPANIES = 12
ASKED = ("company_1", "company_10", "company_12", "company_14")
"""The second has too few people for its answers to an anonymous survey to be shown. The
last but one has as many rows as usual and no company above it; the last four times as
many."""


@asynccontextmanager
async def living(app: Any) -> AsyncIterator[None]:
    """An ASGI application between its start and its end."""
    received: asyncio.Queue[Any] = asyncio.Queue()
    sent: asyncio.Queue[Any] = asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan"}, received.get, sent.put))
    received.put_nowait({"type": "lifespan.startup"})
    assert (await sent.get())["type"] == "lifespan.startup.complete"
    yield
    received.put_nowait({"type": "lifespan.shutdown"})
    await task


async def post(app: Any, body: bytes) -> Any:
    """The JSON that an ASGI application answers."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/graphql",
        "raw_path": b"/graphql",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"test"), (b"content-type", b"application/json")],
        "client": ("test", 1),
        "server": ("test", 80),
    }
    sent: list[bytes] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    await app(scope, receive, send)
    return json.loads(b"".join(sent))


async def answers_of(module: Any) -> list[Any]:
    """What a variant answers to all operations for some companies."""
    app = module.asgi()
    bodies = [
        operations.body(operations.text(name), company)
        for name in operations.NAMES
        for company in ASKED
    ]
    async with living(app):
        return [await post(app, body) for body in bodies]


STAGES = """query ($id: ID!) { company(id: $id) {
    stage { label }
    timeline { stages { stage { label } since until } }
    summary { cards { key value } }
} }"""


async def check_stages(app: Any, company: str) -> None:
    """A company has come through every stage before the one that it is in."""
    found = json.loads(await inside.answered(app, STAGES, company))["data"]["company"]
    stages = found["timeline"]["stages"]
    came = [s["stage"]["label"] for s in reversed(stages)]
    all_of_them = ["New Customer", "Kicked Off", "Launched", "Adopting"]
    assert came == all_of_them[: 3 if company == "company_12" else 4]
    assert [s["until"] for s in stages] == [None, *(s["since"] for s in stages[:-1])]
    assert found["stage"]["label"] == came[-1]
    assert {"key": "journey", "value": came[-1]} in found["summary"]["cards"]


@pytest.mark.anyio
async def test_all_variants_answer_the_same_on_both_databases(
    empty_postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CYCLORAMA_DATABASE_URL", empty_postgresql_url)
    await fill(empty_postgresql_url, COMPANIES)
    small = f"sqlite:///{tmp_path / 'small.db'}"
    await fill(small, COMPANIES)
    found: dict[str, Any] = {}
    for name, url in (("postgresql", empty_postgresql_url), ("sqlite", small)):
        async with inside.opened(url) as app:
            found[name] = [
                json.loads(await inside.answered(app, operations.text(name), company))
                for name in operations.NAMES
                for company in ASKED
            ]
            for company in ASKED:
                await check_stages(app, company)
    for module in (limit, tuned, naive):
        found[module.__name__] = await answers_of(module)
    check(found)


def test_the_full_page_asks_every_section() -> None:
    sections = {k for k, facts in graph().facts({}).items() if "COMPANY" in facts.kinds}
    page: Any = parse(operations.text("full")).definitions[0]
    [company] = page.selection_set.selections
    asked = {field.name.value for field in company.selection_set.selections}
    assert {to_camel_case(key) for key in sections} <= asked


def test_answers_that_differ_end_the_benchmark() -> None:
    one = {"data": {"company": {"id": "1", "tags": ["a"]}}}
    other = {"data": {"company": {"id": "1", "tags": ["b"]}}}
    with pytest.raises(SystemExit, match=r"data.company.tags.0: 'a' and 'b'"):
        check({"limit": [one], "cyclorama": [other]})
    assert difference({"a": 1, "b": 2}, {"b": 2, "a": 1}) is not None


def test_a_variant_that_fails_ends_the_benchmark() -> None:
    with pytest.raises(SystemExit, match="limit fails"):
        check({"limit": [{"data": None, "errors": [{"message": "no"}]}]})


def figures(variant: str, concurrency: int, size: float) -> Figures:
    samples = [Sample(*[size * n] * 7) for n in (1.0, 2.0, 3.0)]
    return Figures(variant, "full", concurrency, tuple(samples))


def results() -> Results:
    setting = {
        "when": str(date(2026, 3, 2)),
        "python": "3.11",
        "cores": 2,
        "companies": 12,
        "rounds": 3,
        "seconds": 0.5,
    }
    found = Results(setting)
    for concurrency in (1, 16):
        found.postgresql.append(figures("limit", concurrency, 1.0))
        found.postgresql.append(figures("cyclorama", concurrency, 1.2))
        found.postgresql.append(figures("naive", concurrency, 0.01))
    found.sqlite.append(figures("cyclorama", 16, 1.0))
    one = Sample(*[1.0] * 7)
    found.growth["rows"] = [Step(4, "full", {"limit": one, "cyclorama": one})]
    found.inside |= {"new_text_ms": 12.0, "memory.few": 100.0, "memory.many": 120.0}
    return found


def test_ratios_and_goals_have_their_names() -> None:
    held = results().as_json()
    assert held["ratios"]["full.cpu.limit"] == 1.2
    assert held["ratios"]["full.p50.limit"] == 1.2
    assert held["ratios"]["full.throughput.naive"] == 120
    assert held["ratios"]["memory.many.few"] == 1.2
    met = {g["figure"]: g["met"] for g in held["goals"]}
    assert met["full.cpu.limit"]
    assert met["full.throughput.naive"]
    assert met["new_text_ms"] is False
    assert held["postgresql"][0]["median"]["p50"] == 2


def test_the_tables_stand_between_the_marks_of_the_document(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write(report.markdown(results()), document)
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    assert "### How cost grows with rows" in text
    assert "| cyclorama | 16 | 2.40 |" in text
    document.write_text("no marks")
    with pytest.raises(SystemExit, match="no place for figures"):
        report.write("", document)


def test_the_document_has_a_place_for_the_tables() -> None:
    text = report.DOCUMENT.read_text("utf-8")
    assert text.count(report.BEGIN) == text.count(report.END) == 1


def test_made_layouts_come_before_the_others() -> None:
    book = presets(graph().facts({}))
    grown = with_layouts(book, 5)
    assert len(grown.layouts) == len(book.layouts) + 5
    assert [a.rank for a in grown.assignments[:5]] == [-5, -4, -3, -2, -1]


@pytest.mark.anyio
async def test_what_is_measured_in_one_process_runs(tmp_path: Path) -> None:
    filled = await fill(f"sqlite:///{tmp_path / 'small.db'}", COMPANIES)
    assert await inside.full_page(filled, 2) > 0
    assert await inside.new_text(filled, 2) != 0
    assert all(v > 0 for v in (await inside.audit(filled, 2)).values())
    assert await inside.page_of_sections(2, 2) > 0
    assert set(await access.measured(filled.url, 2)) == set(access.QUESTIONS)
    assert layouts.resolving(2) > 0
    assert await layouts.planning(filled.url) > 0
    assert set(await inside.resolver_form(2)) == {"cyclorama", "graphql-core"}


@pytest.mark.anyio
async def test_a_server_that_does_not_start_says_why() -> None:
    with (
        served("no_such_variant", "sqlite:///:memory:") as running,
        pytest.raises(SystemExit, match=r"(?s)does not answer\..*no_such_variant"),
    ):
        await first_answer(running, b"")
