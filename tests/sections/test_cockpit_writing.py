"""Making and changing calls to action: refusals, what follows, and who waits for whom."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import Clause, Layout, LayoutBook, Placement
from cyclorama.plugins.discovery import discover
from cyclorama.sections.cockpit.tables import (
    PRIORITY,
    REASON,
    CtaRow,
    TaskRow,
)
from cyclorama.sections.cockpit.vocabulary import item_id
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.storage.idempotency import ROWS as KEYS
from cyclorama.storage.rows import CompanyRow, PicklistItemRow
from cyclorama.testing import ADMIN, CSM, NOW, Bench
from tests.sections.ctas import cta, day, filled, task

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
JO = replace(CSM, id="user_jo", name="Jo")
CTA = """id name version isClosed closedAt isSnoozed snoozedUntil snoozeReason dueDate
  originalDueDate age daysDue daysUntilClose daysPastDue closedOverdue dueDateVariance
  percentComplete totalTaskCount closedTaskCount openTaskCount isImportant comments
  type { key } reason { key } priority { key } status { key } owner { id }
  company { id } relationship { id } closeSource source playbook { key } createdAt
  tasks { id name status owner { id } dueDate dependsOn isMandatory completedAt }"""
ANSWER = f"errors {{ path code message }} cta {{ {CTA} }}"


def mutation(name: str, kind: str) -> str:
    return (
        f"mutation($input: {kind}!) {{ answer: {name}(input: $input) {{ {ANSWER} }} }}"
    )


CREATE = mutation("createCta", "CreateCtaInput")
UPDATE = mutation("updateCta", "UpdateCtaInput")
CLOSE = mutation("closeCta", "CloseCtaInput")
REOPEN = mutation("reopenCta", "ReopenCtaInput")
SNOOZE = mutation("snoozeCta", "SnoozeCtaInput")
UNSNOOZE = mutation("unsnoozeCta", "UnsnoozeCtaInput")
NEW = {
    "recordId": "company_1",
    "name": "Call them",
    "typeKey": "risk",
    "dueDate": str(day(10)),
}


def book(**config: Any) -> LayoutBook:
    placed = Placement("cockpit", "cockpit", config=config)
    return LayoutBook(
        (
            Layout("one", "COMPANY", None, "One", "", True, placements=(placed,)),
            Layout("none", "RELATIONSHIP", None, "None", is_default=True),
        )
    )


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=book())
    rows = (
        cta(1, total_tasks=3, closed_tasks=1),
        task(1, status="COMPLETED", due_date=day(5), completed_at=NOW),
        task(2, due_date=day(8)),
        task(3, due_date=day(10), owner_id="user_jo"),
        cta(2, closed=-1, status="closed_success"),
        cta(3, of="relationship_1"),
        cta(4, of="company_2", owner_id="user_jo"),
        cta(5, total_tasks=1),
        task(5, of=5, is_mandatory=True),
    )
    return await filled(made, *rows)


async def ask(bench: Bench, query: str, given: Any, **options: Any) -> Any:
    answer = await bench.ask(query, input=given, **options)
    assert "errors" not in answer, answer
    return answer["data"]["answer"]


async def accepted(bench: Bench, query: str, given: Any, **options: Any) -> Any:
    answer = await ask(bench, query, given, **options)
    assert answer["errors"] == []
    return answer["cta"]


async def everything(bench: Bench) -> list[Any]:
    """All that a change could write."""
    found: list[Any] = []
    async with bench.database.read() as reading:
        for table in (CtaRow.__table__, TaskRow.__table__, AUDIT, KEYS):
            keys = table.primary_key
            found += await reading.execute(sa.select(*table.c).order_by(*keys))
    return found


async def refused(bench: Bench, query: str, given: Any, **options: Any) -> Any:
    """Path and code of the one refusal; nothing was changed."""
    before = await everything(bench)
    answer = await ask(bench, query, given, **options)
    assert answer["cta"] is None
    assert await everything(bench) == before
    (error,) = answer["errors"]
    assert error["message"].endswith(".")
    return ".".join(error["path"]), error["code"]


async def shown(bench: Bench, cta_id: str) -> Any:
    """The CTA as `node` finds it."""
    query = f'{{ node(id: "{cta_id}") {{ ... on Cta {{ {CTA} }} }} }}'
    return (await bench.query(query))["node"]


FAR = "9999-12-31"
CREATIONS: list[tuple[Any, tuple[str, str]]] = [
    ({"recordId": "company_9"}, ("recordId", "NOT_FOUND")),
    ({"recordId": "nonsense"}, ("recordId", "NOT_FOUND")),
    ({"recordId": "relationship_1"}, ("recordId", "FORBIDDEN")),
    ({"name": "  "}, ("name", "REQUIRED")),
    ({"name": "x" * 201}, ("name", "LENGTH")),
    ({"comments": "x" * 32_001}, ("comments", "LENGTH")),
    ({"dueDate": FAR}, ("dueDate", "RANGE")),
    ({"dueDate": "10000-01-01"}, ("dueDate", "RANGE")),
    ({"dueDate": "0001-01-01"}, ("dueDate", "RANGE")),
    ({"typeKey": "no"}, ("typeKey", "LOOKUP_NOT_FOUND")),
    ({"typeKey": "objective"}, ("typeKey", "INVALID")),
    ({"typeKey": "activity"}, ("typeKey", "PICKLIST_INACTIVE")),
    ({"reasonKey": "no"}, ("reasonKey", "LOOKUP_NOT_FOUND")),
    ({"reasonKey": "upsell"}, ("reasonKey", "LOOKUP_NOT_FOUND")),
    ({"reasonKey": "low_nps"}, ("reasonKey", "PICKLIST_INACTIVE")),
    ({"priorityKey": "no"}, ("priorityKey", "LOOKUP_NOT_FOUND")),
    ({"statusKey": "no"}, ("statusKey", "LOOKUP_NOT_FOUND")),
    ({"statusKey": "closed_lost"}, ("statusKey", "INVALID")),
    ({"ownerId": "user_9"}, ("ownerId", "LOOKUP_NOT_FOUND")),
    ({"ownerId": "user_gone"}, ("ownerId", "LOOKUP_NOT_FOUND")),
    ({"idempotencyKey": ""}, ("idempotencyKey", "LENGTH")),
    ({"idempotencyKey": "x" * 256}, ("idempotencyKey", "LENGTH")),
    (
        {"idempotencyKey": "x", "dedupe": "TYPE_AND_REASON"},
        ("idempotencyKey", "INVALID"),
    ),
]
CHANGES: list[tuple[str, Any, tuple[str, str]]] = [
    (UPDATE, {"id": "cta_9", "name": "x"}, ("id", "NOT_FOUND")),
    (UPDATE, {"id": "cta_3", "name": "x"}, ("id", "NOT_FOUND")),
    (UPDATE, {"id": "cta_4", "name": "x"}, ("id", "FORBIDDEN")),
    (UPDATE, {"id": "cta_2", "name": "x"}, ("id", "INVALID_STATE")),
    (UPDATE, {"id": "cta_1", "name": ""}, ("name", "REQUIRED")),
    (UPDATE, {"id": "cta_1", "dueDate": FAR}, ("dueDate", "RANGE")),
    (UPDATE, {"id": "cta_1", "statusKey": "closed_lost"}, ("statusKey", "INVALID")),
    (UPDATE, {"id": "cta_1", "reasonKey": "upsell"}, ("reasonKey", "LOOKUP_NOT_FOUND")),
    (UPDATE, {"id": "cta_1", "ownerId": "user_gone"}, ("ownerId", "LOOKUP_NOT_FOUND")),
    (
        UPDATE,
        {"id": "cta_1", "name": "x", "expectedVersion": 7},
        ("expectedVersion", "CONFLICT"),
    ),
    (CLOSE, {"id": "cta_1"}, ("openTasks", "REQUIRED")),
    (CLOSE, {"id": "cta_5", "openTasks": "SKIP"}, ("openTasks", "INVALID_STATE")),
    (CLOSE, {"id": "cta_5", "openTasks": "KEEP"}, ("openTasks", "INVALID_STATE")),
    (
        CLOSE,
        {"id": "cta_1", "openTasks": "SKIP", "statusKey": "new"},
        ("statusKey", "INVALID"),
    ),
    (CLOSE, {"id": "cta_2"}, ("id", "INVALID_STATE")),
    (CLOSE, {"id": "cta_4", "openTasks": "SKIP"}, ("id", "FORBIDDEN")),
    (REOPEN, {"id": "cta_1"}, ("id", "INVALID_STATE")),
    (REOPEN, {"id": "cta_2", "statusKey": "closed_lost"}, ("statusKey", "INVALID")),
    (
        SNOOZE,
        {"id": "cta_2", "until": str(day(1)), "reason": "x"},
        ("id", "INVALID_STATE"),
    ),
    (
        SNOOZE,
        {"id": "cta_1", "until": str(day(-1)), "reason": "x"},
        ("until", "RANGE"),
    ),
    (SNOOZE, {"id": "cta_1", "until": FAR, "reason": "x"}, ("until", "RANGE")),
    (
        SNOOZE,
        {"id": "cta_1", "until": str(day(1)), "reason": " "},
        ("reason", "REQUIRED"),
    ),
    (
        SNOOZE,
        {"id": "cta_1", "until": str(day(1)), "reason": "x" * 256},
        ("reason", "LENGTH"),
    ),
    (UNSNOOZE, {"id": "cta_1"}, ("id", "INVALID_STATE")),
]


async def test_what_cannot_be_is_refused_and_changes_nothing(bench: Bench) -> None:
    gone = [("cta.type", "activity"), (REASON, "low_nps")]
    ids = [item_id(*item) for item in gone]
    async with bench.database.write() as session:
        held = sa.update(PicklistItemRow).where(PicklistItemRow.id.in_(ids))
        await session.execute(held.values(active=False))
    for given, expected in CREATIONS:
        assert await refused(bench, CREATE, {**NEW, **given}) == expected, given
    for query, given, expected in CHANGES:
        assert await refused(bench, query, given) == expected, given
    before = await everything(bench)
    for no_day in ("10000-13-01", "1000000-01-01", "2026-02-30", "soon", 5):
        answer = await bench.ask(CREATE, input={**NEW, "dueDate": no_day})
        assert "dueDate" in answer["errors"][0]["message"]
    assert await everything(bench) == before


async def test_who_may_change_a_cta(bench: Bench) -> None:
    """Its owner, a task's, the record's CSM, or who may change all; as the layout says."""
    other = replace(CSM, id="user_other")
    change = {"id": "cta_1", "isImportant": True}
    assert await refused(bench, UPDATE, change, viewer=other) == ("id", "FORBIDDEN")
    await accepted(bench, UPDATE, change)
    await accepted(bench, UPDATE, {**change, "isImportant": False}, viewer=JO)
    admin = replace(ADMIN, id="user_other")
    await accepted(bench, UPDATE, change, viewer=admin)
    theirs = {"id": "cta_4", "isImportant": True}
    assert await refused(bench, UPDATE, theirs) == ("id", "FORBIDDEN")
    bench.book = book(edit_any=True)
    await accepted(bench, UPDATE, theirs)
    bench.book = book(editable=False)
    assert await refused(bench, CREATE, NEW) == ("recordId", "FORBIDDEN")
    assert await refused(bench, UPDATE, change) == ("id", "FORBIDDEN")
    bench.book = book(snooze=False)
    given = {"id": "cta_1", "until": str(day(1)), "reason": "x"}
    assert await refused(bench, SNOOZE, given) == ("id", "FORBIDDEN")
    bench.book = book()
    async with bench.database.write() as session:
        own = sa.update(CompanyRow).where(CompanyRow.id == "company_2")
        await session.execute(own.values(csm_id="user_csm"))
    await accepted(bench, UPDATE, {**theirs, "isImportant": False})


async def test_a_cta_out_of_reach_looks_like_none(bench: Bench) -> None:
    hidden = Clause("name", "EQ", ("Company 1",))
    deny = AccessRule(
        rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=(hidden,)
    )
    bench.access = AccessBook(rules=(deny,))
    answers = []
    for cta_id in ("cta_1", "cta_9"):
        answer = await ask(bench, UPDATE, {"id": cta_id, "name": "x"})
        answers.append(str(answer["errors"]).replace(cta_id, "it"))
    assert answers[0] == answers[1]
    assert "NOT_FOUND" in answers[0]
    assert await refused(bench, CREATE, NEW) == ("recordId", "NOT_FOUND")
    await accepted(bench, UPDATE, {"id": "cta_4", "name": "x"}, viewer=JO)
    await accepted(bench, CREATE, {**NEW, "recordId": "company_2"})


async def test_a_cta_is_made_with_the_defaults_of_its_type(bench: Bench) -> None:
    found = await accepted(bench, CREATE, NEW)
    assert found["id"].startswith("cta_")
    assert found["type"] == {"key": "risk"}
    assert found["reason"] == {"key": "other"}
    assert found["priority"] == {"key": "medium"}
    assert found["status"] == {"key": "new"}
    assert found["owner"] == {"id": "user_csm"}
    assert (found["version"], found["daysDue"], found["tasks"]) == (1, 10, [])
    assert found == await shown(bench, found["id"])
    given = {
        **NEW,
        "reasonKey": "low_usage",
        "priorityKey": "critical",
        "statusKey": "in_progress",
        "ownerId": "user_jo",
        "isImportant": True,
        "comments": " Soon. ",
    }
    full = await accepted(bench, CREATE, given)
    assert full == await shown(bench, full["id"])
    assert full["comments"] == "Soon."
    assert full["reason"] == {"key": "low_usage"}


async def test_a_change_raises_the_version_once_and_is_in_the_audit_log(
    bench: Bench,
) -> None:
    given = {
        "id": "cta_1",
        "name": "Other",
        "priorityKey": "high",
        "expectedVersion": 1,
    }
    found = await accepted(bench, UPDATE, given)
    assert (found["version"], found["name"]) == (2, "Other")
    assert found == await shown(bench, "cta_1")
    before = await everything(bench)
    del given["expectedVersion"]
    again = await accepted(bench, UPDATE, given)
    assert again["version"] == 2
    assert await everything(bench) == before
    async with bench.database.read() as reading:
        query = sa.select(AUDIT.c.action, AUDIT.c.subject, AUDIT.c.details)
        ((action, subject, details),) = await reading.execute(query)
    assert (action, subject) == ("cockpit.update", "cta_1")
    medium, high = item_id(PRIORITY, "medium"), item_id(PRIORITY, "high")
    assert details == (
        f'{{"name":["CTA 1","Other"],"priority_id":["{medium}","{high}"]}}'
    )


async def test_3_8_tasks_follow_a_due_date_and_an_owner_as_asked(bench: Bench) -> None:
    given = {"id": "cta_1", "dueDate": str(day(14)), "shiftTasks": True}
    found = await accepted(bench, UPDATE, given)
    dues = [t["dueDate"] for t in found["tasks"]]
    assert dues == [str(day(5)), str(day(12)), str(day(14))]
    assert found["dueDateVariance"] == 4
    given = {"id": "cta_1", "ownerId": "user_jo", "taskOwners": "OF_OLD_OWNER"}
    found = await accepted(bench, UPDATE, given)
    owners = [t["owner"]["id"] for t in found["tasks"]]
    assert owners == ["user_csm", "user_jo", "user_jo"]
    given = {"id": "cta_1", "dueDate": str(day(10)), "ownerId": "user_csm"}
    found = await accepted(bench, UPDATE, given, viewer=JO)
    assert [t["dueDate"] for t in found["tasks"]] == dues
    assert [t["owner"]["id"] for t in found["tasks"]] == owners
    assert found == await shown(bench, "cta_1")


async def test_closing_and_opening_again(bench: Bench) -> None:
    snooze = {"id": "cta_1", "until": str(day(0)), "reason": "Later"}
    found = await accepted(bench, SNOOZE, snooze)
    assert (found["isSnoozed"], found["snoozeReason"]) == (True, "Later")
    found = await accepted(bench, UNSNOOZE, {"id": "cta_1"})
    assert found["snoozedUntil"] is None
    await accepted(bench, SNOOZE, snooze)
    found = await accepted(bench, CLOSE, {"id": "cta_1", "openTasks": "COMPLETE"})
    assert found["status"] == {"key": "closed_success"}
    assert found["isClosed"]
    assert (found["isSnoozed"], found["snoozedUntil"]) == (False, None)
    assert (found["closedTaskCount"], found["percentComplete"]) == (3, 100)
    assert found["closeSource"] == "MANUAL"
    assert found == await shown(bench, "cta_1")
    comment = {"id": "cta_1", "comments": "Done."}
    assert (await accepted(bench, UPDATE, comment))["comments"] == "Done."
    found = await accepted(bench, REOPEN, {"id": "cta_1", "statusKey": "in_progress"})
    assert not found["isClosed"]
    assert found["closedAt"] is found["closeSource"] is None
    assert found == await shown(bench, "cta_1")
    for policy in ("KEEP", "SKIP"):
        async with bench.database.write() as session:
            left = sa.update(TaskRow).where(TaskRow.id != "cta_task_1")
            await session.execute(left.values(status="OPEN"))
        found = await accepted(bench, CLOSE, {"id": "cta_1", "openTasks": policy})
        status = {"KEEP": "OPEN", "SKIP": "SKIPPED"}[policy]
        assert [t["status"] for t in found["tasks"]] == ["COMPLETED", status, status]
        assert found["openTaskCount"] == {"KEEP": 2, "SKIP": 0}[policy]
        await accepted(bench, REOPEN, {"id": "cta_1"})
    given = {"id": "cta_5", "statusKey": "closed_invalid", "openTasks": "COMPLETE"}
    found = await accepted(bench, CLOSE, given)
    assert found["status"] == {"key": "closed_invalid"}


async def test_a_layout_offers_some_of_the_statuses(bench: Bench) -> None:
    bench = Bench(bench.database, SECTIONS, book=book(statuses=["new", "closed_lost"]))
    query = '{ company(id: "company_1") { cockpit { types { statuses { key } } } } }'
    for planned in (True, False):
        one = Bench(bench.database, SECTIONS, book=bench.book, planned=planned)
        types = (await one.query(query))["company"]["cockpit"]["types"]
        assert types[0]["statuses"] == [{"key": "new"}, {"key": "closed_lost"}]
    other = {"statusKey": "in_progress"}
    found = ("statusKey", "LOOKUP_NOT_FOUND")
    assert await refused(bench, CREATE, {**NEW, **other}) == found
    assert await refused(bench, UPDATE, {"id": "cta_1", **other}) == found
    success = {"id": "cta_1", "statusKey": "closed_success", "openTasks": "COMPLETE"}
    assert await refused(bench, CLOSE, success) == found
    lost = {"id": "cta_1", "statusKey": "closed_lost", "openTasks": "COMPLETE"}
    assert (await accepted(bench, CLOSE, lost))["status"] == {"key": "closed_lost"}
    assert (await accepted(bench, CREATE, NEW))["status"] == {"key": "new"}
    default = {"id": "cta_5", "openTasks": "COMPLETE"}
    made = await accepted(bench, CLOSE, default)
    assert made["status"] == {"key": "closed_success"}


async def test_a_key_makes_one_cta_however_often_it_is_sent(bench: Bench) -> None:
    given = {**NEW, "idempotencyKey": "k1"}
    sent = await asyncio.gather(*(accepted(bench, CREATE, given) for _ in range(8)))
    assert len({c["id"] for c in sent}) == 1
    await accepted(bench, UPDATE, {"id": sent[0]["id"], "name": "Renamed"})
    assert (await accepted(bench, CREATE, given))["name"] == "Renamed"
    other = {**given, "name": "Something else"}
    assert await refused(bench, CREATE, other) == ("idempotencyKey", "CONFLICT")
    async with bench.database.read() as reading:
        query = sa.select(CtaRow.id).where(CtaRow.id == sent[0]["id"])
        assert len(await reading.execute(query)) == 1
        made = sa.select(AUDIT.c.number).where(AUDIT.c.action == "cockpit.create")
        assert len(await reading.execute(made)) == 1


async def test_3_7_of_equal_open_ctas_there_is_one(bench: Bench) -> None:
    given = {**NEW, "reasonKey": "low_usage", "dedupe": "TYPE_AND_REASON"}
    sent = await asyncio.gather(
        *(accepted(bench, CREATE, {**given, "name": f"Call {n}"}) for n in range(8))
    )
    (one,) = {c["id"] for c in sent}
    later = {**given, "dueDate": str(day(20)), "comments": "Again."}
    found = await accepted(bench, CREATE, later)
    assert (found["id"], found["dueDate"]) == (one, str(day(20)))
    assert (found["originalDueDate"], found["comments"]) == (str(day(10)), "Again.")
    named = {**given, "name": "Other", "dedupe": "TYPE_REASON_AND_NAME"}
    other = (await accepted(bench, CREATE, named))["id"]
    assert other != one
    snooze = {"id": other, "until": str(day(3)), "reason": "Later"}
    await accepted(bench, SNOOZE, snooze)
    found = await accepted(bench, CREATE, named)
    assert (found["id"], found["isSnoozed"]) == (other, True)
    for cta_id in (one, other):
        await accepted(bench, CLOSE, {"id": cta_id})
    new = (await accepted(bench, CREATE, given))["id"]
    assert new not in (one, other)
    await accepted(bench, REOPEN, {"id": one})


async def test_of_sixteen_writers_of_one_version_one_wins(bench: Bench) -> None:
    given = {"id": "cta_1", "expectedVersion": 1}
    answers = await asyncio.gather(
        *(ask(bench, UPDATE, {**given, "name": f"From {n}"}) for n in range(16))
    )
    (won,) = (a["cta"] for a in answers if not a["errors"])
    codes = [e["code"] for a in answers for e in a["errors"]]
    assert codes == ["CONFLICT"] * 15
    found = await shown(bench, "cta_1")
    assert (found["name"], found["version"]) == (won["name"], 2)


async def test_a_new_database_has_all_that_a_cta_needs(
    ready_database: Database,
) -> None:
    bench = Bench(ready_database, SECTIONS, book=book())
    await bench.fill()
    found = await accepted(bench, CREATE, NEW)
    assert (found["reason"], found["status"]) == ({"key": "other"}, {"key": "new"})
    given = {**NEW, "reasonKey": "low_nps", "dedupe": "TYPE_AND_REASON"}
    sent = await asyncio.gather(*(accepted(bench, CREATE, given) for _ in range(4)))
    assert len({c["id"] for c in sent}) == 1
    await accepted(bench, CLOSE, {"id": found["id"], "statusKey": "closed_lost"})
