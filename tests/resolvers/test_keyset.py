"""Cursors of lists in sections: what was made up is refused on both databases."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from cyclorama.plugins.discovery import discover
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW, Bench, company

pytestmark = pytest.mark.anyio
QUERY = """query($first: Int!, $after: String) { company(id: "company_1") {
  support { cases(view: ALL, first: $first, after: $after) {
    edges { cursor node { id } } pageInfo { hasNextPage endCursor } } } } }"""


@pytest.fixture
async def bench(database: Database) -> Bench:
    """A company with seven cases, some of one instant."""
    made = Bench(database, discover().sections)
    await made.add(company(1))
    await made.add(
        *(
            SupportCaseRow(
                id=f"case_{n}",
                company_id="company_1",
                number=str(n),
                status="New",
                is_closed=False,
                opened_at=NOW - timedelta(milliseconds=n // 3),
                updated_at=NOW,
            )
            for n in range(7)
        )
    )
    return made


async def page(bench: Bench, first: int, after: str | None) -> Any:
    answer = await bench.query(QUERY, first=first, after=after)
    return answer["company"]["support"]["cases"]


@pytest.mark.parametrize("first", [1, 2, 3, 6, 7, 8])
async def test_pages_of_every_size_hold_each_row_once(bench: Bench, first: int) -> None:
    found, after = [], None
    while True:
        cases = await page(bench, first, after)
        found += [edge["node"]["id"] for edge in cases["edges"]]
        after = cases["pageInfo"]["endCursor"]
        if not cases["pageInfo"]["hasNextPage"]:
            break
    assert found == [f"case_{n}" for n in range(7)]


@pytest.mark.parametrize(
    ("place", "key"),
    [
        (1, "0001-01-01T00:00:00+23:00"),
        (1, "9999-12-31T23:59:59-23:00"),
        (1, "2026-01-01T00:00:00"),
        (1, 5),
        (1, None),
        (2, "case\0"),
        (2, 1.5),
        (2, {"a": 1}),
    ],
)
async def test_a_cursor_that_was_made_up_is_refused(
    bench: Bench, place: int, key: Any
) -> None:
    keys = json.loads(bytes.fromhex((await page(bench, 1, None))["edges"][0]["cursor"]))
    keys[place] = key
    made_up = json.dumps(keys).encode().hex()
    answer = await bench.ask(QUERY, first=1, after=made_up)
    assert answer["data"] == {"company": {"support": None}}
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "`after` is no cursor of this list" in error["message"]
