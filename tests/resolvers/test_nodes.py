"""Records and other things by id or external reference, and who asks."""

from __future__ import annotations

from typing import Any

import pytest

from cyclorama.plugins.discovery import discover
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import (
    ExternalRefRow,
    MembershipRow,
    PersonRow,
    RelationshipTypeRow,
    UserGroupRow,
    UserRow,
)
from cyclorama.testing import NOW, Bench, company, relationship

pytestmark = pytest.mark.anyio
NODE = """query($id: ID!) { node(id: $id) { __typename id
  ... on Company { name } ... on User { name groups { key } } ... on Person { name }
  ... on UserGroup { key } ... on RelationshipType { key } ... on SupportCase { number }
  ... on Record360 { tags } } }"""


def rows() -> list[Any]:
    return [
        UserRow(id="user_1", email="a@example.com", name="Ann", created_at=NOW),
        UserGroupRow(id="group_1", key="csm", name="CSM"),
        MembershipRow(group_id="group_1", user_id="user_1", by_hand=True),
        PersonRow(
            id="person_1", name="Bo", search_key="bo", created_at=NOW, updated_at=NOW
        ),
        RelationshipTypeRow(id="type_product", key="product", name="Product"),
        RelationshipTypeRow(id="relationship_type_1", key="unit", name="Unit"),
        company(1, name="Acme", tags=["x"]),
        company(2),
        relationship(1, of=1, name="Part"),
        *(_case(number, of) for number, of in ((1, "company_1"), (2, None))),
        _ref("company_1", "salesforce", "Account", "001"),
        _ref("company_1", "erp", "Debtor", "7"),
        _ref("company_2", "erp", "Creditor", "7"),
        _ref("relationship_1", "salesforce", "Asset", "02i"),
    ]


def _case(number: int, of: str | None) -> SupportCaseRow:
    return SupportCaseRow(
        id=f"case_{number}",
        company_id=of,
        number=str(number),
        status="New",
        opened_at=NOW,
        updated_at=NOW,
    )


def _ref(entity: str, system: str, object_type: str, external: str) -> ExternalRefRow:
    return ExternalRefRow(
        id=f"ref_{system}_{object_type}",
        entity_id=entity,
        system=system,
        object_type=object_type,
        external_id=external,
    )


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, discover().sections)
    await made.add(*rows())
    return made


UNKNOWN = ["company_none", "user_none", "", "_", "company", "layout_1", "case_9", "x_1"]


@pytest.mark.parametrize("unknown", [*UNKNOWN, "company_" + "x" * 9_000])
async def test_an_unknown_id_is_null(bench: Bench, unknown: str) -> None:
    assert await bench.query(NODE, id=unknown) == {"node": None}


async def test_a_nul_character_is_refused_wherever_it_stands(bench: Bench) -> None:
    for answer in (
        await bench.ask(NODE, id="company_\0"),
        await bench.ask(r'{ node(id: "company_\u0000") { id } }'),
    ):
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "NUL" in error["message"]
    assert bench.statements == []


async def test_a_row_of_a_section_is_null_for_who_does_not_get_the_section(
    database: Database,
) -> None:
    bench = Bench(database, discover().sections, hidden=["support"])
    await bench.add(*rows())
    assert await bench.query(NODE, id="case_1") == {"node": None}


async def test_a_case_of_nobody_is_null(bench: Bench) -> None:
    assert await bench.query(NODE, id="case_2") == {"node": None}


@pytest.mark.parametrize(
    ("id", "expected"),
    [
        ("company_1", {"__typename": "Company", "name": "Acme", "tags": ["x"]}),
        ("relationship_1", {"__typename": "Relationship", "tags": []}),
        ("user_1", {"__typename": "User", "name": "Ann", "groups": [{"key": "csm"}]}),
        ("person_1", {"__typename": "Person", "name": "Bo"}),
        ("group_1", {"__typename": "UserGroup", "key": "csm"}),
        (
            "relationship_type_1",
            {"__typename": "RelationshipType", "key": "unit"},
        ),
        ("case_1", {"__typename": "SupportCase", "number": "1"}),
    ],
)
async def test_everything_with_an_id_is_found(
    bench: Bench, id: str, expected: dict[str, Any]
) -> None:
    assert await bench.query(NODE, id=id) == {"node": {"id": id, **expected}}


async def test_nodes_keep_their_order_and_their_gaps(bench: Bench) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"
    ids = ["person_1", "company_2", "nothing", "company_1", "person_1"]
    found = await bench.query(query, ids=ids)
    assert [n and n["id"] for n in found["nodes"]] == [
        "person_1",
        "company_2",
        None,
        "company_1",
        "person_1",
    ]


async def test_too_many_ids_are_refused(bench: Bench) -> None:
    query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    answer = await bench.ask(query, ids=["company_1"] * 201)
    assert "`ids` holds 201 ids" in answer["errors"][0]["message"]


async def test_a_record_is_named_by_id_or_by_reference_but_not_by_both(
    bench: Bench,
) -> None:
    both = (
        '{ company(id: "company_1", ref: {system: "erp", externalId: "7"}) { id } }',
        "{ company { id } }",
        "{ relationship { id } }",
    )
    for query in both:
        answer = await bench.ask(query)
        assert "by either `id` or `ref`" in answer["errors"][0]["message"]


async def test_a_reference_finds_its_record_of_the_kind_asked_for(bench: Bench) -> None:
    found = await bench.query(
        """{ a: company(ref: {system: "salesforce", objectType: "Account",
               externalId: "001"}) { id externalRefs { system externalId } }
             b: company(ref: {system: "salesforce", externalId: "02i"}) { id }
             c: relationship(ref: {system: "salesforce", externalId: "02i"}) { id }
             d: company(ref: {system: "nobody", externalId: "001"}) { id }
             e: company(ref: {system: "erp", objectType: "Creditor",
               externalId: "7"}) { id } }"""
    )
    assert found == {
        "a": {
            "id": "company_1",
            "externalRefs": [
                {"system": "erp", "externalId": "7"},
                {"system": "salesforce", "externalId": "001"},
            ],
        },
        "b": None,
        "c": {"id": "relationship_1"},
        "d": None,
        "e": {"id": "company_2"},
    }


async def test_a_reference_to_several_records_is_refused(bench: Bench) -> None:
    answer = await bench.ask(
        '{ company(ref: {system: "erp", externalId: "7"}) { id } }'
    )
    assert "give its `objectType`" in answer["errors"][0]["message"]


async def test_the_viewer_is_who_asks(bench: Bench) -> None:
    found = await bench.query(
        "{ viewer { id kind name email groups { id key name } permissions } }"
    )
    assert found["viewer"] == {
        "id": "user_csm",
        "kind": "USER",
        "name": "Ann",
        "email": "ann@example.com",
        "groups": [{"id": "group_csm", "key": "csm", "name": "CSM"}],
        "permissions": [],
    }


async def test_fields_by_path_are_described(bench: Bench) -> None:
    query = (
        'query($p: [String!]!) { company(id: "company_1") { fields(paths: $p) '
        "{ path label type value displayValue editable required } } }"
    )
    found = await bench.query(query, p=["name", "csm.email"])
    assert found["company"]["fields"] == [
        {
            "path": "name",
            "label": "Name",
            "type": "STRING",
            "value": "Acme",
            "displayValue": "Acme",
            "editable": True,
            "required": True,
        },
        {
            "path": "csm.email",
            "label": "CSM: Email",
            "type": "EMAIL",
            "value": None,
            "displayValue": None,
            "editable": False,
            "required": False,
        },
    ]
    answer = await bench.ask(query, p=["nam"])
    assert "'nam', which is no field of a company; near it are name" in str(answer)
    answer = await bench.ask(query, p=["name"] * 101)
    assert "at most 100" in str(answer)
