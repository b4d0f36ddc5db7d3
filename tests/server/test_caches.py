"""What a process keeps is bounded, is counted, and is made once in a burst."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import orjson
import pytest

from cyclorama.app import App, make_app
from cyclorama.config import Settings
from cyclorama.execution import engine
from cyclorama.execution.engine import Operation
from cyclorama.execution.plan import Planner
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW

pytestmark = pytest.mark.anyio
PAGE = """query($id: ID!, $n: Int) { company(id: $id) { name
  summary { cards { key value } tags }
  relationships { byType { count } relationships(first: $n) { totalCount } }
  support { openCount cases(view: ALL) { totalCount edges { node { subject } } } } } }"""


async def ask(app: App, query: str, **variables: Any) -> Any:
    async with app.as_user("csm@example.com") as context:
        answer = await app.answer(Operation(query=query, variables=variables), context)
    return orjson.loads(answer.body)


@pytest.fixture
def app(demo_database: Database) -> App:
    made = make_app(Settings(), demo_database)
    made.now = lambda: NOW
    return made


def small(app: App) -> App:
    """Another application on the same database, with hardly any room in its caches."""
    made = make_app(app.settings, app.database)
    made.now = app.now
    for name, kept in made.caches.items():
        if not name.startswith("plain"):  # they are the schema's, which others use
            kept.most = 2
    return made


async def company_of(app: App) -> str:
    found = await ask(app, "{ companies(first: 1) { edges { node { id } } } }")
    company: str = found["data"]["companies"]["edges"][0]["node"]["id"]
    return company


async def test_every_cache_is_bounded_and_answers_stay_the_same(app: App) -> None:
    company = await company_of(app)
    expected = await ask(app, PAGE, id=company, n=5)
    assert "errors" not in expected
    app = small(app)
    for n in range(6):
        page = PAGE.replace("name\n", f"name as{n}: name\n")
        assert "errors" not in await ask(app, page, id=company)
        assert "errors" not in await ask(app, PAGE, id=company, n=n + 1)
    assert await ask(app, PAGE, id=company, n=5) == expected
    for name, kept in app.caches.items():
        assert len(kept) <= 2 or name.startswith("plain"), name
    for name in ("documents", "plans", "shaping_variables", "templates"):
        assert app.caches[name].misses > 2, name


async def test_variants_of_layouts_are_bounded_and_never_share_a_token(
    app: App,
) -> None:
    both = """{ companies(first: 2) { edges { node { id summary { tags } } } }
      relationships: nodes(ids: ["relationship_none"]) { id } }"""
    company = await company_of(app)
    app.caches["layout_variants"].most = 1
    one = await ask(app, PAGE, id=company)
    relationship = """query($id: ID!) { company(id: $id) { relationships {
      relationships(first: 3) { edges { node { id name summary { tags } } } } } } }"""
    for _ in range(3):
        assert "errors" not in await ask(app, relationship, id=company)
        assert "errors" not in await ask(app, both)
        assert await ask(app, PAGE, id=company) == one
    assert len(app.caches["layout_variants"]) == 1


async def test_a_burst_of_a_new_operation_prepares_it_once(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = await company_of(app)
    app = make_app(app.settings, app.database)
    app.now = lambda: NOW
    calls: Counter[str] = Counter()

    def count(owner: Any, name: str) -> None:
        function = getattr(owner, name)

        def counted(*args: Any, **options: Any) -> Any:
            calls[name] += 1
            return function(*args, **options)

        monkeypatch.setattr(owner, name, counted)

    for owner, name in (
        (engine._Parser, "parse_document"),
        (engine, "validated"),
        (Planner, "plan"),
        (App, "_loaded"),
    ):
        count(owner, name)
    answers = await asyncio.gather(*(ask(app, PAGE, id=company) for _ in range(50)))
    assert all(answer == answers[0] and "errors" not in answer for answer in answers)
    assert calls == {"parse_document": 1, "validated": 1, "plan": 1, "_loaded": 1}
    assert app.caches["documents"].hits == 49
    assert app.caches["plans"].hits == 49


async def test_a_huge_document_is_answered_and_not_kept(app: App) -> None:
    query = "{ viewer { id " + "#" * 200_000 + "\n } }"
    assert (await ask(app, query))["data"]["viewer"]["id"]
    assert len(app.caches["documents"]) == 0
