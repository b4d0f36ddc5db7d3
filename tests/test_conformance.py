"""Every section that is found conforms: as a value, and as a part of the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from cyclorama.demo import add_rows
from cyclorama.plugins.discovery import discover
from cyclorama.plugins.section import Section
from cyclorama.plugins.switching import config_schema
from cyclorama.storage.engine import Database
from cyclorama.testing import Bench, conformance, everything, fields_alone

pytestmark = pytest.mark.anyio

FOUND = discover()
PLACEABLE = [s for s in FOUND.sections if s.type is not None and not s.requires_config]


def each(sections: list[Section]) -> Callable[..., Any]:
    """Runs a test for each of the sections."""
    return pytest.mark.parametrize("section", sections, ids=lambda s: s.key)


def camel(key: str) -> str:
    first, *others = key.split("_")
    return first + "".join(word.title() for word in others)


def page(bench: Bench, section: Section) -> str:
    """A query for everything that the section shows of one record."""
    assert section.type is not None
    name = section.type.__strawberry_definition__.name
    asked = everything(bench.graph.schema, name)
    return f"query($id: ID!) {{ {root(section)}(id: $id) {{ {camel(section.key)} {asked} }} }}"


def root(section: Section) -> str:
    return "company" if "COMPANY" in section.kinds else "relationship"


def a_record(section: Section) -> str:
    return f"{root(section)}_1"


async def demo(bench: Bench, section: Section, companies: int) -> None:
    records = await bench.fill(companies)
    if section.demo is not None:
        async with bench.database.write() as session:
            await add_rows(session, section.demo(records))


def test_no_plugin_fails() -> None:
    assert [f for f in FOUND.failures if not f.name.startswith("plugin_")] == []


@each(list(FOUND.sections))
def test_a_section_conforms(section: Section) -> None:
    assert conformance(section) == []


@each(list(FOUND.sections))
def test_the_settings_of_a_section_are_valid_json_schema(section: Section) -> None:
    schema = config_schema(section)
    jsonschema.Draft202012Validator.check_schema(schema)
    if section.config is not None and not section.requires_config:
        jsonschema.validate({}, schema)
        section.config.model_validate({})


@each(PLACEABLE)
async def test_everything_of_a_section_is_answered(
    section: Section, database: Database
) -> None:
    bench = Bench(database, FOUND.sections)
    await demo(bench, section, 2)
    answer = await bench.query(page(bench, section), id=a_record(section))
    assert answer[root(section)][camel(section.key)] is not None


@each(PLACEABLE)
async def test_plans_and_graph_resolvers_answer_alike(
    section: Section, database: Database
) -> None:
    planned = Bench(database, FOUND.sections)
    resolved = Bench(database, FOUND.sections, planned=False)
    await demo(planned, section, 2)
    query = page(planned, section)
    for record in (a_record(section), "no_such_record"):
        given = {"id": record}
        assert await planned.ask(query, **given) == await resolved.ask(query, **given)


@each(PLACEABLE)
async def test_each_field_of_a_section_is_answered_alone(
    section: Section, database: Database
) -> None:
    bench = Bench(database, FOUND.sections)
    await demo(bench, section, 1)
    assert section.type is not None
    name = section.type.__strawberry_definition__.name
    for asked in fields_alone(bench.graph.schema, name):
        query = f"query($id: ID!) {{ {root(section)}(id: $id) {{ {camel(section.key)} {asked} }} }}"
        answer = await bench.ask(query, id=a_record(section))
        assert "errors" not in answer, (asked, answer["errors"])


@each(PLACEABLE)
async def test_a_hidden_section_is_null_and_none_of_its_tables_is_read(
    section: Section, database: Database
) -> None:
    bench = Bench(database, FOUND.sections, hidden=[section.key])
    await demo(bench, section, 1)
    answer = await bench.ask(page(bench, section), id=a_record(section))
    assert answer["data"][root(section)] == {camel(section.key): None}
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "SECTION_NOT_IN_LAYOUT"
    for table in section.tables:
        assert not any(table.__tablename__ in s for s in bench.statements)


@each([s for s in PLACEABLE if "COMPANY" in s.kinds])
async def test_fifty_records_cost_as_many_statements_as_one(
    section: Section, database: Database
) -> None:
    bench = Bench(database, FOUND.sections)
    await demo(bench, section, 50)
    assert section.type is not None
    name = section.type.__strawberry_definition__.name
    asked = everything(bench.graph.schema, name, depth=4)
    query = f"query($n: Int!) {{ companies(first: $n) {{ edges {{ node {{ {camel(section.key)} {asked} }} }} }} }}"
    await bench.query(query, n=1)
    one = len(bench.statements)
    found = await bench.query(query, n=50)
    assert len(found["companies"]["edges"]) == 50
    assert len(bench.statements) == one


@each(PLACEABLE)
async def test_a_record_without_rows_is_answered(
    section: Section, database: Database
) -> None:
    bench = Bench(database, FOUND.sections)
    await bench.fill(1)
    for kind in sorted(section.kinds):
        name = kind.lower()
        query = page(bench, section).replace(f"{root(section)}(id", f"{name}(id")
        found = await bench.query(query, id=f"{name}_1")
        assert found[name][camel(section.key)] is not None
