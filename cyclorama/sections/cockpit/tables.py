"""The tables of Cockpit: types with what is offered for them, CTAs, tasks, playbooks.

Types, reasons, priorities and statuses are items of the vocabularies in `PICKLISTS`; the
category of a status says whether it closes.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from cyclorama.plugins import KEY, Row, json, key_column
from cyclorama.plugins import text as text_of

TYPE, REASON, PRIORITY, STATUS = "cta.type", "cta.reason", "cta.priority", "cta.status"
GONE = -1
PICKLISTS = (TYPE, REASON, PRIORITY, STATUS)


class TypeRow(Row):
    """A type of CTA, by the id of its item; `record_kind` is null for both kinds."""

    __tablename__ = "cockpit_type"

    id: Mapped[str] = mapped_column(
        KEY, ForeignKey("picklist_item.id"), primary_key=True
    )
    position: Mapped[int] = mapped_column(default=0)
    record_kind: Mapped[str | None] = mapped_column(KEY)
    only_in_plans: Mapped[bool] = mapped_column(default=False)


class ItemRow(Row):
    """The version of an item of the vocabularies; one that was never changed has no row,
    and is at 1."""

    __tablename__ = "cockpit_item"

    id: Mapped[str] = mapped_column(
        KEY, ForeignKey("picklist_item.id"), primary_key=True
    )
    version: Mapped[int]


class ChoiceRow(Row):
    """A reason, priority or status that is offered for a type; `is_default` where no
    other is named: of statuses one for each category."""

    __tablename__ = "cockpit_choice"

    type_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("cockpit_type.id"), primary_key=True
    )
    item_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("picklist_item.id"), primary_key=True, index=True
    )
    is_default: Mapped[bool] = mapped_column(default=False)


class PlaybookRow(Row):
    """A set of tasks to reuse; `record_kind` is null for both kinds."""

    __tablename__ = "cockpit_playbook"

    id: Mapped[str] = key_column()
    key: Mapped[str] = mapped_column(KEY, unique=True)
    name: Mapped[str]
    description: Mapped[str | None] = mapped_column(Text())
    record_kind: Mapped[str | None] = mapped_column(KEY)
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1, server_default="1")


class PlaybookTypeRow(Row):
    """A type of CTA that a playbook fits."""

    __tablename__ = "cockpit_playbook_type"

    playbook_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("cockpit_playbook.id"), primary_key=True
    )
    type_id: Mapped[str] = mapped_column(
        KEY, ForeignKey("cockpit_type.id"), primary_key=True, index=True
    )


class PlaybookTaskRow(Row):
    """A task of a playbook, due `offset_days` from its anchor. Its owner is the CTA's,
    the subject's CSM where `owner_strategy` is CSM, or `owner_id` where it is USER. One
    that was taken away and that tasks of CTAs know has the position `GONE`."""

    __tablename__ = "cockpit_playbook_task"
    __table_args__ = (Index("ix_cockpit_playbook_task", "playbook_id", "position"),)

    id: Mapped[str] = key_column()
    playbook_id: Mapped[str] = mapped_column(KEY, ForeignKey("cockpit_playbook.id"))
    position: Mapped[int]
    name: Mapped[str]
    description: Mapped[str | None] = mapped_column(Text())
    anchor: Mapped[str] = mapped_column(KEY, default="CREATED")
    offset_days: Mapped[int] = mapped_column(default=0)
    owner_strategy: Mapped[str] = mapped_column(KEY, default="CTA_OWNER")
    owner_id: Mapped[str | None] = mapped_column(KEY, ForeignKey("app_user.id"))
    kind: Mapped[str] = mapped_column(KEY, default="TODO")
    is_mandatory: Mapped[bool] = mapped_column(default=False)


class CtaRow(Row):
    """A call to action about a company or a relationship. Days are those of the
    organisation's zone; the counts are of its tasks, skipped ones closed."""

    __tablename__ = "cockpit_cta"
    __table_args__ = (
        Index("ix_cockpit_cta_page", "company_id", "is_closed", "due_date", "id"),
        Index(
            "ix_cockpit_cta_relationship",
            "relationship_id",
            "is_closed",
            "due_date",
            "id",
        ),
        Index("ix_cockpit_cta_owner", "owner_id", "is_closed", "due_date"),
        Index(
            "uq_cockpit_cta_open_key",
            "dedupe_key",
            unique=True,
            sqlite_where=text("NOT is_closed"),
            postgresql_where=text("NOT is_closed"),
        ),
        Index(
            "uq_cockpit_cta_open_series",
            "series_id",
            unique=True,
            sqlite_where=text("NOT is_closed"),
            postgresql_where=text("NOT is_closed"),
        ),
        Index("ix_cockpit_cta_recur", "recur_on", "id"),
    )

    id: Mapped[str] = key_column()
    company_id: Mapped[str] = mapped_column(KEY, ForeignKey("company.id"))
    relationship_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("relationship.id")
    )
    name: Mapped[str]
    type_id: Mapped[str] = mapped_column(KEY, ForeignKey("picklist_item.id"))
    reason_id: Mapped[str | None] = mapped_column(KEY, ForeignKey("picklist_item.id"))
    priority_id: Mapped[str] = mapped_column(KEY, ForeignKey("picklist_item.id"))
    status_id: Mapped[str] = mapped_column(KEY, ForeignKey("picklist_item.id"))
    owner_id: Mapped[str] = mapped_column(KEY, ForeignKey("app_user.id"))
    due_date: Mapped[date]
    original_due_date: Mapped[date]
    is_important: Mapped[bool] = mapped_column(default=False)
    is_closed: Mapped[bool] = mapped_column(default=False)
    closed_at: Mapped[datetime | None]
    closed_on: Mapped[date | None]
    closed_by: Mapped[str | None] = mapped_column(KEY)
    close_source: Mapped[str | None] = mapped_column(KEY)
    """MANUAL, RULE, API or PLAN_CASCADE."""
    snoozed_until: Mapped[date | None]
    snooze_reason: Mapped[str | None]
    snoozed_by: Mapped[str | None] = mapped_column(KEY)
    comments: Mapped[str | None] = mapped_column(Text())
    source: Mapped[str] = mapped_column(KEY, default="MANUAL")
    """MANUAL, RULE, TIMELINE, SUCCESS_PLAN, SURVEY, API or RECURRENCE."""
    dedupe_key: Mapped[str | None] = mapped_column(KEY)
    ruled: Mapped[dict[str, Any] | None] = mapped_column(json())
    """What the rule that made it has `set`, by column, and which rules have `told` their
    comments."""
    playbook_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("cockpit_playbook.id")
    )
    recur_every: Mapped[int | None]
    """The next one is made so many units after this one."""
    recur_unit: Mapped[str | None] = mapped_column(KEY)
    """WEEK or MONTH."""
    recur_from: Mapped[date | None]
    """The day from which the series is counted."""
    recur_on: Mapped[date | None]
    """The day on which the next one is made, or later, once this one is closed."""
    series_id: Mapped[str | None] = mapped_column(KEY)
    """The id of the first one of the series; one of a series is open at most."""
    total_tasks: Mapped[int] = mapped_column(default=0)
    closed_tasks: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_on: Mapped[date]
    created_by: Mapped[str | None] = mapped_column(KEY)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


OF_COMPANY: Final[Any] = func.coalesce(CtaRow.relationship_id, "") == ""
"""CTAs of companies themselves. For `IS NULL` beside a list of companies SQLite takes the
index of relationships, and reads the CTAs of all companies."""


class TaskRow(Row):
    """A task of a CTA, about the same record; `depends_on` is the id of another task of
    the CTA."""

    __tablename__ = "cockpit_task"
    __table_args__ = (
        Index("ix_cockpit_task_cta", "cta_id", "position", "id"),
        Index("ix_cockpit_task_owner", "owner_id", "cta_id"),
        Index("ix_cockpit_task_company", "company_id"),
        Index("ix_cockpit_task_relationship", "relationship_id"),
    )

    id: Mapped[str] = key_column()
    cta_id: Mapped[str] = mapped_column(KEY, ForeignKey("cockpit_cta.id"))
    company_id: Mapped[str] = mapped_column(KEY, ForeignKey("company.id"))
    relationship_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("relationship.id")
    )
    position: Mapped[int]
    name: Mapped[str]
    description: Mapped[str | None] = mapped_column(Text())
    status: Mapped[str] = mapped_column(KEY, default="OPEN")
    kind: Mapped[str] = mapped_column(KEY, default="TODO")
    owner_id: Mapped[str] = mapped_column(KEY, ForeignKey("app_user.id"))
    due_date: Mapped[date | None]
    is_mandatory: Mapped[bool] = mapped_column(default=False)
    depends_on: Mapped[str | None] = mapped_column(KEY)
    playbook_task_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("cockpit_playbook_task.id")
    )
    completed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class LinkRow(Row):
    """A record of another system, or of this one, that a CTA is linked with; `system` is
    empty for one of this one."""

    __tablename__ = "cockpit_link"
    __table_args__ = (
        UniqueConstraint("cta_id", "system", "object_name", "record_id"),
        Index("ix_cockpit_link_company", "company_id"),
        Index("ix_cockpit_link_relationship", "relationship_id"),
    )

    id: Mapped[str] = key_column()
    cta_id: Mapped[str] = mapped_column(KEY, ForeignKey("cockpit_cta.id"))
    company_id: Mapped[str] = mapped_column(KEY, ForeignKey("company.id"))
    relationship_id: Mapped[str | None] = mapped_column(
        KEY, ForeignKey("relationship.id")
    )
    system: Mapped[str] = mapped_column(KEY)
    object_name: Mapped[str] = mapped_column(KEY)
    record_id: Mapped[str]
    label: Mapped[str | None]
    url: Mapped[str | None] = mapped_column(text_of(2048))
    created_by: Mapped[str] = mapped_column(KEY, ForeignKey("app_user.id"))
    created_at: Mapped[datetime]


class ViewRow(Row):
    """A view of the list of CTAs that somebody has saved: its filters and columns."""

    __tablename__ = "cockpit_view"
    __table_args__ = (Index("ix_cockpit_view_owner", "owner_id", "name"),)

    id: Mapped[str] = key_column()
    owner_id: Mapped[str] = mapped_column(KEY, ForeignKey("app_user.id"))
    name: Mapped[str]
    is_shared: Mapped[bool] = mapped_column(default=False)
    filters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    columns: Mapped[list[str]] = mapped_column(default=list)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
