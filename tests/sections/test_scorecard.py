"""Scorecard: what is shown of scores, their bands, trends, history and reasons."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import Clause
from cyclorama.plugins.discovery import discover
from cyclorama.sections.scorecard.rules.trends import Comparator
from cyclorama.sections.scorecard.tables import AssignmentRow
from cyclorama.storage.engine import Database
from cyclorama.storage.types import wire_instant
from cyclorama.testing import NOW, Bench
from tests.sections.scorecards import card, event, scheme, score

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
SCORES = {"logins": 80, "depth": 50, "tickets": 30, "sentiment": 90}
EXPLAINED = """computed value coverage exception override
  contributions { node weight effectiveWeight value contribution }"""


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS)
    await made.fill()
    await made.add(*scheme())
    return made


async def scorecard(
    bench: Bench, fields: str, record: str = "company_1", **given: Any
) -> Any:
    """These fields of a record's scorecard."""
    kind = record.partition("_")[0]
    query = f'{{ {kind}(id: "{record}") {{ scorecard {{ {fields} }} }} }}'
    return (await bench.query(query, **given))[kind]["scorecard"]


def known(**changed: Any) -> Any:
    scores = {**SCORES, **changed}
    return [score(k, v) for k, v in scores.items() if v is not None]


async def test_without_a_scorecard_there_is_nothing_to_show(bench: Bench) -> None:
    found = await scorecard(
        bench,
        """state asOf scorecardKey scheme bands { label } groups { key }
        measures { weight } overall { value naKind trend stale label }
        history(weeks: 2) { value } explanation { value coverage }""",
        "relationship_1",
    )
    assert found == {
        "state": "NOT_CONFIGURED",
        "asOf": None,
        "scorecardKey": "",
        "scheme": "NUMERIC",
        "bands": [],
        "groups": [],
        "measures": [],
        "overall": {
            "value": None,
            "naKind": "NOT_SCORED",
            "trend": "NONE",
            "stale": False,
            "label": None,
        },
        "history": [{"value": None}, {"value": None}],
        "explanation": {"value": None, "coverage": 0},
    }


async def test_a_card_without_scores_is_empty(bench: Bench) -> None:
    await bench.add(*card())
    found = await scorecard(
        bench,
        """state scorecardKey scorecardName scheme bands { label from to }
        groups { key score { value naKind } measures { measure { key } } }
        measures { measure { key } weight score { value naKind trend } }""",
    )
    nothing = {"value": None, "naKind": "NOT_SCORED"}
    assert found["state"] == "EMPTY"
    assert (found["scorecardKey"], found["scorecardName"]) == ("health", "Health")
    assert found["scheme"] == "COLOR"
    assert found["bands"][1] == {"label": "Yellow", "from": 50, "to": 75}
    assert [g["key"] for g in found["groups"]] == ["adoption", "support"]
    assert found["groups"][0]["score"] == nothing
    assert found["measures"] == [
        {
            "measure": {"key": "sentiment"},
            "weight": 30,
            "score": {**nothing, "trend": "NONE"},
        }
    ]


async def test_a_record_has_the_card_it_was_given(bench: Bench) -> None:
    await bench.add(
        *card(),
        *card(nodes=(("MEASURE", "pulse", 1, None),), key="vip", is_default=False),
        AssignmentRow(record_id="company_2", card_id="card_vip"),
    )
    fields = "scorecardKey measures { measure { name } }"
    one = await scorecard(bench, fields)
    other = await scorecard(bench, fields, "company_2")
    assert (one["scorecardKey"], other["scorecardKey"]) == ("health", "vip")
    assert other["measures"] == [{"measure": {"name": "pulse"}}]


async def test_a_score_has_its_band(bench: Bench) -> None:
    values = (0, 50, 51, 75, 76)
    keys = ("adoption", "logins", "depth", "support", "tickets")
    await bench.add(*card(), *(score(k, v) for k, v in zip(keys, values, strict=True)))
    shown = "score { value label }"
    found = await scorecard(bench, f"groups {{ {shown} measures {{ {shown} }} }}")
    labels = {}
    for group in found["groups"]:
        for one in (group, *group["measures"]):
            labels[one["score"]["value"]] = one["score"]["label"]
    assert labels == {0: "Red", 50: "Red", 51: "Yellow", 75: "Yellow", 76: "Green"}


async def test_explanation_of_example_b_without_logins(bench: Bench) -> None:
    await bench.add(*card(), *known(logins=None))
    found = (await scorecard(bench, f"explanation {{ {EXPLAINED} }}"))["explanation"]
    assert (found["computed"], found["value"]) == (pytest.approx(58), 58)
    assert found["coverage"] == pytest.approx(0.70)
    assert found["exception"] is found["override"] is None
    given = {c["node"]: c["contribution"] for c in found["contributions"]}
    assert given == {"logins": None, "depth": 25, "tickets": 6, "sentiment": 27}
    asked = """whatIf(scores: [{ node: "logins", value: 62 }]) {
      contributions { contribution } }"""
    (first, *_) = (await scorecard(bench, asked))["whatIf"]["contributions"]
    assert first["contribution"] == 18.6  # 0.3 of 62 is a trifle less in floats


async def test_what_if_takes_other_scores_and_weights(bench: Bench) -> None:
    await bench.add(*card(), *known())
    found = await scorecard(
        bench,
        """now: whatIf { value } lost: whatIf(scores: [{ node: "sentiment" }]) { value }
        better: whatIf(scores: [{ node: "tickets", value: 80 }]) { value }
        other: whatIf(weights: [{ node: "support", value: 0 }, { node: "logins" }]) { value coverage }""",
    )
    assert found["now"]["value"] == 67
    assert found["lost"]["value"] == 57
    assert found["better"]["value"] == 77
    assert found["other"] == {"value": 76, "coverage": 1}


SENSELESS = [
    ('scores: [{ node: "nope", value: 1 }]', "has no node 'nope'"),
    ('scores: [{ node: "logins", value: 101 }]', "from 0 to 100"),
    ('scores: [{ node: "adoption", value: 1 }]', "is a group"),
    ('weights: [{ node: "logins", value: -1 }]', "A weight is from 0"),
    (
        'scores: [{ node: "depth", value: 1 }, { node: "depth", value: 2 }]',
        "twice",
    ),
]


async def test_what_if_refuses_what_makes_no_sense(bench: Bench) -> None:
    await bench.add(*card(), *known())
    for given, words in SENSELESS:
        answer = await bench.ask(
            f"""{{ company(id: "company_1") {{ scorecard {{
              whatIf({given}) {{ value }} }} }} }}"""
        )
        (error,) = answer["errors"]
        assert words in error["message"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_exception_and_an_override_are_said(bench: Bench) -> None:
    rule = {"left": "MEASURE", "key": "tickets", "operator": "LE", "values": [30]}
    cap = {"key": "cap", "criteria": [rule], "effect": "CAP", "value": 40}
    group = {**cap, "key": "group", "target": "support", "value": 30, "effect": "SET"}
    await bench.add(*card(exceptions=[{**cap, "note": "Too many"}, group]), *known())
    asked = "explanation { computed value exception override overrideUntil }"
    found = (await scorecard(bench, asked))["explanation"]
    assert (found["value"], found["exception"]) == (40, "Too many")
    assert found["computed"] == pytest.approx(67)
    override = AssignmentRow(
        record_id="company_1",
        card_id="card_health",
        override_score=90,
        override_reason="Merger",
        override_until=NOW + timedelta(days=1),
    )
    await bench.add(override)
    found = (await scorecard(bench, asked))["explanation"]
    assert [found[n] for n in ("value", "exception", "override")] == [
        90,
        None,
        "Merger",
    ]
    assert found["overrideUntil"] == wire_instant(NOW + timedelta(days=1))
    bench.now = NOW + timedelta(days=1)
    found = (await scorecard(bench, asked))["explanation"]
    assert [found[n] for n in ("value", "override", "overrideUntil")] == [
        40,
        None,
        None,
    ]


async def test_the_explanation_says_what_changed_a_group_and_what_lacks(
    bench: Bench,
) -> None:
    rule = {"left": "OVERALL", "operator": "LE", "values": [67]}
    fall = {"key": "fall", "criteria": [rule], "effect": "CAP", "value": 20}
    await bench.add(
        *card(
            exceptions=[{**fall, "target": "adoption", "note": "Fell"}],
            min_coverage=0.75,
            measures={"sentiment": {"validity_days": 30}},
        ),
        *known(logins=None, sentiment=None),
        score("sentiment", 90, at=NOW - timedelta(days=31)),
    )
    asked = """explanation { computed value coverage minCoverage insufficientData
      staleShare contributions { node value exception } }"""
    found = (await scorecard(bench, asked))["explanation"]
    told = {c["node"]: c["exception"] for c in found.pop("contributions")}
    assert told == {**dict.fromkeys(SCORES), "adoption": "Fell"}
    assert found == {
        "computed": 43,
        "value": None,
        "coverage": 0.7,
        "minCoverage": 0.75,
        "insufficientData": True,
        "staleShare": 0.3,
    }


async def test_a_score_is_stale_after_its_validity(bench: Bench) -> None:
    at = datetime(2026, 3, 1, 10, tzinfo=UTC)
    await bench.add(
        *card(measures={"sentiment": {"validity_days": 30}}),
        score("sentiment", 90, at=at, stale_after=at + timedelta(days=30)),
        score("", 90, at=at, stale_after=at + timedelta(days=30)),
    )
    fields = "overall { stale } groups { score { stale } } measures { score { stale } }"
    bench.now = datetime(2026, 3, 31, 10, tzinfo=UTC)
    found = await scorecard(bench, fields)
    assert not found["overall"]["stale"]
    assert not found["measures"][0]["score"]["stale"]
    bench.now += timedelta(milliseconds=1)
    found = await scorecard(bench, fields)
    assert found["overall"]["stale"]
    assert found["measures"][0]["score"]["stale"]
    assert not found["groups"][0]["score"]["stale"]


async def test_a_stale_score_that_no_longer_counts_has_expired(bench: Bench) -> None:
    policy = {"validity_days": 30, "stale_policy": "EXCLUDE"}
    await bench.add(
        *card(measures={"sentiment": policy}),
        *known(sentiment=None),
        score(
            "sentiment",
            90,
            at=NOW - timedelta(days=31),
            stale_after=NOW - timedelta(days=1),
            expires=True,
        ),
    )
    found = await scorecard(
        bench,
        "measures { score { value naKind label stale } } explanation { value coverage }",
    )
    assert found["measures"][0]["score"] == {
        "value": None,
        "naKind": "EXPIRED",
        "label": None,
        "stale": True,
    }
    assert found["explanation"] == {"value": 57, "coverage": pytest.approx(0.7)}


FOURTH, THIRTEENTH = (datetime(2026, 5, d, 12, tzinfo=UTC) for d in (4, 13))


TRENDS = [
    ("LAST_WEEK", 15, ("UP", 12, 60)),
    ("LAST_WEEK", 19, ("FLAT", 0, 72)),
    ("PREVIOUS_VALUE", 19, ("UP", 12, 60)),
    ("LAST_MONTH", 19, ("NEW", None, None)),
    ("LAST_QUARTER", 19, ("NEW", None, None)),
    ("AT_LAST_RENEWAL", 19, ("NEW", None, None)),
]


SET = """mutation($i: SetScoreInput!) { setScore(input: $i) {
  errors { message } overall { trend delta previous } } }"""


async def test_the_trend_of_the_worked_events(database: Database) -> None:
    bench = Bench(database, SECTIONS)
    await bench.fill(len(Comparator))
    await bench.add(*scheme())
    for n, comparator in enumerate(Comparator, 1):
        nodes = (("MEASURE", f"m{n}", 1, None),)
        given = {"comparator": comparator.value, "is_default": False}
        await bench.add(
            *card(nodes, key=f"c{n}", **given),
            AssignmentRow(record_id=f"company_{n}", card_id=f"card_c{n}"),
        )
    records = {c.value: f"company_{n}" for n, c in enumerate(Comparator, 1)}
    for at, value in ((FOURTH, 60), (THIRTEENTH, 72)):
        bench.now, bench.today = at, at.date()
        for record in records.values():
            measure = f"m{record.partition('_')[2]}"
            given = {"recordId": record, "measureKey": measure, "value": value}
            answer = (await bench.query(SET, i=given))["setScore"]
            assert answer["errors"] == []
    for comparator, day, expected in TRENDS:
        bench.now = datetime(2026, 5, day, 12, tzinfo=UTC)
        bench.today = bench.now.date()
        fields = "overall { trend delta previous }"
        found = (await scorecard(bench, fields, records[comparator]))["overall"]
        assert (found["trend"], found["delta"], found["previous"]) == expected


async def test_a_change_within_the_dead_band_is_flat(bench: Bench) -> None:
    await bench.add(*card(dead_band=12), score("", 72, base=60))
    found = (await scorecard(bench, "overall { trend delta }"))["overall"]
    assert found == {"trend": "FLAT", "delta": 12}


async def test_weeks_close_with_their_last_score_and_carry_it_on(bench: Bench) -> None:
    await bench.add(
        *card(),
        event(1, "", 60, FOURTH),
        event(2, "", 65, THIRTEENTH),
        event(3, "", 72, THIRTEENTH),
        event(4, "logins", 5, THIRTEENTH),
    )
    bench.now = datetime(2026, 5, 19, 12, tzinfo=UTC)
    bench.today = bench.now.date()
    found = await scorecard(
        bench,
        """history(weeks: 4) { weekStart value label color }
        logins: history(weeks: 2, node: "logins") { value }
        none: history(weeks: 1, node: "nope") { value } all: history { value }""",
    )
    points = [(p["weekStart"], p["value"]) for p in found["history"]]
    assert points == [
        ("2026-04-27", None),
        ("2026-05-04", 60),
        ("2026-05-11", 72),
        ("2026-05-18", 72),
    ]
    assert found["history"][1]["label"] == "then"
    assert found["logins"] == [{"value": 5}, {"value": 5}]
    assert found["none"] == [{"value": None}]
    assert len(found["all"]) == 18


async def test_a_number_of_weeks_out_of_bounds_is_refused(bench: Bench) -> None:
    query = """query($w: Int!) { company(id: "company_1") { scorecard {
      history(weeks: $w) { value } } } }"""
    for weeks in (0, -1, 157):
        answer = await bench.ask(query, w=weeks)
        assert "from 1 to 156" in answer["errors"][0]["message"]


async def test_the_demo_tells_of_a_company_at_risk(database: Database) -> None:
    bench = Bench(database, SECTIONS)
    records = await bench.fill()
    section = next(s for s in SECTIONS if s.key == "scorecard")
    assert section.demo is not None
    await bench.add(*section.demo(records))
    found = await bench.query(
        """{ company(id: "company_1") {
          summary { cards { key label value displayValue color trend section } }
          scorecard { overall { value label } history(weeks: 12) { value }
            explanation { computed value exception } } } }"""
    )
    company = found["company"]
    (health,) = [c for c in company["summary"]["cards"] if c["key"] == "health"]
    assert health["value"] == company["scorecard"]["overall"]["value"] == 40
    assert health["displayValue"] == "At risk"
    values = [p["value"] for p in company["scorecard"]["history"]]
    assert values[0] > 85
    assert sorted(values, reverse=True) == values
    explanation = company["scorecard"]["explanation"]
    assert explanation["computed"] > explanation["value"] == 40
    assert "tickets" in explanation["exception"]


async def test_scores_of_a_record_out_of_reach_are_not_shown(bench: Bench) -> None:
    await bench.add(*card(), score("", 70), score("", 80, of="company_2"))
    hidden = Clause("name", "EQ", ("Company 1",))
    deny = AccessRule(
        rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=(hidden,)
    )
    bench.access = AccessBook(rules=(deny,))
    query = (
        "{ company(id: $i) { scorecard { overall { value } explanation { value } } } }"
    )
    for record, value in (("company_1", None), ("company_2", 80)):
        found = await bench.query(f"query($i: ID!) {query}", i=record)
        company = found["company"]
        assert (company and company["scorecard"]["overall"]["value"]) == value


async def test_a_page_with_everything_takes_four_statements(bench: Bench) -> None:
    await bench.add(*card(), *known(), score("", 67))
    await scorecard(
        bench,
        f"""overall {{ value }} groups {{ measures {{ score {{ value }} }} }}
        explanation {{ {EXPLAINED} }} whatIf {{ value }}""",
    )
    assert len(bench.statements) == 4
