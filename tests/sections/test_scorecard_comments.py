"""Comments on scores, and versions of scorecards: section 2.10 of the domain."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.plugins.discovery import discover
from cyclorama.sections.scorecard.cards_given import assign
from cyclorama.sections.scorecard.statements import executing, lock_of
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import NOW, Bench
from tests.sections.scorecards import card, score
from tests.sections.test_scorecard_assigning import (
    OVERRIDE,
    OVERRIDING,
    PIN,
    PINNING,
    REMOVE,
    UNPIN,
    answer,
)
from tests.sections.test_scorecard_writing import (
    ANSWER,
    CLEAR,
    RENEW,
    SET,
    accepted,
    book,
    everything,
    kinds,
    refused,
    rows,
)

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
COMMENT = f"""mutation($input: SetScoreCommentInput!) {{
  answer: setScoreComment(input: $input) {{ {ANSWER} version }} }}"""
SHOWN = """{ company(id: "company_1") { scorecard { version groups { measures { ...M } }
  measures { ...M } } } }
  fragment M on MeasureScore { measure { key }
    score { value comment trend setAt validatedAt naKind }
    comments { text at author { name } } }"""
MANY = """mutation($i: BulkSetScoresInput!) { answer: bulkSetScores(input: $i) {
  results { status errors { path code } } } }"""


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=book(overridable=True))
    await made.fill()
    second = (("MEASURE", "second", 1, None),)
    await made.add(
        *rows(comparator="AT_LAST_RENEWAL"),
        *card(second, key="second", is_default=False),
        score("depth", 50),
    )
    return made


async def measured(bench: Bench, key: str) -> Any:
    """A measure as the page shows it."""
    found = (await bench.query(SHOWN))["company"]["scorecard"]
    measures = [
        *found["measures"],
        *(m for g in found["groups"] for m in g["measures"]),
    ]
    return next(m for m in measures if m["measure"]["key"] == key)


async def version(bench: Bench) -> int:
    found = (await bench.query(SHOWN))["company"]["scorecard"]["version"]
    assert isinstance(found, int)
    return found


def on_day(bench: Bench, days: int) -> None:
    bench.now = NOW + timedelta(days=days)
    bench.today = bench.now.date()


async def test_2_10_a_comment_alone_changes_nothing_of_the_score(bench: Bench) -> None:
    await accepted(bench, SET, "logins", value=80, comment="So")
    before = await measured(bench, "logins")
    on_day(bench, 3)
    found = await accepted(bench, COMMENT, "logins", comment=" Better ")
    after = await measured(bench, "logins")
    assert after["score"] == {**before["score"], "comment": "Better"}
    assert found["measure"]["score"]["comment"] == "Better"
    assert found["version"] == await version(bench)
    assert [(c["text"], c["author"]["name"]) for c in after["comments"]] == [
        ("Better", "Ann"),
        ("So", "Ann"),
    ]
    assert after["comments"][0]["at"] == "2026-03-05T12:00:00.000Z"
    all_there_is = await everything(bench)
    await accepted(bench, COMMENT, "logins", comment="Better")
    assert await everything(bench) == all_there_is
    await accepted(bench, RENEW, "logins")
    await accepted(bench, COMMENT, "logins", comment=" ")
    after = await measured(bench, "logins")
    assert after["score"]["comment"] is None
    assert len(after["comments"]) == 2
    assert await kinds(bench, "logins") == ["SET", "COMMENT", "RENEW", "COMMENT"]
    assert await kinds(bench, "") == ["RECALC"]
    async with bench.database.read() as reading:
        query = sa.select(AUDIT.c.details).where(AUDIT.c.action == "scorecard.comment")
        first, _ = await reading.execute(query.order_by(AUDIT.c.number))
    assert first.details == '{"comment":[null,"logins"],"version":[3,4]}'


async def test_2_10_automated_measures_have_comments_too(bench: Bench) -> None:
    found = await accepted(bench, COMMENT, "depth", comment="The pipeline was down")
    assert found["measure"]["score"]["value"] == 50
    found = await accepted(bench, COMMENT, "sentiment", comment="Nobody answers")
    assert found["measure"]["score"]["naKind"] == "NOT_SCORED"
    assert found["overall"]["value"] is None
    shown = await measured(bench, "sentiment")
    assert [c["text"] for c in shown["comments"]] == ["Nobody answers"]
    found = await accepted(bench, SET, "sentiment", value=60)
    assert found["measure"]["score"]["trend"] == "NEW"
    assert await kinds(bench, "sentiment") == ["COMMENT", "SET"]


async def test_a_comment_that_makes_no_sense_is_refused(bench: Bench) -> None:
    for key, given, said in (
        ("logins", {"comment": "x" * 32_001}, ("comment", "LENGTH")),
        ("tickets", {"comment": " "}, ("comment", "REQUIRED")),
        ("gone", {"comment": "x"}, ("measureKey", "LOOKUP_NOT_FOUND")),
        ("adoption", {"comment": "x"}, ("measureKey", "LOOKUP_NOT_FOUND")),
        ("logins", {"comment": "x", "recordId": "company_9"}, ("recordId", "NOT_FOUND")),
        ("logins", {"comment": "x", "expectedVersion": 7}, ("expectedVersion", "CONFLICT")),
    ):  # fmt: skip
        assert await refused(bench, COMMENT, key, **given) == said
    for config, path in (
        ({"editable": False}, "measureKey"),
        ({"editable_measures": ["sentiment"]}, "measureKey"),
        ({"show_comments": False}, "comment"),
    ):
        bench.book = book(**config)
        found = await refused(bench, COMMENT, "depth", comment="x")
        assert found == (path, "FORBIDDEN")
    bench.book = book()
    for field in ("Score.comment", "MeasureScore.score"):
        bench.permissions = (FieldPermission("csm", field, "read"),)
        found = await refused(bench, COMMENT, "depth", comment="x")
        assert found == ("comment", "READ_ONLY")
    bench.permissions = (FieldPermission("csm", "Score.value", "read"),)
    await accepted(bench, COMMENT, "depth", comment="x")


async def test_hidden_comments_are_in_no_list_of_them(bench: Bench) -> None:
    """By a mask of `Score.comment`, and by the layout's setting."""
    await accepted(bench, SET, "logins", value=80, comment="Secret")
    bench.book = book(show_comments=False)
    shown = await measured(bench, "logins")
    assert (shown["score"]["comment"], shown["comments"]) == (None, [])
    found = await accepted(bench, SET, "logins", value=70, comment="Unseen")
    assert found["measure"]["score"]["comment"] is None
    bench.book = book()
    assert (await measured(bench, "logins"))["score"]["comment"] == "Unseen"
    bench.permissions = (FieldPermission("csm", "Score.comment", "hidden"),)
    found = await bench.ask(SHOWN)
    said = " ".join(e["message"] for e in found["errors"])
    assert "'comment' on type 'Score'" in said
    assert "'text' on type 'ScoreComment'" in said


async def test_what_was_decided_on_a_stale_version_is_refused(bench: Bench) -> None:
    seen = [await version(bench)]
    for day, (query, key, given) in enumerate(
        (
            (SET, "logins", {"value": 80}),
            (RENEW, "logins", {}),
            (COMMENT, "logins", {"comment": "So"}),
            (CLEAR, "logins", {}),
        )
    ):
        on_day(bench, day)
        wrong = {**given, "expectedVersion": seen[-1] + 1}
        said = ("expectedVersion", "CONFLICT")
        assert await refused(bench, query, key, **wrong) == said
        await accepted(bench, query, key, **given, expectedVersion=seen[-1])
        seen.append(await version(bench))
    for query, more in (
        (OVERRIDE, OVERRIDING),
        (REMOVE, {}),
        (PIN, PINNING),
        (UNPIN, {}),
    ):
        given = {"recordId": "company_1", **more}
        before = await everything(bench)
        found = await answer(bench, query, **given, expectedVersion=seen[-2])
        assert [(e["path"], e["code"]) for e in found["errors"]] == [
            (["expectedVersion"], "CONFLICT")
        ]
        assert await everything(bench) == before
        found = await answer(bench, query, **given, expectedVersion=seen[-1])
        assert found["errors"] == []
        seen.append(await version(bench))
    assert seen == sorted(set(seen))
    row = {"recordId": "company_1", "measureKey": "logins", "value": 5}
    many = [row | {"expectedVersion": seen[-2]}]
    for dry in (True, False):
        (found,) = (await answer(bench, MANY, rows=many, dryRun=dry))["results"]
        assert found["errors"] == [{"path": ["expectedVersion"], "code": "CONFLICT"}]
    many = [row | {"expectedVersion": seen[-1]}]
    for dry in (True, False):
        (found,) = (await answer(bench, MANY, rows=many, dryRun=dry))["results"]
        assert (found["status"], found["errors"]) == ("CHANGED", [])


async def test_of_many_who_decide_on_one_version_one_wins(bench: Bench) -> None:
    others = [Bench(bench.database, SECTIONS, book=bench.book) for _ in range(3)]
    at = await version(bench)

    async def writer(number: int) -> list[str]:
        own = (bench, *others)[number % 4]
        given = {"recordId": "company_1", "measureKey": "logins", "value": 3.0 * number}
        found = await own.ask(SET, input={**given, "expectedVersion": at})
        return [e["code"] for e in found["data"]["answer"]["errors"]]

    told = await asyncio.gather(*(writer(n) for n in range(8)))
    assert sorted(told) == [[], *[["CONFLICT"]] * 7]


async def test_a_score_that_had_to_wait_sees_the_override_of_meanwhile(
    bench: Bench,
) -> None:
    other = Bench(bench.database, SECTIONS, book=bench.book)
    given = {"recordId": "company_1", "measureKey": "logins", "value": 90}
    async with bench.database.write() as session:
        await executing(session)(lock_of("company"), {"ids": ["company_1"]})
        waits = asyncio.create_task(other.ask(SET, input=given))
        await asyncio.sleep(0.3)
        await assign(
            session,
            "company_1",
            card_id="card_health",
            override_score=20.0,
            override_reason="They are leaving.",
            override_until=NOW + timedelta(days=30),
        )
    found = (await waits)["data"]["answer"]
    assert found["measure"]["score"]["value"] == 90
    assert found["overall"]["value"] == 20
