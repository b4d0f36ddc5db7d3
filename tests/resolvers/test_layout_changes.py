"""Layout files in the graph and the database: planned, applied, taken back."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from cyclorama.app import App, make_app
from cyclorama.config import load_settings
from cyclorama.execution.engine import Operation
from cyclorama.resolvers.book import load_book
from cyclorama.storage.accounts import add_user
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    AssignmentRow,
    LayoutRow,
    PlacementRow,
    RelationshipTypeRow,
    UserGroupRow,
)
from cyclorama.testing import NOW, company, relationship

pytestmark = pytest.mark.anyio
FILE = """\
# Kept as it is.
layouts:
  - key: big # for the big ones
    kind: COMPANY
    name: Big
    placements: [{section: summary}, {section: usage}]
  - {key: base, kind: COMPANY, name: Base, is_default: true, placements: [{section: summary}]}
  - {key: any, kind: RELATIONSHIP, name: Any, is_default: true}
assignments:
  - rank: 1
    name: Big ones
    layout: big
    viewer: [{attribute: groups, operator: IN_GROUP, values: [csm]}]
    record: [{attribute: employees, operator: GT, values: [100]}]
"""
PLAN = """changes { layoutKey kind instanceKey detail }
  impact { group section recordKind gained lost } warnings version"""
APPLY = f"""mutation($file: String!, $version: Int) {{
  applyLayouts(input: {{file: $file, expectedVersion: $version}}) {{
    version plan {{ {PLAN} }} errors {{ path code message }} }} }}"""
REVERT = """mutation($version: Int!) { revertLayouts(input: {version: $version}) {
  version errors { path code message } } }"""


@pytest.fixture
async def app(database: Database) -> App:
    async with database.write() as session:
        for key in ("admin", "csm", "exec"):
            session.add(UserGroupRow(id=f"group_{key}", key=key, name=key))
        session.add(RelationshipTypeRow(id="type_product", key="product", name="P"))
        for n in range(1, 5):
            session.add(company(n, employees=n * 60))
        await session.flush()
        session.add(relationship(1))
        await add_user(session, email="root@example.com", groups=["admin"], now=NOW)
        await add_user(session, email="ann@example.com", groups=["csm"], now=NOW)
    return make_app(load_settings(), database)


async def ask(app: App, query: str, who: str = "root", **variables: Any) -> Any:
    async with app.as_user(f"{who}@example.com") as context:
        asked = Operation(query=query, variables=variables)
        return orjson.loads((await app.answer(asked, context)).body)


async def apply(app: App, file: str, **given: Any) -> Any:
    answer = await ask(app, APPLY, file=file, **given)
    return answer["data"]["applyLayouts"]


async def plan(app: App, file: str) -> Any:
    query = f"query($file: String!) {{ planLayouts(file: $file) {{ {PLAN} }} }}"
    return (await ask(app, query, file=file))["data"]["planLayouts"]


async def text(app: App) -> str:
    found = await ask(app, "{ layoutFile }")
    return str(found["data"]["layoutFile"])


@pytest.mark.parametrize(
    "query",
    [
        '{ planLayouts(file: "layouts: []") { version } }',
        "{ layoutHistory { version } }",
    ],
)
async def test_only_admins_may_plan_and_see_the_history(app: App, query: str) -> None:
    answer = await ask(app, query, "ann")
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "data" not in answer


async def test_only_admins_may_change_layouts(app: App, database: Database) -> None:
    await apply(app, FILE)
    for query, given in (
        (APPLY, {"file": FILE.replace("Big", "B")}),
        (REVERT, {"version": 1}),
    ):
        answer = await ask(app, query, "ann", **given)
        assert "data" not in answer
        assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert await text(app) == FILE


async def test_a_broken_file_changes_nothing_and_names_every_place(app: App) -> None:
    broken = FILE.replace("usage", "usag").replace("[csm]", "[sales]")
    found = await apply(app, broken)
    assert (found["plan"], found["version"]) == (None, None)
    assert [(e["path"], e["code"]) for e in found["errors"]] == [
        (["file", "layouts", "0", "placements", "1", "section"], "NOT_FOUND"),
        (["file", "assignments", "0", "viewer", "0", "values"], "NOT_FOUND"),
    ]
    query = "query($file: String!) { planLayouts(file: $file) { version } }"
    answer = await ask(app, query, file=broken)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "no section 'usag'" in answer["errors"][0]["message"]


async def test_the_second_of_two_editors_gets_a_conflict(app: App) -> None:
    seen = (await plan(app, FILE))["version"]
    first = await apply(app, FILE, version=seen)
    assert first["errors"] == []
    second = await apply(app, FILE.replace("Big", "Mine"), version=seen)
    assert [(e["path"], e["code"]) for e in second["errors"]] == [
        (["expectedVersion"], "CONFLICT")
    ]
    assert await text(app) == FILE


async def test_a_plan_counts_who_sees_more_and_less(app: App) -> None:
    await apply(app, FILE)
    assert (await plan(app, FILE))["changes"] == []
    later = FILE.replace("values: [100]", "values: [200]")
    found = await plan(app, later)
    assert [c["kind"] for c in found["changes"]] == ["ASSIGNMENT_CHANGED"]
    assert found["impact"] == [
        {
            "group": "csm",
            "section": "usage",
            "recordKind": "COMPANY",
            "gained": 0,
            "lost": 2,
        }
    ]
    applied = await apply(app, later)
    assert applied["plan"] == found
    again = await plan(app, later)
    assert (again["changes"], again["impact"]) == ([], [])


async def test_what_was_applied_comes_out_with_its_comments_and_order(app: App) -> None:
    first = await apply(app, FILE)
    assert await text(app) == FILE
    assert (await apply(app, FILE))["version"] == first["version"]
    remark = FILE.replace("Kept as it is", "Another remark")
    second = await apply(app, remark)
    assert second["version"] == first["version"] + 1
    assert second["plan"]["changes"] == []
    assert await text(app) == remark


async def test_a_change_can_be_taken_back_and_the_history_tells(app: App) -> None:
    first = (await apply(app, FILE))["version"]
    await apply(app, FILE.replace("name: Big\n", "name: Bigger\n"))
    gone = (await ask(app, REVERT, version=77))["data"]["revertLayouts"]
    assert [(e["path"], e["code"]) for e in gone["errors"]] == [
        (["version"], "NOT_FOUND")
    ]
    back = (await ask(app, REVERT, version=first))["data"]["revertLayouts"]
    assert (back["errors"], back["version"]) == ([], first + 2)
    assert await text(app) == FILE
    history = await ask(
        app, "{ layoutHistory(first: 2) { version author changes at } }"
    )
    last, before = history["data"]["layoutHistory"]
    assert (last["author"], last["version"]) == ("root@example.com", first + 2)
    assert last["changes"] == ["big: Big: name 'Bigger' becomes 'Big'."]
    assert before["changes"] == ["big: Bigger: name 'Big' becomes 'Bigger'."]


async def test_pins_and_shared_sections_come_back_as_they_were(app: App) -> None:
    full = FILE.replace(
        "layouts:",
        "shared_sections:\n  - {key: s, section: usage, name: S}\nlayouts:",
        1,
    ).replace("{section: usage}", "{shared: s}")
    full += "pins: [{record: company_1, layout: big}]\n"
    found = await apply(app, full)
    assert found["errors"] == []
    async with app.database.read() as reading:
        book = await load_book(reading)
    assert [p.shared for p in book.layouts[1].placements] == [None, "s"]
    assert [s.version for s in book.shared] == [1]
    query = '{ company(id: "company_1") { layout { key } } }'
    answer = await ask(app, query, "ann")
    assert answer["data"]["company"]["layout"]["key"] == "big"
    assert (await plan(app, full))["changes"] == []


@pytest.mark.parametrize(
    ("record", "layout", "path", "code"),
    [
        ("company_77", "big", "record", "NOT_FOUND"),
        ("user_1", "big", "record", "NOT_FOUND"),
        ("relationship_1", "big", "layout", "INVALID"),
        ("company_1", "any", "layout", "INVALID"),
    ],
)
async def test_a_pin_that_fits_no_record_is_refused(
    app: App, record: str, layout: str, path: str, code: str
) -> None:
    found = await apply(app, f"{FILE}pins: [{{record: {record}, layout: {layout}}}]")
    assert [(e["path"], e["code"]) for e in found["errors"]] == [
        (["file", "pins", "0", path], code)
    ]


async def test_what_was_deleted_is_warned_of_and_the_file_can_still_be_applied(
    app: App,
) -> None:
    await apply(app, FILE)
    async with app.database.write() as session:
        await session.execute(
            sa.update(UserGroupRow)
            .where(UserGroupRow.key == "csm")
            .values(key="success")
        )
    found = await plan(app, FILE)
    assert found["changes"] == []
    assert (
        "Assignment 1 'Big ones': there is no group 'csm' (any more)."
        in (found["warnings"])
    )
    assert (await apply(app, FILE))["errors"] == []


async def test_the_plan_warns_of_what_nobody_reaches_and_of_costs(app: App) -> None:
    await apply(app, FILE)
    more = FILE.replace("{section: usage}]", "{section: usage}, {section: support}]")
    more = more.replace(
        "  - rank: 1\n", "  - {rank: 0, name: All, layout: base}\n  - rank: 1\n"
    )
    warned = (await plan(app, more))["warnings"]
    assert warned == [
        "Assignment 1 'Big ones' is never reached: Assignment 0 'All' comes first and "
        "matches all that it would.",
        "big: nobody gets the layout.",
        "big costs more: its page reads 3 sections, 2 before.",
    ]


async def test_the_order_of_rows_in_the_database_does_not_matter(app: App) -> None:
    await apply(app, FILE + "  - {rank: 2, name: Rest, layout: base}\n")
    async with app.database.read() as reading:
        before = await load_book(reading)
    async with app.database.write() as session:
        for row in (PlacementRow, AssignmentRow):
            rows: Any = row.__table__
            held = (await session.execute(sa.select(rows))).mappings().all()
            await session.execute(sa.delete(rows))
            again = [dict(r) for r in reversed(held)]
            await session.execute(sa.insert(rows), again)
        assert (await session.execute(sa.select(sa.func.count(LayoutRow.id)))).scalar()
    async with app.database.read() as reading:
        assert await load_book(reading) == before
