"""Settings of placements: brought to their section's version, or said to be unusable."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field
from typer.testing import CliRunner
from weather import forecast

import cyclorama.app
from cyclorama.app import App, graph, make_app
from cyclorama.cli import app as program
from cyclorama.config import Settings
from cyclorama.errors import PluginError
from cyclorama.layouts.model import Layout, LayoutBook, Placement, stamped
from cyclorama.layouts.presets import presets
from cyclorama.layouts.resolution import resolve
from cyclorama.plugins import Section
from cyclorama.plugins.compose import compose
from cyclorama.plugins.configs import upgraded
from cyclorama.plugins.discovery import discover
from cyclorama.resolvers.book import load_book, save_book
from cyclorama.storage.engine import Database
from cyclorama.testing import ADMIN, NOW, Bench

anyio = pytest.mark.anyio


class Units(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unit: str = Field("C", title="Unit", description="C or F.", max_length=1)


def upgrade(config: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    """Version 1 wrote `fahrenheit: true`, version 2 the unit as a word."""
    if version == 1:
        return {"unit": "F" if config["fahrenheit"] else "C"}
    return {"unit": config["unit"][:1].upper()}


def weather(**values: Any) -> Section:
    given = {"config": Units, "config_version": 3, "upgrade_config": upgrade}
    return forecast(**{**given, **values})


def book(config: Any, version: int) -> LayoutBook:
    placed = Placement("f", "forecast", config=config, config_version=version)
    return LayoutBook(
        (Layout("base", "COMPANY", None, "B", "", True, placements=(placed,)),)
    )


def read(config: Any, version: int, section: Section | None = None) -> Placement:
    sections = {"forecast": section or weather()}
    return upgraded(book(config, version), sections).layouts[0].placements[0]


# -- refusals


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"config_version": 0}, "the first is 1"),
        ({"config_version": True}, "the first is 1"),
        ({"config_version": "2"}, "the first is 1"),
        ({"upgrade_config": None}, "give it a `config` and an `upgrade_config`"),
        ({"config": None}, "give it a `config` and an `upgrade_config`"),
        ({"config_version": 1}, "raise its `config_version`"),
    ],
)
def test_versions_that_can_not_be_are_refused_by_name(
    values: dict[str, Any], words: str
) -> None:
    with pytest.raises(PluginError, match="forecast") as refused:
        compose([weather(**values)])
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("config", "version", "words"),
    [
        ({"fahrenheit": True}, 4, "a newer version"),
        ({"celsius": True}, 1, "version 1 can't be brought to version 3: KeyError"),
        ({"unit": "Kelvin"}, 3, "can't be used: unit: "),
        ({"colour": 1}, 3, "can't be used: colour: "),
    ],
)
def test_settings_that_can_not_be_used_are_nobodys(
    config: Any, version: int, words: str
) -> None:
    placement = read(config, version)
    assert words in (placement.problem or "")
    assert placement.config == config
    sections = {"forecast": weather()}
    resolution = resolve(
        upgraded(book(config, version), sections),
        viewer={},
        record={},
        kind="COMPANY",
        relationship_type=None,
        today=NOW.date(),
        sections={"forecast": weather().facts()},
    )
    assert resolution.placements == ()
    assert [w.reason for w in resolution.withheld] == ["NOT_CONFIGURED"]


# -- upgrades


def test_settings_come_to_the_version_of_their_section() -> None:
    assert read({"fahrenheit": True}, 1).config == {"unit": "F"}
    assert read({"unit": "celsius"}, 2).config == {"unit": "C"}
    placement = read({"unit": "F"}, 3)
    assert (placement.config, placement.config_version) == ({"unit": "F"}, 3)
    assert placement.problem is None


def test_a_section_that_is_not_installed_keeps_its_settings() -> None:
    held = book({"x": 1}, 7)
    assert upgraded(held, {}) == held


def test_new_settings_are_written_at_the_version_of_today() -> None:
    facts = {"forecast": weather().facts()}
    (placement,) = stamped(book({"unit": "C"}, 1), facts).layouts[0].placements
    assert placement.config_version == 3
    made = presets(
        {key: replace(f, config_version=2) for key, f in graph().facts({}).items()}
    )
    versions = {p.config_version for layout in made.layouts for p in layout.placements}
    assert versions == {2}


@anyio
async def test_an_upgrade_is_written_on_the_next_save(database: Database) -> None:
    async with database.write() as session:
        await save_book(session, book({"fahrenheit": True}, 1))
    async with database.read() as reading:
        held = await load_book(reading)
    assert held.layouts[0].placements[0].config_version == 1
    loaded = upgraded(held, {"forecast": weather()})
    async with database.write() as session:
        saved = await save_book(session, loaded)
    assert saved.changed == ("base",)
    async with database.read() as reading:
        (placement,) = (await load_book(reading)).layouts[0].placements
    assert (placement.config, placement.config_version) == ({"unit": "F"}, 3)
    async with database.write() as session:
        assert not (await save_book(session, loaded)).anything


@anyio
async def test_a_server_reads_upgraded_settings(database: Database) -> None:
    made = make_app(Settings(), database)
    composed = compose([weather()])
    app = App(made.settings, database, composed, made.engine)
    async with database.write() as session:
        await save_book(session, book({"fahrenheit": True}, 1))
    async with database.read() as reading:
        (layout,) = (await app.configuration(reading)).book.layouts
    assert layout.placements[0].config == {"unit": "F"}


@anyio
async def test_admins_see_the_version_of_settings(database: Database) -> None:
    bench = Bench(database, [weather()])
    query = "{ sectionPlugins { configVersion configSchema } }"
    answer = await bench.ask(query, viewer=ADMIN)
    (plugin,) = answer["data"]["sectionPlugins"]
    assert plugin["configVersion"] == 3
    unit = plugin["configSchema"]["properties"]["unit"]
    assert (unit["title"], unit["description"]) == ("Unit", "C or F.")


@pytest.mark.parametrize("section", discover().sections, ids=lambda s: s.key)
def test_every_setting_has_a_title_and_a_help_text(section: Section) -> None:
    if section.config is None:
        return
    schema = section.config.model_json_schema()
    for name, model in {**schema.get("$defs", {}), section.key: schema}.items():
        for setting, shown in model.get("properties", {}).items():
            assert shown.get("title"), (name, setting)
            assert shown.get("description"), (name, setting)


# -- doctor


def doctor(url: str) -> list[str]:
    done = CliRunner().invoke(program, ["doctor", "--database-url", url])
    return done.output.splitlines()


async def _save(url: str, made: LayoutBook) -> None:
    database = Database(url)
    async with database.write() as session:
        await save_book(session, made)
    await database.close()


async def _execute(url: str, statement: str) -> None:
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(statement)
    await database.close()


@anyio
async def test_doctor_names_what_still_tells_of_what_is_masked(ready_url: str) -> None:
    nothing = "ok     Nothing that masks hide can be told from what they leave."
    assert nothing in await asyncio.to_thread(doctor, ready_url)
    runner = CliRunner()
    command = ["masks", "set", "csm", "SupportCase.isClosed", "hidden"]
    done = await asyncio.to_thread(
        runner.invoke, program, [*command, "--database-url", ready_url]
    )
    assert done.exit_code == 0, done.output
    lines = await asyncio.to_thread(doctor, ready_url)
    assert nothing not in lines
    assert (
        "ok     SupportCase.isClosed is hidden from csm, who can still tell something of "
        "it by: SupportSection.cases, whose rows are chosen by it."
    ) in lines


@anyio
async def test_doctor_names_placements_that_nobody_gets(
    ready_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    composed = compose([*discover().sections, weather()])
    monkeypatch.setattr(cyclorama.app, "graph", lambda: composed)
    placements = (
        Placement("old", "forecast", config={"fahrenheit": True}),
        Placement("bad", "forecast", config={"unit": "Kelvin"}, config_version=3),
        Placement("bare", "attributes"),
    )
    layout = Layout("base", "COMPANY", None, "B", "", True, placements=placements)
    await _save(ready_url, LayoutBook((layout,)))
    await _execute(ready_url, "INSERT INTO section_plugin VALUES ('forecast', false)")
    await _execute(
        ready_url,
        "DROP TRIGGER audit_head_no_update"
        if ready_url.startswith("sqlite")
        else "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
    )
    lines = await asyncio.to_thread(doctor, ready_url)
    wrong = [line for line in lines if line.startswith("WRONG")]
    named = "WRONG  The placement {} of the layout base is shown to nobody: "
    assert wrong[0].startswith(
        named.format("'bad'") + "its settings can't be used: unit"
    )
    assert wrong[1] == named.format("'bare'") + "it has no settings."
    assert "does not guard the audit log" in wrong[2]
    assert len(wrong) == 3
    well = "\n".join(line for line in lines if line.startswith("ok"))
    assert "The placement 'old' of the layout base has settings of an earlier" in well
    assert "'forecast' is switched off; layouts that place it: base." in well
