"""A record beside the others with its scorecard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import Clause, Layout, LayoutBook, Placement
from cyclorama.plugins.discovery import discover
from cyclorama.sections.cockpit.tables import PRIORITY
from cyclorama.sections.cockpit.vocabulary import item_id, vocabulary
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.testing import NOW, Bench, company
from cyclorama.testing.bench import ELSEWHERE
from tests.sections.ctas import cta, day
from tests.sections.scorecards import card, event, score
from tests.sections.test_scorecard_writing import book, rows

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
STANDING = """query($i: ID!) { company(id: $i) { scorecard { standing {
  percentile quality scored unscored stale bands { label count } } } } }"""
PEERS = """query($i: ID!, $list: PeerList!, $first: Int!) { company(id: $i) { scorecard {
  peers(list: $list, first: $first) {
    records { recordId name value label stale lastTouch } } } } }"""


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=book())
    await made.fill(6)
    values = (40, 55, 55, 70, 90)
    await made.add(
        *rows(),
        *(score("", v, of=f"company_{n}") for n, v in enumerate(values, 1)),
    )
    return made


async def standing(bench: Bench, number: int = 2) -> Any:
    found = await bench.query(STANDING, i=f"company_{number}")
    return found["company"]["scorecard"]["standing"]


async def peers(bench: Bench, which: str, first: int = 20) -> Any:
    found = await bench.query(PEERS, i="company_1", list=which, first=first)
    return found["company"]["scorecard"]["peers"]["records"]


async def numbers(bench: Bench, which: str) -> list[int]:
    return [int(p["recordId"].rpartition("_")[2]) for p in await peers(bench, which)]


async def test_a_score_of_55_among_five_is_at_percentile_40(bench: Bench) -> None:
    assert await standing(bench) == {
        "percentile": 40.0,
        "quality": 64.0,
        "scored": 5,
        "unscored": 1,
        "stale": 0,
        "bands": [
            {"label": "Red", "count": 1},
            {"label": "Yellow", "count": 3},
            {"label": "Green", "count": 1},
        ],
    }
    assert (await standing(bench, 6))["percentile"] is None
    name = (Clause("name", "IN", ("Company 1", "Company 3")),)
    hidden = AccessRule(rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=name)
    bench.access = AccessBook(rules=(hidden,))
    found = await standing(bench)
    assert (found["percentile"], found["scored"]) == (100 * 0.5 / 3, 3)
    bench.access = AccessBook()
    bench.permissions = (FieldPermission("csm", "Score.value", "hidden"),)
    assert await standing(bench) is None


async def test_who_gets_the_section_on_some_records_compares_nothing(
    database: Database,
) -> None:
    bench = Bench(database, SECTIONS, hidden=("scorecard",))
    await bench.fill(1)
    await bench.add(company(2, name=ELSEWHERE), *rows())
    await bench.add(score("", 40), score("", 50, of="company_2"))
    assert await standing(bench, 2) is None


async def test_lists_of_peers(bench: Bench) -> None:
    past = NOW - timedelta(days=40)
    await bench.add(
        event(1, "", 85, NOW - timedelta(days=31), of="company_4", kind="RECALC"),
        event(2, "", 70, NOW, of="company_4", kind="RECALC"),
        event(3, "", 59, NOW - timedelta(days=31), of="company_2", kind="RECALC"),
        event(1, "logins", 5, NOW - timedelta(days=3), of="company_5"),
        score("", 95, of="company_6", stale_after=NOW - timedelta(days=10)),
        score("sentiment", 95, of="company_6", at=past),
    )
    assert await numbers(bench, "AT_RISK") == [1, 4]
    assert await numbers(bench, "STALE") == [6]
    assert await numbers(bench, "HEALTHY") == [5]
    await bench.add(
        score("logins", 95, of="company_6"),
        score("depth", 95, of="company_6"),
    )
    assert await numbers(bench, "HEALTHY") == [5]
    await bench.add(score("tickets", 95, of="company_6"))
    assert await numbers(bench, "HEALTHY") == [6, 5]
    (healthy,) = await peers(bench, "HEALTHY", 1)
    assert healthy["label"] == "Green"
    assert (healthy["stale"], healthy["lastTouch"]) == (True, None)
    sample = await peers(bench, "SPOT_CHECK", 3)
    assert sample == await peers(bench, "SPOT_CHECK", 3)
    assert len({p["recordId"] for p in sample}) == 3
    assert len(await peers(bench, "SPOT_CHECK")) == 6
    (touched,) = [p for p in await peers(bench, "SPOT_CHECK") if p["lastTouch"]]
    assert touched["recordId"] == "company_5"
    bench.today += timedelta(days=92)
    assert await peers(bench, "SPOT_CHECK", 3) != sample
    bench.permissions = (FieldPermission("csm", "Company.name", "hidden"),)
    assert [p["name"] for p in await peers(bench, "STALE")] == [None]
    found = await bench.ask(PEERS, i="company_1", list="STALE", first=101)
    assert "use 1 to 100" in found["errors"][0]["message"]


def with_cockpit() -> LayoutBook:
    placed = (Placement("scorecard", "scorecard"), Placement("cockpit", "cockpit"))
    return LayoutBook(
        tuple(
            Layout(kind, kind, None, kind, "", True, placements=placed)
            for kind in ("COMPANY", "RELATIONSHIP")
        )
    )


async def test_2_11_an_open_risk_of_high_priority_is_at_risk(bench: Bench) -> None:
    """Of the company itself, as far as the viewer may know of it; any is not healthy."""
    high, low = (item_id(PRIORITY, key) for key in ("high", "low"))
    critical = {"priority_id": item_id(PRIORITY, "critical")}
    await bench.add(
        *card((("MEASURE", "pulse", 1, None),), key="product", kind="RELATIONSHIP"),
        *vocabulary({}),
        cta(1, of="company_5", priority_id=high),
        cta(2, of="company_6", snoozed_until=day(5), **critical),
        cta(3, of="company_2", priority_id=low),
        cta(4, of="company_3", priority_id=high, closed=0, status="closed_success"),
        cta(5, of="relationship_4", priority_id=high),
        cta(6, of="company_3", priority_id=high, type="expansion"),
    )
    assert await numbers(bench, "AT_RISK") == [1]
    assert await numbers(bench, "HEALTHY") == [5]
    bench.book = with_cockpit()
    found = await peers(bench, "AT_RISK")
    assert [(p["recordId"], p["value"]) for p in found] == [
        ("company_1", 40),
        ("company_5", 90),
        ("company_6", None),
    ]
    assert (found[2]["label"], found[2]["stale"]) == (None, False)
    assert await numbers(bench, "HEALTHY") == []
    asked = """{ relationship(id: "relationship_1") { scorecard { peers {
      records { recordId } } } } }"""
    of_products = await bench.query(asked)
    assert of_products["relationship"]["scorecard"]["peers"]["records"] == [
        {"recordId": "relationship_4"}
    ]
    other = Bench(bench.database, SECTIONS, book=bench.book, planned=False)
    assert await peers(other, "AT_RISK") == found
    assert await other.query(asked) == of_products

    bench.permissions = (FieldPermission("csm", "Cta.priority", "hidden"),)
    assert await numbers(bench, "AT_RISK") == [1]
    assert await numbers(bench, "HEALTHY") == []
    bench.permissions = (FieldPermission("csm", "Cta.type", "hidden"),)
    assert await numbers(bench, "HEALTHY") == [5]
    bench.permissions = ()
    bench.switches = {"cockpit": False}
    assert await numbers(bench, "AT_RISK") == [1]
    assert await numbers(bench, "HEALTHY") == [5]
