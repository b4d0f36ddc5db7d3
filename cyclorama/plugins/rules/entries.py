"""The shape of a rule file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from cyclorama.layouts.entries import MOST_CLAUSES, ClauseEntry, Entry, Key, Name
from cyclorama.plugins.rules.cel import LONGEST

MOST_RULES = 200
MOST_RECORDS = 10_000
Dotted = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$", max_length=80)
]
Weekday = Literal[
    "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"
]
WEEKDAYS: tuple[str, ...] = Weekday.__args__  # type: ignore[attr-defined]


class ScheduleEntry(Entry):
    """Every day, or every week on one day, at a time where the organisation is."""

    at: Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = (
        "00:00"
    )
    weekday: Weekday | None = None


class WhenEntry(Entry):
    """What starts the rule; one of `event`, `trigger`, `schedule`; none: on demand."""

    model_config = ConfigDict(populate_by_name=True)

    event: Dotted | None = None
    trigger: Dotted | None = None
    with_: dict[str, Any] = Field(default={}, alias="with")
    """The settings of the trigger."""
    schedule: ScheduleEntry | None = None
    cel: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)] | None = (
        None
    )
    """A condition in CEL on the event and the record, beside all others."""

    @model_validator(mode="after")
    def _one(self) -> WhenEntry:
        given = [n for n in ("event", "trigger", "schedule") if getattr(self, n)]
        if len(given) > 1:
            raise ValueError(f"write one of {', '.join(given)}")
        if self.with_ and self.trigger is None:
            raise ValueError("`with` holds the settings of a `trigger`")
        return self


class ActionEntry(Entry):
    """What is done with each record, and how."""

    model_config = ConfigDict(populate_by_name=True)

    action: Dotted
    with_: dict[str, Any] = Field(default={}, alias="with")


class RuleEntry(Entry):
    """A rule: when, for which records, what."""

    key: Key
    name: Name
    kind: Literal["COMPANY", "RELATIONSHIP"] = "COMPANY"
    enabled: bool = True
    when: WhenEntry = WhenEntry()
    event: list[ClauseEntry] = Field(default=[], max_length=MOST_CLAUSES)
    """Conditions on the event: `after.overall`, `before.band`, `change.overall`,
    `actor_kind`, `actor_id`."""
    record: list[ClauseEntry] = Field(default=[], max_length=MOST_CLAUSES)
    pause_days: int = Field(default=0, ge=0, le=366)
    """How long it leaves a record alone that it has acted on."""
    most_records: int = Field(default=1_000, ge=1, le=MOST_RECORDS)
    """Of one run, or of a day for what follows from events; it stops at more."""
    actions: list[ActionEntry] = Field(min_length=1, max_length=10)


class RuleFile(Entry):
    """All rules, in the order in which they act; what is left out is removed."""

    rules: list[Any] = Field(default=[], max_length=MOST_RULES)
