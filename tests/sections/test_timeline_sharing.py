"""Activities that belong to further records, and those that are shared with users."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import Clause
from cyclorama.plugins.notifying import news_of
from cyclorama.sections.timeline.events import SHARED
from cyclorama.sections.timeline.tables import AssociationRow
from cyclorama.storage.accounts import Viewer
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import CSM, NOW, Bench
from tests.sections.test_timeline import numbers
from tests.sections.test_timeline_writing import (
    CALL,
    DELETE,
    SAVE,
    ask,
    content,
    done,
    refused,
)
from tests.sections.timelines import BO, BOSS, SECTIONS, activity, book, people

pytestmark = pytest.mark.anyio
TIED = """version associations { recordId createdBy { name } }
  sharedWith { name }"""
ASSOCIATE, DISSOCIATE, SHARE, UNSHARE = (
    f"""mutation($input: {type_}Input!) {{ answer: {name}(input: $input) {{
      errors {{ path code message }} activity {{ {TIED} }} }} }}"""
    for name, type_ in (
        ("associateActivity", "AssociateActivity"),
        ("dissociateActivity", "DissociateActivity"),
        ("shareActivity", "ShareActivity"),
        ("unshareActivity", "ShareActivity"),
    )
)
FIRST = {"id": "activity_1"}
WITH_BO = {**FIRST, "userIds": ["user_bo"]}
TO_SECOND = {**FIRST, "recordId": "company_2"}


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=book(associations=True))
    await made.fill(3)
    await made.add(*people(), *activity(1))
    return made


async def listed(
    bench: Bench, record: str = "company_2", viewer: Viewer = CSM
) -> list[int]:
    """The activities on a record's page, by both engines."""
    kind = record.partition("_")[0]
    query = f"""{{ {kind}(id: "{record}") {{ timeline {{ state
      activities {{ totalCount edges {{ node {{ id {TIED} }} }} }} }} }} }}"""
    other = Bench(bench.database, SECTIONS, book=bench.book, planned=False)
    other.access = bench.access
    found = await bench.ask(query, viewer=viewer)
    assert await other.ask(query, viewer=viewer) == found
    shown = found["data"][kind]["timeline"]
    page = numbers(shown["activities"])
    assert shown["activities"]["totalCount"] == len(page)
    assert shown["state"] == ("READY" if page else "EMPTY")
    return page


async def told(bench: Bench) -> list[Any]:
    """The events, without those that the rows of the test leave."""
    async with bench.database.read() as reading:
        query = sa.select(EVENTS).order_by(EVENTS.c.id)
        return [*await reading.execute(query)]


def hidden(number: int) -> AccessBook:
    name = (Clause("name", "EQ", (f"Company {number}",)),)
    rule = AccessRule(rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=name)
    return AccessBook(rules=(rule,))


async def test_what_may_not_be_tied_is_refused_and_changes_nothing(
    bench: Bench,
) -> None:
    await bench.add(
        *activity(2, is_draft=True),
        *activity(3, visibility="PRIVATE", by="user_bo"),
        *activity(4, visibility="REDACTED", by="user_bo"),
        *activity(5, by="user_bo"),
    )
    either = (
        (ASSOCIATE, TO_SECOND),
        (DISSOCIATE, TO_SECOND),
        (SHARE, WITH_BO),
        (UNSHARE, WITH_BO),
    )
    for query, given in either:
        for number, code in (
            (9, "NOT_FOUND"),
            (3, "NOT_FOUND"),
            (4, "FORBIDDEN"),
            (5, "FORBIDDEN"),
            (2, "INVALID_STATE"),
        ):
            other = {**given, "id": f"activity_{number}"}
            assert await refused(bench, query, **other) == ("id", code), number
        stale = {**given, "expectedVersion": 7}
        assert await refused(bench, query, **stale) == ("expectedVersion", "CONFLICT")
    many = [f"user_{n}" for n in range(51)]
    for query, given, path, code in (
        (ASSOCIATE, {"recordId": "company_1"}, "recordId", "INVALID"),
        (ASSOCIATE, {"recordId": "company_9"}, "recordId", "NOT_FOUND"),
        (ASSOCIATE, {"recordId": "user_bo"}, "recordId", "NOT_FOUND"),
        (DISSOCIATE, {"recordId": "company_2"}, "recordId", "NOT_FOUND"),
        (SHARE, {"userIds": []}, "userIds", "REQUIRED"),
        (SHARE, {"userIds": many}, "userIds", "LIMIT_EXCEEDED"),
        (SHARE, {"userIds": ["user_bo", "x"]}, "userIds.1", "LOOKUP_NOT_FOUND"),
        (UNSHARE, {"userIds": ["user_bo"]}, "userIds.0", "LOOKUP_NOT_FOUND"),
    ):
        assert await refused(bench, query, **{**FIRST, **given}) == (path, code)
    for field, query, given, path in (
        ("Activity.associations", ASSOCIATE, TO_SECOND, "recordId"),
        ("Activity.associations", DISSOCIATE, TO_SECOND, "recordId"),
        ("Activity.sharedWith", SHARE, WITH_BO, "userIds"),
    ):
        bench.permissions = (FieldPermission("csm", field, "read"),)
        assert await refused(bench, query, **given) == (path, "READ_ONLY")
    bench.permissions = ()
    bench.book = book(associations=True, editable=False)
    for query, given in either:
        assert await refused(bench, query, **given) == ("id", "FORBIDDEN")
    bench.book = book()
    assert await refused(bench, ASSOCIATE, **TO_SECOND) == ("recordId", "FORBIDDEN")
    bench.book, bench.access = book(associations=True), hidden(2)
    there = await ask(bench, ASSOCIATE, **TO_SECOND)
    absent = await ask(bench, ASSOCIATE, **{**TO_SECOND, "recordId": "company_9"})
    assert str(there).replace("company_2", "company_9") == str(absent)


async def test_an_activity_belongs_to_further_records(bench: Bench) -> None:
    await bench.add(*activity(2, of=2), *activity(3, of=2, part=2))
    tied = await done(bench, ASSOCIATE, **TO_SECOND, expectedVersion=1)
    ann = {"name": "Ann"}
    assert tied == {
        "version": 2,
        "associations": [{"recordId": "company_2", "createdBy": ann}],
        "sharedWith": [],
    }
    assert await refused(bench, ASSOCIATE, **TO_SECOND) == ("recordId", "DUPLICATE")
    await done(bench, ASSOCIATE, BOSS, **FIRST, recordId="relationship_3")
    assert await listed(bench) == [2, 1]
    assert await listed(bench, "company_1") == [1]
    assert await listed(bench, "relationship_3") == [1]
    assert await listed(bench, "company_3") == []
    bench.book = book(associations=True, relationship_rollup=True)
    assert await listed(bench) == [3, 2, 1]
    bench.book = book()
    assert await listed(bench) == [2]
    bench.book, bench.access = book(associations=True), hidden(1)
    assert await listed(bench) == [2]
    bench.access = hidden(2)
    asked = f'{{ node(id: "activity_1") {{ ... on Activity {{ {TIED} }} }} }}'
    node = (await bench.query(asked))["node"]
    assert [a["recordId"] for a in node["associations"]] == ["relationship_3"]
    assert await refused(bench, DISSOCIATE, **TO_SECOND) == ("recordId", "NOT_FOUND")
    bench.access = AccessBook()

    untied = await done(bench, DISSOCIATE, **TO_SECOND)
    assert (untied["version"], len(untied["associations"])) == (4, 1)
    assert await listed(bench) == [2]
    assert [(e.kind, e.record_id, e.subject_id) for e in await told(bench)] == [
        ("timeline.activity_associated", "company_2", "activity_1"),
        ("timeline.activity_associated", "relationship_3", "activity_1"),
        ("timeline.activity_dissociated", "company_2", "activity_1"),
    ]
    async with bench.database.read() as reading:
        query = sa.select(AUDIT.c.action, AUDIT.c.details).order_by(AUDIT.c.number)
        logged = [tuple(row) for row in await reading.execute(query)]
    assert logged[0] == (
        "activity.associate",
        '{"record":[null,"company_2"],"version":[1,2]}',
    )
    assert logged[-1][0] == "activity.dissociate"

    await bench.add(
        *(
            AssociationRow(
                id=f"activity_association_{n}",
                activity_id="activity_1",
                record_id=f"company_{n}",
                created_by_id="user_csm",
                created_at=NOW,
            )
            for n in range(10, 59)
        )
    )
    assert await refused(bench, ASSOCIATE, **TO_SECOND) == (
        "recordId",
        "LIMIT_EXCEEDED",
    )
    assert await done(bench, DELETE, **FIRST) == "activity_1"
    assert await listed(bench, "relationship_3") == []


async def test_who_an_activity_is_shared_with_may_read_it(bench: Bench) -> None:
    private = {**CALL, **FIRST, "subject": "Subject 1", "visibility": "PRIVATE"}
    await done(bench, SAVE, **private)
    assert await listed(bench, "company_1", BO) == []
    shared = await done(bench, SHARE, **WITH_BO)
    assert (shared["version"], shared["sharedWith"]) == (3, [{"name": "Bo"}])
    assert await listed(bench, "company_1", BO) == [1]
    before = await content(bench)
    assert await done(bench, SHARE, **WITH_BO) == shared
    assert await content(bench) == before
    await done(bench, SAVE, **{**private, "subject": "Another"})
    assert await listed(bench, "company_1", BO) == [1]
    assert await refused(bench, UNSHARE, BO, **WITH_BO) == ("id", "FORBIDDEN")
    bench.access = hidden(1)
    assert (await bench.ask('{ node(id: "activity_1") { id } }', viewer=BO))[
        "data"
    ] == {"node": None}
    bench.access = AccessBook()
    gone = await done(bench, UNSHARE, **WITH_BO)
    assert gone["sharedWith"] == []
    assert await listed(bench, "company_1", BO) == []
    shares = [e for e in await told(bench) if e.kind == SHARED.key]
    assert [news_of(SHARED, e).people for e in shares] == [["user_bo"], []]
    assert shares[0].payload["after"]["shared_with_ids"] == ["user_bo"]
