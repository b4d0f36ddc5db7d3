"""Playbooks: which fit a CTA, and the tasks that one brings, each with its day and owner."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import UserRow, new_id
from cyclorama.sections.cockpit.choices import playbook_of
from cyclorama.sections.cockpit.rules import (
    Anchor,
    Refused,
    Step,
    TaskStatus,
    planned_days,
)
from cyclorama.sections.cockpit.tables import (
    GONE,
    PlaybookRow,
    PlaybookTaskRow,
    PlaybookTypeRow,
)

MOST_TASKS: Final = 200
"""Of a CTA."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The tasks that a playbook brings, in their order, with the days on which they are
    due."""

    playbook_id: str
    tasks: Sequence[PlaybookTaskRow]
    days: Sequence[date]


async def fitting(
    session: AsyncSession, key: str, kind: str, type_id: str
) -> PlaybookRow:
    """The playbook with this key, if it fits CTAs of a type on records of a kind."""
    playbook = await playbook_of(session, key, kind)
    fits = sa.select(PlaybookTypeRow.type_id).where(
        PlaybookTypeRow.playbook_id == playbook.id, PlaybookTypeRow.type_id == type_id
    )
    if await session.scalar(fits) is None:
        message = f"The playbook {playbook.key!r} does not fit CTAs of this type."
        raise Refused("playbookKey", "INVALID", message)
    return playbook


async def plan_of(
    session: AsyncSession,
    playbook_id: str,
    created: date,
    due: date,
    *,
    skip_weekends: bool,
) -> Plan:
    """What a playbook brings to a CTA that was made and is due on these days."""
    own = (PlaybookTaskRow.playbook_id == playbook_id, PlaybookTaskRow.position > GONE)
    query = sa.select(PlaybookTaskRow).where(*own)
    order = (PlaybookTaskRow.position, PlaybookTaskRow.id)
    tasks = (await session.scalars(query.order_by(*order))).all()
    if len(tasks) > MOST_TASKS:
        message = f"A CTA has at most {MOST_TASKS} tasks."
        raise Refused("playbookKey", "LIMIT_EXCEEDED", message)
    plan = Plan(playbook_id, tasks, ())
    return for_days(plan, created, due, skip_weekends=skip_weekends)


def for_days(plan: Plan, created: date, due: date, *, skip_weekends: bool) -> Plan:
    """The plan for a CTA that was made and is due on these days."""
    steps = [Step(offset=t.offset_days, anchor=Anchor(t.anchor)) for t in plan.tasks]
    days = planned_days(steps, created, due, skip_weekends=skip_weekends)
    return replace(plan, days=days)


async def active_users(
    session: AsyncSession, plan: Plan, csms: Collection[str | None]
) -> frozenset[str]:
    """Those of the users to whom tasks of a plan may go that are active."""
    wanted = {t.owner_id for t in plan.tasks if t.owner_strategy == "USER"}
    if any(t.owner_strategy == "CSM" for t in plan.tasks):
        wanted |= set(csms)
    query = sa.select(UserRow.id).where(UserRow.id.in_(wanted - {None}))
    return frozenset(await session.scalars(query.where(UserRow.active)))


def owner_of_task(
    task: PlaybookTaskRow, csm: str | None, owner: str, active: frozenset[str]
) -> str:
    """Who owns a planned task: the CTA's owner where whom it names is not active."""
    wanted = {"USER": task.owner_id, "CSM": csm}.get(task.owner_strategy)
    return wanted if wanted is not None and wanted in active else owner


def task_rows(
    plan: Plan,
    cta: Mapping[str, Any],
    csm: str | None,
    active: frozenset[str],
    now: datetime,
    *,
    after: int = 0,
) -> list[dict[str, Any]]:
    """The tasks of a CTA as rows of their table, `after` those up to a position."""
    return [
        {
            "id": new_id("cta_task"),
            "cta_id": cta["id"],
            "company_id": cta["company_id"],
            "relationship_id": cta["relationship_id"],
            "position": position,
            "name": task.name,
            "description": task.description,
            "status": TaskStatus.OPEN.value,
            "kind": task.kind,
            "owner_id": owner_of_task(task, csm, cta["owner_id"], active),
            "due_date": day,
            "is_mandatory": task.is_mandatory,
            "playbook_task_id": task.id,
            "created_at": now,
        }
        for position, (task, day) in enumerate(
            zip(plan.tasks, plan.days, strict=True), after + 1
        )
    ]
