"""Activities about scorecards and measures, and the ways that activities come in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.layouts.model import Assignment, Clause, Layout, LayoutBook, Placement
from cyclorama.sections import cockpit, scorecard, summary, timeline
from cyclorama.sections.scorecard.tables import ScoreRow
from cyclorama.storage.accounts import GroupFacts, Viewer
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import CSM, Bench
from tests.sections.ctas import cta, filled
from tests.sections.scorecards import card, scheme, score
from tests.sections.test_timeline_writing import CALL, done
from tests.sections.timelines import BO, people

pytestmark = pytest.mark.anyio
SECTIONS = (summary.section, scorecard.section, cockpit.section, timeline.section)
POOR = replace(CSM, id="user_bo", groups=(GroupFacts("group_poor", "poor", "Poor"),))
"""One whose layouts have no Scorecard."""
DETAILS = """scoreDetails { scorecardKey scorecardName measureId measureKey measureName
  value label color }"""
KEPT = f"id context contextId source {DETAILS}"
SAVE = f"""mutation($input: SaveActivityInput!) {{ answer: saveActivity(input: $input) {{
  errors {{ path code message }} activity {{ {KEPT} }} }} }}"""
FEED = f"{{ viewer {{ activities {{ edges {{ node {{ {KEPT} }} }} }} }} }}"
LOGINS = {
    "scorecardKey": "health",
    "scorecardName": "Health",
    "measureId": "measure_logins",
    "measureKey": "logins",
    "measureName": "logins",
    "value": 80,
    "label": "Green",
    "color": "#222",
}


def layouts() -> LayoutBook:
    """Of each kind one with Scorecard, and one without for some."""
    config = {"relationship_rollup": True, "associations": True}
    line = Placement("timeline", "timeline", config=config)
    rest = (Placement("summary", "summary"), Placement("cockpit", "cockpit"))
    made, assigned = [], []
    for kind in ("COMPANY", "RELATIONSHIP"):
        rich = (line, Placement("scorecard", "scorecard"), *rest)
        for key, placed in (("rich", rich), ("poor", (line, *rest))):
            made.append(
                Layout(
                    f"{key}_{kind}".lower(),
                    kind,
                    None,
                    key,
                    is_default=key == "rich",
                    placements=placed,
                )
            )
        of = Clause("groups", "IN_GROUP", ("poor",))
        assigned.append(
            Assignment(
                layout=f"poor_{kind}".lower(),
                rank=1,
                name=kind,
                viewer=(of,),
            )
        )
    return LayoutBook(tuple(made), tuple(assigned))


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = await filled(Bench(database, SECTIONS, book=layouts()))
    await made.add(
        *people(),
        *scheme(),
        *card(),
        *card(key="part", kind="RELATIONSHIP", nodes=(("MEASURE", "use", 1, None),)),
        score("", 60.0),
        score("logins", 80.0),
        score("use", 40.0, of="relationship_1", card="part"),
        cta(1),
    )
    return made


async def shown(bench: Bench, viewer: Viewer = CSM) -> dict[str, Any]:
    """The activities of all records by subject, by both engines, as nodes and in the
    list of the company that rolls up."""
    page = """{ company(id: "company_1") { timeline { activities { edges { node { %s } } } } } }"""
    answer = await bench.query(page % KEPT, viewer=viewer)
    other = Bench(bench.database, SECTIONS, book=bench.book, planned=False)
    other.permissions = bench.permissions
    assert await other.query(page % KEPT, viewer=viewer) == answer
    rolled = answer["company"]["timeline"]["activities"]["edges"]
    listed = (await bench.query(FEED, viewer=viewer))["viewer"]["activities"]["edges"]
    found = {e["node"]["id"]: e["node"] for e in listed}
    assert {e["node"]["id"]: e["node"] for e in rolled} == found
    return found


async def test_the_score_of_then_is_kept_and_shown_to_who_may_see_it(
    bench: Bench,
) -> None:
    for given, viewer in (
        ({"contextId": "measure_no"}, CSM),
        ({"contextId": "measure_use"}, CSM),
        ({"contextId": "card_part"}, CSM),
        ({"contextId": "measure_logins"}, POOR),
        ({"contextId": "measure_logins", "recordId": "company_9"}, CSM),
    ):
        answer = await bench.ask(SAVE, viewer=viewer, input={**CALL, **given})
        (error,) = answer["data"]["answer"]["errors"]
        assert error["code"] in ("LOOKUP_NOT_FOUND", "NOT_FOUND"), given
    draft = await done(bench, SAVE, **CALL, contextId="measure_logins", isDraft=True)
    measure = {"context": "SCORECARD_MEASURE", "contextId": "measure_logins"}
    assert draft == {
        "id": draft["id"],
        **measure,
        "source": "SCORECARD",
        "scoreDetails": LOGINS,
    }
    one = {**CALL, "id": draft["id"]}
    other = await bench.ask(SAVE, input={**one, "contextId": "card_health"})
    assert other["data"]["answer"]["errors"][0]["path"] == ["contextId"]
    assert await done(bench, SAVE, **one, contextId="measure_logins") == draft
    whole = await done(bench, SAVE, **CALL, contextId="card_health")
    assert (whole["context"], whole["source"]) == ("SCORECARD", "SCORECARD")
    assert whole["scoreDetails"]["measureId"] is None
    assert whole["scoreDetails"]["value"] == 60
    assert whole["scoreDetails"]["label"] == "Yellow"
    part = {**CALL, "recordId": "relationship_1"}
    use = await done(bench, SAVE, **part, contextId="measure_use")
    assert use["scoreDetails"]["value"] == 40
    plain = await done(bench, SAVE, **part)
    assert (plain["source"], plain["scoreDetails"]) == ("RELATIONSHIP_PAGE", None)
    about = await done(bench, SAVE, **CALL, contextId="cta_1")
    assert (about["context"], about["source"]) == ("CTA", "CTA")
    none = await done(bench, SAVE, **CALL, contextId="measure_depth")
    assert none["scoreDetails"]["value"] is None
    async with bench.database.write() as session:
        later = sa.update(ScoreRow).where(ScoreRow.node_id == "health_logins")
        await session.execute(later.values(score=10.0, value=10))
    made = (draft, whole, use, plain, about, none)
    assert await shown(bench) == {one["id"]: one for one in made}

    unscored = await shown(bench, POOR)
    assert len(unscored) == len(made)
    assert all(one["scoreDetails"] is None for one in unscored.values())
    assert unscored[draft["id"]]["context"] == "SCORECARD_MEASURE"
    for field, gone in (
        ("Score.value", ("value", "label", "color")),
        ("MeasureScore.score", ("value", "label", "color")),
        ("Score.label", ("label",)),
        ("Measure.name", ("measureName",)),
        ("MeasureScore.measure", ("measureId", "measureKey", "measureName")),
    ):
        bench.permissions = (FieldPermission("bo", field, "hidden"),)
        found = (await shown(bench, BO))[draft["id"]]["scoreDetails"]
        assert found == {**LOGINS, **dict.fromkeys(gone)}, field
    bench.permissions = (FieldPermission("bo", "Activity.contextId", "read"),)
    answer = await bench.ask(
        SAVE, viewer=BO, input={**CALL, "contextId": "measure_logins"}
    )
    (error,) = answer["data"]["answer"]["errors"]
    assert (error["path"], error["code"]) == (["contextId"], "READ_ONLY")
    secret = {**CALL, "contextId": "measure_logins", "visibility": "REDACTED"}
    hidden = await done(bench, SAVE, **secret)
    assert hidden["scoreDetails"]["value"] == 10
    bench.permissions = ()
    assert (await shown(bench, BO))[hidden["id"]] == {
        "id": hidden["id"],
        "context": "COMPANY",
        "contextId": "company_1",
        "source": None,
        "scoreDetails": None,
    }
