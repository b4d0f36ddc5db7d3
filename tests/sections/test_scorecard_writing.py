"""Setting, renewing and clearing scores: refusals, what follows, and who waits for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import Clause, Layout, LayoutBook, Placement
from cyclorama.plugins import Row
from cyclorama.plugins.discovery import discover
from cyclorama.sections.scorecard.rules.bands import half_up
from cyclorama.sections.scorecard.tables import EventRow, ScoreRow
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW, Bench
from tests.sections.scorecards import B, card, scheme, score

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
SCORE = "value label color naKind trend delta previous setAt validatedAt stale comment"
ANSWER = f"""errors {{ path code message }} overall {{ {SCORE} }}
  measure {{ weight measure {{ id key name input validityDays help {{ label }} }}
    score {{ {SCORE} }} }}"""
SET = f"mutation($input: SetScoreInput!) {{ answer: setScore(input: $input) {{ {ANSWER} }} }}"
RENEW = f"mutation($input: RenewScoreInput!) {{ answer: renewScore(input: $input) {{ {ANSWER} }} }}"
CLEAR = f"mutation($input: ClearScoreInput!) {{ answer: clearScore(input: $input) {{ {ANSWER} }} }}"
SHOWN = f"""{{ company(id: "company_1") {{ scorecard {{ overall {{ {SCORE} }}
  groups {{ key score {{ value }} measures {{ measure {{ key }} score {{ {SCORE} }} }} }}
  measures {{ measure {{ key }} score {{ {SCORE} }} }}
  history(weeks: 1) {{ value label }} explanation {{ computed value }} }} }} }}"""
MEASURES = {
    "depth": {"input": "AUTOMATED"},
    "sentiment": {"validity_days": 30},
    "tickets": {"comment_required": True},
}
CAP = {
    "key": "cap",
    "criteria": [
        {"left": "MEASURE", "key": "tickets", "operator": "LE", "values": [30]}
    ],
    "effect": "CAP",
    "value": 40,
    "note": "Too many tickets",
}


def book(**config: Any) -> LayoutBook:
    placed = Placement("scorecard", "scorecard", config=config)
    return LayoutBook(
        (
            Layout("one", "COMPANY", None, "One", "", True, placements=(placed,)),
            Layout("none", "RELATIONSHIP", None, "None", is_default=True),
        )
    )


def rows(**values: Any) -> Iterator[Row]:
    yield from scheme()
    yield from card(measures=MEASURES, **values)


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=book())
    await made.fill()
    await made.add(*rows(), score("depth", 50))
    return made


async def ask(bench: Bench, query: str, measure: str, **given: Any) -> Any:
    given = {"recordId": "company_1", "measureKey": measure, **given}
    answer = await bench.ask(query, input=given)
    assert "errors" not in answer, answer
    return answer["data"]["answer"]


async def accepted(bench: Bench, query: str, measure: str, **given: Any) -> Any:
    answer = await ask(bench, query, measure, **given)
    assert answer["errors"] == []
    return answer


async def everything(bench: Bench) -> list[Any]:
    """All that a change could write."""
    found: list[Any] = []
    async with bench.database.read() as reading:
        for table in (ScoreRow.__table__, EventRow.__table__, AUDIT):
            keys = table.primary_key
            found += await reading.execute(sa.select(*table.c).order_by(*keys))
    return found


async def refused(bench: Bench, query: str, measure: str, **given: Any) -> Any:
    """Path and code of the one refusal; nothing was changed."""
    before = await everything(bench)
    answer = await ask(bench, query, measure, **given)
    assert answer["measure"] is answer["overall"] is None
    assert await everything(bench) == before
    (error,) = answer["errors"]
    assert error["message"].endswith(".")
    return ".".join(error["path"]), error["code"]


REFUSALS: list[tuple[str, str, Any, tuple[str, str]]] = [
    (SET, "logins", {"value": 101}, ("value", "RANGE")),
    (SET, "logins", {"value": -0.1}, ("value", "RANGE")),
    (SET, "logins", {}, ("value", "REQUIRED")),
    (SET, "logins", {"value": 5, "band": "Red"}, ("band", "INVALID")),
    (SET, "logins", {"band": "Blue"}, ("band", "LOOKUP_NOT_FOUND")),
    (SET, "nope", {"value": 5}, ("measureKey", "LOOKUP_NOT_FOUND")),
    (SET, "adoption", {"value": 5}, ("measureKey", "LOOKUP_NOT_FOUND")),
    (SET, "", {"value": 5}, ("measureKey", "LOOKUP_NOT_FOUND")),
    (SET, "depth", {"value": 5}, ("measureKey", "READ_ONLY")),
    (RENEW, "depth", {}, ("measureKey", "READ_ONLY")),
    (CLEAR, "depth", {}, ("measureKey", "READ_ONLY")),
    (RENEW, "logins", {}, ("measureKey", "INVALID_STATE")),
    (CLEAR, "logins", {"kind": "EXPIRED"}, ("kind", "INVALID")),
    (SET, "logins", {"value": 5, "comment": "x" * 32_001}, ("comment", "LENGTH")),
    (SET, "tickets", {"value": 5, "comment": " "}, ("comment", "REQUIRED")),
    (
        SET,
        "logins",
        {"value": 5, "recordId": "company_9"},
        ("recordId", "NOT_FOUND"),
    ),
    (
        SET,
        "logins",
        {"value": 5, "recordId": "nonsense"},
        ("recordId", "NOT_FOUND"),
    ),
    (
        SET,
        "logins",
        {"value": 5, "recordId": "relationship_1"},
        ("recordId", "FORBIDDEN"),
    ),
]


async def test_what_cannot_be_is_refused_and_changes_nothing(bench: Bench) -> None:
    for query, measure, given, expected in REFUSALS:
        found = await refused(bench, query, measure, **given)
        assert found == expected, (measure, given)


async def test_what_is_no_number_is_refused(bench: Bench) -> None:
    before = await everything(bench)
    for value in (float("nan"), float("inf"), "5", True):
        given = {"recordId": "company_1", "measureKey": "logins", "value": value}
        answer = await bench.ask(SET, input=given)
        assert ".value" in answer["errors"][0]["message"]
    assert await everything(bench) == before


async def test_a_layout_may_let_scores_be_read_only(bench: Bench) -> None:
    for config in ({"editable": False}, {"editable_measures": ["sentiment"]}):
        bench.book = book(**config)
        assert await refused(bench, SET, "logins", value=5) == (
            "measureKey",
            "FORBIDDEN",
        )
    await accepted(bench, SET, "sentiment", value=5)


async def test_a_record_out_of_reach_looks_like_none(bench: Bench) -> None:
    hidden = Clause("name", "EQ", ("Company 1",))
    deny = AccessRule(
        rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=(hidden,)
    )
    bench.access = AccessBook(rules=(deny,))
    answers = []
    for record in ("company_1", "company_9"):
        answer = await ask(bench, SET, "logins", value=5, recordId=record)
        answers.append(str(answer["errors"]).replace(record, "it"))
    assert answers[0] == answers[1]
    assert "NOT_FOUND" in answers[0]
    await accepted(bench, SET, "logins", value=5, recordId="company_2")


async def test_a_record_without_a_card_has_nothing_to_score(database: Database) -> None:
    bench = Bench(database, SECTIONS)
    await bench.fill()
    assert await refused(bench, SET, "logins", value=5) == ("recordId", "INVALID_STATE")


async def test_the_whole_card_follows_and_the_answer_is_what_the_page_shows(
    bench: Bench,
) -> None:
    given = {"logins": 80, "tickets": 30, "sentiment": 90}
    for measure, value in given.items():
        answer = await accepted(bench, SET, measure, value=value, comment="So")
    assert answer["overall"]["value"] == 67
    assert answer["overall"]["label"] == "Yellow"
    assert answer["measure"]["measure"]["key"] == "sentiment"
    assert answer["measure"]["measure"]["validityDays"] == 30
    assert answer["measure"]["measure"]["help"] == []
    page = (await bench.query(SHOWN))["company"]["scorecard"]
    assert page["overall"] == answer["overall"]
    assert page["measures"][0]["score"] == answer["measure"]["score"]
    assert [g["score"]["value"] for g in page["groups"]] == [68, 30]
    assert page["history"] == [{"value": 67, "label": "Yellow"}]
    assert page["explanation"]["value"] == 67


@pytest.mark.parametrize(
    "comparator", ["PREVIOUS_VALUE", "LAST_WEEK", "LAST_MONTH", "AT_LAST_RENEWAL"]
)
async def test_the_answer_has_the_trend_of_the_page(
    database: Database, comparator: str
) -> None:
    bench = Bench(database, SECTIONS, book=book())
    await bench.fill()
    await bench.add(*rows(comparator=comparator, dead_band=2))
    for days, query, given in (
        (0, SET, {"value": 80}),
        (3, RENEW, {}),
        (8, SET, {"value": 60.5}),
        (9, SET, {"value": 62}),
        (40, RENEW, {}),
        (41, CLEAR, {}),
        (42, SET, {"band": "Green"}),
    ):
        bench.now = NOW + timedelta(days=days)
        bench.today = bench.now.date()
        answer = await accepted(bench, query, "sentiment", **given)
        page = (await bench.query(SHOWN))["company"]["scorecard"]
        assert page["measures"][0]["score"] == answer["measure"]["score"], days
        assert page["overall"] == answer["overall"], days


async def test_a_band_stands_for_its_middle(bench: Bench) -> None:
    answer = await accepted(bench, SET, "sentiment", band="Yellow")
    assert answer["measure"]["score"]["value"] == 63
    assert answer["measure"]["score"]["label"] == "Yellow"
    assert answer["overall"]["value"] == half_up((50 * 50 + 30 * 62.5) / 80)


async def test_renewing_keeps_value_and_comment(bench: Bench) -> None:
    first = await accepted(bench, SET, "sentiment", value=40, comment="Calm")
    bench.now = NOW + timedelta(days=31)
    page = (await bench.query(SHOWN))["company"]["scorecard"]
    assert page["measures"][0]["score"]["stale"]
    assert page["overall"]["stale"]
    answer = await accepted(bench, RENEW, "sentiment")
    score = answer["measure"]["score"]
    assert (score["value"], score["comment"], score["stale"]) == (40, "Calm", False)
    assert score["setAt"] == first["measure"]["score"]["setAt"]
    assert score["validatedAt"] == "2026-04-02T12:00:00.000Z"
    again = await accepted(bench, SET, "sentiment", value=40, comment="Still")
    assert again["measure"]["score"]["setAt"] == score["setAt"]
    assert again["measure"]["score"]["comment"] == "Still"
    assert await kinds(bench, "sentiment") == ["SET", "RENEW", "RENEW"]
    assert await kinds(bench, "") == ["RECALC"]


async def kinds(bench: Bench, node: str) -> list[str]:
    """The kinds of a node's events, in their order."""
    async with bench.database.read() as reading:
        query = sa.select(EventRow.kind).where(EventRow.node_id == f"health_{node}")
        return [k for (k,) in await reading.execute(query.order_by(EventRow.number))]


async def test_a_cleared_score_counts_no_more(bench: Bench) -> None:
    await accepted(bench, SET, "logins", value=80)
    await accepted(bench, SET, "sentiment", value=90)
    answer = await accepted(bench, CLEAR, "sentiment", kind="NOT_APPLICABLE")
    assert answer["measure"]["score"]["value"] is None
    assert answer["measure"]["score"]["naKind"] == "NOT_APPLICABLE"
    assert answer["overall"]["value"] == 68
    before = await everything(bench)
    await accepted(bench, CLEAR, "sentiment", kind="NOT_APPLICABLE")
    assert await everything(bench) == before
    await accepted(bench, CLEAR, "logins")
    assert await kinds(bench, "logins") == ["SET", "CLEAR"]


async def test_an_exception_lowers_what_is_stored(database: Database) -> None:
    bench = Bench(database, SECTIONS, book=book())
    await bench.fill()
    await bench.add(*rows(exceptions=[CAP]))
    await accepted(bench, SET, "sentiment", value=90)
    answer = await accepted(bench, SET, "tickets", value=30, comment="Many")
    assert answer["overall"]["value"] == 40
    page = (await bench.query(SHOWN))["company"]["scorecard"]
    assert page["overall"]["value"] == page["explanation"]["value"] == 40
    assert page["explanation"]["computed"] == pytest.approx(66)


async def test_a_change_is_in_the_audit_log(bench: Bench) -> None:
    await accepted(bench, SET, "logins", value=80)
    async with bench.database.read() as reading:
        query = sa.select(AUDIT.c.action, AUDIT.c.subject, AUDIT.c.details)
        ((action, subject, details),) = await reading.execute(query)
    assert (action, subject) == ("scorecard.set", "company_1")
    assert details == '{"logins":[null,80.0],"overall":[null,68.0]}'


async def test_relationships_have_their_own_cards(database: Database) -> None:
    bench = Bench(database, SECTIONS)
    await bench.fill()
    nodes = (("MEASURE", "pulse", 1, None),)
    await bench.add(*scheme(), *card(nodes, key="r", kind="RELATIONSHIP"))
    answer = await accepted(bench, SET, "pulse", value=33, recordId="relationship_1")
    assert answer["overall"]["value"] == 33
    found = await bench.query(
        """{ relationship(id: "relationship_1") { scorecard { overall { value } } } }"""
    )
    assert found["relationship"]["scorecard"] == {"overall": {"value": 33}}


FORTY = tuple(
    ("MEASURE", f"m{n:02d}", 1 + n % 3, f"g{n % 4}" if n % 5 else None)
    for n in range(40)
)
GROUPS = tuple(("GROUP", f"g{n}", 10 + n, None) for n in range(4))


async def test_a_score_on_a_card_of_40_measures_takes_eight_statements(
    database: Database,
) -> None:
    bench = Bench(database, SECTIONS, book=book())
    await bench.fill()
    await bench.add(*scheme(), *card((*GROUPS, *FORTY)))
    await bench.add(*(score(name, 50) for _, name, *_ in FORTY))
    answer = await accepted(bench, SET, "m01", value=90, comment="Up")
    assert answer["overall"]["value"] > 50
    statements = [s for s in bench.statements if "scorecard_help" not in s]
    assert len(statements) <= 8, statements
    assert len(bench.statements) - len(statements) == 1


async def test_sixteen_writers_leave_the_right_overall_score(bench: Bench) -> None:
    others = [Bench(bench.database, SECTIONS, book=book()) for _ in range(3)]
    keys = ("logins", "tickets", "sentiment")

    async def writer(number: int) -> None:
        own = (bench, *others)[number % 4]
        key = keys[number % 3]
        answer = await own.ask(
            SET,
            input={
                "recordId": "company_1",
                "measureKey": key,
                "value": float(3 * number),
                "comment": "So",
            },
        )
        assert answer["data"]["answer"]["errors"] == []

    await asyncio.gather(*(writer(n) for n in range(16)))
    page = (await bench.query(SHOWN))["company"]["scorecard"]
    assert page["overall"]["value"] == page["explanation"]["value"]
    async with bench.database.read() as reading:
        query = sa.select(EventRow.number).order_by(EventRow.number)
        numbers = [n for (n,) in await reading.execute(query)]
        query = sa.select(EventRow.node_id).where(EventRow.kind.in_(("SET", "RENEW")))
        assert len(await reading.execute(query)) == 16
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_builders_make_example_b() -> None:
    assert sum(w for kind, _, w, group in B if group is None) == 100
