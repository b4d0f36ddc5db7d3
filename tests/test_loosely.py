"""Mutations that are known read without a transaction until they write, and obey what is
so at that moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from cyclorama.app import App, make_app
from cyclorama.config import load_settings
from cyclorama.execution.engine import Operation
from cyclorama.storage.accounts import create_token, sign_in
from cyclorama.storage.engine import Database, Reading
from cyclorama.storage.switches import switch

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 10, 1, 9, tzinfo=UTC)
FOLLOW = """mutation F($id: ID!) { followRecord(recordId: $id) {
  record { ... on Company { name scorecard { overall { value } } } }
  errors { code } } }"""


async def asked(app: App, token: str, query: str, **variables: Any) -> Any:
    async def sign(reading: Reading) -> Any:
        return await sign_in(reading, token, NOW)

    operation = Operation(query=query, variables=variables)
    async with app.context(sign, now=NOW, operation=operation) as context:
        return orjson.loads((await app.answer(operation, context)).body)


async def test_a_mutation_that_is_known_obeys_what_has_changed_since(
    demo_database: Database,
) -> None:
    async with demo_database.write() as session:
        token = await create_token(session, email="csm@example.com", now=NOW)
    app = make_app(load_settings(), demo_database)
    page = "{ companies(first: 1) { edges { node { id } } } }"
    (edge,) = (await asked(app, token, page))["data"]["companies"]["edges"]
    own = {"id": edge["node"]["id"]}
    known = [Operation(query=text) for text in (FOLLOW, page)]
    assert [app.engine.is_mutation(one) for one in known] == [False, False]
    first = await asked(app, token, FOLLOW, **own)
    assert [app.engine.is_mutation(one) for one in known] == [True, False]
    assert await asked(app, token, FOLLOW, **own) == first
    assert first["data"]["followRecord"]["record"]["scorecard"]["overall"]
    async with demo_database.write() as session:
        await switch(session, "scorecard", False)
    found = await asked(app, token, FOLLOW, **own)
    assert "data" not in found
    assert found["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
