"""Sections of records inside sections: one more statement for each wave, whatever the
number of records, and the same answers as graph resolvers."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from differential.compare import comparable

from cyclorama.app import App, make_app
from cyclorama.config import load_settings
from cyclorama.execution import waves
from cyclorama.execution.declarations import Declarations
from cyclorama.execution.engine import Engine, Operation
from cyclorama.execution.limits import Limits
from cyclorama.execution.plans import Plans
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW

pytestmark = pytest.mark.anyio
SIGN_IN_AND_FIND = 2
ITSELF = 'company(id: "company_demo001")'


def of_relationships(selection: str, first: int = 9) -> str:
    """A selection on the relationships of a company's section."""
    return f"relationships(first: {first}) {{ edges {{ node {{ id {selection} }} }} }}"


def on_page(selection: str) -> str:
    """An operation on the section Relationships of a company."""
    return f"{{ {ITSELF} {{ relationships {{ {selection} }} }} }}"


def of_tree(selection: str) -> str:
    """An operation on the section Company Hierarchy of a company."""
    return f"{{ {ITSELF} {{ companyHierarchy {{ {selection} }} }} }}"


OPEN = "support { openCount }"
CASES = {
    "a list in a section": on_page(of_relationships(OPEN)),
    "two aliases with other selections": on_page(
        f"a: {of_relationships(OPEN)} b: {of_relationships('layout { key }', 1)}"
    ),
    "a single record": """{ relationship(id: "relationship_demo020platform") {
      company { name summary { tags } } } }""",
    "a record that is not there": f"""{{ company(id: "company_demo001") {{
      name parent {{ {OPEN} }} arr {{ amount }} }} }}""",
    "a parent that is there": f"""{{ companies(first: 5, filter: {{hasParent: true}}) {{
      edges {{ node {{ id parent {{ id {OPEN} }} }} }} }} }}""",
    "two waves": of_tree(
        "nodes { level company { name relationships { "
        + of_relationships("usage { state }")
        + " } } }"
    ),
    "a section outside of the layout": of_tree(
        f"nodes {{ company {{ {OPEN} id }} }} root {{ usage {{ state }} }}"
    ),
    "an argument that is refused": on_page(
        of_relationships("usage { modules { series(periods: 200) { value } } } name")
    ),
    "an unknown instance": on_page(
        of_relationships('support(instance: "x") { state }')
    ),
    "the sections of a layout": f"""{{ {ITSELF} {{ sections {{ state
      ... on RelationshipsSection {{
        {of_relationships("sections { state ... on SupportSection { x: openCount } }")}
      }} }} }} }}""",
    "a list of records": f"""{{ companies(first: 3) {{ edges {{ node {{ name
      relationships {{ {of_relationships(OPEN)} }} }} }} }} }}""",
    "more than a parser follows": on_page(
        of_relationships(
            "company { parent { name parent { name parent { id csm { groups { name } } "
            "} } } csm { groups { name } } }"
        )
    ),
    "the same record twice": f"""{{ nodes(ids: ["company_demo001", "company_demo020"]) {{
      ... on Company {{ relationships {{ {of_relationships(OPEN)} }} }} }} }}""",
}


@pytest.fixture
def app(demo_database: Database) -> App:
    made = make_app(load_settings(), demo_database)
    made.now = lambda: NOW
    return made


async def answer(app: App, engine: Engine, group: str, operation: Operation) -> Any:
    async with app.as_user(f"{group}@example.com") as context:
        return orjson.loads((await engine.answer(operation, context)).body)


async def asked(app: App, query: str, group: str = "csm") -> Any:
    return await answer(app, app.engine, group, Operation(query=query))


async def test_both_engines_answer_alike(app: App) -> None:
    plans = Plans(Declarations(app.database.dialect))
    resolved = Engine(app.graph.schema, plans, Limits(depth=20), planned=False)
    for name, query in CASES.items():
        for group in ("csm", "exec"):
            operation = Operation(query=query)
            one = await answer(app, app.engine, group, operation)
            other = await answer(app, resolved, group, operation)
            if "data" not in one:  # what executives get nowhere does not exist for them
                assert (group, one) == ("exec", other), name
                continue
            assert one["data"] is not None
            assert comparable(one) == comparable(other), name
    too_deep = 2 if app.database.is_sqlite else 0
    assert app.engine.plans.unplanned == 2 + too_deep, "and two refused arguments"


@pytest.mark.parametrize(
    ("case", "statements"),
    [
        ("a list in a section", 2),
        ("two aliases with other selections", 3),
        ("two waves", 3),
        ("a list of records", 2),
        ("a parent that is there", 2),
    ],
)
async def test_a_wave_is_one_statement(app: App, case: str, statements: int) -> None:
    await asked(app, CASES[case])
    seen: list[str] = []
    app.database.watches.append(seen.append)
    await asked(app, CASES[case])
    assert len(seen) == SIGN_IN_AND_FIND + statements


async def test_more_than_three_waves_are_refused_before_they_are_read(app: App) -> None:
    selection = OPEN
    for _ in range(2):
        inner = of_relationships(f"company {{ {selection} id }} support {{ state }}", 1)
        selection = f"relationships {{ {inner} }}"
    found = await asked(app, f"{{ {ITSELF} {{ name {selection} }} }}")
    (error,) = found["errors"]
    assert error["extensions"]["code"] == "COST_LIMIT"
    assert error["path"][-2:] == ["node", "company"]
    assert found["data"]["company"]["name"]


async def test_too_many_records_are_refused(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waves, "MOST_RECORDS", 1)
    query = on_page(of_relationships("support { state }"))
    found = await asked(app, query.replace("relationships {", "a: relationships {", 1))
    (error,) = found["errors"]
    assert error["path"] == ["company", "a"]
    assert error["extensions"]["code"] == "COST_LIMIT"
    assert "at most 1" in error["message"]
    assert found["data"]["company"]["a"] is None
