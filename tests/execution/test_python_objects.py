"""`read.python`: objects that Python makes, with arguments, inside a planned section."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import pytest
import sqlalchemy as sa
import strawberry

from cyclorama.plugins import (
    Arg,
    Context,
    InvalidInputError,
    RelationshipRow,
    Section,
    SectionBase,
    read,
    record,
)
from cyclorama.storage.engine import Database
from cyclorama.testing import Bench

pytestmark = pytest.mark.anyio
CALLS: list[int] = []
"""How many rows each call was given."""


@strawberry.input(description="A word and how often to say it.")
class WordInput:
    word: str
    times: int | None = None


@strawberry.type(description="A word that was said.")
class Said:
    word: str
    length: int


@strawberry.type(description="What an echo answers.")
class Echo:
    name: str
    viewer: str
    said: list[Said]


async def echoed(
    rows: Sequence[tuple[str, int]],
    context: Context,
    words: list[WordInput] | None = None,
    loud: bool = False,
) -> list[Echo]:
    """One echo for each row; too many words are refused."""
    CALLS.append(len(rows))
    given = [w.word * (w.times or 1) for w in words or []]
    if len(given) > 2:
        raise InvalidInputError("At most two words.")
    said = [Said(word=w.upper() if loud else w, length=len(w)) for w in given]
    return [Echo(name=name, viewer=context.viewer.id, said=said) for name, _ in rows]


async def shouted(rows: Sequence[tuple[str]]) -> list[str]:
    """The names in capitals."""
    return [name.upper() for (name,) in rows]


@strawberry.enum(description="How loud a name is.")
class Volume(StrEnum):
    LOUD = "LOUD"
    QUIET = "QUIET"


async def spelt(rows: Sequence[tuple[str]]) -> list[list[str]]:
    """The words of the names."""
    return [name.split() for (name,) in rows]


async def heard(rows: Sequence[tuple[str, Any]]) -> list[list[Volume]]:
    """A volume for each word of the names; both columns are given as they are kept."""
    by_case = {True: Volume.LOUD, False: Volume.QUIET}
    assert all(isinstance(when, datetime) for _, when in rows)
    return [[by_case[word.isupper()] for word in name.split()] for name, _ in rows]


@strawberry.type(description="A relationship, in capitals.")
@read.table(RelationshipRow)
class Loud:
    name: str = read.python(shouted, RelationshipRow.name)


def named(name: Arg[str] | None = None) -> Any:
    """The relationships of this name."""
    return sa.and_(
        RelationshipRow.company_id == record.id, RelationshipRow.name == name
    )


@strawberry.type(description="Answers what is called into it.")
class EchoSection(SectionBase):
    name: str = read.value(record.c.name)
    loud: list[Loud] = read.many(RelationshipRow, named, order_by=[RelationshipRow.id])
    echo: Echo = read.python(echoed, record.c.name, record.c.version)
    words: list[str] = read.python(spelt, record.c.name)
    volumes: list[Volume] = read.python(heard, record.c.name, record.c.created_at)


section = Section(key="echo", title="Echo", type=EchoSection)
QUERY = """query($words: [WordInput!], $n: Int = 1) {
  companies(first: $n) { edges { node { echo { name
    echo(words: $words) { name viewer __typename said { word length } }
    quiet: echo { said { word } }
    loud: echo(words: [{ word: "a", times: 3 }], loud: true) { said { word } } } } } } }"""


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, [section])
    await made.fill(3)
    return made


async def echoes(bench: Bench, **given: Any) -> list[Any]:
    found = await bench.query(QUERY, **given)
    return [e["node"]["echo"] for e in found["companies"]["edges"]]


async def test_an_object_is_made_within_the_plan_and_once_for_all_records(
    bench: Bench,
) -> None:
    CALLS.clear()
    one, two, _ = await echoes(bench, words=[{"word": "ho", "times": 2}], n=3)
    assert one["echo"] == {
        "name": "Company 1",
        "viewer": "user_csm",
        "__typename": "Echo",
        "said": [{"word": "hoho", "length": 4}],
    }
    assert one["quiet"] == {"said": []}
    assert one["loud"] == {"said": [{"word": "AAA"}]}
    assert two["echo"]["name"] == two["name"] == "Company 2"
    assert CALLS == [3, 3, 3]
    assert len(bench.statements) == 2


async def test_a_function_is_not_called_for_rows_that_there_are_not(
    bench: Bench,
) -> None:
    query = """query($name: String!) { companies(first: 2) { edges { node { echo {
      name loud(name: $name) { name } } } } } }"""
    for name, found in (("nobody", []), ("Relationship 1", ["RELATIONSHIP 1"])):
        answer = await bench.query(query, name=name)
        one, two = (e["node"]["echo"] for e in answer["companies"]["edges"])
        assert [x["name"] for x in one["loud"]] == found
        assert two == {"name": "Company 2", "loud": []}


async def test_arguments_do_not_make_new_plans(bench: Bench) -> None:
    for word in ("a", "b"):
        (one,) = await echoes(bench, words=[{"word": word}])
        assert one["echo"]["said"] == [{"word": word, "length": 1}]


@pytest.mark.parametrize("words", [None, [], [{"word": "x"}], [{"word": "x"}] * 3])
async def test_graph_resolvers_answer_alike(bench: Bench, words: Any) -> None:
    resolved = Bench(bench.database, [section], planned=False)
    given = {"words": words, "n": 3}
    assert await bench.ask(QUERY, **given) == await resolved.ask(QUERY, **given)


async def test_what_the_function_refuses_is_the_error_of_its_field(
    bench: Bench,
) -> None:
    answer = await bench.ask(QUERY, words=[{"word": "x"}] * 3)
    (error,) = answer["errors"]
    assert error["message"] == "At most two words."
    assert error["path"] == ["companies", "edges", 0, "node", "echo", "echo"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert answer["data"]["companies"]["edges"][0]["node"] == {"echo": None}


async def test_columns_are_given_as_they_are_kept_whatever_is_made_of_them(
    bench: Bench,
) -> None:
    resolved = Bench(bench.database, [section], planned=False)
    query = '{ company(id: "company_1") { echo { words volumes } } }'
    made = {"words": ["Company", "1"], "volumes": ["QUIET", "QUIET"]}
    for one in (bench, resolved):
        assert (await one.query(query))["company"]["echo"] == made
