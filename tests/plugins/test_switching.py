"""Section plugins are switched by admins, and everybody reads the same switches."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field
from weather import forecast, weather

from cyclorama.errors import InvalidInputError
from cyclorama.layouts.model import Layout, LayoutBook, Placement
from cyclorama.plugins.compose import compose
from cyclorama.plugins.discovery import Failure
from cyclorama.plugins.switching import plugin_facts, set_enabled
from cyclorama.storage.configuration import read_version
from cyclorama.storage.engine import Database
from cyclorama.storage.switches import load_switches
from cyclorama.testing import ADMIN, Bench

pytestmark = pytest.mark.anyio

SWITCH = """
    mutation($key: String!, $enabled: Boolean!) {
      setSectionPluginEnabled(key: $key, enabled: $enabled) {
        plugin { key enabled }
        errors { path code message }
      }
    }
"""


class Units(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unit: str = Field("C", title="Unit")


async def state(database: Database) -> tuple[dict[str, bool], int]:
    async with database.read() as reading:
        return dict(await load_switches(reading)), await read_version(reading)


async def switched(bench: Bench, key: str, enabled: bool, **options: Any) -> Any:
    answer = await bench.ask(SWITCH, key=key, enabled=enabled, **options)
    return answer["data"]["setSectionPluginEnabled"]


async def test_who_is_no_admin_can_not_switch(database: Database) -> None:
    before = await state(database)
    bench = Bench(database, [weather()])
    answer = await bench.ask(SWITCH, key="weather", enabled=False)
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert await state(database) == before


async def test_who_is_no_admin_does_not_see_the_plugins(database: Database) -> None:
    answer = await Bench(database, [weather()]).ask("{ sectionPlugins { key } }")
    assert "data" not in answer
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_an_unknown_key_is_named_with_those_there_are(database: Database) -> None:
    before = await state(database)
    bench = Bench(database, [weather(), forecast()])
    payload = await switched(bench, "wether", False, viewer=ADMIN)
    (error,) = payload["errors"]
    assert (error["path"], error["code"]) == (["key"], "NOT_FOUND")
    assert "'wether'" in error["message"]
    assert "forecast, weather" in error["message"]
    long = await switched(bench, "w" * 10_000, False, viewer=ADMIN)
    assert len(long["errors"][0]["message"]) < 200
    assert await state(database) == before
    async with database.write() as session:
        with pytest.raises(InvalidInputError, match="'wether'"):
            await set_enabled(session, bench.graph.sections, "wether", False)


async def test_a_switch_is_stored_and_raises_the_version(database: Database) -> None:
    bench = Bench(database, [weather()])
    _, version = await state(database)
    payload = await switched(bench, "weather", False, viewer=ADMIN)
    assert payload == {"plugin": {"key": "weather", "enabled": False}, "errors": []}
    switches, after = await state(database)
    assert switches == {"weather": False}
    assert after > version
    await switched(bench, "weather", True, viewer=ADMIN)
    assert (await state(database))[0] == {"weather": True}


async def test_switching_to_what_it_is_changes_nothing(database: Database) -> None:
    before = await state(database)
    bench = Bench(database, [weather()])
    payload = await switched(bench, "weather", True, viewer=ADMIN)
    assert payload["plugin"]["enabled"] is True
    assert await state(database) == before


async def test_a_section_that_is_switched_off_does_not_exist(
    database: Database,
) -> None:
    bench = Bench(database, [weather()])
    await bench.fill()
    bench.switches = {"weather": False}
    answer = await bench.ask(
        '{ company(id: "company_1") { name weather { skies { id } } } }'
    )
    (error,) = answer["errors"]
    assert error["message"] == "Cannot query field 'weather' on type 'Company'."
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert not bench.statements


async def test_admins_see_what_is_installed_and_who_places_it(
    database: Database,
) -> None:
    book = LayoutBook(
        tuple(
            Layout(key, "COMPANY", None, key, placements=(Placement("a", "forecast"),))
            for key in ("late", "early")
        )
    )
    section = forecast(config=Units, kinds=["COMPANY"], version="2.0")
    bench = Bench(database, [section], book=book)
    answer = await bench.ask(
        "{ sectionPlugins { key label version kinds surfaces maxInstances requiresConfig"
        " enabled configSchema usedBy error } }",
        viewer=ADMIN,
    )
    (plugin,) = answer["data"]["sectionPlugins"]
    schema = plugin.pop("configSchema")
    assert schema["properties"]["unit"]["title"] == "Unit"
    assert plugin == {
        "key": "forecast",
        "label": "Forecast",
        "version": "2.0",
        "kinds": ["COMPANY"],
        "surfaces": ["PAGE", "CRM_ACCOUNT", "CRM_OPPORTUNITY", "EMBED"],
        "maxInstances": 1,
        "requiresConfig": False,
        "enabled": True,
        "usedBy": ["early", "late"],
        "error": None,
    }


def test_a_plugin_that_failed_is_listed_last_with_its_error() -> None:
    failure = Failure("broken", "broken-package", "ValueError: no licence")
    graph = compose([weather()], [failure])
    working, broken = plugin_facts(graph, LayoutBook(), {"weather": False})
    assert (working.key, working.enabled, working.error) == ("weather", False, None)
    assert (broken.key, broken.enabled) == ("broken", False)
    assert broken.distribution == "broken-package"
    assert broken.error == "ValueError: no licence"


async def test_admins_see_what_kind_of_error_it_was_and_no_text_of_it(
    database: Database,
) -> None:
    failure = Failure("broken", "broken-package", "ValueError: the key is hush")
    bench = Bench(database, [weather()])
    bench.graph = compose([weather()], [failure])
    answer = await bench.ask("{ sectionPlugins { key error } }", viewer=ADMIN)
    assert answer["data"]["sectionPlugins"] == [
        {"key": "weather", "error": None},
        {"key": "broken", "error": "ValueError"},
    ]


async def test_a_package_that_failed_under_a_sections_name_does_not_stop_its_switch(
    database: Database,
) -> None:
    failure = Failure("weather", "broken-package", "ValueError: no licence")
    bench = Bench(database, [weather()])
    bench.graph = compose([weather()], [failure])
    done = await switched(bench, "weather", False, viewer=ADMIN)
    assert done == {"plugin": {"key": "weather", "enabled": False}, "errors": []}
