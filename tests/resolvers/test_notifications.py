"""Following records, and notifications by what their reader may see now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.app import graph, make_app
from cyclorama.config import load_settings
from cyclorama.layouts.access import AccessBook, AccessRule
from cyclorama.layouts.model import Clause, Layout
from cyclorama.plugins.notifying import news_of, notifier
from cyclorama.plugins.rules.file import parse
from cyclorama.plugins.rules.running import save_rules
from cyclorama.sections.timeline.tables import PRIVATE, REDACTED
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS, EventKind
from cyclorama.storage.masks import FieldPermission
from cyclorama.storage.notifications import (
    CONCERNED,
    FOLLOWED,
    KEPT_FOR,
    MOST_FOLLOWED,
    MOST_KEPT,
    NOTIFICATIONS,
    FollowRow,
    News,
    NotificationRow,
    leave,
)
from cyclorama.storage.rows import UserRow
from cyclorama.testing import CSM, NOW, Bench
from tests.sections.ctas import cta, filled
from tests.sections.ruling import ANN
from tests.sections.timelines import activity

pytestmark = pytest.mark.anyio
JO = replace(CSM, id="user_jo", name="Jo", email="jo@example.com")
BOSS = replace(JO, permissions=("admin",))
CLIENT = replace(CSM, kind="API_CLIENT")
FOLLOW = """mutation($id: ID!) { followRecord(recordId: $id) {
  isFollowed record { id } errors { path code } } }"""
UNFOLLOW = FOLLOW.replace("followRecord", "unfollowRecord")
SEEN = """query($first: Int!, $after: String, $unread: Boolean!) {
  notifications(first: $first, after: $after, unreadOnly: $unread) { unreadCount
    edges { node { kind reason readAt record { id } subject { id } actor { name } } }
    pageInfo { hasNextPage endCursor } } }"""
READ = """mutation($input: MarkNotificationsReadInput!) {
  markNotificationsRead(input: $input) { unreadCount errors { path code } } }"""


async def seen(bench: Bench, **given: Any) -> Any:
    values = {"first": 20, "after": None, "unread": False, **given}
    return (await bench.query(SEEN, **values))["notifications"]


async def kinds(bench: Bench) -> list[str]:
    return [e["node"]["kind"] for e in (await seen(bench))["edges"]]


def news(kind: str, subject: str | None, of: str = "company_1", **given: Any) -> News:
    values = {"actor_id": "user_jo", "at": NOW, "to_followers": True, **given}
    return News(kind=kind, record_id=of, subject_id=subject, **values)


async def told(bench: Bench, *of: News) -> int:
    async with bench.database.write() as session:
        return await leave(session, of, NOW)


async def world(database: Database, **options: Any) -> Bench:
    sections = list(graph().sections.values())
    return await filled(Bench(database, sections, **options))


async def test_who_follows_is_told_and_only_of_what_they_may_see_now(
    database: Database,
) -> None:
    bench = await world(database)
    refused = await bench.ask(FOLLOW, id="company_9")
    assert refused["data"]["followRecord"] == {
        "isFollowed": False,
        "record": None,
        "errors": [{"path": ["recordId"], "code": "NOT_FOUND"}],
    }
    for query in (FOLLOW, UNFOLLOW):
        (payload,) = (await bench.ask(query, viewer=CLIENT, id="company_1"))[
            "data"
        ].values()
        assert payload["errors"] == [{"path": [], "code": "FORBIDDEN"}]
    for _ in range(2):
        done = await bench.query(FOLLOW, id="company_1")
        assert done["followRecord"] == {
            "isFollowed": True,
            "record": {"id": "company_1"},
            "errors": [],
        }
    shown = '{ a: company(id: "company_1") { isFollowed } b: company(id: "company_2") { isFollowed } }'
    assert await bench.query(shown) == {
        "a": {"isFollowed": True},
        "b": {"isFollowed": False},
    }
    await bench.add(
        cta(1),
        cta(2, of="company_2"),
        *activity(1),
        *activity(2, by="user_jo", visibility=PRIVATE),
    )
    made = "cockpit.cta_created", "timeline.activity_saved"
    assert (
        await told(
            bench,
            news(made[0], "cta_1"),
            news(made[0], "cta_2", of="company_2"),
            news(made[0], None, of="relationship_1"),
            news(made[0], "cta_1", actor_id="user_csm"),
            news(made[1], "activity_1"),
            news(made[1], "activity_2"),
            news(made[1], "activity_gone"),
        )
        == 4
    )
    page = await seen(bench)
    assert page["unreadCount"] == 2
    nodes = [e["node"] for e in page["edges"]]
    assert [n["subject"]["id"] for n in nodes] == ["activity_1", "cta_1"]
    assert nodes[1] == {
        "kind": "cockpit.cta_created",
        "reason": FOLLOWED,
        "readAt": None,
        "record": {"id": "company_1"},
        "subject": {"id": "cta_1"},
        "actor": {"name": "Jo"},
    }
    hiding = Bench(database, list(graph().sections.values()), hidden=["timeline"])
    assert await kinds(hiding) == ["cockpit.cta_created"]
    rule = AccessRule(
        rank=1,
        name="One",
        kind="COMPANY",
        effect="DENY",
        record=(Clause("name", "EQ", ("Company 1",)),),
    )
    closed = Bench(
        database, list(graph().sections.values()), access=AccessBook(rules=(rule,))
    )
    assert await seen(closed) == {
        "unreadCount": 0,
        "edges": [],
        "pageInfo": {"hasNextPage": False, "endCursor": None},
    }
    (held,) = await _ids(bench, "cockpit.cta_created")
    answer = await closed.query(READ, input={"ids": [held]})
    assert answer["markNotificationsRead"] == {
        "unreadCount": None,
        "errors": [{"path": ["ids", "0"], "code": "NOT_FOUND"}],
    }
    gone = await closed.query(UNFOLLOW, id="company_1")
    assert gone["unfollowRecord"] == {"isFollowed": False, "record": None, "errors": []}
    assert await told(bench, news(made[0], "cta_1")) == 0


async def _ids(bench: Bench, *of: str) -> list[str]:
    query = sa.select(NOTIFICATIONS.c.id).order_by(NOTIFICATIONS.c.id)
    async with bench.database.read() as reading:
        rows = await reading.execute(query.where(NOTIFICATIONS.c.kind.in_(of)))
    return [row.id for row in rows]


async def test_pages_marks_and_limits(database: Database) -> None:
    bench = await world(database)
    kind = "company.changed"
    assert (
        await told(bench, *(news(kind, None, people=["user_csm"]) for _ in range(5)))
        == 5
    )
    first = await seen(bench, first=2)
    assert first["edges"][0]["node"]["reason"] == CONCERNED
    assert first["unreadCount"] == 5
    after = first["pageInfo"]["endCursor"]
    rest = await seen(bench, first=3, after=after)
    assert len(rest["edges"]) == 3
    assert not rest["pageInfo"]["hasNextPage"]
    wrong = await bench.ask(SEEN, first=3, after="00", unread=False)
    assert wrong["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    ids = await _ids(bench, kind)
    for given, path, code in (
        ({}, ["ids"], "INVALID"),
        ({"ids": ids[:1], "all": True}, ["ids"], "INVALID"),
        ({"ids": ids[:1] * 201}, ["ids"], "LIMIT_EXCEEDED"),
        ({"ids": [ids[0], "notification_x"]}, ["ids", "1"], "NOT_FOUND"),
    ):
        done = (await bench.query(READ, input=given))["markNotificationsRead"]
        assert done == {"unreadCount": None, "errors": [{"path": path, "code": code}]}
    done = await bench.ask(READ, viewer=JO, input={"ids": ids[:1]})
    assert done["data"]["markNotificationsRead"]["errors"][0]["code"] == "NOT_FOUND"
    done = await bench.query(READ, input={"ids": ids[:2]})
    assert done["markNotificationsRead"] == {"unreadCount": 3, "errors": []}
    assert len((await seen(bench, unread=True))["edges"]) == 3
    done = await bench.query(READ, input={"all": True})
    assert done["markNotificationsRead"]["unreadCount"] == 0
    old = news(kind, None, people=["user_csm"], at=NOW - KEPT_FOR)
    many = [news(kind, None, people=["user_csm"]) for _ in range(MOST_KEPT - 1)]
    await told(bench, old, *many)
    left = await _ids(bench, kind)
    assert len(left) == MOST_KEPT - 1  # the old one is gone too
    assert not set(left) & set(ids)
    await bench.add(
        *(
            FollowRow(user_id="user_csm", record_id=f"x{n}", at=NOW)
            for n in range(MOST_FOLLOWED)
        )
    )
    full = (await bench.query(FOLLOW, id="company_1"))["followRecord"]
    assert full["errors"] == [{"path": ["recordId"], "code": "LIMIT_EXCEEDED"}]
    await bench.add(FollowRow(user_id="user_jo", record_id="company_1", at=NOW))
    async with database.write() as session:
        await session.execute(
            sa.update(UserRow).where(UserRow.id == "user_jo").values(active=False)
        )
    assert await told(bench, news(kind, None, actor_id=None)) == 0


def test_a_kind_of_event_says_who_is_told() -> None:
    kind = EventKind(
        key="a.b", description="…", followed=("status",), concerns=("owner_id",)
    )

    def of(before: dict[str, Any], after: dict[str, Any]) -> tuple[bool, Sequence[str]]:
        event: Any = SimpleNamespace(
            kind="a.b",
            record_id="company_1",
            subject_id=None,
            actor_kind="USER",
            actor_id="user_1",
            at=NOW,
            payload={"before": before, "after": after},
            chain=(),
        )
        found = news_of(kind, event)
        return found.to_followers, list(found.people)

    assert of({}, {"status": "new", "owner_id": "u"}) == (True, ["u"])
    held = {"status": "new", "owner_id": "u", "name": "A"}
    assert of(held, {**held, "name": "B"}) == (False, [])
    assert of(held, {**held, "status": "done"}) == (True, [])
    assert of(held, {**held, "owner_id": "v"}) == (False, ["v"])
    assert of(held, {**held, "owner_id": None}) == (False, [])
    assert of(held, {**held, "owner_id": ["v", "w"]}) == (False, ["v", "w"])
    assert of(held, {**held, "owner_id": ["w", "u"]}) == (False, ["w"])


async def tell(bench: Bench) -> int:
    """Hand out all events; how many notifications there are."""
    listen = notifier(graph().sections.values())
    async with bench.database.write() as session:
        query = sa.select(*EVENTS.c).order_by(EVENTS.c.id)
        events = (await session.execute(query)).all()
        now = NOW + timedelta(minutes=1)
        await listen(SimpleNamespace(session=session, events=events, now=now))
        found = await session.scalar(sa.select(sa.func.count(NOTIFICATIONS.c.id)))
        return found or 0


CREATE = """mutation($input: CreateCtaInput!) { createCta(input: $input) {
  cta { id } errors { code } } }"""
CLOSE = """mutation($input: CloseCtaInput!) { closeCta(input: $input) { errors { code } } }"""


async def test_events_of_others_become_notifications(database: Database) -> None:
    bench = await world(database)
    await bench.query(FOLLOW, id="company_1")
    given = {
        "recordId": "company_1",
        "name": "Call them",
        "typeKey": "risk",
        "dueDate": "2026-03-20",
        "ownerId": "user_csm",
    }
    own = await bench.query(CREATE, input={**given, "name": "My own"})
    made = await bench.ask(CREATE, viewer=JO, input=given)
    cta_id = made["data"]["createCta"]["cta"]["id"]
    closed = await bench.ask(CLOSE, viewer=BOSS, input={"id": cta_id})
    assert closed["data"]["closeCta"]["errors"] == []
    assert own["createCta"]["errors"] == []
    await tell(bench)
    assert [
        (e["node"]["kind"], e["node"]["reason"], e["node"]["subject"]["id"])
        for e in (await seen(bench))["edges"]
    ] == [
        ("cockpit.cta_closed", FOLLOWED, cta_id),
        ("cockpit.cta_created", CONCERNED, cta_id),
    ]
    async with database.read() as reading:
        found = await reading.execute(sa.select(NotificationRow.user_id))
    assert {row.user_id for row in found} == {"user_csm"}


def associating(layout: Layout) -> Layout:
    """The layout with a Timeline that takes activities of others."""
    config = {"associations": True}
    return replace(
        layout,
        placements=tuple(
            replace(p, config=config) if p.section == "timeline" else p
            for p in layout.placements
        ),
    )


ASSOCIATE = """mutation($input: AssociateActivityInput!) {
  associateActivity(input: $input) { errors { code } } }"""


async def test_followers_of_an_associated_record_are_told_as_far_as_they_may_see(
    database: Database,
) -> None:
    """Jo associates activities of the first company with the second one."""
    bench = await world(database)
    plain = bench.book
    book = bench.book = replace(plain, layouts=tuple(map(associating, plain.layouts)))
    await bench.query(FOLLOW, id="company_2")
    await bench.add(
        *activity(1, by="user_jo"),
        *activity(2, by="user_jo", visibility=PRIVATE),
        *activity(3, by="user_jo", visibility=REDACTED),
    )
    for n in (1, 2, 3):
        given = {"id": f"activity_{n}", "recordId": "company_2"}
        answer = await bench.ask(ASSOCIATE, viewer=JO, input=given)
        assert answer["data"]["associateActivity"]["errors"] == []
    assert await tell(bench) == 3
    own = ("timeline.activity_associated", FOLLOWED, "company_2")

    async def heard(**options: Any) -> list[str]:
        found = Bench(database, list(graph().sections.values()), book=book)
        for name, value in options.items():
            setattr(found, name, value)
        page = await seen(found)
        nodes = [e["node"] for e in page["edges"]]
        assert page["unreadCount"] == len(nodes)
        assert {(n["kind"], n["reason"], n["record"]["id"]) for n in nodes} <= {own}
        return [n["subject"]["id"] for n in nodes]

    assert await heard() == ["activity_1"]
    for number in (1, 2):
        name = Clause("name", "EQ", (f"Company {number}",))
        rule = AccessRule(
            rank=1, name="No", kind="COMPANY", effect="DENY", record=(name,)
        )
        assert await heard(access=AccessBook(rules=(rule,))) == []
    assert await heard(book=plain) == ["activity_1"]
    hiding = FieldPermission("csm", "Activity.associations", "hidden")
    assert await heard(permissions=(hiding,)) == []


SAVE = """mutation($input: SaveActivityInput!) { saveActivity(input: $input) {
  activity { id } errors { code } } }"""
RULE = """
rules:
  - key: written
    name: Somebody wrote
    when: {event: timeline.activity_saved}
    actions:
      - action: core.notify
        with: {to: [jo@example.com, gone@example.com], text: Look here}
"""


async def test_the_worker_tells_who_is_mentioned_and_whom_rules_name(
    database: Database,
) -> None:
    bench = await world(database)
    app = make_app(load_settings(), database)
    app.now = lambda: NOW
    async with database.write() as session:
        await save_rules(session, ANN, parse(RULE, app.rules().engine.known, ()))
    worker = app.worker()

    async def saved(**given: Any) -> str:
        answer = await bench.query(SAVE, viewer=BOSS, input={**logged, **given})
        assert answer["saveActivity"]["errors"] == []
        while await worker.work():
            pass
        return str(answer["saveActivity"]["activity"]["id"])

    logged = {
        "recordId": "company_1",
        "type": "call",
        "subject": "Secret",
        "activityDate": NOW.isoformat(),
        "visibility": PRIVATE,
        "mentionIds": ["user_csm"],
    }
    draft = await saved(isDraft=True)
    assert await kinds(bench) == []
    for subject in ("Secret", "Very secret"):
        assert await saved(id=draft, isDraft=False, subject=subject) == draft
    (mine,) = (await seen(bench))["edges"]
    assert mine["node"]["reason"] == CONCERNED
    assert mine["node"]["subject"] == {"id": draft}
    await saved(id=draft, mentionIds=[])
    assert await kinds(bench) == []  # it is private again
    query = "{ notifications { edges { node { kind text record { id } } } } }"
    found = (await bench.query(query, viewer=JO))["notifications"]["edges"]
    said = {"kind": "rule.notified", "text": "Look here", "record": {"id": "company_1"}}
    assert [e["node"] for e in found] == [said] * 3
    async with database.read() as reading:
        rows = await reading.execute(sa.select(NOTIFICATIONS.c.user_id))
    assert {row.user_id for row in rows} == {"user_csm", "user_jo"}
