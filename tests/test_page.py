"""The whole page as the demo's users get it: counts of statements, and what is withheld."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from cyclorama.app import App, graph, make_app
from cyclorama.config import load_settings
from cyclorama.demo import load_demo
from cyclorama.execution.engine import Operation
from cyclorama.plugins.setup import bring_up_to_date
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.storage.accounts import create_token, sign_in
from cyclorama.storage.audit_queue import AuditQueue
from cyclorama.storage.engine import Database, Reading
from cyclorama.storage.rows import RelationshipRow, RelationshipTypeRow
from cyclorama.testing import NOW, company

pytestmark = pytest.mark.anyio
SECTIONS = """summary { cards { key value } fields { path displayValue } tags }
  attributes { groups { label fields { path value } } missingRequired }
  relationships { byType { count } relationships { totalCount edges { node { name } } } }
  companyHierarchy { nodes { company { name } own { value } rolledUp { value } } }
  surveys { nps trend { nps } responses { edges { node { comment person { name } } } } }
  support { openCount cases(view: ALL) { totalCount edges { node { subject } } } }
  usage { utilization modules { key series { value } } }
  timeline { activities { totalCount edges { node { subject author { name }
    comments { body } } } } drafts { id } milestones { subject } }"""
OVERVIEW = "query($id: ID!) { company(id: $id) { summary { cards { key } } } }"
PAGE = f"query($id: ID!) {{ company(id: $id) {{ name {SECTIONS} }} }}"


class Site:
    """The application with the demo, asked as one of its users."""

    def __init__(self, app: App, tokens: dict[str, str]) -> None:
        self.app, self.tokens = app, tokens
        self.statements: list[str] = []
        app.audit = AuditQueue(app.database, gathering=3_600)  # no statements of it
        app.database.watches.append(self._watch)

    def _watch(self, statement: str) -> None:
        if not statement.startswith("BEGIN"):
            self.statements.append(statement)

    async def ask(self, group: str, query: str, **variables: Any) -> Any:
        self.statements.clear()

        async def sign(reading: Reading) -> Any:
            return await sign_in(reading, self.tokens[group], NOW)

        async with self.app.context(sign, now=NOW) as context:
            operation = Operation(query=query, variables=variables)
            return orjson.loads((await self.app.answer(operation, context)).body)


@pytest.fixture
async def site(demo_database: Database) -> Site:
    tokens = {}
    async with demo_database.write() as session:
        for group in ("admin", "csm", "exec"):
            email = f"{group}@example.com"
            tokens[group] = await create_token(session, email=email, now=NOW)
    return Site(make_app(load_settings(), demo_database), tokens)


async def _company_with(site: Site, number: int, rows: int) -> str:
    """A company with this many relationships and this many cases."""
    added = company(number)
    async with site.app.database.write() as session:
        kind = RelationshipTypeRow(id=f"type_{number}", key=f"k{number}", name="Kind")
        session.add_all([added, kind])
        await session.flush()
        for n in range(rows):
            session.add(
                RelationshipRow(
                    id=f"relationship_{number}x{n}",
                    name=f"R{n}",
                    search_key=f"r{n}",
                    company_id=added.id,
                    type_id=kind.id,
                    arr_minor=100,
                    created_at=NOW,
                    updated_at=NOW,
                )
            )
            session.add(
                SupportCaseRow(
                    id=f"case_{number}x{n}",
                    company_id=added.id,
                    number=str(n),
                    status="New",
                    opened_at=NOW - timedelta(hours=n),
                    updated_at=NOW,
                )
            )
    return added.id


async def test_a_page_of_seven_sections_takes_three_statements_whatever_its_rows(
    site: Site,
) -> None:
    counts = set()
    for number, rows in ((901, 0), (902, 15), (903, 400)):
        record = await _company_with(site, number, rows)
        await site.ask("csm", PAGE, id=record)
        answer = await site.ask("csm", PAGE, id=record)
        assert "errors" not in answer
        page = answer["data"]["company"]
        assert page["support"]["cases"]["totalCount"] == rows
        assert page["relationships"]["relationships"]["totalCount"] == rows
        counts.add(len(site.statements))
    assert counts == {3}


async def test_a_list_of_fifty_takes_no_more_than_a_page_and_one(site: Site) -> None:
    query = """{ companies(first: 50) { totalCount edges { node { name
      summary { cards { key value } tags } support { openCount } } } } }"""
    answer = await site.ask("csm", query)
    answer = await site.ask("csm", query)
    assert "errors" not in answer
    assert len(answer["data"]["companies"]["edges"]) == 50
    assert len(site.statements) <= 4


async def test_what_only_others_get_does_not_exist_and_nothing_of_it_is_read(
    site: Site,
) -> None:
    with capture_logs() as logs:
        answer = await site.ask("exec", PAGE, id="company_demo001")
        own = await site.ask("exec", OVERVIEW, id="company_demo001")
    assert "data" not in answer
    assert [e["message"] for e in answer["errors"]] == [
        f"Cannot query field '{name}' on type 'Company'."
        for name in ("attributes", "support", "usage")
    ]
    cards = [c["key"] for c in own["data"]["company"]["summary"]["cards"]]
    assert cards == ["health", "open_ctas", "milestones", "journey", "nps"]
    read = " ".join(site.statements)
    for table in ("support_case", "usage_daily", "usage_active_day", "usage_module"):
        assert table not in read
    assert "Dashboard" not in str(logs)
    assert not any(section in str(logs) for section in ("support", "usage"))


async def test_the_demo_users_get_three_different_pages(site: Site) -> None:
    query = """{ company(id: "company_demo001") { layout { key sections { instanceKey label } }
      sections { placement { instanceKey } } } }"""
    found = {}
    for group in ("admin", "csm", "exec"):
        answer = await site.ask(group, query)
        record = answer["data"]["company"]
        keys = [s["instanceKey"] for s in record["layout"]["sections"]]
        assert [s["placement"]["instanceKey"] for s in record["sections"]] == keys
        found[group] = (record["layout"]["key"], tuple(keys))
    assert found["exec"] == (
        "exec",
        (
            *("summary", "scorecard", "cockpit", "timeline"),
            *("relationships", "company_hierarchy", "surveys"),
        ),
    )
    assert found["csm"][0] == "demo_success"
    assert found["admin"][0] == "csm"
    assert len(set(found.values())) == 3


async def test_an_instance_is_named_by_its_key_and_an_unknown_one_refused(
    site: Site,
) -> None:
    query = """query($i: String) { company(id: "company_demo001") {
      one: attributes(instance: "attributes_account") { placement { label } }
      other: attributes(instance: $i) { placement { label } } } }"""
    answer = await site.ask("csm", query, i="attributes_contract")
    assert answer["data"]["company"] == {
        "one": {"placement": {"label": "Account"}},
        "other": {"placement": {"label": "Contract"}},
    }
    answer = await site.ask("csm", query, i="nope")
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (
        ["company", "other"],
        "BAD_USER_INPUT",
    )
    assert "'nope'" in error["message"]
    assert answer["data"]["company"]["one"] is not None
    named = """{ company(id: "company_demo001") {
      sections(instances: ["summary", "nope"]) { placement { label } } } }"""
    answer = await site.ask("csm", named)
    assert "'nope'" in answer["errors"][0]["message"]


async def test_a_relationship_has_its_page_too(site: Site) -> None:
    query = f"""{{ relationship(id: "relationship_demo001platform") {{ name
      company {{ name parent {{ name }} }} type {{ key }} lifetimeInMonths csm {{ email }}
      {SECTIONS} }} }}"""
    await site.ask("csm", query)
    answer = await site.ask("csm", query)
    assert "errors" not in answer
    page = answer["data"]["relationship"]
    assert page["type"] == {"key": "platform"}
    assert page["usage"]["modules"]
    assert len(site.statements) == 3


@pytest.mark.parametrize("demo_url", ["postgresql"], indirect=True)
async def test_the_demo_is_the_same_every_time(site: Site, tmp_path: Path) -> None:
    """In PostgreSQL and, made anew, in SQLite."""
    other = Database(f"sqlite:///{tmp_path / 'other.db'}")
    await bring_up_to_date(other, graph())
    await load_demo(other, graph().sections.values(), NOW)
    app = make_app(load_settings(), other)
    app.now = lambda: NOW
    for number in (1, 77, 200):
        record = f"company_demo{number:03d}"
        async with app.as_user("csm@example.com") as context:
            operation = Operation(query=PAGE, variables={"id": record})
            again = orjson.loads((await app.answer(operation, context)).body)
        assert again == await site.ask("csm", PAGE, id=record)
    await other.close()
