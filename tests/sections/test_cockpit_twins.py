"""Rules that find the CTA that they would make: what they change of it, and what not."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.plugins.rules.engine import load
from cyclorama.plugins.rules.running import batch_of
from cyclorama.sections.cockpit import section
from cyclorama.sections.cockpit.rules import followed, with_comment
from cyclorama.sections.cockpit.tables import PRIORITY, CtaRow, TaskRow
from cyclorama.sections.cockpit.twins import about
from cyclorama.sections.cockpit.vocabulary import item_id
from cyclorama.storage.audit_checks import verify
from cyclorama.storage.engine import Database
from cyclorama.storage.events import EVENTS
from cyclorama.storage.rules import RUNS
from cyclorama.testing import ADMIN, NOW, Bench, company
from tests.sections.ctas import cta, day, filled, playbook, task
from tests.sections.ruling import ANN, RUNNING, logged, rows, save

pytestmark = pytest.mark.anyio
CTAS: Any = CtaRow.__table__
TASKS: Any = TaskRow.__table__
RULE = """
rules:
  - key: look
    name: Look
    kind: {kind}
    record: [{{attribute: name, operator: EQ, values: [{of}]}}]
    actions:
      - action: cockpit.create_cta
        with: {{type: risk, {settings}}}
"""
UPDATE = """mutation($input: UpdateCtaInput!) {
  updateCta(input: $input) { errors { message } cta { version } } }"""


async def run(database: Database) -> None:
    """Run all rules on demand."""
    async with database.write() as session:
        batch = batch_of(session, ANN, NOW.date(), ())
        for rule in await load(session):
            ids = await RUNNING.found(batch, rule)
            assert await RUNNING.page(batch, rule, ids, "demand") == []


async def ran(
    database: Database, settings: str, *, of: str = "Company 1", kind: str = "COMPANY"
) -> tuple[Any, ...]:
    """Run such a rule; how many were changed, were not, and failed."""
    await save(database, RULE.format(kind=kind, of=of, settings=settings))
    await run(database)
    return (await logged(database))[-1][4:]


async def reasons(database: Database) -> list[str | None]:
    """What the last run says of its records."""
    found = await rows(database, sa.select(RUNS.c.details).order_by(RUNS.c.id))
    return [d["reason"] for d in found[-1].details]


async def ctas(database: Database, of: str = "company_1") -> list[Any]:
    query = sa.select(CTAS).where(CTAS.c.company_id == of).order_by(CTAS.c.id)
    return list(await rows(database, query))


def test_a_rule_changes_what_it_has_set_and_nobody_has_changed() -> None:
    was = {"name": "A", "owner_id": "ann", "priority_id": "low"}
    held = {**was, "priority_id": "high", "is_important": False}
    new = {"name": "B", "owner_id": "ann", "priority_id": "mid", "is_important": True}
    assert followed(held, was, new) == {"name": "B"}
    assert followed(held, {}, new) == {}


def test_a_comment_comes_behind_what_is_there_while_there_is_room() -> None:
    found = with_comment("<p>Mine</p>", "Why", date(2026, 3, 2), 100)
    assert found == "<p>Mine</p><p>2026-03-02</p>Why"
    assert with_comment(None, "Why", date(2026, 3, 2), 100) == "<p>2026-03-02</p>Why"
    assert with_comment("x" * 83, "y", date(2026, 3, 2), 100) is None


def test_sqlite_finds_the_ctas_of_companies_by_their_companies() -> None:
    engine = sa.create_engine("sqlite://")
    ctas_of = sa.select(CTAS).where(about("company", ["a", "b"]), ~CTAS.c.is_closed)
    text = ctas_of.compile(engine, compile_kwargs={"literal_binds": True})
    with engine.begin() as connection:
        CTAS.create(connection)
        found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")
        assert "ix_cockpit_cta_page (company_id=?" in str(found.all())


async def test_3_7_an_open_cta_is_brought_up_to_date_but_for_what_people_changed(
    database: Database,
) -> None:
    bench = await filled(Bench(database, [section]))
    first = "name: 'Look at {record.name}', owner: jo@example.com, comments: Why"
    assert await ran(database, first) == (1, 0, 0)
    (made,) = await ctas(database)
    assert await ran(database, first) == (0, 1, 0)
    assert await ctas(database) == [made]
    own = task(1, owner_id="user_jo")
    own.cta_id = made.id
    await bench.add(own)
    changed = {"id": made.id, "priorityKey": "high"}
    answer = await bench.query(UPDATE, viewer=ADMIN, input=changed)
    assert answer["updateCta"] == {"errors": [], "cta": {"version": 2}}
    async with database.write() as session:
        aside = {"snoozed_until": day(9), "snooze_reason": "Later"}
        await session.execute(sa.update(CTAS).values(**aside))
    other = (
        "name: Call, owner: ann@example.com, priority: critical, is_important: true, "
        "due_days: 90, comments: More"
    )
    assert await ran(database, other) == (1, 0, 0)
    (found,) = await ctas(database)
    assert (found.name, found.owner_id, found.is_important, found.version) == (
        "Call",
        "user_csm",
        True,
        3,
    )
    # A person chose the priority; a rule moves no day and leaves the snooze.
    assert found.priority_id == item_id(PRIORITY, "high")
    assert (found.due_date, found.snoozed_until) == (made.due_date, day(9))
    assert found.comments == "Why"
    tasks = await rows(database, sa.select(TASKS.c.owner_id))
    assert {t.owner_id for t in tasks} == {"user_csm"}
    every = f"{other}, comments_policy: EVERY_RUN"
    for _ in range(2):
        assert await ran(database, every) == (1, 0, 0)
    (found,) = await ctas(database)
    assert found.comments == "Why" + "<p>2026-03-02</p>More" * 2
    told = sa.select(EVENTS.c.kind, EVENTS.c.payload).order_by(EVENTS.c.id)
    kinds = [e.kind for e in await rows(database, told)]
    assert kinds == ["cockpit.cta_created"] + ["cockpit.cta_changed"] * 4
    async with database.read() as reading:
        assert (await verify(reading)).fault is None


async def test_3_7_of_what_people_made_the_newest_gets_comments_and_a_playbook(
    database: Database,
) -> None:
    planned = playbook("rescue", ("CREATED", 2), ("DUE", -1))
    mine = (cta(1, created=-5), cta(2, created=-1, due=20, comments="Mine"))
    of_product = cta(3, of="relationship_2", name="Product")
    bench = Bench(database, [section])
    await filled(bench, *planned, *mine, of_product, task(7, of=2))
    given = "name: N, owner: jo@example.com, playbook: rescue, comments: Why"
    assert await ran(database, given) == (1, 0, 0)
    older, newer = await ctas(database)
    assert (older.version, older.comments, older.total_tasks) == (1, None, 0)
    assert (newer.name, newer.owner_id, newer.playbook_id) == (
        "CTA 2",
        "user_csm",
        "cta_playbook_rescue",
    )
    assert newer.comments == "Mine<p>2026-03-02</p>Why"
    query = sa.select(TASKS).where(TASKS.c.cta_id == "cta_2")
    tasks = await rows(database, query.order_by(TASKS.c.position))
    assert [(t.position, t.due_date) for t in tasks] == [
        (7, None),
        (8, day(1)),
        (9, day(19)),
    ]
    several = "2 such CTAs are open; the newest stands for them"
    assert await reasons(database) == [several]
    # The second run has nothing to add, and what a relationship has is not the company's.
    assert await ran(database, given) == (0, 1, 0)
    assert await ran(database, given, of="Company 2") == (1, 0, 0)
    assert len(await ctas(database, "company_2")) == 2
    by_name = "name: '{record.name}', owner: jo@example.com, comments: Why"
    for same, count in (("TYPE_AND_REASON", 2), ("TYPE_REASON_AND_NAME", 3)):
        given = f"{by_name}, same: {same}"
        product = {"of": "Relationship 2", "kind": "RELATIONSHIP"}
        assert await ran(database, given, **product) == (1, 0, 0)
        assert len(await ctas(database, "company_2")) == count
    full = "x" * 31_995
    async with database.write() as session:
        long = sa.update(CTAS).values(comments=full, playbook_id=None, total_tasks=199)
        await session.execute(long)
    given = given.replace("comments", "comments_policy: EVERY_RUN, comments")
    assert await ran(database, given, **product) == (0, 1, 0)
    assert await reasons(database) == ["its comments are as long as they may be"]
    given = "name: N, owner: jo@example.com, playbook: rescue"
    assert await ran(database, given) == (0, 1, 0)
    assert await reasons(database) == ["it would have more than 200 tasks"]


async def test_3_7_none_is_made_for_a_while_after_one_was_closed(
    database: Database,
) -> None:
    bench = Bench(database, [section])
    await filled(bench, company(3), cta(1, closed=-3, status="closed_lost"))
    given = "name: N, owner: jo@example.com, days_after_close"
    assert await ran(database, f"{given}: 4") == (0, 1, 0)
    assert await reasons(database) == ["such a CTA was closed on 2026-02-27"]
    # Another reason is another CTA, and so is another record.
    assert await ran(database, f"reason: low_nps, {given}: 4") == (1, 0, 0)
    assert await ran(database, f"{given}: 4", of="Company 3") == (1, 0, 0)
    assert await ran(database, f"{given}: 3") == (1, 0, 0)
    assert len(await ctas(database)) == 3
    nobody = "name: N, owner: CSM"
    assert await ran(database, nobody, of="Company 2") == (0, 0, 1)


async def test_3_7_of_rules_that_run_at_once_one_makes_it_and_none_is_lost(
    database: Database,
) -> None:
    """A name that somebody gave it stands for it no less."""
    bench = await filled(Bench(database, [section]))
    given = "name: N, owner: jo@example.com, comments: C, comments_policy: EVERY_RUN"
    text = RULE.format(kind="COMPANY", of="Company 1", settings=given)
    await save(database, text.replace("{type", "{same: TYPE_REASON_AND_NAME, type"))
    await asyncio.gather(*(run(database) for _ in range(8)))
    (made,) = await ctas(database)
    assert (made.version, made.comments) == (8, "C" + "<p>2026-03-02</p>C" * 7)
    assert [r[4:] for r in await logged(database)] == [(1, 0, 0)] * 8
    renamed = {"id": made.id, "name": "Mine", "reasonKey": "low_nps"}
    answer = await bench.query(UPDATE, viewer=ADMIN, input=renamed)
    assert answer["updateCta"]["errors"] == []
    await run(database)
    (found,) = await ctas(database)
    assert (found.name, found.version) == ("Mine", 10)
