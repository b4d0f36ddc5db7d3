"""A new database is ready after one call; an old one keeps what was changed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from audit_entries import logged
from typer.testing import CliRunner, Result

import cyclorama.app
from cyclorama.app import clock, graph
from cyclorama.cli import app as program
from cyclorama.errors import ConfigError
from cyclorama.layouts.model import Layout, Placement
from cyclorama.plugins.discovery import Failure
from cyclorama.plugins.setup import bring_up_to_date
from cyclorama.resolvers.book import load_book, save_book
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EventRow
from cyclorama.storage.rows import ConfigurationRow, PicklistItemRow, UserGroupRow

SEEDED = (
    "picklist company.status",
    "picklist company.stage",
    "picklist company.company_type",
    "picklist relationship.status",
    "picklist relationship.stage",
    "group admin",
    "group csm",
    "group exec",
    "vocabulary of cockpit",
    "preset layouts",
)
ITEM = PicklistItemRow


async def statuses(database: Database, *columns: Any) -> list[tuple[Any, ...]]:
    """The vocabulary of companies' statuses, in order."""
    query = sa.select(*columns).where(ITEM.picklist == "company.status")
    async with database.read() as reading:
        rows = await reading.execute(query.order_by(ITEM.position))
    return [tuple(row) for row in rows]


@pytest.mark.anyio
async def test_what_was_changed_is_never_seeded_again(ready_database: Database) -> None:
    async with ready_database.write() as session:
        lost = sa.update(ITEM).where(ITEM.key == "churn")
        await session.execute(lost.values(label="Lost", active=False))
        await session.execute(
            sa.delete(ITEM).where(
                ITEM.picklist == "company.status", ITEM.key == "inactive"
            )
        )
        named = sa.update(UserGroupRow).where(UserGroupRow.key == "csm")
        await session.execute(named.values(name="Account team"))
    done = await bring_up_to_date(ready_database, graph())
    assert (done.revisions, done.seeded) == ((), ())
    assert await statuses(ready_database, ITEM.label, ITEM.active) == [
        ("Active", True),
        ("Lost", False),
    ]
    async with ready_database.read() as reading:
        groups = await reading.execute(sa.select(UserGroupRow.name))
    assert {g.name for g in groups} == {"Admins", "Account team", "Executives"}


@pytest.mark.anyio
async def test_a_section_that_comes_later_leaves_the_layouts_alone(
    fresh_database: Database,
) -> None:
    whole = graph()
    few = {k: s for k, s in whole.sections.items() if k != "support"}
    first = await bring_up_to_date(fresh_database, replace(whole, sections=few))
    assert first.revisions == (
        "core_0001",
        "core_0002",
        "core_0003",
        "core_0004",
        "cockpit_0001",
        "cockpit_0002",
        "cockpit_0003",
        "cockpit_0004",
        "scorecard_0001",
        "scorecard_0002",
        "scorecard_0003",
        "scorecard_0004",
        "scorecard_0005",
        "surveys_0001",
        "surveys_0002",
        "timeline_0001",
        "timeline_0002",
        "timeline_0003",
        "timeline_0004",
        "timeline_0005",
        "usage_0001",
    )
    async with fresh_database.read() as reading:
        before = await load_book(reading)
    second = await bring_up_to_date(fresh_database, whole)
    assert (second.revisions, second.seeded) == (("support_0001",), ())
    async with fresh_database.read() as reading:
        assert await load_book(reading) == before


@pytest.mark.anyio
async def test_of_several_processes_one_sets_up_and_the_others_find_nothing_left(
    empty_url: str,
) -> None:
    databases = [Database(empty_url) for _ in range(3)]
    done = await asyncio.gather(*(bring_up_to_date(d, graph()) for d in databases))
    assert sorted(d.seeded for d in done) == [(), (), SEEDED]
    assert sorted(bool(d.revisions) for d in done) == [False, False, True]
    for database in databases:
        await database.close()


@pytest.mark.anyio
async def test_a_new_database_has_vocabularies_groups_and_presets(
    ready_database: Database,
) -> None:
    assert await statuses(ready_database, ITEM.key, ITEM.category) == [
        ("active", "ACTIVE"),
        ("inactive", "INACTIVE"),
        ("churn", "CHURN"),
    ]
    async with ready_database.read() as reading:
        groups = await reading.execute(sa.select(UserGroupRow.key))
        book = await load_book(reading)
        (version,) = await reading.execute(sa.select(ConfigurationRow.version))
    assert {g.key for g in groups} == {"admin", "csm", "exec"}
    assert [x.key for x in book.layouts if x.kind == "COMPANY"] == [
        "csm",
        "default",
        "essentials",
        "exec",
    ]
    exec_layout = next(x for x in book.layouts if x.key == "exec")
    assert [p.section for p in exec_layout.placements] == [
        "summary",
        "scorecard",
        "cockpit",
        "timeline",
        "relationships",
        "company_hierarchy",
        "surveys",
    ]
    read_only = [p.section for p in exec_layout.placements if "editable" in p.config]
    assert read_only == ["cockpit", "timeline"]
    assert version.version >= 1


# -- the commands


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(program, [*arguments, "--database-url", url])


async def _add_layout(url: str, layout: Layout) -> None:
    database = Database(url)
    async with database.read() as reading:
        book = await load_book(reading)
    async with database.write() as session:
        changed = replace(book, layouts=(*book.layouts, layout))
        await save_book(session, changed)
    await database.close()


def test_doctor_says_what_is_wrong_and_fails(
    ready_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Layout("odd", "COMPANY", None, "Odd", placements=(Placement("a", "gone"),))
    asyncio.run(_add_layout(ready_url, gone))
    broken = replace(graph(), failures=(Failure("bad", "bad-plugin", "No: no"),))
    monkeypatch.setattr(cyclorama.app, "graph", lambda: broken)
    done = run(ready_url, "doctor")
    assert done.exit_code == 1
    assert [line for line in done.output.splitlines() if line.startswith("WRONG")] == [
        "WRONG  The plugin bad of bad-plugin can't be used: No: no",
        "WRONG  The layout odd places 'gone', which is not installed.",
    ]
    told = run("postgresql://ann:hush@127.0.0.1:1/none", "doctor", "--json")
    assert told.exit_code == 1
    wrong = [f["finding"] for f in json.loads(told.output) if not f["ok"]]
    assert [text.partition(" can't be ")[0] for text in wrong] == [
        "The plugin bad of bad-plugin",
        "The database postgresql+asyncpg://ann:***@127.0.0.1:1/none",
    ]


def test_doctor_names_events_that_wait_too_long_or_were_put_aside(
    ready_url: str,
) -> None:
    def events(*ages: timedelta) -> Result:
        asyncio.run(_leave(ready_url, *(clock() - age for age in ages)))
        return run(ready_url, "doctor")

    fresh = events(timedelta(0))
    assert "ok     Events that wait to be handled: 1.\n" in fresh.output
    assert fresh.exit_code == 0
    done = events(timedelta(minutes=-1), timedelta(hours=1))
    found = [x for x in done.output.splitlines() if "Events " in x]
    aside, left = found
    assert aside == (
        "WRONG  Events of the kind 'company.changed' that could not be handled and were "
        "put aside: 1; one said ValueError('no')."
    )
    assert left.startswith("WRONG  Events that wait to be handled: 3, since ")
    assert left.endswith(" UTC; run a server, or cyclorama worker.")


async def _leave(url: str, *instants: datetime) -> None:
    """Leave events of these instants, and of those that wait for an hour the same once
    more, put aside."""
    database = Database(url)
    for at in instants:
        is_old = clock() - at >= timedelta(hours=1)
        for aside in (False, *([True] if is_old else [])):
            row = EventRow(
                id=f"event_{at:%Y%m%d%H%M%S}{aside}",
                kind="company.changed",
                record_id="company_1",
                at=at,
                actor_kind="SYSTEM",
                actor="worker",
                payload={"before": {}, "after": {}},
                chain=[],
                handled_at=at if aside else None,
                error="ValueError('no')" if aside else None,
            )
            async with database.write() as session:
                session.add(row)
    await database.close()


def test_doctor_names_what_was_not_applied_and_the_command(empty_url: str) -> None:
    done = run(empty_url, "doctor")
    assert done.exit_code == 1
    missing = (
        "core_0001, core_0002, core_0003, core_0004, cockpit_0001, cockpit_0002, "
        "cockpit_0003, cockpit_0004, scorecard_0001, scorecard_0002, scorecard_0003, "
        "scorecard_0004, scorecard_0005, support_0001, surveys_0001, surveys_0002, "
        "timeline_0001, timeline_0002, timeline_0003, timeline_0004, timeline_0005, "
        "usage_0001"
    )
    named = f"Not applied: {missing}; run: cyclorama migrate"
    assert named in done.output


def test_a_section_that_is_not_installed_cannot_be_switched(ready_url: str) -> None:
    done = run(ready_url, "plugins", "disable", "nope")
    assert isinstance(done.exception, ConfigError)
    assert "no section 'nope'; installed are attributes, " in str(done.exception)


def test_sections_are_switched_off_and_on_and_listed(ready_url: str) -> None:
    placed = ["csm", "csm_relationship", "essentials", "essentials_relationship"]
    named = f"Layouts that place it: {', '.join(placed)}.\n"
    assert run(ready_url, "plugins", "disable", "support").output == (
        f"support is disabled.\n{named}"
    )
    listed = json.loads(run(ready_url, "plugins", "list", "--json").output)
    assert {f["key"]: f["enabled"] for f in listed}["support"] is False
    assert "support  disabled  cyclorama" in run(ready_url, "plugins", "list").output
    again = run(ready_url, "plugins", "disable", "support")
    assert again.output == f"support is disabled already.\n{named}"
    on = json.loads(run(ready_url, "plugins", "enable", "support", "--json").output)
    assert on.pop("usedBy") == placed
    assert on == {"key": "support", "enabled": True, "changed": True}


def test_migrate_says_what_it_did_and_then_that_nothing_was_left(
    empty_url: str,
) -> None:
    first = json.loads(run(empty_url, "migrate", "--json").output)
    assert first["revisions"] == [
        "core_0001",
        "core_0002",
        "core_0003",
        "core_0004",
        "cockpit_0001",
        "cockpit_0002",
        "cockpit_0003",
        "cockpit_0004",
        "scorecard_0001",
        "scorecard_0002",
        "scorecard_0003",
        "scorecard_0004",
        "scorecard_0005",
        "support_0001",
        "surveys_0001",
        "surveys_0002",
        "timeline_0001",
        "timeline_0002",
        "timeline_0003",
        "timeline_0004",
        "timeline_0005",
        "usage_0001",
    ]
    assert tuple(first["seeded"]) == SEEDED
    assert run(empty_url, "migrate").output == "The database is up to date.\n"
    assert run(empty_url, "doctor").exit_code == 0


def test_what_migrate_gives_a_database_is_in_the_audit_log(empty_url: str) -> None:
    assert run(empty_url, "migrate").exit_code == 0
    held = logged(empty_url)
    assert {entry[1:3] for entry in held} == {("COMMAND", "cyclorama migrate")}
    actions = [action for action, *_ in held]
    assert actions == ["layout.add"] * 8 + ["assignments.change", "setup.seed"]
    assert json.loads(held[-1][3])["added"] == [None, list(SEEDED)]
    assert run(empty_url, "migrate").exit_code == 0
    assert logged(empty_url) == held
    assert run(empty_url, "audit", "verify").exit_code == 0


def test_schema_prints_the_graph_in_the_schema_definition_language() -> None:
    done = CliRunner().invoke(program, ["schema"])
    assert done.output == f"{graph().schema.as_str()}\n"
