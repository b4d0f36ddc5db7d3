"""Muting records, rules and kinds of notifications."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cyclorama.app import graph
from cyclorama.layouts.access import AccessBook, AccessRule
from cyclorama.layouts.model import Clause, LayoutBook
from cyclorama.storage.engine import Database
from cyclorama.storage.mutes import MOST_MUTED, MuteRow
from cyclorama.storage.notifications import FollowRow, leave
from cyclorama.testing import CSM, NOW, Bench
from tests.resolvers.test_notifications import CLIENT, JO, kinds, news, seen, world

pytestmark = pytest.mark.anyio
MUTES = "subject key record { id } until"
CHANGE = """mutation($input: {type}!) {{ answer: {name}(input: $input) {{
  mutes {{ {mutes} }} errors {{ path code message }} }} }}"""
MUTE, UNMUTE = (
    CHANGE.format(type=f"{name[0].upper()}{name[1:]}Input", name=name, mutes=MUTES)
    for name in ("muteNotifications", "unmuteNotifications")
)
LATER = NOW + timedelta(days=1)
UNTIL = "2026-03-03T12:00:00.000Z"
MADE = "cockpit.cta_created"


async def muted(bench: Bench) -> list[dict[str, Any]]:
    return (await bench.query(f"{{ notificationMutes {{ {MUTES} }} }}"))[
        "notificationMutes"
    ]


async def change(bench: Bench, query: str, viewer: Any = CSM, **given: Any) -> Any:
    answer = await bench.ask(query, viewer=viewer, input=given)
    assert "errors" not in answer, answer
    return answer["data"]["answer"]


async def told(bench: Bench, at: Any = NOW, **given: Any) -> int:
    """How many of three are told: of the first company, of the second, by a rule."""
    async with bench.database.write() as session:
        pieces = (
            news("company.changed", None, at=at, **given),
            news(MADE, None, of="company_2", at=at, **given),
            news("rule.notified", None, of="company_2", at=at, rule="churn", **given),
        )
        return await leave(session, pieces, at)


async def test_what_is_muted_is_not_told_until_it_is_taken_back(
    database: Database,
) -> None:
    bench = await world(database)
    follows = [
        FollowRow(user_id=user, record_id=f"company_{n}", at=NOW)
        for n in (1, 2)
        for user in ("user_csm", "user_jo")
    ]
    await bench.add(*follows)
    rule = {"subject": "RULE", "key": "churn"}
    past = "2026-03-02T12:00:00Z"
    for given, path, code in (
        ({"subject": "RECORD", "key": "company_9"}, "key", "NOT_FOUND"),
        ({"subject": "RECORD", "key": "user_jo"}, "key", "NOT_FOUND"),
        ({"subject": "RECORD", "key": "company_1" * 20}, "key", "NOT_FOUND"),
        (rule, "key", "NOT_FOUND"),
        ({"subject": "KIND", "key": "cockpit.nothing"}, "key", "NOT_FOUND"),
        ({"subject": "KIND", "key": "rule.notified"}, "key", "NOT_FOUND"),
        ({"subject": "RECORD", "key": "company_1", "until": past}, "until", "RANGE"),
        (
            {"subject": "KIND", "key": MADE, "until": "2099-01-01T00:00:00Z"},
            "until",
            "RANGE",
        ),
    ):
        answer = await change(bench, MUTE, **given)
        (error,) = answer["errors"]
        assert (error["path"], error["code"]) == ([path], code), given
        assert error["message"].endswith(".")
    first = {"subject": "RECORD", "key": "company_1"}
    for query in (MUTE, UNMUTE):
        (error,) = (await change(bench, query, CLIENT, **first))["errors"]
        assert (error["path"], error["code"]) == ([], "FORBIDDEN")
    assert await muted(bench) == []

    people = ["user_csm"]
    assert await told(bench, actor_id=None, people=people) == 6
    page = await seen(bench)
    assert (await change(bench, MUTE, JO, **rule))["errors"] == []
    held = {**first, "record": {"id": "company_1"}, "until": None}
    assert await change(bench, MUTE, **first) == {"mutes": [held], "errors": []}
    assert await told(bench, actor_id=None, people=people) == 4
    done = await change(bench, MUTE, **rule, until=UNTIL)
    for_a_day = {**rule, "record": None, "until": UNTIL}
    assert done["mutes"] == [held, for_a_day]
    kind = await change(bench, MUTE, subject="KIND", key=MADE)
    assert len(kind["mutes"]) == 3
    assert await told(bench, actor_id=None, people=people) == 2  # to Jo
    again = await change(bench, MUTE, **first, until=UNTIL)
    assert {m["until"] for m in again["mutes"]} == {None, UNTIL}

    # Nothing is deleted: what was told stays, and so does what is followed.
    before = [n["node"]["kind"] for n in page["edges"]]
    assert await kinds(bench) == ["rule.notified", MADE, *before]
    followed = await bench.query('{ company(id: "company_1") { isFollowed } }')
    assert followed == {"company": {"isFollowed": True}}
    assert await told(bench, LATER, actor_id="user_jo", people=people) == 2
    name = Clause("name", "EQ", ("Company 1",))
    deny = AccessRule(rank=1, name="No", kind="COMPANY", effect="DENY", record=(name,))
    sections = list(graph().sections.values())
    closed = Bench(database, sections, access=AccessBook(rules=(deny,)))
    shown = {m["key"]: m["record"] for m in await muted(closed)}
    assert shown == {"company_1": None, "churn": None, MADE: None}
    left = await change(closed, UNMUTE, **first)
    assert "company_1" not in {m["key"] for m in left["mutes"]}
    assert (await change(bench, UNMUTE, **first))["errors"] == []
    assert await told(bench, actor_id="user_jo", people=people) == 1

    bench.now = LATER
    assert [m["key"] for m in await muted(bench)] == [MADE]
    await bench.add(
        *(
            MuteRow(user_id="user_csm", what="RECORD", key=f"x{n}", at=NOW)
            for n in range(MOST_MUTED - 1)
        )
    )
    (error,) = (await change(bench, MUTE, **first))["errors"]
    assert error["code"] == "LIMIT_EXCEEDED"
    assert (await change(bench, MUTE, subject="KIND", key=MADE))["errors"] == []
    closing = {"subject": "KIND", "key": "cockpit.cta_closed"}
    assert (await change(bench, UNMUTE, JO, **closing))["errors"] == []
    layouts = [
        replace(x, placements=tuple(p for p in x.placements if p.section != "cockpit"))
        for x in bench.book.layouts
    ]
    hiding = Bench(database, sections, book=LayoutBook(tuple(layouts)))
    (error,) = (await change(hiding, MUTE, JO, **closing))["errors"]
    assert error["code"] == "NOT_FOUND"
    assert (await change(bench, MUTE, JO, **closing))["errors"] == []
