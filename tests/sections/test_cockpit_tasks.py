"""Tasks, playbooks and changes of many CTAs at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.layouts.model import Layout, LayoutBook, Placement
from cyclorama.plugins.discovery import discover
from cyclorama.sections.cockpit.tables import CtaRow, TaskRow
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.testing import Bench
from tests.sections.ctas import cta, day, filled, playbook, task

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
CTA = """id version totalTaskCount closedTaskCount percentComplete isClosed dueDate
  playbook { key } status { key } priority { key } owner { id }
  tasks { id name status kind owner { id } dueDate dependsOn isMandatory completedAt }"""
ERRORS = "errors { path code message }"


def mutation(name: str, kind: str) -> str:
    asked = f"{ERRORS} cta {{ {CTA} }}"
    return (
        f"mutation($input: {kind}!) {{ answer: {name}(input: $input) {{ {asked} }} }}"
    )


ADD = mutation("addCtaTask", "AddCtaTaskInput")
CHANGE = mutation("updateCtaTask", "UpdateCtaTaskInput")
COMPLETE = mutation("completeCtaTask", "CompleteCtaTaskInput")
PLAY = mutation("applyPlaybook", "ApplyPlaybookInput")
BULK = f"""mutation($input: BulkUpdateCtasInput!) {{ answer: bulkUpdateCtas(input: $input) {{
  {ERRORS} results {{ id version {ERRORS} cta {{ {CTA} }} }} }} }}"""
BOOK = LayoutBook(
    tuple(
        Layout(
            kind,
            kind,
            None,
            kind,
            is_default=True,
            placements=(Placement("cockpit", "cockpit"),),
        )
        for kind in ("COMPANY", "RELATIONSHIP")
    )
)


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=BOOK)
    rows = (
        cta(1, due=14, total_tasks=3),
        task(1, due_date=day(2)),
        task(2, due_date=day(4), depends_on="cta_task_1"),
        task(3, due_date=day(6), depends_on="cta_task_2", is_mandatory=True),
        cta(2, closed=-1, status="closed_success", total_tasks=1),
        task(4, of=2),
        cta(3, of="company_2", owner_id="user_jo"),
        cta(4, type="expansion"),
        *playbook("rescue", ("CREATED", 2), ("PREVIOUS", 5), ("DUE", -1)),
        *playbook("other", ("DUE", 0), owner_strategy="USER", owner_id="user_jo"),
    )
    return await filled(made, *rows)


async def ask(bench: Bench, query: str, **given: Any) -> Any:
    answer = await bench.ask(query, input=given)
    assert "errors" not in answer, answer
    return answer["data"]["answer"]


async def accepted(bench: Bench, query: str, **given: Any) -> Any:
    answer = await ask(bench, query, **given)
    assert answer["errors"] == []
    assert answer["cta"] == await shown(bench, answer["cta"]["id"])
    return answer["cta"]


async def shown(bench: Bench, cta_id: str) -> Any:
    query = f'{{ node(id: "{cta_id}") {{ ... on Cta {{ {CTA} }} }} }}'
    return (await bench.query(query))["node"]


async def everything(bench: Bench) -> list[Any]:
    found: list[Any] = []
    async with bench.database.read() as reading:
        for table in (CtaRow.__table__, TaskRow.__table__, AUDIT):
            keys = table.primary_key
            found += await reading.execute(sa.select(*table.c).order_by(*keys))
    return found


async def refused(bench: Bench, query: str, **given: Any) -> Any:
    """Path and code of the one refusal; nothing was changed."""
    before = await everything(bench)
    answer = await ask(bench, query, **given)
    assert answer["cta"] is None
    assert await everything(bench) == before
    (error,) = answer["errors"]
    return ".".join(error["path"]), error["code"]


def dues(found: Any) -> list[int]:
    """The due dates of tasks, in days from today."""
    whole = [t["dueDate"] for t in found["tasks"]]
    return [next(n for n in range(-9, 60) if str(day(n)) == due) for due in whole]


REFUSALS: list[tuple[str, dict[str, Any], tuple[str, str]]] = [
    (ADD, {"ctaId": "cta_9", "name": "x"}, ("ctaId", "NOT_FOUND")),
    (ADD, {"ctaId": "cta_2", "name": "x"}, ("ctaId", "INVALID_STATE")),
    (ADD, {"ctaId": "cta_3", "name": "x"}, ("ctaId", "FORBIDDEN")),
    (ADD, {"ctaId": "cta_1", "name": " "}, ("name", "REQUIRED")),
    (ADD, {"ctaId": "cta_1", "name": "x" * 201}, ("name", "LENGTH")),
    (
        ADD,
        {"ctaId": "cta_1", "name": "x", "description": "x" * 32_001},
        ("description", "LENGTH"),
    ),
    (
        ADD,
        {"ctaId": "cta_1", "name": "x", "dueDate": "9999-12-31"},
        ("dueDate", "RANGE"),
    ),
    (
        ADD,
        {"ctaId": "cta_1", "name": "x", "ownerId": "user_gone"},
        ("ownerId", "LOOKUP_NOT_FOUND"),
    ),
    (
        ADD,
        {"ctaId": "cta_1", "name": "x", "dependsOn": "cta_task_4"},
        ("dependsOn", "LOOKUP_NOT_FOUND"),
    ),
    (
        ADD,
        {"ctaId": "cta_1", "name": "x", "expectedVersion": 9},
        ("expectedVersion", "CONFLICT"),
    ),
    (CHANGE, {"id": "cta_task_9", "name": "x"}, ("id", "NOT_FOUND")),
    (CHANGE, {"id": "cta_task_4", "name": "x"}, ("id", "INVALID_STATE")),
    (CHANGE, {"id": "cta_task_1", "dependsOn": "cta_task_3"}, ("dependsOn", "CYCLE")),
    (CHANGE, {"id": "cta_task_1", "dependsOn": "cta_task_1"}, ("dependsOn", "CYCLE")),
    (CHANGE, {"id": "cta_task_3", "status": "SKIPPED"}, ("status", "INVALID_STATE")),
    (COMPLETE, {"id": "cta_task_9"}, ("id", "NOT_FOUND")),
    (COMPLETE, {"id": "cta_task_4"}, ("id", "INVALID_STATE")),
    (
        COMPLETE,
        {"id": "cta_task_1", "expectedVersion": 9},
        ("expectedVersion", "CONFLICT"),
    ),
    (
        PLAY,
        {"ctaId": "cta_1", "playbookKey": "no"},
        ("playbookKey", "LOOKUP_NOT_FOUND"),
    ),
    (PLAY, {"ctaId": "cta_4", "playbookKey": "rescue"}, ("playbookKey", "INVALID")),
    (PLAY, {"ctaId": "cta_2", "playbookKey": "rescue"}, ("ctaId", "INVALID_STATE")),
]


async def test_what_cannot_be_is_refused_and_changes_nothing(bench: Bench) -> None:
    for query, given, expected in REFUSALS:
        assert await refused(bench, query, **given) == expected, given


async def test_a_task_is_added_changed_and_completed(bench: Bench) -> None:
    found = await accepted(
        bench,
        ADD,
        ctaId="cta_1",
        name="Write to them",
        kind="EMAIL",
        dueDate=str(day(8)),
        dependsOn="cta_task_3",
        ownerId="user_jo",
    )
    new = found["tasks"][-1]
    assert (new["kind"], new["status"], new["owner"]["id"]) == (
        "EMAIL",
        "OPEN",
        "user_jo",
    )
    assert (found["totalTaskCount"], found["version"]) == (4, 2)
    found = await accepted(
        bench, CHANGE, id="cta_task_2", status="SKIPPED", dependsOn=None, dueDate=None
    )
    changed = found["tasks"][1]
    assert (changed["status"], changed["dependsOn"], changed["dueDate"]) == (
        "SKIPPED",
        None,
        None,
    )
    found = await accepted(bench, COMPLETE, id="cta_task_1", expectedVersion=3)
    assert (found["closedTaskCount"], found["percentComplete"]) == (2, 50)
    assert found["tasks"][0]["completedAt"] == "2026-03-02T12:00:00.000Z"
    before = await everything(bench)
    await accepted(bench, COMPLETE, id="cta_task_1")
    assert await everything(bench) == before
    found = await accepted(bench, CHANGE, id="cta_task_1", status="OPEN")
    assert found["tasks"][0]["completedAt"] is None
    for number in (1, 3):
        found = await accepted(bench, COMPLETE, id=f"cta_task_{number}")
    found = await accepted(bench, COMPLETE, id=new["id"])
    assert (found["percentComplete"], found["isClosed"]) == (100, False)


async def test_what_follows_a_task_moves_with_it_if_asked(bench: Bench) -> None:
    found = await accepted(bench, CHANGE, id="cta_task_2", dueDate=str(day(5)))
    assert dues(found) == [2, 5, 6]
    found = await accepted(
        bench, CHANGE, id="cta_task_2", dueDate=str(day(9)), shiftFollowing=True
    )
    assert dues(found) == [2, 9, 10]
    assert found["dueDate"] == str(day(18))


async def test_3_8_a_playbook_brings_tasks_and_another_replaces_them(
    bench: Bench,
) -> None:
    """Completed tasks and those that people added stay; today is a Monday."""
    found = await accepted(bench, PLAY, ctaId="cta_1", playbookKey="rescue")
    assert found["playbook"] == {"key": "rescue"}
    assert [t["name"] for t in found["tasks"][3:]] == [
        "rescue 0",
        "rescue 1",
        "rescue 2",
    ]
    assert dues(found)[3:] == [2, 7, 13]
    given = {"ctaId": "cta_1", "playbookKey": "other"}
    assert await refused(bench, PLAY, **given) == ("replace", "INVALID_STATE")
    await accepted(bench, COMPLETE, id=found["tasks"][3]["id"])
    waits = found["tasks"][4]["id"]
    await accepted(bench, CHANGE, id="cta_task_1", dependsOn=waits)
    given = {**given, "replace": True, "skipWeekends": True}
    await accepted(bench, CHANGE, id="cta_task_3", dueDate=str(day(12)))
    found = await accepted(bench, PLAY, **given)
    names = [t["name"] for t in found["tasks"]]
    assert names == ["Task 1", "Task 2", "Task 3", "rescue 0", "other 0"]
    assert found["tasks"][0]["dependsOn"] is None
    assert found["tasks"][4]["owner"] == {"id": "user_jo"}
    assert (found["totalTaskCount"], found["closedTaskCount"]) == (5, 1)


async def test_tasks_that_many_add_at_once_are_all_there(bench: Bench) -> None:
    answers = await asyncio.gather(
        *(ask(bench, ADD, ctaId="cta_1", name=f"From {n}") for n in range(16))
    )
    assert not any(a["errors"] for a in answers)
    found = await shown(bench, "cta_1")
    assert (found["totalTaskCount"], found["version"]) == (19, 17)
    assert {t["name"] for t in found["tasks"][3:]} == {f"From {n}" for n in range(16)}
    async with bench.database.write() as session:
        session.add_all(task(n) for n in range(20, 20 + 200 - 19))
    expected = ("ctaId", "LIMIT_EXCEEDED")
    assert await refused(bench, ADD, ctaId="cta_1", name="Too many") == expected


SENSELESS: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"ids": []}, ("ids", "REQUIRED")),
    ({"ids": [f"cta_{n}" for n in range(501)]}, ("ids", "LIMIT_EXCEEDED")),
    ({"ids": ["cta_1", "cta_1"]}, ("ids", "DUPLICATE")),
    ({"ids": ["cta_1"], "priorityKey": None}, ("statusKey", "REQUIRED")),
    ({"ids": ["cta_1"], "ownerId": "user_gone"}, ("ownerId", "LOOKUP_NOT_FOUND")),
]


async def test_many_ctas_are_changed_with_a_result_for_each(bench: Bench) -> None:
    before = await everything(bench)
    for given, expected in SENSELESS:
        answer = await ask(bench, BULK, **{"priorityKey": "high", **given})
        assert answer["results"] == []
        (error,) = answer["errors"]
        assert (".".join(error["path"]), error["code"]) == expected
    assert await everything(bench) == before
    ids = ["cta_4", "cta_2", "cta_9", "cta_3", "cta_1"]
    answer = await ask(
        bench,
        BULK,
        ids=ids,
        ownerId="user_jo",
        priorityKey="high",
        dueDate=str(day(9)),
        statusKey="in_progress",
    )
    assert answer["errors"] == []
    results = answer["results"]
    assert [r["id"] for r in results] == ids
    codes = [[e["code"] for e in r["errors"]] for r in results]
    assert codes == [[], ["INVALID_STATE"], ["NOT_FOUND"], ["FORBIDDEN"], []]
    assert [r["version"] for r in results] == [2, None, None, None, 2]
    for result in (results[0], results[4]):
        found = result["cta"]
        assert found == await shown(bench, result["id"])
        assert found["owner"] == {"id": "user_jo"}
        assert found["dueDate"] == str(day(9))
        assert found["status"] == {"key": "in_progress"}
    assert results[1]["cta"] is None
    untouched = await shown(bench, "cta_3")
    assert (untouched["version"], untouched["priority"]) == (1, {"key": "medium"})


async def test_many_ctas_are_closed_where_their_tasks_allow_it(bench: Bench) -> None:
    given = {"ids": ["cta_1", "cta_4"], "statusKey": "closed_lost"}
    answer = await ask(bench, BULK, **given)
    assert [e["path"] for e in answer["results"][0]["errors"]] == [["openTasks"]]
    assert answer["results"][1]["cta"]["isClosed"]
    one = await shown(bench, "cta_1")
    assert (one["isClosed"], one["version"], one["status"]) == (
        False,
        1,
        {"key": "new"},
    )
    answer = await ask(bench, BULK, **{**given, "openTasks": "COMPLETE"})
    assert answer["results"][0]["cta"]["status"] == {"key": "closed_lost"}
