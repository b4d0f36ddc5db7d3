"""Demo CTAs: playbooks, and for each company a few calls to action.

The first company is at risk: its sponsor has left, a playbook to win it back is half
done, and the renewal waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zlib import crc32

from cyclorama.plugins import DemoRecords, Row
from cyclorama.sections.cockpit.rules import Anchor, Step, TaskStatus, planned_days
from cyclorama.sections.cockpit.tables import (
    PRIORITY,
    REASON,
    STATUS,
    TYPE,
    CtaRow,
    PlaybookRow,
    PlaybookTaskRow,
    PlaybookTypeRow,
    TaskRow,
)
from cyclorama.sections.cockpit.vocabulary import ids_of, vocabulary

Plays = Mapping[str, tuple[str, str, Sequence[tuple[str, int, Anchor, bool]]]]
PLAYBOOKS: Plays = {
    "win_back": (
        "Win back an account at risk",
        "risk",
        (
            ("Find out who decides now", 2, Anchor.CREATED, False),
            ("Go through open cases with Support", 5, Anchor.PREVIOUS, False),
            ("Agree on a rescue plan with the new sponsor", 7, Anchor.PREVIOUS, True),
            ("Review the plan with our management", -2, Anchor.DUE, False),
        ),
    ),
    "renewal": (
        "Prepare a renewal",
        "lifecycle",
        (
            ("Check usage against the contract", 1, Anchor.CREATED, False),
            ("Send the offer", -14, Anchor.DUE, True),
            ("Have it signed", 0, Anchor.DUE, True),
        ),
    ),
}
"""Name, type of CTA, and tasks: name, days, from what, whether mandatory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A CTA of the demo; days from today, tasks by their status."""

    name: str
    type: str
    reason: str
    due: int
    created: int
    priority: str = "medium"
    status: str = "new"
    moved: int = 0
    closed: int | None = None
    snoozed: int | None = None
    comments: str | None = None
    important: bool = False
    of_relationship: bool = False
    playbook: str | None = None
    tasks: Sequence[str] = ()


AT_RISK = (
    Story(
        name="The sponsor has left, and usage falls",
        type="risk",
        reason="sponsor_change",
        created=-20,
        due=4,
        moved=7,
        priority="critical",
        status="in_progress",
        important=True,
        comments="The new sponsor starts next week; until then we talk to operations.",
        playbook="win_back",
        tasks=("COMPLETED", "COMPLETED", "IN_PROGRESS", "OPEN"),
    ),
    Story(
        name="Too many open cases",
        type="risk",
        reason="support_load",
        created=-12,
        due=-3,
        priority="high",
        of_relationship=True,
    ),
    Story(
        name="Prepare the renewal",
        type="lifecycle",
        reason="renewal",
        created=-6,
        due=40,
        snoozed=14,
        playbook="renewal",
        tasks=("OPEN", "OPEN", "OPEN"),
    ),
    Story(
        name="More seats for the plant in the south",
        type="expansion",
        reason="upsell",
        created=-90,
        due=-45,
        status="closed_lost",
        closed=-40,
    ),
    Story(
        name="Send the notes of the review",
        type="activity",
        reason="follow_up",
        created=-62,
        due=-55,
        priority="low",
        status="closed_success",
        closed=-57,
    ),
)
USUAL = (
    Story(
        name="Business review",
        type="lifecycle",
        reason="business_review",
        created=-9,
        due=12,
    ),
    Story(
        name="Fewer logins than last month",
        type="risk",
        reason="low_usage",
        created=-5,
        due=9,
        priority="high",
        status="in_progress",
        playbook="win_back",
        tasks=("COMPLETED", "OPEN", "OPEN", "OPEN"),
    ),
    Story(
        name="Asks for the reporting module",
        type="expansion",
        reason="cross_sell",
        created=-30,
        due=-1,
        of_relationship=True,
    ),
    Story(
        name="Onboarding of the second team",
        type="lifecycle",
        reason="onboarding",
        created=-70,
        due=-20,
        status="closed_success",
        closed=-21,
    ),
)


def demo(records: DemoRecords) -> Iterator[Row]:
    """Playbooks, then CTAs with tasks; the same rows on every run."""
    yield from vocabulary(records.picklists)
    ids = ids_of(records.picklists)
    yield from _playbooks(ids)
    told = [(c, s) for n, c in enumerate(records.companies) for s in _stories(n)]
    bought: dict[str, str] = {}
    for relationship, company in records.relationships:
        bought.setdefault(company, relationship)
    owner = records.users[min(1, len(records.users) - 1)]
    noon = datetime.combine(records.today, time(12), UTC)
    made = [
        _Made(story, number, company, bought.get(company), owner, ids, noon)
        for number, (company, story) in enumerate(told, 1)
    ]
    for one in made:
        yield one.cta()
    for one in made:
        yield from one.tasks()


def _stories(place: int) -> Sequence[Story]:
    if place == 0:
        return AT_RISK
    dice = crc32(f"cockpit/{place}".encode())
    return [s for n, s in enumerate(USUAL) if (dice >> n) % 3 == 0]


def _playbook_id(key: str) -> str:
    return f"cta_playbook_demo{key.replace('_', '')}"


def _task_id(key: str, place: int) -> str:
    return f"cta_playbook_task_demo{key.replace('_', '')}{place}"


def _playbooks(ids: Mapping[tuple[str, str], str]) -> Iterator[Row]:
    for key, (name, *_) in PLAYBOOKS.items():
        yield PlaybookRow(id=_playbook_id(key), key=key, name=name)
    for key, (_, type_, _) in PLAYBOOKS.items():
        yield PlaybookTypeRow(playbook_id=_playbook_id(key), type_id=ids[TYPE, type_])
    for key, (*_, tasks) in PLAYBOOKS.items():
        for place, (name, days, anchor, is_mandatory) in enumerate(tasks):
            yield PlaybookTaskRow(
                id=_task_id(key, place),
                playbook_id=_playbook_id(key),
                position=place,
                name=name,
                anchor=anchor.value,
                offset_days=days,
                is_mandatory=is_mandatory,
            )


@dataclass(frozen=True, slots=True)
class _Made:
    """A story of a company."""

    story: Story
    number: int
    company: str
    relationship: str | None
    owner: str
    ids: Mapping[tuple[str, str], str]
    noon: datetime

    @property
    def id(self) -> str:
        return f"cta_demo{self.number:04d}"

    def _day(self, days: int) -> date:
        return self._at(days).date()

    def _at(self, days: int) -> datetime:
        return self.noon + timedelta(days=days)

    @property
    def _subject(self) -> dict[str, Any]:
        bought = self.relationship if self.story.of_relationship else None
        return {"company_id": self.company, "relationship_id": bought}

    def cta(self) -> CtaRow:
        """The row of the CTA."""
        story, ids = self.story, self.ids
        done = [TaskStatus(status).is_done for status in story.tasks]
        closed = None if story.closed is None else self._at(story.closed)
        snoozed = None if story.snoozed is None else self._day(story.snoozed)
        return CtaRow(
            id=self.id,
            **self._subject,
            name=story.name,
            type_id=ids[TYPE, story.type],
            reason_id=ids[REASON, story.reason],
            priority_id=ids[PRIORITY, story.priority],
            status_id=ids[STATUS, story.status],
            owner_id=self.owner,
            due_date=self._day(story.due),
            original_due_date=self._day(story.due - story.moved),
            is_important=story.important,
            is_closed=closed is not None,
            closed_at=closed,
            closed_on=None if closed is None else closed.date(),
            closed_by=None if closed is None else self.owner,
            close_source=None if closed is None else "MANUAL",
            snoozed_until=snoozed,
            snooze_reason="Waits for the new sponsor." if snoozed else None,
            snoozed_by=self.owner if snoozed else None,
            comments=story.comments,
            playbook_id=story.playbook and _playbook_id(story.playbook),
            total_tasks=len(done),
            closed_tasks=sum(done),
            created_on=self._day(story.created),
            created_by=self.owner,
            created_at=self._at(story.created),
            updated_at=closed or self._at(story.created),
        )

    def tasks(self) -> Iterator[TaskRow]:
        """The rows of its tasks."""
        if self.story.playbook is None:
            return
        planned = PLAYBOOKS[self.story.playbook][2]
        created, due = self._day(self.story.created), self._day(self.story.due)
        steps = [Step(offset=days, anchor=anchor) for _, days, anchor, _ in planned]
        days = planned_days(steps, created, due)
        for place, status in enumerate(self.story.tasks):
            name, _, _, is_mandatory = planned[place]
            done = status == TaskStatus.COMPLETED
            yield TaskRow(
                id=f"cta_task_demo{self.number:04d}n{place}",
                cta_id=self.id,
                **self._subject,
                position=place + 1,
                name=name,
                description=None,
                status=status,
                owner_id=self.owner,
                due_date=days[place],
                is_mandatory=is_mandatory,
                playbook_task_id=_task_id(self.story.playbook, place),
                completed_at=datetime.combine(days[place], time(12), UTC)
                if done
                else None,
                created_at=self._at(self.story.created),
            )
