"""The recommended order, saved views, linked records and series of calls to action."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from cyclorama.layouts.model import Layout, LayoutBook, Placement
from cyclorama.plugins import Run
from cyclorama.plugins.discovery import discover
from cyclorama.plugins.working import WORKER
from cyclorama.sections.cockpit.recurrence import make_due
from cyclorama.sections.cockpit.rules import (
    Recurrence,
    Refused,
    checked_url,
    next_day,
    recommended_score,
)
from cyclorama.sections.cockpit.tables import CtaRow, LinkRow, ViewRow
from cyclorama.sections.support.tables import SupportCaseRow
from cyclorama.sections.timeline.tables import PRIVATE
from cyclorama.storage.accounts import GroupFacts
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.audit import Author
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS
from cyclorama.storage.masks import FieldPermission
from cyclorama.storage.rows import CompanyRow, RelationshipRow
from cyclorama.testing import ADMIN, CSM, NOW, Bench
from cyclorama.testing.bench import company
from tests.sections.ctas import TODAY, cta, day, filled
from tests.sections.scorecards import card, scheme, score
from tests.sections.timelines import activity

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
BOOK = LayoutBook(
    tuple(
        Layout(
            kind,
            kind,
            None,
            kind,
            is_default=True,
            placements=tuple(
                Placement(k, k) for k in ("cockpit", "scorecard", "support", "timeline")
            ),
        )
        for kind in ("COMPANY", "RELATIONSHIP")
    )
)
JO = replace(CSM, id="user_jo", name="Jo")
BO = replace(CSM, groups=(*CSM.groups, GroupFacts("group_bo", "bo", "Bo")))


@pytest.fixture
async def bench(database: Database) -> Bench:
    return await filled(
        Bench(database, SECTIONS, book=BOOK),
        cta(1, due=-7),
        cta(2, due=-20, of="relationship_1"),
        cta(3, due=5),
        cta(4, due=5),
        cta(5, type="lifecycle", reason="renewal", due=14),
        cta(6, of="company_2", type="lifecycle", reason="renewal", owner_id="user_jo"),
    )


async def listed(bench: Bench, asked: str, **options: Any) -> Any:
    query = f'{{ company(id: "company_1") {{ cockpit {{ ctas({asked}) {{ totalCount '
    query += "pageInfo { hasNextPage endCursor } edges { cursor node { id } } } } } }"
    found = await bench.query(query, **options)
    return found["company"]["cockpit"]["ctas"]


def values_of(page: Any) -> dict[str, float]:
    """What each CTA of a page is recommended with, as its cursor says."""
    return {
        e["node"]["id"]: orjson.loads(bytes.fromhex(e["cursor"]))[1] / 100
        for e in page["edges"]
    }


async def test_3_9_the_recommended_order_is_that_of_the_rules(bench: Bench) -> None:
    """Health 40, ARR at 80 %, 45 days to the renewal, 7 overdue: 67.25."""
    await bench.add(*(company(n) for n in (3, 4, 5)))
    await bench.add(*scheme(), *card())
    await bench.add(score("", 40))
    async with bench.database.write() as session:
        for n, arr in enumerate((900, 900, 100, 200, 300), 1):
            own = sa.update(CompanyRow).where(CompanyRow.id == f"company_{n}")
            await session.execute(own.values(arr_minor=arr, renewal_date=day(45)))
        of_one = sa.update(RelationshipRow).where(
            RelationshipRow.id == "relationship_1"
        )
        await session.execute(of_one.values(renewal_date=day(0)))
    resolved = Bench(bench.database, SECTIONS, book=BOOK, planned=False)
    known = {"health": 40.0, "arr_percentile": 80.0}
    inputs = {"cta_1": (45, 7), "cta_2": (0, 20), "cta_3": (45, 0)}
    inputs |= {"cta_4": (45, 0), "cta_5": (45, 0)}
    whole = await listed(bench, "order: RECOMMENDED")
    assert values_of(whole)["cta_1"] == 67.25
    for one, (renewal, late) in inputs.items():
        due = recommended_score(**known, days_to_renewal=renewal, days_past_due=late)
        assert values_of(whole)[one] == pytest.approx(due, abs=0.005)
    order = ["cta_2", "cta_1", "cta_3", "cta_4", "cta_5"]
    assert [e["node"]["id"] for e in whole["edges"]] == order
    assert whole == await listed(resolved, "order: RECOMMENDED")
    for of in (bench, resolved):
        found, after = [], ""
        for _ in order:
            page = await listed(of, f"order: RECOMMENDED, first: 1{after}")
            found += [e["node"]["id"] for e in page["edges"]]
            after = f', after: "{page["pageInfo"]["endCursor"]}"'
        assert found == order
        assert not page["pageInfo"]["hasNextPage"]
        refused = await of.ask(
            f'{{ company(id: "company_1") {{ cockpit {{ ctas(first: 1{after}) '
            "{ totalCount } } } }"
        )
        assert "cursor" in refused["errors"][0]["message"]
    for hidden, left in (
        ("Score.value", {"arr_percentile": 80.0, "days_to_renewal": 45}),
        ("Company.arr", {"health": 40.0, "days_to_renewal": 45}),
        ("Company.renewalDate", known),
    ):
        bench.permissions = (FieldPermission("bo", hidden, "hidden"),)
        page = await listed(bench, "order: RECOMMENDED", viewer=BO)
        due = recommended_score(**left, days_past_due=7)
        assert values_of(page)["cta_1"] == pytest.approx(due, abs=0.005), hidden


async def test_the_list_is_filtered_by_reason_and_priority(bench: Bench) -> None:
    for asked, ids in (
        ('reasonKeys: ["renewal"]', ["cta_5"]),
        ('priorityKeys: ["high"]', []),
        ('priorityKeys: ["medium"], reasonKeys: ["other"], first: 1', ["cta_2"]),
    ):
        page = await listed(bench, asked)
        assert [e["node"]["id"] for e in page["edges"]] == ids


async def test_nothing_is_found_by_what_is_hidden(bench: Bench) -> None:
    async with bench.database.write() as session:
        marked = sa.update(CtaRow).where(CtaRow.id == "cta_5").values(is_important=True)
        await session.execute(marked)
    resolved = Bench(bench.database, SECTIONS, book=BOOK, planned=False)
    for field, asked in (
        ("type", 'typeKeys: ["lifecycle"]'),
        ("reason", 'reasonKeys: ["renewal"]'),
        ("priority", 'priorityKeys: ["medium"]'),
        ("owner", 'ownerIds: ["user_csm"]'),
        ("isImportant", "important: true"),
    ):
        hidden = (FieldPermission("bo", f"Cta.{field}", "hidden"),)
        bench.permissions = resolved.permissions = hidden
        assert (await listed(bench, asked))["totalCount"] > 0
        for of in (bench, resolved):
            assert await listed(of, asked, viewer=BO) == {
                "totalCount": 0,
                "pageInfo": {"hasNextPage": False, "endCursor": None},
                "edges": [],
            }


def mutation(name: str, asked: str) -> str:
    kind = name[0].upper() + name[1:] + "Input"
    return (
        f"mutation($input: {kind}!) {{ answer: {name}(input: $input) "
        f"{{ errors {{ path code message }} {asked} }} }}"
    )


LINKS = "cta { version linkedRecords { id system objectName recordId label url } }"
VIEW = "view { id name isShared filters columns version owner { id } }"
LINK, UNLINK = mutation("linkCtaRecord", LINKS), mutation("unlinkCtaRecord", LINKS)
SAVE, DROP = mutation("saveCtaView", VIEW), mutation("deleteCtaView", "deletedId")
FROM = mutation(
    "createCta", "cta { source linkedRecords { system objectName recordId } }"
)
SERIES = "cta { version recurEvery recurUnit recurOn }"
RECUR = mutation("setCtaRecurrence", SERIES)
REOPEN = mutation("reopenCta", "cta { version }")


async def accepted(bench: Bench, query: str, given: Any, **options: Any) -> Any:
    answer = await bench.query(query, input=given, **options)
    assert answer["answer"]["errors"] == []
    return answer["answer"]


async def everything(bench: Bench) -> list[Any]:
    found: list[Any] = []
    tables = (CtaRow.__table__, LinkRow.__table__, ViewRow.__table__, AUDIT)
    async with bench.database.read() as reading:
        for table in tables:
            order = table.primary_key
            found += await reading.execute(sa.select(*table.c).order_by(*order))
    return found


async def refused(bench: Bench, query: str, given: Any, **options: Any) -> Any:
    before = await everything(bench)
    answer = await bench.query(query, input=given, **options)
    assert await everything(bench) == before
    (error,) = answer["answer"]["errors"]
    return ".".join(error["path"]), error["code"]


async def audited(bench: Bench) -> list[str]:
    async with bench.database.read() as reading:
        rows = await reading.execute(sa.select(AUDIT.c.action).order_by(AUDIT.c.number))
    return [r.action for r in rows]


async def test_a_cta_is_linked_with_records(bench: Bench) -> None:
    await bench.add(*(_case(n) for n in (1, 2)))
    jira = {
        "ctaId": "cta_1",
        "system": "jira",
        "objectName": "issue",
        "recordId": "A-1",
    }
    case = {"ctaId": "cta_1", "objectName": "case", "recordId": "case_1"}
    for given, expected in (
        ({"ctaId": "cta_9"}, ("ctaId", "NOT_FOUND")),
        ({"objectName": " "}, ("objectName", "REQUIRED")),
        ({"objectName": "x" * 81}, ("objectName", "LENGTH")),
        ({"recordId": "x" * 256}, ("recordId", "LENGTH")),
        ({"system": ""}, ("system", "REQUIRED")),
        ({"label": "x" * 256}, ("label", "LENGTH")),
        ({"url": "javascript:alert(1)"}, ("url", "INVALID")),
        ({"system": None}, ("recordId", "LOOKUP_NOT_FOUND")),
        ({"system": None, "recordId": "case_2"}, ("recordId", "LOOKUP_NOT_FOUND")),
        ({"expectedVersion": 7}, ("expectedVersion", "CONFLICT")),
    ):
        assert await refused(bench, LINK, {**jira, **given}) == expected, given
    other = replace(CSM, id="user_other")
    assert await refused(bench, LINK, jira, viewer=other) == ("ctaId", "FORBIDDEN")
    bench.permissions = (FieldPermission("bo", "Cta.linkedRecords", "read"),)
    assert await refused(bench, LINK, jira, viewer=BO) == ("ctaId", "READ_ONLY")
    url = {"url": "https://jira.example/A-1", "label": " The bug "}
    await accepted(bench, LINK, {**jira, **url})
    assert await refused(bench, LINK, jira) == ("recordId", "DUPLICATE")
    made = (await accepted(bench, LINK, case))["cta"]
    assert made["version"] == 3
    first, second = made["linkedRecords"]
    assert [first["system"], first["label"]] == ["jira", "The bug"]
    assert [second["system"], second["recordId"]] == [None, "case_1"]
    gone = {"ctaId": "cta_1", "linkId": first["id"]}
    assert await refused(bench, UNLINK, {**gone, "ctaId": "cta_3"}) == (
        "linkId",
        "NOT_FOUND",
    )
    assert await refused(bench, UNLINK, gone, viewer=other) == ("ctaId", "FORBIDDEN")
    left = await accepted(bench, UNLINK, {**gone, "expectedVersion": 3})
    assert left["cta"] == {"version": 4, "linkedRecords": [second]}
    assert await audited(bench) == ["cockpit.link", "cockpit.link", "cockpit.unlink"]
    await bench.add(*(_link(n) for n in range(49)))
    assert await refused(bench, LINK, jira) == ("ctaId", "LIMIT_EXCEEDED")


async def test_a_cta_follows_from_a_thing_of_its_company(bench: Bench) -> None:
    """Tasks from inside an activity are those of a CTA that is named after it."""
    secret = {"by": "user_jo", "visibility": PRIVATE}
    await bench.add(*activity(1), *activity(2, of=2), *activity(3, **secret), _case(1))
    given = {
        "recordId": "company_1",
        "name": "To-Do: Subject 1",
        "typeKey": "risk",
        "dueDate": str(day(7)),
        "fromId": "activity_1",
    }
    for change, code in (
        ({"fromId": "activity_9"}, "LOOKUP_NOT_FOUND"),
        ({"fromId": "activity_2"}, "LOOKUP_NOT_FOUND"),
        ({"fromId": "activity_3"}, "LOOKUP_NOT_FOUND"),
        ({"fromId": "company_1"}, "LOOKUP_NOT_FOUND"),
        ({"dedupe": "TYPE_AND_REASON"}, "INVALID"),
    ):
        assert await refused(bench, FROM, {**given, **change}) == ("fromId", code)
    bench.permissions = (FieldPermission("bo", "Cta.linkedRecords", "read"),)
    assert await refused(bench, FROM, given, viewer=BO) == ("fromId", "READ_ONLY")
    for origin, kind, source in (
        ("activity_1", "activity", "TIMELINE"),
        ("case_1", "case", "MANUAL"),
    ):
        made = (await accepted(bench, FROM, {**given, "fromId": origin}))["cta"]
        link = {"system": None, "objectName": kind, "recordId": origin}
        assert made == {"source": source, "linkedRecords": [link]}


def _case(number: int) -> SupportCaseRow:
    return SupportCaseRow(
        id=f"case_{number}",
        company_id=f"company_{number}",
        number="1",
        status="New",
        opened_at=NOW,
        updated_at=NOW,
    )


def _link(number: int) -> LinkRow:
    return LinkRow(
        id=f"cta_link_{number}",
        cta_id="cta_1",
        company_id="company_1",
        system="x",
        object_name="x",
        record_id=str(number),
        created_by="user_csm",
        created_at=NOW,
    )


async def test_views_are_saved_for_oneself_or_by_admins_for_all(bench: Bench) -> None:
    filters = {"view": "MINE", "order": "RECOMMENDED", "typeKeys": ["risk", "risk"]}
    given = {"name": " Mine ", "filters": filters, "columns": ["name", "dueDate"]}
    for change, expected in (
        ({"name": ""}, ("name", "REQUIRED")),
        ({"name": "x" * 81}, ("name", "LENGTH")),
        ({"columns": ["secret"]}, ("columns", "UNKNOWN_FIELD")),
        ({"columns": ["name", "name"]}, ("columns", "DUPLICATE")),
        ({"columns": ["name"] * 31}, ("columns", "LIMIT_EXCEEDED")),
        ({"filters": {"typeKeys": ["x" * 81]}}, ("filters", "LIMIT_EXCEEDED")),
        (
            {"filters": {"ownerIds": [str(n) for n in range(51)]}},
            ("filters", "LIMIT_EXCEEDED"),
        ),
        ({"isShared": True}, ("isShared", "FORBIDDEN")),
        ({"id": "cta_view_9"}, ("id", "NOT_FOUND")),
    ):
        assert await refused(bench, SAVE, {**given, **change}) == expected, change
    mine = (await accepted(bench, SAVE, given))["view"]
    kept = {"view": "MINE", "order": "RECOMMENDED", "important": False}
    assert mine["filters"] == {**kept, "typeKeys": ["risk"]}
    assert (mine["name"], mine["owner"]) == ("Mine", {"id": "user_csm"})
    shared = {**given, "name": "All", "isShared": True}
    for_all = (await accepted(bench, SAVE, shared, viewer=ADMIN))["view"]
    asked = '{ company(id: "company_1") { cockpit { views { name } } } }'
    for viewer, names in ((CSM, ["All", "Mine"]), (JO, ["All"])):
        found = await bench.query(asked, viewer=viewer)
        assert [v["name"] for v in found["company"]["cockpit"]["views"]] == names
    for view, code in ((mine, "NOT_FOUND"), (for_all, "FORBIDDEN")):
        change = {**given, "id": view["id"]}
        assert await refused(bench, SAVE, change, viewer=JO) == ("id", code)
        gone = {"id": view["id"]}
        assert await refused(bench, DROP, gone, viewer=JO) == ("id", code)
    change = {**given, "id": mine["id"], "name": "Other", "expectedVersion": 1}
    assert (await accepted(bench, SAVE, change))["view"]["version"] == 2
    assert await refused(bench, SAVE, change) == ("expectedVersion", "CONFLICT")
    gone = {"id": mine["id"], "expectedVersion": 1}
    assert await refused(bench, DROP, gone) == ("expectedVersion", "CONFLICT")
    assert (await accepted(bench, DROP, {"id": mine["id"]}))["deletedId"] == mine["id"]
    await bench.add(*(_view(n) for n in range(100)))
    assert await refused(bench, SAVE, given) == ("name", "LIMIT_EXCEEDED")
    made = ["cockpit.view"] * 3
    assert await audited(bench) == [*made, "cockpit.view_delete"]


def _view(number: int) -> ViewRow:
    return ViewRow(
        id=f"cta_view_{number}",
        owner_id="user_csm",
        name="x",
        created_at=NOW,
        updated_at=NOW,
    )


async def recur(bench: Bench, days: int) -> None:
    """Have a worker make what is due so many days from today."""
    now = NOW + timedelta(days=days)
    async with bench.database.write() as session:
        await make_due(
            Run(
                session=session,
                kind="cockpit.recur",
                payload={},
                now=now,
                today=now.date(),
                author=Author(actor=WORKER, at=now),
                fields=(),
            )
        )


async def series(bench: Bench) -> list[Any]:
    query = sa.select(CtaRow).where(CtaRow.series_id == "cta_5")
    async with bench.database.write() as session:
        return list(await session.scalars(query.order_by(CtaRow.created_on)))


async def test_the_next_of_a_series_is_made_when_its_day_comes(bench: Bench) -> None:
    """Never two open ones of a series, however often the worker looks."""
    for given, expected in (
        ({"id": "cta_1", "every": 1}, ("id", "INVALID")),
        ({"id": "cta_5", "every": 0}, ("every", "RANGE")),
        ({"id": "cta_5", "every": 61}, ("every", "RANGE")),
        ({"id": "cta_6", "every": 1}, ("id", "FORBIDDEN")),
        ({"id": "cta_5", "every": 1, "expectedVersion": 9}, None),
    ):
        conflict = expected or ("expectedVersion", "CONFLICT")
        assert await refused(bench, RECUR, given) == conflict, given
    asked = {"id": "cta_5", "every": 2, "unit": "WEEK"}
    found = (await accepted(bench, RECUR, asked))["cta"]
    assert found["recurOn"] == str(day(14))
    await recur(bench, 20)
    assert len(await series(bench)) == 1  # the first one is open
    close = mutation("closeCta", "cta { version }")
    await accepted(bench, close, {"id": "cta_5"})
    await recur(bench, 13)
    assert len(await series(bench)) == 1
    for _ in range(2):
        await recur(bench, 15)
    old, new = await series(bench)
    assert (old.recur_on, new.recur_on) == (None, day(28))
    assert (new.due_date, new.source, new.is_closed) == (day(29), "RECURRENCE", False)
    assert (new.name, new.owner_id) == (old.name, old.owner_id)
    assert await refused(bench, REOPEN, {"id": "cta_5"}) == ("id", "INVALID_STATE")
    ended = (await accepted(bench, RECUR, {"id": new.id}))["cta"]
    assert (ended["recurEvery"], ended["recurOn"]) == (None, None)
    told = await audited(bench)
    assert told[-3:] == ["cockpit.recur", "cockpit.create", "cockpit.recur"]
    events = sa.select(EVENTS).where(EVENTS.c.actor_kind == "SYSTEM")
    async with bench.database.read() as reading:
        (event,) = await reading.execute(events)
    assert (event.kind, event.subject_id) == ("cockpit.cta_created", new.id)
    after = event.payload["after"]
    assert (after["type"], after["source"]) == ("lifecycle", "RECURRENCE")


def test_days_of_a_series_are_counted_from_its_first() -> None:
    first, month = date(2026, 1, 31), Recurrence.MONTH
    assert next_day(month, 1, first, date(2026, 2, 1)) == date(2026, 2, 28)
    assert next_day(month, 1, first, date(2026, 2, 28)) == date(2026, 3, 31)
    assert next_day(month, 12, first, date(2026, 1, 31)) == date(2027, 1, 31)
    assert next_day(Recurrence.WEEK, 2, TODAY, TODAY) == day(14)


def test_an_address_is_one_of_the_web() -> None:
    assert checked_url(" https://x.example/a?b=1 ", "url") == "https://x.example/a?b=1"
    assert checked_url(None, "url") is checked_url(" ", "url") is None
    for url in ("ftp://x", "x.example", "https://", "https://a b", "http://<x>"):
        with pytest.raises(Refused):
            checked_url(url, "url")
    with pytest.raises(Refused, match="2,048"):
        checked_url("https://" + "x" * 2048, "url")
