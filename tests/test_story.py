"""The demo's company at risk: its scores, exception, CTA, playbook, activities, stages and
answers tell one story, to a CSM and to an executive."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from cyclorama.app import App, make_app
from cyclorama.config import Settings
from cyclorama.execution.engine import Operation
from cyclorama.storage.engine import Database
from cyclorama.testing import NOW

DOC = Path(__file__).parents[1] / "docs" / "demo.md"
pytestmark = pytest.mark.anyio
EDIT = """mutation { createCta(input: {recordId: "company_demo001", name: "Call",
  typeKey: "risk", dueDate: "2026-03-20"}) { errors { code } }
  saveActivity(input: {recordId: "company_demo001", type: "call", subject: "Call",
  activityDate: "2026-03-01T09:00:00Z"}) { errors { code } } }"""


def opened(database: Database) -> App:
    """The demo on the day on which it was made."""
    app = make_app(Settings(), database)
    app.now = lambda: NOW
    return app


async def asked(app: App, who: str, query: str) -> Any:
    async with app.as_user(f"{who}@example.com") as context:
        answer = await app.answer(Operation(query=query, variables={}), context)
    found = orjson.loads(answer.body)
    assert "errors" not in found, found["errors"]
    return found["data"]


async def test_the_company_at_risk_tells_one_story(demo_database: Database) -> None:
    app = opened(demo_database)
    (query,) = re.findall(r"```graphql\n(.*?)```", DOC.read_text("utf-8"), re.DOTALL)
    told = {who: (await asked(app, who, query))["company"] for who in ("csm", "exec")}
    for company in told.values():
        assert company["isFollowed"]
        assert company["stage"]["label"] == "Will Churn"
        cards = {c["key"]: c["value"] for c in company["summary"]["cards"]}
        assert cards["health"] == 40
        assert cards["journey"] == "Will Churn"
        assert cards["open_ctas"] == 2
        scores = [p["value"] for p in company["scorecard"]["history"] if p["value"]]
        assert len(scores) >= 11
        assert scores == sorted(scores, reverse=True)
        assert scores[0] > 75
        explained = company["scorecard"]["explanation"]
        assert explained["value"] == company["scorecard"]["overall"]["value"] == 40
        assert explained["computed"] > 40
        assert "tickets" in explained["exception"]
        ctas = [e["node"] for e in company["cockpit"]["ctas"]["edges"]]
        (won_back,) = (c for c in ctas if "sponsor" in c["name"])
        assert won_back["percentComplete"] == 50.0
        assert [t["status"] for t in won_back["tasks"]] == [
            "COMPLETED",
            "COMPLETED",
            "IN_PROGRESS",
            "OPEN",
        ]
        stages = [s["stage"]["label"] for s in company["timeline"]["stages"]]
        assert stages == [
            "Will Churn",
            "Adopting",
            "Launched",
            "Kicked Off",
            "New Customer",
        ]
    subjects = {
        who: [e["node"]["subject"] for e in company["timeline"]["activities"]["edges"]]
        for who, company in told.items()
    }
    assert "competitor" not in str(told["exec"])
    assert subjects["exec"][0] == "Confidential"
    assert subjects["csm"][0].startswith("Risk identified")
    assert subjects["csm"][1:] == subjects["exec"][1:]
    refused = await asked(app, "exec", EDIT)
    codes = [e["code"] for field in refused.values() for e in field["errors"]]
    assert codes == ["FORBIDDEN", "FORBIDDEN"]


async def test_who_follows_it_is_told_by_the_worker(demo_database: Database) -> None:
    app = opened(demo_database)
    done = await asked(app, "csm", EDIT)
    assert [field["errors"] for field in done.values()] == [[], []]
    worker = app.worker()
    while await worker.work():
        pass
    query = "{ notifications { unreadCount edges { node { kind actor { name } } } } }"
    told = (await asked(app, "exec", query))["notifications"]
    assert told == {
        "unreadCount": 2,
        "edges": [
            {"node": {"kind": kind, "actor": {"name": "Camille Moreau"}}}
            for kind in ("timeline.activity_saved", "cockpit.cta_created")
        ],
    }
    assert (await asked(app, "csm", query))["notifications"]["unreadCount"] == 0
