"""Composition refuses what can't be, and adds fields where sections say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import strawberry
from graphql import print_type
from pydantic import BaseModel
from weather import (
    ForecastSection,
    HillRow,
    SkyRow,
    WeatherSection,
    context_calls,
    forecast,
    instruments,
    smell,
    weather,
    wind,
)

from cyclorama.errors import FieldConflictError, PluginError
from cyclorama.plugins import (
    Info,
    Parent,
    Record360,
    RecordCondition,
    Section,
    SectionBase,
    read,
)
from cyclorama.plugins.commands import Commands
from cyclorama.plugins.compose import compose
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import CompanyRow
from cyclorama.testing import Bench, company

pytestmark = pytest.mark.anyio


@strawberry.type(name="Sky", description="Another sky.")
class OtherSky:
    blue: bool


@strawberry.type(description="A section.")
class OtherSection(SectionBase):
    sky: OtherSky | None = read.known(lambda: None)


def of(package: str, section: Section) -> Section:
    return replace(section, distribution=package)


def refusal(*sections: Section, kind: type[PluginError] = PluginError) -> str:
    with pytest.raises(kind) as caught:
        compose(sections)
    return str(caught.value)


def conflict(*sections: Section) -> str:
    return refusal(*sections, kind=FieldConflictError)


def test_two_sections_with_one_key_are_refused_by_package() -> None:
    other = forecast(key="weather")
    message = conflict(of("sunny", weather()), of("rainy", other))
    assert "key 'weather'" in message
    assert "'sunny'" in message
    assert "'rainy'" in message
    assert "rename" in message


def test_a_field_that_two_sections_add_is_refused_naming_both() -> None:
    message = conflict(instruments(), weather(fields=[wind]))
    assert message.startswith(
        "Company.wind is contributed by both 'instruments' and 'weather'"
    )


def test_a_field_that_the_core_has_is_refused() -> None:
    async def name(record: Parent[Record360]) -> str:
        """Another name."""
        return ""

    message = conflict(instruments(fields=[name]))
    assert "Company.name" in message
    assert "Cyclorama itself and 'instruments'" in message


def test_two_keys_with_one_name_in_the_graph_are_refused() -> None:
    message = conflict(forecast(key="hill_1"), weather(key="hill1", tables=()))
    assert "Company.hill1" in message


def test_two_types_with_one_name_are_refused_naming_both() -> None:
    message = conflict(weather(), forecast(type=OtherSection))
    assert "Sky is defined multiple times" in message
    assert "weather.Sky" in message
    assert "OtherSky" in message
    assert "section 'weather'" in message


def test_a_type_of_two_sections_is_refused() -> None:
    message = conflict(weather(), forecast(type=WeatherSection))
    assert "type 'WeatherSection'" in message
    assert "'forecast' and 'weather'" in message


def test_a_table_outside_the_sections_prefix_is_refused() -> None:
    message = refusal(weather(key="climate"))
    assert "'weather_sky'" in message
    assert "'climate'" in message
    assert "climate_weather_sky" in message


def test_a_table_that_two_sections_claim_is_refused() -> None:
    message = conflict(
        weather(tables=[HillRow]), forecast(key="weather_hill", tables=[HillRow])
    )
    assert "table 'weather_hill_top'" in message
    assert "'weather' and 'weather_hill'" in message


def test_a_type_of_ids_that_two_sections_claim_is_refused() -> None:
    message = conflict(
        weather(nodes={"sky": OtherSky}), forecast(nodes={"sky": OtherSky})
    )
    assert "type of ids 'sky'" in message
    assert "'forecast' and 'weather'" in message


def test_a_table_with_a_base_of_its_own_is_refused() -> None:
    class Strange:
        __tablename__ = "weather_strange"

    assert "subclass of cyclorama.plugins.Row" in refusal(weather(tables=[Strange]))


def test_a_function_that_does_not_say_where_it_belongs_is_refused() -> None:
    async def fog(record: Record360) -> str:
        """How thick it is."""
        return ""

    async def haze() -> str:
        """How far one sees."""
        return ""

    for function in (fog, haze):
        message = refusal(instruments(fields=[function]))
        assert function.__name__ in message
        assert "Parent[Company]" in message


def test_a_parent_that_is_no_object_type_is_refused() -> None:
    async def fog(section: Parent[SectionBase]) -> str:
        """How thick it is."""
        return ""

    async def haze(text: Parent[str]) -> str:
        """How far one sees."""
        return ""

    assert "SectionBase, which is no object type" in refusal(instruments(fields=[fog]))
    assert "str, which is no object type" in refusal(instruments(fields=[haze]))


def test_a_name_that_annotations_can_not_reach_is_refused() -> None:
    async def fog(record: Parent[Missing]) -> str:  # type: ignore[name-defined] # noqa: F821
        """How thick it is."""
        return ""

    message = refusal(instruments(fields=[fog]))
    assert "'Missing' is not defined" in message
    assert "TYPE_CHECKING" in message


def test_a_function_without_a_docstring_is_refused() -> None:
    async def fog(record: Parent[Record360]) -> str:
        return ""

    async def wish(info: Info) -> str:
        return ""

    assert "fog of the section 'instruments' has no docstring" in refusal(
        instruments(fields=[fog])
    ).replace("test_a_function_without_a_docstring_is_refused.<locals>.", "")
    assert "has no docstring" in refusal(instruments(mutations=[wish]))


def test_a_type_without_a_description_is_refused() -> None:
    @strawberry.type
    class Bare(SectionBase):
        words: str = read.value("Rain.")

    assert "Bare of the section 'forecast' has no description" in refusal(
        forecast(type=Bare)
    )


def test_a_type_that_is_no_section_is_refused() -> None:
    @strawberry.type(description="A type.")
    class Plain:
        words: str

    class Undecorated(SectionBase):
        words: str = read.value("Rain.")

    assert "derive it from SectionBase" in refusal(forecast(type=Plain))
    assert "@strawberry.type" in refusal(forecast(type=Undecorated))


class Settings(BaseModel):
    unit: str


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"key": "coldWeather"}, "not snake_case"),
        ({"key": "cold-weather"}, "not snake_case"),
        ({"key": ""}, "not snake_case"),
        ({"key": "_cold"}, "not snake_case"),
        ({"title": ""}, "has no title"),
        ({"type": None}, "shows nothing"),
        ({"kinds": []}, "COMPANY, RELATIONSHIP"),
        ({"kinds": ["PERSON"]}, "COMPANY, RELATIONSHIP"),
        ({"surfaces": ["WATCH"]}, "CRM_ACCOUNT"),
        ({"requires_config": True}, "give it a `config`"),
        ({"config": {"unit": "C"}}, "give it a subclass of pydantic.BaseModel"),
    ],
)
def test_a_value_that_makes_no_section_is_refused(
    values: dict[str, Any], words: str
) -> None:
    message = refusal(forecast(**values))
    assert words in message


def test_a_schema_that_strawberry_refuses_names_what_is_wrong() -> None:
    @strawberry.type(description="A section.")
    class Unresolvable(SectionBase):
        words: object = read.value("Rain.")

    message = refusal(forecast(type=Unresolvable))
    assert message.startswith("The section 'forecast' can't be composed: Unresolvable")


def test_a_name_that_the_graph_can_not_have_is_refused_with_its_section() -> None:
    @strawberry.type(description="A section.")
    class Hyphenated(SectionBase):
        words: str = strawberry.field(name="some-words", default="Rain.")

    @strawberry.type(name="__Reserved", description="A section.")
    class Reserved(SectionBase):
        words: str = read.value("Rain.")

    for type_, name in ((Hyphenated, "some-words"), (Reserved, "__Reserved")):
        message = refusal(weather(), forecast(type=type_))
        assert message.startswith("The section 'forecast' can't be composed")
        assert name in message


def test_a_section_is_a_nullable_field_of_its_kinds_only() -> None:
    graph = compose([weather(), forecast(kinds=["RELATIONSHIP"])])
    company, relationship, section = (
        print_type(graph.schema._schema.type_map[name])
        for name in ("Company", "Relationship", "WeatherSection")
    )
    assert "weather(instance: String = null): WeatherSection\n" in company
    assert "forecast" not in company
    assert "forecast(instance: String = null): ForecastSection\n" in relationship
    assert "type WeatherSection implements Section" in section


def test_a_function_is_a_nullable_field_described_by_its_first_paragraph() -> None:
    type_ = compose([instruments()]).schema._schema.type_map["Company"]
    wind_field, rain_field = type_.fields["wind"], type_.fields["rain"]
    assert str(wind_field.type) == "String"
    assert str(rain_field.type) == "[Float!]"
    assert wind_field.description == "From where the wind blows."
    assert "not clients" not in str(wind_field.description)


def test_two_graphs_of_one_process_do_not_share_fields() -> None:
    with_both = compose([weather(), forecast()])
    alone = compose([weather()])
    assert "forecast" not in alone.schema._schema.type_map["Company"].fields
    assert "forecast" in with_both.schema._schema.type_map["Company"].fields
    assert list(with_both.sections) == ["forecast", "weather"]


def test_a_section_of_cards_alone_adds_no_field() -> None:
    from cyclorama.plugins import Card

    section = Section(key="sun", title="Sun", cards=[Card(key="h", label="H", value=1)])
    assert "sun" not in compose([section]).schema._schema.type_map["Company"].fields


async def test_a_hidden_section_is_null_and_its_function_has_not_run(
    database: Database,
) -> None:
    bench = Bench(database, [instruments(), weather()], hidden=["instruments"])
    await bench.fill()
    context_calls.clear()
    answer = await bench.ask('{ company(id: "company_1") { name rain wind } }')
    assert answer["data"]["company"] == {
        "name": "Company 1",
        "rain": None,
        "wind": None,
    }
    codes = {e["extensions"]["code"] for e in answer["errors"]}
    assert codes == {"SECTION_NOT_IN_LAYOUT"}
    assert context_calls == []


async def test_declared_and_resolved_sections_answer_side_by_side(
    database: Database,
) -> None:
    bench = Bench(database, [weather(fields=[smell]), instruments()])
    await bench.fill()
    await bench.add(SkyRow(id="sky_1", company_id="company_1", words="Clear."))
    found = await bench.query(
        '{ company(id: "company_1") { wind rain(days: 2) weather { skies { words } } } }'
    )
    assert found["company"] == {
        "wind": "west of company_1",
        "rain": [0.0, 1.0],
        "weather": {"skies": [{"words": "Clear."}]},
    }


async def test_functions_of_a_list_of_records_are_batched(database: Database) -> None:
    bench = Bench(database, [instruments()])
    await bench.fill(companies=3)
    context_calls.clear()
    await bench.query("{ companies(first: 3) { edges { node { rain } } } }")
    assert context_calls == [3]


async def test_a_field_on_the_type_of_another_section_is_answered(
    database: Database,
) -> None:
    bench = Bench(database, [weather(), instruments(fields=[smell])])
    await bench.fill(companies=1)
    found = await bench.query(
        '{ company(id: "company_1") { weather { smell skies { id } } } }'
    )
    assert found["company"]["weather"] == {"smell": "Ozone.", "skies": []}


async def test_a_mutation_of_a_section_answers(database: Database) -> None:
    bench = Bench(database, [instruments()])
    found = await bench.query(
        'mutation { wish(words: "Sun") { wish errors { path } } }'
    )
    assert found == {"wish": {"wish": "Sun", "errors": []}}


def test_builders_make_what_they_say() -> None:
    assert isinstance(company(), CompanyRow)
    assert ForecastSection.__name__ == "ForecastSection"


def test_two_groups_of_commands_with_one_name_are_refused() -> None:
    brought = Commands("sky", "The sky.", ())
    message = conflict(weather(commands=brought), forecast(commands=brought))
    assert "group of commands 'sky'" in message


def test_a_condition_on_records_is_refused_without_its_field_and_twice() -> None:
    def raining(field: str) -> RecordCondition:
        return RecordCondition(where={"COMPANY": CompanyRow.id != ""}, fields=(field,))

    wrong = weather(record_conditions={"wet": raining("Sky.nothing")})
    assert "'Sky.nothing', which does not exist" in refusal(wrong)
    one = weather(record_conditions={"wet": raining("Sky.blue")})
    other = forecast(record_conditions={"wet": raining("Sky.blue")})
    assert "'wet'" in conflict(one, other)
