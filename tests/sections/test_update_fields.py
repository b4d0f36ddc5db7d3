"""`updateFields`: everything it refuses, that it is all or nothing, and who wins."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import Clause, Layout, LayoutBook, Placement
from cyclorama.plugins.discovery import discover
from cyclorama.sections.attributes.rules import Bounds, Refused, parsed
from cyclorama.storage.configuration import FieldFacts
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import CompanyRow, PicklistItemRow, UserRow
from cyclorama.testing import NOW, Bench, company

pytestmark = pytest.mark.anyio
EDITABLE = [
    "name",
    "status",
    "renewalDate",
    "originalContractDate",
    "arr",
    "employees",
    "tags",
    "comment",
    "logoUrl",
    "csm",
    "parent",
    "custom.seats",
    "custom.city",
    "custom.live",
    "custom.since",
    "custom.mail",
    "custom.plan",
    "custom.needed",
]
READ_ONLY = ("industry", "version", "csm.name", "lifetimeInMonths")
UPDATE = """mutation($input: UpdateFieldsInput!) { updateFields(input: $input) {
  errors { path code message }
  record { id version ... on Company { name
    attributes { groups { fields { path value } } } } } } }"""


def facts(key: str, type_: str, **values: Any) -> FieldFacts:
    given: dict[str, Any] = {
        "label": key.title(),
        "required": False,
        "editable": True,
        "help_text": None,
        "picklist": None,
    }
    return FieldFacts(object="company", key=key, type=type_, **{**given, **values})


FIELDS = (
    facts("seats", "NUMBER"),
    facts("city", "STRING"),
    facts("live", "BOOLEAN"),
    facts("since", "DATE"),
    facts("mail", "EMAIL"),
    facts("plan", "PICKLIST", picklist="company.plan"),
    facts("needed", "STRING", required=True),
)


def book() -> LayoutBook:
    shown = [{"path": p, "editable": True} for p in EDITABLE]
    shown += [{"path": p} for p in READ_ONLY]
    shown[2]["required"] = True
    config = {"groups": [{"label": "All", "fields": shown}]}
    attributes = Placement("attributes", "attributes", config=config)
    return LayoutBook(
        (
            Layout("one", "COMPANY", None, "One", "", True, placements=(attributes,)),
            Layout("none", "RELATIONSHIP", None, "None", is_default=True),
        )
    )


def item(key: str, picklist: str = "company.status", **values: Any) -> PicklistItemRow:
    return PicklistItemRow(
        id=f"item_{key}", picklist=picklist, key=key, label=key.title(), **values
    )


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, discover().sections, book=book(), fields=FIELDS)
    await made.fill(0)
    await made.add(
        item("active"),
        item("old", active=False),
        item("gold", "company.plan"),
        UserRow(id="user_1", email="bo@example.com", name="Bo", created_at=NOW),
        company(1, custom={"needed": "x", "city": "Bonn"}),
        company(2, parent_id="company_1", custom={"needed": "x"}),
        company(3, custom={"needed": "x"}),
    )
    return made


async def update(
    bench: Bench, fields: Any, record: str = "company_1", **rest: Any
) -> Any:
    pairs = fields.items() if isinstance(fields, dict) else fields
    listed = [{"path": p, "value": v} for p, v in pairs]
    given = {"recordId": record, "fields": listed, **rest}
    answer = await bench.ask(UPDATE, input=given)
    assert "errors" not in answer, answer
    return answer["data"]["updateFields"]


async def row(bench: Bench, number: int = 1) -> Any:
    async with bench.database.read() as reading:
        columns = CompanyRow.__table__.c
        query = sa.select(*columns).where(columns.id == f"company_{number}")
        return (await reading.execute(query))[0]


async def refused(bench: Bench, fields: Any, **rest: Any) -> list[tuple[str, str]]:
    """Path and code of each refusal; nothing was changed."""
    before = await row(bench)
    payload = await update(bench, fields, **rest)
    assert payload["record"] is None
    assert await row(bench) == before
    return [(".".join(e["path"]), e["code"]) for e in payload["errors"]]


async def test_a_record_that_is_not_there_is_not_found(bench: Bench) -> None:
    for record in ("company_none", "user_1", "nonsense", ""):
        assert await refused(bench, {"name": "x"}, record=record) == [
            ("recordId", "NOT_FOUND")
        ]


async def test_a_record_without_the_section_in_its_layout_is_forbidden(
    bench: Bench,
) -> None:
    from cyclorama.testing import relationship

    await bench.add(relationship(1, of=1))
    assert await refused(bench, {"name": "x"}, record="relationship_1") == [
        ("recordId", "FORBIDDEN")
    ]


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("stage", "x", "UNKNOWN_FIELD"),
        ("nope", "x", "UNKNOWN_FIELD"),
        ("custom.nope", "x", "UNKNOWN_FIELD"),
        ("industry", "x", "READ_ONLY"),
        ("version", 9, "READ_ONLY"),
        ("csm.name", "x", "READ_ONLY"),
        ("lifetimeInMonths", 1, "READ_ONLY"),
        ("name", None, "REQUIRED"),
        ("name", "  ", "REQUIRED"),
        ("renewalDate", None, "REQUIRED"),
        ("custom.needed", None, "REQUIRED"),
        ("name", 5, "TYPE"),
        ("name", "x" * 256, "LENGTH"),
        ("comment", "x" * 32_001, "LENGTH"),
        ("renewalDate", "tomorrow", "TYPE"),
        ("renewalDate", "2026-02-30", "TYPE"),
        ("arr", "much", "TYPE"),
        ("arr", "1.234", "RANGE"),
        ("arr", "99999999999999", "RANGE"),
        ("arr", {"amount": "1", "currency": "EUR"}, "INVALID"),
        ("employees", -1, "RANGE"),
        ("employees", 1.5, "TYPE"),
        ("employees", True, "TYPE"),
        ("employees", 2**40, "RANGE"),
        ("tags", "a", "TYPE"),
        ("tags", [str(n) for n in range(51)], "LENGTH"),
        ("tags", ["x" * 81], "LENGTH"),
        ("logoUrl", "javascript:alert(1)", "TYPE"),
        ("custom.live", "yes", "TYPE"),
        ("custom.mail", "nobody", "TYPE"),
        ("custom.since", "1.2.2026", "TYPE"),
        ("status", "old", "PICKLIST_INACTIVE"),
        ("status", "nope", "LOOKUP_NOT_FOUND"),
        ("status", "gold", "LOOKUP_NOT_FOUND"),
        ("csm", "user_none", "LOOKUP_NOT_FOUND"),
        ("parent", "company_none", "LOOKUP_NOT_FOUND"),
        ("parent", "company_1", "CYCLE"),
        ("parent", "company_2", "CYCLE"),
    ],
)
async def test_a_value_that_cannot_be_taken_is_refused_and_changes_nothing(
    bench: Bench, path: str, value: Any, code: str
) -> None:
    good = {"custom.city": "Köln"}
    found = await refused(bench, {**good, path: value})
    part = "path" if code in ("UNKNOWN_FIELD", "READ_ONLY") else "value"
    assert found == [(f"fields.1.{part}", code)]


async def test_each_bad_field_has_its_own_error(bench: Bench) -> None:
    found = await refused(bench, {"name": "", "employees": "x", "nope": 1, "tags": []})
    assert found == [
        ("fields.0.value", "REQUIRED"),
        ("fields.1.value", "TYPE"),
        ("fields.2.path", "UNKNOWN_FIELD"),
    ]


async def test_no_field_one_twice_and_too_many_are_refused(bench: Bench) -> None:
    assert await refused(bench, {}) == [("fields", "REQUIRED")]
    twice = [("name", "a"), ("name", "b")]
    assert await refused(bench, twice) == [("fields.1.path", "DUPLICATE")]
    many = [("name", "a")] * 101
    assert await refused(bench, many) == [("fields", "LIMIT_EXCEEDED")]


async def test_another_version_than_expected_is_a_conflict(bench: Bench) -> None:
    assert await refused(bench, {"name": "x"}, expectedVersion=7) == [
        ("expectedVersion", "CONFLICT")
    ]
    payload = await update(bench, {"name": "x"}, expectedVersion=1)
    assert payload["record"]["version"] == 2


async def test_all_fields_are_saved_together_and_read_back(bench: Bench) -> None:
    wanted = {
        "name": "Ácme ",
        "status": "active",
        "renewalDate": "2027-01-31",
        "arr": "1234.50",
        "employees": 12,
        "tags": ["b", "a", "b", " "],
        "comment": "Fine.",
        "csm": "user_1",
        "custom.seats": 1.5,
        "custom.live": False,
        "custom.since": "2026-01-02",
        "custom.plan": "gold",
        "custom.city": None,
    }
    payload = await update(bench, wanted)
    assert payload["errors"] == []
    record = payload["record"]
    assert (record["name"], record["version"]) == ("Ácme", 2)
    (group,) = record["attributes"]["groups"]
    values = {f["path"]: f["value"] for f in group["fields"]}
    assert values["arr"] == {"amount": "1234.50", "currency": "USD"}
    assert values["tags"] == ["b", "a"]
    assert values["custom.live"] is False
    assert values["custom.city"] is None
    assert values["csm.name"] == "Bo"
    found = await row(bench)
    assert (found.arr_minor, found.search_key) == (123_450, "acme")
    assert found.custom == {
        "needed": "x",
        "seats": 1.5,
        "live": False,
        "since": "2026-01-02",
        "plan": "gold",
    }


async def test_a_value_that_is_there_already_changes_nothing(bench: Bench) -> None:
    payload = await update(bench, {"name": "Company 1", "custom.city": "Bonn"})
    assert payload["errors"] == []
    assert payload["record"]["version"] == 1


async def test_two_writers_lose_nothing(bench: Bench) -> None:
    values = [{"employees": n} for n in range(1, 6)] + [{"custom.seats": 3}]
    payloads = await asyncio.gather(
        *(
            update(
                Bench(bench.database, discover().sections, book=book(), fields=FIELDS),
                v,
            )
            for v in values
        )
    )
    assert all(p["errors"] == [] for p in payloads)
    found = await row(bench)
    assert found.version == 7
    assert found.custom["seats"] == 3
    assert found.employees in range(1, 6)


async def test_two_moves_that_would_close_a_circle_together_do_not(
    bench: Bench,
) -> None:
    def own() -> Bench:
        return Bench(bench.database, discover().sections, book=book(), fields=FIELDS)

    one, other = await asyncio.gather(
        update(own(), {"parent": "company_3"}, record="company_1"),
        update(own(), {"parent": "company_2"}, record="company_3"),
    )
    codes = [e["code"] for p in (one, other) for e in p["errors"]]
    assert codes == ["CYCLE"]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)
TYPES = [
    "STRING",
    "RICH_TEXT",
    "NUMBER",
    "CURRENCY",
    "PERCENT",
    "BOOLEAN",
    "DATE",
    "DATETIME",
    "PICKLIST",
    "MULTI_PICKLIST",
    "LOOKUP",
    "EMAIL",
    "URL",
]


@given(type_=st.sampled_from(TYPES), value=JSON_VALUES)
def test_any_value_is_taken_or_refused_and_nothing_else(type_: str, value: Any) -> None:
    with contextlib.suppress(Refused):
        parsed(type_, value, Bounds())


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2))
def test_money_comes_back_to_the_cent(amount: Any) -> None:
    assert parsed("CURRENCY", str(amount), Bounds()) == int(amount * 100)


async def test_a_record_out_of_reach_is_none_and_still_closes_a_circle(
    bench: Bench,
) -> None:
    await bench.add(company(4, parent_id="company_2", custom={"needed": "x"}))
    hidden = Clause("id", "EQ", ("company_2",))
    deny = AccessRule(
        rank=1, name="Hidden", kind="COMPANY", effect=DENY, record=(hidden,)
    )
    bench.access = AccessBook(rules=(deny,))
    for parent in ("company_2", "company_nowhere"):
        fields = {"parent": parent}
        (error,) = (await update(bench, fields, "company_3"))["errors"]
        assert error["code"] == "LOOKUP_NOT_FOUND"
        (error,) = (await update(bench, fields, parent))["errors"]
        assert error["code"] == "NOT_FOUND"
    fields = {"parent": "company_4"}
    (error,) = (await update(bench, fields, "company_1"))["errors"]
    assert error["code"] == "CYCLE"
    done = await update(bench, fields, "company_3")
    assert done["errors"] == []
