"""Masks: what a group may not see is in no answer, no filter and no statement."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any

import pytest

from cyclorama.layouts.model import SURFACES, Layout, LayoutBook, Placement
from cyclorama.plugins.discovery import discover
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.storage.audit import Actor, Author
from cyclorama.storage.configuration import FieldFacts
from cyclorama.storage.engine import Database
from cyclorama.storage.masks import (
    FieldPermission,
    load_permissions,
    remove_permission,
    set_permission,
)
from cyclorama.storage.pools import prepare_file
from cyclorama.storage.rows import PersonRow, UserGroupRow
from cyclorama.testing import ADMIN, NOW, Bench, company, relationship

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
PATHS = ("arr", "mrr", "csm.email", "csm.name", "custom.tier", "custom.seats")
FIELDS = tuple(
    FieldFacts(
        object="company",
        key=key,
        label=key,
        type=type_,
        required=False,
        editable=True,
        help_text=None,
        picklist=None,
    )
    for key, type_ in (("tier", "STRING"), ("seats", "NUMBER"), ("mail", "EMAIL"))
)
CONFIGS: dict[str, Any] = {
    "attributes": {
        "groups": [
            {"label": "All", "fields": [{"path": p, "editable": True} for p in PATHS]}
        ]
    },
    "summary": {"fields": [{"path": p} for p in PATHS]},
    "company_hierarchy": {
        "columns": [{"path": p} for p in ("arr", "mrr", "custom.seats")]
    },
}
PAGE = """{ company(id: "company_1") {
  attributes { groups { fields { path value } } missingRequired }
  summary { cards { key value } fields { path value displayValue } }
  companyHierarchy { nodes { own { path value } rolledUp { path value } } }
  relationships { byType { count } relationships { edges { cursor node { name } } } }
  support { cases { edges { cursor node { number } } } } } }"""


def hidden(*fields: str, group: str = "csm") -> list[FieldPermission]:
    return [FieldPermission(group, field, "hidden") for field in fields]


def book() -> LayoutBook:
    return LayoutBook(
        tuple(
            Layout(
                f"all-{kind.lower()}",
                kind,
                None,
                "All",
                is_default=True,
                placements=tuple(
                    Placement(
                        s.key,
                        s.key,
                        surfaces=SURFACES,
                        config=CONFIGS.get(s.key, {}) if kind == "COMPANY" else {},
                    )
                    for s in SECTIONS
                ),
            )
            for kind in ("COMPANY", "RELATIONSHIP")
        )
    )


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS, book=book(), fields=FIELDS)
    await made.fill(0)
    facts = {"tier": "gold", "seats": 5, "mail": "a@b.example"}
    await made.add(
        company(1, arr_minor=77700, mrr_minor=4400, csm_id="user_csm", custom=facts),
        company(2, arr_minor=88800, parent_id="company_1", custom={"seats": 7}),
        relationship(1, of=1, arr_minor=55500, mrr_minor=6600),
        PersonRow(
            id="person_1",
            name="Zoë Quill",
            search_key="zoe quill",
            email="zq@corp.example",
            created_at=NOW,
            updated_at=NOW,
        ),
        *(
            SupportCaseRow(
                id=f"case_{n}",
                company_id="company_1",
                number=str(n),
                status="New",
                opened_at=NOW.replace(day=1 + n % 3),
                updated_at=NOW,
            )
            for n in range(5)
        ),
    )
    return made


async def paths(bench: Bench) -> set[str]:
    """All paths of fields that a page shows."""
    page = (await bench.query(PAGE))["company"]
    groups = page["attributes"]["groups"]
    nodes = page["companyHierarchy"]["nodes"]
    return {f["path"] for g in groups for f in g["fields"]} & {
        f["path"] for f in page["summary"]["fields"]
    } | {f["path"] for n in nodes for f in (*n["own"], *n["rolledUp"])}


def columns_read(bench: Bench) -> set[tuple[str, str]]:
    """What the statements of the last question read, as SQLite's authorizer sees it."""
    found: set[tuple[str, str]] = set()

    def seen(action: int, table: Any, column: Any, *_: Any) -> int:
        if action == sqlite3.SQLITE_READ:
            found.add((table, column))
        return sqlite3.SQLITE_OK

    connection = sqlite3.connect(str(bench.database.url.database))
    prepare_file(connection, None)
    connection.set_authorizer(seen)
    for statement in bench.statements:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            # It has no values, which is found after it was read.
            with contextlib.suppress(sqlite3.ProgrammingError):
                connection.execute(f"EXPLAIN {statement}")
    connection.close()
    return found


async def code(bench: Bench, query: str, **variables: Any) -> str:
    answer = await bench.ask(query, **variables)
    found: str = answer["errors"][0]["extensions"]["code"]
    return found


@pytest.mark.parametrize(
    ("field", "gone"),
    [
        ("Company.arr", {"arr"}),
        ("User.email", {"csm.email"}),
        ("Company.csm", {"csm.email", "csm.name"}),
        ("Company.custom.tier", {"custom.tier"}),
        ("Company.custom.seats", {"custom.seats"}),
        ("money.view", {"arr", "mrr"}),
        ("pii.view", {"csm.email"}),
    ],
)
async def test_fields_as_data_are_left_out(
    bench: Bench, field: str, gone: set[str]
) -> None:
    assert await paths(bench) == set(PATHS)
    bench.permissions = tuple(hidden(field))
    assert await paths(bench) == set(PATHS) - gone


async def test_what_is_hidden_is_an_unknown_path(bench: Bench) -> None:
    bench.permissions = tuple(hidden("Company.arr", "Company.custom.tier"))
    query = '{ company(id: "company_1") { fields(paths: ["%s"]) { value } } }'
    for path, other in (("arr", "arx"), ("custom.tier", "custom.tiex")):
        one = (await bench.ask(query % path))["errors"][0]["message"]
        two = (await bench.ask(query % other))["errors"][0]["message"]
        assert f"near it are {path}" not in two
        assert f", {path}" not in two
        said = two.replace(other, path).partition("; near")[0]
        assert one.partition("; near")[0].rstrip(".") == said.rstrip(".")


@pytest.mark.parametrize(
    ("field", "coordinates"),
    [
        ("Company.arr", ['company(id: "company_1") { arr { amount } }']),
        ("User.email", ['company(id: "company_1") { csm { email } }']),
        (
            "Relationship.arr",
            [
                'relationship(id: "relationship_1") { arr { amount } }',
                'company(id: "company_1") { relationships { byType { arr { amount } } } }',
            ],
        ),
        ("Company.tags", ['company(id: "company_1") { summary { tags } }']),
        (
            "SupportCase.isClosed",
            ['company(id: "company_1") { support { openCount } }'],
        ),
        ("Company.status", ['company(id: "company_1") { lifetimeInMonths }']),
    ],
)
async def test_typed_fields_and_what_is_made_of_them_do_not_exist(
    bench: Bench, field: str, coordinates: list[str]
) -> None:
    for asked in coordinates:
        await bench.query(f"{{ {asked} }}")
    bench.permissions = tuple(hidden(field))
    for asked in coordinates:
        answer = await bench.ask(f"{{ {asked} }}")
        assert answer["errors"][0]["message"].startswith("Cannot query field")
        assert "data" not in answer
        assert bench.statements == []


async def test_an_interface_keeps_only_what_all_show(bench: Bench) -> None:
    query = '{ node(id: "relationship_1") { ... on Record360 { arr { amount } } } }'
    await bench.query(query)
    bench.permissions = tuple(hidden("Company.arr"))
    assert await code(bench, query) == "GRAPHQL_VALIDATION_FAILED"
    own = '{ relationship(id: "relationship_1") { arr { amount } } }'
    assert (await bench.query(own))["relationship"]["arr"] == {"amount": "555.00"}


async def test_filters_and_orders_go_with_the_field(bench: Bench) -> None:
    listed = "companies(%s) { edges { node { name } } totalCount }"
    bench.permissions = tuple(hidden("Company.arr"))
    for arguments in ("filter: { arrAtLeast: 800 }", "orderBy: [{ field: ARR }]"):
        query = f"{{ {listed % arguments} }}"
        assert await code(bench, query) == "GRAPHQL_VALIDATION_FAILED"
    filtered = f"query($f: CompanyFilter) {{ {listed % 'filter: $f'} }}"
    assert await code(bench, filtered, f={"arrAtLeast": 800}) == "BAD_USER_INPUT"
    ordered = f"query($o: [CompanyOrder!]) {{ {listed % 'orderBy: $o'} }}"
    assert await code(bench, ordered, o=[{"field": "ARR"}]) == "BAD_USER_INPUT"
    assert bench.statements == []
    await bench.query(filtered, f={"search": "Company"})


async def test_nobody_is_found_by_what_is_hidden(bench: Bench) -> None:
    query = """query($t: String!) { search(text: $t) {
        edges { matched node { __typename ... on Node { id } } } } }"""

    async def found(text: str) -> list[Any]:
        edges = (await bench.query(query, t=text))["search"]["edges"]
        return [e["matched"] for e in edges]

    assert await found("zq@corp") == ["zq@corp.example"]
    assert await found("quill") == ["Zoë Quill"]
    bench.permissions = tuple(hidden("Person.email"))
    assert await found("zq@corp") == []
    assert await found("quill") == ["Zoë Quill"]
    bench.permissions = tuple(hidden("Person.name"))
    assert await found("zq@corp") == ["zq@corp.example"]
    assert await found("quill") == []
    bench.permissions = tuple(hidden("pii.view"))
    assert await found("zq@corp") + await found("quill") == []


CHANGE = """mutation($path: String!, $value: JSON) { updateFields(input: {
    recordId: "company_1", fields: [{ path: $path, value: $value }] }) {
    errors { code path message } } }"""


async def test_what_is_hidden_is_unknown_to_a_change(bench: Bench) -> None:
    async def refusals(path: str) -> list[Any]:
        answer = await bench.query(CHANGE, path=path, value="900.00")
        return [e["code"] for e in answer["updateFields"]["errors"]]

    bench.permissions = tuple(hidden("Company.arr"))
    assert await refusals("arr") == ["UNKNOWN_FIELD"]
    bench.permissions = (FieldPermission("csm", "Company.arr", "read"),)
    assert await refusals("arr") == ["READ_ONLY"]
    query = '{ company(id: "company_1") { fields(paths: ["arr"]) { editable value } } }'
    (field,) = (await bench.query(query))["company"]["fields"]
    assert field["editable"] is False
    assert field["value"]["amount"] == "777.00"
    bench.permissions = ()
    assert await refusals("arr") == []


async def test_hidden_keys_leave_an_order_and_its_cursors(bench: Bench) -> None:
    query = """query($after: String) { company(id: "company_1") { support {
      cases(first: 2, after: $after) { pageInfo { endCursor hasNextPage }
        edges { node { id } } } } } }"""
    cursor = (await bench.query(query))["company"]["support"]["cases"]
    whole = cursor["pageInfo"]["endCursor"]
    bench.permissions = tuple(hidden("SupportCase.openedAt"))
    seen: list[str] = []
    after = None
    while True:
        page = (await bench.query(query, after=after))["company"]["support"]["cases"]
        seen += [e["node"]["id"] for e in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        assert b"2026" not in bytes.fromhex(after)
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [f"case_{n}" for n in range(5)]
    assert await code(bench, query, after=whole) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ("Company.arr", ("company", "arr_minor")),
        ("Relationship.arr", ("relationship", "arr_minor")),
        ("User.email", ("app_user", "email")),
        ("SupportCase.openedAt", ("support_case", "opened_at")),
    ],
)
async def test_the_columns_of_what_is_hidden_are_not_read(
    bench: Bench, field: str, column: tuple[str, str]
) -> None:
    if not bench.database.is_sqlite:
        both = {"Company.arr", "Relationship.arr"} if field.endswith("arr") else {field}
        await bench.query(PAGE)
        assert f".{column[1]}" in " ".join(bench.statements)
        bench.permissions = tuple(hidden(*both))
        await bench.query(PAGE)
        assert f".{column[1]}" not in " ".join(bench.statements)
        return
    await bench.query(PAGE)
    assert column in columns_read(bench) or field == "Relationship.arr"
    bench.permissions = tuple(hidden(field))
    await bench.query(PAGE)
    read = columns_read(bench)
    assert (column[0], "id") in read or column[0] == "app_user"
    assert column not in read


@pytest.mark.parametrize(
    ("permissions", "sees"),
    [
        ([], True),
        (hidden("Company.arr"), False),
        (hidden("Company.arr", group="exec"), True),
        (hidden("Company.arr", group="*"), False),
        (
            [
                *hidden("Company.arr", group="*"),
                FieldPermission("csm", "Company.arr", "edit"),
            ],
            True,
        ),
        (
            [
                FieldPermission("*", "Company.arr", "edit"),
                *hidden("Company.arr"),
            ],
            False,
        ),
        ([FieldPermission("csm", "Company.arr", "read")], True),
    ],
)
async def test_whose_permission_counts(
    bench: Bench, permissions: list[FieldPermission], sees: bool
) -> None:
    bench.permissions = tuple(permissions)
    answer = await bench.ask('{ company(id: "company_1") { arr { amount } } }')
    assert ("data" in answer) is sees


OF_SUPPORT = (
    ("Company.support",),
    (
        "SupportSection.cases",
        "SupportSection.openCount",
        "SupportSection.meanDaysToClose",
    ),
)
LISTED = """{ company(id: "company_1") {
  sections { __typename } layout { sections { section } hidden { section } } } }"""


@pytest.mark.parametrize("planned", [True, False])
@pytest.mark.parametrize("fields", OF_SUPPORT)
async def test_a_section_of_which_nothing_is_left_is_nowhere(
    bench: Bench, database: Database, planned: bool, fields: tuple[str, ...]
) -> None:
    one = Bench(database, SECTIONS, book=book(), fields=FIELDS, planned=planned)

    async def listed() -> tuple[list[str], list[str]]:
        found = (await one.query(LISTED))["company"]
        placed = [s["section"] for s in found["layout"]["sections"]]
        return [s["__typename"] for s in found["sections"]], placed

    types, placed = await listed()
    one.permissions = tuple(hidden(*fields))
    assert await listed() == (
        [t for t in types if t != "SupportSection"],
        [p for p in placed if p != "support"],
    )
    assert "support_case" not in " ".join(one.statements)
    assert "SupportSection" in types
    assert "support" in placed
    query = '{ company(id: "company_1") { support { state } } }'
    assert await code(one, query) == "GRAPHQL_VALIDATION_FAILED"
    one.permissions = tuple(hidden(*fields[1:], "SupportSection.asOf"))
    assert await listed() == (types, placed)


async def test_a_masked_section_is_withheld_from_whom_it_is_masked_for(
    bench: Bench,
) -> None:
    query = """query($groups: [String!]) {
      explainLayout(recordId: "company_1", groupKeys: $groups) {
        withheld { section reason } } }"""
    await bench.add(
        UserGroupRow(id="group_csm", key="csm", name="CSM"),
        UserGroupRow(id="group_exec", key="exec", name="Exec"),
    )
    bench.permissions = tuple(hidden("Company.support", group="exec"))
    found = {}
    for group in ("csm", "exec"):
        answer = await bench.ask(query, viewer=ADMIN, groups=[group])
        found[group] = answer["data"]["explainLayout"]["withheld"]
    withheld = {"section": "support", "reason": "NOT_PERMITTED"}
    assert withheld in found["exec"]
    assert withheld not in found["csm"]


AUTHOR = Author(actor=Actor(kind="COMMAND", id=None, name="ann"), at=NOW)


async def test_permissions_are_kept_and_raise_the_version(database: Database) -> None:
    one = FieldPermission("csm", "Company.arr", "hidden")
    async with database.write() as session:
        assert await set_permission(session, one, AUTHOR)
        assert not await set_permission(session, one, AUTHOR)
        assert await set_permission(
            session, FieldPermission("csm", "Company.arr", "read"), AUTHOR
        )
    async with database.read() as reading:
        assert [p.access for p in await load_permissions(reading)] == ["read"]
    async with database.write() as session:
        assert await remove_permission(session, "csm", "Company.arr", AUTHOR)
        assert not await remove_permission(session, "csm", "Company.arr", AUTHOR)
