"""Scores of many records: roll-ups of relationships, bulk calls, the close of a week."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from cyclorama.importers.csv_files import import_csv
from cyclorama.layouts.access import DENY, AccessBook, AccessRule
from cyclorama.layouts.model import Clause, Layout, LayoutBook, Placement
from cyclorama.plugins.discovery import discover
from cyclorama.plugins.working import Worker
from cyclorama.plugins.written import watching
from cyclorama.sections.scorecard.commands import apply, close
from cyclorama.sections.scorecard.tables import EventRow, ScoreRow
from cyclorama.storage.audit import ROWS as AUDIT
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS
from cyclorama.storage.rows import ExternalRefRow
from cyclorama.testing import NOW, Bench, relationship
from tests.sections.scorecards import card, scheme, score
from tests.sections.test_scorecard_file import changed, everything, work

pytestmark = pytest.mark.anyio
SECTIONS = discover().sections
CARDS = changed(
    "      - {measure: sentiment, weight: 30}",
    "      - {measure: sentiment, weight: 30}\n      - {measure: products, weight: 1}",
    changed("types: [platform]", "types: [product]"),
)
CARDS = changed("[Company 2, Company 3]", "[Company 3]", CARDS)
CARDS = changed(
    "{key: tickets, kind: COMPANY, name: Tickets, validity_days: 30}",
    "{key: tickets, kind: COMPANY, name: Tickets, validity_days: 30, "
    "stale_policy: EXCLUDE}",
    CARDS,
)
BULK = """mutation($rows: [SetScoreInput!]!, $dry: Boolean! = false) {
  bulkSetScores(input: { rows: $rows, dryRun: $dry }) {
    changed renewed refused errors { path code }
    results { recordId measureKey status value overall errors { path code message } } } }"""
SHOWN = """query($i: ID!) { company(id: $i) { scorecard { overall { value trend }
  measures { measure { key } score { value label naKind } } explanation { value } } } }"""
SET = """mutation($i: SetScoreInput!) { setScore(input: $i) { errors { message } } }"""
UPDATE = """mutation($i: UpdateFieldsInput!) { updateFields(input: $i) {
  errors { message } } }"""


def book() -> LayoutBook:
    shown = [{"path": p, "editable": True} for p in ("arr", "name")]
    config = {"groups": [{"label": "All", "fields": shown}]}
    placed = (
        Placement("attributes", "attributes", config=config),
        Placement("scorecard", "scorecard"),
    )
    return LayoutBook(
        (
            Layout("one", "COMPANY", None, "One", "", True, placements=placed),
            Layout("two", "RELATIONSHIP", None, "Two", "", True, placements=placed),
        )
    )


@pytest.fixture
async def bench(database: Database, tmp_path: Path) -> Bench:
    """Two companies: the first has the relationships of the domain's worked example."""
    made = Bench(database, SECTIONS, book=book())
    await made.fill(2)
    arr = {3: 5_000_000, 4: 0, 5: 15_000_000}
    await made.add(*(relationship(n, arr_minor=m) for n, m in arr.items()))
    file = tmp_path / "cards.yaml"
    file.write_text(CARDS)
    await apply(work(made), file)
    return made


def row(record: str, key: str, value: float | None, **rest: Any) -> dict[str, Any]:
    return {"recordId": record, "measureKey": key, "value": value, **rest}


async def bulk(bench: Bench, *rows: Any, dry: bool = False) -> Any:
    found = await bench.query(BULK, rows=list(rows), dry=dry)
    return found["bulkSetScores"]


async def products(bench: Bench, number: int = 1) -> Any:
    """The company's score of its relationships."""
    found = await bench.query(SHOWN, i=f"company_{number}")
    scores = {
        m["measure"]["key"]: m["score"]
        for m in found["company"]["scorecard"]["measures"]
    }
    return scores["products"]["value"]


async def test_scores_of_relationships_roll_up_wherever_they_change(
    bench: Bench, tmp_path: Path
) -> None:
    given = {1: 82, 3: 40, 4: 90}
    rows = [row(f"relationship_{n}", "pulse", v) for n, v in given.items()]
    hidden = Clause("name", "EQ", ("Relationship 3",))
    bench.access = AccessBook(
        rules=(
            AccessRule(
                rank=1,
                name="Hidden",
                kind="RELATIONSHIP",
                effect=DENY,
                record=(hidden,),
            ),
        )
    )
    refused = await bulk(bench, *rows)
    assert [r["status"] for r in refused["results"]] == [
        "CHANGED",
        "REFUSED",
        "CHANGED",
    ]
    bench.access = AccessBook()
    await bulk(bench, rows[1])
    assert await products(bench) == 40  # only that one has an ARR
    arr = {"path": "arr", "value": {"amount": "200000", "currency": "USD"}}
    changing = {"recordId": "relationship_1", "fields": [arr]}
    answer = await bench.query(UPDATE, i=changing)
    assert answer["updateFields"]["errors"] == []
    assert await products(bench) == 74
    answer = await bench.query(SHOWN, i="company_1")
    card = answer["company"]["scorecard"]
    assert card["overall"]["value"] == card["explanation"]["value"] == 74

    refs = [("company", 1, "a"), ("company", 2, "b"), ("relationship", 1, "r")]
    await bench.add(
        *(
            ExternalRefRow(
                id=f"ref_{key}",
                system="crm",
                object_type=kind,
                external_id=key,
                entity_id=f"{kind}_{n}",
            )
            for kind, n, key in refs
        )
    )
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("""
system: crm
files:
  - file: relationships.csv
    object: relationship
    target: relationship
    id: id
    fields:
      name: name
      type_id: type
    references:
      company_id: {object: company, column: company}
""")
    file = tmp_path / "relationships.csv"
    file.write_text("id,name,type,company\nr,Moved,product,b\n")
    by = work(bench)
    watch = watching(SECTIONS, by.author, by.today, ())
    sections = {s.key: s for s in SECTIONS}
    (report,) = await import_csv(
        bench.database, sections, mapping, [file], now=NOW, watch=watch
    )
    assert (report.updated, report.rejected) == (1, 0)
    assert (await products(bench), await products(bench, 2)) == (40, 82)


async def test_a_bulk_call_takes_what_it_can_and_says_why_not(bench: Bench) -> None:
    rows = [
        row("company_1", "logins", 80),
        row("company_1", "depth", 50),
        row("company_1", "logins", 20),
        row("company_1", "products", 20),
        row("company_1", "tickets", 101),
        row("company_2", "sentiment", None, band="Yellow"),
        row("company_9", "logins", 1),
        row("relationship_1", "pulse", 50),
    ]
    before = await everything(bench)
    planned = await bulk(bench, *rows, dry=True)
    assert await everything(bench) == before
    answer = await bulk(bench, *rows)
    assert [answer[n] for n in ("changed", "renewed", "refused")] == [4, 0, 4]
    codes = [
        (r["status"], *((".".join(e["path"]), e["code"]) for e in r["errors"]))
        for r in answer["results"]
    ]
    assert codes == [
        ("CHANGED",),
        ("CHANGED",),
        ("REFUSED", ("measureKey", "DUPLICATE")),
        ("REFUSED", ("measureKey", "READ_ONLY")),
        ("REFUSED", ("value", "RANGE")),
        ("CHANGED",),
        ("REFUSED", ("recordId", "NOT_FOUND")),
        ("CHANGED",),
    ]
    assert answer == planned
    shown = [(r["value"], r["overall"]) for r in answer["results"]]
    assert shown[0] == (80, 68)
    assert shown[5] == (60, 60)
    again = await bulk(bench, *rows)
    assert [again[n] for n in ("changed", "renewed", "refused")] == [0, 4, 4]
    async with bench.database.read() as reading:
        query = sa.select(AUDIT.c.subject).where(AUDIT.c.action == "scorecard.set")
        assert len(await reading.execute(query)) == 6
    for count, code in ((0, "REQUIRED"), (5_001, "LIMIT_EXCEEDED")):
        refused = await bulk(bench, *rows[:1] * count)
        assert refused["errors"] == [{"path": ["rows"], "code": code}]


async def test_a_bulk_call_writes_what_single_calls_do(bench: Bench) -> None:
    for measure, value in (("logins", 80), ("sentiment", 90), ("logins", 80)):
        bench.now += timedelta(hours=1)
        answer = await bench.query(SET, i=row("company_1", measure, value))
        assert answer["setScore"]["errors"] == []
        await bulk(bench, row("company_2", measure, value))
    assert await written(bench, "company_1") == await written(bench, "company_2")
    await bulk(bench, *(row(f"company_{n}", "logins", 10) for n in (1, 2)))
    taken = len(bench.statements)
    keys = ("logins", "sentiment")
    await bulk(bench, *(row(f"company_{n}", k, 20) for n in (1, 2) for k in keys))
    assert len(bench.statements) == taken


async def written(bench: Bench, record: str) -> list[Any]:
    """All that was written of a record, without ids."""
    found: list[Any] = []
    of_record = {"record_id": record, "subject": record}
    async with bench.database.read() as reading:
        for table in (ScoreRow.__table__, EventRow.__table__, EVENTS, AUDIT):
            (name,) = of_record.keys() & {c.name for c in table.c}
            ids = {name, "id", "number", "request_id", "operation", "hash", "previous"}
            columns = [c for c in table.c if c.name not in ids]
            order = table.c.get("number", [*table.primary_key][-1])
            query = sa.select(*columns).where(table.c[name] == record)
            found += await reading.execute(query.order_by(order))
    return found


async def test_the_job_of_the_night_closes_as_the_command_does(bench: Bench) -> None:
    await bulk(bench, row("company_1", "tickets", 20), row("company_1", "logins", 80))
    at = [NOW]
    worker = Worker(
        bench.database, bench.graph.sections, clock=lambda: at[0], zone=ZoneInfo("UTC")
    )
    while await worker.work():  # the events
        pass
    assert not worker.done  # it waits for the end of the day
    at[0] = bench.now = NOW + timedelta(days=31)
    bench.today = bench.now.date()
    while await worker.work():
        pass
    card = (await bench.query(SHOWN, i="company_1"))["company"]["scorecard"]
    assert card["overall"] == {"value": 80, "trend": "UP"}
    assert {how for _, how in worker.done} == {"done"}
    assert (await close(work(bench))).data["changed"] == 0
    async with bench.database.read() as reading:
        query = sa.select(AUDIT.c.actor).where(AUDIT.c.action == "scorecard.close")
        assert [*await reading.execute(query)] == [("worker",)]


async def test_a_close_brings_scores_up_to_what_time_made_of_them(
    bench: Bench,
) -> None:
    await bulk(bench, row("company_1", "tickets", 20), row("company_1", "logins", 80))
    bench.now = NOW + timedelta(days=31)
    bench.today = bench.now.date()
    card = (await bench.query(SHOWN, i="company_1"))["company"]["scorecard"]
    assert (card["overall"]["value"], card["explanation"]["value"]) == (63, 80)
    told = await close(work(bench))
    assert (told.data["changed"], told.data["up"], told.data["most"]) == (1, 1, 17)
    card = (await bench.query(SHOWN, i="company_1"))["company"]["scorecard"]
    assert card["overall"] == {"value": 80, "trend": "UP"}
    before = await everything(bench)
    assert (await close(work(bench))).data["changed"] == 0
    assert await everything(bench) == before
    async with bench.database.read() as reading:
        query = sa.select(EventRow.value).where(
            EventRow.record_id == "company_1", EventRow.kind == "RECALC"
        )
        rows = await reading.execute(query.order_by(EventRow.number))
        assert rows[-1].value == 80


async def test_a_close_reads_no_records_of_a_kind_without_scorecards(
    database: Database,
) -> None:
    bench = Bench(database, SECTIONS, book=book())
    await bench.fill(2)
    await bench.add(*scheme(), *card(), score("logins", 50))
    bench.statements.clear()
    assert (await close(work(bench))).data["records"] == 1
    assert not [s for s in bench.statements if "FROM relationship" in s]
