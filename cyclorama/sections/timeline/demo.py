"""Demo activities: some for each company, and the story of the one at risk.

What is told of the first company goes with its falling scores and its open tickets: the
sponsor leaves, the exports fail, and nobody answers any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zlib import crc32

from cyclorama.plugins import DemoRecords, Row, folded, plain_text
from cyclorama.sections.timeline.journey import StageRow
from cyclorama.sections.timeline.tables import (
    AUTHOR,
    EXTERNAL,
    INTERNAL,
    ActivityRow,
    AttendeeRow,
    CommentRow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """An activity of the story; `days` before today."""

    days: int
    type: str
    subject: str
    notes: str
    minutes: int | None = None
    milestone: str | None = None
    visibility: str = "PUBLIC"
    is_draft: bool = False
    comments: Sequence[str] = ()


STORY = (
    _Told(
        days=400,
        type="milestone",
        subject="Kick-off with the operations team",
        notes="<p>Goals for the first year: <b>one report</b> instead of nine.</p>",
        minutes=90,
        milestone="kick_off",
    ),
    _Told(
        days=330,
        type="milestone",
        subject="Live in two plants",
        notes="<p>All 120 users are in; exports run every night.</p>",
        milestone="go_live",
    ),
    _Told(
        days=78,
        type="meeting",
        subject="Quarterly review",
        notes="<p>Content with the reports. They ask for:</p>"
        "<ul><li>single sign-on</li><li>exports beyond 10,000 rows</li></ul>",
        minutes=60,
    ),
    _Told(
        days=48,
        type="milestone",
        subject="Our sponsor leaves at the end of the month",
        notes="<p>The head of operations moves on. Nobody is named yet.</p>",
        milestone="sponsor_change",
        comments=(
            "Who signs the renewal now?",
            "The plant managers decide together, says the assistant.",
        ),
    ),
    _Told(
        days=26,
        type="call",
        subject="Exports fail since the update",
        notes="<p>Three tickets in a week. <i>Month's end was done by hand.</i></p>",
        minutes=25,
        comments=("A fix is promised for the next release.",),
    ),
    _Told(
        days=12,
        type="email",
        subject="No answer to the invitation",
        notes="<p>Two mails and a call without an answer.</p>",
    ),
    _Told(
        days=6,
        type="milestone",
        subject="Risk identified: they look at another product",
        notes="<p>A plant manager told us of a trial with a competitor.</p>",
        milestone="risk",
        visibility="REDACTED",
    ),
    _Told(
        days=1,
        type="update",
        subject="Plan for the call with the plant managers",
        notes="<p>Offer: the fix for exports first, then a review on site.</p>",
        is_draft=True,
    ),
)
STAGES = (
    ("new_customer", 430),
    ("kicked_off", 400),
    ("launched", 330),
    ("adopting", 240),
    ("will_churn", 5),
)
"""The stages of the company at risk, and since how many days."""
OTHERS = (
    ("call", "Monthly check-in", "<p>All is well, no open questions.</p>", 30),
    ("meeting", "Training for new users", "<p>Twelve people took part.</p>", 90),
    ("email", "Notes of the release", "<p>Sent, with a hint at the exports.</p>", None),
    ("update", "New team lead", "<p>She came from <b>finance</b>.</p>", None),
    ("call", "月次レビュー", "<p>導入は順調です。</p>", 45),
)


def demo(records: DemoRecords) -> Iterator[Row]:
    """Activities, who took part, comments; the same rows on every run."""
    yield from _journey(records)
    rows = [row for made in _all(records) for row in made]
    for kind in (ActivityRow, AttendeeRow, CommentRow):
        yield from (row for row in rows if isinstance(row, kind))


def _journey(records: DemoRecords) -> Iterator[Row]:
    """The stages that the company at risk has come through."""
    noon = datetime.combine(records.today, time(12), UTC)
    for place, (stage, days) in enumerate(STAGES):
        item = records.picklists.get(("company.stage", stage))
        if item is not None and records.companies:
            yield StageRow(
                id=f"journey_stage_demo{place}",
                company_id=records.companies[0],
                relationship_id=None,
                stage_id=item,
                at=noon - timedelta(days=days),
            )


def _all(records: DemoRecords) -> Iterator[list[Row]]:
    people: dict[str, list[str]] = {}
    for person, company in records.people:
        people.setdefault(company, []).append(person)
    # of the demo's users the second one is who looks after customers
    author = records.users[min(1, len(records.users) - 1)]
    number = 0
    for place, company in enumerate(records.companies):
        told = STORY if place == 0 else list(_usual(company))
        for one in told:
            number += 1
            made = _Made(f"demo{number:04d}", author, records.today)
            yield made.rows(one, company, None, people.get(company, [])[:2])
    for relationship, company in records.relationships:
        if _dice(3, relationship, "told") == 0:
            number += 1
            made = _Made(f"demo{number:04d}", author, records.today)
            yield made.rows(next(_usual(relationship)), company, relationship, [])


def _usual(record: str) -> Iterator[_Told]:
    for n in range(1 + _dice(3, record, "activities")):
        type_, subject, notes, minutes = OTHERS[_dice(len(OTHERS), record, n)]
        yield _Told(
            days=1 + 30 * n + _dice(28, record, n, "days"),
            type=type_,
            subject=subject,
            notes=notes,
            minutes=minutes,
        )


def _dice(sides: int, *seed: object) -> int:
    return crc32("/".join(map(str, seed)).encode()) % sides


@dataclass(frozen=True, slots=True)
class _Made:
    """The rows of one activity."""

    key: str
    author: str
    today: date

    def rows(
        self, told: _Told, company: str, relationship: str | None, people: list[str]
    ) -> list[Row]:
        at = datetime.combine(self.today, time(9), UTC) - timedelta(days=told.days)
        activity = self._activity(told, company, relationship, at)
        attendees = [self._attendee(AUTHOR, 0, user_id=self.author)]
        if told.minutes is not None:
            attendees.append(self._attendee(INTERNAL, 1, user_id=self.author))
            attendees += [
                self._attendee(EXTERNAL, n, person_id=person)
                for n, person in enumerate(people, 2)
            ]
        comments = [
            CommentRow(
                id=f"activity_comment_{self.key}n{n}",
                activity_id=activity.id,
                reply_to_id=f"activity_comment_{self.key}n{n - 1}" if n else None,
                author_id=self.author,
                body=body,
                version=1,
                created_at=at + timedelta(hours=n + 1),
                edited_at=None,
            )
            for n, body in enumerate(told.comments)
        ]
        return [activity, *attendees, *comments]

    def _activity(
        self, told: _Told, company: str, relationship: str | None, at: datetime
    ) -> ActivityRow:
        text = plain_text(told.notes)
        return ActivityRow(
            id=f"activity_{self.key}",
            company_id=company,
            relationship_id=relationship,
            type=told.type,
            subject=told.subject,
            subject_key=folded(told.subject),
            notes=told.notes,
            notes_text=text,
            notes_key=folded(text),
            activity_date=at,
            duration_minutes=told.minutes,
            milestone_type=told.milestone,
            context="RELATIONSHIP" if relationship else "COMPANY",
            context_id=relationship or company,
            visibility=told.visibility,
            is_draft=told.is_draft,
            fields={},
            author_id=self.author,
            updated_by_id=self.author,
            version=1,
            created_at=at + timedelta(hours=2),
            updated_at=at + timedelta(hours=2),
        )

    def _attendee(self, kind: str, place: int, **who: Any) -> AttendeeRow:
        ids = {"user_id": None, "person_id": None, **who}
        return AttendeeRow(
            id=f"activity_attendee_{self.key}n{place}",
            activity_id=f"activity_{self.key}",
            kind=kind,
            **ids,
        )
