"""Plans and graph resolvers give the same answers to the same random operations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from copies import Templates
from differential.compare import difference
from differential.run import compare
from differential.shrink import shrunk
from differential.worlds import DATABASES, WORLDS, opened
from differential.writer import Writer
from twin_copies import copied_twins

pytestmark = pytest.mark.anyio
OPERATIONS = 125
"""On each database with each schema: 500 in all."""
SHORT = 10
"""Answers that the short way has to give, too, of however many it takes."""


@pytest.fixture
def name() -> str:
    """The world, where a test names no other."""
    return "demo"


@pytest.fixture(params=DATABASES)
def urls(
    request: pytest.FixtureRequest, name: str, templates: Templates
) -> Iterator[tuple[str, str]]:
    """Two equal databases of the world."""
    with copied_twins(templates, name, request.param) as found:
        yield found


@pytest.mark.parametrize("name", WORLDS)
async def test_both_engines_answer_alike(name: str, urls: tuple[str, str]) -> None:
    async with opened(name, urls, 1) as world:
        tally = await compare(world, seed=1, operations=OPERATIONS)
    assert tally.compared - tally.refused > OPERATIONS // 2
    assert tally.codes["SECTION_NOT_IN_LAYOUT"]


@pytest.mark.parametrize("name", WORLDS)
async def test_both_engines_answer_alike_under_rules_of_access(
    name: str, urls: tuple[str, str]
) -> None:
    operations, seed = (15, 6) if name == "demo" else (OPERATIONS, 5)
    async with opened(name, urls, seed, guarded=True) as world:
        prefixes = [
            settings.access.prefix(viewer)
            for settings in world.settings
            for viewer in world.viewers
            if settings.access is not None
        ]
        assert any(prefixes)
        tally = await compare(world, seed=seed, operations=operations)
    assert tally.compared - tally.refused > operations // 2


async def test_the_short_way_gives_the_same_bytes(urls: tuple[str, str]) -> None:
    async with opened("demo", urls, 5) as world:
        world.roots = ("company", "relationship")
        for seed in range(8, 28):
            await compare(world, seed=seed, operations=25, alone=True)
            if world.planned.shortened >= SHORT:
                break
    assert world.planned.shortened >= SHORT


@pytest.mark.parametrize("name", ["random"])
@pytest.mark.parametrize("urls", ["sqlite"], indirect=True)
async def test_the_same_seed_gives_the_same_operations(urls: tuple[str, str]) -> None:
    texts = []
    for _ in range(2):
        async with opened("random", urls, 3) as world:
            writer = Writer(world.schema, 3, world.pools)
            texts.append([writer.operation().text for _ in range(20)])
    assert texts[0] == texts[1]


ANSWER = {"data": {"a": 1, "b": {"c": None}}}


def _error(*path: str, message: str = "m", code: str = "c") -> dict[str, object]:
    return {"path": [*path], "message": message, "extensions": {"code": code}}


@pytest.mark.parametrize(
    ("other", "differs"),
    [
        (ANSWER, False),
        ({"data": {"a": 1.0, "b": {"c": None}}}, False),
        ({"data": {"a": True, "b": {"c": None}}}, True),
        ({"data": {"b": {"c": None}, "a": 1}}, True),
        ({"data": {"a": 1, "b": None}}, True),
        ({**ANSWER, "errors": [_error("b", "c")]}, True),
        ({"errors": [_error("a")]}, True),
    ],
)
def test_a_difference_is_seen(other: object, differs: bool) -> None:
    assert (difference(ANSWER, other) is not None) == differs


def test_errors_below_a_null_have_to_share_one() -> None:
    def told(*errors: object) -> dict[str, object]:
        return {**ANSWER, "errors": [*errors]}

    one, more = _error("b", "c"), _error("b", "c", message="n")
    assert difference(told(one, more), told(one)) is None
    assert difference(told(one), told(more)) is not None
    assert difference(told(_error("a")), told(_error("a"), _error("a"))) is not None


async def test_what_differs_is_made_small() -> None:
    text = """query Q($v: Int, $w: Int) { a(x: $v) { b ...F c @skip(if: true) } d(x: $w) }
      fragment F on T { e f { g } }"""

    async def differs(smaller: str) -> bool:
        return "g" in smaller.split()

    found = await shrunk(text, differs)
    assert "".join(found.split()) == "queryQ{a{...F}}fragmentFonT{f{g}}"
