"""Record access over HTTP: what is out of reach does not exist, whatever way is tried."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from test_shortcuts import PAGE, Site, shortcuts

from cyclorama.app import clock, make_app
from cyclorama.config import load_settings
from cyclorama.layouts.access import ALLOW, DENY, AccessBook, AccessRule, Team
from cyclorama.layouts.model import Clause
from cyclorama.resolvers.access_book import save_access
from cyclorama.server.application import create_server
from cyclorama.storage.accounts import create_token
from cyclorama.storage.audit import AuditRow
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import CompanyRow, RelationshipRow, UserRow

pytestmark = pytest.mark.anyio
MINE, OTHER, CHILD = "company_demo001", "company_demo002", "company_demo003"
CSMS = (Clause("groups", "IN_GROUP", ("csm",)),)
OWN = AccessRule(
    rank=1,
    name="Own",
    kind="COMPANY",
    effect=ALLOW,
    record=(Clause("id", "IN", (MINE, CHILD)),),
)


def rule(
    effect: str, *record: Clause, kind: str = "COMPANY", **further: Any
) -> AccessRule:
    name = further.pop("name", f"{effect} {record}")
    return AccessRule(
        rank=0, name=name, kind=kind, effect=effect, record=record, **further
    )


async def apply(site: Site, *rules: AccessRule, teams: tuple[Team, ...] = ()) -> None:
    async with site.app.database.write() as session:
        await save_access(session, AccessBook(rules=rules, teams=teams))


@pytest.fixture
async def site(demo_database: Database) -> AsyncIterator[Site]:
    """The demo, in which OTHER is the parent of CHILD."""
    tokens = {}
    async with demo_database.write() as session:
        for group in ("admin", "csm", "exec"):
            email = f"{group}@example.com"
            tokens[group] = await create_token(session, email=email, now=clock())
        for child, parent in ((CHILD, OTHER), (OTHER, None), (MINE, None)):
            await session.execute(
                sa.update(CompanyRow)
                .where(CompanyRow.id == child)
                .values(parent_id=parent)
            )
    settings = load_settings(worker=False)
    app = make_app(settings, demo_database)
    server = create_server(app, settings)
    transport = httpx2.ASGITransport(server)
    async with (
        server.router.lifespan_context(server),
        httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        yield Site(app, client, tokens)


async def names(site: Site, who: str = "csm") -> set[str]:
    found = await site.ask("{ companies(first: 200) { edges { node { id } } } }", who)
    return {e["node"]["id"] for e in found["data"]["companies"]["edges"]}


async def test_a_record_out_of_reach_is_one_that_does_not_exist(site: Site) -> None:
    await apply(site, OWN)
    for query in (
        "query($id: ID!) { company(id: $id) { name } }",
        "query($id: ID!) { node(id: $id) { id } }",
        "query($id: ID!) { nodes(ids: [$id]) { id } }",
        'mutation($id: ID!) { updateFields(input: {recordId: $id, fields: [{path: "name", '
        'value: "x"}]}) { record { id } errors { path code } } }',
    ):
        unreadable = await site.ask(query, id=OTHER)
        assert unreadable == await site.ask(query, id="company_nowhere"), query
    assert unreadable["data"]["updateFields"]["errors"][0]["code"] == "NOT_FOUND"
    async with site.app.database.read() as reading:
        query = sa.select(CompanyRow.name).where(CompanyRow.id == OTHER)
        ((name,),) = await reading.execute(query)
    assert name != "x"


async def test_a_mirror_of_a_record_out_of_reach_is_none(site: Site) -> None:
    query = """{ company(id: "%s") { externalRefs { system externalId } } }"""
    held = await site.ask(query % OTHER)
    (ref, *_) = held["data"]["company"]["externalRefs"]
    find = """query($s: String!, $e: String!) {
      company(ref: {system: $s, externalId: $e}) { id } }"""
    values = {"s": ref["system"], "e": ref["externalId"]}
    assert (await site.ask(find, **values))["data"]["company"]["id"] == OTHER
    await apply(site, OWN)
    assert (await site.ask(find, **values))["data"]["company"] is None


async def test_a_parent_out_of_reach_is_null_and_its_id_is_not_told(site: Site) -> None:
    query = f"""{{ company(id: "{CHILD}") {{ parent {{ id }}
      fields(paths: ["parent", "parent.name"]) {{ value displayValue }}
      companyHierarchy {{ root {{ id }} nodes {{ parentId level company {{ id }} }} }} }} }}"""
    assert OTHER in str(await site.ask(query))
    await apply(site, OWN)
    answer = await site.ask(query)
    assert "errors" not in answer
    assert OTHER not in str(answer)
    assert answer["data"]["company"]["companyHierarchy"]["root"]["id"] == CHILD


async def test_what_is_denied_is_not_read_whoever_allows_it(site: Site) -> None:
    deny = rule(DENY, Clause("id", "EQ", (CHILD,)))
    await apply(site, OWN, deny)
    assert await names(site) == {MINE}
    await apply(site, deny)
    assert await names(site) == await names(site, "admin") - {CHILD}


async def test_rules_are_for_viewers_and_without_one_that_allows_nothing_is(
    site: Site,
) -> None:
    everybody = await names(site)
    await apply(site, rule(ALLOW, viewer=CSMS))
    assert await names(site) == everybody
    assert await names(site, "exec") == set()
    await apply(site, rule(DENY, viewer=CSMS))
    assert (await names(site), await names(site, "exec")) == (set(), everybody)
    await apply(site, rule(DENY, viewer=CSMS, enabled=False))
    assert await names(site) == everybody


async def test_a_rule_names_what_the_viewer_is(site: Site) -> None:
    other = sa.update(CompanyRow).where(CompanyRow.id == OTHER)
    await site.change(other.values(csm_id=None))
    async with site.app.database.read() as reading:
        query = sa.select(CompanyRow.id).join(UserRow, UserRow.id == CompanyRow.csm_id)
        mine = query.where(UserRow.email == "csm@example.com")
        own = {i for (i,) in await reading.execute(mine)}
    await apply(site, rule(ALLOW, Clause("csm", "IN", ("$viewer.id",))))
    assert 0 < len(own) < 200
    assert await names(site) == own
    await apply(site, rule(DENY, Clause("csm", "NOT_IN", ("$viewer.region",))))
    assert await names(site) == set()


async def test_a_record_with_teams_is_read_by_their_members_alone(site: Site) -> None:
    everybody = await names(site)
    async with site.app.database.read() as reading:
        query = sa.select(UserRow.id).where(UserRow.email == "exec@example.com")
        ((boss,),) = await reading.execute(query)
    team = Team(
        key="vip", name="VIP", members=frozenset({boss}), records=frozenset({OTHER})
    )
    await apply(site, teams=(team,))
    assert await names(site) == everybody - {OTHER}
    assert await names(site, "exec") == everybody
    await apply(site, rule(DENY, Clause("teams", "IN", ("vip",))), teams=(team,))
    assert await names(site, "exec") == everybody - {OTHER}
    await apply(
        site, rule(ALLOW, Clause("teams", "IN", ("$viewer.teams",))), teams=(team,)
    )
    assert (await names(site), await names(site, "exec")) == (set(), {OTHER})


async def test_relationships_have_rules_of_their_own_below_their_company(
    site: Site,
) -> None:
    async with site.app.database.read() as reading:
        columns = (RelationshipRow.id, RelationshipRow.company_id)
        rows = await reading.execute(sa.select(*columns).order_by(*columns).limit(100))
    company_of = {r.id: r.company_id for r in rows}
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    async def found() -> set[str]:
        nodes = (await site.ask(query, ids=list(company_of)))["data"]["nodes"]
        return {n["id"] for n in nodes if n is not None}

    everything = await found()
    deny = rule(DENY, Clause("type", "EQ", ("platform",)), kind="RELATIONSHIP")
    await apply(site, deny)
    left = {i for i in everything if not i.endswith("platform")}
    assert await found() == left
    await apply(site, deny, OWN)
    assert await found() == {i for i in left if company_of[i] in (MINE, CHILD)}


async def test_the_short_way_obeys_and_forgets_at_once(site: Site) -> None:
    open_page = await site.known(id=OTHER)
    await apply(site, OWN)
    assert (await site.ask(id=OTHER))["data"]["company"] is None
    mine = await site.known(id=MINE)
    assert '"company" AS NOT MATERIALIZED' in site.statements[0]
    assert mine["data"]["company"]["id"] == MINE
    assert (await site.ask(id=OTHER))["data"]["company"] is None
    await apply(site)
    assert await site.ask(id=OTHER) == open_page


async def test_the_short_way_sees_that_a_record_has_left_what_may_be_read(
    site: Site,
) -> None:
    await apply(site, rule(ALLOW, Clause("employees", "LT", (1000,))))
    update = sa.update(CompanyRow).where(CompanyRow.id == MINE)
    await site.change(update.values(employees=5))
    await site.known(id=MINE)
    await site.change(update.values(employees=5000))
    assert (await site.ask(id=MINE))["data"]["company"] is None
    await site.change(update.values(employees=5))
    assert (await site.ask(id=MINE))["data"]["company"] is not None


async def bypasses(site: Site) -> list[str]:
    """Who read past the rules, one for each request, as the audit log has it."""
    await site.app.audit.close()
    row = AuditRow
    async with site.app.database.read() as reading:
        query = sa.select(row.actor).where(row.action == "access.bypass")
        return [actor for (actor,) in await reading.execute(query)]


async def test_an_admin_reads_past_rules_and_each_time_it_is_told(site: Site) -> None:
    await site.ask(PAGE, "admin", id=OTHER)
    assert await bypasses(site) == []
    await apply(site, OWN)
    for _ in range(4):
        answer = await site.ask(PAGE, "admin", id=OTHER)
        assert answer["data"]["company"]["id"] == OTHER
    assert await bypasses(site) == ["admin@example.com"] * 4
    assert any(s.served for s in shortcuts(site))
    site.app.settings = site.app.settings.model_copy(update={"admin_bypass": False})
    explain = """query($id: ID!) { explainLayout(recordId: $id) { layout { key } } }"""
    answer = await site.ask(explain, "admin", id=OTHER)
    assert answer == await site.ask(explain, "admin", id=OTHER)
    assert "no company or relationship" in answer["errors"][0]["message"]


async def test_without_rules_no_statement_is_longer(site: Site) -> None:
    await site.ask(id=MINE)
    assert not any("NOT MATERIALIZED" in s for s in site.statements)
