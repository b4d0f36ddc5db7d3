"""What lines of the acceptance table of the domain ask for, end to end: each test takes
several of them on one database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.layouts.model import KINDS, Layout, LayoutBook, Placement
from cyclorama.plugins import Event
from cyclorama.plugins.discovery import discover
from cyclorama.plugins.rules.file import parse
from cyclorama.plugins.written import COMPANY_CHANGED, RELATIONSHIP_CHANGED
from cyclorama.sections.cockpit.tables import REASON, TYPE, CtaRow
from cyclorama.sections.cockpit.vocabulary import vocabulary
from cyclorama.sections.scorecard.tables import HelpRow
from cyclorama.sections.surveys.tables import ResponseRow, SurveyRow
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.storage.rows import PicklistItemRow, RelationshipTypeRow
from cyclorama.testing import ADMIN, NOW, Bench, company, relationship
from tests.sections.ctas import cta, day, filled, task
from tests.sections.ruling import ANN, KNOWN, RUNNING, hand_out, happen, rows, save
from tests.sections.scorecards import card, event, scheme, score
from tests.sections.test_scorecard_assigning import APPLY, answer
from tests.sections.test_scorecard_file import changed
from tests.sections.test_scorecard_writing import SET, accepted, refused

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections


def book(**settings: dict[str, Any]) -> LayoutBook:
    """These sections with these settings, on both kinds."""
    placed = tuple(Placement(key, key, config=given) for key, given in settings.items())
    return LayoutBook(
        tuple(Layout(k, k, None, k, is_default=True, placements=placed) for k in KINDS)
    )


HEALTH = """summary { cards { key label value displayValue color trend section } }
  scorecard { placement { config } overall { value label color trend delta previous }
    bands { label color } groups { measures { measure { key } score { color } } }
    measures { measure { key help { label text } } score { label color } } }"""
HEALTHS = f"""{{ company(id: "company_1") {{ {HEALTH} }}
  relationship(id: "relationship_1") {{ {HEALTH} }} }}"""


HIDDEN = """{ company(id: "company_1") { summary { cards { key } }
  scorecard { history(weeks: 1) { value label } whatIf { computed }
    explanation { value contributions { node } } } } }"""


async def test_scorecard_colour_help_view_history_length_and_the_health_widget(
    database: Database,
) -> None:
    """Of companies and of relationships; the widget is shown or hidden by the layout."""
    settings = {"view": "LIST", "history_weeks": 6}
    bench = Bench(database, SECTIONS, book=book(summary={}, scorecard=settings))
    await bench.fill()
    texts = {"Red": "Nobody answers.", "Green": "They recommend us."}
    await bench.add(
        *scheme(),
        *card(),
        *card((("MEASURE", "pulse", 1, None),), key="unit", kind="RELATIONSHIP"),
        *(
            HelpRow(
                id=f"help_{n}",
                measure_id="measure_sentiment",
                position=n,
                label=label,
                text=text,
            )
            for n, (label, text) in enumerate(texts.items())
        ),
        score("", 72, base=60),
        score("sentiment", 90),
        score("logins", 50),
        event(1, "", 72, NOW),
        score("", 33, of="relationship_1", card="unit"),
    )
    found = await bench.query(HEALTHS)
    resolved = Bench(database, SECTIONS, book=bench.book, planned=False)
    assert await resolved.query(HEALTHS) == found
    whole = found["company"]["scorecard"]
    assert whole["placement"]["config"] == settings
    assert whole["bands"][1] == {"label": "Yellow", "color": "#111"}
    assert whole["overall"] == {
        "value": 72,
        "label": "Yellow",
        "color": "#111",
        "trend": "UP",
        "delta": 12,
        "previous": 60,
    }
    (sentiment,) = whole["measures"]
    assert sentiment["score"] == {"label": "Green", "color": "#222"}
    help_ = [{"label": label, "text": text} for label, text in texts.items()]
    assert sentiment["measure"]["help"] == help_
    logins = whole["groups"][0]["measures"][0]
    assert logins == {"measure": {"key": "logins"}, "score": {"color": "#000"}}
    for kind, value, label, color, trend in (
        ("company", 72, "Yellow", "#111", "UP"),
        ("relationship", 33, "Red", "#000", "NEW"),
    ):
        assert found[kind]["summary"]["cards"] == [
            {
                "key": "health",
                "label": "Health",
                "value": value,
                "displayValue": label,
                "color": color,
                "trend": trend,
                "section": "scorecard",
            }
        ]
        assert found[kind]["scorecard"]["overall"]["value"] == value
    bench.book = resolved.book = book(summary={}, scorecard={})
    for field in ("Score.value", "ScorecardSection.overall"):
        bench.permissions = (FieldPermission("csm", field, "hidden"),)
        resolved.permissions = bench.permissions
        for of in (bench, resolved):
            assert (await of.query(HIDDEN))["company"] == {
                "summary": {"cards": []},
                "scorecard": {
                    "history": [{"value": None, "label": None}],
                    "explanation": {"value": None, "contributions": []},
                    "whatIf": {"computed": None},
                },
            }
    bench.permissions = ()
    for hiding in (book(summary={"cards": []}, scorecard={}), book(summary={})):
        bench.book = hiding
        asked = '{ company(id: "company_1") { summary { cards { key } } } }'
        assert (await bench.query(asked))["company"]["summary"] == {"cards": []}


UNIT = """
  - key: unit
    kind: RELATIONSHIP
    name: Unit
    scheme: COLOR
    criteria: [{attribute: type, operator: IN, values: [unit]}]
    nodes: [{measure: mood, weight: 1}]
"""
OWN = """{ a: relationship(id: "relationship_1") { ...R }
  b: relationship(id: "relationship_3") { ...R } }
  fragment R on Relationship { scorecard { scorecardKey overall { value }
    measures { measure { key } } } }"""


async def test_scorecard_of_relationships_by_their_type(database: Database) -> None:
    bench = Bench(database, SECTIONS)
    await bench.fill()
    unit = relationship(3)
    unit.type_id = "type_unit"
    await bench.add(RelationshipTypeRow(id="type_unit", key="unit", name="Unit"), unit)
    pulse = "  - {key: pulse, kind: RELATIONSHIP, name: Pulse}"
    mood = "  - {key: mood, kind: RELATIONSHIP, name: Mood}"
    file = changed(pulse, f"{pulse}\n{mood}") + UNIT
    assert (await answer(bench, APPLY, ADMIN, file=file))["errors"] == []
    of = {"recordId": "relationship_3"}
    await accepted(bench, SET, "mood", value=70, **of)
    said = ("measureKey", "LOOKUP_NOT_FOUND")
    assert await refused(bench, SET, "pulse", value=1, **of) == said
    found = await bench.query(OWN)
    assert [found[k]["scorecard"] for k in "ab"] == [
        {
            "scorecardKey": "product",
            "overall": {"value": None},
            "measures": [{"measure": {"key": "pulse"}}],
        },
        {
            "scorecardKey": "unit",
            "overall": {"value": 70},
            "measures": [{"measure": {"key": "mood"}}],
        },
    ]


def mutation(name: str, asked: str) -> str:
    kind = name[0].upper() + name[1:] + "Input"
    return f"""mutation($input: {kind}!) {{ answer: {name}(input: $input) {{
      errors {{ path code }} {asked} }} }}"""


UPDATE = mutation("updateCta", "cta { isImportant owner { id } }")
CREATE = mutation(
    "createCta", "cta { source linkedRecords { system objectName recordId } }"
)
LINK = mutation("linkCtaRecord", "cta { linkedRecords { system objectName recordId } }")
ADD = mutation("addCtaTask", "cta { name tasks { name } }")
LOG = mutation("saveActivity", "activity { id isDraft context contextId subject }")
ITEM = mutation("saveCtaVocabularyItem", "item { key }")
PAGE = """{ company(id: "company_1") {
  cockpit { placement { config } byStatus { count status { key } }
    openByType { count type { key } } }
  surveys { dialMode nps averageRating responseCount }
  timeline { drafts { id } activities { edges { node { id contextId } } } } } }"""
RATINGS = (10, 9, 9, 8, 7, 6, 3, 10, 5, 9)


async def done(bench: Bench, query: str, **given: Any) -> Any:
    found = (await bench.query(query, input=given))["answer"]
    assert found.pop("errors") == []
    (value,) = found.values()
    return value


async def test_cockpit_surveys_and_timeline_lead_to_each_other(
    database: Database,
) -> None:
    """Default view and columns, counts, important, assign, a CTA from an answer, a task
    from an activity, an activity about a CTA, the dial."""
    columns = {"default_view": "MINE", "columns": ["name", "dueDate"]}
    shown = book(cockpit=columns, surveys={"mode": "AVERAGE"}, timeline={})
    bench = await filled(
        Bench(database, SECTIONS, book=shown),
        cta(1),
        cta(2, closed=-1, status="closed_lost"),
        cta(3, of="company_2"),
        task(1),
    )
    await bench.add(SurveyRow(id="survey_a", key="a", name="A"))
    await bench.add(
        *(
            ResponseRow(
                id=f"survey_response_{n}",
                survey_id="survey_a",
                company_id="company_1",
                rating=rating,
                responded_at=NOW - timedelta(days=1),
            )
            for n, rating in enumerate(RATINGS)
        )
    )
    given = {"id": "cta_1", "isImportant": True, "ownerId": "user_jo"}
    changed_ = {"isImportant": True, "owner": {"id": "user_jo"}}
    assert await done(bench, UPDATE, **given) == changed_
    new = {"recordId": "company_1", "typeKey": "expansion", "dueDate": str(day(7))}
    made = await done(bench, CREATE, **new, name="Ask why", fromId="survey_response_6")
    link = {"system": None, "objectName": "survey_response"}
    assert made["source"] == "SURVEY"
    assert made["linkedRecords"] == [{**link, "recordId": "survey_response_6"}]
    linked = {"objectName": "answer", "recordId": "survey_response_1"}
    other = await done(bench, LINK, ctaId="cta_1", **linked)
    assert other["linkedRecords"] == [{"system": None, **linked}]
    call = {"recordId": "company_1", "type": "call", "subject": "Call"}
    call["activityDate"] = NOW.isoformat()
    logged = await done(bench, LOG, **call, contextId="cta_1")
    assert (logged["context"], logged["contextId"]) == ("CTA", "cta_1")
    elsewhere = await bench.query(LOG, input={**call, "contextId": "cta_3"})
    said = {"path": ["contextId"], "code": "LOOKUP_NOT_FOUND"}
    assert elsewhere["answer"]["errors"] == [said]
    draft = await done(bench, LOG, **call, isDraft=True)
    with_task = await done(bench, ADD, ctaId="cta_1", name="To-Do: Call")
    assert [t["name"] for t in with_task["tasks"]] == ["Task 1", "To-Do: Call"]
    found = (await bench.query(PAGE))["company"]
    assert found["cockpit"] == {
        "placement": {"config": columns},
        "byStatus": [
            {"count": 2, "status": {"key": "new"}},
            {"count": 1, "status": {"key": "closed_lost"}},
        ],
        "openByType": [
            {"count": 1, "type": {"key": "risk"}},
            {"count": 1, "type": {"key": "expansion"}},
        ],
    }
    assert found["surveys"] == {
        "dialMode": "AVERAGE",
        "nps": 20,
        "averageRating": 7.6,
        "responseCount": 10,
    }
    (activity,) = found["timeline"]["activities"]["edges"]
    assert activity["node"] == {"id": logged["id"], "contextId": "cta_1"}
    assert found["timeline"]["drafts"] == [{"id": draft["id"]}]


async def test_cockpit_has_fifty_types_and_two_hundred_of_each_other_item(
    database: Database,
) -> None:
    bench = await filled(Bench(database, SECTIONS))
    asked = sa.select(PicklistItemRow.picklist, sa.func.count().label("held"))
    held = {
        r.picklist: r.held
        for r in await rows(database, asked.group_by(PicklistItemRow.picklist))
    }
    await bench.add(
        *(
            PicklistItemRow(id=f"{of}:{n}", picklist=of, key=f"x{n}", label="X")
            for of, most in ((TYPE, 49), (REASON, 199))
            for n in range(most - held[of])
        )
    )
    for name, category in (("TYPE", "LIFECYCLE"), ("REASON", None)):
        given = {"vocabulary": name, "label": "New", "category": category}
        for key, codes in (("last", []), ("one_more", ["LIMIT_EXCEEDED"])):
            found = await bench.query(ITEM, viewer=ADMIN, input={**given, "key": key})
            assert [e["code"] for e in found["answer"]["errors"]] == codes, (name, key)


RULES = """
rules:
  - key: parts
    name: Parts that change
    kind: RELATIONSHIP
    when: {event: relationship.changed}
    record: [{attribute: name, operator: EQ, values: [Relationship 1]}]
    actions:
      - action: cockpit.create_cta
        with: {name: Look at it, type: risk, owner: ann@example.com}
  - key: muted
    name: Not now
    enabled: false
    when: {event: company.changed}
    actions:
      - action: cockpit.create_cta
        with: {name: Never, type: risk, owner: ann@example.com}
"""
LOGGED = """{ ruleRuns(rule: "parts") { rule trigger state records changed unchanged
  failed details { recordId action status reason } } other: ruleRuns { rule } }"""


async def test_rules_of_relationships_their_dry_run_their_log_and_a_muted_one(
    database: Database,
) -> None:
    bench = Bench(database, SECTIONS)
    await bench.fill(0)
    await bench.add(company(1), relationship(1), relationship(2), *vocabulary({}))
    await save(database, RULES)
    happened = [
        Event(kind=RELATIONSHIP_CHANGED, record_id=f"relationship_{n}") for n in (1, 2)
    ]
    await happen(
        database, *happened, Event(kind=COMPANY_CHANGED, record_id="company_1")
    )
    parts, _ = parse(RULES, KNOWN, ())
    async with database.write() as session:
        dry = await RUNNING.preview(session, parts, ANN, NOW.date(), ())
    assert dry == ["relationship_1"]
    ctas = sa.select(CtaRow.name, CtaRow.company_id, CtaRow.relationship_id)
    assert await rows(database, ctas) == []
    await hand_out(database)
    assert [tuple(r) for r in await rows(database, ctas)] == [
        ("Look at it", "company_1", "relationship_1")
    ]
    logged = await bench.query(LOGGED, viewer=ADMIN)
    action = "cockpit.create_cta"
    detail = {"recordId": "relationship_1", "action": action}
    assert logged == {
        "ruleRuns": [
            {
                "rule": "parts",
                "trigger": "relationship.changed",
                "state": "DONE",
                "records": 1,
                "changed": 1,
                "unchanged": 0,
                "failed": 0,
                "details": [{**detail, "status": "CHANGED", "reason": None}],
            }
        ],
        "other": [{"rule": "parts"}],
    }
