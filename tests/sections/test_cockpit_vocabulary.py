"""Types, reasons, priorities and statuses of calls to action, as admins set them."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.plugins.discovery import discover
from cyclorama.sections.cockpit.tables import ChoiceRow, ItemRow, TypeRow
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import PicklistItemRow
from cyclorama.testing import ADMIN, CSM, Bench
from tests.sections.ctas import cta, day, filled, playbook

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
ITEM = "errors { path code message } item { key label color category active }"
SAVE = f"""mutation($input: SaveCtaVocabularyItemInput!) {{
  answer: saveCtaVocabularyItem(input: $input) {{ version {ITEM} }} }}"""
DELETE = f"""mutation($input: DeleteCtaVocabularyItemInput!) {{
  answer: deleteCtaVocabularyItem(input: $input) {{ version {ITEM} }} }}"""
LIST = """query($vocabulary: CtaVocabulary!) { viewer {
  ctaVocabulary(vocabulary: $vocabulary) {
    item { key active } version typeKeys defaultFor recordKind } } }"""
TYPES = """{ company(id: "company_1") { cockpit { types { type { key }
  reasons { key } priorities { key } statuses { key } } } } }"""
CREATE = """mutation($input: CreateCtaInput!) { answer: createCta(input: $input) {
  errors { path code } cta { status { key } reason { key } priority { key } } } }"""


@pytest.fixture
async def bench(database: Database) -> Bench:
    made = Bench(database, SECTIONS)
    return await filled(made, cta(1), *playbook("calls", ("CREATED", 1)))


async def ask(bench: Bench, query: str, given: Any, viewer: Any = ADMIN) -> Any:
    return (await bench.query(query, viewer=viewer, input=given))["answer"]


async def saved(bench: Bench, vocabulary: str, key: str, **given: Any) -> Any:
    given = {"vocabulary": vocabulary, "key": key, **given}
    answer = await ask(bench, SAVE, given)
    assert answer["errors"] == [], answer
    return answer["item"]


async def listed(bench: Bench, vocabulary: str) -> Any:
    """The items of a vocabulary, by key."""
    found = await bench.query(LIST, viewer=ADMIN, vocabulary=vocabulary)
    return {i["item"]["key"]: i for i in found["viewer"]["ctaVocabulary"]}


async def everything(bench: Bench) -> list[Any]:
    found: list[Any] = []
    rows = (PicklistItemRow, TypeRow, ChoiceRow, ItemRow)
    tables = (*(row.__table__ for row in rows), AUDIT)
    async with bench.database.read() as reading:
        for table in tables:
            order = table.primary_key
            found += await reading.execute(sa.select(*table.c).order_by(*order))
    return found


async def offered(bench: Bench, key: str) -> Any:
    found = (await bench.query(TYPES))["company"]["cockpit"]["types"]
    (one,) = (t for t in found if t["type"]["key"] == key)
    return {n: [i["key"] for i in v] for n, v in one.items() if n != "type"}


REFUSALS: list[tuple[Any, tuple[str, str]]] = [
    ({"key": "Not a key"}, ("key", "INVALID")),
    ({"key": "x" * 81}, ("key", "INVALID")),
    ({"label": None}, ("label", "REQUIRED")),
    ({"label": "x" * 81}, ("label", "LENGTH")),
    ({"color": "red"}, ("color", "INVALID")),
    ({"position": -1}, ("position", "RANGE")),
    ({"category": "no"}, ("category", "INVALID")),
    ({"typeKeys": ["no"]}, ("typeKeys", "LOOKUP_NOT_FOUND")),
    ({"defaultFor": ["risk"]}, ("defaultFor", "INVALID")),
    ({"recordKind": "COMPANY"}, ("recordKind", "INVALID")),
    ({"vocabulary": "STATUS"}, ("category", "REQUIRED")),
    ({"vocabulary": "STATUS", "category": "DONE"}, ("category", "INVALID")),
    ({"vocabulary": "TYPE", "typeKeys": ["risk"]}, ("typeKeys", "INVALID")),
    ({"vocabulary": "TYPE", "key": "risk"}, ("key", "INVALID_STATE")),
    (
        {"vocabulary": "STATUS", "key": "new", "category": "CLOSED_LOST"},
        ("category", "INVALID_STATE"),
    ),
    (
        {"vocabulary": "STATUS", "key": "new", "active": False},
        ("active", "INVALID_STATE"),
    ),
    (
        {"vocabulary": "STATUS", "key": "closed_success", "typeKeys": []},
        ("typeKeys", "INVALID_STATE"),
    ),
]


async def test_what_cannot_be_is_refused_and_changes_nothing(bench: Bench) -> None:
    before = await everything(bench)
    new = {"vocabulary": "REASON", "key": "churn", "label": "Churn"}
    for given, expected in REFUSALS:
        (error,) = (await ask(bench, SAVE, {**new, **given}))["errors"]
        assert (".".join(error["path"]), error["code"]) == expected, given
    for query, given in (
        (SAVE, new),
        (DELETE, {"vocabulary": "REASON", "key": "other"}),
    ):
        (error,) = (await ask(bench, query, given, viewer=CSM))["errors"]
        assert error["code"] == "FORBIDDEN"
    for vocabulary, key, code in (
        ("REASON", "no", "NOT_FOUND"),
        ("TYPE", "objective", "INVALID_STATE"),
        ("STATUS", "new", "INVALID_STATE"),
    ):
        gone = {"vocabulary": vocabulary, "key": key}
        (error,) = (await ask(bench, DELETE, gone))["errors"]
        assert (error["path"], error["code"]) == (["key"], code)
    assert await everything(bench) == before


async def test_a_type_of_ones_own_has_what_is_offered_for_it(bench: Bench) -> None:
    await saved(bench, "TYPE", "review", label="Review", category="LIFECYCLE")
    every = {"typeKeys": ["review"], "defaultFor": ["review"]}
    await saved(bench, "REASON", "yearly", label="Yearly", color="#123456", **every)
    open_one = {"category": "OPEN", **every}
    await saved(bench, "STATUS", "planned", label="Planned", **open_one)
    await saved(bench, "PRIORITY", "usual", label="Usual", **every)
    await saved(bench, "REASON", "other", typeKeys=["risk", "review"])
    assert await offered(bench, "review") == {
        "reasons": ["other", "yearly"],
        "priorities": ["usual"],
        "statuses": ["planned"],
    }
    given = {"recordId": "company_1", "name": "x", "typeKey": "review"}
    made = await ask(bench, CREATE, {**given, "dueDate": str(day(1))}, viewer=CSM)
    assert made["cta"] == {
        "status": {"key": "planned"},
        "reason": {"key": "yearly"},
        "priority": {"key": "usual"},
    }
    # Another default takes the place of the first one, of the type alone.
    await saved(bench, "REASON", "other", defaultFor=["review"])
    async with bench.database.read() as reading:
        query = (
            sa.select(PicklistItemRow.key)
            .join(ChoiceRow, ChoiceRow.item_id == PicklistItemRow.id)
            .where(ChoiceRow.is_default, PicklistItemRow.picklist == "cta.reason")
        )
        rows = await reading.execute(query)
    assert [r.key for r in rows] == ["other"]
    await saved(bench, "TYPE", "review", recordKind="RELATIONSHIP")
    found = (await bench.query(TYPES))["company"]["cockpit"]["types"]
    assert "review" not in [t["type"]["key"] for t in found]


async def test_what_is_in_use_is_deactivated_and_what_is_not_is_gone(
    bench: Bench,
) -> None:
    used = await ask(bench, DELETE, {"vocabulary": "REASON", "key": "other"})
    assert used == {
        "version": 2,
        "errors": [],
        "item": {
            "key": "other",
            "label": "Other",
            "color": None,
            "category": None,
            "active": False,
        },
    }
    gone = await ask(bench, DELETE, {"vocabulary": "REASON", "key": "upsell"})
    assert gone == {"errors": [], "item": None, "version": None}
    assert (await offered(bench, "expansion"))["reasons"] == ["cross_sell"]
    held = await bench.query('{ node(id: "cta_1") { ... on Cta { reason { key } } } }')
    assert held == {"node": {"reason": {"key": "other"}}}
    again = await saved(bench, "REASON", "other", active=True)
    assert again["active"]
    kept = await ask(bench, DELETE, {"vocabulary": "TYPE", "key": "expansion"})
    assert kept == {"errors": [], "item": None, "version": None}
    async with bench.database.read() as reading:
        rows = await reading.execute(sa.select(AUDIT.c.action, AUDIT.c.subject))
    assert {r.action for r in rows} == {"cockpit.vocabulary"}
    assert len(rows) == 4


async def test_a_change_that_was_decided_on_another_version_is_a_conflict(
    bench: Bench,
) -> None:
    for vocabulary, key in (
        ("TYPE", "risk"),
        ("REASON", "low_nps"),
        ("PRIORITY", "low"),
        ("STATUS", "new"),
    ):
        assert (await listed(bench, vocabulary))[key]["version"] == 1
        given = {"vocabulary": vocabulary, "key": key, "expectedVersion": 1}
        answer = await ask(bench, SAVE, {**given, "color": "#123456"})
        assert (answer["errors"], answer["version"]) == ([], 2)
        before = await everything(bench)
        for query, more in ((SAVE, {"color": "#654321"}), (DELETE, {})):
            answer = await ask(bench, query, {**given, **more})
            assert (answer["item"], answer["version"]) == (None, None)
            (error,) = answer["errors"]
            assert (error["path"], error["code"]) == (["expectedVersion"], "CONFLICT")
            assert query is DELETE or "is at version 2 by now" in error["message"]
        assert await everything(bench) == before
        again = {**given, "color": "#123456", "expectedVersion": 2}
        assert (await ask(bench, SAVE, again))["version"] == 2
    new = {"vocabulary": "REASON", "key": "churn", "label": "Churn"}
    (error,) = (await ask(bench, SAVE, {**new, "expectedVersion": 1}))["errors"]
    assert error["code"] == "CONFLICT"
    assert (await ask(bench, SAVE, new))["version"] == 1


async def test_a_version_grows_with_what_an_item_is_offered_for(bench: Bench) -> None:
    await saved(bench, "REASON", "low_nps", defaultFor=["risk"])
    reasons = await listed(bench, "REASON")
    assert [reasons[k]["version"] for k in ("low_nps", "other", "upsell")] == [2, 2, 1]
    assert (
        reasons["low_nps"]["defaultFor"] == reasons["low_nps"]["typeKeys"] == ["risk"]
    )
    assert "risk" not in reasons["other"]["defaultFor"]
    gone = {"vocabulary": "TYPE", "key": "expansion", "expectedVersion": 1}
    assert (await ask(bench, DELETE, gone))["errors"] == []
    reasons = await listed(bench, "REASON")
    assert [reasons[k]["version"] for k in ("low_nps", "other", "upsell")] == [2, 3, 2]
    used = {"vocabulary": "REASON", "key": "other", "expectedVersion": 3}
    answer = await ask(bench, DELETE, used)
    assert (answer["item"]["active"], answer["version"]) == (False, 4)
    await saved(bench, "TYPE", "risk", recordKind="COMPANY")
    kinds = await listed(bench, "TYPE")
    assert (kinds["risk"]["recordKind"], kinds["risk"]["version"]) == ("COMPANY", 2)
    assert not (await listed(bench, "REASON"))["other"]["item"]["active"]
    hidden = await bench.query(LIST, viewer=CSM, vocabulary="REASON")
    assert hidden["viewer"]["ctaVocabulary"] == []
