"""The built-in sections answer random operations alike in both engines, for each viewer."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from test_differential import Writer, comparable

from cyclorama.app import App, make_app
from cyclorama.config import load_settings
from cyclorama.execution.declarations import Declarations
from cyclorama.execution.engine import Engine, Operation
from cyclorama.execution.limits import Limits
from cyclorama.execution.plans import Plans
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW

pytestmark = pytest.mark.anyio
OPERATIONS = 40
ARGUMENTS = {
    "first": ["1", "3", "0", "$first"],
    "view": ["ALL", "OPEN", "$view"],
    "granularity": ["DAY", "WEEK", "MONTH"],
    "periods": ["1", "3", "200", "$first"],
    "maxDepth": ["1", "3", "0"],
    "typeKeys": ['["platform"]', "[]", '["none", "module"]', "$types"],
    "paths": ['["name"]', '["arr", "csm.email"]', '["nope"]', '["renewalDate"]'],
    "instance": ['"summary"', "null", '"attributes_contract"'],
    "instances": ['["summary"]', "null", '["nope"]'],
    "surface": ["PAGE", "EMBED"],
    "after": ['"nonsense"', "null"],
}
VARIABLES = {
    "first": "Int! = 2",
    "view": "OpenOrAll! = ALL",
    "types": "[String!]",
    "yes": "Boolean! = true",
    "no": "Boolean! = false",
}
VALUES: list[dict[str, Any]] = [
    {},
    {"no": True, "types": ["services"], "first": 1},
    {"view": "OPEN", "types": []},
]
ROOTS = (
    ('company(id: "company_demo020")', "Company"),
    ('company(id: "company_demo150")', "Company"),
    ('relationship(id: "relationship_demo020platform")', "Relationship"),
)


class PageWriter(Writer):
    """Writes operations on the pages of the demo."""

    arguments = ARGUMENTS

    def operation(self) -> str:
        root, name = self.random.choice(ROOTS)
        record = self.selection(self.schema.type_map[name], 5)
        body = f"{{ a: {root} {record} }}"
        used = [f"${n}: {t}" for n, t in VARIABLES.items() if f"${n}" in body]
        return f"query Q({', '.join(used)}) {body}" if used else body


async def answer(app: App, engine: Engine, group: str, operation: Operation) -> Any:
    async with app.as_user(f"{group}@example.com") as context:
        return orjson.loads((await engine.answer(operation, context)).body)


@pytest.mark.parametrize("group", ["admin", "csm", "exec"])
async def test_both_engines_answer_alike(demo_database: Database, group: str) -> None:
    app = make_app(load_settings(), demo_database)
    app.now = lambda: NOW
    plans = Plans(Declarations(demo_database.dialect))
    resolved = Engine(app.graph.schema, plans, Limits(depth=20), planned=False)
    writer = PageWriter(app.graph.schema._schema, len(group))
    compared = 0
    for number in range(OPERATIONS):
        operation = Operation(
            query=writer.operation(), variables=VALUES[number % len(VALUES)]
        )
        one = await answer(app, app.engine, group, operation)
        other = await answer(app, resolved, group, operation)
        assert comparable(one) == comparable(other), operation.query
        compared += one.get("data") is not None
    assert compared > OPERATIONS // 3
