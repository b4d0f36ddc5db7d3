"""Every way to a page leaves the same entry in the audit log, the short one too."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from test_http import Site, site

from cyclorama.execution.shortcuts import Shortcut
from cyclorama.storage.audit import ROWS
from cyclorama.storage.audit_checks import verify
from cyclorama.testing import company

__all__ = ["site"]
pytestmark = pytest.mark.anyio
QUERY = """query Page($id: ID!) { company(id: $id) { name summary { state }
  support { openCount } } }"""
HIDE = """mutation($hidden: [String!]) {
  personaliseLayout(input: {recordId: "company_1", hidden: $hidden}) {
    errors { code } } }"""


async def entries(site: Site) -> list[Any]:
    await site.app.audit.close()
    async with site.app.database.read() as reading:
        assert (await verify(reading)).fault is None
        rows = await reading.execute(sa.select(ROWS).order_by(ROWS.c.number))
    return [dict(row._mapping) for row in rows]


async def ask(site: Site, number: int, **headers: str) -> Any:
    body = {"query": QUERY, "variables": {"id": f"company_{number}"}}
    return (await site.post(body, headers=headers)).json()


async def test_a_page_is_an_entry_whichever_way_it_was_answered(site: Site) -> None:
    async with site.app.database.write() as session:
        session.add_all([company(1), company(2)])
    for number in (1, 1, 1, 1, 2, 1):
        await ask(site, number, **{"x-request-id": f"r{number}"})
    assert (await ask(site, 3))["data"]["company"] is None
    kept = [k for k, _ in site.app.engine.shortcuts.kept._values.values()]
    served = [k.served for k in kept if isinstance(k, Shortcut)]
    found = await entries(site)
    assert sum(served) >= 3
    assert [e["subject"][-1] for e in found] == ["1", "1", "1", "1", "2", "1"]
    alike = ("number", "at", "previous", "hash", "subject", "details", "request_id")
    told = {tuple(v for k, v in e.items() if k not in alike) for e in found}
    assert len(told) == 1
    assert {e["operation"] for e in found} == {"Page"}
    assert [e["request_id"] for e in found] == ["r1"] * 4 + ["r2", "r1"]
    own = '{"reads":[{"records":["company_%s"],"sections":["summary","support"]}]}'
    assert [e["details"] for e in found] == [own % e["subject"][-1] for e in found]


async def test_a_section_that_was_just_hidden_is_not_given_the_short_way(
    site: Site,
) -> None:
    async with site.app.database.write() as session:
        session.add(company(1))
    for _ in range(4):
        assert (await ask(site, 1))["data"]["company"]["support"] is not None
    hidden = {"query": HIDE, "variables": {"hidden": ["support"]}}
    payload = (await site.post(hidden)).json()["data"]["personaliseLayout"]
    assert payload["errors"] == []
    for _ in range(4):
        assert (await ask(site, 1))["data"]["company"]["support"] is None
    await site.post({**hidden, "variables": {"hidden": []}})
    for _ in range(4):
        assert (await ask(site, 1))["data"]["company"]["support"] is not None
