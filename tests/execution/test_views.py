"""Views: what a viewer gets on no record leaves no trace for them, whatever the door."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_introspection_query,
    get_named_type,
    parse,
    print_schema,
    validate,
    validate_schema,
)

from cyclorama.execution.grants import Units
from cyclorama.execution.views import MOST_VIEWS, Views
from cyclorama.layouts.model import SURFACES, Layout, LayoutBook, Placement
from cyclorama.plugins.compose import compose
from cyclorama.plugins.discovery import discover
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import ADMIN, CSM, Bench

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
KEYS = tuple(s.key for s in SECTIONS)
GRAPH = compose(SECTIONS)
UNITS: Units = GRAPH.schema.units
FULL: GraphQLSchema = GRAPH.schema._schema


def granted(*keys: str, admin: bool = False, hidden: Any = ()) -> int:
    """The grant of who gets these sections on both kinds of record."""
    held = [(kind, key) for key in keys for kind in ("COMPANY", "RELATIONSHIP")]
    return UNITS.grant(held, ["admin"] if admin else [], hidden, held)


def view_of(*keys: str, **options: Any) -> GraphQLSchema:
    return Views(GRAPH.schema, UNITS.needs).view(granted(*keys, **options))


def members(schema: GraphQLSchema) -> dict[str, set[str]]:
    """All that a schema names, in words of the test's own."""
    found: dict[str, set[str]] = {}
    for name, type_ in schema.type_map.items():
        if name.startswith("__"):
            continue
        own: set[str] = set()
        if isinstance(type_, (GraphQLObjectType, GraphQLInterfaceType)):
            for field, of in type_.fields.items():
                own |= {field, *(f"{field}({a}:)" for a in of.args)}
            own |= {f"&{i.name}" for i in type_.interfaces}
        elif isinstance(type_, GraphQLInputObjectType):
            own = set(type_.fields)
        elif isinstance(type_, GraphQLEnumType):
            own = set(type_.values)
        elif isinstance(type_, GraphQLUnionType):
            own = {t.name for t in type_.types}
        found[name] = own
    return found


def printed(schema: GraphQLSchema) -> set[str]:
    """The SDL of each type, but for interfaces that everything implements in any order."""
    return set(print_schema(schema).split("\n\n"))


@pytest.mark.parametrize("absent", KEYS)
def test_a_view_is_the_schema_of_a_server_without_the_section(absent: str) -> None:
    others = [s for s in SECTIONS if s.key != absent]
    oracle = compose(others).schema._schema
    view = view_of(*(s.key for s in others), admin=True)
    left, right = members(view), members(oracle)
    # Types that only a section of the resolver form or nobody leads to stay out.
    assert {n: left[n] for n in left} == {n: right[n] for n in right if n in left}
    unreached = right.keys() - left.keys()
    assert not any(f": {n}" in print_schema(view) for n in unreached)


@pytest.mark.parametrize("absent", KEYS)
def test_refusals_are_those_of_a_server_without_the_section(absent: str) -> None:
    others = [s for s in SECTIONS if s.key != absent]
    oracle = compose(others).schema._schema
    view = view_of(*(s.key for s in others), admin=True)
    for text in wrong(random.Random(absent), 60):
        document = parse(text)
        said = [
            sorted(e.message for e in validate(schema, document, hide_suggestions=True))
            for schema in (view, oracle)
        ]
        assert said[0] == said[1], text


def wrong(chance: random.Random, count: int) -> list[str]:
    """Operations with names of the whole graph, of which some are misspelt or misplaced."""
    types = [t for t in FULL.type_map if not t.startswith("__")]
    fields = [
        f for m in members(FULL).values() for f in m if f[0] not in "&" and "(" not in f
    ]
    found = []
    for _ in range(count):
        field, other = chance.choice(fields), chance.choice(fields)
        type_ = chance.choice(types)
        name = field if chance.random() < 0.5 else field[:-1] + chance.choice("xyz")
        found.append(
            chance.choice(
                [
                    f'{{ company(id: "company_1") {{ {name} }} }}',
                    f'{{ relationship(id: "relationship_1") {{ {name} {{ {other} }} }} }}',
                    f'{{ node(id: "company_1") {{ ... on {type_} {{ {name} }} }} }}',
                    f"query($a: {type_}) {{ companies(filter: $a) {{ totalCount }} }}",
                    f"{{ companies(filter: {{ {name}: 1 }}) {{ totalCount }} }}",
                    f"{{ companies(orderBy: [{{ field: {name} }}]) {{ totalCount }} }}",
                    f"mutation {{ {name}(input: {{ {other}: 1 }}) {{ __typename }} }}",
                    f"{{ {name} }}",
                    f"fragment F on {type_} {{ {name} }} {{ ...F }}",
                    f'{{ search(text: "a") {{ edges {{ node {{ ... on {type_} {{ id }} }} }} }} }}',
                    f'{{ company(id: "company_1", {name}: 1) {{ id }} }}',
                    f'{{ company(id: "company_1") {{ {name} @include(if: false) }} }}',
                ]
            )
        )
    return found


def random_grants(count: int) -> list[int]:
    chance = random.Random(7)
    held = list(UNITS.sections)
    coordinates = list(UNITS.coordinates)
    return [
        UNITS.grant(
            chance.sample(held, chance.randint(0, len(held))),
            ["admin"] if chance.random() < 0.3 else [],
            chance.sample(coordinates, chance.choice((0, 0, 1, 3, 10))),
        )
        for _ in range(count)
    ]


def test_views_are_valid_and_hold_nothing_from_outside() -> None:
    views = Views(GRAPH.schema, UNITS.needs)
    for grant in random_grants(20):
        view = views.view(grant)
        assert validate_schema(view) == []
        whole = members(FULL)
        for name, own in members(view).items():
            assert own <= whole[name]
            type_: Any = view.type_map[name]
            fields = getattr(type_, "fields", {})
            led_to = [get_named_type(f.type) for f in fields.values()]
            led_to += [
                get_named_type(a.type)
                for f in fields.values()
                for a in getattr(f, "args", {}).values()
            ]
            assert all(view.type_map[t.name] is t for t in led_to)


def test_who_may_see_all_gets_the_schema_itself() -> None:
    view = Views(GRAPH.schema, UNITS.needs).view(UNITS.everything)
    assert print_schema(view) == print_schema(FULL)
    assert view.type_map["Company"] is FULL.type_map["Company"]


def test_views_are_bounded_and_shared() -> None:
    views = Views(GRAPH.schema, UNITS.needs)
    grants = random_grants(MOST_VIEWS + 10)
    for grant in grants:
        views.view(grant)
    assert len(views.kept) <= MOST_VIEWS
    assert views.view(grants[-1]) is views.view(grants[-1])


def test_what_is_for_admins_says_so_and_is() -> None:
    admin = UNITS.permissions["admin"]
    roots = [FULL.query_type, FULL.mutation_type]
    for root in roots:
        assert root is not None
        for name, field in root.fields.items():
            needed = admin in UNITS.needs.get(f"{root.name}.{name}", ())
            assert needed == ("For admins." in (field.description or "")), name


@pytest.mark.parametrize("grant", [granted(), granted("summary"), *random_grants(6)])
def test_no_text_of_a_view_names_what_it_hides(grant: int) -> None:
    view = Views(GRAPH.schema, UNITS.needs).view(grant)
    text = print_schema(view)
    gone = members(FULL).keys() - members(view).keys()
    assert not [n for n in gone if n in text.replace('"', " ").split()]


def book(*keys: str) -> LayoutBook:
    return LayoutBook(
        tuple(
            Layout(
                f"some-{kind.lower()}",
                kind,
                None,
                "Some",
                is_default=True,
                placements=tuple(Placement(k, k, surfaces=SURFACES) for k in keys),
            )
            for kind in ("COMPANY", "RELATIONSHIP")
        )
    )


PROBED = ("support", "usage", "company_hierarchy")
HIDDEN_NAMES = (
    "support",
    "SupportSection",
    "SupportCase",
    "meanDaysToClose",
    "CaseConnection",
    "usage",
    "UsageSection",
    "UsageModule",
    "stickiness",
    "companyHierarchy",
    "HierarchyNode",
    "rolledUp",
    "arrAtLeast",
    "layoutFile",
    "explainLayout",
    "applyLayouts",
    "LayoutExplanation",
    "SectionPlugin",
    "setSectionPluginEnabled",
)
SECRET = "770431.77"


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(
        database,
        SECTIONS,
        book=book(*(k for k in KEYS if k not in PROBED)),
        permissions=[FieldPermission("csm", "Company.arr", "hidden")],
    )
    await made.fill(1)
    from cyclorama.testing import company

    await made.add(company(2, arr_minor=77043177, parent_id="company_1"))
    return made


async def test_introspection_knows_nothing_of_what_is_hidden(bench: Bench) -> None:
    answer = await bench.query(get_introspection_query())
    text = str(answer)
    assert not [n for n in HIDDEN_NAMES if f"'{n}'" in text]
    for name in HIDDEN_NAMES:
        found = await bench.query(f'{{ __type(name: "{name}") {{ name kind }} }}')
        assert found == {"__type": None}
    enum = '{ __type(name: "CompanyOrderField") { enumValues { name } } }'
    values = {v["name"] for v in (await bench.query(enum))["__type"]["enumValues"]}
    assert values == {"NAME", "RENEWAL_DATE", "SCORE", "UPDATED_AT"}
    whole = {
        v["name"]
        for v in (await bench.ask(enum, viewer=other()))["data"]["__type"]["enumValues"]
    }
    assert whole == {*values, "ARR"}


def other() -> Any:
    """A viewer from whom no field is hidden."""
    return replace(CSM, groups=())


async def test_500_wrong_questions_bring_nothing_to_light(bench: Bench) -> None:
    """No name that the question itself does not hold, and no hidden value."""
    texts = wrong(random.Random(500), 470)
    chance = random.Random(3)
    variables: list[Any] = [{}] * len(texts)
    for _ in range(30):
        member = chance.choice(("arrAtLeast", "arrAtLeas", "statusKeys", "scoreBelow"))
        texts.append(
            "query($f: CompanyFilter) { companies(filter: $f) { totalCount } }"
        )
        variables.append({"f": {member: chance.choice((1, "x", [770431], None))}})
    for text, values in zip(texts, variables, strict=True):
        answer = await bench.ask(text, **values)
        said = str(answer)
        assert SECRET not in said
        asked = text + str(values)
        leaked = [n for n in HIDDEN_NAMES if n in said and n not in asked]
        assert not leaked, (text, answer)
        assert "Did you mean" not in re.sub(r"Did you mean '\w+ { ... }'\?", "", said)


async def test_hidden_and_unknown_are_told_alike(bench: Bench) -> None:
    async def said(query: str, name: str, **variables: Any) -> str:
        return str(await bench.ask(query, **variables)).replace(name, "NAME")

    for hidden, unknown in (("support", "suppart"), ("arr", "arx")):
        query = '{ company(id: "company_1") { %s { __typename } } }'
        assert await said(query % hidden, hidden) == await said(
            query % unknown, unknown
        )
    filtered = "query($f: CompanyFilter) { companies(filter: $f) { totalCount } }"
    one = await said(filtered, "arrAtLeast", f={"arrAtLeast": 1})
    two = await said(filtered, "arrAtLeasx", f={"arrAtLeasx": 1})
    assert one == two


async def test_two_viewers_see_what_is_theirs_in_turn(bench: Bench) -> None:
    query = '{ company(id: "company_2") { arr { amount } } }'
    for _ in range(3):
        assert "data" not in await bench.ask(query)
        found = await bench.ask(query, viewer=other())
        assert found["data"]["company"]["arr"] == {"amount": SECRET}


async def test_an_admin_sees_what_is_for_admins(bench: Bench) -> None:
    query = "{ sectionPlugins { key } }"
    assert "data" not in await bench.ask(query)
    assert "errors" not in await bench.ask(query, viewer=ADMIN)
