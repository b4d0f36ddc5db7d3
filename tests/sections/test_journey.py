"""The customer's journey: the band of stages under the milestones, and its card."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.plugins.written import watching
from cyclorama.sections.timeline.journey import StageRow
from cyclorama.storage.audit import Actor, Author
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import FieldPermission
from cyclorama.storage.rows import CompanyRow, PicklistItemRow, RelationshipRow
from cyclorama.testing import NOW, Bench
from tests.sections.timelines import SECTIONS, activity, people

pytestmark = pytest.mark.anyio
STAGES = (("launched", "Launched", "#00695c"), ("will_churn", "Will Churn", "#ef6c00"))
JOURNEY = """{ company(id: "company_1") {
  timeline { stages { stage { key color } since until } milestones { id } }
  summary { cards { key value color breakdown { label count } } } }
  relationship(id: "relationship_1") { timeline { stages { stage { key } } } } }"""


async def moved(bench: Bench, stage: str | None, days: int, *of: str) -> None:
    """Give records a stage, some days after the bench's now, as an import would."""
    at = NOW + timedelta(days=days)
    author = Author(actor=Actor(kind="SYSTEM", id=None, name="import"), at=at)
    watch = watching(bench.graph.sections.values(), author, at.date(), ())
    async with bench.database.write() as session:
        for row in (CompanyRow, RelationshipRow):
            change = sa.update(row).where(row.id.in_(of)).values(stage_id=stage)
            await session.execute(change)
        await watch(session, of, (), ())


async def asked(bench: Bench) -> tuple[Sequence[Any], Sequence[Any], Any]:
    found = await bench.query(JOURNEY)
    timeline = found["company"]["timeline"]
    cards = {c["key"]: c for c in found["company"]["summary"]["cards"]}
    return timeline["stages"], timeline["milestones"], cards.get("journey")


async def test_a_band_of_stages_lies_under_the_milestones(database: Database) -> None:
    bench = Bench(database, SECTIONS)
    await bench.fill()
    await bench.add(
        *people(),
        *(
            PicklistItemRow(
                id=f"item_{key}",
                picklist="company.stage",
                key=key,
                label=label,
                color=color,
                category=None,
            )
            for key, label, color in STAGES
        ),
        *activity(1, type="milestone", milestone_type="go_live"),
    )
    stages, _, card = await asked(bench)
    assert stages == []
    assert (card["value"], card["color"]) == (None, None)
    everybody = ("company_1", "company_2", "relationship_1")
    await moved(bench, None, 0, *everybody)
    await moved(bench, "item_launched", 1, *everybody)
    await moved(bench, "item_launched", 2, *everybody)
    await moved(bench, "item_will_churn", 3, "company_1")
    stages, milestones, card = await asked(bench)
    assert stages == [
        {
            "stage": {"key": "will_churn", "color": "#ef6c00"},
            "since": "2026-03-05T12:00:00.000Z",
            "until": None,
        },
        {
            "stage": {"key": "launched", "color": "#00695c"},
            "since": "2026-03-03T12:00:00.000Z",
            "until": "2026-03-05T12:00:00.000Z",
        },
    ]
    assert milestones == [{"id": "activity_1"}]
    assert card == {
        "key": "journey",
        "value": "Will Churn",
        "color": "#ef6c00",
        "breakdown": [{"label": "go_live", "count": 1}],
    }
    part = (await bench.query(JOURNEY))["relationship"]["timeline"]["stages"]
    assert part == [{"stage": {"key": "launched"}}]
    async with database.read() as reading:
        ((count,),) = await reading.execute(
            sa.select(sa.func.count()).select_from(StageRow)
        )
    assert count == 4
    bench.permissions = (FieldPermission("csm", "Company.stage", "hidden"),)
    stages, milestones, card = await asked(bench)
    assert (stages, card) == ([], None)
    assert milestones == [{"id": "activity_1"}]
    await moved(bench, None, 4, "company_1")
    bench.permissions = ()
    assert (await asked(bench))[0][0]["stage"] is None
