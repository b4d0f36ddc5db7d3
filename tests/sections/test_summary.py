"""Summary: cards of other sections, fields, tags and the comment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from cyclorama.layouts.model import Layout, LayoutBook, Placement
from cyclorama.plugins import Card, record
from cyclorama.sections import relationships, summary, support
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import PicklistItemRow
from cyclorama.testing import Bench, company, relationship

pytestmark = pytest.mark.anyio
CARDS = "cards { key label value displayValue color trend section breakdown { count } }"


def card(key: str, value: Any = 1, **given: Any) -> Card:
    return Card(key=key, label=key.title(), value=value, **given)


def book(config: dict[str, Any], *others: str, place: bool = True) -> LayoutBook:
    """Summary with these settings, then other sections, on both kinds."""
    placed = [Placement("summary", "summary", config=config)] if place else []
    placed += [Placement(key, key) for key in others]
    return LayoutBook(
        tuple(
            Layout(kind, kind, None, "One", is_default=True, placements=tuple(placed))
            for kind in ("COMPANY", "RELATIONSHIP")
        )
    )


async def bench_of(
    database: Database,
    *contributed: Card,
    config: dict[str, Any] | None = None,
    others: Sequence[str] = ("relationships", "support"),
    place: bool = True,
    **given: Any,
) -> Bench:
    """A company; Relationships contributes these cards, Support its own."""
    contributing = replace(relationships.section, cards=contributed)
    sections = [summary.section, contributing, support.section]
    shown = book(config or {}, *others, place=place)
    bench = Bench(database, sections, book=shown)
    await bench.fill(0)
    for category in ("ACTIVE", "CHURN"):
        item = {"picklist": "company.status", "category": category}
        key = category.lower()
        await bench.add(PicklistItemRow(id=f"item_{key}", key=key, label=key, **item))
    await bench.add(company(1, **given), relationship(1, of=1))
    return bench


async def overview(bench: Bench, fields: str, kind: str = "company") -> Any:
    """These fields of a record's summary."""
    query = f'{{ {kind}(id: "{kind}_1") {{ summary {{ {fields} }} }} }}'
    return (await bench.query(query))[kind]["summary"]


async def keys(bench: Bench, kind: str = "company") -> list[str]:
    found = (await overview(bench, "cards { key section }", kind))["cards"]
    return [f"{c['section']}.{c['key']}" for c in found]


async def test_where_no_layout_has_a_summary_it_does_not_exist(
    database: Database,
) -> None:
    bench = await bench_of(database, card("a"), place=False)
    answer = await bench.ask('{ company(id: "company_1") { summary { comment } } }')
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert "data" not in answer
    assert not bench.statements


@pytest.mark.parametrize("named", [True, False])
async def test_cards_of_sections_that_the_layout_lacks_are_neither_shown_nor_read(
    database: Database, named: bool
) -> None:
    chosen = [{"key": "open_cases"}, {"key": "support.open_cases"}, {"key": "a"}]
    config = {"cards": chosen} if named else {}
    bench = await bench_of(database, card("a"), config=config, others=["relationships"])
    assert await keys(bench) == ["relationships.a"]
    assert "support_case" not in " ".join(bench.statements)


async def test_without_settings_the_first_twelve_cards_stand_in_page_order(
    database: Database,
) -> None:
    many = [card(f"c{n}") for n in range(11)]
    bench = await bench_of(database, *many, others=["support", "relationships"])
    expected = ["support.open_cases", *(f"relationships.c{n}" for n in range(11))]
    assert await keys(bench) == expected
    more = [*many, card("c11"), card("c12")]
    sections = [
        summary.section,
        replace(relationships.section, cards=more),
        support.section,
    ]
    fuller = Bench(database, sections, book=bench.book)
    assert await keys(fuller) == expected


async def test_settings_choose_order_and_rename_cards(database: Database) -> None:
    chosen = [
        {"key": "relationships.open_cases", "label": "Mine"},
        {"key": "gone"},
        {"key": "support.open_cases", "label": "Cases"},
        {"key": "b"},
    ]
    bench = await bench_of(
        database, card("open_cases", 7), card("b"), card("c"), config={"cards": chosen}
    )
    found = (await overview(bench, "cards { label value section }"))["cards"]
    assert [tuple(c.values()) for c in found] == [
        ("Mine", 7, "relationships"),
        ("Cases", 0, "support"),
        ("B", 1, "relationships"),
    ]


async def test_no_cards_at_all_may_be_chosen(database: Database) -> None:
    bench = await bench_of(database, card("a"), config={"cards": []})
    assert await keys(bench) == []


async def test_a_card_has_what_its_section_says(database: Database) -> None:
    full = card(
        "arr",
        record.c.arr_minor,
        display_value="much",
        color="#0a0",
        trend="UP",
        breakdown=[{"label": "a", "count": 2}],
    )
    bench = await bench_of(database, full, others=["relationships"], arr_minor=5)
    assert (await overview(bench, CARDS))["cards"] == [
        {
            "key": "arr",
            "label": "Arr",
            "value": 5,
            "displayValue": "much",
            "color": "#0a0",
            "trend": "UP",
            "section": "relationships",
            "breakdown": [{"count": 2}],
        }
    ]


async def test_a_card_of_companies_is_not_on_relationships(database: Database) -> None:
    only = card("a", kinds=frozenset({"COMPANY"}))
    bench = await bench_of(database, only, card("b"), others=["relationships"])
    assert await keys(bench) == ["relationships.a", "relationships.b"]
    assert await keys(bench, "relationship") == ["relationships.b"]


async def test_fields_tags_and_comment_are_those_of_the_record(
    database: Database,
) -> None:
    fields = [
        {"path": "arr", "label": "Revenue", "decimals": 0},
        {"path": "status"},
        {"path": "csm.name"},
        {"path": "custom.gone"},
    ]
    bench = await bench_of(
        database,
        config={"fields": fields},
        arr_minor=123450,
        status_id="item_active",
        csm_id="user_csm",
        tags=["b", "a"],
        comment="<b>Ö</b>",
    )
    asked = "tags comment fields { label value displayValue editable }"
    assert await overview(bench, asked) == {
        "tags": ["b", "a"],
        "comment": "<b>Ö</b>",
        "fields": [
            {
                "label": "Revenue",
                "value": {"amount": "1234.50", "currency": "USD"},
                "displayValue": "1235 USD",
                "editable": False,
            },
            {
                "label": "Status",
                "value": "active",
                "displayValue": "active",
                "editable": False,
            },
            {
                "label": "CSM: Name",
                "value": "Ann",
                "displayValue": "Ann",
                "editable": False,
            },
        ],
    }
    assert await overview(bench, "tags comment", "relationship") == {
        "tags": [],
        "comment": None,
    }


@pytest.mark.parametrize(
    ("since", "status", "churned", "months"),
    [
        ("2025-03-02", "active", None, 12),
        ("2025-03-03", "active", None, 11),
        ("2026-03-02", "active", None, 0),
        ("2025-03-03", "churn", "2025-09-02", 5),
        ("2025-03-03", "churn", "2025-09-03", 6),
        ("2025-03-03", "active", "2025-09-03", 11),
        ("2025-03-03", "churn", None, 11),
        (None, "active", None, None),
    ],
)
async def test_the_lifetime_is_in_whole_months_until_today_or_churn(
    database: Database,
    since: str | None,
    status: str,
    churned: str | None,
    months: int | None,
) -> None:
    bench = await bench_of(
        database,
        config={"fields": [{"path": "lifetimeInMonths"}]},
        original_contract_date=date.fromisoformat(since) if since else None,
        churned_on=date.fromisoformat(churned) if churned else None,
        status_id=f"item_{status}",
    )
    (field,) = (await overview(bench, "fields { value }"))["fields"]
    assert field == {"value": months}


async def test_graph_resolvers_give_the_same_answer(database: Database) -> None:
    config = {"fields": [{"path": "arr", "decimals": 1}, {"path": "csm.name"}]}
    planned = await bench_of(
        database, card("a"), config=config, arr_minor=5, csm_id="user_csm", tags=["x"]
    )
    sections = list(planned.graph.sections.values())
    resolved = Bench(database, sections, book=planned.book, planned=False)
    fields = f"{CARDS} fields {{ path value displayValue }} tags comment state asOf"
    for kind in ("company", "relationship"):
        answer = await overview(planned, fields, kind)
        assert len(planned.statements) == 2
        assert await overview(resolved, fields, kind) == answer
