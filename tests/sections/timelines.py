"""Builders of activities for tests, and who asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from cyclorama.layouts.model import Layout, LayoutBook, Placement
from cyclorama.plugins import PersonRow, Row, UserRow, folded, plain_text
from cyclorama.sections import summary, support, timeline
from cyclorama.sections.timeline.tables import (
    AUTHOR,
    EXTERNAL,
    INTERNAL,
    ActivityRow,
    AttendeeRow,
    CommentRow,
)
from cyclorama.storage.accounts import GroupFacts
from cyclorama.testing import ADMIN, CSM, NOW

SECTIONS = (summary.section, support.section, timeline.section)
BO = replace(
    CSM,
    id="user_bo",
    name="Bo",
    groups=(*CSM.groups, GroupFacts("group_bo", "bo", "Bo")),
)
"""Another one who looks after customers."""
BOSS = replace(ADMIN, id="user_bo")


def book(**config: Any) -> LayoutBook:
    """One layout for each kind; that of relationships holds Timeline alone."""
    placed = Placement("timeline", "timeline", config=config)
    others = (Placement("summary", "summary"), Placement("support", "support"))
    return LayoutBook(
        (
            Layout("a", "COMPANY", None, "A", "", True, placements=(placed, *others)),
            Layout(
                "b", "RELATIONSHIP", None, "B", is_default=True, placements=(placed,)
            ),
        )
    )


def people() -> Iterator[Row]:
    """Another user, and two people of the customer."""
    yield UserRow(id="user_bo", email="bo@example.com", name="Bo", created_at=NOW)
    for key, name in (("1", "Zoe"), ("2", "Émile")):
        yield PersonRow(
            id=f"person_{key}",
            name=name,
            search_key=folded(name),
            created_at=NOW,
            updated_at=NOW,
        )


def activity(
    number: int,
    *,
    at: datetime = NOW,
    by: str = "user_csm",
    of: int = 1,
    part: int | None = None,
    notes: str | None = None,
    users: Sequence[str] = (),
    persons: Sequence[str] = (),
    **values: Any,
) -> Iterator[Row]:
    """An activity of a company, or of one of its relationships, with who took part."""
    key = f"activity_{number}"
    about = ("COMPANY", f"company_{of}")
    if part is not None:
        about = ("RELATIONSHIP", f"relationship_{part}")
    given = {
        "type": "call",
        "subject": f"Subject {number}",
        "context": about[0],
        "context_id": about[1],
        **values,
    }
    text = None if notes is None else plain_text(notes)
    yield ActivityRow(
        id=key,
        company_id=f"company_{of}",
        relationship_id=None if part is None else f"relationship_{part}",
        subject_key=folded(given["subject"]),
        notes=notes,
        notes_text=text,
        notes_key=None if text is None else folded(text),
        activity_date=at,
        author_id=by,
        updated_by_id=by,
        created_at=NOW,
        updated_at=NOW,
        **given,
    )
    attendees = [(AUTHOR, by), *((INTERNAL, u) for u in users)]
    for n, (kind, user) in enumerate(attendees):
        yield AttendeeRow(
            id=f"{key}_user_{n}", activity_id=key, kind=kind, user_id=user
        )
    for n, person in enumerate(persons):
        yield AttendeeRow(
            id=f"{key}_person_{n}", activity_id=key, kind=EXTERNAL, person_id=person
        )


def comment(number: int, of: int, body: str = "Good.", **values: Any) -> CommentRow:
    """A comment on an activity."""
    given = {"author_id": "user_csm", "created_at": NOW, **values}
    return CommentRow(
        id=f"activity_comment_{number}",
        activity_id=f"activity_{of}",
        body=body,
        **given,
    )
