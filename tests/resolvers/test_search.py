"""Search by name: refusals, scripts and accents, ranking, pages."""

from __future__ import annotations

from typing import Any

import pytest

from cyclorama.plugins.discovery import discover
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import PersonRow
from cyclorama.storage.search import fold
from cyclorama.testing import NOW, Bench, company, relationship

pytestmark = pytest.mark.anyio
SEARCH = """query($text: String!, $types: [SearchType!], $match: SearchMatch! = CONTAINS,
  $first: Int! = 10, $after: String) {
  search(text: $text, types: $types, match: $match, first: $first, after: $after) {
    edges { cursor matched node { __typename ... on Node { id }
      ... on Company { name tags } ... on Relationship { name company { name } }
      ... on Person { name email } } }
    pageInfo { hasNextPage endCursor } } }"""


def person(number: int, name: str, email: str | None = None) -> PersonRow:
    return PersonRow(
        id=f"person_{number}",
        name=name,
        search_key=fold(name),
        email=email,
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, discover().sections)
    await made.fill(companies=0)
    await made.add(
        company(1, name="Müller AG", tags=["x"]),
        company(2, name="The Mullers"),
        company(3, name="東京電力"),
        company(4, name="100%_sure"),
        relationship(1, of=1, name="Muller"),
        person(1, "José Muller", "jose@example.com"),
        person(2, "Someone", "S.Muller@Example.com"),
        person(3, "佐藤 太郎"),
    )
    return made


async def hits(bench: Bench, text: str, **variables: Any) -> list[str]:
    found = await bench.query(SEARCH, text=text, **variables)
    return [edge["node"]["id"] for edge in found["search"]["edges"]]


@pytest.mark.parametrize("first", [0, -1, 10_000])
async def test_a_page_size_out_of_bounds_is_refused(bench: Bench, first: int) -> None:
    answer = await bench.ask(SEARCH, text="a", first=first)
    assert "`first`" in answer["errors"][0]["message"]


async def test_a_long_text_is_refused(bench: Bench) -> None:
    answer = await bench.ask(SEARCH, text="x" * 201)
    assert "`text`" in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_cursor_of_another_search_is_refused(bench: Bench) -> None:
    page = await bench.query(SEARCH, text="muller", first=1)
    cursor = page["search"]["pageInfo"]["endCursor"]
    for text, types in (("sure", None), ("muller", ["PERSON"])):
        answer = await bench.ask(SEARCH, text=text, types=types, after=cursor)
        assert "`after` is no cursor of this list" in answer["errors"][0]["message"]


@pytest.mark.parametrize("text", ["", "  ", "nobody", "\u0301"])
async def test_what_nobody_is_called_finds_nothing(bench: Bench, text: str) -> None:
    assert await hits(bench, text) == []


async def test_no_types_find_nothing(bench: Bench) -> None:
    assert await hits(bench, "muller", types=[]) == []


async def test_the_best_come_first_whatever_accents_and_case(bench: Bench) -> None:
    assert await hits(bench, "MÜLLER") == [
        "relationship_1",
        "company_1",
        "person_1",
        "person_2",
        "company_2",
    ]


async def test_a_beginning_may_be_asked_for(bench: Bench) -> None:
    found = await hits(bench, "muller", match="STARTS_WITH")
    assert found == ["relationship_1", "company_1"]


async def test_types_narrow(bench: Bench) -> None:
    assert await hits(bench, "muller", types=["COMPANY"]) == ["company_1", "company_2"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("東京", "company_3"),
        ("京電", "company_3"),
        ("佐藤", "person_3"),
        ("jose", "person_1"),
        ("%_", "company_4"),
        ("jose@", "person_1"),
    ],
)
async def test_two_characters_and_signs_are_found(
    bench: Bench, text: str, expected: str
) -> None:
    assert await hits(bench, text) == [expected]


async def test_what_matched_is_told_and_records_are_read(bench: Bench) -> None:
    found = await bench.query(SEARCH, text="muller")
    told = {e["node"]["id"]: e for e in found["search"]["edges"]}
    assert told["person_2"]["matched"] == "S.Muller@Example.com"
    assert told["person_1"]["matched"] == "José Muller"
    assert told["company_1"]["node"] == {
        "__typename": "Company",
        "id": "company_1",
        "name": "Müller AG",
        "tags": ["x"],
    }
    assert told["relationship_1"]["node"]["company"] == {"name": "Müller AG"}


async def test_pages_hold_every_hit_once(bench: Bench) -> None:
    everything = await hits(bench, "muller")
    found: list[str] = []
    after = None
    while True:
        page = await bench.query(SEARCH, text="muller", first=2, after=after)
        found += [e["node"]["id"] for e in page["search"]["edges"]]
        if not page["search"]["pageInfo"]["hasNextPage"]:
            break
        after = page["search"]["pageInfo"]["endCursor"]
    assert found == everything
