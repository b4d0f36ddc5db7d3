"""Deleting calls to action: who may, and what is left."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.sections.cockpit import section
from cyclorama.sections.cockpit.tables import CtaRow, LinkRow, TaskRow
from cyclorama.storage.accounts import GroupFacts
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import ADMIN, CSM, NOW, Bench
from tests.sections.ctas import cta, day, filled, task

pytestmark = pytest.mark.anyio
DELETE = """mutation($input: DeleteCtaInput!) {
  answer: deleteCta(input: $input) { deletedId errors { path code } } }"""
CREATE = """mutation($input: CreateCtaInput!) {
  answer: createCta(input: $input) { cta { id } errors { path code } } }"""
NEW = {"recordId": "company_1", "name": "N", "typeKey": "risk", "idempotencyKey": "k"}


def link(number: int, of: str) -> LinkRow:
    return LinkRow(
        id=f"cta_link_{number}",
        cta_id=of,
        company_id="company_1",
        system="crm",
        object_name="case",
        record_id=str(number),
        created_by="user_csm",
        created_at=NOW,
    )


async def ask(bench: Bench, query: str, viewer: Any = ADMIN, **given: Any) -> Any:
    return (await bench.query(query, viewer=viewer, input=given))["answer"]


async def everything(bench: Bench) -> list[Any]:
    found: list[Any] = []
    rows: Any = (CtaRow, TaskRow, LinkRow)
    async with bench.database.read() as reading:
        for table in (*(r.__table__ for r in rows), AUDIT, EVENTS):
            order = table.primary_key
            found += await reading.execute(sa.select(*table.c).order_by(*order))
    return found


async def test_a_cta_that_is_deleted_leaves_its_audit_and_its_event(
    database: Database,
) -> None:
    bench = await filled(
        Bench(database, [section]),
        cta(1, owner_id="user_jo", total_tasks=2),
        cta(2, owner_id="user_csm"),
        task(1, owner_id="user_csm"),
        task(2, depends_on="cta_task_1"),
        task(3, of=2),
        link(1, "cta_1"),
        link(2, "cta_2"),
    )
    jo = replace(CSM, id="user_jo", name="Jo")
    before = await everything(bench)
    for viewer, given, path, code in (
        (ADMIN, {"id": "cta_9"}, "id", "NOT_FOUND"),
        (CSM, {"id": "cta_1"}, "id", "FORBIDDEN"),
        (jo, {"id": "cta_2"}, "id", "FORBIDDEN"),
        (jo, {"id": "cta_1", "expectedVersion": 2}, "expectedVersion", "CONFLICT"),
    ):
        refused = await ask(bench, DELETE, viewer, **given)
        assert refused == {
            "deletedId": None,
            "errors": [{"path": [path], "code": code}],
        }
    held = FieldPermission("bo", "CtaTask.dueDate", "read")
    bench.permissions = (held,)
    bo = replace(jo, groups=(*CSM.groups, GroupFacts("group_bo", "bo", "Bo")))
    refused = await ask(bench, DELETE, bo, id="cta_1")
    assert refused["errors"] == [{"path": ["id"], "code": "READ_ONLY"}]
    assert await everything(bench) == before
    done = await ask(bench, DELETE, jo, id="cta_1", expectedVersion=1)
    assert done == {"deletedId": "cta_1", "errors": []}
    again = await ask(bench, DELETE, jo, id="cta_1")
    assert again["errors"] == [{"path": ["id"], "code": "NOT_FOUND"}]
    left = await everything(bench)
    told, event = left[-2:]
    assert [r.id for r in left[:-2]] == ["cta_2", "cta_task_3", "cta_link_2"]
    assert (told.action, told.subject, told.actor_id) == (
        "cockpit.delete",
        "cta_1",
        "user_jo",
    )
    for word in ("CTA 1", "task cta_task_2", "link cta_link_1", "crm"):
        assert word in told.details
    assert (event.kind, event.subject_id) == ("cockpit.cta_deleted", "cta_1")
    assert event.payload["before"]["name"] == "CTA 1"
    assert event.payload["after"] == {}
    # What was made with a key and is gone is not made again.
    due = {"dueDate": str(day(3))}
    made = await ask(bench, CREATE, **NEW, **due)
    assert (await ask(bench, DELETE, id=made["cta"]["id"]))["errors"] == []
    assert await ask(bench, CREATE, **NEW, **due) == {
        "cta": None,
        "errors": [{"path": ["idempotencyKey"], "code": "INVALID_STATE"}],
    }
