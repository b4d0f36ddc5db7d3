"""Bad input, item by item: each is refused with the path of the field and a code, and
nothing of the database is another one afterwards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.layouts.model import KINDS, Layout, LayoutBook, Placement
from cyclorama.plugins.discovery import discover
from cyclorama.sections.cockpit.tables import LinkRow, ViewRow
from cyclorama.sections.scorecard.tables import AssignmentRow
from cyclorama.sections.surveys.tables import ResponseRow, SurveyRow
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import Row
from cyclorama.storage.types import wire_instant
from cyclorama.testing import ADMIN, CSM, NOW, Bench, company
from tests.sections.ctas import cta, day, filled, playbook, task
from tests.sections.scorecards import card, score
from tests.sections.test_scorecard_file import FILE, changed
from tests.sections.test_scorecard_writing import rows
from tests.sections.timelines import activity, comment

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
NAME = {"groups": [{"label": "All", "fields": [{"path": "name", "editable": True}]}]}
SETTINGS = {
    "attributes": NAME,
    "cockpit": {},
    "scorecard": {"overridable": True},
    "surveys": {},
    "timeline": {},
}
BOOK = LayoutBook(
    tuple(
        Layout(
            kind,
            kind,
            None,
            kind,
            is_default=True,
            placements=tuple(Placement(k, k, config=c) for k, c in SETTINGS.items()),
        )
        for kind in KINDS
    )
)
Case = tuple[str, dict[str, Any], str, str]
"""A mutation, its input, and path and code of the refusal. The path of one row of many
begins with its place."""

ONE, TWO, THREE = ({"recordId": f"company_{n}"} for n in (1, 2, 3))
LOGINS = {**ONE, "measureKey": "logins"}
DEPTH = {**ONE, "measureKey": "depth"}
LATER = wire_instant(NOW + timedelta(days=30))
OVERRIDE = {"value": 20, "reason": "They leave.", "expiresAt": LATER}
PIN = {"scorecardKey": "second", "reason": "A pilot."}
CTA = {**ONE, "name": "Call", "typeKey": "risk", "dueDate": str(day(9))}
CALL = {**ONE, "type": "call", "subject": "Call", "activityDate": NOW.isoformat()}
SAID = {"activityId": "activity_1", "body": "Yes."}
SCRIPT = "<p>Hi<script>alert(1)</script></p>"
HANDLER = '<p onclick="x()">Hi</p>'
RULE = """
rules:
  - key: a
    name: A
    actions: [{action: scorecard.set_score, with: {measure: m, value: 101}}]
"""
OF_RULE = "file.rules.0.actions.0.with.value"
MINUS = changed("{measure: sentiment, weight: 30}", "{measure: sentiment, weight: -1}")
NO_NUMBER = MINUS.replace("weight: -1", "weight: .nan")
WEIGHT = "file.scorecards.0.nodes.2.weight"
GAP = changed("from: 50, to: 75", "from: 55, to: 75")
END = changed("from: 75, to: 100", "from: 75, to: 99")
STALE = {"expectedVersion": 999}

SCORECARD: dict[str, Sequence[Case]] = {
    "a score of 101": [
        ("setScore", {**LOGINS, "value": 101}, "value", "RANGE"),
        ("setOverallScore", {**TWO, "value": 101}, "value", "RANGE"),
        ("overrideScore", {**ONE, **OVERRIDE, "value": 101}, "value", "RANGE"),
        ("bulkSetScores", {"rows": [{**LOGINS, "value": 101}]}, "0.value", "RANGE"),
        ("applyRules", {"file": RULE}, OF_RULE, "RANGE"),
    ],
    "NaN": [
        ("applyScorecards", {"file": NO_NUMBER}, "file", "INVALID"),
        ("applyRules", {"file": RULE.replace("101", ".nan")}, "file", "INVALID"),
    ],
    "a band that isn't in the scheme": [
        ("setScore", {**LOGINS, "band": "Blue"}, "band", "LOOKUP_NOT_FOUND"),
        ("setOverallScore", {**TWO, "band": "Blue"}, "band", "LOOKUP_NOT_FOUND"),
        (
            "overrideScore",
            {**ONE, **OVERRIDE, "value": None, "band": "Blue"},
            "band",
            "LOOKUP_NOT_FOUND",
        ),
        (
            "bulkSetScores",
            {"rows": [{**LOGINS, "band": "Blue"}]},
            "0.band",
            "LOOKUP_NOT_FOUND",
        ),
    ],
    "renewing NA": [("renewScore", LOGINS, "measureKey", "INVALID_STATE")],
    "editing an automated measure": [
        ("setScore", {**DEPTH, "value": 5}, "measureKey", "READ_ONLY"),
        ("renewScore", DEPTH, "measureKey", "READ_ONLY"),
        ("clearScore", DEPTH, "measureKey", "READ_ONLY"),
        (
            "bulkSetScores",
            {"rows": [{**DEPTH, "value": 5}]},
            "0.measureKey",
            "READ_ONLY",
        ),
    ],
    "weights that are negative": [
        ("applyScorecards", {"file": MINUS}, WEIGHT, "RANGE"),
        ("planScorecards", {"file": MINUS}, WEIGHT, "RANGE"),
    ],
    "bands with a gap": [
        ("applyScorecards", {"file": GAP}, "file.schemes.0.bands", "INVALID"),
        ("planScorecards", {"file": GAP}, "file.schemes.0.bands", "INVALID"),
        ("applyScorecards", {"file": END}, "file.schemes.0.bands", "RANGE"),
    ],
}
FAR = "10000-01-01"
COCKPIT: dict[str, Sequence[Case]] = {
    "a closing status that isn't one": [
        (
            "closeCta",
            {"id": "cta_1", "openTasks": "SKIP", "statusKey": "new"},
            "statusKey",
            "INVALID",
        ),
        ("createCta", {**CTA, "statusKey": "closed_lost"}, "statusKey", "INVALID"),
        (
            "updateCta",
            {"id": "cta_1", "statusKey": "closed_lost"},
            "statusKey",
            "INVALID",
        ),
        (
            "reopenCta",
            {"id": "cta_2", "statusKey": "closed_lost"},
            "statusKey",
            "INVALID",
        ),
    ],
    "a due date in year 10000": [
        ("createCta", {**CTA, "dueDate": FAR}, "dueDate", "RANGE"),
        ("updateCta", {"id": "cta_1", "dueDate": FAR}, "dueDate", "RANGE"),
        (
            "addCtaTask",
            {"ctaId": "cta_1", "name": "x", "dueDate": FAR},
            "dueDate",
            "RANGE",
        ),
        ("updateCtaTask", {"id": "cta_task_1", "dueDate": FAR}, "dueDate", "RANGE"),
        ("bulkUpdateCtas", {"ids": ["cta_1"], "dueDate": FAR}, "0.dueDate", "RANGE"),
        (
            "snoozeCta",
            {"id": "cta_1", "until": FAR, "reason": "x"},
            "until",
            "RANGE",
        ),
    ],
    "snoozing a closed CTA": [
        (
            "snoozeCta",
            {"id": "cta_2", "until": str(day(1)), "reason": "x"},
            "id",
            "INVALID_STATE",
        ),
    ],
    "a task cycle": [
        (
            "updateCtaTask",
            {"id": "cta_task_1", "dependsOn": "cta_task_2"},
            "dependsOn",
            "CYCLE",
        ),
        (
            "updateCtaTask",
            {"id": "cta_task_1", "dependsOn": "cta_task_1"},
            "dependsOn",
            "CYCLE",
        ),
    ],
}
TIMELINE: dict[str, Sequence[Case]] = {
    "HTML with scripts": [
        ("saveActivity", {**CALL, "notes": SCRIPT}, "notes", "INVALID"),
        ("saveActivity", {**CALL, "notes": HANDLER}, "notes", "INVALID"),
        (
            "saveActivity",
            {**CALL, "notes": '<a href="javascript:x()">Hi</a>'},
            "notes",
            "INVALID",
        ),
        ("createCta", {**CTA, "comments": SCRIPT}, "comments", "INVALID"),
        ("updateCta", {"id": "cta_1", "comments": HANDLER}, "comments", "INVALID"),
    ],
    "a reply to a deleted activity": [
        (
            "addActivityComment",
            {**SAID, "activityId": "activity_2"},
            "activityId",
            "NOT_FOUND",
        ),
        (
            "addActivityComment",
            {**SAID, "activityId": "activity_2", "replyToId": "activity_comment_2"},
            "activityId",
            "NOT_FOUND",
        ),
        (
            "addActivityComment",
            {**SAID, "replyToId": "activity_comment_2"},
            "replyToId",
            "NOT_FOUND",
        ),
    ],
    "an idempotency key with another input": [
        (
            "createCta",
            {**CTA, "name": "Other", "idempotencyKey": "k"},
            "idempotencyKey",
            "CONFLICT",
        ),
        (
            "saveActivity",
            {**CALL, "subject": "Other", "idempotencyKey": "k"},
            "idempotencyKey",
            "CONFLICT",
        ),
        (
            "addActivityComment",
            {**SAID, "body": "Other", "idempotencyKey": "k"},
            "idempotencyKey",
            "CONFLICT",
        ),
    ],
}
VIEW = {"id": "cta_view_1", "name": "Mine", "filters": {}}
ANSWER = {"id": "survey_response_1"}
VERSIONED: Sequence[tuple[str, dict[str, Any]]] = [
    ("setScore", {**LOGINS, "value": 5}),
    ("setScoreComment", {**LOGINS, "comment": "x"}),
    ("renewScore", {**ONE, "measureKey": "sentiment"}),
    ("clearScore", {**ONE, "measureKey": "sentiment"}),
    ("setOverallScore", {**TWO, "value": 5}),
    ("overrideScore", {**ONE, **OVERRIDE}),
    ("removeOverride", THREE),
    ("pinScorecard", {**ONE, **PIN}),
    ("unpinScorecard", THREE),
    ("updateCta", {"id": "cta_1", "name": "x"}),
    ("closeCta", {"id": "cta_1", "openTasks": "SKIP"}),
    ("deleteCta", {"id": "cta_1"}),
    ("reopenCta", {"id": "cta_2"}),
    ("snoozeCta", {"id": "cta_1", "until": str(day(1)), "reason": "x"}),
    ("unsnoozeCta", {"id": "cta_6"}),
    ("addCtaTask", {"ctaId": "cta_1", "name": "x"}),
    ("updateCtaTask", {"id": "cta_task_1", "name": "x"}),
    ("completeCtaTask", {"id": "cta_task_1"}),
    ("applyPlaybook", {"ctaId": "cta_1", "playbookKey": "calls"}),
    ("linkCtaRecord", {"ctaId": "cta_1", "objectName": "x", "recordId": "x"}),
    ("unlinkCtaRecord", {"ctaId": "cta_1", "linkId": "cta_link_1"}),
    ("setCtaRecurrence", {"id": "cta_5", "every": 1}),
    ("saveCtaView", VIEW),
    ("deleteCtaView", {"id": "cta_view_1"}),
    ("excludeSurveyResponse", {**ANSWER, "reason": "x"}),
    ("includeSurveyResponse", {"id": "survey_response_2"}),
    ("remarkSurveyResponse", {**ANSWER, "remark": "x"}),
    ("saveActivity", {**CALL, "id": "activity_1"}),
    ("deleteActivity", {"id": "activity_1"}),
    ("editActivityComment", {"id": "activity_comment_1", "body": "x"}),
    ("deleteActivityComment", {"id": "activity_comment_1"}),
    ("updateFields", {**ONE, "fields": [{"path": "name", "value": "x"}]}),
]
STALES: dict[str, Sequence[Case]] = {
    "a stale version": [
        *(
            (name, {**given, **STALE}, "expectedVersion", "CONFLICT")
            for name, given in VERSIONED
        ),
        (
            "bulkSetScores",
            {"rows": [{**LOGINS, "value": 5, **STALE}]},
            "0.expectedVersion",
            "CONFLICT",
        ),
        (
            "applyScorecards",
            {"file": FILE, "expectedVersion": "old"},
            "expectedVersion",
            "CONFLICT",
        ),
    ]
}


async def ask(bench: Bench, name: str, given: dict[str, Any], asked: str) -> Any:
    kind = name[0].upper() + name[1:] + "Input"
    query = f"""mutation($input: {kind}!) {{ answer: {name}(input: $input) {{
      errors {{ path code message }} {asked} }} }}"""
    for_admins = name.startswith(("apply", "plan", "exclude", "include"))
    viewer = ADMIN if for_admins and name != "applyPlaybook" else CSM
    return await bench.ask(query, viewer=viewer, input=given)


async def refusals(bench: Bench, name: str, given: dict[str, Any]) -> Any:
    """Paths and codes of what is said against this input."""
    of_rows = "results { errors { path code message } }"
    answer = await ask(bench, name, given, of_rows if name[:4] == "bulk" else "")
    assert "errors" not in answer, answer
    payload = answer["data"]["answer"]
    errors = [([], e) for e in payload["errors"]] + [
        ([str(n)], e)
        for n, result in enumerate(payload.get("results", ()))
        for e in result["errors"]
    ]
    assert all(e["message"].endswith(".") for _, e in errors), errors
    return {(".".join([*at, *e["path"]]), e["code"]) for at, e in errors}


async def done(bench: Bench, name: str, given: dict[str, Any], asked: str = "") -> Any:
    answer = await ask(bench, name, given, asked)
    assert answer["data"]["answer"].pop("errors") == []
    return answer["data"]["answer"]


async def content(bench: Bench) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    found = {}
    async with bench.database.read() as reading:
        for table in Row.metadata.sorted_tables:
            query = sa.select(*table.c).order_by(*table.primary_key)
            found[table.name] = [tuple(r) for r in await reading.execute(query)]
    return found


@pytest.fixture
async def bench(database: Database) -> Bench:
    """A score, tasks that wait for each other, what is closed, snoozed, deleted, and
    what keys have made."""
    made = Bench(database, SECTIONS, book=BOOK)
    await filled(
        made,
        cta(1, total_tasks=2),
        task(1),
        task(2, depends_on="cta_task_1"),
        cta(2, closed=-1, status="closed_success"),
        cta(5, type="lifecycle", reason="renewal"),
        cta(6, snoozed_until=day(5), snooze_reason="Later"),
        *playbook("calls", ("CREATED", 1)),
    )
    second = (("MEASURE", "second", 1, None),)
    third = (("MEASURE", "third", 1, None),)
    stamps = {"created_at": NOW, "updated_at": NOW}
    link = {"company_id": "company_1", "created_by": "user_csm", "created_at": NOW}
    await made.add(
        company(3),
        *rows(),
        *card(second, key="second", is_default=False),
        *card(third, key="third", is_default=False, roll_up=False),
        score("depth", 50),
        score("sentiment", 50),
        AssignmentRow(record_id="company_2", card_id="card_third"),
        LinkRow(
            id="cta_link_1",
            cta_id="cta_1",
            system="x",
            object_name="x",
            record_id="1",
            **link,
        ),
        ViewRow(id="cta_view_1", owner_id="user_csm", name="x", **stamps),
        SurveyRow(id="survey_a", key="a", name="A"),
        *(
            ResponseRow(
                id=f"survey_response_{n}",
                survey_id="survey_a",
                company_id="company_1",
                rating=9,
                responded_at=NOW,
            )
            for n in (1, 2)
        ),
        *activity(1),
        *activity(2),
        comment(1, 1),
        comment(2, 2),
    )
    for name, given in (
        ("deleteActivity", {"id": "activity_2"}),
        ("excludeSurveyResponse", {"id": "survey_response_2", "reason": "x"}),
        ("createCta", {**CTA, "idempotencyKey": "k"}),
        ("saveActivity", {**CALL, "idempotencyKey": "k"}),
        ("addActivityComment", {**SAID, "idempotencyKey": "k"}),
        ("pinScorecard", {**THREE, **PIN}),
        ("overrideScore", {**THREE, **OVERRIDE}),
    ):
        await done(made, name, given)
    return made


async def refused_one_by_one(bench: Bench, items: dict[str, Sequence[Case]]) -> None:
    before = await content(bench)
    for item, cases in items.items():
        for name, given, path, code in cases:
            found = await refusals(bench, name, given)
            assert (path, code) in found, (item, name, found)
        assert await content(bench) == before, item


NO_VALUES: Sequence[tuple[str, dict[str, Any], str, Any]] = [
    ("setScore", LOGINS, "value", math.nan),
    ("setScore", LOGINS, "value", math.inf),
    ("overrideScore", {**ONE, **OVERRIDE}, "value", math.nan),
    ("bulkSetScores", {}, "rows", [{**LOGINS, "value": math.nan}]),
    ("createCta", CTA, "dueDate", "10000-02-32"),
    ("saveActivity", CALL, "activityDate", "10000-01-01T00:00:00Z"),
]


async def test_of_scorecard(bench: Bench) -> None:
    await refused_one_by_one(bench, SCORECARD)


async def test_of_cockpit(bench: Bench) -> None:
    """And NaN and such in variables: no values of their types, so the request is refused
    by the field's name before anything of it is done."""
    await refused_one_by_one(bench, COCKPIT)
    before = await content(bench)
    for name, given, path, value in NO_VALUES:
        answer = await ask(bench, name, {**given, path: value}, "")
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT", name
        assert f" at .{path}" in error["message"], name
        assert "data" not in answer
    assert await content(bench) == before


async def test_of_timeline(bench: Bench) -> None:
    await refused_one_by_one(bench, TIMELINE)


async def test_of_stale_versions(bench: Bench) -> None:
    """Of every mutation that takes one."""
    await refused_one_by_one(bench, STALES)
    mutations = bench.graph.schema._schema.type_map["Mutation"].fields
    versioned = {
        name
        for name, field in mutations.items()
        if "input" in field.args
        and "expectedVersion" in _fields_of(field.args["input"].type)
    }
    assert versioned - {case[0] for case in STALES["a stale version"]} <= ELSEWHERE


ELSEWHERE = {
    *("applyLayouts", "revertLayouts"),
    *("saveCtaVocabularyItem", "deleteCtaVocabularyItem"),
    *("saveCtaPlaybook", "deleteCtaPlaybook"),
    *("associateActivity", "dissociateActivity", "shareActivity", "unshareActivity"),
    "reviewScore",
}
"""Those whose own tests look at it."""


def _fields_of(kind: Any) -> Any:
    return getattr(kind, "of_type", kind).fields
