"""Logging, changing, deleting, commenting: refusals, rights, and who waits for whom."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import Clause, Layout, LayoutBook
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.sections.timeline.tables import (
    ActivityRow,
    AssociationRow,
    AttendeeRow,
    CommentRow,
)
from cyclorama.storage.accounts import Viewer
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.storage.idempotency import ROWS as KEYS
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import CSM, NOW, Bench, everything
from tests.sections.timelines import (
    BO,
    BOSS,
    SECTIONS,
    activity,
    book,
    comment,
    people,
)

pytestmark = pytest.mark.anyio
WHOLE = """id type subject notes notesText durationMinutes milestoneType isDraft fields
  visibility isRedacted version context contextId activityDate companyId relationshipId
  author { name } updatedBy { name } internalAttendees { name }
  externalAttendees { name } comments { body }"""
ERRORS = "errors { path code message }"
SAVE = f"""mutation($input: SaveActivityInput!) {{ answer: saveActivity(input: $input) {{
  {ERRORS} activity {{ {WHOLE} }} }} }}"""
DELETE = f"""mutation($input: DeleteActivityInput!) {{
  answer: deleteActivity(input: $input) {{ {ERRORS} deletedId }} }}"""
SAID = "id activityId replyToId body version editedAt author { name }"
COMMENT = f"""mutation($input: AddActivityCommentInput!) {{
  answer: addActivityComment(input: $input) {{ {ERRORS} comment {{ {SAID} }} }} }}"""
EDIT = f"""mutation($input: EditActivityCommentInput!) {{
  answer: editActivityComment(input: $input) {{ {ERRORS} comment {{ {SAID} }} }} }}"""
UNSAY = f"""mutation($input: DeleteActivityCommentInput!) {{
  answer: deleteActivityComment(input: $input) {{ {ERRORS} deletedId }} }}"""
CALL = {
    "recordId": "company_1",
    "type": "call",
    "subject": "Call",
    "activityDate": "2026-03-01T09:30:00.123Z",
}
VISIT = {
    "key": "visit",
    "label": "Visit",
    "fields": [{"key": "mood", "label": "Mood", "required": True}],
}
TYPES = [
    {"key": "call", "label": "Call", "category": "CALL"},
    {"key": "milestone", "label": "Milestone", "category": "MILESTONE"},
    VISIT,
]


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=book(types=TYPES))
    await made.fill()
    await made.add(*people())
    return made


async def ask(bench: Bench, query: str, viewer: Viewer = CSM, **given: Any) -> Any:
    answer = await bench.ask(query, viewer=viewer, input=given)
    assert "errors" not in answer, answer
    return answer["data"]["answer"]


async def done(bench: Bench, query: str, viewer: Viewer = CSM, **given: Any) -> Any:
    """What is saved or said, or the id of what is gone."""
    answer = await ask(bench, query, viewer, **given)
    assert answer.pop("errors") == []
    (value,) = answer.values()
    return value


async def content(bench: Bench) -> list[Any]:
    """All that a change could write."""
    found: list[Any] = []
    rows = (ActivityRow, AttendeeRow, CommentRow, AssociationRow)
    async with bench.database.read() as reading:
        for table in (*(r.__table__ for r in rows), AUDIT, KEYS):
            query = sa.select(*table.c).order_by(*table.primary_key)
            found += await reading.execute(query)
    return found


async def refused(bench: Bench, query: str, viewer: Viewer = CSM, **given: Any) -> Any:
    """Path and code of the one refusal; nothing was changed."""
    before = await content(bench)
    answer = await ask(bench, query, viewer, **given)
    (error,) = answer.pop("errors")
    assert [*answer.values()] == [None]
    assert await content(bench) == before
    assert error["message"].endswith(".")
    return ".".join(error["path"]), error["code"]


REFUSALS: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "party"}, "type", "LOOKUP_NOT_FOUND"),
    ({"type": ""}, "type", "LOOKUP_NOT_FOUND"),
    ({"subject": " "}, "subject", "REQUIRED"),
    ({"subject": "x" * 256}, "subject", "LENGTH"),
    ({"notes": "x" * 32_001}, "notes", "LENGTH"),
    ({"notes": "<p>Hi<script>alert(1)</script></p>"}, "notes", "INVALID"),
    ({"notes": '<a href="javascript:x()">Hi</a>'}, "notes", "INVALID"),
    ({"activityDate": "9999-12-31T00:00:00Z"}, "activityDate", "RANGE"),
    ({"activityDate": "1969-12-31T23:59:59Z"}, "activityDate", "RANGE"),
    ({"durationMinutes": -1}, "durationMinutes", "RANGE"),
    ({"durationMinutes": 2**31 - 1}, "durationMinutes", "RANGE"),
    ({"milestoneType": "go_live"}, "milestoneType", "INVALID"),
    ({"type": "milestone"}, "milestoneType", "REQUIRED"),
    (
        {"type": "milestone", "milestoneType": "x"},
        "milestoneType",
        "LOOKUP_NOT_FOUND",
    ),
    ({"type": "visit"}, "fields.mood", "REQUIRED"),
    ({"type": "visit", "fields": {"mood": 5}}, "fields.mood", "TYPE"),
    ({"fields": {"mood": "Good"}}, "fields.mood", "UNKNOWN_FIELD"),
    (
        {"internalAttendeeIds": ["user_bo", "user_no"]},
        "internalAttendeeIds.1",
        "LOOKUP_NOT_FOUND",
    ),
    (
        {"externalAttendeeIds": ["user_bo"]},
        "externalAttendeeIds.0",
        "LOOKUP_NOT_FOUND",
    ),
    (
        {"externalAttendeeIds": [f"p{n}" for n in range(51)]},
        "externalAttendeeIds",
        "LIMIT_EXCEEDED",
    ),
    ({"contextId": "case_no"}, "contextId", "LOOKUP_NOT_FOUND"),
    ({"contextId": "case_2"}, "contextId", "LOOKUP_NOT_FOUND"),
    ({"contextId": "user_bo"}, "contextId", "LOOKUP_NOT_FOUND"),
    ({"recordId": "company_9"}, "recordId", "NOT_FOUND"),
    ({"recordId": "nonsense"}, "recordId", "NOT_FOUND"),
    ({"id": "activity_9"}, "id", "NOT_FOUND"),
    ({"id": "activity_2"}, "id", "NOT_FOUND"),
    ({"id": "activity_3"}, "id", "NOT_FOUND"),
    ({"id": "activity_4"}, "id", "FORBIDDEN"),
    ({"id": "activity_5"}, "id", "FORBIDDEN"),
    ({"id": "activity_6"}, "id", "NOT_FOUND"),
    ({"id": "activity_1", "expectedVersion": 2}, "expectedVersion", "CONFLICT"),
    ({"id": "activity_1", "isDraft": True}, "isDraft", "INVALID_STATE"),
    ({"idempotencyKey": " "}, "idempotencyKey", "LENGTH"),
    ({"idempotencyKey": "x" * 256}, "idempotencyKey", "LENGTH"),
]


async def test_what_cannot_be_is_refused_and_changes_nothing(bench: Bench) -> None:
    await bench.add(
        *activity(1),
        *activity(2, is_draft=True, by="user_bo"),
        *activity(3, visibility="PRIVATE", by="user_bo"),
        *activity(4, visibility="REDACTED", by="user_bo"),
        *activity(5, by="user_bo"),
        *activity(6, of=2),
        *(_case(n) for n in (1, 2)),
        comment(1, 1),
        comment(2, 5),
        comment(3, 3, author_id="user_bo"),
    )
    for given, path, code in REFUSALS:
        assert await refused(bench, SAVE, **{**CALL, **given}) == (path, code), given
    for one, code in (("9", "NOT_FOUND"), ("3", "NOT_FOUND"), ("5", "FORBIDDEN")):
        given = {"id": f"activity_{one}"}
        assert await refused(bench, DELETE, **given) == ("id", code), one
    given = {"id": "activity_1", "expectedVersion": 0}
    assert await refused(bench, DELETE, **given) == ("expectedVersion", "CONFLICT")
    said = {"activityId": "activity_1", "body": "Yes."}
    for given, path, code in (
        ({"activityId": "activity_9"}, "activityId", "NOT_FOUND"),
        ({"activityId": "activity_3"}, "activityId", "NOT_FOUND"),
        ({"activityId": "activity_4"}, "activityId", "INVALID_STATE"),
        ({"body": ""}, "body", "REQUIRED"),
        ({"body": "x" * 32_001}, "body", "LENGTH"),
        ({"replyToId": "activity_comment_9"}, "replyToId", "NOT_FOUND"),
        ({"replyToId": "activity_comment_2"}, "replyToId", "NOT_FOUND"),
    ):
        assert await refused(bench, COMMENT, **{**said, **given}) == (path, code), given
    for query in (EDIT, UNSAY):
        body = {"body": "No."} if query is EDIT else {}
        for one, viewer, code in (
            ("9", CSM, "NOT_FOUND"),
            ("3", CSM, "NOT_FOUND"),
            ("1", BO, "FORBIDDEN"),
        ):
            given = {"id": f"activity_comment_{one}", **body}
            found = await refused(bench, query, viewer, **given)
            assert found == ("id", code), (query, one)
        given = {"id": "activity_comment_1", "expectedVersion": 7, **body}
        found = await refused(bench, query, **given)
        assert found == ("expectedVersion", "CONFLICT")


def _case(number: int) -> SupportCaseRow:
    return SupportCaseRow(
        id=f"case_{number}",
        company_id=f"company_{number}",
        number="1",
        status="New",
        opened_at=NOW,
        updated_at=NOW,
    )


async def test_what_is_no_instant_is_refused_by_name(bench: Bench) -> None:
    before = await content(bench)
    for at in ("10000-01-01T00:00:00Z", "2026-03-01", 5, None):
        answer = await bench.ask(SAVE, input={**CALL, "activityDate": at})
        assert "activityDate" in answer["errors"][0]["message"], at
    answer = await bench.ask(SAVE, input={**CALL, "notes": "a\0b"})
    assert "NUL" in answer["errors"][0]["message"]
    assert await content(bench) == before


async def test_a_layout_may_be_for_reading(bench: Bench) -> None:
    await bench.add(*activity(1), comment(1, 1))
    said = {"activityId": "activity_1", "body": "Yes."}
    own = {"id": "activity_comment_1"}
    bench.book = book(editable=False)
    assert await refused(bench, SAVE, **CALL) == ("recordId", "FORBIDDEN")
    assert await refused(bench, DELETE, id="activity_1") == ("id", "FORBIDDEN")
    assert await refused(bench, COMMENT, **said) == ("activityId", "FORBIDDEN")
    assert await refused(bench, UNSAY, **own) == ("id", "FORBIDDEN")
    bench.book = book(comments=False)
    assert await refused(bench, COMMENT, **said) == ("activityId", "FORBIDDEN")
    assert (await done(bench, SAVE, **CALL))["version"] == 1
    none = Layout("c", "COMPANY", None, "C", "", True)
    bench.book = LayoutBook((none, *book().layouts[1:]))
    assert await refused(bench, SAVE, **CALL) == ("recordId", "FORBIDDEN")
    assert await refused(bench, DELETE, id="activity_1") == ("id", "NOT_FOUND")
    assert await refused(bench, COMMENT, **said) == ("activityId", "NOT_FOUND")
    assert await refused(bench, UNSAY, **own) == ("id", "NOT_FOUND")


async def test_what_is_out_of_reach_looks_like_nothing(bench: Bench) -> None:
    await bench.add(*activity(1), comment(1, 1))
    hidden = Clause("name", "EQ", ("Company 1",))
    deny = AccessRule(
        rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=(hidden,)
    )
    bench.access = AccessBook(rules=(deny,))
    for query, given, name in (
        (SAVE, {**CALL, "recordId": "company_@"}, "@"),
        (SAVE, {**CALL, "recordId": "company_2", "id": "activity_@"}, "@"),
        (DELETE, {"id": "activity_@"}, "@"),
        (COMMENT, {"activityId": "activity_@", "body": "Yes."}, "@"),
        (EDIT, {"id": "activity_comment_@", "body": "Yes."}, "@"),
        (UNSAY, {"id": "activity_comment_@"}, "@"),
    ):
        told = []
        for one in ("1", "9"):
            filled = {k: v.replace(name, one) for k, v in given.items()}
            answer = await ask(bench, query, **filled)
            told.append(str(answer).replace(f"_{one}", "_it"))
        assert told[0] == told[1]
        assert "NOT_FOUND" in told[0]
    assert (await done(bench, SAVE, **{**CALL, "recordId": "company_2"}))["id"]


async def test_a_masked_field_is_not_handed_in(bench: Bench) -> None:
    await bench.add(*activity(1, by="user_bo"))
    own = {**CALL, "id": "activity_1", "subject": "Subject 1"}
    own["activityDate"] = "2026-03-02T12:00:00Z"
    for field, access, given, path in (
        ("Activity.notes", "hidden", {"notes": "x"}, "notes"),
        ("Activity.externalAttendees", "hidden", None, "externalAttendeeIds"),
        ("Activity.subject", "read", {"subject": "Other"}, "subject"),
    ):
        bench.permissions = (FieldPermission("bo", field, access),)
        changed = {path: ["person_1"]} if given is None else given
        query = SAVE.replace(WHOLE, "id")
        found = await refused(bench, query, BO, **{**own, **changed})
        assert found == (path, "READ_ONLY")
        assert (await done(bench, query, BO, **own))["id"] == "activity_1"


async def test_an_activity_is_kept_as_it_was_saved(bench: Bench) -> None:
    await bench.add(_case(1))
    given = {
        **CALL,
        "subject": "  First   call ",
        "notes": "<p onfoo>Über <b>2</b></p><custom>!</custom>",
        "durationMinutes": 30,
        "internalAttendeeIds": ["user_bo", "user_csm", "user_bo"],
        "externalAttendeeIds": ["person_2", "person_1"],
        "visibility": "TEAM",
        "contextId": "case_1",
    }
    assert await refused(bench, SAVE, **given) == ("notes", "INVALID")
    given["notes"] = "<p>Über <b>2</b></p><custom>!</custom>"
    saved = await done(bench, SAVE, **given)
    assert saved["id"].startswith("activity_")
    assert (saved["subject"], saved["notes"]) == ("First call", "<p>Über <b>2</b></p>!")
    assert saved["notesText"] == "Über 2\n!"
    assert saved["author"] == saved["updatedBy"] == {"name": "Ann"}
    assert [u["name"] for u in saved["internalAttendees"]] == ["Ann", "Bo"]
    assert [p["name"] for p in saved["externalAttendees"]] == ["Émile", "Zoe"]
    assert (saved["context"], saved["contextId"]) == ("CASE", "case_1")
    assert (saved["visibility"], saved["isDraft"]) == ("TEAM", False)
    assert saved["activityDate"] == CALL["activityDate"]
    query = f"""{{ company(id: "company_1") {{ timeline {{ activities {{
      edges {{ node {{ {WHOLE} }} }} }} }} }} }}"""
    page = (await bench.query(query))["company"]["timeline"]["activities"]
    assert [e["node"] for e in page["edges"]] == [saved]
    part = await done(bench, SAVE, **{**CALL, "recordId": "relationship_1"})
    assert (part["companyId"], part["relationshipId"]) == (
        "company_1",
        "relationship_1",
    )
    assert (part["context"], part["contextId"]) == ("RELATIONSHIP", "relationship_1")


async def test_a_change_leaves_what_it_does_not_name(bench: Bench) -> None:
    first = await done(
        bench,
        SAVE,
        **{**CALL, "type": "visit", "notes": "<p>N</p>", "durationMinutes": 5},
        fields={"mood": "Good"},
        internalAttendeeIds=["user_bo"],
    )
    own = {**CALL, "type": "visit", "id": first["id"]}
    assert await done(bench, SAVE, **own) == first
    before = await content(bench)
    assert await done(bench, SAVE, **own, notes="<p>N</p>") == first
    assert await content(bench) == before
    bench.now = NOW + timedelta(minutes=1)
    second = await done(
        bench, SAVE, **own, notes=None, internalAttendeeIds=None, expectedVersion=1
    )
    gone = {"notes": None, "notesText": None, "internalAttendees": [], "version": 2}
    assert second == {**first, **gone}
    assert await refused(bench, SAVE, **own, expectedVersion=1) == (
        "expectedVersion",
        "CONFLICT",
    )
    bench.book = book(types=TYPES[:1])
    third = await done(bench, SAVE, **{**own, "subject": "Other"})
    assert (third["type"], third["fields"]) == ("visit", {"mood": "Good"})
    found = await refused(bench, SAVE, **{**own, "fields": {"mood": "Bad"}})
    assert found == ("fields", "READ_ONLY")
    third = await done(bench, SAVE, **{**own, "type": "call"})
    assert (third["fields"], third["version"]) == ({}, 4)


async def test_a_draft_becomes_an_entry_and_never_a_draft_again(bench: Bench) -> None:
    draft = await done(bench, SAVE, **CALL | {"type": "visit"}, isDraft=True)
    assert draft["isDraft"]
    own = {**CALL, "type": "visit", "id": draft["id"]}
    for viewer in (BO, BOSS):
        assert await refused(bench, SAVE, viewer, **own) == ("id", "NOT_FOUND")
        assert await refused(bench, DELETE, viewer, id=draft["id"]) == (
            "id",
            "NOT_FOUND",
        )
    said = {"activityId": draft["id"], "body": "Yes."}
    assert await refused(bench, COMMENT, BO, **said) == ("activityId", "NOT_FOUND")
    assert await refused(bench, COMMENT, **said) == ("activityId", "INVALID_STATE")
    assert await refused(bench, SAVE, **own) == ("fields.mood", "REQUIRED")
    kept = await done(bench, SAVE, **own, isDraft=True, fields={"mood": "Good"})
    logged = await done(bench, SAVE, **own)
    assert (kept["isDraft"], logged["isDraft"], logged["version"]) == (True, False, 3)
    assert await refused(bench, SAVE, **own, isDraft=True) == (
        "isDraft",
        "INVALID_STATE",
    )
    assert (await done(bench, COMMENT, BO, **said))["body"] == "Yes."
    async with bench.database.read() as reading:
        query = sa.select(AUDIT.c.action, AUDIT.c.subject, AUDIT.c.details)
        entries = await reading.execute(query.order_by(AUDIT.c.number))
    assert [e.action for e in entries] == [
        "activity.draft",
        "activity.update",
        "activity.log",
        "activity.comment",
    ]
    assert {e.subject for e in entries} == {draft["id"]}
    assert entries[1].details == '{"changed":[null,["fields"]],"version":[1,2]}'


async def test_others_entries_are_for_who_may_and_for_admins(bench: Bench) -> None:
    await bench.add(
        *activity(1), *activity(2), *activity(3, visibility="PRIVATE"), comment(1, 1)
    )
    own = {**CALL, "id": "activity_1"}
    assert await refused(bench, SAVE, BO, **own) == ("id", "FORBIDDEN")
    saved = await done(bench, SAVE, BOSS, **{**own, "subject": "By admin"})
    assert (saved["author"], saved["updatedBy"]) == ({"name": "Ann"}, {"name": "Bo"})
    bench.book = book(edit_others=True)
    assert (await done(bench, SAVE, BO, **own))["version"] == 3
    assert await refused(bench, DELETE, BO, id="activity_1") == ("id", "FORBIDDEN")
    mine = {"id": "activity_comment_1"}
    assert await refused(bench, UNSAY, BO, **mine) == ("id", "FORBIDDEN")
    bench.book = book(delete_others=True)
    assert await refused(bench, DELETE, BO, id="activity_3") == ("id", "NOT_FOUND")
    assert await done(bench, UNSAY, BO, **mine) == "activity_comment_1"
    assert await done(bench, DELETE, BO, id="activity_1") == "activity_1"
    bench.book = book()
    assert await done(bench, DELETE, BOSS, id="activity_2") == "activity_2"


async def test_a_deleted_activity_takes_no_more_and_comes_not_back(
    bench: Bench,
) -> None:
    keyed = {**CALL, "idempotencyKey": "one", "internalAttendeeIds": ["user_bo"]}
    saved = await done(bench, SAVE, **keyed)
    assert await done(bench, SAVE, **keyed) == saved
    other = {**keyed, "subject": "Other"}
    assert await refused(bench, SAVE, **other) == ("idempotencyKey", "CONFLICT")
    assert (await done(bench, SAVE, BO, **other))["subject"] == "Other"
    said = {"activityId": saved["id"], "body": "Yes."}
    first = await done(bench, COMMENT, **said, idempotencyKey="two")
    assert await done(bench, COMMENT, **said, idempotencyKey="two") == first
    reply = await done(bench, COMMENT, BO, **said, replyToId=first["id"])
    assert (reply["replyToId"], reply["author"]) == (first["id"], {"name": "Bo"})
    edited = await done(bench, EDIT, BO, id=reply["id"], body=" No. ")
    assert (edited["body"], edited["version"]) == ("No.", 2)
    assert edited["editedAt"] is not None
    assert await done(bench, EDIT, BO, id=reply["id"], body="No.") == edited
    assert await done(bench, UNSAY, id=first["id"]) == first["id"]
    query = """query($id: ID!) { node(id: $id) { ... on Activity {
      comments { body replyToId } } } }"""
    found = await bench.query(query, id=saved["id"])
    assert found["node"]["comments"] == [{"body": "No.", "replyToId": None}]
    given = {**said, "replyToId": first["id"]}
    assert await refused(bench, COMMENT, **given) == ("replyToId", "NOT_FOUND")
    assert await done(bench, DELETE, id=saved["id"]) == saved["id"]
    assert (await bench.query(query, id=saved["id"]))["node"] is None
    assert await refused(bench, COMMENT, **said) == ("activityId", "NOT_FOUND")
    assert await refused(bench, COMMENT, **given) == ("activityId", "NOT_FOUND")
    assert await refused(bench, DELETE, id=saved["id"]) == ("id", "NOT_FOUND")
    assert await refused(bench, SAVE, **keyed) == ("idempotencyKey", "NOT_FOUND")
    for row in (AttendeeRow, CommentRow):
        async with bench.database.read() as reading:
            query_of = sa.select(row.id).where(row.activity_id == saved["id"])
            assert await reading.execute(query_of) == []


async def test_an_activity_has_no_more_comments_than_are_shown(bench: Bench) -> None:
    await bench.add(*activity(1), *(comment(n, 1) for n in range(199)))
    said = {"activityId": "activity_1", "body": "Yes."}
    await done(bench, COMMENT, **said)
    found = await refused(bench, COMMENT, **said)
    assert found == ("activityId", "LIMIT_EXCEEDED")


async def test_sixteen_clients_lose_no_change_of_each_other(bench: Bench) -> None:
    await bench.add(*activity(1, subject="-", type="call"))
    others = [Bench(bench.database, SECTIONS, book=bench.book) for _ in range(3)]
    conflicts = 0

    async def client(number: int) -> None:
        nonlocal conflicts
        own = (bench, *others)[number % 4]
        version, subject = 1, "-"
        while True:
            given = {**CALL, "id": "activity_1", "expectedVersion": version}
            given["subject"] = f"{subject} {number}"
            answer = await ask(own, SAVE.replace(WHOLE, "id"), **given)
            if not answer["errors"]:
                return
            (error,) = answer["errors"]
            assert (error["path"], error["code"]) == (["expectedVersion"], "CONFLICT")
            conflicts += 1
            query = '{ node(id: "activity_1") { ... on Activity { version subject } } }'
            node = (await own.query(query))["node"]
            version, subject = node["version"], node["subject"]

    await asyncio.gather(*(client(n) for n in range(16)))
    found = await bench.query(
        '{ node(id: "activity_1") { ... on Activity { version subject } } }'
    )
    assert found["node"]["version"] == 17
    assert sorted(found["node"]["subject"].split()[1:], key=int) == [
        str(n) for n in range(16)
    ]
    assert conflicts > 0
    keyed = {**CALL, "idempotencyKey": "same"}
    sent = await asyncio.gather(
        *(done((bench, *others)[n % 4], SAVE, **keyed) for n in range(6))
    )
    assert len({s["id"] for s in sent}) == 1


async def test_a_payload_says_what_the_page_says(bench: Bench) -> None:
    """Every field of an activity, by the mutation and by a plan."""
    asked = everything(bench.graph.schema, "Activity")
    query = SAVE.replace(f"{{ {WHOLE} }}", asked)
    given = {**CALL, "notes": "<p>N</p>", "externalAttendeeIds": ["person_1"]}
    saved = await done(bench, query, **given)
    await done(bench, COMMENT, activityId=saved["id"], body="Yes.")
    saved = await done(bench, query, **{**given, "id": saved["id"]})
    page = f"""{{ company(id: "company_1") {{ timeline {{ activities {{
      edges {{ node {asked} }} }} }} }} }}"""
    found = (await bench.query(page))["company"]["timeline"]["activities"]
    assert [e["node"] for e in found["edges"]] == [saved]
