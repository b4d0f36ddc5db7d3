"""The authorization matrix: every member of the schema for every kind of viewer.

The cells are made from the schema, what is expected comes from a model that shares no code
with what is tested. Planted defects show that the matrix can fail.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from matrix_cells import Cell, Cells, Step, fragment, members
from matrix_world import (
    EDGES,
    FULL,
    GRAPH,
    SECTIONS,
    THINGS,
    TYPES,
    VIEWERS,
    Who,
    allowed,
    camel,
    expected,
    made_bench,
    ran,
)

from cyclorama.execution.engine import Engine
from cyclorama.execution.grants import Units
from cyclorama.layouts import resolution
from cyclorama.layouts.access import AccessBook
from cyclorama.resolvers.access import record_tables
from cyclorama.resolvers.gates import Gate
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import Row
from cyclorama.testing import Bench

pytestmark = pytest.mark.anyio
FILE = """layouts:
  - {key: a, kind: COMPANY, name: A, is_default: true}
  - {key: b, kind: RELATIONSHIP, name: B, is_default: true}
"""
GIVEN = {
    "Query.node(id:)": "user_csm",
    "Query.nodes(ids:)": [*THINGS],
    "Query.search(text:)": "n",
    "Query.layout(key:)": "csm",
    "Query.planLayouts(file:)": FILE,
    "Query.explainLayout(recordId:)": "company_2",
    "(userId:)": "user_csm",
    "(groupKeys:)": ["csm"],
    "(relationshipTypeKey:)": "product",
    "fields(paths:)": ["name"],
    "sections(instances:)": [],
    "(after:)": None,
    **{f"{camel(s.key)}(instance:)": s.key for s in SECTIONS},
}
MAKING = Cells(FULL, GIVEN)
TOGETHER = 100
"""Cells that are asked at once where all of them are expected to be open."""
ID = Step("id", (), "ID", "id")
TABLES = {t.name for t in record_tables(GRAPH.sections.values())}
ABSENT = frozenset({"absent"})


@cache
def all_cells() -> list[Cell]:
    """Each cell once: below the roots, and below each record and thing by itself."""
    found: dict[str, Cell] = {}
    for cell in _all():
        found.setdefault(f"{cell.selection} {cell.variables}", cell)
    return [*found.values()]


def _all() -> Iterator[Cell]:
    start = Step("", (), "Query")
    for one in [*MAKING.below(start), *MAKING.arguments(start)]:
        if one.way[1].text not in ("company", "relationship"):
            yield replace(one, way=one.way[1:])
    for thing in (t for t in THINGS if t[-2:] not in ("_3", "_4")):
        type_ = TYPES[thing.rpartition("_")[0]]
        node = Step(f'node(id: "{thing}")', ("Query.node",), "Node", "node")
        for name in (type_, *MAKING.interfaces(type_)):
            view = fragment(name)
            for step in MAKING.fields(name):
                yield MAKING.ended((node, view, step), "query")
            if thing == "company_1":
                yield from MAKING.arguments(node, view)
    for thing in ("company_1", "company_2", "relationship_1", "relationship_2"):
        root = thing.partition("_")[0]
        text = f'{root}(id: "{thing}")'
        record = Step(text, (f"Query.{root}",), TYPES[root], root)
        yield from MAKING.below(record)
        if thing.endswith("_1"):
            yield from MAKING.arguments(record)
    start = Step("", (), "Mutation")
    for one in [
        *MAKING.below(start, root="mutation"),
        *MAKING.arguments(start, root="mutation"),
    ]:
        yield replace(one, way=one.way[1:])


async def differences(
    bench: Bench, step: int = 1, viewers: Sequence[Who] = VIEWERS
) -> AsyncIterator[str]:
    """The cells that are not as the reference says; of every few, one is looked at.

    What is expected alike is asked together, and singly where that is not found. What
    validation refuses reaches no database, so one of them does for it."""
    for who in viewers:
        alike: dict[Any, list[Cell]] = {}
        for n, cell in enumerate(all_cells()[::step]):
            if who.churned is None and "_2" in cell.way[0].text and n % 5:
                continue  # the second records are for who gets another layout there
            want = expected(cell, who)
            if want == ABSENT and not bench.database.is_sqlite:
                continue
            place = cell.selection if cell.variables else cell.root
            is_denied = want != ABSENT and bool(allowed(cell, who))
            alike.setdefault((want, place, is_denied), []).append(cell)
        for (want, *_), cells in alike.items():
            for n in range(0, len(cells), TOGETHER):
                few = cells[n : n + TOGETHER]
                if await _found(bench, few, who) == [want] * len(few):
                    continue
                for cell in few:
                    (got,) = await _found(bench, [cell], who)
                    if got != want:
                        shown = f"{sorted(got)}, not {sorted(want)}"
                        yield f"{who.name}: {operation([cell])[0]}: {shown}"


def _keys(cells: Sequence[Cell]) -> list[str]:
    """A name for the root of each cell: those that look at the same may share it."""
    known: dict[Any, str] = {}
    found = []
    for n, cell in enumerate(cells):
        first, *way = cell.way
        views = (first.text, *(step.text for step in way if step.key is None))
        found.append(f"c{n}" if cell.is_apart else known.setdefault(views, f"r{n}"))
    return found


def operation(cells: Sequence[Cell]) -> tuple[str, dict[str, Any]]:
    """One that asks for all cells, and its variables."""
    text, _ = _written(cells)
    return text, dict(cells[0].variables)


def _written(cells: Sequence[Cell]) -> tuple[str, list[set[int]]]:
    """The text that asks for all cells, what they share once, and the lines of each: a
    step is a line."""
    tree: dict[str, Any] = {}
    ways = []
    for key, cell in zip(_keys(cells), cells, strict=True):
        start, *rest = cell.texts
        at, way = tree, []
        for text in (f"{key}: {start}", *rest):
            at = at.setdefault(text, {})
            way.append(id(at))
        ways.append(way)
    lines = [f"{cells[0].root}{cells[0].header} {{"]
    at_line: dict[int, int] = {}
    _write(tree, lines, at_line)
    return "\n".join([*lines, "}"]), [{at_line[i] for i in way} for way in ways]


def _write(tree: dict[str, Any], lines: list[str], at_line: dict[int, int]) -> None:
    for text, below in tree.items():
        at_line[id(below)] = len(lines) + 1
        if below:
            lines.append(f"{text} {{")
            _write(below, lines, at_line)
            lines.append("}")
        else:
            lines.append(text)


async def _found(bench: Bench, cells: Sequence[Cell], who: Who) -> list[frozenset[str]]:
    """What each came to; with what ran where it should not have."""
    ran.clear()
    text, variables = operation(cells)
    answer = await bench.ask(text, viewer=who.viewer, **variables)
    if answer.get("data") is None:
        return _refused(bench, cells, answer["errors"])
    codes = _codes(answer)
    found = [
        _ends(answer["data"], cell.way, codes, (), key)
        for key, cell in zip(_keys(cells), cells, strict=True)
    ]
    if not any("open" in ends for ends in found):
        beyond = {f"ran for {record}" for record in ran}
        beyond |= await _read_beyond(bench, cells, who)
        found = [ends | beyond for ends in found]
    return [frozenset(ends) for ends in found]


def _refused(
    bench: Bench, cells: Sequence[Cell], errors: Sequence[Any]
) -> list[frozenset[str]]:
    """Absent is what an error points at, and the value of a variable that is refused."""
    codes = {e["extensions"]["code"] for e in errors}
    is_value = bool(cells[0].variables) and codes == {"BAD_USER_INPUT"}
    if codes != {"GRAPHQL_VALIDATION_FAILED"} and not is_value:
        return [frozenset(codes)] * len(cells)
    lines = {at["line"] for e in errors for at in e.get("locations", ())}
    beyond = {*bench.statements, *ran}
    return [
        frozenset({"absent"} | beyond if own & lines or cell.variables else {"open"})
        for own, cell in zip(_written(cells)[1], cells, strict=True)
    ]


def _codes(answer: Any) -> dict[tuple[Any, ...], str]:
    return {
        tuple(e["path"]): e["extensions"]["code"]
        for e in answer.get("errors", ())
        if "path" in e
    }


def _ends(
    value: Any,
    way: Sequence[Step],
    codes: dict[tuple[Any, ...], str],
    path: tuple[Any, ...],
    key: str | None = None,
) -> set[str]:
    """What stands at the ends of a way through an answer."""
    if not way:
        return {"open"}
    if isinstance(value, list):
        found = [_ends(x, way, codes, (*path, n), key) for n, x in enumerate(value)]
        return set().union(*found) if found else _ended(way)
    step, *rest = way
    if step.key is None:
        return _ends(value, rest, codes, path)
    key = key or step.key
    if value is None or key not in value:
        return set()
    path = (*path, key)
    code = codes.get(path)
    if code is not None:
        return {"gated" if code == "SECTION_NOT_IN_LAYOUT" else code}
    below = value[key]
    if below is None:
        return _ended(way)
    return _ends(below, rest, codes, path)


def _ended(way: Sequence[Step]) -> set[str]:
    """What is told by a null, or an empty list: nothing where a thing should be."""
    return set() if any(EDGES & {*step.names} for step in way) else {"open"}


async def _read_beyond(bench: Bench, cells: Sequence[Cell], who: Who) -> set[str]:
    """The tables read for what was denied, beyond those of the ways to its records."""
    read, ways = _tables(bench), [allowed(cell, who) for cell in cells]
    if not read or not all(ways):
        return set()
    asked = [replace(c, way=(*w, ID)) for c, w in zip(cells, ways, strict=True)]
    if "$v" not in asked[0].selection:
        asked[0] = replace(asked[0], header="", variables=())
    text, variables = operation(asked)
    await bench.ask(text, viewer=who.viewer, **variables)
    return {f"read {table}" for table in read - _tables(bench)}


def _tables(bench: Bench) -> set[str]:
    words = {w for s in bench.statements for w in re.findall(r"\w+", s)}
    return TABLES & words


@pytest.fixture
async def bench(database: Database) -> Bench:
    return await made_bench(database)


def test_each_member_of_the_schema_has_a_cell() -> None:
    """Mutations are validated only, so that none changes the world of the others; values
    of enums that are answered, and not handed in, can't be asked for."""
    cells = all_cells()
    assert members(FULL) - {name for cell in cells for name in cell.names} == set()
    assert FULL.subscription_type is None
    # Each way that leads from one record to another is gone, and sections asked below it.
    below = {step.names[0] for cell in cells for step in cell.way[:-2] if step.names}
    assert below >= EDGES - {"Query.node"}


async def test_every_cell_is_as_the_reference_says(bench: Bench) -> None:
    """What anybody may see is decided before a database is asked; that PostgreSQL then
    answers as SQLite does is shown by a third of the cells."""
    step = 1 if bench.database.is_sqlite else 3
    assert [wrong async for wrong in differences(bench, step)] == []


@pytest.fixture
async def flawed(tmp_path: Path) -> AsyncIterator[Bench]:
    """The same world on one database, to plant defects in."""
    database = Database(f"sqlite:///{tmp_path / 'flawed.db'}")
    async with database.engine.begin() as connection:
        await connection.run_sync(Row.metadata.create_all)
    yield await made_bench(database)
    await database.close()


async def found(bench: Bench, name: str) -> bool:
    """Whether one of some cells of a viewer is not as it should be."""
    viewers = [who for who in VIEWERS if who.name == name]
    async for _ in differences(bench, 7, viewers):
        return True
    return False


async def test_what_is_as_it_should_be_is_not_found(flawed: Bench) -> None:
    assert not await found(flawed, "exec")


async def test_a_mask_that_is_forgotten_is_found(
    flawed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Units, "hidden", lambda self, masked: set())
    assert await found(flawed, "masked")


async def test_operations_on_the_full_schema_are_found(
    flawed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bind = Engine.bind

    def unbound(self: Engine, context: Any) -> Any:
        bind(self, context)
        context.view = self.schema

    monkeypatch.setattr(Engine, "bind", unbound)
    assert await found(flawed, "exec")


async def test_a_layout_that_is_passed_over_is_found(
    flawed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ajar(assignment: Any, layout: Any, today: Any) -> str | None:
        return "ignored" if layout.key.startswith("churned") else None

    monkeypatch.setattr(resolution, "skipped", ajar)
    assert await found(flawed, "csm")


async def test_rules_of_access_that_are_passed_over_are_found(flawed: Bench) -> None:
    flawed.access = AccessBook()
    assert await found(flawed, "other team")


async def test_a_section_that_runs_where_it_is_denied_is_found(
    flawed: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is the right one all the same."""
    gated = Gate.get_result

    def late(self: Gate, *given: Any) -> Any:
        async def both() -> Any:
            await super(Gate, self).get_result(*given)
            return await gated(self, *given)

        return both()

    monkeypatch.setattr(Gate, "get_result", late)
    assert await found(flawed, "csm")
