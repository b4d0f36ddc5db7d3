"""`personaliseLayout`: for oneself, within what the layout gives, and for nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from cyclorama.app import App, make_app
from cyclorama.config import Settings
from cyclorama.demo import USERS
from cyclorama.execution.engine import Operation
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    CompanyRow,
    LayoutRow,
    PersonalisationRow,
    PlacementRow,
    UserRow,
)
from cyclorama.storage.switches import switch

pytestmark = pytest.mark.anyio
CHANGE = """mutation($input: PersonaliseLayoutInput!) { personaliseLayout(input: $input) {
  errors { path code message }
  layout { key sections { instanceKey position } hidden { instanceKey label } collapsed
    lastTab } } }"""
SEEN = """query($id: ID!) { company(id: $id) {
  layout { sections { instanceKey } hidden { instanceKey } collapsed lastTab }
  sections { placement { instanceKey } } usage { state } } }"""
EXPLAIN = """query($record: ID!, $user: ID, $groups: [String!]) {
  explainLayout(recordId: $record, userId: $user, groupKeys: $groups) {
    withheld { instanceKey reason } } }"""


class Page:
    """The page of one company of the demo, by its users."""

    def __init__(self, app: App, company: str) -> None:
        self.app, self.company = app, company

    async def ask(self, who: str, query: str, kind: str = "USER", **values: Any) -> Any:
        async with self.app.as_user(f"{who}@example.com") as context:
            context.viewer = replace(context.viewer, kind=kind)
            operation = Operation(query=query, variables=values)
            answer = await self.app.answer(operation, context)
        return orjson.loads(answer.body)

    async def change(self, who: str = "csm", kind: str = "USER", **given: Any) -> Any:
        given = {"recordId": self.company, **given}
        answer = await self.ask(who, CHANGE, kind, input=given)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]["personaliseLayout"]

    async def seen(self, who: str = "csm") -> Any:
        answer = await self.ask(who, SEEN, id=self.company)
        if "data" not in answer:  # Usage does not exist where nobody gets it
            query = SEEN.replace("usage { state }", "")
            answer = await self.ask(who, query, id=self.company)
        return answer["data"]["company"]

    async def keys(self, who: str = "csm") -> list[str]:
        seen = await self.seen(who)
        keys = [s["instanceKey"] for s in seen["layout"]["sections"]]
        assert [s["placement"]["instanceKey"] for s in seen["sections"]] == keys
        return keys

    async def stored(self) -> list[str]:
        async with self.app.database.read() as reading:
            rows = await reading.execute(sa.select(PersonalisationRow.settings))
        return [row.settings for row in rows]


@pytest.fixture
async def page(demo_database: Database) -> AsyncIterator[Page]:
    app = make_app(Settings(), demo_database)
    async with demo_database.read() as reading:
        query = sa.select(CompanyRow.id).order_by(CompanyRow.search_key).limit(1)
        ((company,),) = await reading.execute(query)
    async with demo_database.write() as session:
        for group, *_ in USERS:
            user = sa.update(UserRow).where(UserRow.email.startswith(group))
            await session.execute(user.values(email=f"{group}@example.com"))
    yield Page(app, company)
    await app.close()


# -- refusals


async def test_a_record_that_does_not_exist_has_no_layout(page: Page) -> None:
    for record in ("company_none", "user_1", ""):
        payload = await page.change(recordId=record, hidden=["usage"])
        assert payload["layout"] is None
        (error,) = payload["errors"]
        assert (error["path"], error["code"]) == (["recordId"], "NOT_FOUND")
    assert await page.stored() == []


async def test_only_users_arrange_layouts(page: Page) -> None:
    for kind in ("API_CLIENT", "EMBED"):
        payload = await page.change(kind=kind, hidden=["usage"])
        assert [e["code"] for e in payload["errors"]] == ["FORBIDDEN"]
    assert await page.stored() == []


async def test_what_is_too_much_is_named(page: Page) -> None:
    long = "x" * 81
    payload = await page.change(
        hidden=["a"] * 201, order=["a", long], collapsed=[long], lastTab=long
    )
    found = {tuple(e["path"]): e["code"] for e in payload["errors"]}
    assert found == {
        ("hidden",): "LIMIT_EXCEEDED",
        ("order", "1"): "LENGTH",
        ("collapsed", "0"): "LENGTH",
        ("lastTab",): "LENGTH",
    }
    assert await page.stored() == []


async def test_a_section_that_is_withheld_is_not_won_and_not_told(page: Page) -> None:
    async with page.app.database.write() as session:
        await switch(session, "usage", False)
    before = await page.keys()
    payload = await page.change(order=["usage", *before], collapsed=["usage"])
    layout = payload["layout"]
    assert [s["instanceKey"] for s in layout["sections"]] == before
    payload = await page.change(hidden=["usage"], lastTab="usage")
    layout = payload["layout"]
    assert (layout["hidden"], layout["collapsed"], layout["lastTab"]) == ([], [], None)
    assert await page.keys() == before


async def test_unknown_keys_are_ignored_and_not_kept(page: Page) -> None:
    before = await page.keys()
    payload = await page.change(hidden=["no_such"], order=["other"], lastTab="third")
    assert payload["errors"] == []
    assert await page.keys() == before
    (stored,) = await page.stored()
    assert orjson.loads(stored) == {"layout": payload["layout"]["key"]}


# -- what it does


async def test_a_hidden_section_is_gone_for_this_user_alone(page: Page) -> None:
    others = await page.keys("admin")
    mine = await page.keys()
    payload = await page.change(hidden=["usage", "usage"])
    hidden = payload["layout"]["hidden"]
    assert [h["instanceKey"] for h in hidden] == ["usage"]
    assert await page.keys() == [k for k in mine if k != "usage"]
    answer = await page.ask("csm", SEEN, id=page.company)
    assert answer["data"]["company"]["usage"] is None
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "SECTION_NOT_IN_LAYOUT"
    assert await page.keys("admin") == others
    await page.change(hidden=None)
    assert await page.keys() == mine
    assert (await page.seen())["usage"] is not None


async def test_an_order_is_kept_and_what_is_left_out_stays(page: Page) -> None:
    mine = await page.keys()
    turned = [*reversed(mine)]
    await page.change(order=turned, collapsed=[mine[0], mine[1]])
    payload = await page.change(lastTab=mine[2])
    layout = payload["layout"]
    assert [s["instanceKey"] for s in layout["sections"]] == turned
    assert [s["position"] for s in layout["sections"]] == list(range(len(mine)))
    assert await page.keys() == turned
    seen = (await page.seen())["layout"]
    assert sorted(seen["collapsed"]) == sorted(mine[:2])
    assert seen["lastTab"] == mine[2]
    await page.change(order=None)
    assert await page.keys() == mine
    assert (await page.seen())["layout"]["lastTab"] == mine[2]


async def test_a_section_that_an_admin_adds_later_has_the_admins_place(
    page: Page,
) -> None:
    mine = await page.keys()
    key = (await page.change(order=[*reversed(mine)]))["layout"]["key"]
    async with page.app.database.write() as session:
        layout = await session.scalar(
            sa.select(LayoutRow.id).where(LayoutRow.key == key)
        )
        own = PlacementRow.layout_id == layout
        placed = sa.select(PlacementRow).where(own).order_by(PlacementRow.position)
        rows = [*await session.scalars(placed)]
        for row in rows[1:]:
            row.position += 1
        new = {"id": "placement_new", "instance_key": "later", "section": "support"}
        session.add(
            PlacementRow(
                **new, layout_id=layout, position=1, surfaces=["PAGE"], config={}
            )
        )
        await switch(session, "usage", False)  # which all workers look at
    keys = await page.keys()
    assert keys[keys.index(mine[0]) + 1] == "later"


async def test_changes_at_the_same_time_are_all_kept(page: Page) -> None:
    mine = await page.keys()
    await asyncio.gather(
        page.change(hidden=[mine[0]]),
        page.change(collapsed=[mine[1]]),
        page.change(lastTab=mine[2]),
        page.change(order=[*reversed(mine)]),
    )
    layout = (await page.seen())["layout"]
    assert [h["instanceKey"] for h in layout["hidden"]] == [mine[0]]
    assert (layout["collapsed"], layout["lastTab"]) == ([mine[1]], mine[2])
    assert await page.keys() == [k for k in reversed(mine) if k != mine[0]]


async def test_an_admin_is_told_who_hid_what(page: Page) -> None:
    await page.change(hidden=["usage"])
    async with page.app.database.read() as reading:
        query = sa.select(UserRow.id).where(UserRow.email == "csm@example.com")
        ((user,),) = await reading.execute(query)

    async def hidden(**given: Any) -> list[Any]:
        answer = await page.ask("admin", EXPLAIN, record=page.company, **given)
        withheld = answer["data"]["explainLayout"]["withheld"]
        return [w for w in withheld if w["reason"] == "HIDDEN_BY_VIEWER"]

    reason = {"instanceKey": "usage", "reason": "HIDDEN_BY_VIEWER"}
    assert await hidden(user=user) == [reason]
    assert await hidden(user=user, groups=["csm"]) == []
    assert await hidden() == []


async def test_signing_in_takes_no_more_statements(page: Page) -> None:
    query = "query($id: ID!) { company(id: $id) { name support { state } } }"

    async def statements() -> int:
        await page.ask("csm", query, id=page.company)
        await page.app.audit.close()
        seen: list[str] = []
        page.app.database.watches[:] = [seen.append]
        await page.ask("csm", query, id=page.company)
        page.app.database.watches.clear()
        return len([s for s in seen if "BEGIN" not in s and "audit_" not in s])

    before = await statements()
    mine = await page.keys()
    await page.change(hidden=[mine[0]], order=mine)
    assert await statements() == before
