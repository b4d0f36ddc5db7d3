"""Answers that are left out or noted on; satisfaction and effort."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.importers.model import Incoming
from cyclorama.importers.writing import Writer, targets
from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import KINDS, Clause, Layout, LayoutBook, Placement
from cyclorama.plugins import ExternalRefRow
from cyclorama.plugins.written import watching
from cyclorama.sections.surveys import section
from cyclorama.sections.surveys.imports import check_responses
from cyclorama.sections.surveys.rules import ces, csat
from cyclorama.sections.surveys.tables import ResponseRow, ReviewRow, SurveyRow
from cyclorama.storage.accounts import GroupFacts
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import ADMIN, CSM, NOW, Bench
from tests.sections.ruling import ANN

pytestmark = pytest.mark.anyio
GROUP = GroupFacts("group_bo", "bo", "Bo")
BO = replace(ADMIN, groups=(*ADMIN.groups, GROUP))
ANSWER = """errors { path code message }
  response { id isExcluded excludedReason remark version }"""


def mutation(name: str) -> str:
    kind = name[0].upper() + name[1:] + "Input"
    return (
        f"mutation($input: {kind}!) {{ answer: {name}(input: $input) {{ {ANSWER} }} }}"
    )


EXCLUDE = mutation("excludeSurveyResponse")
INCLUDE = mutation("includeSurveyResponse")
REMARK = mutation("remarkSurveyResponse")


def book(**config: Any) -> LayoutBook:
    placed = (Placement("surveys", "surveys", config=config),)
    return LayoutBook(
        tuple(Layout(k, k, None, k, is_default=True, placements=placed) for k in KINDS)
    )


def rated(kind: str, *ratings: int, first: int = 1) -> list[ResponseRow]:
    return [
        ResponseRow(
            id=f"survey_response_{n}",
            survey_id=f"survey_{kind}",
            company_id="company_1",
            rating=rating,
            responded_at=NOW,
        )
        for n, rating in enumerate(ratings, first)
    ]


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, [section], book=book())
    await made.fill()
    await made.add(*(SurveyRow(id=f"survey_{k}", key=k, name=k, kind=k) for k in KNOWN))
    await made.add(*rated("NPS", 10, 10, 0))
    return made


KNOWN = ("NPS", "CSAT", "CES")


async def ask(bench: Bench, query: str, viewer: Any, **given: Any) -> Any:
    return (await bench.query(query, viewer=viewer, input=given))["answer"]


async def refused(bench: Bench, query: str, viewer: Any, **given: Any) -> Any:
    before = await everything(bench)
    answer = await ask(bench, query, viewer, **given)
    assert answer["response"] is None
    assert await everything(bench) == before
    (error,) = answer["errors"]
    return ".".join(error["path"]), error["code"]


async def everything(bench: Bench) -> list[Any]:
    found: list[Any] = []
    tables = (ResponseRow.__table__, ReviewRow.__table__, AUDIT, EVENTS)
    async with bench.database.read() as reading:
        for table in tables:
            order = table.primary_key
            found += await reading.execute(sa.select(*table.c).order_by(*order))
    return found


async def surveys(bench: Bench, fields: str) -> Any:
    query = f'{{ company(id: "company_1") {{ surveys {{ {fields} }} }} }}'
    return (await bench.query(query))["company"]["surveys"]


async def test_an_answer_that_is_left_out_counts_nowhere_until_it_does(
    bench: Bench,
) -> None:
    one = {"id": "survey_response_3"}
    why = {**one, "reason": " A test "}
    for query, viewer, given, expected in (
        (EXCLUDE, CSM, why, ("id", "FORBIDDEN")),
        (INCLUDE, CSM, one, ("id", "FORBIDDEN")),
        (INCLUDE, ADMIN, one, ("id", "INVALID_STATE")),
        (EXCLUDE, ADMIN, {**why, "id": "survey_response_9"}, ("id", "NOT_FOUND")),
        (EXCLUDE, ADMIN, {**why, "id": "company_1"}, ("id", "NOT_FOUND")),
        (EXCLUDE, ADMIN, {**why, "reason": " "}, ("reason", "REQUIRED")),
        (EXCLUDE, ADMIN, {**why, "reason": "x" * 256}, ("reason", "LENGTH")),
        (
            EXCLUDE,
            ADMIN,
            {**why, "expectedVersion": 1},
            ("expectedVersion", "CONFLICT"),
        ),
    ):
        assert await refused(bench, query, viewer, **given) == expected, given
    numbers = "nps responseCount detractors trend(months: 1) { nps }"
    every = "responses { totalCount edges { node { id isExcluded } } }"
    before = await surveys(bench, numbers)
    assert (before["nps"], before["responseCount"]) == (33, 3)
    made = await ask(bench, EXCLUDE, ADMIN, **why, expectedVersion=0)
    assert made["response"] == {
        **one,
        "isExcluded": True,
        "excludedReason": "A test",
        "remark": None,
        "version": 1,
    }
    assert await refused(bench, EXCLUDE, ADMIN, **why) == ("id", "INVALID_STATE")
    after = await surveys(bench, numbers)
    assert (after["nps"], after["responseCount"], after["detractors"]) == (100, 2, 0)
    assert after["trend"] == [{"nps": 100}]
    listed = (await surveys(bench, every))["responses"]
    assert listed["totalCount"] == 3
    assert [e["node"]["isExcluded"] for e in listed["edges"]] == [False, False, True]
    resolved = Bench(bench.database, [section], book=book(), planned=False)
    assert await surveys(resolved, f"{numbers} {every}") == {
        **after,
        "responses": listed,
    }
    assert (await ask(bench, INCLUDE, ADMIN, **one))["response"]["version"] == 2
    assert await surveys(bench, numbers) == before
    async with bench.database.read() as reading:
        told = await reading.execute(sa.select(AUDIT.c.action).order_by(AUDIT.c.number))
    assert [r.action for r in told] == ["survey.exclude", "survey.include"]
    excluded, included = await happened(bench)
    assert excluded[:3] == ("surveys.response_excluded", "company_1", one["id"])
    assert included[0] == "surveys.response_included"
    assert (excluded[3]["survey"], excluded[3]["rating"]) == ("NPS", 0)
    assert (excluded[3]["is_excluded"], included[3]["is_excluded"]) == (True, False)


async def happened(bench: Bench) -> list[tuple[Any, ...]]:
    """Kind, record, subject and values of all events, in their order."""
    query = sa.select(EVENTS).order_by(EVENTS.c.id)
    async with bench.database.read() as reading:
        rows = await reading.execute(query)
    return [(r.kind, r.record_id, r.subject_id, r.payload["after"]) for r in rows]


async def test_an_import_tells_of_answers_that_have_just_been_given(
    bench: Bench,
) -> None:
    await bench.add(
        SurveyRow(id="survey_secret", key="secret", name="S", is_anonymous=True),
        *(
            ExternalRefRow(
                id=f"external_ref_{id}",
                system="crm",
                object_type="any",
                external_id=id,
                entity_id=id,
            )
            for id in ("company_1", "relationship_1", "survey_NPS", "survey_secret")
        ),
    )

    def answer(key: str, survey: str = "survey_NPS", **given: Any) -> Incoming:
        values = {"rating": 3, "comment": "Hidden", "responded_at": NOW, **given}
        references = {"survey_id": ("any", survey), "company_id": ("any", "company_1")}
        if key == "part":
            references["relationship_id"] = ("any", "relationship_1")
        return Incoming(
            line=1,
            target="survey_response",
            object_type="answer",
            external_id=key,
            values=values,
            references=references,
        )

    asked = {"rating": None, "comment": None, "state": "SENT"}
    first = [
        answer("whole"),
        answer("part", rating=None, state="PARTIAL"),
        answer("asked", **asked),
        answer("old", responded_at=NOW - timedelta(days=30)),
        answer("secret", "survey_secret"),
    ]
    given = answer("asked", state="SUBMITTED")
    second = [given, answer("whole", rating=4), answer("old", rating=1)]
    known = targets({"surveys": section})
    watch = watching([section], ANN, NOW.date(), ())
    for rows in (first, second):
        writer = Writer(bench.database, known, "crm", NOW, watch)
        writer.begin("answers")
        assert (await writer.write(rows)).rejected == ()
    found = await happened(bench)
    assert [(kind, of, after["rating"]) for kind, of, _, after in found] == [
        ("surveys.response_added", "company_1", 3),
        ("surveys.response_added", "relationship_1", None),
        ("surveys.response_added", "company_1", 3),
    ]
    assert "Hidden" not in str(found)


async def test_colleagues_note_on_an_answer(bench: Bench) -> None:
    given = {"id": "survey_response_1", "remark": " Call them. "}
    for change, expected in (
        ({"remark": ""}, ("remark", "REQUIRED")),
        ({"remark": "x" * 32_001}, ("remark", "LENGTH")),
        ({"expectedVersion": 2}, ("expectedVersion", "CONFLICT")),
    ):
        assert await refused(bench, REMARK, CSM, **{**given, **change}) == expected
    bench.permissions = tuple(
        FieldPermission("bo", f"SurveyResponse.{name}", "read")
        for name in ("remark", "isExcluded")
    )
    assert await refused(bench, REMARK, BO, **given) == ("id", "READ_ONLY")
    why = {"id": given["id"], "reason": "x"}
    assert await refused(bench, EXCLUDE, BO, **why) == ("id", "READ_ONLY")
    bench.book = book(editable=False)
    assert await refused(bench, REMARK, CSM, **given) == ("id", "FORBIDDEN")
    bench.book = book()
    hidden = Clause("name", "EQ", ("Company 1",))
    deny = AccessRule(
        rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=(hidden,)
    )
    bench.access = AccessBook(rules=(deny,))
    assert await refused(bench, REMARK, CSM, **given) == ("id", "NOT_FOUND")
    bench.access = AccessBook()
    made = (await ask(bench, REMARK, CSM, **given))["response"]
    assert (made["remark"], made["version"]) == ("Call them.", 1)
    same = (await ask(bench, REMARK, CSM, **given))["response"]
    assert same["version"] == 1
    gone = await ask(bench, REMARK, CSM, id=given["id"], remark=None, expectedVersion=1)
    assert (gone["response"]["remark"], gone["response"]["version"]) == (None, 2)


async def test_satisfaction_and_effort_are_counted_on_their_own_scales(
    bench: Bench,
) -> None:
    fields = "nps csat csatCount ces cesCount"
    empty = {"csat": None, "csatCount": 0, "ces": None, "cesCount": 0}
    assert await surveys(bench, fields) == {"nps": 33, **empty}
    satisfied, eased = (5, 4, 3), (7, 6, 2, 2)
    await bench.add(*rated("CSAT", *satisfied, first=11))
    await bench.add(*rated("CES", *eased, first=21))
    await bench.add(*rated("CSAT", 9, first=31))  # of another scale: not counted
    assert await surveys(bench, fields) == {
        "nps": 33,
        "csat": csat(satisfied),
        "csatCount": 3,
        "ces": ces(eased),
        "cesCount": 4,
    }
    async with bench.database.write() as session:
        held = [
            (None, {"survey_id": f"survey_{kind}", "rating": rating})
            for kind, rating in (("CSAT", 0), ("CSAT", 5), ("CES", 8), ("CES", 1))
        ]
        found = await check_responses(await session.connection(), held)
    assert found == {
        0: "rating: 0 is not from 1 to 5",
        2: "rating: 8 is not from 1 to 7",
    }


def test_satisfaction_is_a_share_and_effort_a_mean() -> None:
    assert csat([5, 4, 3]) == 66.7
    assert csat([1]) == 0
    assert ces([7, 6, 2, 2]) == 4.3
    assert csat([]) is ces([]) is None
