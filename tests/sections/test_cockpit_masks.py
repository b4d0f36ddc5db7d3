"""What a viewer may not see or not change of CTAs is not changed; comments are HTML."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.layouts.model import Layout, LayoutBook, Placement
from cyclorama.plugins.discovery import discover
from cyclorama.sections.cockpit.tables import CtaRow, TaskRow
from cyclorama.storage.accounts import GroupFacts
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import CSM, Bench
from tests.sections.ctas import cta, day, filled, playbook, task

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
BOOK = LayoutBook(
    (
        Layout(
            "one",
            "COMPANY",
            None,
            "One",
            is_default=True,
            placements=(Placement("cockpit", "cockpit"),),
        ),
    )
)
BO = replace(CSM, groups=(*CSM.groups, GroupFacts("group_bo", "bo", "Bo")))
DUE = str(day(3))


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=BOOK)
    rows = (
        cta(1, total_tasks=1),
        task(1, due_date=day(2)),
        cta(2, closed=-1, status="closed_success"),
        cta(3, snoozed_until=day(3), snooze_reason="later"),
        cta(4, name="Call them"),
        *playbook("calls", ("CREATED", 1)),
    )
    return await filled(made, *rows)


async def ask(bench: Bench, name: str, given: Any) -> list[tuple[str, str]]:
    """Path and code of what is wrong."""
    kind = name[0].upper() + name[1:] + "Input"
    query = (
        f"mutation($input: {kind}!) {{ answer: {name}(input: $input) "
        "{ errors { path code } cta { id } } }"
    )
    answer = await bench.ask(query, viewer=BO, input=given)
    assert "errors" not in answer, answer
    found = answer["data"]["answer"]
    assert (found["cta"] is None) == bool(found["errors"])
    return [(".".join(e["path"]), e["code"]) for e in found["errors"]]


async def everything(bench: Bench) -> list[Any]:
    found: list[Any] = []
    async with bench.database.read() as reading:
        for table in (CtaRow.__table__, TaskRow.__table__, AUDIT):
            order = table.primary_key
            found += await reading.execute(sa.select(*table.c).order_by(*order))
    return found


NEW = {"recordId": "company_1", "name": "Call", "typeKey": "risk", "dueDate": DUE}
ONE, TASK = {"id": "cta_1"}, {"id": "cta_task_1"}
CASES: list[tuple[str, str, Any, str]] = [
    ("Cta.name", "updateCta", {**ONE, "name": "CTA 1"}, "name"),
    ("Cta.reason", "updateCta", {**ONE, "reasonKey": "other"}, "reasonKey"),
    ("Cta.priority", "updateCta", {**ONE, "priorityKey": "low"}, "priorityKey"),
    ("Cta.status", "updateCta", {**ONE, "statusKey": "new"}, "statusKey"),
    ("Cta.owner", "updateCta", {**ONE, "ownerId": "user_jo"}, "ownerId"),
    ("Cta.dueDate", "updateCta", {**ONE, "dueDate": DUE}, "dueDate"),
    ("Cta.isImportant", "updateCta", {**ONE, "isImportant": True}, "isImportant"),
    ("Cta.comments", "updateCta", {**ONE, "comments": None}, "comments"),
    (
        "CtaTask.owner",
        "updateCta",
        {**ONE, "ownerId": "user_jo", "taskOwners": "ALL_OPEN"},
        "taskOwners",
    ),
    (
        "CtaTask.dueDate",
        "updateCta",
        {**ONE, "dueDate": DUE, "shiftTasks": True},
        "shiftTasks",
    ),
    ("CtaTask.status", "closeCta", {**ONE, "openTasks": "SKIP"}, "openTasks"),
    ("Cta.status", "closeCta", {**ONE, "openTasks": "KEEP"}, "statusKey"),
    ("Cta.isClosed", "reopenCta", {"id": "cta_2"}, "statusKey"),
    ("Cta.snoozedUntil", "snoozeCta", {**ONE, "until": DUE, "reason": "x"}, "until"),
    ("Cta.snoozeReason", "snoozeCta", {**ONE, "until": DUE, "reason": "x"}, "reason"),
    ("Cta.snoozedUntil", "unsnoozeCta", {"id": "cta_3"}, "id"),
    ("Cta.owner", "createCta", {**NEW, "ownerId": "user_jo"}, "ownerId"),
    ("Cta.tasks", "addCtaTask", {"ctaId": "cta_1", "name": "x"}, "ctaId"),
    (
        "CtaTask.dueDate",
        "addCtaTask",
        {"ctaId": "cta_1", "name": "x", "dueDate": DUE},
        "dueDate",
    ),
    ("CtaTask.name", "updateCtaTask", {**TASK, "name": "x"}, "name"),
    (
        "CtaTask.description",
        "updateCtaTask",
        {**TASK, "description": None},
        "description",
    ),
    (
        "Cta.dueDate",
        "updateCtaTask",
        {**TASK, "dueDate": DUE, "shiftFollowing": True},
        "shiftFollowing",
    ),
    ("Cta.tasks", "updateCtaTask", {**TASK, "name": "x"}, "id"),
    ("CtaTask.status", "completeCtaTask", TASK, "id"),
    ("Cta.recurEvery", "setCtaRecurrence", {**ONE, "every": None}, "every"),
    (
        "Cta.playbook",
        "applyPlaybook",
        {"ctaId": "cta_1", "playbookKey": "calls"},
        "playbookKey",
    ),
]


async def test_what_is_masked_is_not_changed_by_any_mutation(bench: Bench) -> None:
    before = await everything(bench)
    for access in ("read", "hidden"):
        for field, name, given, path in CASES:
            bench.permissions = (FieldPermission("bo", field, access),)
            found = await ask(bench, name, given)
            assert found == [(path, "READ_ONLY")], (field, name)
    bulk = """mutation { bulkUpdateCtas(input: {ids: ["cta_1"], priorityKey: "low"}) {
      results { errors { path code } } } }"""
    bench.permissions = (FieldPermission("bo", "Cta.priority", "read"),)
    answer = await bench.query(bulk, viewer=BO)
    (result,) = answer["bulkUpdateCtas"]["results"]
    assert result["errors"] == [{"path": ["priorityKey"], "code": "READ_ONLY"}]
    assert await everything(bench) == before
    bench.permissions = (
        FieldPermission("bo", "Cta.owner", "read"),
        FieldPermission("bo", "CtaTask.dueDate", "read"),
    )
    kept = {**ONE, "name": "x", "dueDate": DUE, "taskOwners": "NONE"}
    assert await ask(bench, "updateCta", kept) == []


async def test_a_twin_keeps_what_is_masked(bench: Bench) -> None:
    bench.permissions = tuple(
        FieldPermission("bo", f"Cta.{name}", "read") for name in ("dueDate", "priority")
    )
    given = {**NEW, "name": "Call them", "dedupe": "TYPE_REASON_AND_NAME"}
    given |= {"isImportant": True}
    assert await ask(bench, "createCta", given) == []
    async with bench.database.read() as reading:
        held = sa.select(CtaRow.due_date, CtaRow.is_important)
        rows = await reading.execute(held.where(CtaRow.id == "cta_4"))
    assert [tuple(r) for r in rows] in ([(day(10), True)], [(str(day(10)), 1)])


async def test_comments_are_sanitised_html(bench: Bench) -> None:
    before = await everything(bench)
    for html in (
        "<script>x</script>",
        "<p onclick=f()>x</p>",
        '<a href="javascript:x">x</a>',
    ):
        for name, given in (("createCta", NEW), ("updateCta", ONE)):
            found = await ask(bench, name, {**given, "comments": html})
            assert found == [("comments", "INVALID")]
    assert await everything(bench) == before
    html = '<div style="color:red"><p>Über <b>2 &lt; 3</b></p></div> a & b'
    query = """mutation($input: UpdateCtaInput!) { updateCta(input: $input) {
      cta { comments } } }"""
    for given, kept in (
        (html, "<p>Über <b>2 &lt; 3</b></p> a &amp; b"),
        ("<p> <br></p>", None),
    ):
        answer = await bench.query(query, input={**ONE, "comments": given})
        assert answer["updateCta"]["cta"]["comments"] == kept
        held = await bench.query('{ node(id: "cta_1") { ... on Cta { comments } } }')
        assert held["node"]["comments"] == kept
