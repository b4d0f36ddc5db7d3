"""Attributes: what is shown of fields, own, custom and one lookup away."""

from __future__ import annotations

from typing import Any

import pytest

from cyclorama.layouts.model import Layout, LayoutBook, Placement
from cyclorama.sections.attributes import section
from cyclorama.storage.configuration import FieldFacts
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import PicklistItemRow
from cyclorama.testing import Bench, company, relationship

pytestmark = pytest.mark.anyio


def facts(key: str, type_: str, **values: Any) -> FieldFacts:
    """A custom field of companies."""
    given: dict[str, Any] = {
        "label": key.title(),
        "required": False,
        "editable": True,
        "help_text": f"About {key}.",
        "picklist": None,
    }
    return FieldFacts(object="company", key=key, type=type_, **{**given, **values})


FIELDS = (
    facts("seats", "NUMBER"),
    facts("share", "PERCENT"),
    facts("cost", "CURRENCY"),
    facts("live", "BOOLEAN"),
    facts("plan", "PICKLIST", picklist="company.plan"),
    facts("languages", "MULTI_PICKLIST", picklist="company.languages"),
    facts("city", "STRING", required=True),
)
FULL = {
    "seats": 5,
    "share": 12.5,
    "cost": 12.5,
    "live": True,
    "plan": "gold",
    "languages": ["de", "en"],
    "city": "Köln",
}


def item(key: str, picklist: str, **values: Any) -> PicklistItemRow:
    return PicklistItemRow(
        id=f"item_{key}", picklist=picklist, key=key, label=key.title(), **values
    )


def placed(key: str, *fields: dict[str, Any], label: str = "All") -> Placement:
    """Attributes with one group."""
    config = {"groups": [{"label": label, "fields": list(fields)}]}
    return Placement(key, "attributes", config=config)


async def bench_of(database: Database, *placements: Placement, **given: Any) -> Bench:
    """A company with these instances, below another one."""
    layouts = tuple(
        Layout(kind, kind, None, "One", is_default=True, placements=placements)
        for kind in ("COMPANY", "RELATIONSHIP")
    )
    bench = Bench(database, [section], book=LayoutBook(layouts), fields=FIELDS)
    await bench.fill(0)
    await bench.add(
        item("gold", "company.plan"),
        item("retired", "company.stage", active=False),
        company(9, name="Parent", arr_minor=123456, custom={"seats": 7.25}),
        company(1, parent_id="company_9", **given),
        relationship(1, of=1),
    )
    return bench


async def groups(bench: Bench, fields: str, instance: str = "null") -> Any:
    """These fields of each field of the first group."""
    query = f"""{{ company(id: "company_1") {{ attributes(instance: {instance}) {{
      groups {{ label fields {{ {fields} }} }} }} }} }}"""
    return (await bench.query(query))["company"]["attributes"]["groups"]


async def by_path(bench: Bench, fields: str) -> dict[str, Any]:
    """These fields, or the only one of them, by path."""
    (group,) = await groups(bench, f"path {fields}")
    found = {f.pop("path"): f for f in group["fields"]}
    alone = " " not in fields
    return {k: v[fields] if alone else v for k, v in found.items()}


async def missing(bench: Bench, kind: str = "company") -> list[str]:
    query = f'{{ {kind}(id: "{kind}_1") {{ attributes {{ missingRequired }} }} }}'
    found: list[str] = (await bench.query(query))[kind]["attributes"]["missingRequired"]
    return found


async def test_where_no_layout_has_the_section_it_does_not_exist(
    database: Database,
) -> None:
    bench = await bench_of(database, comment="secret")
    answer = await bench.ask(
        '{ company(id: "company_1") { attributes { missingRequired } } }'
    )
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "data" not in answer
    assert not bench.statements


async def test_without_settings_the_section_is_left_out(database: Database) -> None:
    bench = await bench_of(database, Placement("attributes", "attributes"))
    query = '{ company(id: "company_1") { sections { state } attributes { state } } }'
    answer = await bench.ask(query)
    assert answer["data"]["company"] == {"sections": [], "attributes": None}


async def test_instances_show_their_own_fields_in_their_order(
    database: Database,
) -> None:
    bench = await bench_of(
        database,
        placed("one", {"path": "renewalDate"}, {"path": "name"}, label="First"),
        placed("two", {"path": "employees", "label": "Staff"}),
        employees=7,
    )
    shown = "label displayValue"
    assert await groups(bench, "path", '"one"') == [
        {"label": "First", "fields": [{"path": "renewalDate"}, {"path": "name"}]}
    ]
    assert await groups(bench, shown, '"two"') == [
        {"label": "All", "fields": [{"label": "Staff", "displayValue": "7"}]}
    ]
    assert await groups(bench, "path") == await groups(bench, "path", '"one"')


async def test_a_field_that_is_no_more_or_two_lookups_away_is_left_out(
    database: Database,
) -> None:
    paths = ("custom.gone", "parent.parent.name", "csm.nope", "name", "parent.parent")
    bench = await bench_of(database, placed("a", *({"path": p} for p in paths)))
    assert list(await by_path(bench, "label")) == ["name", "parent.parent"]


async def test_what_may_be_edited_takes_the_layout_and_the_field(
    database: Database,
) -> None:
    paths = ("name", "lifetimeInMonths", "version", "parent.name", "custom.city")
    fields = [{"path": p, "editable": True, "help_text": "Mine."} for p in paths]
    bench = await bench_of(database, placed("a", *fields, {"path": "custom.seats"}))
    found = await by_path(bench, "editable helpText required")
    assert [(p, *f.values()) for p, f in found.items()] == [
        ("name", True, "Mine.", True),
        ("lifetimeInMonths", False, "Mine.", False),
        ("version", False, "Mine.", False),
        ("parent.name", False, "Mine.", False),
        ("custom.city", True, "Mine.", True),
        ("custom.seats", False, "About seats.", False),
    ]


async def test_required_fields_without_a_value_are_named(database: Database) -> None:
    needed = [
        {"path": p, "required": True}
        for p in ("stage", "tags", "comment", "arr", "csm", "custom.plan", "name")
    ]
    bench = await bench_of(
        database,
        placed("a", *needed, {"path": "custom.city"}, {"path": "custom.seats"}),
        tags=[],
        comment="",
        arr_minor=0,
    )
    assert await missing(bench) == [
        "comment",
        "csm",
        "custom.city",
        "custom.plan",
        "stage",
        "tags",
    ]
    assert "comment" in await missing(bench, "relationship")


async def test_nothing_is_missing_where_everything_is_given(database: Database) -> None:
    given = [{"path": f"custom.{key}", "required": True} for key in FULL]
    bench = await bench_of(database, placed("a", *given), custom=FULL)
    assert await missing(bench) == []


async def test_an_item_out_of_use_stays_readable(database: Database) -> None:
    bench = await bench_of(
        database, placed("a", {"path": "stage"}), stage_id="item_retired"
    )
    shown = await by_path(bench, "value displayValue type")
    assert list(shown["stage"].values()) == ["retired", "Retired", "PICKLIST"]


async def test_custom_fields_are_shown_for_people(database: Database) -> None:
    paths = [{"path": f"custom.{key}"} for key in FULL]
    bench = await bench_of(database, placed("a", *paths), custom=FULL)
    assert await by_path(bench, "displayValue") == {
        "custom.seats": "5",
        "custom.share": "12.5",
        "custom.cost": "12.50 USD",
        "custom.live": "Yes",
        "custom.plan": "Gold",
        "custom.languages": None,
        "custom.city": "Köln",
    }
    values = await by_path(bench, "value")
    money = {"amount": "12.50", "currency": "USD"}
    assert values == {f"custom.{k}": v for k, v in {**FULL, "cost": money}.items()}


async def test_custom_fields_without_a_value_are_null(database: Database) -> None:
    paths = [{"path": f"custom.{key}"} for key in FULL]
    bench = await bench_of(database, placed("a", *paths), custom={"live": False})
    found = await by_path(bench, "value displayValue")
    assert list(found.pop("custom.live").values()) == [False, "No"]
    assert {v for f in found.values() for v in f.values()} == {None}


async def test_decimals_are_those_of_the_layout_and_values_are_not_rounded(
    database: Database,
) -> None:
    paths = ("arr", "employees", "custom.share", "custom.cost", "parent.arr",
             "parent.custom.seats", "name")  # fmt: skip
    fields = [{"path": p, "decimals": 1} for p in paths]
    bench = await bench_of(
        database, placed("a", *fields), arr_minor=100, employees=7, custom=FULL
    )
    assert await by_path(bench, "displayValue") == {
        "arr": "1.0 USD",
        "employees": "7.0",
        "custom.share": "12.5",
        "custom.cost": "12.5 USD",
        "parent.arr": "1234.6 USD",
        "parent.custom.seats": "7.3",
        "name": "Company 1",
    }
    values = await by_path(bench, "value")
    assert values["parent.arr"] == {"amount": "1234.56", "currency": "USD"}
    assert values["parent.custom.seats"] == 7.25


async def test_custom_money_reads_as_it_was_written(database: Database) -> None:
    cost = {"path": "custom.cost", "editable": True}
    bench = await bench_of(database, placed("a", cost))
    update = """mutation($v: JSON) { updateFields(input: {recordId: "company_1",
      fields: [{path: "custom.cost", value: $v}]}) { errors { code } } }"""
    for given in (99.5, "99.5", {"amount": "99.50", "currency": "USD"}):
        answer = await bench.query(update, v=given)
        assert answer["updateFields"]["errors"] == []
        assert await by_path(bench, "value") == {
            "custom.cost": {"amount": "99.50", "currency": "USD"}
        }


async def test_graph_resolvers_give_the_same_answer(database: Database) -> None:
    paths = [*(f"custom.{key}" for key in FULL), "arr", "parent.arr", "parent.name"]
    fields = [{"path": p, "decimals": 2, "required": True} for p in paths]
    planned = await bench_of(database, placed("a", *fields), custom={"share": 0.125})
    resolved = Bench(
        database, [section], book=planned.book, fields=FIELDS, planned=False
    )
    query = """{ company(id: "company_1") { attributes { missingRequired groups { label
      fields { path label type value displayValue editable required helpText } } } } }"""
    answer = await planned.query(query)
    assert len(planned.statements) == 2
    assert await resolved.query(query) == answer
