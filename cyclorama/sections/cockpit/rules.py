"""The arithmetic and the decisions of Cockpit: days, progress, closing, playbooks, order.

Days are those of the organisation's zone. No input or output.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from math import floor
from typing import Any

MOST_YEARS = 100
"""How far from today a day may be."""
SATURDAY = 5
LONGEST_URL = 2048
_URL = re.compile(r"https?://[^\s<>\"\x00-\x1f\ud800-\udfff]+", re.IGNORECASE)
MOST_UNITS = 60


class Refused(Exception):
    """What can't be done: a code of `UserErrorCode`, what to do, and the input field at
    fault."""

    def __init__(self, path: str, code: str, message: str) -> None:
        super().__init__(message)
        self.path, self.code, self.message = path, code, message


class Category(StrEnum):
    """What a status stands for, whatever it is called."""

    OPEN = "OPEN"
    IN_PROGRESS = "IN_PROGRESS"
    CLOSED_SUCCESS = "CLOSED_SUCCESS"
    CLOSED_LOST = "CLOSED_LOST"
    CLOSED_INVALID = "CLOSED_INVALID"


class TaskStatus(StrEnum):
    """How far a task is."""

    OPEN = "OPEN"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    SKIPPED = "SKIPPED"

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do; a skipped task counts as closed."""
        return self in (TaskStatus.COMPLETED, TaskStatus.SKIPPED)


class Anchor(StrEnum):
    """From what the days of a playbook's task are counted."""

    CREATED = "CREATED"
    DUE = "DUE"
    PREVIOUS = "PREVIOUS"


class TaskOwner(StrEnum):
    """Who owns a task that a playbook brings."""

    CTA_OWNER = "CTA_OWNER"
    RECORD_CSM = "CSM"
    USER = "USER"


class Recurrence(StrEnum):
    """In what a series of CTAs is counted."""

    WEEK = "WEEK"
    MONTH = "MONTH"

    def after(self, day: date, every: int) -> date:
        """The day so many units later; of a month that is too short the last one."""
        if self is Recurrence.WEEK:
            return day + timedelta(weeks=every)
        month = day.year * 12 + day.month - 1 + every
        year, number = divmod(month, 12)
        last = monthrange(year, number + 1)[1]
        return date(year, number + 1, min(day.day, last))


def next_day(unit: Recurrence, every: int, first: date, today: date) -> date:
    """Of the days of a series the first one after today, counted from its first, so that
    a short month moves no later day."""
    count = every
    while (found := unit.after(first, count)) <= today:
        count += every
    return found


class OwnerCascade(StrEnum):
    """Which open tasks go to a new owner with their CTA."""

    NONE = "NONE"
    OF_OLD_OWNER = "OF_OLD_OWNER"
    ALL_OPEN = "ALL_OPEN"


def is_closing(category: str | None) -> bool:
    """Whether a CTA with a status of this category is closed."""
    closing = (Category.CLOSED_SUCCESS, Category.CLOSED_LOST, Category.CLOSED_INVALID)
    return category in closing


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """The days of a CTA; `closed` is None while it is open."""

    created: date
    due: date
    original_due: date
    closed: date | None = None

    def age(self, today: date) -> int:
        """Days from its creation until it was closed, or until today."""
        return ((self.closed or today) - self.created).days

    def days_due(self) -> int:
        """Days that it was given at first."""
        return (self.original_due - self.created).days

    def days_until_close(self, today: date) -> int | None:
        """Days that are left, negative when overdue; None once it is closed."""
        return None if self.closed else (self.due - today).days

    def days_past_due(self, today: date) -> int:
        """Days by which it is late, or was when it was closed."""
        return max(0, ((self.closed or today) - self.due).days)

    def closed_overdue(self) -> bool:
        """Whether it was closed late."""
        return self.closed is not None and self.closed > self.due

    def due_date_variance(self) -> int:
        """Days by which the due date was moved, later ones positive."""
        return (self.due - self.original_due).days


def percent_complete(total: int, closed: int, *, is_closed: bool) -> float:
    """The share of tasks that are closed, of a CTA with `total` tasks."""
    if total == 0:
        return 100.0 if is_closed else 0.0
    return 100 * closed / total


def success_rate(success: int, lost: int) -> float | None:
    """The share of successes, 0 to 1; None where nothing was won or lost."""
    decided = success + lost
    return success / decided if decided else None


def is_snoozed(until: date | None, today: date) -> bool:
    """Whether a snooze is in effect, which it is through its day."""
    return until is not None and today <= until


def checked_url(url: str | None, path: str) -> str | None:
    """An address of the web; `Refused` for what is none."""
    if url is None or not url.strip():
        return None
    url = url.strip()
    if len(url) > LONGEST_URL:
        raise Refused(path, "LENGTH", f"At most {LONGEST_URL:,} characters.")
    if not _URL.fullmatch(url):
        message = "Write an address that begins with https:// or http://."
        raise Refused(path, "INVALID", message)
    return url


def dedupe_key(
    subject: str, type_key: str, reason_key: str | None, name: str | None = None
) -> str:
    """What identifies an open CTA among those that rules make."""
    parts = (subject, type_key, reason_key or "", "" if name is None else f"n{name}")
    return sha256("\0".join(parts).encode()).hexdigest()


def followed(
    held: Mapping[str, Any], was: Mapping[str, Any], new: Mapping[str, Any]
) -> dict[str, Any]:
    """What a rule changes of a CTA that it has made: of what it `was` to be, as far as
    nobody has changed it since, the values that are to be others by now."""
    return {
        name: value
        for name, value in new.items()
        if name in was and held[name] == was[name] != value
    }


def with_comment(held: str | None, more: str, day: date, most: int) -> str | None:
    """The comments of a CTA with those of a rule and their day behind them; None where
    they would have more than `most` characters."""
    found = f"{held or ''}<p>{day.isoformat()}</p>{more}"
    return found if len(found) <= most else None


def checked_day(day: date, today: date, path: str) -> date:
    """A day that somebody gave; `Refused` for one that can't be meant."""
    if abs(day.year - today.year) > MOST_YEARS:
        message = f"The day is more than {MOST_YEARS} years from today."
        raise Refused(path, "RANGE", message)
    return day


def moved(day: date, days: int, path: str) -> date:
    """A day moved by some days; `Refused` where no calendar has it."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        raise Refused(path, "RANGE", f"{days} days from {day} is no day.") from None


def working_day(day: date) -> date:
    """The day, or the Monday after a weekend's day."""
    weekday = day.weekday()
    return day + timedelta(days=7 - weekday) if weekday >= SATURDAY else day


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """When a playbook's task is due."""

    offset: int
    """Days from the anchor."""
    anchor: Anchor = Anchor.CREATED


def planned_days(
    steps: Sequence[Step], created: date, due: date, *, skip_weekends: bool = False
) -> list[date]:
    """The due dates of a playbook's tasks, in their order; the first one's previous task
    is the creation of the CTA."""
    found: list[date] = []
    for step in steps:
        base = created if step.anchor is not Anchor.DUE else due
        if step.anchor is Anchor.PREVIOUS and found:
            base = found[-1]
        day = moved(base, step.offset, "playbookKey")
        found.append(working_day(day) if skip_weekends else day)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the cascades ask of a task."""

    id: str
    status: TaskStatus
    owner: str
    due: date | None


def shifted(tasks: Iterable[Task], days: int) -> dict[str, date]:
    """The new due dates of the open tasks that have one, by id."""
    if not days:
        return {}
    return {
        t.id: moved(t.due, days, "dueDate")
        for t in tasks
        if t.due is not None and not t.status.is_done
    }


def taken_over(
    tasks: Iterable[Task], cascade: OwnerCascade, old: str, new: str
) -> list[str]:
    """The ids of the tasks that go to the new owner of their CTA."""
    if cascade is OwnerCascade.NONE:
        return []
    return [
        t.id
        for t in tasks
        if not t.status.is_done
        and t.owner != new
        and (cascade is OwnerCascade.ALL_OPEN or t.owner == old)
    ]


def makes_cycle(depends_on: Mapping[str, str | None], task: str, on: str) -> bool:
    """Whether a task that is to depend on another would wait for itself."""
    seen: set[str] = set()
    found: str | None = on
    while found is not None and found not in seen:
        if found == task:
            return True
        seen.add(found)
        found = depends_on.get(found)
    return False


def recommended_score(
    *,
    health: float | None = None,
    arr_percentile: float | None = None,
    days_to_renewal: int | None = None,
    days_past_due: int | None = None,
) -> float | None:
    """How much a CTA is recommended, 0 to 100: low health, high ARR, near renewal, late.

    The weight of what is not known goes to the rest; None where nothing is known."""
    parts: list[tuple[float, float | None]] = [
        (35, None if health is None else 1 - health / 100),
        (25, None if arr_percentile is None else arr_percentile / 100),
        (25, None if days_to_renewal is None else 1 - days_to_renewal / 180),
        (15, None if days_past_due is None else days_past_due / 14),
    ]
    known = [(weight, min(1.0, max(0.0, x))) for weight, x in parts if x is not None]
    whole = sum(weight for weight, _ in known)
    if not whole:
        return None
    return 100 * sum(weight * x for weight, x in known) / whole


def rounded(value: float, digits: int) -> float:
    """A value from 0 on, rounded half up once; what floats lose does not decide."""
    unit = float(10**digits)
    return floor(round(value * unit, 6) + 0.5) / unit
