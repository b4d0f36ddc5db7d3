"""What the audit log says of requests: what they changed, what they read, and to whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from cyclorama.app import App, make_app
from cyclorama.config import Settings
from cyclorama.execution.engine import Operation
from cyclorama.storage.audit import ROWS
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    CompanyRow,
    LayoutRow,
    PlacementRow,
    RelationshipRow,
    UserRow,
)

pytestmark = pytest.mark.anyio
LOG = """query Log($first: Int! = 200, $after: String, $filter: AuditFilter) {
  auditLog(first: $first, after: $after, filter: $filter) {
    pageInfo { hasNextPage endCursor }
    edges { node { id at actorKind actorId actor action subject operation surface
      requestId reads { sections recordIds } changes { field old new } hash } } } }"""


class Desk:
    """Asks the demo's graph as one of its users."""

    def __init__(self, app: App, users: dict[str, str], companies: list[str]) -> None:
        self.app, self.users, self.companies = app, users, companies

    async def ask(self, who: str, query: str, **variables: Any) -> Any:
        async with self.app.as_user(self.users[who]) as context:
            operation = Operation(query=query, variables=variables)
            answer = await self.app.answer(operation, context)
        return orjson.loads(answer.body)

    async def log(self, **filter: Any) -> list[Any]:
        """Everything that is in the log, or what the filter leaves, oldest first."""
        await self.app.audit.close()
        answer = await self.ask("admin", LOG, filter=filter)
        assert "errors" not in answer, answer["errors"]
        edges = answer["data"]["auditLog"]["edges"]
        return [edge["node"] for edge in reversed(edges)]

    async def reads(self) -> list[Any]:
        """What was read, without the records' ids where there are many."""
        return [node["reads"] for node in await self.log(actions=["record.read"])]


@pytest.fixture
async def desk(demo_database: Database) -> AsyncIterator[Desk]:
    app = make_app(Settings(), demo_database)
    async with demo_database.read() as reading:
        emails = [r.email for r in await reading.execute(sa.select(UserRow.email))]
        query = sa.select(CompanyRow.id).order_by(CompanyRow.search_key).limit(3)
        companies = [row.id for row in await reading.execute(query)]
    groups = ("admin", "csm", "exec")
    users = {g: next(e for e in emails if e.startswith(g)) for g in groups}
    yield Desk(app, users, companies)
    await app.close()


# -- refusals


async def test_who_is_no_admin_does_not_read_the_log(desk: Desk) -> None:
    for who in ("csm", "exec"):
        answer = await desk.ask(who, LOG)
        assert "data" not in answer
        codes = {e["extensions"]["code"] for e in answer["errors"]}
        assert codes == {"GRAPHQL_VALIDATION_FAILED"}


@pytest.mark.parametrize(
    ("filter", "named"),
    [
        ({"subject": "x" * 256}, "`subject`"),
        ({"actorId": "x" * 256}, "`actorId`"),
        ({"requestId": "x" * 256}, "`requestId`"),
        ({"actions": ["x"] * 101}, "`actions`"),
        ({"actions": ["x" * 256]}, "`actions`"),
    ],
)
async def test_a_filter_that_can_not_be_is_named(
    desk: Desk, filter: Any, named: str
) -> None:
    answer = await desk.ask("admin", LOG, filter=filter)
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert named in error["message"]


async def test_a_page_and_a_cursor_that_can_not_be_are_refused(desk: Desk) -> None:
    for wrong in ({"first": 0}, {"first": 201}, {"after": "ff"}):
        answer = await desk.ask("admin", LOG, **wrong)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_what_was_not_read_is_not_in_the_log(desk: Desk) -> None:
    query = """query($id: ID!) { viewer { name } __schema { queryType { name } }
      company(id: "company_none") { name support { total: state } }
      other: company(id: $id) { name } }"""
    for one in ("{ viewer { name } }", '{ company(id: "company_none") { name } }'):
        await desk.ask("csm", one)
    assert await desk.log() == []
    await desk.ask("csm", query, id=desk.companies[0])
    assert await desk.reads() == [[{"sections": [], "recordIds": [desk.companies[0]]}]]


async def test_a_section_that_the_layout_withholds_was_not_read(desk: Desk) -> None:
    async with desk.app.database.write() as session:
        layout = sa.select(LayoutRow.id).where(LayoutRow.key == "exec")
        gone = sa.delete(PlacementRow).where(
            PlacementRow.layout_id.in_(layout), PlacementRow.section == "support"
        )
        await session.execute(gone)
    query = "query($id: ID!) { company(id: $id) { support { state } usage { state } } }"
    answer = await desk.ask("exec", query, id=desk.companies[0])
    if "data" not in answer:  # what executives get on no record does not exist for them
        assert "support" in answer["errors"][0]["message"]
        assert await desk.reads() == []
        return
    codes = [e["extensions"]["code"] for e in answer.get("errors", [])]
    read = [s for s in ("support", "usage") if answer["data"]["company"][s]]
    assert codes == ["SECTION_NOT_IN_LAYOUT"] * (2 - len(read))
    assert "support" not in read
    ((found,),) = await desk.reads()
    assert found["sections"] == read


# -- reads


@pytest.mark.parametrize("planned", [True, False])
async def test_a_page_is_one_entry_with_its_sections(desk: Desk, planned: bool) -> None:
    executor: Any = desk.app.engine.executor
    executor.planned = planned
    company = desk.companies[0]
    query = """query Page($id: ID!) { company(id: $id) { name
      summary { state } support { state } again: support { asOf } } }"""
    await desk.ask("csm", query, id=company)
    (entry,) = await desk.log()
    assert entry["reads"] == [
        {"sections": ["summary", "support"], "recordIds": [company]}
    ]
    assert (entry["actorKind"], entry["actor"]) == ("USER", desk.users["csm"])
    assert (entry["action"], entry["subject"]) == ("record.read", company)
    assert (entry["operation"], entry["surface"]) == ("Page", "PAGE")
    assert (entry["id"], entry["changes"]) == ("audit_1", [])


@pytest.mark.parametrize("planned", [True, False])
async def test_all_sections_of_a_record_are_named(desk: Desk, planned: bool) -> None:
    executor: Any = desk.app.engine.executor
    executor.planned = planned
    query = """query($id: ID!) { company(id: $id) {
      layout { sections { section } } sections { state } } }"""
    answer = await desk.ask("csm", query, id=desk.companies[0])
    shown = {s["section"] for s in answer["data"]["company"]["layout"]["sections"]}
    ((found,),) = await desk.reads()
    assert found["sections"] == sorted(shown)


async def test_another_surface_is_an_entry_of_its_own(desk: Desk) -> None:
    async with desk.app.database.write() as session:
        placed = sa.update(PlacementRow).where(PlacementRow.section == "support")
        await session.execute(placed.values(surfaces=["PAGE", "CRM_ACCOUNT"]))
    query = """query($id: ID!) { company(id: $id) { usage { state }
      sections(surface: CRM_ACCOUNT) { state } } }"""
    await desk.ask("csm", query, id=desk.companies[0])
    entries = await desk.log()
    found = {e["surface"]: e["reads"][0]["sections"] for e in entries}
    assert found == {"PAGE": ["usage"], "CRM_ACCOUNT": ["support"]}


async def test_a_list_is_one_entry_that_each_of_its_records_finds(desk: Desk) -> None:
    query = "{ companies(first: 3) { edges { node { name summary { state } } } } }"
    await desk.ask("csm", query)
    (entry,) = await desk.log(subject=desk.companies[1])
    assert entry["subject"] is None
    assert entry["reads"] == [{"sections": ["summary"], "recordIds": desk.companies}]
    assert await desk.log(subject=desk.companies[1][:-1]) == []
    assert await desk.log(subject=desk.companies[1].upper()) == []


async def test_records_inside_of_sections_are_named_with_theirs(desk: Desk) -> None:
    query = """query($id: ID!) { company(id: $id) {
      relationships { relationships { edges { node { support { state } } } } } } }"""
    async with desk.app.database.read() as reading:
        row = RelationshipRow
        found = await reading.execute(
            sa.select(row.company_id, row.id).order_by(row.id)
        )
    company = found[0].company_id
    own = [r.id for r in found if r.company_id == company]
    answer = await desk.ask("csm", query, id=company)
    assert "errors" not in answer, answer["errors"]
    (groups,) = await desk.reads()
    assert {tuple(g["sections"]): g["recordIds"] for g in groups} == {
        ("relationships",): [company],
        ("support",): own,
    }


async def test_a_sections_row_that_is_found_by_its_id_is_a_read(desk: Desk) -> None:
    query = "{ companies(first: 200) { edges { node { id support { cases(first: 1) { edges { node { id } } } } } } } }"
    answer = await desk.ask("csm", query)
    node = next(
        e["node"]
        for e in answer["data"]["companies"]["edges"]
        if e["node"]["support"]["cases"]["edges"]
    )
    case = node["support"]["cases"]["edges"][0]["node"]["id"]
    await desk.ask("csm", "query($id: ID!) { node(id: $id) { id } }", id=case)
    *_, last = await desk.reads()
    assert last[0]["sections"] == ["support"]


# -- changes


async def test_a_change_of_fields_is_an_entry_and_a_refused_one_none(
    desk: Desk,
) -> None:
    query = """mutation Renew($input: UpdateFieldsInput!) {
      updateFields(input: $input) { errors { code } } }"""
    company = desk.companies[0]
    field = {"path": "renewalDate", "value": "2031-05-06"}
    refused = {"recordId": company, "fields": [field], "expectedVersion": 99}
    await desk.ask("csm", query, input=refused)
    await desk.ask(
        "csm", query, input={"recordId": company, "fields": [{**field, "value": "?"}]}
    )
    assert await desk.log(actions=["record.update"]) == []
    for _ in range(2):  # the second changes nothing
        await desk.ask("csm", query, input={"recordId": company, "fields": [field]})
    (entry,) = await desk.log(actions=["record.update"])
    assert (entry["subject"], entry["operation"]) == (company, "Renew")
    (change,) = entry["changes"]
    assert (change["field"], change["new"]) == ("renewalDate", "2031-05-06")
    assert change["old"] != change["new"]


async def test_a_switch_is_an_entry_and_one_that_changes_nothing_none(
    desk: Desk,
) -> None:
    query = """mutation Off { setSectionPluginEnabled(key: "usage", enabled: false) {
      errors { code } } }"""
    await desk.ask("csm", query)
    assert await desk.log() == []
    await desk.ask("admin", query)
    await desk.ask("admin", query)
    (entry,) = await desk.log()
    assert (entry["action"], entry["subject"]) == ("plugin.disable", "usage")
    assert (entry["actor"], entry["operation"]) == (desk.users["admin"], "Off")
    assert entry["changes"] == [{"field": "enabled", "old": True, "new": False}]


# -- the log


async def test_the_log_is_read_in_pages_and_through_filters(desk: Desk) -> None:
    query = "query Look($id: ID!) { company(id: $id) { name } }"
    for who in ("csm", "exec"):
        for company in desk.companies:
            await desk.ask(who, query, id=company)
            await desk.app.audit.close()
    entries = await desk.log()
    assert [e["id"] for e in entries] == [f"audit_{n}" for n in range(1, 7)]
    pages, after = [], None
    while True:
        answer = await desk.ask("admin", LOG, first=4, after=after)
        assert "errors" not in answer, answer["errors"]
        page = answer["data"]["auditLog"]
        pages += [e["node"]["id"] for e in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert pages == [f"audit_{n}" for n in range(6, 0, -1)]
    exec_id = entries[-1]["actorId"]
    assert len(await desk.log(actorId=exec_id)) == 3
    assert len(await desk.log(actorId=exec_id, subject=desk.companies[0])) == 1
    assert len(await desk.log(actions=["record.read", "plugin.enable"])) == 6
    assert await desk.log(actions=["plugin.enable"]) == []
    assert await desk.log(requestId="another") == []
    assert len(await desk.log(requestId="-")) == 6
    moment = entries[2]["at"]
    since, until = await desk.log(since=moment), await desk.log(until=moment)
    assert len(since) + len(until) == 6
    assert all(e["at"] >= moment for e in since)
    assert all(e["at"] < moment for e in until)


async def test_entries_are_bound_to_each_other(desk: Desk) -> None:
    query = "query Look($id: ID!) { company(id: $id) { name } }"
    for company in desk.companies:
        await desk.ask("csm", query, id=company)
    entries = await desk.log()
    async with desk.app.database.read() as reading:
        rows = await reading.execute(sa.select(ROWS).order_by(ROWS.c.number))
    assert [e["hash"] for e in entries] == [row.hash for row in rows]
    assert [r.previous for r in rows] == ["", *(r.hash for r in rows[:-1])]
