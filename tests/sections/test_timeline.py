"""Timeline: what is shown of activities, to whom, and what is found."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import Clause
from cyclorama.plugins import DemoRecords, UserRow
from cyclorama.sections.timeline.demo import demo
from cyclorama.storage.access_rows import RecordTeamRow, TeamMemberRow, TeamRow
from cyclorama.storage.accounts import Viewer
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import CSM, NOW, Bench, company, everything, relationship
from tests.sections.timelines import BO, SECTIONS, activity, book, comment, people

pytestmark = pytest.mark.anyio
NODES = "{ totalCount edges { node { id } } }"


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=book())
    await made.fill()
    await made.add(*people())
    return made


async def timeline(
    bench: Bench,
    fields: str,
    record: str = "company_1",
    viewer: Viewer = CSM,
    **given: Any,
) -> Any:
    """These fields of a record's timeline."""
    kind = record.partition("_")[0]
    query = f'{{ {kind}(id: "{record}") {{ timeline {{ {fields} }} }} }}'
    types = {"a": "String", "s": "String", "at": "DateTime", "ids": "[String!]"}
    if given:
        declared = ", ".join(f"${name}: {types[name]}" for name in given)
        query = f"query({declared}) {query}"
    answer = await bench.ask(query, viewer=viewer, **given)
    assert "errors" not in answer, answer["errors"]
    return answer["data"][kind]["timeline"]


def numbers(page: Any) -> list[int]:
    """Of a page's activities, in its order."""
    nodes = [e["node"] for e in page["edges"]] if "edges" in page else page
    return [int(n["id"].rpartition("_")[2]) for n in nodes]


async def test_a_record_without_activities_is_empty(bench: Bench) -> None:
    fields = f"""state asOf sources drafts {{ id }} milestones {{ id }}
      activities {NODES} types {{ key category fields {{ key }} }}
      milestoneTypes {{ key color }}"""
    for record in ("company_1", "relationship_1"):
        found = await timeline(bench, fields, record)
        assert [t["key"] for t in found.pop("types")] == [
            "update",
            "call",
            "meeting",
            "email",
            "milestone",
        ]
        assert found.pop("milestoneTypes")[1] == {"key": "go_live", "color": "#2e7d32"}
        assert found == {
            "state": "EMPTY",
            "asOf": None,
            "sources": [],
            "drafts": [],
            "milestones": [],
            "activities": {"totalCount": 0, "edges": []},
        }


async def test_the_newest_comes_first_and_pages_have_no_gaps(bench: Bench) -> None:
    later = NOW + timedelta(hours=1)
    for number, at in ((1, NOW), (2, later), (3, NOW), (4, later), (5, NOW)):
        await bench.add(*activity(number, at=at))
    query = """activities(first: 2, after: $a) { edges { node { id } }
      pageInfo { hasNextPage endCursor } }"""
    seen, after = [], None
    for _ in range(3):
        page = (await timeline(bench, query, a=after))["activities"]
        seen.append(numbers(page))
        after = page["pageInfo"]["endCursor"]
    assert seen == [[4, 2], [5, 3], [1]]
    assert not page["pageInfo"]["hasNextPage"]
    found = await timeline(bench, "state asOf")
    assert found == {"state": "READY", "asOf": "2026-03-02T12:00:00.000Z"}


async def test_a_company_shows_those_of_relationships_where_they_are_rolled_up(
    bench: Bench,
) -> None:
    rows = (
        activity(1),
        activity(2, part=1),
        activity(3, of=2),
        activity(4, part=1, is_draft=True),
    )
    await bench.add(*(r for made in rows for r in made))
    fields = f"activities {NODES} drafts {{ id }}"
    own = await timeline(bench, fields)
    part = await timeline(bench, fields, "relationship_1")
    assert numbers(own["activities"]) == [1]
    assert numbers(part["activities"]) == [2]
    assert (numbers(own["drafts"]), numbers(part["drafts"])) == ([], [4])
    bench.book = book(relationship_rollup=True)
    found = await timeline(
        bench, "activities { totalCount edges { node { id relationshipId } } }"
    )
    assert numbers(found["activities"]) == [2, 1]
    assert found["activities"]["edges"][0]["node"]["relationshipId"] == "relationship_1"
    part = await timeline(bench, fields, "relationship_1")
    assert numbers(part["activities"]) == [2]


async def test_companies_below_are_shown_where_they_are_asked_for(bench: Bench) -> None:
    await bench.add(
        company(3, parent_id="company_1"),
        company(4, parent_id="company_3"),
        relationship(3, of=3),
        *activity(1),
        *activity(2, of=2),
        *activity(3, of=3),
        *activity(4, of=4),
        *activity(5, of=3, part=3),
        *activity(6, of=4, visibility="PRIVATE", by="user_bo"),
    )
    query = f"activities(companyIds: %s) {NODES}"

    async def found(ids: str, record: str = "company_1") -> list[int]:
        page = (await timeline(bench, query % ids, record))["activities"]
        assert page["totalCount"] == len(page["edges"])
        return sorted(numbers(page))

    whole = '["company_2", "company_3", "company_4"]'
    assert await found(whole) == [1]
    bench.book = book(hierarchy_rollup=True)
    assert await found(whole) == [1, 3, 4]
    assert await found('["company_4"]') == [1, 4]
    assert await found("[]") == [1]
    assert await found(whole, "relationship_3") == [5]
    assert await found('["company_1"]', "company_3") == [3]
    bench.book = book(hierarchy_rollup=True, relationship_rollup=True)
    assert await found(whole) == [1, 3, 4, 5]
    hidden = Clause("name", "EQ", ("Company 3",))
    deny = AccessRule(
        rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=(hidden,)
    )
    bench.access = AccessBook(rules=(deny,))
    assert await found(whole) == [1]


async def test_filters_and_searches_find_what_they_say(bench: Bench) -> None:
    rows = (
        activity(1, subject="Quarterly REVIEW", type="meeting", users=["user_bo"]),
        activity(2, notes="<p>Café: 100% of <b>re</b>ports</p>", by="user_bo"),
        activity(
            3, subject="a_b 100", at=NOW - timedelta(days=9), persons=["person_1"]
        ),
        activity(4, subject="axb", type="milestone", milestone_type="go_live"),
        activity(5, subject="月次レビュー/計画"),
        activity(6, part=1, of=1, subject="Part"),
        activity(7, context="CTA", context_id="cta_1", source="CTA", subject="Risk"),
        activity(
            8,
            visibility="REDACTED",
            by="user_bo",
            context="CTA",
            context_id="cta_1",
            source="CTA",
        ),
    )
    await bench.add(*(r for made in rows for r in made))
    bench.book = book(relationship_rollup=True)

    async def found(arguments: str, **given: Any) -> list[int]:
        asked = await timeline(bench, f"activities({arguments}) {NODES}", **given)
        page = asked["activities"]
        assert page["totalCount"] == len(page["edges"])
        return sorted(numbers(page))

    for arguments, expected in (
        ('types: ["meeting", "milestone"]', [1, 4]),
        ("types: []", []),
        ('search: "review"', [1]),
        ('search: "CAFE"', [2]),
        ('search: "of reports"', [2]),
        ('search: "<b>"', []),
        ('search: "100%"', [2]),
        ('search: "a_b"', [3]),
        ('search: "レビュー/"', [5]),
        ('search: " "', [1, 2, 3, 4, 5, 6, 7]),
        ('search: "\\\\"', []),
        ('since: "2026-03-02T12:00:00Z"', [1, 2, 4, 5, 6, 7, 8]),
        ('until: "2026-03-02T12:00:00Z"', [3]),
        ('authorIds: ["user_bo", "nobody"]', [2, 8]),
        ('attendeeIds: ["user_bo"]', [1]),
        ('attendeeIds: ["person_1"]', [3]),
        ('milestoneTypes: ["go_live"]', [4]),
        ('relationshipIds: ["relationship_1", "relationship_2"]', [6]),
        ('ctaIds: ["cta_1", "company_1"]', [7]),
        ('contexts: ["CTA", "RELATIONSHIP"]', [6, 7]),
        ('contexts: ["COMPANY"]', [1, 2, 3, 4, 5, 8]),
        ('sources: ["CTA", "IMPORT"]', [7]),
        ("sources: []", []),
        ('types: ["call"], search: "100", until: "2026-03-01T00:00:00Z"', [3]),
    ):
        assert await found(arguments) == expected, arguments
    bench.book = book()
    assert await found('relationshipIds: ["relationship_1"]') == []
    for text, expected in (("cafe", [2]), (None, [1, 2, 3, 4, 5, 7, 8])):
        assert await found("search: $s", s=text) == expected
    assert await found("types: $ids", ids=["meeting"]) == [1]
    assert await found("since: $at", at="2026-03-01T00:00:00Z") == [1, 2, 4, 5, 7, 8]
    query = f"activities(search: $s) {NODES}"
    answer = await bench.ask(
        f'query($s: String) {{ company(id: "company_1") {{ timeline {{ {query} }} }} }}',
        s="x" * 201,
    )
    assert "at most 200" in answer["errors"][0]["message"]
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


VISIBLE = {
    1: ("PUBLIC", {"team", "guest", "other"}, {"team", "guest", "other"}),
    2: ("TEAM", {"team", "guest"}, {"team", "guest"}),
    3: ("PRIVATE", {"guest"}, {"guest"}),
    4: ("REDACTED", {"team", "guest", "other"}, {"team", "guest"}),
}
"""By number: visibility; who besides the author sees it, and who reads it whole."""


async def test_who_sees_an_activity_is_up_to_its_visibility(bench: Bench) -> None:
    viewers = {"author": CSM}
    for name in ("team", "guest", "other"):
        is_admin = name == "other"  # whose rights are those of others here
        viewers[name] = replace(
            CSM, id=f"user_{name}", permissions=("admin",) if is_admin else ()
        )
        email = f"{name}@example.com"
        await bench.add(
            UserRow(id=f"user_{name}", email=email, name=name, created_at=NOW)
        )
    await bench.add(
        TeamRow(id="team_1", key="ours", name="Ours"),
        TeamMemberRow(team_id="team_1", user_id="user_team"),
        RecordTeamRow(record_id="company_1", team_id="team_1"),
    )
    for number, (visibility, *_) in VISIBLE.items():
        await bench.add(
            *activity(
                number,
                visibility=visibility,
                notes="<p>Secret</p>",
                users=["user_guest"],
                persons=["person_2"],
                fields={"x": 1},
                type="milestone",
                milestone_type="risk",
            ),
            comment(number, number),
        )
    await bench.add(*activity(5, is_draft=True, notes="Secret", users=["user_guest"]))
    whole = """id type subject notes notesText milestoneType fields isRedacted author { name }
      internalAttendees { name } externalAttendees { name } comments { body }"""
    query = f"""activities {{ totalCount edges {{ node {{ {whole} }} }} }}
      found: activities(search: "secret") {NODES}
      with: activities(attendeeIds: ["person_2"]) {NODES}
      risks: activities(milestoneTypes: ["risk"]) {NODES}
      drafts {{ id }} milestones {{ id }}"""
    for name, viewer in viewers.items():
        seen = [n for n, (_, who, _) in VISIBLE.items() if name in {*who, "author"}]
        read = [n for n, (*_, who) in VISIBLE.items() if name in {*who, "author"}]
        found = await timeline(bench, query, viewer=viewer)
        assert sorted(numbers(found["activities"])) == seen, name
        for part in ("found", "with", "risks", "milestones"):
            assert sorted(numbers(found[part])) == read, (name, part)
        assert numbers(found["drafts"]) == ([5] if name == "author" else []), name
        for node in (e["node"] for e in found["activities"]["edges"]):
            is_whole = int(node["id"][-1]) in read
            assert node["isRedacted"] != is_whole
            assert node["author"] == {"name": "Ann"}
            assert node["type"] == "milestone"
            assert (node["subject"] == "Confidential") != is_whole
            for field in ("notes", "notesText", "milestoneType", "fields"):
                assert (node[field] is not None) == is_whole
            for field in ("internalAttendees", "externalAttendees", "comments"):
                assert len(node[field]) == is_whole
        ids = [f"activity_{n}" for n in range(1, 7)]
        answer = await bench.ask(
            """query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Activity { subject } } }""",
            viewer=viewer,
            ids=ids,
        )
        nodes = answer["data"]["nodes"]
        own = [5] if name == "author" else []
        assert numbers([n for n in nodes if n]) == [*seen, *own], name
        subjects = [n["subject"] for n in nodes if n]
        assert subjects.count("Confidential") == len(seen) - len(read)


async def test_an_activity_has_its_values_on_both_engines(database: Database) -> None:
    config = {"types": [{"key": "call", "label": "Call", "fields": FIELDS}]}
    planned = Bench(database, SECTIONS, book=book(**config))
    resolved = Bench(database, SECTIONS, book=book(**config), planned=False)
    await planned.fill()
    await planned.add(
        *people(),
        *activity(
            1,
            notes='<p>"Ü" 東京 &amp; <a href="https://x.example">x</a></p>',
            users=["user_csm", "user_bo"],
            persons=["person_1", "person_2"],
            fields={"mood": "Good", "n": 1.5},
            duration_minutes=45,
        ),
        *activity(2, is_draft=True),
        *activity(3, milestone_type="risk", visibility="REDACTED", by="user_bo"),
        comment(1, 1, "First\n<b>"),
        comment(2, 1, reply_to_id="activity_comment_1", author_id="user_bo"),
    )
    asked = everything(planned.graph.schema, "TimelineSection")
    query = f'{{ company(id: "company_1") {{ timeline {asked} }} }}'
    found = await planned.query(query)
    assert len(planned.statements) == 2
    assert found == await resolved.query(query)
    found = found["company"]["timeline"]
    assert found["types"][0]["fields"][1] == {
        "__typename": "ActivityField",
        "key": "n",
        "label": "N",
        "type": "NUMBER",
        "required": False,
        "choices": [],
    }
    (node,) = (
        e["node"] for e in found["activities"]["edges"] if e["node"]["id"][-1] == "1"
    )
    assert node["notesText"] == '"Ü" 東京 & x'
    assert node["fields"] == {"mood": "Good", "n": 1.5}
    assert node["durationMinutes"] == 45
    assert [u["name"] for u in node["internalAttendees"]] == ["Ann", "Bo"]
    assert [p["name"] for p in node["externalAttendees"]] == ["Émile", "Zoe"]
    assert [(c["body"], c["replyToId"]) for c in node["comments"]] == [
        ("First\n<b>", None),
        ("Good.", "activity_comment_1"),
    ]
    assert (node["context"], node["contextId"]) == ("COMPANY", "company_1")


FIELDS = [
    {"key": "mood", "label": "Mood"},
    {"key": "n", "label": "N", "type": "NUMBER"},
]


async def test_nothing_is_found_by_what_is_hidden(bench: Bench) -> None:
    await bench.add(*activity(1, subject="Visit", notes="<p>Secret plan</p>"))
    query = f"""all: activities(search: "i") {NODES}
      found: activities(search: "secret") {NODES}"""
    assert numbers((await timeline(bench, query))["found"]) == [1]
    for field in ("Activity.notes", "verbatim.view", "Activity.notesText"):
        bench.permissions = (FieldPermission("bo", field, "hidden"),)
        found = await timeline(bench, query, viewer=BO)
        assert numbers(found["found"]) == [], field
        assert numbers(found["all"]) == [1]
        assert numbers((await timeline(bench, query))["found"]) == [1]
    await bench.add(
        *activity(
            2,
            type="milestone",
            milestone_type="risk",
            users=["user_csm"],
            persons=["person_1"],
        )
    )
    bench.book = book(hierarchy_rollup=True, relationship_rollup=True)
    await bench.add(
        company(3, parent_id="company_1"),
        *activity(3, of=3),
        *activity(4, part=1),
        *activity(5, context="CTA", context_id="cta_1", source="CTA"),
    )
    for field, argument in (
        ("type", 'types: ["milestone"]'),
        ("activityDate", 'since: "2020-01-01T00:00:00Z"'),
        ("activityDate", 'until: "2030-01-01T00:00:00Z"'),
        ("author", 'authorIds: ["user_csm"]'),
        ("internalAttendees", 'attendeeIds: ["user_csm"]'),
        ("externalAttendees", 'attendeeIds: ["person_1"]'),
        ("milestoneType", 'milestoneTypes: ["risk"]'),
        ("companyId", 'types: ["call"], companyIds: ["company_3"]'),
        ("relationshipId", 'relationshipIds: ["relationship_1"]'),
        ("contextId", 'ctaIds: ["cta_1"]'),
        ("context", 'ctaIds: ["cta_1"]'),
        ("context", 'contexts: ["CTA"]'),
        ("source", 'sources: ["CTA"]'),
    ):
        bench.permissions = (FieldPermission("bo", f"Activity.{field}", "hidden"),)
        query = f"activities({argument}) {NODES}"
        mine = numbers((await timeline(bench, query))["activities"])
        theirs = numbers((await timeline(bench, query, viewer=BO))["activities"])
        assert {2, 3, 4, 5}.intersection(mine), argument
        assert not {2, 3, 4, 5}.intersection(theirs) or field == "companyId", argument
        assert 3 not in theirs, argument
    asked = '{ company(id: "company_1") { timeline { drafts { %s } } } }'
    bench.permissions = (
        FieldPermission("bo", "verbatim.view", "hidden"),
        FieldPermission("bo", "pii.view", "hidden"),
    )
    for field in ("notes", "notesText", "comments { id }", "externalAttendees { id }"):
        answer = await bench.ask(asked % field, viewer=BO)
        assert "Cannot query field" in answer["errors"][0]["message"], field


async def test_activities_of_a_record_out_of_reach_are_not_shown(bench: Bench) -> None:
    await bench.add(*activity(1), *activity(2, of=2), comment(1, 1))
    hidden = Clause("name", "EQ", ("Company 1",))
    deny = AccessRule(
        rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=(hidden,)
    )
    bench.access = AccessBook(rules=(deny,))
    answer = await bench.query(
        """{ node(id: "activity_1") { id } other: node(id: "activity_2") { id }
          company(id: "company_1") { timeline { state } } }"""
    )
    assert answer == {"node": None, "other": {"id": "activity_2"}, "company": None}


async def test_the_demo_tells_of_a_company_at_risk(bench: Bench) -> None:
    records = DemoRecords(
        companies=("company_1", "company_2"),
        relationships=(("relationship_1", "company_1"),),
        users=("user_csm",),
        today=bench.today,
        people=(("person_1", "company_1"),),
    )
    await bench.add(*demo(records))
    found = await bench.query(
        """{ company(id: "company_1") {
          summary { cards { key value breakdown { label count } } }
          timeline { state drafts { subject } activities { totalCount edges { node {
              subject notesText externalAttendees { name } comments { body } } } }
            milestones { milestoneType activityDate } } }
          other: company(id: "company_2") { timeline { activities { totalCount } } } }"""
    )
    company = found["company"]
    kinds = [m["milestoneType"] for m in company["timeline"]["milestones"]]
    assert kinds == ["kick_off", "go_live", "sponsor_change", "risk"]
    (card,) = [c for c in company["summary"]["cards"] if c["key"] == "milestones"]
    assert card["value"] == 4
    assert {b["label"] for b in card["breakdown"]} == set(kinds)
    assert [d["subject"] for d in company["timeline"]["drafts"]] == [
        "Plan for the call with the plant managers"
    ]
    told = [e["node"] for e in company["timeline"]["activities"]["edges"]]
    assert len(told) == company["timeline"]["activities"]["totalCount"] == 7
    assert "competitor" in told[0]["notesText"]
    assert told[-1]["externalAttendees"] == [{"name": "Zoe"}]
    assert sum(len(t["comments"]) for t in told) == 3
    assert found["other"]["timeline"]["activities"]["totalCount"] > 0
