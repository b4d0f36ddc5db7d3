"""Jobs of sections: what they do in the background, once or at set times."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.storage.audit import Author
from cyclorama.storage.jobs import put


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a job, in the transaction that also ends the job: all or nothing.

    It should take seconds: what is long does a part, and leaves a job for the rest."""

    session: AsyncSession
    kind: str
    payload: Mapping[str, Any]
    now: datetime
    today: date
    """The day where the organisation is."""
    author: Author
    """Whom the audit log names: the worker, now."""
    fields: Sequence[Any]
    """The custom fields of records."""
    prepared: Any = None
    """What `prepare` gave."""

    async def then(self, payload: Mapping[str, Any]) -> None:
        """Leave the same job with another payload, due at once."""
        await put(self.session, self.kind, payload, now=self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Every day, or every week on one day, at a time where the organisation is."""

    at: time = time(0, 0)
    weekday: int | None = None
    """0 is Monday; None: every day."""

    def after(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The next time after an instant."""
        local = now.astimezone(zone)
        day = local.date()
        if self.weekday is not None:
            day += timedelta(days=(self.weekday - day.weekday()) % 7)
        step = timedelta(days=1 if self.weekday is None else 7)
        # A time that does not exist when clocks go forward is the one an hour later.
        found = datetime.combine(day, self.at, zone).astimezone(now.tzinfo)
        if found <= now:
            found = datetime.combine(day + step, self.at, zone).astimezone(now.tzinfo)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a section does in the background; `kind` begins with its key and a dot."""

    kind: str
    run: Callable[[Run], Awaitable[None]]
    prepare: Callable[[Mapping[str, Any]], Awaitable[Any]] | None = None
    """What is done with the payload before the transaction begins, as asking another
    server, at least once."""
    schedule: Schedule | None = None
    """When it is done with an empty payload; None: when it is left to be done."""
