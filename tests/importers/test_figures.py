"""Real data sets: what stands in the graph after an import, and that twice is once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from cyclorama.app import App, graph, make_app
from cyclorama.config import load_settings
from cyclorama.execution.engine import Operation
from cyclorama.importers.csv_files import import_csv
from cyclorama.importers.model import FileReport
from cyclorama.importers.salesforce import import_salesforce
from cyclorama.sections.cockpit.tables import CtaRow
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.sections.timeline.tables import ActivityRow, AttendeeRow
from cyclorama.storage.accounts import add_user
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    CompanyPersonRow,
    CompanyRow,
    ExternalRefRow,
    PersonRow,
    RelationshipRow,
)

PROJECT = Path(__file__).parents[2]
SHARED = PROJECT.parent / "shared" / "data"
MAPPINGS = PROJECT / "examples" / "mappings"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not SHARED.exists(), reason="the data sets are not here"),
]


@pytest.fixture
async def app(ready_database: Database) -> App:
    async with ready_database.write() as session:
        await add_user(session, email="ann@example.com", groups=["csm"], now=NOW)
    return make_app(load_settings(), ready_database)


async def mapped(app: App, name: str) -> list[FileReport]:
    mapping = MAPPINGS / f"{name}.yaml"
    sections = graph().sections
    return await import_csv(app.database, sections, mapping, [SHARED / name], now=NOW)


async def exported(app: App, name: str) -> list[FileReport]:
    paths = [SHARED / name]
    return await import_salesforce(app.database, graph().sections, paths, now=NOW)


async def count(app: App, row: Any, *where: Any) -> int:
    async with app.database.read() as reading:
        query = sa.select(sa.func.count()).select_from(row).where(*where)
        ((found,),) = await reading.execute(query)
        return int(found)


async def asked(app: App, query: str, **variables: Any) -> Any:
    async with app.as_user("ann@example.com") as context:
        answer = await app.answer(Operation(query=query, variables=variables), context)
    found = orjson.loads(answer.body)
    assert "errors" not in found, found["errors"]
    return found["data"]


def created(reports: Sequence[FileReport]) -> list[int]:
    return [r.created for r in reports if r.skipped is None]


def is_unchanged(reports: Sequence[FileReport]) -> bool:
    return all(
        r.skipped is not None or r.unchanged + r.left_out == r.read for r in reports
    )


async def everything(app: App) -> list[Any]:
    """Every row of a record, with its version and instants."""
    async with app.database.read() as reading:
        return [
            [
                tuple(row)
                for row in await reading.execute(sa.select(*t.c).order_by(t.c.id))
            ]
            for t in (
                CompanyRow.__table__,
                RelationshipRow.__table__,
                PersonRow.__table__,
                SupportCaseRow.__table__,
                CtaRow.__table__,
                ActivityRow.__table__,
                AttendeeRow.__table__,
                ExternalRefRow.__table__,
            )
        ]


CHURNED = """{ company(ref: {system: "ravenstack", externalId: "A-c37cab"}) {
  cockpit { ctas(view: ALL, first: 1) { edges { node { name type { key }
    reason { label } status { key } owner { name } closedAt age comments } } } }
  timeline { activities(first: 1) { edges { node {
    subject type notes activityDate } } } } } }"""


async def test_ravenstack_comes_in_whole_and_twice_is_once(app: App) -> None:
    assert created(await mapped(app, "ravenstack")) == [
        *(500, 5_000, 2_000),
        *(1, 600, 600),
    ]
    rows = [CompanyRow, RelationshipRow, SupportCaseRow, CtaRow, ActivityRow]
    counts = [await count(app, row) for row in rows]
    assert counts == [500, 5_000, 2_000, 600, 600]
    assert await count(app, AttendeeRow) == 600
    assert await count(app, ActivityRow, ActivityRow.notes.is_(None)) == 148
    assert await count(app, CtaRow, CtaRow.is_closed) == 600
    before = await everything(app)
    again = await mapped(app, "ravenstack")
    assert is_unchanged(again)
    assert await everything(app) == before
    found = await asked(
        app,
        """{ company(ref: {system: "ravenstack", externalId: "A-5b1bcd"}) {
          name externalRefs { system objectType externalId }
          relationships { byType { type { name } count runningCount arr { amount currency } }
            relationships { totalCount } }
          support { openCount cases(view: ALL) { totalCount } } } }""",
    )
    churned = (await asked(app, CHURNED))["company"]
    (cta,) = (e["node"] for e in churned["cockpit"]["ctas"]["edges"])
    (entry,) = (e["node"] for e in churned["timeline"]["activities"]["edges"])
    assert cta == {
        "name": "Churn: pricing",
        "type": {"key": "risk"},
        "reason": {"label": "Pricing"},
        "status": {"key": "closed_lost"},
        "owner": {"name": "RavenStack import"},
        "closedAt": "2024-10-27T12:00:00.000Z",
        "age": 0,
        "comments": "switched to competitor",
    }
    assert entry == {
        "subject": "Churn: competitor",
        "type": "milestone",
        "notes": "missing features",
        "activityDate": "2024-11-16T12:00:00.000Z",
    }
    assert found["company"] == {
        "name": "Company_166",
        "externalRefs": [
            {"system": "ravenstack", "objectType": "accounts", "externalId": "A-5b1bcd"}
        ],
        "relationships": {
            "byType": [
                {
                    "type": {"name": "Subscription"},
                    "count": 15,
                    "runningCount": 14,
                    "arr": {"amount": "1582932.00", "currency": "USD"},
                }
            ],
            "relationships": {"totalCount": 15},
        },
        "support": {"openCount": 0, "cases": {"totalCount": 4}},
    }


async def test_gleif_comes_in_as_a_tree_with_thirteen_tops(app: App) -> None:
    (report,) = await mapped(app, "gleif-allianz")
    assert (report.created, report.rejected, report.waiting) == (655, 0, 12)
    assert await count(app, CompanyRow, CompanyRow.parent_id.is_(None)) == 13
    tree = """query($lei: String!) { company(ref: {system: "gleif", externalId: $lei}) {
      companyHierarchy { nodeCount nodes { level isCurrent childCount } } } }"""
    top = await asked(app, tree, lei="529900K9B0N5BT694847")
    hierarchy = top["company"]["companyHierarchy"]
    levels = [node["level"] for node in hierarchy["nodes"]]
    assert [levels.count(n) for n in (1, 2, 3, 4, 5)] == [1, 237, 369, 36, 0]
    assert hierarchy["nodeCount"] == 643
    counted = """{ company(ref: {system: "gleif", externalId: "OJ2TIQSVQND4IZYYK658"}) {
      companyHierarchy { nodes { company { id } parentId isCurrent } } } }"""
    nodes = (await asked(app, counted))["company"]["companyHierarchy"]["nodes"]
    children: dict[str, list[str]] = {}
    for node in nodes:
        children.setdefault(node["parentId"], []).append(node["company"]["id"])
    (current,) = (n["company"]["id"] for n in nodes if n["isCurrent"])
    waiting, size = [current], 0
    while waiting:
        size += 1
        waiting += children.get(waiting.pop(), [])
    assert size == 406
    assert is_unchanged(await mapped(app, "gleif-allianz"))


async def test_maven_comes_in_with_its_subsidiaries(app: App) -> None:
    reports = await mapped(app, "maven-crm")
    assert created(reports) == [85]
    assert await count(app, CompanyRow, CompanyRow.parent_id.is_not(None)) == 15
    assert [r.path.rpartition("/")[2] for r in reports if r.skipped] == [
        "data_dictionary.csv",
        "products.csv",
        "sales_pipeline.csv",
        "sales_teams.csv",
    ]
    assert is_unchanged(await mapped(app, "maven-crm"))


async def test_a_salesforce_export_comes_in_unchanged(app: App) -> None:
    reports = await exported(app, "salesforce-export-workshop")
    assert await count(app, CompanyRow) == 22
    assert await count(app, PersonRow) == 102
    assert await count(app, SupportCaseRow) == 40
    assert await count(app, SupportCaseRow, ~SupportCaseRow.is_closed) == 26
    with_company = SupportCaseRow.company_id.is_not(None)
    assert await count(app, SupportCaseRow, with_company) == 14
    assert await count(app, CompanyPersonRow) == 22
    skipped = {r.object_type for r in reports if r.skipped}
    assert skipped == {
        "Branch__c",
        "Campaign",
        "CampaignMember",
        "Lead",
        "Opportunity",
    }
    (tasks,) = (r for r in reports if r.object_type == "Task")
    assert (tasks.read, tasks.created, tasks.rejected) == (75, 36, 39)
    assert {r.reason for r in tasks.rejects} == {
        "AccountId is empty: it is about no company"
    }
    assert await count(app, CtaRow, ~CtaRow.is_closed) == 36
    name = CompanyRow.name == "Walker Henson and Compton"
    walker = sa.select(CompanyRow.id).where(name)
    assert await count(app, ActivityRow, ActivityRow.company_id.in_(walker)) == 4
    assert await count(app, CtaRow, CtaRow.company_id.in_(walker)) == 4
    before = await everything(app)
    again = await exported(app, "salesforce-export-workshop")
    assert sum(r.created + r.updated for r in again) == 0
    assert [r.rejected for r in again] == [r.rejected for r in reports]
    assert is_unchanged([r for r in again if r.object_type != "Task"])
    assert await everything(app) == before


async def test_the_other_dialect_and_the_tree_come_in_too(app: App) -> None:
    await exported(app, "salesforce-export-small")
    assert (await count(app, CompanyRow), await count(app, PersonRow)) == (7, 4)
    await exported(app, "salesforce-tree/nested-hierarchy")
    assert (await count(app, CompanyRow), await count(app, PersonRow)) == (12, 8)
    found = await asked(
        app,
        """{ companies(filter: {search: "Gemenon"}) { edges { node { name
             parent { name parent { name parent { name } } } } } } }""",
    )
    assert found["companies"]["edges"][0]["node"] == {
        "name": "Gemenon Gastronomy",
        "parent": {
            "name": "Caprica Cosmetics",
            "parent": {"name": "Aerilon Agrinomics", "parent": None},
        },
    }
    assert is_unchanged(await exported(app, "salesforce-tree/nested-hierarchy"))
