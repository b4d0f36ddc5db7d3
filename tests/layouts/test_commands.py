"""`cyclorama layouts export`, `apply` and `explain`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cyclorama.app import App, make_app
from cyclorama.commands import common
from cyclorama.commands.layouts import applied, explained, exported, layouts_app
from cyclorama.config import load_settings
from cyclorama.errors import ConfigError
from cyclorama.layouts.file import LayoutFileError, export_layouts
from cyclorama.layouts.model import LayoutBook
from cyclorama.storage.accounts import add_user
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    ExternalRefRow,
    PicklistItemRow,
    Row,
    UserGroupRow,
)
from cyclorama.testing import NOW, company

FILE = """
layouts:
  - {key: base, kind: COMPANY, name: Base, is_default: true, placements: [{section: summary}]}
  - {key: any, kind: RELATIONSHIP, name: Any, is_default: true}
assignments:
  - rank: 1
    name: CSMs
    layout: base
    viewer: [{attribute: groups, operator: IN_GROUP, values: [csm]}]
    record: [{attribute: status, operator: EQ, values: [active]}]
"""


def external(number: int, entity: str, external_id: str) -> ExternalRefRow:
    return ExternalRefRow(
        id=f"ref_{number}",
        system="salesforce",
        object_type=f"Object{number}",
        external_id=external_id,
        entity_id=entity,
    )


async def fill(database: Database) -> None:
    async with database.write() as session:
        session.add(UserGroupRow(id="group_1", key="csm", name="CSM"))
        active = {"picklist": "company.status", "key": "active", "label": "Active"}
        session.add(PicklistItemRow(id="item_1", **active))
        await session.flush()
        session.add(company(1, status_id="item_1"))
        await add_user(session, email="ann@example.com", groups=["csm"], now=NOW)
        session.add(external(1, "company_1", "001"))
        session.add(external(2, "company_person_1", "001"))
        session.add(external(3, "company_1", "002"))
        session.add(external(4, "relationship_1", "002"))


@pytest.fixture
async def app(database: Database) -> App:
    await fill(database)
    return make_app(load_settings(), database)


@pytest.mark.anyio
async def test_a_file_with_problems_changes_nothing(app: App) -> None:
    await applied(app, FILE, None)
    broken = FILE.replace("section: summary", "section: sumary")
    with pytest.raises(LayoutFileError, match="no section 'sumary'"):
        await applied(app, broken.replace("Base", "Other"), None)
    with pytest.raises(LayoutFileError, match="no group 'sales'"):
        await applied(app, FILE.replace("[csm]", "[sales]"), None)
    with pytest.raises(LayoutFileError, match="no record attribute 'mood'"):
        await applied(app, FILE.replace("status", "mood"), None)
    book, _ = await exported(app)
    assert [layout.name for layout in book.layouts] == ["Base", "Any"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("kind", "section", "path", "near"),
    [
        ("COMPANY", "summary", "renewlDate", "near it are renewalDate"),
        ("COMPANY", "attributes", "csm.emial", "near it are csm.email"),
        (
            "COMPANY",
            "attributes",
            "parent.parent.name",
            "near it are parent.parent, parent.name",
        ),
        ("COMPANY", "attributes", "custom.gone", "no field 'custom.gone' of companies"),
        ("RELATIONSHIP", "summary", "industry", "near it are company.industry"),
        ("RELATIONSHIP", "company_hierarchy", "type", "no field 'type' of companies"),
    ],
)
async def test_settings_that_name_an_unknown_field_are_refused(
    app: App, kind: str, section: str, path: str, near: str
) -> None:
    config = {
        "summary": {"fields": [{"path": path}]},
        "attributes": {"groups": [{"label": "All", "fields": [{"path": path}]}]},
        "company_hierarchy": {"columns": [{"path": path}]},
    }[section]
    placed = json.dumps([{"section": section, "config": config}])
    name = "Base" if kind == "COMPANY" else "Any"
    text = FILE.replace(", placements: [{section: summary}]", "").replace(
        f"name: {name}", f"name: {name}, placements: {placed}"
    )
    with pytest.raises(LayoutFileError, match=near) as refused:
        await applied(app, text, None)
    (problem,) = refused.value.problems
    assert problem.path[-3:] == ("placements", 0, "config")
    assert not (await exported(app))[0].layouts


@pytest.mark.anyio
async def test_the_hierarchy_of_a_relationship_shows_fields_of_companies(
    app: App,
) -> None:
    placed = "[{section: company_hierarchy, config: {columns: [{path: industry}]}}]"
    text = FILE.replace("name: Any", f"name: Any, placements: {placed}")
    assert (await applied(app, text, None)).anything


@pytest.mark.anyio
async def test_another_version_than_expected_is_refused(app: App) -> None:
    version = (await applied(app, FILE, None)).version
    with pytest.raises(ConfigError, match=f"at version {version}, not 77"):
        await applied(app, FILE.replace("Base", "Other"), 77)


@pytest.mark.anyio
async def test_an_exported_file_changes_nothing_when_applied(app: App) -> None:
    assert (await applied(app, FILE, None)).anything
    book, schema = await exported(app)
    assert "SummaryConfig" in schema["$defs"]
    assert not (await applied(app, export_layouts(book), None)).anything


async def exports_what_it_has(database: Database) -> bool:
    """Whether applying its own file changes nothing."""
    app = make_app(load_settings(), database)
    book, _ = await exported(app)
    assert len(book.layouts) >= 8
    return not (await applied(app, export_layouts(book), None)).anything


@pytest.mark.anyio
async def test_the_presets_can_be_exported_and_applied(
    ready_database: Database,
) -> None:
    assert await exports_what_it_has(ready_database)


@pytest.mark.anyio
async def test_the_demos_layouts_can_be_exported_and_applied(
    demo_database: Database,
) -> None:
    assert await exports_what_it_has(demo_database)


@pytest.mark.anyio
async def test_an_unknown_or_ambiguous_record_is_refused(app: App) -> None:
    for named in ("company_2", "salesforce:999", "zendesk:001"):
        with pytest.raises(ConfigError, match=f"no company or relationship '{named}'"):
            await explained(app, named, "ann@example.com", "PAGE")
    with pytest.raises(ConfigError, match=r"2 records; .* company_1, relationship_1"):
        await explained(app, "salesforce:002", "ann@example.com", "PAGE")


@pytest.mark.anyio
async def test_a_record_is_explained_by_id_and_by_external_id(app: App) -> None:
    await applied(app, FILE, None)
    for named in ("company_1", "salesforce:001"):
        found = await explained(app, named, "ann@example.com", "PAGE")
        assert [(t.assignment, t.matched) for t in found.trail] == [("CSMs", True)]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands run on a SQLite file in `tmp_path`."""

    @asynccontextmanager
    async def opened(
        database_url: str | None, *, check_migrated: bool = True
    ) -> AsyncIterator[App]:
        path = tmp_path / "commands.db"
        is_new = not path.exists()
        database = Database(f"sqlite:///{path}")
        try:
            if is_new:
                async with database.engine.begin() as connection:
                    await connection.run_sync(Row.metadata.create_all)
                await fill(database)
            yield make_app(load_settings(), database)
        finally:
            await database.close()

    monkeypatch.setattr(common, "opened_app", opened)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(layouts_app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.mark.usefixtures("installed")
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"a: \xff")
    for path, why in (
        (tmp_path / "none.yaml", "No such file"),
        (tmp_path, "Is a directory"),
        (latin, "no UTF-8 text"),
    ):
        with pytest.raises(ConfigError, match=why):
            run("apply", str(path))
    with pytest.raises(ConfigError, match="can't be written"):
        run("export", "--output", str(tmp_path / "no" / "such.yaml"))


@pytest.mark.usefixtures("installed")
def test_layouts_go_out_and_in_on_the_command_line(tmp_path: Path) -> None:
    file, schema = tmp_path / "layouts.yaml", tmp_path / "layout.schema.json"
    file.write_text(FILE)
    assert run("apply", str(file)).splitlines() == [
        "Added: base, any",
        "Changed: the assignments",
        "The configuration is at version 1.",
    ]
    assert run("export", "--output", str(file), "--schema", str(schema)) == ""
    assert json.loads(schema.read_text())["title"] == "Cyclorama layout file"
    assert run("export") == file.read_text()
    assert json.loads(run("export", "--json"))["layouts"][0]["key"] == "base"
    assert run("apply", str(file)) == (
        "Nothing to change; the configuration stays at version 1.\n"
    )
    file.write_text(file.read_text().replace("name: Any", "name: All"))
    answer = json.loads(run("apply", str(file), "--expected-version", "1", "--json"))
    assert answer == {
        "changed": True,
        "layoutsAdded": [],
        "layoutsChanged": ["any"],
        "layoutsRemoved": [],
        "assignmentsChanged": False,
        "sharedSectionsChanged": False,
        "pinsChanged": False,
        "version": 2,
    }


@pytest.mark.usefixtures("installed")
def test_a_layout_is_explained_on_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "layouts.yaml"
    file.write_text(FILE)
    run("apply", str(file))
    asked = ("explain", "--record", "company_1", "--user", "ann@example.com")
    assert run(*asked).splitlines() == [
        "Layout base (Base), version 1",
        "  Assignment 1 'CSMs' is the first that matches.",
        "  1 CSMs -> base: matches",
        "      viewer groups hold the group csm: yes (csm)",
        "      record status is active: yes (active)",
        "Sections: summary",
    ]
    answer = json.loads(run(*asked, "--surface", "EMBED", "--json"))
    assert answer["sections"] == []
    assert answer["withheld"] == [
        {"instanceKey": "summary", "section": "summary", "reason": "OTHER_SURFACE"}
    ]
    assert answer["trail"][0]["because"][1] == "record status is active: yes (active)"


def code(*arguments: str) -> int:
    return CliRunner().invoke(layouts_app, arguments, catch_exceptions=False).exit_code


@pytest.mark.usefixtures("installed")
def test_the_exit_codes_tell_changes_problems_and_conflicts(tmp_path: Path) -> None:
    file, broken = tmp_path / "layouts.yaml", tmp_path / "broken.yaml"
    file.write_text(FILE)
    broken.write_text(FILE.replace("summary", "sumary"))
    assert code("plan", str(broken)) == 1
    assert code("plan", str(file)) == 2
    assert code("apply", str(file), "--expected-version", "7") == 3
    run("apply", str(file), "--author", "ann@example.com")
    assert run("plan", str(file)).splitlines()[:2] == [
        "Against version 1 of the configuration.",
        "Nothing to change.",
    ]
    assert run("export") == FILE
    assert json.loads(run("history", "--json"))[0]["author"] == "ann@example.com"


@pytest.mark.usefixtures("installed")
def test_layouts_are_cloned_published_and_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "layouts.yaml"
    file.write_text(FILE.replace("layouts:", "# A remark.\nlayouts:"))
    run("apply", str(file))
    assert "Added: copy" in run("clone", "base", "copy", "--name", "Copy")
    assert "# A remark." in run("export")
    assert "Changed: base" in run("publish", "copy", "--over", "base")
    assert code("revert", "1", "--expected-version", "1") == 3
    assert "Changed: base" in run("revert", "1")
    assert run("export") == file.read_text()
    with pytest.raises(ConfigError, match="no change of layouts with the version 99"):
        run("revert", "99")


@pytest.mark.usefixtures("installed")
def test_a_layout_is_explained_for_a_set_of_groups(tmp_path: Path) -> None:
    file = tmp_path / "layouts.yaml"
    file.write_text(FILE)
    run("apply", str(file))
    asked = ("explain", "--record", "company_1")
    with pytest.raises(ConfigError, match="--user, --group"):
        run(*asked)
    with pytest.raises(ConfigError, match="no group 'none'; there are csm"):
        run(*asked, "--group", "none")
    answer = json.loads(run(*asked, "--group", "csm", "--json"))
    assert answer["outcome"] == "Assignment 1 'CSMs' is the first that matches."


def test_an_empty_book_has_an_empty_file() -> None:
    assert export_layouts(LayoutBook()).endswith("layouts: []\nassignments: []\n")
