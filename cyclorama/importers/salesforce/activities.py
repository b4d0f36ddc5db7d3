"""Tasks and Events: what was done or is to be done with an account.

Each is an activity of Timeline. An open Task is a CTA of Cockpit too, as a task that is
written down in an activity would be; its external id is the Task's, under the object
`Task.IsClosed`. The contact of `WhoId` is one who took part, under `Task.WhoId`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from html import escape
from typing import Any, Final

import sqlalchemy as sa

from cyclorama.importers.batches import Outcome
from cyclorama.importers.model import Incoming
from cyclorama.importers.references import known
from cyclorama.importers.salesforce.cells import Record
from cyclorama.importers.targets import Refusal
from cyclorama.importers.writing import Writer
from cyclorama.storage.engine import Database

TO_DO: Final = "Task.IsClosed"
NOBODY: Final = ("Import", "salesforce")
"""Who has what belongs to users that were not exported."""
OBJECTS: Final = ("Task", "Event")
LONGEST_NAME: Final = 200
_TYPES: Final = {"Call": "call", "Email": "email", "ListEmail": "email"}
_PRIORITIES: Final = {"high": "high", "low": "low"}
_CONTACT: Final = "003"
"""How the ids of contacts begin; those of leads are others."""


def nobody() -> Incoming:
    """A user who can't sign in."""
    return Incoming(
        line=0,
        target="user",
        object_type=NOBODY[0],
        external_id=NOBODY[1],
        values={
            "email": "salesforce@import.invalid",
            "name": "Salesforce import",
            "active": False,
        },
    )


def task_values(record: Record) -> dict[str, Any]:
    """What a Task's columns make of an activity."""
    found = _values(record, "Task", "CompletedDateTime", "ActivityDate")
    kind = _TYPES.get(record.first("TaskSubtype") or "")
    found["type"] = kind or ("call" if record.first("CallType") else "update")
    if record.first("CallDurationInSeconds"):
        seconds: int = record.value("CallDurationInSeconds", "WHOLE")
        found["duration_minutes"] = -(-seconds // 60)
    return found


def event_values(record: Record) -> dict[str, Any]:
    """What an Event's columns make of an activity."""
    days = ("StartDateTime", "ActivityDateTime", "ActivityDate")
    found = _values(record, "Event", *days)
    found["type"] = "meeting"
    if record.has("DurationInMinutes"):
        found["duration_minutes"] = record.value("DurationInMinutes", "WHOLE")
    return found


def _values(record: Record, named: str, *days: str) -> dict[str, Any]:
    if not record.first("AccountId"):
        raise Refusal("AccountId is empty: it is about no company")
    found: dict[str, Any] = {
        "subject": record.first("Subject") or named,
        "activity_date": _instant(record, *days, "CreatedDate"),
    }
    if record.has("Description"):
        found["notes"] = _html(record.cells["Description"])
    if record.first("CreatedDate"):
        found["created_at"] = record.value("CreatedDate", "DATETIME")
    return found


def _instant(record: Record, *columns: str) -> datetime:
    """The first of them that is filled; a day as its noon, so that it is the same day
    nearly everywhere."""
    column = next((c for c in columns if record.first(c)), None)
    if column is None:
        raise Refusal(f"{' and '.join(columns)} are empty: it has no date")
    if "T" in record.cells[column]:
        found: datetime = record.value(column, "DATETIME")
        return found
    return datetime.combine(record.value(column, "DATE"), time(12), UTC)


def _html(text: str) -> str | None:
    """A text as HTML that shows it."""
    return escape(text, quote=False).replace("\n", "<br>") or None


class Activities:
    """Writes what hangs on Tasks and Events that were written."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self.database, self.writer = database, writer

    async def prepare(self) -> None:
        """Have the user who has what nobody else has."""
        await self.writer.write([nobody()])

    async def write_people(
        self, object_type: str, records: Sequence[Record]
    ) -> tuple[int, Outcome]:
        """Note which contacts took part; how many, and what became of them."""
        rows = [
            Incoming(
                line=r.line,
                target="activity_attendee",
                object_type=f"{object_type}.WhoId",
                external_id=r.id,
                values={},
                references={
                    "activity_id": (object_type, r.id),
                    "person_id": ("Contact", r.cells["WhoId"]),
                },
            )
            for r in records
            if (r.first("WhoId") or "").startswith(_CONTACT)
        ]
        return len(rows), await self.writer.write(rows)

    async def write_to_dos(self, records: Sequence[Record]) -> tuple[int, Outcome]:
        """Make CTAs of open Tasks, and close those whose Task was closed since. What
        people made of a CTA meanwhile stays."""
        if "cta" not in self.writer.targets:
            return 0, Outcome()
        held = await self._held(records)
        rows = list(_to_dos(records, held))
        kept = sum(1 for r in records if not is_done(r)) - sum(
            1 for row in rows if row.external_id not in held
        )
        outcome = await self.writer.write(rows)
        return len(rows) + kept, outcome + Outcome(unchanged=kept)

    async def _held(self, records: Sequence[Record]) -> Mapping[str, bool]:
        """Whether the CTA is closed, of Tasks that have one."""
        table = self.writer.targets["cta"].table
        async with self.database.write() as session:
            connection = await session.connection()
            keys = [(TO_DO, r.id) for r in records]
            refs = await known(connection, self.writer.system, keys)
            ids = [ref.entity_id for ref in refs.values()]
            query = sa.select(table.c.id, table.c.is_closed).where(table.c.id.in_(ids))
            closed = {r.id: r.is_closed for r in await connection.execute(query)}
        return {key[1]: closed.get(ref.entity_id, True) for key, ref in refs.items()}


def is_done(record: Record) -> bool:
    """Whether a Task is closed."""
    if record.has("IsClosed"):
        return bool(record.value("IsClosed", "BOOLEAN"))
    return record.first("Status") == "Completed"


def _to_dos(records: Sequence[Record], held: Mapping[str, bool]) -> Iterator[Incoming]:
    for record in records:
        if is_done(record) and held.get(record.id) is False:
            day = _instant(
                record, "CompletedDateTime", "LastModifiedDate", "ActivityDate"
            )
            yield _to_do(record, {"closed_on": day.date()}, status="closed_success")
        elif not is_done(record) and record.id not in held:
            is_begun = record.first("Status") == "In Progress"
            status = "in_progress" if is_begun else "new"
            yield _to_do(record, _to_do_values(record), status=status, is_new=True)


def _to_do_values(record: Record) -> dict[str, Any]:
    made: date = _instant(record, "CreatedDate", "ActivityDate").date()
    return {
        "name": f"To-Do: {record.first('Subject') or 'Task'}"[:LONGEST_NAME],
        "due_date": _instant(record, "ActivityDate", "CreatedDate").date(),
        "created_on": made,
        "comments": record.first("Description"),
        "source": "TIMELINE",
    }


def _to_do(
    record: Record, values: Mapping[str, Any], *, status: str, is_new: bool = False
) -> Incoming:
    priority = (record.first("Priority") or "").casefold()
    owner = ("User", record.cells["OwnerId"]) if record.first("OwnerId") else NOBODY
    items = {
        "type_id": "activity",
        "reason_id": "follow_up",
        "priority_id": _PRIORITIES.get(priority, "medium"),
    }
    account = ("Account", record.cells["AccountId"])
    return Incoming(
        line=record.line,
        target="cta",
        object_type=TO_DO,
        external_id=record.id,
        values=values,
        references={"company_id": account, "owner_id": owner} if is_new else {},
        fallbacks={"owner_id": NOBODY} if is_new else {},
        picklists={**(items if is_new else {}), "status_id": status},
    )
