"""Tasks of a CTA: adding, changing, completing them, by hand and by playbook."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from strawberry import UNSET

from cyclorama.plugins import Context, Info, new_id
from cyclorama.sections.cockpit.choices import (
    LONGEST_NAME,
    LONGEST_TEXT,
    checked_text,
    owner_of,
)
from cyclorama.sections.cockpit.inputs import (
    AddCtaTaskInput,
    ApplyPlaybookInput,
    CompleteCtaTaskInput,
    CtaPayload,
    UpdateCtaTaskInput,
)
from cyclorama.sections.cockpit.masking import CTA, TASK, check_given, check_open
from cyclorama.sections.cockpit.playbooks import (
    MOST_TASKS,
    active_users,
    fitting,
    owner_of_task,
    plan_of,
)
from cyclorama.sections.cockpit.rules import (
    Refused,
    TaskStatus,
    checked_day,
    makes_cycle,
    moved,
    shifted,
)
from cyclorama.sections.cockpit.tables import TaskRow
from cyclorama.sections.cockpit.writing import (
    Changing,
    change_cta,
    csm_of,
    error_of,
    kind_of,
)


async def add_cta_task(info: Info, input: AddCtaTaskInput) -> CtaPayload:
    """Add a task to an open CTA, after those that it has."""
    ctx = info.context

    async def apply(change: Changing) -> None:
        check_open(ctx, "ctaId", "Cta.tasks")
        check_given(ctx, input, TASK, needed=("name",))
        change.need_open()
        owner = change.row.owner_id
        if input.owner_id is not None:
            owner = await owner_of(change.session, input.owner_id)
        due = input.due_date
        task = _task(
            change,
            name=checked_text(input.name, "name", LONGEST_NAME),
            description=_description(input.description),
            owner_id=owner,
            due_date=None if due is None else checked_day(due, ctx.today, "dueDate"),
            kind=input.kind.value,
            is_mandatory=input.is_mandatory,
        )
        if input.depends_on is not None:
            _depend(change, task, input.depends_on)
        _append(change, [task], "ctaId")

    return await change_cta(
        ctx, input.cta_id, input.expected_version, "cockpit.task", apply, path="ctaId"
    )


def _task(change: Changing, **values: Any) -> TaskRow:
    row = change.row
    return TaskRow(
        id=new_id("cta_task"),
        cta_id=row.id,
        company_id=row.company_id,
        relationship_id=row.relationship_id,
        status=TaskStatus.OPEN.value,
        created_at=change.ctx.now,
        **values,
    )


def _append(change: Changing, tasks: list[TaskRow], path: str) -> None:
    """Add tasks behind those that there are."""
    if len(change.tasks) + len(tasks) > MOST_TASKS:
        message = f"A CTA has at most {MOST_TASKS} tasks."
        raise Refused(path, "LIMIT_EXCEEDED", message)
    last = max((t.position for t in change.tasks), default=0)
    for place, task in enumerate(tasks, last + 1):
        task.position = place
    change.tasks += tasks


def _description(text: str | None) -> str | None:
    if text is None:
        return None
    return checked_text(text, "description", LONGEST_TEXT, required=False)


def _depend(change: Changing, task: TaskRow, on: str) -> None:
    """Have a task wait for another one of its CTA."""
    if on not in {t.id for t in change.tasks}:
        message = f"The CTA has no task {on[:80]!r}."
        raise Refused("dependsOn", "LOOKUP_NOT_FOUND", message)
    if makes_cycle({t.id: t.depends_on for t in change.tasks}, task.id, on):
        message = "The task would wait for itself."
        raise Refused("dependsOn", "CYCLE", message)
    task.depends_on = on


async def update_cta_task(info: Info, input: UpdateCtaTaskInput) -> CtaPayload:
    """Change what is given of a task of an open CTA.

    The tasks after it and the CTA move with it if asked.
    """

    async def apply(change: Changing, task: TaskRow) -> None:
        check_given(change.ctx, input, TASK)
        change.need_open()
        if input.name is not None:
            task.name = checked_text(input.name, "name", LONGEST_NAME) or ""
        if input.description is not UNSET:
            task.description = _description(input.description)
        if input.owner_id is not None:
            task.owner_id = await owner_of(change.session, input.owner_id)
        if input.is_mandatory is not None:
            task.is_mandatory = input.is_mandatory
        if input.depends_on is None:
            task.depends_on = None
        elif input.depends_on is not UNSET:
            _depend(change, task, input.depends_on)
        if input.due_date is not UNSET:
            _move(change, task, input.due_date, follow=input.shift_following)
        if input.status is not None:
            _set_status(change, task, input.status)

    return await _change_task(info.context, input, apply)


async def complete_cta_task(info: Info, input: CompleteCtaTaskInput) -> CtaPayload:
    """Complete a task of an open CTA; the last one does not close the CTA."""

    async def apply(change: Changing, task: TaskRow) -> None:
        check_open(change.ctx, "id", *TASK["status"])
        change.need_open()
        _set_status(change, task, TaskStatus.COMPLETED)

    return await _change_task(info.context, input, apply)


async def _change_task(ctx: Context, input: Any, apply: Any) -> CtaPayload:
    query = sa.select(TaskRow.cta_id).where(TaskRow.id == input.id)
    await ctx.renew()
    found = await ctx.reading.execute(query)
    absent = Refused("id", "NOT_FOUND", f"There is no task {input.id[:80]!r}.")
    if not found:
        return CtaPayload(cta=None, errors=[error_of(absent)])

    async def changed(change: Changing) -> None:
        check_open(ctx, "id", "Cta.tasks")
        (task,) = (t for t in change.tasks if t.id == input.id)
        await apply(change, task)

    cta_id: str = found[0].cta_id
    payload = await change_cta(
        ctx, cta_id, input.expected_version, "cockpit.task", changed
    )
    if any(e.code.value == "NOT_FOUND" for e in payload.errors):
        payload.errors = [error_of(absent)]
    return payload


def _set_status(change: Changing, task: TaskRow, status: TaskStatus) -> None:
    if status is TaskStatus.SKIPPED and task.is_mandatory:
        message = f"The task {task.name!r} is mandatory; complete it."
        raise Refused("status", "INVALID_STATE", message)
    if task.status != status:
        done = status is TaskStatus.COMPLETED
        task.completed_at = change.ctx.now if done else None
    task.status = status.value


def _move(change: Changing, task: TaskRow, due: date | None, *, follow: bool) -> None:
    """Give a task another due date, and move what comes after it if asked."""
    old, task.due_date = task.due_date, due
    if due is None:
        return
    checked_day(due, change.ctx.today, "dueDate")
    days = 0 if old is None else (due - old).days
    if not (follow and days):
        return
    later = {t.id for t in change.tasks if t.position > task.position}
    new = shifted((t for t in change.facts() if t.id in later), days)
    for other in change.tasks:
        other.due_date = new.get(other.id, other.due_date)
    change.row.due_date = moved(change.row.due_date, days, "dueDate")


async def apply_playbook(info: Info, input: ApplyPlaybookInput) -> CtaPayload:
    """Add the tasks of a playbook to an open CTA, each due as the playbook says."""

    async def apply(change: Changing) -> None:
        check_given(change.ctx, input, CTA)
        change.need_open()
        row, session = change.row, change.session
        playbook = await fitting(session, input.playbook_key, kind_of(row), row.type_id)
        if row.playbook_id is not None and not input.replace:
            message = "The CTA has a playbook already; replace it, or leave it."
            raise Refused("replace", "INVALID_STATE", message)
        _remove_open(change)
        await _add_planned(change, playbook.id, skip_weekends=input.skip_weekends)
        row.playbook_id = playbook.id

    return await change_cta(
        info.context,
        input.cta_id,
        input.expected_version,
        "cockpit.playbook",
        apply,
        path="ctaId",
    )


def _remove_open(change: Changing) -> None:
    """Take away open tasks of the CTA's playbook."""
    gone = [t for t in change.open_tasks if t.playbook_task_id is not None]
    ids = {t.id for t in gone}
    change.removed += gone
    change.tasks = [t for t in change.tasks if t.id not in ids]
    for task in change.tasks:
        if task.depends_on in ids:
            task.depends_on = None


async def _add_planned(
    change: Changing, playbook_id: str, *, skip_weekends: bool
) -> None:
    row, session = change.row, change.session
    plan = await plan_of(
        session,
        playbook_id,
        row.created_on,
        row.due_date,
        skip_weekends=skip_weekends,
    )
    csm = None
    if any(t.owner_strategy == "CSM" for t in plan.tasks):
        csm = await csm_of(session, row)
    active = await active_users(session, plan, [csm])
    tasks = [
        _task(
            change,
            name=p.name,
            description=p.description,
            owner_id=owner_of_task(p, csm, row.owner_id, active),
            due_date=day,
            kind=p.kind,
            is_mandatory=p.is_mandatory,
            playbook_task_id=p.id,
        )
        for p, day in zip(plan.tasks, plan.days, strict=True)
    ]
    _append(change, tasks, "playbookKey")
