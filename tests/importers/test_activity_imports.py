"""Activities and CTAs from other systems: what they become, what is refused, who keeps
what."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cyclorama.app import graph
from cyclorama.importers.csv_files import import_csv
from cyclorama.importers.model import FileReport
from cyclorama.importers.salesforce import import_salesforce
from cyclorama.sections.cockpit.tables import CtaRow
from cyclorama.sections.timeline.tables import ActivityRow, AttendeeRow
from cyclorama.storage.engine import Database
from cyclorama.storage.rows import PicklistItemRow, UserRow

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
pytestmark = pytest.mark.anyio
MAPPING = """
system: desk
files:
  - {file: all.csv, object: firms, target: company, id: firm, once: true, fields: {name: firm}}
  - file: all.csv
    object: units
    target: relationship
    id: unit
    only: {row: "1"}
    fields: {name: unit, type_id: {constant: Unit}}
    references: {company_id: {object: firms, column: firm}}
  - file: all.csv
    object: staff
    target: user
    constant_id: desk
    fields: {name: {constant: Desk}, email: {constant: desk@example.com}}
  - file: all.csv
    object: risks
    target: cta
    id: row
    fields:
      name: name
      type_id: type
      reason_id: reason
      priority_id: {constant: high}
      status_id: status
      created_on: {constant: 2026-02-01}
      due_date: due
      closed_on: closed
      source: source
    references:
      company_id: {object: firms, column: firm}
      relationship_id: {object: units, column: unit}
      owner_id: {object: staff, constant: desk}
  - file: all.csv
    object: entries
    target: activity
    id: row
    fields:
      type: kind
      subject: name
      notes: notes
      duration_minutes: minutes
      activity_date: {template: "{due}T09:30:00"}
    references:
      company_id: {object: firms, column: firm}
      author_id: {object: staff, constant: desk}
"""
HEADER = "row,firm,unit,name,type,reason,status,due,closed,source,kind,notes,minutes\n"
GOOD = "1,A,A1,Risk,Risk,Pricing,closed_lost,2026-02-10,2026-02-12,,call,<b>Hi</b>,5\n"


async def rows(database: Database, *columns: Any) -> list[tuple[Any, ...]]:
    async with database.read() as reading:
        found = await reading.execute(sa.select(*columns).order_by(*columns))
    return [tuple(r) for r in found]


async def test_what_can_be_no_cta_or_activity_is_rejected_with_its_reason(
    ready_database: Database, tmp_path: Path
) -> None:
    (tmp_path / "map.yaml").write_text(MAPPING, "utf-8")

    async def run(text: str) -> list[FileReport]:
        (tmp_path / "all.csv").write_text(HEADER + text, "utf-8")
        files = [tmp_path / "all.csv"]
        sections, mapping = graph().sections, tmp_path / "map.yaml"
        return await import_csv(ready_database, sections, mapping, files, now=NOW)

    wrong = (
        "2,B,A1,Risk,Risk,,new,2026-02-10,,,call,<script>x</script>,\n"
        f"3,A,,{'x' * 201},Risk,,new,2026-02-10,,,Phone call,,\n"
        "4,A,,Risk,Nonsense,,new,2026-02-10,,,call,,-1\n"
        "5,A,,Risk,Risk,,Odd,2026-02-10,,,call,,20000\n"
        "6,A,,Risk,Risk,,closed_lost,2026-02-10,,,call,,\n"
        "7,A,,Risk,Risk,,new,9999-12-31,,,call,,\n"
        "8,A,,Risk,Risk,,new,2026-02-10,,DREAM,call,,\n"
    )
    *_, risks, entries = await run(GOOD + wrong)
    assert (risks.created, entries.created) == (1, 3)
    said = {r.line - 1: r.reason for r in risks.rejects}
    for row, word in (
        (2, "another company"),
        (3, "name: it has 201 characters; at most 200"),
        (4, "type_id: it is no type of CTAs"),
        (5, "status_id: no such status"),
        (6, "closed_on: a CTA with a status that closes needs the day"),
        (7, "due_date"),
        (8, "'DREAM' is none of MANUAL"),
    ):
        assert word in said.pop(row)
    assert not said
    said = {r.line - 1: r.reason for r in entries.rejects}
    for row, word in (
        (2, "notes"),
        (3, "type: 'Phone call' is no key"),
        (4, "duration_minutes"),
        (5, "duration_minutes"),
        (7, "activity_date"),
    ):
        assert word in said.pop(row)
    assert not said
    (cta,) = await rows(
        ready_database,
        CtaRow.is_closed,
        CtaRow.closed_on,
        CtaRow.original_due_date,
        CtaRow.source,
        CtaRow.close_source,
    )
    assert cta == (True, date(2026, 2, 12), date(2026, 2, 10), "API", "API")
    texts = await rows(ready_database, ActivityRow.notes, ActivityRow.notes_text)
    assert ("<b>Hi</b>", "Hi") in texts
    assert await rows(ready_database, ActivityRow.source) == [("IMPORT",)] * 3
    found = await rows(ready_database, AttendeeRow.kind)
    assert found == [("AUTHOR",)] * 3
    assert all(r.unchanged + r.left_out == r.read for r in await run(GOOD))
    moved = GOOD.replace("closed_lost,2026-02-10,2026-02-12", "new,2026-02-20,")
    *_, risks, entries = await run(moved)
    assert (risks.updated, entries.updated) == (1, 1)
    (cta,) = await rows(
        ready_database,
        CtaRow.is_closed,
        CtaRow.closed_on,
        CtaRow.closed_at,
        CtaRow.original_due_date,
        CtaRow.version,
    )
    assert cta == (False, None, None, date(2026, 2, 10), 2)


ACCOUNTS = "Id,Name\n001000000000001AAA,Firm\n"
CONTACTS = "Id,Name,AccountId\n003000000000001AAA,Jo,001000000000001AAA\n"
TASKS = (
    "Id,AccountId,WhoId,OwnerId,Subject,Status,IsClosed,Priority,ActivityDate,"
    "CreatedDate,TaskSubtype,Description,CallDurationInSeconds\n"
    "00T1,001000000000001AAA,003000000000001AAA,0051,Ring Jo,In Progress,,High,"
    "2026-03-05,2026-03-01T08:00:00.000+0000,Call,1 < 2,61\n"
    "00T2,001000000000001AAA,00Q000000000001AAA,0051,,Completed,1,Normal,2026-02-05,"
    "2026-02-01T08:00:00.000+0000,Email,,\n"
    "00T3,,003000000000001AAA,0051,Alone,Completed,1,Normal,2026-02-05,"
    "2026-02-01T08:00:00.000+0000,Task,,\n"
)
EVENTS = (
    "Id,AccountId,WhoId,Subject,StartDateTime,DurationInMinutes\n"
    "00U1,001000000000001AAA,003000000000001AAA,Review,2026-02-20T15:00:00.000+0000,45\n"
)


async def test_tasks_and_events_become_activities_and_open_tasks_ctas_too(
    ready_database: Database, tmp_path: Path
) -> None:
    async def run(**files: str) -> dict[str, FileReport]:
        for name, text in files.items():
            (tmp_path / f"{name}.csv").write_text(text, "utf-8")
        paths, sections = [tmp_path], graph().sections
        reports = await import_salesforce(ready_database, sections, paths, now=NOW)
        return {r.object_type: r for r in reports}

    first = await run(Account=ACCOUNTS, Contact=CONTACTS, Task=TASKS, Event=EVENTS)
    counts = {n: (r.read, r.created, r.rejected) for n, r in first.items()}
    assert {n: c for n, c in counts.items() if n[:4] in ("Task", "Even")} == {
        "Task": (3, 2, 1),
        "Task.WhoId": (1, 1, 0),
        "Task.IsClosed": (1, 1, 0),
        "Event": (1, 1, 0),
        "Event.WhoId": (1, 1, 0),
    }
    noon = datetime(2026, 3, 5, 12, tzinfo=UTC)
    seen = ActivityRow.type, ActivityRow.subject, ActivityRow.activity_date
    assert await rows(
        ready_database, *seen, ActivityRow.notes, ActivityRow.duration_minutes
    ) == [
        ("call", "Ring Jo", noon, "1 &lt; 2", 2),
        ("email", "Task", datetime(2026, 2, 5, 12, tzinfo=UTC), None, None),
        ("meeting", "Review", datetime(2026, 2, 20, 15, tzinfo=UTC), None, 45),
    ]
    status = sa.select(PicklistItemRow.key).where(
        PicklistItemRow.id == CtaRow.status_id
    )
    owner = sa.select(UserRow.name).where(UserRow.id == CtaRow.owner_id)
    asked = (
        CtaRow.name,
        CtaRow.due_date,
        CtaRow.created_on,
        CtaRow.source,
        status.scalar_subquery(),
        owner.scalar_subquery(),
    )
    made = ("To-Do: Ring Jo", date(2026, 3, 5), date(2026, 3, 1), "TIMELINE")
    assert await rows(ready_database, *asked) == [
        (*made, "in_progress", "Salesforce import")
    ]
    again = await run()
    assert sum(r.created + r.updated for r in again.values()) == 0
    assert again["Task.IsClosed"].unchanged == 1
    async with ready_database.write() as session:
        await session.execute(sa.update(CtaRow).values(due_date=date(2026, 4, 1)))
    users = "Id,Name,Email\n0051,Ann,ann@example.com\n"
    assert (await run(User=users))["Task"].updated == 2
    authors = sa.select(UserRow.name).where(UserRow.id == AttendeeRow.user_id)
    assert await rows(ready_database, AttendeeRow.kind, authors.scalar_subquery()) == [
        ("AUTHOR", "Ann"),
        ("AUTHOR", "Ann"),
        ("AUTHOR", "Salesforce import"),
        *[("EXTERNAL", None)] * 2,
    ]
    closed = TASKS.replace("In Progress,,", "Completed,1,")
    assert (await run(Task=closed))["Task.IsClosed"].updated == 1
    columns = (CtaRow.is_closed, CtaRow.due_date, *asked[-2:])
    assert await rows(ready_database, *columns) == [
        (True, date(2026, 4, 1), "closed_success", "Salesforce import")
    ]
