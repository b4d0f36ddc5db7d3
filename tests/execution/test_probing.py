"""Probing: what somebody may not see comes out by no door, neither its name nor its value.

What is hidden is what the reference of the authorization matrix says, name by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    NameNode,
    Visitor,
    get_introspection_query,
    get_named_type,
    is_input_type,
    parse,
    visit,
)
from matrix_cells import members
from matrix_world import FULL, VIEWERS, Who, expected, is_absent, made_bench
from test_matrix import all_cells, operation
from test_views import wrong
from typer.testing import CliRunner

from cyclorama.cli import app
from cyclorama.storage.engine import Database
from cyclorama.testing import Bench

pytestmark = pytest.mark.anyio
PROBERS = tuple(w for w in VIEWERS if w.name not in ("admin", "csm", "no layout"))
QUESTIONS = 500
OF_CASES = ("number of case", "subject of case")
OF_ACTIVITIES = ("subject of activity", "notes of activity")
SECRETS = {
    "exec": OF_CASES,
    "masked": (
        "number of case",
        "notes of activity",
        "770431.77",
        "Quarrying",
        "jo@else.example",
    ),
    "empty layout": (*OF_CASES, *OF_ACTIVITIES),
    "other team": ("Guarded one", "case_1", "activity_1", "770431.77", "Quarrying"),
}
"""Values of the world that a viewer gets nowhere."""
ABSENT = frozenset({"absent"})


FORMAT = {"errors", "message", "locations", "line", "column", "extensions", "code"}
FORMAT |= {"path", "data", "section", *re.findall(r"\w+", get_introspection_query())}
"""Words of every answer, and of the standard introspection query."""


def words(coordinates: Iterable[str]) -> set[str]:
    """The names of types, fields, arguments and values."""
    return {word for name in coordinates for word in re.findall(r"\w+", name)}


def hidden_names(who: Who) -> set[str]:
    """The names that stand on nothing that leads on from what the viewer sees."""
    waiting, seen = ["Query", "Mutation"], set[str]()
    enums = [t for t in FULL.type_map.values() if isinstance(t, GraphQLEnumType)]
    values = {f"{t.name}.{v}" for t in enums if t.name[:2] != "__" for v in t.values}
    coordinates = {*members(FULL), *values}
    ours = [name for name in FULL.type_map if not name.startswith("__")]
    while waiting:
        name = waiting.pop()
        if name in seen or name.startswith("__") or is_absent(name, who):
            continue
        seen.add(name)
        type_: Any = FULL.type_map[name]
        waiting += [i.name for i in getattr(type_, "interfaces", ())]
        waiting += [t.name for t in getattr(type_, "types", ())]
        for field, of in getattr(type_, "fields", {}).items():
            if not is_absent(f"{name}.{field}", who):
                takes = getattr(of, "args", {}).values()
                waiting += [get_named_type(x.type).name for x in (of, *takes)]
    own = {c for c in coordinates if c.partition(".")[0] in seen}
    left = words([*seen, *(c for c in own if not is_absent(c.partition("(")[0], who))])
    directives = [a for d in FULL.directives for a in (d.name, *d.args)]
    return words([*ours, *coordinates]) - left - {*directives} - FORMAT


HIDDEN = {who.name: hidden_names(who) for who in PROBERS}


def leaked(who: Who, said: str, asked: str = "") -> set[str]:
    """The hidden names and values in what is said, but for those of the question.

    A name that is an ordinary word counts where it is quoted."""
    hidden = HIDDEN[who.name]
    telling = {n for n in hidden if not (n.isupper() or n[1:].islower())}
    names = {*re.findall(r"['\"](\w+)['\"]", said)} & hidden
    names |= {*re.findall(r"\w+", said)} & telling
    values = {value for value in SECRETS[who.name] if value in said}
    return {found for found in names | values if found not in asked}


@pytest.fixture
async def bench(database: Database) -> Bench:
    return await made_bench(database)


@pytest.mark.parametrize("who", PROBERS, ids=lambda who: who.name)
async def test_wrong_questions_bring_nothing_to_light(bench: Bench, who: Who) -> None:
    random = Random(who.name)
    asked: list[tuple[str, Any]] = [
        (text, {}) for text in wrong(random, QUESTIONS - 80)
    ]
    asked += [_with_a_value(random) for _ in range(80)]
    refused = 0
    for text, variables in asked:
        answer = await bench.ask(text, viewer=who.viewer, **variables)
        refused += "errors" in answer
        said = str(answer)
        assert leaked(who, said, f"{text} {variables}") == set(), (
            text,
            variables,
            said,
        )
        assert "Did you mean" not in re.sub(r"Did you mean '\w+ { ... }'\?", "", said)
    assert refused > 0.8 * QUESTIONS


def _with_a_value(random: Random) -> tuple[str, Any]:
    """A question with a variable of some input type, of which a member is wrong."""
    types = [t for t in FULL.type_map.values() if isinstance(t, GraphQLInputObjectType)]
    type_ = random.choice(types)
    member = random.choice([f for t in types for f in t.fields])
    member = random.choice((member, member[:-1], random.choice([*type_.fields])))
    value = random.choice((1, "x", None, [770431], {"a": 1}))
    inputs = {
        "CompanyFilter": "companies(filter: $v) { totalCount }",
        "CompanyOrder": "companies(orderBy: [$v]) { totalCount }",
        "ExternalRefInput": "company(ref: $v) { id }",
        "AuditFilter": "auditLog(filter: $v) { edges { cursor } }",
    }
    field = inputs.get(type_.name, "viewer { id @include(if: $v) }")
    return f"query($v: {type_.name}) {{ {field} }}", {"v": {member: value}}


@pytest.mark.parametrize("who", PROBERS, ids=lambda who: who.name)
async def test_introspection_names_nothing_hidden(bench: Bench, who: Who) -> None:
    for options in (
        {},
        {"input_value_deprecation": True, "directive_is_repeatable": True},
    ):
        answer = await bench.ask(get_introspection_query(**options), viewer=who.viewer)
        assert "errors" not in answer
        assert leaked(who, str(answer)) == set()
    gone = [name for name in FULL.type_map if name in HIDDEN[who.name]]
    asked = [f't{n}: __type(name: "{name}") {{ name }}' for n, name in enumerate(gone)]
    answer = await bench.ask(f"{{ {' '.join(asked)} }}", viewer=who.viewer)
    assert len(gone) > 4
    assert {*answer["data"].values()} == {None}


@pytest.mark.parametrize("who", PROBERS, ids=lambda who: who.name)
async def test_what_is_hidden_is_told_like_what_is_not_there(
    bench: Bench, who: Who
) -> None:
    """Input types, fields of them and values of enums, as a literal and as a variable."""
    compared = 0
    for text, name in _hidden_inputs(who):
        for given in ({"v": {name: 1}}, {"v": {"field": name}}, {"v": name}):
            told = []
            for word in (name, f"{name}Q"):
                asked = {k: _renamed(v, name, word) for k, v in given.items()}
                answer = await bench.ask(
                    text.replace("NAME", word), viewer=who.viewer, **asked
                )
                assert "errors" in answer
                assert bench.statements == []
                told.append(re.sub(r"'column': \d+", "", str(answer)).replace(word, ""))
            assert told[0] == told[1]
            compared += 1
    assert compared > 10


def _renamed(value: Any, name: str, word: str) -> Any:
    if isinstance(value, dict):
        return {
            _renamed(k, name, word): _renamed(v, name, word) for k, v in value.items()
        }
    return word if value == name else value


def _hidden_inputs(who: Who) -> Iterator[tuple[str, str]]:
    """Questions with `NAME` for a hidden name, and the name."""
    names = sorted(HIDDEN[who.name])
    for name in names:
        if is_input_type(FULL.type_map.get(name)):
            yield "query($v: NAME) { companies(filter: $v) { totalCount } }", name
            yield "query($v: [NAME!]) { viewer { id } }", name
    for name in ("CompanyFilter", "CompanyOrderField"):
        type_: Any = FULL.type_map[name]
        for member in getattr(type_, "fields", getattr(type_, "values", {})):
            if member not in names:
                continue
            if name == "CompanyFilter":
                yield "{ companies(filter: { NAME: 1 }) { totalCount } }", member
                filtered = "companies(filter: $v) { totalCount }"
                yield f"query($v: CompanyFilter) {{ {filtered} }}", member
            else:
                yield "{ companies(orderBy: [{ field: NAME }]) { totalCount } }", member
                ordered = "companies(orderBy: [$v]) { totalCount }"
                yield f"query($v: CompanyOrder!) {{ {ordered} }}", member


@pytest.mark.parametrize("who", PROBERS, ids=lambda who: who.name)
async def test_right_questions_give_no_hidden_value(bench: Bench, who: Who) -> None:
    cells = [
        cell
        for cell in all_cells()
        if cell.root == "query" and not cell.variables and not cell.is_apart
        if expected(cell, who) != ABSENT
    ][::3]
    assert len(cells) > 200
    for n in range(0, len(cells), 40):
        text, _ = operation(cells[n : n + 40])
        answer = await bench.ask(text, viewer=who.viewer)
        assert answer.get("data"), answer["errors"]
        assert leaked(who, str(answer), text) == set()


async def test_settings_of_a_layout_name_no_hidden_field(bench: Bench) -> None:
    layout = "{ companies { edges { node { layout { sections { config } } } } } }"
    said = {w.name: str(await bench.ask(layout, viewer=w.viewer)) for w in VIEWERS}
    assert "'path': 'industry'" in said["csm"]
    assert "'path': 'status'" in said["masked"]
    assert "industry" not in said["masked"]


async def test_the_values_are_there_for_others(bench: Bench) -> None:
    whole = """{ companies { edges { node { name arr { amount } industry { label }
      csm { email } support { cases(view: ALL) { edges { node { id number subject } } } }
      timeline { activities { edges { node { id subject notes } } } } } } } }"""
    said = str(await bench.ask(whole, viewer=VIEWERS[0].viewer))
    assert [v for of in SECRETS.values() for v in of if v not in said] == []


def test_the_schema_of_a_user_names_nothing_hidden(ready_url: str) -> None:
    """`cyclorama schema --as`, with the preset layouts and all plugins."""
    (who,) = (w for w in PROBERS if w.name == "exec")
    for command in (
        ["users", "add", "ann@example.com", "--group", "exec"],
        ["schema", "--as", "ann@example.com"],
    ):
        done = CliRunner().invoke(app, [*command, "--database-url", ready_url])
        assert done.exit_code == 0
    named: set[str] = set()

    class Names(Visitor):
        def enter_name(self, node: NameNode, *_: Any) -> None:
            named.add(node.value)

    visit(parse(done.output), Names())
    assert "CompanyHierarchySection" in named
    assert named & HIDDEN["exec"] == set()
    assert leaked(who, done.output) == set()
