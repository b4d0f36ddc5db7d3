"""Notes: short remarks pinned to a company or a relationship."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import strawberry
from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.plugins import (
    KEY,
    Info,
    Payload,
    Record360,
    Row,
    Section,
    SectionBase,
    UserError,
    UserErrorCode,
    key_column,
    new_id,
    read,
    record,
    refusals,
    subject_of,
    text,
)

LONGEST = 2000


class NoteRow(Row):
    """A remark; without a relationship it is about the company."""

    __tablename__ = "notes_note"

    id: Mapped[str] = key_column()
    company_id: Mapped[str] = mapped_column(KEY, ForeignKey("company.id"), index=True)
    relationship_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("relationship.id"), index=True
    )
    body: Mapped[str] = mapped_column(text(LONGEST))
    written_at: Mapped[datetime]


@strawberry.type(description="One remark about a company or a relationship.")
@read.table(NoteRow)
class Note:
    id: strawberry.ID
    body: str
    written_at: datetime


@strawberry.type(description="Remarks pinned to the record, newest first; at most 20.")
class NotesSection(SectionBase):
    notes: list[Note] = read.many(
        NoteRow,
        record.owns(NoteRow),
        order_by=[NoteRow.written_at.desc(), NoteRow.id.desc()],
        limit=20,
    )


@strawberry.type(description="The record with its new note, or why there is none.")
class AddNotePayload(Payload):
    record: Record360 | None
    errors: list[UserError]


async def add_note(info: Info, record_id: strawberry.ID, body: str) -> AddNotePayload:
    """Pin a remark to a company or a relationship."""
    context, body = info.context, body.strip()
    errors = await refusals(context, "notes", record_id)
    if not 1 <= len(body) <= LONGEST:
        words = f"A note has 1 to {LONGEST} characters."
        code = UserErrorCode.LENGTH
        errors.append(UserError(path=["body"], code=code, message=words))
    if errors:
        return AddNotePayload(record=None, errors=errors)
    about = await subject_of(context, record_id)
    note = NoteRow(id=new_id("note"), body=body, written_at=context.now, **about)
    async with context.database.write() as session:
        session.add(note)
    return AddNotePayload(record=await context.ref(record_id), errors=[])


section = Section(
    key="notes",
    title="Notes",
    description="Remarks pinned to the record.",
    type=NotesSection,
    mutations=(add_note,),
    tables=(NoteRow,),
    migrations=str(Path(__file__).parent / "migrations"),
)
