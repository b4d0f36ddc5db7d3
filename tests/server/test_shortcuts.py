"""The short way: one statement for what was answered before, and none of it otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from cyclorama.app import App, clock, make_app
from cyclorama.config import load_settings
from cyclorama.execution.shortcuts import MOST_INPUTS, PATIENCE, Shortcut
from cyclorama.layouts.model import Assignment, Clause
from cyclorama.resolvers.book import load_book, save_book
from cyclorama.server.application import create_server
from cyclorama.storage.accounts import create_token, credential_of, deactivate_user
from cyclorama.storage.audit_queue import AuditQueue
from cyclorama.storage.configuration import bump_configuration
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    CompanyRow,
    MembershipRow,
    PicklistItemRow,
    TokenRow,
    UserGroupRow,
    UserRow,
)
from cyclorama.storage.switches import switch

pytestmark = pytest.mark.anyio
ONE, OTHER = "company_demo001", "company_demo002"
PAGE = """query($id: ID!, $open: Boolean = true) { company(id: $id) { id name
  summary { cards { key value } } support @include(if: $open) { openCount }
  relationships { byType { count } } } }"""

NO_SUPPORT = "Cannot query field 'support' on type 'Company'."


class Site:
    """A server over the demo, and the statements that it sends."""

    def __init__(
        self, app: App, client: httpx2.AsyncClient, tokens: dict[str, str]
    ) -> None:
        self.app, self.client, self.tokens = app, client, tokens
        self.statements: list[str] = []
        app.audit = AuditQueue(app.database, gathering=3_600)  # no statements of it
        app.database.watches.append(self.statements.append)

    async def ask(
        self, query: str = PAGE, who: str = "csm", status: int = 200, **variables: Any
    ) -> Any:
        self.statements.clear()
        response = await self.client.post(
            "/graphql",
            json={"query": query, "variables": variables},
            headers={"authorization": f"Bearer {self.tokens[who]}"},
        )
        assert response.status_code == status
        return response.json()

    async def known(self, query: str = PAGE, who: str = "csm", **variables: Any) -> Any:
        """The answer, once the short way gives it."""
        first = await self.ask(query, who, **variables)
        await self.ask(query, who, **variables)
        assert await self.ask(query, who, **variables) == first
        assert len(self.statements) == 1
        return first

    async def change(self, *statements: Any) -> None:
        async with self.app.database.write() as session:
            for statement in statements:
                await session.execute(
                    statement.execution_options(synchronize_session=False)
                )


@pytest.fixture
async def site(demo_database: Database) -> AsyncIterator[Site]:
    tokens = {}
    async with demo_database.write() as session:
        for group in ("admin", "csm", "exec"):
            email = f"{group}@example.com"
            tokens[group] = await create_token(session, email=email, now=clock())
    settings = load_settings(worker=False)
    app = make_app(settings, demo_database)
    server = create_server(app, settings)
    transport = httpx2.ASGITransport(server)
    async with (
        server.router.lifespan_context(server),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield Site(app, client, tokens)


def shortcuts(site: Site) -> list[Shortcut]:
    held = site.app.engine.shortcuts.kept._values.values()
    return [kept for kept, _ in held if isinstance(kept, Shortcut)]


async def _stage_decides(site: Site) -> None:
    """Have companies of the stage "at risk" get another layout."""
    async with site.app.database.read() as reading:
        book = await load_book(reading)
    rule = Assignment(
        rank=0,
        name="At risk",
        layout="exec",
        record=(Clause("stage", "IN", ("at_risk",)),),
    )
    book = replace(book, assignments=(rule, *book.assignments))
    async with site.app.database.write() as session:
        await save_book(session, book, expected_version=None)


async def _stages(site: Site) -> dict[str, str]:
    """The ids of stages by key, "at risk" among them."""
    async with site.app.database.read() as reading:
        items = PicklistItemRow
        query = sa.select(items.key, items.id).where(items.picklist == "company.stage")
        found = {row.key: row.id for row in await reading.execute(query)}
    if "at_risk" not in found:
        await site.change(
            sa.insert(PicklistItemRow).values(
                id="picklistitem_atrisk",
                picklist="company.stage",
                key="at_risk",
                label="At risk",
                position=99,
            )
        )
        found["at_risk"] = "picklistitem_atrisk"
    return found


async def test_the_first_way_takes_three_statements_and_the_third_one(
    site: Site,
) -> None:
    counts = []
    for _ in range(4):
        await site.ask(id=ONE)
        counts.append(len([s for s in site.statements if s != "BEGIN"]))
    assert counts == [counts[0], 4, 1, 1]


async def test_another_record_and_other_variables(site: Site) -> None:
    await site.known(id=ONE)
    answer = await site.ask(id=OTHER)
    assert len(site.statements) == 1
    assert answer["data"]["company"]["id"] == OTHER
    without = await site.known(id=ONE, open=False)
    assert "support" not in without["data"]["company"]
    assert "support" in (await site.ask(id=ONE))["data"]["company"]


async def test_values_that_no_variable_takes(site: Site) -> None:
    await site.known(id=ONE, shown="first")
    await site.ask(id=ONE, shown="second")
    assert len(site.statements) == 1


@pytest.mark.parametrize(
    "query",
    [
        f'{{ company(id: "{ONE}") {{ name }} }}',
        f'{{ that: node(id: "{ONE}") {{ id ... on Company {{ name }} }} }}',
        '{ relationship(id: "relationship_demo001platform") { name '
        "summary { cards { key } } } }",
    ],
)
async def test_records_that_the_text_names(site: Site, query: str) -> None:
    await site.known(query)


@pytest.mark.parametrize(
    "query",
    [
        "{ viewer { email } }",
        "{ companies(first: 2) { totalCount edges { node { name } } } }",
        f'{{ company(id: "{ONE}") {{ name }} viewer {{ email }} }}',
        f'{{ company(id: "{ONE}") {{ layout {{ key }} }} }}',
        '{ company(id: "company_none") { name } }',
        'query($id: ID = "company_demo001") { company(id: $id) { name } }',
    ],
)
async def test_what_only_the_long_way_answers(site: Site, query: str) -> None:
    first = await site.ask(query)
    for _ in range(3):
        assert await site.ask(query) == first
    assert not shortcuts(site)


async def test_viewers_do_not_share_it(site: Site) -> None:
    await site.known(id=ONE)
    answer = await site.ask(id=ONE, who="exec", status=400)
    assert answer["errors"][0]["message"] == NO_SUPPORT


async def test_nobody_comes_in_with_what_was_a_token(site: Site) -> None:
    await site.known(id=ONE)
    await site.known(id=ONE, who="admin")
    past = clock() - timedelta(seconds=1)
    csm = sa.select(UserRow.id).where(UserRow.email == "csm@example.com")
    of_csm = TokenRow.user_id == csm.scalar_subquery()
    await site.change(sa.update(TokenRow).where(of_csm).values(expires_at=past))
    answer = await site.ask(id=ONE, status=401)
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    async with site.app.database.write() as session:
        await deactivate_user(session, "admin@example.com")
    await site.ask(id=ONE, who="admin", status=401)


async def test_who_leaves_a_group_gets_what_is_left(site: Site) -> None:
    await site.known(id=ONE)
    group = sa.select(UserGroupRow.id).where(UserGroupRow.key == "csm")
    await site.change(
        sa.delete(MembershipRow).where(
            MembershipRow.group_id == group.scalar_subquery()
        )
    )
    answer = await site.ask(id=ONE, status=400)
    assert answer["errors"][0]["message"] == NO_SUPPORT
    short = site.statements[0]
    assert "support_case" in short  # its statement was sent, and had no row
    assert len(site.statements) == 2  # signing in, which finds the other grant


async def test_a_section_that_is_switched_off_is_gone_at_once(site: Site) -> None:
    await site.known(id=ONE)
    async with site.app.database.write() as session:
        await switch(session, "support", False)
        await bump_configuration(session)
    answer = await site.ask(id=ONE, status=400)
    assert answer["errors"][0]["message"] == NO_SUPPORT


async def test_a_record_that_gets_another_layout_is_answered_by_it(site: Site) -> None:
    await _stage_decides(site)
    stages = await _stages(site)
    calm = next(key for key in stages if key != "at_risk")
    stage = sa.update(CompanyRow).where(CompanyRow.id.in_([ONE, OTHER]))
    await site.change(stage.values(stage_id=stages[calm]))
    assert (await site.known(id=ONE))["data"]["company"]["support"] is not None
    await site.change(
        sa.update(CompanyRow)
        .where(CompanyRow.id == ONE)
        .values(stage_id=stages["at_risk"])
    )
    assert (await site.ask(id=ONE))["data"]["company"]["support"] is None
    assert len(site.statements) > 1
    assert (await site.ask(id=OTHER))["data"]["company"]["support"] is not None
    await site.change(sa.delete(CompanyRow).where(CompanyRow.id == "company_gone"))
    assert (await site.ask(id="company_gone"))["data"]["company"] is None


async def test_what_no_longer_holds_reads_nothing_of_the_record(site: Site) -> None:
    await site.known(id=ONE)
    (kept,) = shortcuts(site)
    now, credential = clock(), credential_of(site.tokens["csm"]) or ""
    sql, name = kept.statement.sql, "Nordstr"
    for wrong in ({"identity": "[]"}, {"identity": ""}):
        values = replace(kept, **wrong).values(ONE, credential, now, now.date())
        assert not await site.app.database.fetch(sql, values)
    values = kept.values(ONE, "another", now, now.date())
    assert not await site.app.database.fetch(sql, values)
    values = kept.values(ONE, credential, now, now.date())
    assert name in str(await site.app.database.fetch(sql, values))
    values = replace(kept, inputs={"[1]": 0}).values(ONE, credential, now, now.date())
    rows = await site.app.database.fetch(sql, values)
    assert name not in str(rows)
    assert kept.body(rows) is None


async def test_it_is_given_up_where_it_seldom_serves(site: Site) -> None:
    await site.known(id=ONE)
    for _ in range(PATIENCE + 10):
        assert (await site.ask(id="company_none"))["data"]["company"] is None
    assert len(site.statements) == 2  # the long way alone
    caches = site.app.caches
    assert len(caches["shortcuts"]) <= caches["shortcuts"].most
    (kept,) = shortcuts(site)
    assert len(kept.inputs) <= MOST_INPUTS


LISTED = """query($f: Int, $c: CompanyFilter, $o: [CompanyOrder!]) {
  all: companies(first: $f, filter: $c, orderBy: $o) {
    edges { cursor at: node { id name summary { cards { key value } } } }
    pageInfo { hasNextPage endCursor } } }"""


@pytest.mark.parametrize(
    "variables",
    [
        {"f": 25},
        {"f": 20, "c": {"search": "a"}},
        {"f": 25, "o": [{"field": "RENEWAL_DATE", "descending": True}]},
        {"f": 25, "o": [{"field": "UPDATED_AT"}, {"field": "ARR"}]},
    ],
)
async def test_a_page_of_companies(site: Site, variables: Any) -> None:
    first = await site.ask(LISTED, **variables)
    for _ in range(10):  # the function that completes it is written meanwhile
        assert await site.ask(LISTED, **variables) == first
    assert len(site.statements) == 1
    assert len(first["data"]["all"]["edges"]) == variables["f"]
    async with site.app.database.write() as session:
        await switch(session, "summary", False)
        await bump_configuration(session)
    answer = await site.ask(LISTED, status=400, **variables)
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_a_page_whose_companies_get_other_layouts(site: Site) -> None:
    await _stage_decides(site)
    stages = await _stages(site)
    query = "{ companies(first: 200) { edges { node { id support { openCount } } } } }"
    for _ in range(10):
        first = await site.ask(query)
    await site.change(
        sa.update(CompanyRow)
        .where(CompanyRow.id == ONE)
        .values(stage_id=stages["at_risk"])
    )
    answer = await site.ask(query)
    assert len(site.statements) > 1
    for one, other in zip(
        first["data"]["companies"]["edges"],
        answer["data"]["companies"]["edges"],
        strict=True,
    ):
        if one["node"]["id"] == ONE:
            assert one["node"]["support"] is not None
            assert other["node"]["support"] is None
        else:
            assert one == other


async def test_many_at_once(site: Site) -> None:
    await site.known(id=ONE)
    ids = [f"company_demo{n:03}" for n in range(1, 41)]
    answers = await asyncio.gather(*(site.ask(id=i) for i in ids))
    assert [a["data"]["company"]["id"] for a in answers] == ids
    # Nothing of the request that it comes from is kept.
    assert [kept.root.batch for kept in shortcuts(site)] == [None]


async def test_a_statement_that_fails_is_left_to_the_long_way(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await site.known(id=ONE)
    (kept,) = shortcuts(site)
    broken = replace(kept.statement, sql="SELECT nothing FROM nowhere")
    monkeypatch.setattr(kept, "statement", broken)
    assert await site.ask(id=ONE) == first
    for _ in range(PATIENCE * 2):
        await site.ask(id=ONE)
    assert "nowhere" not in " ".join(site.statements)
