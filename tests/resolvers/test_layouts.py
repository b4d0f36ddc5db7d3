"""Layouts in the graph: closed to all but admins, whole for them, with explanations."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cyclorama.layouts.model import Assignment, Clause, Layout, LayoutBook, Placement
from cyclorama.plugins.discovery import discover
from cyclorama.schema.catalogue import attribute_names
from cyclorama.storage.configuration import FieldFacts
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import MembershipRow, UserGroupRow, UserRow
from cyclorama.testing import ADMIN, CSM, NOW, Bench, company

pytestmark = pytest.mark.anyio
BOOK = LayoutBook(
    layouts=(
        Layout(
            "csm",
            "COMPANY",
            None,
            "CSM",
            id="layout_1",
            placements=(
                Placement("summary", "summary"),
                Placement("gone", "uninstalled"),
                Placement("crm", "support", surfaces=("CRM_ACCOUNT",)),
            ),
        ),
        Layout("least", "COMPANY", None, "Least", id="layout_2", is_default=True),
        Layout("unit", "RELATIONSHIP", "product", "Unit", id="layout_3"),
        Layout("any", "RELATIONSHIP", None, "Any", id="layout_4", is_default=True),
    ),
    assignments=(
        Assignment(1, "CSMs", "csm", viewer=(Clause("groups", "IN", ("csm",)),)),
    ),
)
EXPLAIN = """query($record: ID!, $user: ID, $groups: [String!]) {
  explainLayout(recordId: $record, userId: $user, groupKeys: $groups) {
    layout { key } trail { rank assignment layoutKey matched because }
    withheld { instanceKey section reason } } }"""


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, discover().sections, book=BOOK)
    await made.fill(1)
    await made.add(
        UserRow(id="user_2", email="bo@example.com", name="Bo", created_at=NOW),
        UserGroupRow(id="group_csm", key="csm", name="CSM"),
        UserGroupRow(id="group_exec", key="exec", name="Exec"),
        MembershipRow(group_id="group_exec", user_id="user_2", by_hand=True),
        company(2),
    )
    return made


@pytest.mark.parametrize(
    "query",
    [
        "{ layouts { key } }",
        '{ layout(key: "csm") { key } }',
        "{ layoutFile }",
        '{ explainLayout(recordId: "company_1") { layout { key } } }',
        "{ sectionPlugins { key } }",
    ],
)
async def test_layouts_do_not_exist_but_for_admins(bench: Bench, query: str) -> None:
    answer = await bench.ask(query, viewer=CSM)
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "Cannot query field" in answer["errors"][0]["message"]
    assert not bench.statements


async def test_the_node_of_a_layout_is_null_to_all_but_admins(bench: Bench) -> None:
    plain = '{ node(id: "layout_1") { id __typename } }'
    assert await bench.ask(plain, viewer=CSM) == {"data": {"node": None}}
    query = '{ node(id: "layout_1") { id ... on Layout { key } } }'
    found = await bench.ask(query, viewer=ADMIN)
    assert found["data"] == {"node": {"id": "layout_1", "key": "csm"}}


async def test_an_admin_sees_layouts_whole(bench: Bench) -> None:
    found = await bench.ask(
        """{ layouts { id key kind name isDefault status version
             relationshipType { key } placements { instanceKey section label
             originalLabel position surfaces config } }
           companies: layouts(kind: COMPANY) { key }
           units: layouts(relationshipTypeKey: "product") { key }
           layout(key: "nope") { key } layoutFile }""",
        viewer=ADMIN,
    )
    assert "errors" not in found
    data = found["data"]
    assert [x["key"] for x in data["layouts"]] == ["csm", "least", "unit", "any"]
    assert [x["key"] for x in data["companies"]] == ["csm", "least"]
    assert [x["key"] for x in data["units"]] == ["unit"]
    assert data["layout"] is None
    assert data["layouts"][2]["relationshipType"] == {"key": "product"}
    assert data["layouts"][0]["placements"][1] == {
        "instanceKey": "gone",
        "section": "uninstalled",
        "label": "uninstalled",
        "originalLabel": "uninstalled",
        "position": 1,
        "surfaces": ["PAGE"],
        "config": {},
    }
    assert "CSMs" in data["layoutFile"]


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"record": "company_none"}, "`recordId`"),
        ({"record": "user_2"}, "`recordId`"),
        ({"record": "company_1", "user": "user_none"}, "`userId`"),
        ({"record": "company_1", "groups": ["nope"]}, "`groupKeys` names 'nope'"),
    ],
)
async def test_an_explanation_of_what_is_not_there_is_refused(
    bench: Bench, variables: dict[str, Any], named: str
) -> None:
    answer = await bench.ask(EXPLAIN, viewer=ADMIN, **variables)
    assert named in answer["errors"][0]["message"]


async def test_an_unknown_type_of_relationship_is_refused(bench: Bench) -> None:
    query = '{ layouts(relationshipTypeKey: "nope") { key } }'
    answer = await bench.ask(query, viewer=ADMIN)
    assert "`relationshipTypeKey`" in answer["errors"][0]["message"]


async def test_the_trail_says_why_and_what_is_withheld(bench: Bench) -> None:
    found = await bench.ask(EXPLAIN, viewer=ADMIN, record="company_1")
    explained = found["data"]["explainLayout"]
    assert explained["layout"] == {"key": "csm"}
    (trace,) = explained["trail"]
    assert (trace["rank"], trace["assignment"], trace["layoutKey"]) == (
        1,
        "CSMs",
        "csm",
    )
    assert trace["matched"]
    assert trace["because"]
    assert explained["withheld"] == [
        {
            "instanceKey": "gone",
            "section": "uninstalled",
            "reason": "PLUGIN_DISABLED",
        },
        {"instanceKey": "crm", "section": "support", "reason": "OTHER_SURFACE"},
    ]


async def test_another_user_and_other_groups_can_be_asked_for(bench: Bench) -> None:
    asked = {"record": "company_1", "user": "user_2"}
    other = await bench.ask(EXPLAIN, viewer=ADMIN, **asked)
    assert other["data"]["explainLayout"]["layout"] == {"key": "least"}
    assert not other["data"]["explainLayout"]["trail"][0]["matched"]
    regrouped = await bench.ask(EXPLAIN, viewer=ADMIN, groups=["csm"], **asked)
    assert regrouped["data"]["explainLayout"]["layout"] == {"key": "csm"}


def facts(key: str, type_: str) -> FieldFacts:
    """A custom field of companies."""
    return FieldFacts(
        object="company",
        key=key,
        label=key,
        type=type_,
        required=False,
        editable=True,
        help_text=None,
        picklist=None,
    )


TYPES = ("STRING", "NUMBER", "PERCENT", "CURRENCY", "BOOLEAN", "DATE", "MULTI_PICKLIST")
FIELDS = tuple(facts(t.lower(), t) for t in TYPES)


def ruled(kind: str, *clauses: Clause) -> LayoutBook:
    """The layout `ruled` where the clauses hold of a record, else `least`."""
    return LayoutBook(
        (
            Layout("ruled", kind, None, "Ruled"),
            Layout("least", kind, None, "Least", is_default=True),
        ),
        (Assignment(1, "Rule", "ruled", record=clauses),),
    )


async def layout_of(database: Database, kind: str, *clauses: Clause) -> str:
    """The key of the layout of the first record of a kind under these conditions."""
    book = ruled(kind, *clauses)
    bench = Bench(database, discover().sections, book=book, fields=FIELDS)
    name = kind.lower()
    query = f'{{ {name}(id: "{name}_1") {{ layout {{ key }} }} }}'
    found: str = (await bench.query(query))[name]["layout"]["key"]
    return found


@pytest.mark.parametrize("kind", ["COMPANY", "RELATIONSHIP"])
async def test_a_rule_may_ask_for_each_attribute_that_is_offered(
    database: Database, kind: str
) -> None:
    await Bench(database, discover().sections).fill(1)
    names = sorted(attribute_names(kind, FIELDS))
    assert {"arr", "churnedOn", "csm", "renewalDate", "tags"} <= set(names)
    given = {
        "name",
        "version",
        "createdAt",
        "updatedAt",
        "managedAs",
        "company",
        "type",
    }
    clauses = [Clause(n, "NOT_NULL" if n in given else "IS_NULL") for n in names]
    assert await layout_of(database, kind, *clauses) == "ruled"


@pytest.mark.parametrize(
    ("attribute", "operator", "values", "holds"),
    [
        ("arr", "BETWEEN", (1234, 1235), True),
        ("arr", "GT", (1234.5,), False),
        ("renewalDate", "LT", ("2026-04-01",), True),
        ("tags", "CONTAINS_ANY", ("b", "c"), True),
        ("tags", "NEQ", ("a",), False),
        ("stage", "NOT_IN", ("live",), True),
        ("stage", "IN", ("live",), False),
        ("custom.currency", "GTE", (12.5,), True),
        ("custom.currency", "LT", (12.5,), False),
        ("custom.percent", "EQ", (5,), True),
        ("custom.boolean", "EQ", (True,), True),
        ("custom.boolean", "EQ", ("true",), False),
        ("custom.date", "GTE", ("2026-01-31",), True),
        ("custom.multi_picklist", "IN", ("en",), True),
        ("custom.string", "NEQ", ("x",), True),
        ("custom.gone", "NEQ", ("x",), False),
        ("lifetimeInMonths", "IS_NULL", (), False),
    ],
)
async def test_attributes_are_compared_as_what_they_are(
    database: Database, attribute: str, operator: str, values: Any, holds: bool
) -> None:
    bench = Bench(database, discover().sections)
    await bench.fill(0)
    custom = {"currency": 12.5, "percent": 5, "boolean": True, "date": "2026-01-31"}
    await bench.add(
        company(
            1,
            arr_minor=123450,
            renewal_date=date(2026, 3, 31),
            tags=["a", "b"],
            custom={**custom, "multi_picklist": ["de", "en"]},
        )
    )
    expected = "ruled" if holds else "least"
    clause = Clause(attribute, operator, values)
    assert await layout_of(database, "COMPANY", clause) == expected
