"""The global timeline and the viewer's drafts; mentions and attachments."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import Clause, Layout, LayoutBook
from cyclorama.sections.timeline.tables import (
    MENTIONED,
    ActivityRow,
    AttachmentRow,
    AttendeeRow,
)
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import CSM, NOW, Bench
from tests.sections.timelines import BO, SECTIONS, activity, book, people

pytestmark = pytest.mark.anyio
JO = replace(BO, id="user_jo")


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=book())
    await made.fill()
    await made.add(*people())
    for n in range(1, 7):
        given: dict[str, Any] = {"at": NOW - timedelta(days=n), "of": 1 + n % 2}
        given |= {"by": "user_bo"} if n == 6 else {}
        given |= {"is_draft": True} if n in (4, 6) else {}
        given |= {"part": 1} if n == 2 else {}
        given |= {"visibility": "PRIVATE", "notes": "<p>hush</p>"} if n == 5 else {}
        await made.add(*activity(n, **given))
    return made


async def feed(bench: Bench, asked: str = "", **options: Any) -> list[str]:
    """The numbers of the activities of all pages of two."""
    field, _, arguments = (asked or "activities").partition(" ")
    found: list[str] = []
    after = ""
    for _ in range(5):
        query = f"""{{ viewer {{ {field}(first: 2 {arguments} {after}) {{
          edges {{ node {{ id subject }} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"""
        page = (await bench.query(query, **options))["viewer"][field]
        found += [e["node"]["id"].rpartition("_")[2] for e in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = f'after: "{page["pageInfo"]["endCursor"]}"'
    return found


async def test_activities_of_all_records_are_one_list(bench: Bench) -> None:
    assert await feed(bench) == ["1", "2", "3", "5"]
    assert await feed(bench, viewer=BO) == ["1", "2", "3"]  # 5 is private
    about = {"context": "CTA", "context_id": "cta_1", "source": "CTA"}
    await bench.add(*activity(7, at=NOW - timedelta(days=7), subject="Risk", **about))
    for asked, numbers in (
        ('{companyIds: ["company_1"]}', ["2", "7"]),
        ('{types: ["email"]}', []),
        ('{search: "SUBJECT 3"}', ["3"]),
        ('{search: "hush"}', ["5"]),
        ('{since: "2026-02-28T00:00:00Z"}', ["1", "2"]),
        ('{until: "2026-02-28T00:00:00Z"}', ["3", "5", "7"]),
        ('{authorIds: ["user_bo"]}', []),
        ('{attendeeIds: ["user_csm"]}', []),
        ('{milestoneTypes: ["go_live"]}', []),
        ('{relationshipIds: ["relationship_1"]}', ["2"]),
        ("{contexts: [RELATIONSHIP, CTA]}", ["2", "7"]),
        ("{sources: [CTA]}", ["7"]),
        ('{ctaIds: ["cta_1"]}', ["7"]),
        ('{ctaIds: ["cta_1"], types: ["email"]}', []),
    ):
        assert await feed(bench, f"activities filter: {asked}") == numbers, asked
    for asked in (
        f'filter: {{search: "{"x" * 201}"}}',
        f"filter: {{types: {['x'] * 101}}}".replace("'", '"'),
        'after: "00"',
        "first: 201",
    ):
        query = f"{{ viewer {{ activities({asked}) {{ edges {{ cursor }} }} }} }}"
        answer = await bench.ask(query)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", asked


async def test_drafts_are_those_of_the_viewer_on_all_records(bench: Bench) -> None:
    assert await feed(bench, "activityDrafts") == ["4"]
    assert await feed(bench, "activityDrafts", viewer=BO) == ["6"]
    assert await feed(bench, 'activityDrafts filter: {search: "no"}') == []
    edit = """mutation { saveActivity(input: {id: "activity_4", recordId: "company_1",
      type: "call", subject: "Other", activityDate: "2026-03-01T00:00:00Z",
      isDraft: true}) { errors { code } } }"""
    assert (await bench.query(edit))["saveActivity"]["errors"] == []
    assert await feed(bench, 'activityDrafts filter: {search: "other"}') == ["4"]
    gone = 'mutation { deleteActivity(input: {id: "activity_4"}) { errors { code } } }'
    assert (await bench.query(gone, viewer=BO))["deleteActivity"]["errors"] == [
        {"code": "NOT_FOUND"}
    ]
    assert (await bench.query(gone))["deleteActivity"]["errors"] == []
    assert await feed(bench, "activityDrafts") == []


async def test_the_list_obeys_access_layouts_and_masks(bench: Bench) -> None:
    bench.permissions = (FieldPermission("bo", "Activity.notesText", "hidden"),)
    own = replace(CSM, groups=BO.groups)
    assert await feed(bench, 'activities filter: {search: "hush"}', viewer=own) == []
    bench.permissions = (FieldPermission("bo", "Activity.author", "hidden"),)
    by = 'activities filter: {authorIds: ["user_csm"]}'
    assert await feed(bench, by) == ["1", "2", "3", "5"]
    assert await feed(bench, by, viewer=own) == []
    bench.permissions = (FieldPermission("bo", "Activity.context", "hidden"),)
    parts = "activities filter: {contexts: [RELATIONSHIP]}"
    assert await feed(bench, parts) == ["2"]
    assert await feed(bench, parts, viewer=own) == []
    bench.permissions = ()
    hidden = Clause("name", "EQ", ("Company 1",))
    deny = AccessRule(
        rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=(hidden,)
    )
    bench.access = AccessBook(rules=(deny,))
    assert await feed(bench) == ["1", "3", "5"]
    assert await feed(bench, "activityDrafts") == []
    bench.access = AccessBook()
    of_companies, _ = book().layouts
    empty = Layout("b", "RELATIONSHIP", None, "B", is_default=True)
    bench.book = LayoutBook((of_companies, empty))
    assert await feed(bench) == ["1", "3", "5"]


def test_lists_over_all_records_are_no_part_of_a_page() -> None:
    """A layout with Timeline is not said to read a section by code."""
    (timeline,) = (s for s in SECTIONS if s.key == "timeline")
    assert timeline.fields
    assert not timeline.facts().in_code


SAVE = """mutation($input: SaveActivityInput!) { answer: saveActivity(input: $input) {
  errors { path code } activity { id version mentions { id }
    attachments { name url mediaType size } internalAttendees { id } } } }"""
CALL = {
    "recordId": "company_1",
    "type": "call",
    "subject": "Call",
    "activityDate": "2026-03-01T09:30:00Z",
}
FILE = {
    "name": " Minutes ",
    "url": "https://files.example/1.pdf",
    "mediaType": "application/pdf",
    "size": 2**33,
}


async def everything(bench: Bench) -> list[Any]:
    found: list[Any] = []
    tables = (*(r.__table__ for r in (ActivityRow, AttendeeRow, AttachmentRow)), AUDIT)
    async with bench.database.read() as reading:
        for table in tables:
            order = table.primary_key
            found += await reading.execute(sa.select(*table.c).order_by(*order))
    return found


async def save(bench: Bench, viewer: Any = CSM, **given: Any) -> Any:
    return (await bench.query(SAVE, viewer=viewer, input={**CALL, **given}))["answer"]


async def test_mentions_and_attachments_are_kept_and_replaced(bench: Bench) -> None:
    before = await everything(bench)
    for given, path, code in (
        ({"mentionIds": ["user_9"]}, "mentionIds.0", "LOOKUP_NOT_FOUND"),
        ({"mentionIds": [str(n) for n in range(51)]}, "mentionIds", "LIMIT_EXCEEDED"),
        ({"attachments": [FILE] * 21}, "attachments", "LIMIT_EXCEEDED"),
        ({"attachments": [{**FILE, "name": " "}]}, "attachments.0.name", "REQUIRED"),
        (
            {"attachments": [FILE, {**FILE, "url": "javascript:x"}]},
            "attachments.1.url",
            "INVALID",
        ),
        ({"attachments": [{**FILE, "size": 0.5}]}, "attachments.0.size", "RANGE"),
        ({"attachments": [{**FILE, "size": -1}]}, "attachments.0.size", "RANGE"),
        (
            {"attachments": [{**FILE, "mediaType": "pdf"}]},
            "attachments.0.mediaType",
            "INVALID",
        ),
    ):
        (error,) = (await save(bench, **given))["errors"]
        assert (".".join(error["path"]), error["code"]) == (path, code), given
    for field, given in (
        ("Activity.mentions", {"mentionIds": []}),
        ("Activity.attachments", {"attachments": []}),
    ):
        bench.permissions = (FieldPermission("bo", field, "read"),)
        (error,) = (await save(bench, viewer=BO, **given))["errors"]
        assert error["code"] == "READ_ONLY"
    bench.permissions = ()
    assert await everything(bench) == before
    given = {"attachments": [FILE], "mentionIds": ["user_bo"], "visibility": "PRIVATE"}
    made = (await save(bench, **given))["activity"]
    kept = {**FILE, "name": "Minutes"}
    assert (made["attachments"], made["mentions"]) == ([kept], [{"id": "user_bo"}])
    assert made["internalAttendees"] == []
    asked = f'{{ node(id: "{made["id"]}") {{ ... on Activity {{ attachments {{ name }} '
    for viewer, name in ((BO, "Minutes"), (JO, None)):
        found = (await bench.query(asked + "} } }", viewer=viewer))["node"]
        assert found == (name and {"attachments": [{"name": name}]})
    same = await save(bench, id=made["id"], **given)
    assert same["activity"]["version"] == 1
    other = {"attachments": [{**FILE, "size": None}, FILE], "mentionIds": []}
    changed = (await save(bench, id=made["id"], expectedVersion=1, **other))["activity"]
    assert [a["size"] for a in changed["attachments"]] == [None, 2**33]
    assert (changed["mentions"], changed["version"]) == ([], 2)
    (stale,) = (await save(bench, id=made["id"], expectedVersion=1))["errors"]
    assert stale["code"] == "CONFLICT"
    gone = (
        f'mutation {{ deleteActivity(input: {{id: "{made["id"]}"}}) {{ deletedId }} }}'
    )
    await bench.query(gone)
    async with bench.database.read() as reading:
        assert not await reading.execute(sa.select(AttachmentRow.id))
        left = sa.select(AttendeeRow.id).where(AttendeeRow.kind == MENTIONED)
        assert not await reading.execute(left)
        told = await reading.execute(
            sa.select(AUDIT.c.details).order_by(AUDIT.c.number)
        )
    assert "attachments" in str(told[1].details)
