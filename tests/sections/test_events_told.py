"""Each change that people make leaves its event; what is refused leaves none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.errors import PluginError
from cyclorama.layouts.model import Layout, LayoutBook, Placement
from cyclorama.plugins import EventKind
from cyclorama.plugins.compose import compose
from cyclorama.plugins.discovery import discover
from cyclorama.sections.cockpit.actions import ACTIONS
from cyclorama.sections.support import section as support
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS
from cyclorama.testing import ADMIN, CSM, NOW, Bench
from tests.sections.ctas import day, filled

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
FIELDS = {"groups": [{"label": "All", "fields": [{"path": "name", "editable": True}]}]}


def book() -> LayoutBook:
    placed = (
        Placement("attributes", "attributes", config=FIELDS),
        Placement("cockpit", "cockpit"),
        Placement("timeline", "timeline"),
    )
    return LayoutBook(
        (
            Layout("one", "COMPANY", None, "One", "", True, placements=placed),
            Layout("none", "RELATIONSHIP", None, "None", is_default=True),
        )
    )


async def done(bench: Bench, name: str, of: str, asked: str, /, **given: Any) -> Any:
    """What a mutation answers; whether it is refused is for the test."""
    text = f"""mutation($input: {of}!) {{ answer: {name}(input: $input) {{
        errors {{ code }} {asked} }} }}"""
    return (await bench.query(text, input=given))["answer"]


async def told(bench: Bench) -> list[tuple[str, str, Any]]:
    """Kind, actor and what became other, of all events in their order."""
    query = sa.select(EVENTS).order_by(EVENTS.c.id)
    async with bench.database.read() as reading:
        rows = await reading.execute(query)
    assert {r.record_id for r in rows} <= {"company_1"}
    return [(r.kind, r.actor_id, r.payload["before"], r.payload["after"]) for r in rows]


async def test_people_change_things_and_events_tell_of_it(database: Database) -> None:
    bench = await filled(Bench(database, SECTIONS, book=book()))
    of = {"recordId": "company_1"}
    new = {**of, "name": "Call", "typeKey": "risk", "dueDate": str(day(9))}
    call = {**of, "type": "call", "subject": "Secret", "activityDate": NOW.isoformat()}
    for wrong in ("nope", "lifecycle_nope"):
        refused = await done(
            bench,
            "createCta",
            "CreateCtaInput",
            "cta { id }",
            **{**new, "typeKey": wrong},
        )
        assert refused["errors"]
    assert await told(bench) == []
    made = await done(bench, "createCta", "CreateCtaInput", "cta { id }", **new)
    cta = {"id": made["cta"]["id"]}
    await done(
        bench, "updateCta", "UpdateCtaInput", "cta { id }", **cta, priorityKey="high"
    )
    await done(bench, "updateCta", "UpdateCtaInput", "cta { id }", **cta, name="Call")
    await done(bench, "closeCta", "CloseCtaInput", "cta { id }", **cta)
    await done(bench, "reopenCta", "ReopenCtaInput", "cta { id }", **cta)
    found = await told(bench)
    assert [e[0] for e in found] == [
        f"cockpit.cta_{n}" for n in ("created", "changed", "closed", "reopened")
    ]
    assert found[0][1:3] == ("user_csm", {})
    assert (found[1][2]["priority"], found[1][3]["priority"]) == ("medium", "high")
    assert found[0][3]["due_date"] == str(day(9))
    asked = "activity { id }"
    saved = await done(
        bench, "saveActivity", "SaveActivityInput", asked, **call, isDraft=True
    )
    activity = saved["activity"]["id"]
    assert len(await told(bench)) == 4
    again = {**call, "id": activity, "isDraft": False}
    await done(bench, "saveActivity", "SaveActivityInput", asked, **again)
    comment = {"activityId": activity, "body": "Hidden"}
    await done(
        bench,
        "addActivityComment",
        "AddActivityCommentInput",
        "comment { id }",
        **comment,
    )
    await done(bench, "deleteActivity", "DeleteActivityInput", "deletedId", id=activity)
    rest = (await told(bench))[4:]
    assert [e[0] for e in rest] == [
        "timeline.activity_saved",
        "timeline.comment_added",
        "timeline.activity_deleted",
    ]
    assert rest[0][2] == {}
    assert not any(s in str(rest) for s in ("Secret", "Hidden"))
    await done(
        bench,
        "updateFields",
        "UpdateFieldsInput",
        "record { id }",
        **of,
        fields=[{"path": "name", "value": "New"}],
    )
    (last,) = (await told(bench))[7:]
    assert last[0] == "company.changed"
    assert last[2:] == ({"name": "Company 1"}, {"name": "New"})


def kind(key: str, description: str = "Told.") -> EventKind:
    return EventKind(key=key, description=description)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"events": [kind("case_opened")]}, r"call it support\.case_opened"),
        ({"events": [kind("cockpit.opened")]}, "outside the section's own"),
        ({"events": [kind("support.caseOpened")]}, "not snake_case"),
        ({"events": [kind("support.opened", "")]}, "say what it is"),
        ({"events": [kind("support.a"), kind("support.a")]}, "twice"),
        ({"actions": ACTIONS}, "outside the section's own"),
    ],
)
def test_names_that_rules_could_not_use_are_refused(given: Any, why: str) -> None:
    with pytest.raises(PluginError, match=why):
        compose([replace(support, **given)])


async def test_what_rules_have_done_is_for_admins(database: Database) -> None:
    bench = Bench(database, [support])
    query = "{ ruleRuns { id } }"
    refused = await bench.ask(query, viewer=CSM)
    assert refused.get("data") is None
    assert "ruleRuns" in refused["errors"][0]["message"]
    assert (await bench.ask(query, viewer=ADMIN))["data"] == {"ruleRuns": []}
    wrong = await bench.ask("{ ruleRuns(first: 1001) { id } }", viewer=ADMIN)
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


APPLY = """mutation($file: String!, $dry: Boolean!) {
  answer: applyRules(input: {file: $file, dryRun: $dry}) {
    changes { key kind } errors { path code } } }"""
FILE = """
rules:
  - key: all
    name: All
    actions: [{action: core.notify, with: {to: [CSM], text: Hello}}]
"""


async def test_admins_plan_and_apply_rules_and_nobody_else(database: Database) -> None:
    bench = Bench(database, [support])

    async def applied(text: str, dry: bool = False) -> Any:
        asked = await bench.ask(APPLY, viewer=ADMIN, file=text, dry=dry)
        return asked["data"]["answer"]

    for query in (APPLY, "{ ruleFile }"):
        refused = await bench.ask(query, viewer=CSM, file=FILE, dry=False)
        assert "data" not in refused
    (error,) = (await applied(FILE.replace("[CSM]", "[]")))["errors"]
    path = ["file", "rules", "0", "actions", "0", "with", "to"]
    assert error == {"path": path, "code": "REQUIRED"}
    added = {"changes": [{"key": "all", "kind": "ADDED"}], "errors": []}
    assert await applied(FILE, dry=True) == added
    assert await applied(FILE) == added
    assert (await applied(FILE))["changes"] == []
    shown = await bench.ask("{ ruleFile }", viewer=ADMIN)
    assert "text: Hello" in shown["data"]["ruleFile"]
