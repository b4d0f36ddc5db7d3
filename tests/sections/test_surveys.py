"""Surveys: NPS and what it is made of, under each setting; answers; what stays hidden."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import KINDS, Clause, Layout, LayoutBook, Placement
from cyclorama.plugins import DemoRecords, ExternalRefRow, PersonRow, Row
from cyclorama.sections import summary
from cyclorama.sections.surveys import section
from cyclorama.sections.surveys.rules import (
    Answer,
    Period,
    Policy,
    Tally,
    counted,
    is_within,
    tally,
    trend,
)
from cyclorama.sections.surveys.tables import ResponseRow, SurveyRow
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import NOW, Bench, company, relationship

pytestmark = pytest.mark.anyio
EXAMPLE = (10, 9, 9, 8, 7, 6, 3, 10, 5, 9)
NUMBERS = """state nps averageRating responseCount promoters passives detractors
  marginOfError lowSample"""
EVERYTHING = f"""{NUMBERS} asOf dialMode sources trend {{ month nps responseCount }}
  surveys {{ key name isAnonymous countsForNps sentCount bouncedCount submittedCount
    partialCount responseRate responseRateWithPartial }}
  responses {{ totalCount pageInfo {{ hasNextPage startCursor }} edges {{ cursor node {{
    id survey rating comment respondedAt person {{ name }} }} }} }}"""


def book(*placements: Mapping[str, Any]) -> LayoutBook:
    """Summary and a placement of Surveys with each of these settings: `s0`, `s1`, …"""
    held = [Placement(f"s{n}", "surveys", config=c) for n, c in enumerate(placements)]
    made = (Placement("summary", "summary"), *held)
    return LayoutBook(
        tuple(Layout(k, k, None, k, is_default=True, placements=made) for k in KINDS),
        (),
    )


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, [summary.section, section], book=book({}))
    await made.fill()
    await made.add(survey())
    return made


def survey(key: str = "main", **values: Any) -> SurveyRow:
    """A survey, by default the one that answers are to."""
    return SurveyRow(id=f"survey_{key}", key=key, name=key.title(), **values)


def person(name: str) -> PersonRow:
    """Somebody who may answer."""
    stamps = {"created_at": NOW, "updated_at": NOW}
    return PersonRow(id=f"person_{name}", name=name, search_key=name, **stamps)


def response(
    number: int,
    rating: int | None,
    *,
    of: int = 1,
    part: int | None = None,
    by: str | None = None,
    to: str = "main",
    days: float = 1,
    at: datetime | None = None,
    **values: Any,
) -> ResponseRow:
    """An answer of a company, given some days ago."""
    return ResponseRow(
        id=f"survey_response_{number:04d}",
        survey_id=f"survey_{to}",
        company_id=f"company_{of}",
        relationship_id=None if part is None else f"relationship_{part}",
        person_id=None if by is None else f"person_{by}",
        rating=rating,
        responded_at=at or NOW - timedelta(days=days),
        **values,
    )


def rated(*ratings: int | None, first: int = 1, **values: Any) -> list[ResponseRow]:
    """An answer of each rating."""
    return [response(first + n, r, **values) for n, r in enumerate(ratings)]


async def surveys(
    bench: Bench, fields: str = NUMBERS, record: str = "company_1", **given: Any
) -> Any:
    """These fields of a record's surveys."""
    kind = record.partition("_")[0]
    query = f'{{ {kind}(id: "{record}") {{ surveys {{ {fields} }} }} }}'
    return (await bench.query(query, **given))[kind]["surveys"]


def shown(found: Tally) -> dict[str, Any]:
    """What the section says of a tally."""
    return {
        "nps": found.nps,
        "averageRating": found.average,
        "responseCount": found.count,
        "promoters": found.promoters,
        "passives": found.passives,
        "detractors": found.detractors,
        "marginOfError": found.margin,
        "lowSample": found.is_low_sample,
    }


async def test_without_answers_numbers_are_null_and_counts_zero(bench: Bench) -> None:
    for record in ("company_1", "relationship_1"):
        found = await surveys(bench, EVERYTHING, record)
        points = found.pop("trend")
        assert [p["month"] for p in points][::11] == ["2025-04-01", "2026-03-01"]
        assert {(p["nps"], p["responseCount"]) for p in points} == {(None, 0)}
        assert found == {
            **shown(Tally()),
            "state": "EMPTY",
            "asOf": None,
            "dialMode": "NPS",
            "sources": [],
            "surveys": [],
            "responses": {
                "totalCount": 0,
                "pageInfo": {"hasNextPage": False, "startCursor": None},
                "edges": [],
            },
        }


async def test_the_worked_example_has_nps_20_average_7_6_and_margin_54(
    bench: Bench,
) -> None:
    ref = ExternalRefRow(
        id="external_ref_1",
        system="forms",
        object_type="form",
        external_id="7",
        entity_id="survey_main",
    )
    await bench.add(*rated(*EXAMPLE), response(11, None, comment="Later."), ref)
    found = await surveys(bench, f"{NUMBERS} asOf sources responses {{ totalCount }}")
    assert found == {
        "state": "READY",
        "nps": 20,
        "averageRating": 7.6,
        "responseCount": 10,
        "promoters": 5,
        "passives": 2,
        "detractors": 3,
        "marginOfError": 54.0,
        "lowSample": False,
        "asOf": "2026-03-01T12:00:00.000Z",
        "sources": ["forms"],
        "responses": {"totalCount": 11},
    }


async def test_a_company_pools_its_relationships(bench: Bench) -> None:
    await bench.add(
        relationship(3, of=1),
        *rated(10, 10, part=1),
        *rated(0, first=3, part=3),
        *rated(10, first=4, of=2),
    )
    found = {
        record: (await surveys(bench, "nps responseCount", record))
        for record in ("company_1", "relationship_1", "relationship_3", "company_2")
    }
    assert [list(f.values()) for f in found.values()] == [
        [33, 3],
        [100, 2],
        [-100, 1],
        [100, 1],
    ]


async def test_one_promoter_and_two_detractors_are_minus_33(bench: Bench) -> None:
    await bench.add(*rated(9, 0, 6), *rated(*[10] * 3, 7, 7, 7, 1, 2, first=4, of=2))
    assert (await surveys(bench, "nps"))["nps"] == -33
    assert (await surveys(bench, "nps", "company_2"))["nps"] == 13


SETTINGS = [
    {"period": p, "policy": policy, "days": 30, "fiscal_start": 5}
    for p, policy in zip(Period, cycle(Policy), strict=False)
]


def answers() -> Iterator[ResponseRow]:
    """Answers of two years, by few people, at uneven instants and on the hour."""
    dice = random.Random(5)
    for number in range(300):
        minutes = dice.choice((60, 1440)) * dice.randrange(730)
        yield response(
            number,
            dice.choice([None, *range(11)]),
            part=dice.choice((None, 1)),
            by=dice.choice((None, "a", "b", "c", "d", "e")),
            at=NOW - timedelta(minutes=minutes - 60),
        )


async def test_numbers_are_those_of_the_rules_under_every_setting(bench: Bench) -> None:
    rows = list(answers())
    given = [
        (
            r.relationship_id,
            Answer(id=r.id, rating=r.rating, at=r.responded_at, person=r.person_id),
        )
        for r in rows
    ]
    await bench.add(*map(person, "abcde"), *rows)
    bench.book = book(*SETTINGS)
    for record, settings, name in (
        ("company_1", SETTINGS, "Pacific/Auckland"),
        ("relationship_1", SETTINGS[:2], "UTC"),
    ):
        zone = ZoneInfo(name)
        bench.zone, bench.today = name, NOW.astimezone(zone).date()
        asked = " ".join(
            f"""s{n}: surveys(instance: "s{n}") {{ {NUMBERS}
            trend(months: 20) {{ month nps responseCount }} }}"""
            for n in range(len(settings))
        )
        kind = record.partition("_")[0]
        found = await bench.query(f'{{ {kind}(id: "{record}") {{ {asked} }} }}')
        own = [a for part, a in given if kind == "company" or part == record]
        known = [a for a in own if a.at <= NOW]
        for n, setting in enumerate(settings):
            period, policy = setting["period"], setting["policy"]
            inside = [
                a
                for a in own
                if is_within(period, a.at, NOW, days=30, fiscal_start=5, zone=zone)
            ]
            expected = tally(a.rating for a in counted(inside, policy))
            section = found[kind][f"s{n}"]
            points = section.pop("trend")
            assert section.pop("state") == ("READY" if inside else "EMPTY")
            assert section == shown(expected), (record, setting)
            assert points == [
                {"month": str(m), "nps": t.nps, "responseCount": t.count}
                for m, t in trend(known, policy, bench.today, 20, zone)
            ]


async def test_the_last_days_begin_after_the_same_instant_then(bench: Bench) -> None:
    bench.book = book({"days": 30})
    edge = NOW - timedelta(days=30)
    await bench.add(
        response(1, 10, at=edge),
        response(2, 8, at=edge + timedelta(milliseconds=1)),
        response(3, 10, at=NOW + timedelta(milliseconds=1)),
        response(4, 2, at=NOW),
    )
    found = await surveys(bench, "nps responses { edges { node { rating } } }")
    assert [e["node"]["rating"] for e in found["responses"]["edges"]] == [2, 8]
    assert found["nps"] == -50


async def test_a_company_rolls_up_what_is_below_it_where_the_layout_says(
    bench: Bench,
) -> None:
    await bench.add(
        company(3, parent_id="company_1"),
        company(4, parent_id="company_3"),
        relationship(3, of=4),
        *rated(10, 10),
        *rated(0, first=3, of=3),
        *rated(0, 0, first=4, of=4, part=3),
        *rated(10, first=9, of=2),
    )
    bench.book = book({}, {"roll_up": True})
    query = """query($id: ID!) { company(id: $id) { own: surveys { nps responseCount }
      all: surveys(instance: "s1") { nps responseCount trend(months: 2) { responseCount }
        surveys { sentCount } responses { totalCount } } } }"""
    found = (await bench.query(query, id="company_1"))["company"]
    assert found["own"] == {"nps": 100, "responseCount": 2}
    assert found["all"] == {
        "nps": -20,
        "responseCount": 5,
        "trend": [{"responseCount": 0}, {"responseCount": 5}],
        "surveys": [{"sentCount": 5}],
        "responses": {"totalCount": 5},
    }
    found = (await bench.query(query, id="company_4"))["company"]
    assert found["own"]["responseCount"] == found["all"]["responseCount"] == 2
    part = await bench.query(
        """{ relationship(id: "relationship_3") {
          surveys(instance: "s1") { responseCount } } }"""
    )
    assert part["relationship"]["surveys"]["responseCount"] == 2


async def test_chosen_surveys_and_nps_questions_alone_are_counted(bench: Bench) -> None:
    bench.book = book({}, {"surveys": ["pulse"]}, {"surveys": []})
    await bench.add(
        survey("pulse"),
        survey("effort", kind="CES"),
        *rated(10, 10),
        *rated(0, first=3, to="pulse"),
        *rated(1, 2, first=4, to="effort"),
    )
    asked = "responseCount responses { totalCount }"
    found = await bench.query(
        f"""{{ company(id: "company_1") {{ a: surveys {{ {asked} }}
        b: surveys(instance: "s1") {{ {asked} }}
        c: surveys(instance: "s2") {{ {asked} }} }} }}"""
    )
    counts = [
        (s["responseCount"], s["responses"]["totalCount"])
        for s in found["company"].values()
    ]
    assert counts == [(3, 5), (1, 1), (0, 0)]


async def test_of_40_sent_2_bounced_12_submitted_3_partial_31_6_percent_responded(
    bench: Bench,
) -> None:
    states = {"BOUNCED": 2, "SUBMITTED": 12, "PARTIAL": 3, "OPENED": 5, "SENT": 18}
    rows = [s for state, n in states.items() for s in [state] * n]
    await bench.add(
        *(
            response(n, 9 if s == "SUBMITTED" else None, state=s)
            for n, s in enumerate(rows)
        )
    )
    found = await surveys(
        bench,
        """responses { totalCount } responseCount surveys { key name isAnonymous
        countsForNps sentCount bouncedCount submittedCount partialCount responseRate
        responseRateWithPartial }""",
    )
    assert found["surveys"] == [
        {
            "key": "main",
            "name": "Main",
            "isAnonymous": False,
            "countsForNps": True,
            "sentCount": 40,
            "bouncedCount": 2,
            "submittedCount": 12,
            "partialCount": 3,
            "responseRate": 31.6,
            "responseRateWithPartial": 39.5,
        }
    ]
    assert (found["responseCount"], found["responses"]["totalCount"]) == (12, 15)


async def test_anonymous_answers_come_from_five_and_their_texts_from_three(
    bench: Bench,
) -> None:
    await bench.add(
        survey("pulse", is_anonymous=True),
        person("a"),
        *rated(9, 9, 9, 9, to="pulse", comment="Secret"),
    )
    fields = """state responseCount surveys { key } responses { totalCount edges { node {
      survey rating comment person { name } } } }"""
    hidden = await surveys(bench, fields)
    assert hidden["state"] == "EMPTY"
    assert (hidden["responseCount"], hidden["surveys"]) == (0, [])
    assert hidden["responses"]["totalCount"] == 0
    told = """{ node(id: "survey_response_0001") {
      ... on SurveyResponse { comment person { id } } } }"""
    assert (await bench.query(told))["node"] == {"comment": None, "person": None}
    one = response(5, None, to="pulse", state="SENT", part=1)
    await bench.add(one, response(6, 3, to="pulse", part=1, comment="Alone", by="a"))
    found = await surveys(bench, fields)
    assert found["responseCount"] == 5
    nodes = [e["node"] for e in found["responses"]["edges"]]
    assert {n["survey"] for n in nodes} == {"Pulse"}
    assert {n["person"] is None for n in nodes} == {True}
    assert [n["comment"] for n in nodes] == ["Secret"] * 4 + [None]
    assert (await bench.query(told))["node"] == {"comment": "Secret", "person": None}


async def test_people_and_comments_are_shown_where_layout_and_masks_let_them(
    bench: Bench,
) -> None:
    await bench.add(person("a"), response(1, 2, by="a", comment="Too slow"))
    bench.book = book({}, {"show_comments": False, "show_people": False})
    node = "responses { edges { node { rating comment person { name } } } }"
    query = f"""{{ company(id: "company_1") {{ a: surveys {{ {node} }}
      b: surveys(instance: "s1") {{ {node} }} }} }}"""
    found = (await bench.query(query))["company"]
    one, other = (found[k]["responses"]["edges"][0]["node"] for k in "ab")
    assert one == {"rating": 2, "comment": "Too slow", "person": {"name": "a"}}
    assert other == {"rating": 2, "comment": None, "person": None}
    bench.permissions = tuple(
        FieldPermission("csm", field, "hidden")
        for field in ("verbatim.view", "pii.view")
    )
    answer = await bench.ask(query)
    messages = {e["message"] for e in answer["errors"]}
    assert messages == {
        "Cannot query field 'comment' on type 'SurveyResponse'.",
        "Cannot query field 'person' on type 'SurveyResponse'.",
    }
    assert (await surveys(bench, "nps"))["nps"] == -100


async def test_pages_of_answers_have_no_gaps(bench: Bench) -> None:
    await bench.add(*rated(*range(6)), *rated(9, 9, first=7, days=3))
    query = """query($f: Int!, $a: String) { company(id: "company_1") { surveys {
      responses(first: $f, after: $a) { totalCount edges { node { id } }
        pageInfo { hasNextPage endCursor } } } } }"""
    seen: list[str] = []
    after = None
    for _ in range(3):
        page = (await bench.query(query, f=3, a=after))["company"]["surveys"]
        seen += [e["node"]["id"] for e in page["responses"]["edges"]]
        after = page["responses"]["pageInfo"]["endCursor"]
    assert seen == [f"survey_response_{n:04d}" for n in (1, 2, 3, 4, 5, 6, 7, 8)]
    assert not page["responses"]["pageInfo"]["hasNextPage"]
    for first in (0, 201):
        answer = await bench.ask(query, f=first)
        assert "from 1 to 200" in answer["errors"][0]["message"]
    months = """query($m: Int!) { company(id: "company_1") { surveys {
      trend(months: $m) { nps } } } }"""
    for count in (0, -1, 121):
        answer = await bench.ask(months, m=count)
        assert "from 1 to 120" in answer["errors"][0]["message"]
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_card_on_summary_is_that_of_the_placement(bench: Bench) -> None:
    await bench.add(*rated(10, 8, 0, 0), *rated(10, 10, first=5, days=300))
    query = """{ company(id: "company_1") { summary { cards {
      key label value section breakdown { label count } } } } }"""
    values = []
    for config in ({}, {"period": "ALL_TIME"}):
        bench.book = book(config)
        (card,) = (await bench.query(query))["company"]["summary"]["cards"]
        values.append((card["value"], [b["count"] for b in card["breakdown"]]))
    assert values == [(-25, [1, 1, 2]), (17, [3, 1, 2])]
    assert (card["key"], card["label"], card["section"]) == ("nps", "NPS", "surveys")
    assert [b["label"] for b in card["breakdown"]] == [
        "Promoters",
        "Passives",
        "Detractors",
    ]


async def test_answers_about_what_is_out_of_reach_are_not_counted(bench: Bench) -> None:
    await bench.add(relationship(3, of=1), *rated(10, 10), *rated(0, first=3, part=3))
    hidden = Clause("name", "EQ", ("Relationship 3",))
    bench.access = AccessBook(
        rules=(
            AccessRule(
                rank=1,
                name="Hidden",
                kind="RELATIONSHIP",
                effect=DENY,
                record=(hidden,),
            ),
        )
    )
    found = await surveys(bench, "nps responseCount responses { totalCount }")
    assert found == {"nps": 100, "responseCount": 2, "responses": {"totalCount": 2}}
    gone = await bench.query('{ node(id: "survey_response_0003") { id } }')
    assert gone == {"node": None}


async def test_graph_resolvers_give_the_same_answer_as_the_one_statement(
    bench: Bench,
) -> None:
    resolved = Bench(bench.database, bench.graph.sections.values(), planned=False)
    await bench.add(
        survey("pulse", is_anonymous=True),
        *map(person, "abcde"),
        *rated(*EXAMPLE, by="a", comment="Ü 東京"),
        *rated(1, 9, first=20, part=1, by="b"),
        *rated(10, 3, 9, 9, 9, first=30, to="pulse", comment="So"),
    )
    rolled = {"roll_up": True, "policy": "ALL", "period": "YEAR"}
    for settings, record in ((rolled, "company_1"), ({}, "relationship_1")):
        resolved.book = bench.book = book(settings)
        planned = await surveys(bench, EVERYTHING, record)
        assert len(bench.statements) == 2
        assert planned == await surveys(resolved, EVERYTHING, record)


async def test_the_demo_tells_of_a_company_whose_promoters_left(bench: Bench) -> None:
    people = [(f"person_{name}", "company_1") for name in "abcdef"]
    await bench.add(*map(person, "abcdef"))
    records = DemoRecords(
        companies=("company_1", "company_2"),
        relationships=(("relationship_1", "company_1"),),
        users=(),
        today=NOW.date(),
        people=tuple(people),
    )
    made = section.demo
    assert made is not None
    rows = list(made(records))
    assert [vars_of(r) for r in rows] == [vars_of(r) for r in made(records)]
    await bench.add(*rows)
    found = await surveys(
        bench, "nps trend { nps } responses { edges { node { comment } } }"
    )
    known = [p["nps"] for p in found["trend"] if p["nps"] is not None]
    assert found["nps"] < 0 < known[0]
    comments = [e["node"]["comment"] for e in found["responses"]["edges"]]
    assert any("sponsor" in c for c in comments if c)


def vars_of(row: Row) -> dict[str, Any]:
    """The values of a row."""
    return {k: v for k, v in vars(row).items() if k != "_sa_instance_state"}
