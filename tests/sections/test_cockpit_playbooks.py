"""Playbooks, as admins set them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.plugins.discovery import discover
from cyclorama.sections.cockpit.tables import (
    PlaybookRow,
    PlaybookTaskRow,
    PlaybookTypeRow,
)
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.testing import ADMIN, CSM, Bench
from tests.sections.ctas import cta, day, filled, playbook

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
BOOK = """key name description recordKind active typeKeys version
  tasks { name anchor offsetDays owner ownerId kind isMandatory }"""
ANSWER = f"errors {{ path code message }} playbook {{ {BOOK} }}"
SAVE = f"""mutation($input: SaveCtaPlaybookInput!) {{
  answer: saveCtaPlaybook(input: $input) {{ {ANSWER} }} }}"""
DELETE = f"""mutation($input: DeleteCtaPlaybookInput!) {{
  answer: deleteCtaPlaybook(input: $input) {{ {ANSWER} }} }}"""
APPLY = """mutation($input: ApplyPlaybookInput!) { answer: applyPlaybook(input: $input) {
  errors { path code } cta { playbook { key taskCount }
    tasks { name dueDate isMandatory owner { id } } } } }"""
LIST = f"{{ viewer {{ ctaPlaybooks {{ {BOOK} }} }} }}"
TASKS: list[dict[str, Any]] = [
    {"name": "Call", "offsetDays": 1, "isMandatory": True},
    {"name": "Write", "anchor": "PREVIOUS", "offsetDays": 2, "owner": "RECORD_CSM"},
    {
        "name": "Look back",
        "anchor": "DUE",
        "owner": "USER",
        "ownerId": "user_jo",
        "kind": "EMAIL",
    },
]


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS)
    return await filled(made, cta(1), *playbook("calls", ("CREATED", 1)))


async def ask(bench: Bench, query: str, viewer: Any = ADMIN, **given: Any) -> Any:
    return (await bench.query(query, viewer=viewer, input=given))["answer"]


async def saved(bench: Bench, **given: Any) -> Any:
    answer = await ask(bench, SAVE, **given)
    assert answer["errors"] == [], answer
    return answer["playbook"]


async def everything(bench: Bench) -> list[Any]:
    found: list[Any] = []
    rows: Any = (PlaybookRow, PlaybookTypeRow, PlaybookTaskRow)
    async with bench.database.read() as reading:
        for table in (*(r.__table__ for r in rows), AUDIT):
            order = table.primary_key
            found += await reading.execute(sa.select(*table.c).order_by(*order))
    return found


NEW = {"key": "new", "name": "New", "typeKeys": ["risk"]}
REFUSALS: list[tuple[Any, tuple[str, str]]] = [
    ({"key": "No key"}, ("key", "INVALID")),
    ({**NEW, "name": " "}, ("name", "REQUIRED")),
    ({**NEW, "name": "n" * 201}, ("name", "LENGTH")),
    ({"key": "new", "name": "New"}, ("typeKeys", "REQUIRED")),
    ({**NEW, "typeKeys": []}, ("typeKeys", "REQUIRED")),
    ({**NEW, "typeKeys": ["risk", "nope"]}, ("typeKeys", "LOOKUP_NOT_FOUND")),
    ({**NEW, "description": "d" * 32_001}, ("description", "LENGTH")),
    ({**NEW, "tasks": [{"name": "t"}] * 101}, ("tasks", "LIMIT_EXCEEDED")),
    ({**NEW, "tasks": [{"name": ""}]}, ("tasks.0.name", "REQUIRED")),
    (
        {**NEW, "tasks": [{"name": "t"}, {"name": "t", "offsetDays": 3_651}]},
        ("tasks.1.offsetDays", "RANGE"),
    ),
    (
        {**NEW, "tasks": [{"name": "t", "owner": "USER"}]},
        ("tasks.0.ownerId", "INVALID"),
    ),
    (
        {**NEW, "tasks": [{"name": "t", "ownerId": "user_jo"}]},
        ("tasks.0.ownerId", "INVALID"),
    ),
    (
        {**NEW, "tasks": [{"name": "t", "owner": "USER", "ownerId": "user_gone"}]},
        ("tasks.0.ownerId", "LOOKUP_NOT_FOUND"),
    ),
    ({**NEW, "expectedVersion": 1}, ("expectedVersion", "CONFLICT")),
    (
        {"key": "calls", "name": "C", "expectedVersion": 2},
        ("expectedVersion", "CONFLICT"),
    ),
]


async def test_a_playbook_that_cannot_be_is_refused_and_nothing_changes(
    bench: Bench,
) -> None:
    before = await everything(bench)
    for given, (path, code) in REFUSALS:
        answer = await ask(bench, SAVE, **given)
        (error,) = answer["errors"]
        assert (error["path"], error["code"]) == (path.split("."), code), given
        assert answer["playbook"] is None
    for query, given in ((SAVE, NEW), (DELETE, {"key": "calls"})):
        (error,) = (await ask(bench, query, CSM, **given))["errors"]
        assert error["code"] == "FORBIDDEN"
    (error,) = (await ask(bench, DELETE, key="nope"))["errors"]
    assert (error["path"], error["code"]) == (["key"], "NOT_FOUND")
    (error,) = (await ask(bench, DELETE, key="calls", expectedVersion=2))["errors"]
    assert (error["path"], error["code"]) == (["expectedVersion"], "CONFLICT")
    assert await everything(bench) == before
    assert (await bench.query(LIST, viewer=CSM))["viewer"]["ctaPlaybooks"] == []


async def test_3_8_admins_make_change_and_delete_playbooks(bench: Bench) -> None:
    made = await saved(bench, key="save", name="Save", typeKeys=["risk"], tasks=TASKS)
    assert (made["version"], made["active"], made["typeKeys"]) == (1, True, ["risk"])
    assert [(t["name"], t["anchor"], t["owner"]) for t in made["tasks"]] == [
        ("Call", "CREATED", "CTA_OWNER"),
        ("Write", "PREVIOUS", "RECORD_CSM"),
        ("Look back", "DUE", "USER"),
    ]
    applied = await ask(bench, APPLY, ctaId="cta_1", playbookKey="save")
    assert applied["cta"]["playbook"] == {"key": "save", "taskCount": 3}
    assert [(t["name"], t["dueDate"]) for t in applied["cta"]["tasks"]] == [
        ("Call", str(day(1))),
        ("Write", str(day(3))),
        ("Look back", str(day(10))),
    ]
    assert applied["cta"]["tasks"][2]["owner"] == {"id": "user_jo"}
    same = await saved(bench, key="save", name="Save", tasks=TASKS, expectedVersion=1)
    assert same == made
    # The CTA keeps the tasks that it has; another one gets the new ones.
    less = await saved(
        bench, key="save", tasks=TASKS[:1], typeKeys=["risk", "activity"]
    )
    assert (less["version"], len(less["tasks"])) == (2, 1)
    assert less["typeKeys"] == ["risk", "activity"]
    await bench.add(cta(2))
    other = (await ask(bench, APPLY, ctaId="cta_2", playbookKey="save"))["cta"]
    assert other["playbook"]["taskCount"] == 1
    assert [t["name"] for t in other["tasks"]] == ["Call"]
    more = await saved(bench, key="save", tasks=TASKS, description="Why")
    assert [t["name"] for t in more["tasks"]] == ["Call", "Write", "Look back"]
    asked = [t["name"] for t in applied["cta"]["tasks"]]
    again = await ask(bench, APPLY, ctaId="cta_1", playbookKey="save", replace=True)
    assert [t["name"] for t in again["cta"]["tasks"]] == asked
    # What CTAs have is kept; what nothing has goes.
    kept = await ask(bench, DELETE, key="save")
    assert (kept["playbook"]["active"], kept["playbook"]["version"]) == (False, 4)
    refused = await ask(bench, APPLY, ctaId="cta_2", playbookKey="save", replace=True)
    assert refused["errors"] == [{"path": ["playbookKey"], "code": "LOOKUP_NOT_FOUND"}]
    gone = await ask(bench, DELETE, key="calls", expectedVersion=1)
    assert (gone["playbook"], gone["errors"]) == (None, [])
    listed = (await bench.query(LIST, viewer=ADMIN))["viewer"]["ctaPlaybooks"]
    assert listed == [kept["playbook"]]
    action = sa.select(AUDIT.c.subject).where(AUDIT.c.action == "cockpit.playbook_set")
    async with bench.database.read() as reading:
        subjects = [r.subject for r in await reading.execute(action)]
    assert subjects == ["save"] * 4 + ["calls"]


async def test_playbooks_that_are_made_at_once_are_one(bench: Bench) -> None:
    answers = await asyncio.gather(
        *(ask(bench, SAVE, **{**NEW, "name": f"N{n}"}) for n in range(4))
    )
    assert [a["errors"] for a in answers] == [[]] * 4
    assert sorted(a["playbook"]["version"] for a in answers) == [1, 2, 3, 4]
