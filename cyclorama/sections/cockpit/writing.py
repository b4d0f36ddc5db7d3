"""Changing a CTA: reach and right, lock, change, version, audit log, the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import (
    CompanyRow,
    Context,
    RelationshipRow,
    UserError,
    UserErrorCode,
    record_change,
    settings_or_refusals,
)
from cyclorama.sections.cockpit import rules
from cyclorama.sections.cockpit.choices import Choices
from cyclorama.sections.cockpit.config import CockpitConfig, offered_statuses
from cyclorama.sections.cockpit.events import event_of
from cyclorama.sections.cockpit.inputs import CtaPayload
from cyclorama.sections.cockpit.rules import Refused, TaskStatus
from cyclorama.sections.cockpit.showing import shown
from cyclorama.sections.cockpit.tables import CtaRow, TaskRow

Settings = Sequence[CockpitConfig]
_UNTOLD = frozenset(
    {"id", "version", "updated_at", "total_tasks", "closed_tasks", "ruled"}
)
"""Columns of which the audit log holds no word."""
_TOLD_OF_TASKS = ("name", "status", "owner_id", "due_date", "depends_on", "description")


@dataclass(slots=True, eq=False)
class Changing:
    """A CTA that nobody else changes, with its tasks in their order."""

    ctx: Context
    session: AsyncSession
    settings: Settings
    row: CtaRow
    tasks: list[TaskRow]
    removed: list[TaskRow] = field(default_factory=list)
    known: dict[str, Choices] = field(default_factory=dict)
    """What is offered, by type."""
    noted: dict[str, Any] = field(default_factory=dict)
    """What else was changed, for the audit log."""
    before: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.told()

    async def choices(self) -> Choices:
        """What is offered for the CTA's type."""
        type_id = self.row.type_id
        if type_id not in self.known:
            self.known[type_id] = await Choices.of(self.session, type_id)
        return self.known[type_id].among(offered_statuses(self.settings))

    @property
    def open_tasks(self) -> list[TaskRow]:
        """Those that are left to do."""
        return [t for t in self.tasks if not TaskStatus(t.status).is_done]

    def facts(self) -> list[rules.Task]:
        """The tasks as the rules ask them."""
        return [
            rules.Task(
                id=t.id, status=TaskStatus(t.status), owner=t.owner_id, due=t.due_date
            )
            for t in self.tasks
        ]

    def told(self) -> dict[str, Any]:
        """What the audit log says of it."""
        row, found = self.row, dict(self.noted)
        for column in CtaRow.__table__.columns:
            if column.key not in _UNTOLD:
                found[column.key] = getattr(row, column.key)
        for task in self.tasks:
            values = {name: getattr(task, name) for name in _TOLD_OF_TASKS}
            found[f"task {task.id}"] = values
        return found

    def need_open(self) -> None:
        """`Refused` for a closed one."""
        if self.row.is_closed:
            message = "The CTA is closed; reopen it first."
            raise Refused("id", "INVALID_STATE", message)

    async def save(self, action: str) -> None:
        """Write what has changed, if anything has."""
        after = self.told()
        if after == self.before:
            return
        row = self.row
        row.total_tasks = len(self.tasks)
        row.closed_tasks = len(self.tasks) - len(self.open_tasks)
        row.version += 1
        row.updated_at = self.ctx.now
        for task in self.removed:
            await self.session.delete(task)
        self.session.add_all(self.tasks)
        await self.session.flush()
        event = await event_of(self.session, row.id, self.before, after)
        await record_change(
            self.ctx,
            self.session,
            action,
            row.id,
            before=self.before,
            after=after,
            events=[event],
        )


def kind_of(row: CtaRow) -> str:
    """The kind of the record that a CTA is about."""
    return "COMPANY" if row.relationship_id is None else "RELATIONSHIP"


def absent(cta_id: str, path: str = "id") -> Refused:
    """That there is no such CTA, also where the viewer may not see it."""
    return Refused(path, "NOT_FOUND", f"There is no CTA {cta_id[:80]!r}.")


async def reached(ctx: Context, ids: Sequence[str]) -> dict[str, Settings]:
    """The settings of Cockpit on the records of those of the CTAs that the viewer may
    see, by the CTA's id."""
    await ctx.renew()
    query = sa.select(CtaRow.id, CtaRow.company_id, CtaRow.relationship_id)
    rows = await ctx.reading.execute(query.where(CtaRow.id.in_(ids)))
    subjects = {r.id: r.relationship_id or r.company_id for r in rows}
    known: dict[str, Settings] = {}
    for subject in set(subjects.values()):
        known[subject], _ = await settings_or_refusals(ctx, "cockpit", subject)
    return {cta: known[s] for cta, s in subjects.items() if known[s]}


async def locked(
    ctx: Context, session: AsyncSession, ids: Sequence[str]
) -> dict[str, tuple[CtaRow, list[TaskRow]]]:
    """CTAs with their tasks, which no other transaction changes until this one ends."""
    query = sa.select(CtaRow).where(CtaRow.id.in_(ids)).order_by(CtaRow.id)
    found = await session.scalars(query.with_for_update(key_share=True))
    ctas: dict[str, tuple[CtaRow, list[TaskRow]]] = {r.id: (r, []) for r in found}
    tasks = sa.select(TaskRow).where(TaskRow.cta_id.in_(ids))
    for task in await session.scalars(tasks.order_by(TaskRow.position, TaskRow.id)):
        ctas[task.cta_id][1].append(task)
    return ctas


async def csm_of(session: AsyncSession, row: CtaRow) -> str | None:
    """Who looks after the record that a CTA is about."""
    record: Any = RelationshipRow if row.relationship_id else CompanyRow
    query = sa.select(record.csm_id)
    found: str | None = await session.scalar(
        query.where(record.id == (row.relationship_id or row.company_id))
    )
    return found


async def check_right(change: Changing) -> None:
    """`Refused` unless the viewer may change the CTA: its owner, a task's, the record's
    CSM, or whom the layout lets change all."""
    viewer, settings = change.ctx.viewer, change.settings
    if not any(s.editable for s in settings):
        message = "Your layout does not let you change CTAs of this record."
        raise Refused("id", "FORBIDDEN", message)
    owners = {change.row.owner_id, *(t.owner_id for t in change.tasks)}
    if viewer.id in owners or change.ctx.is_admin or any(s.edit_any for s in settings):
        return
    if await csm_of(change.session, change.row) != viewer.id:
        message = "The CTA is changed by its owner, those of its tasks and the CSM."
        raise Refused("id", "FORBIDDEN", message)


def check_version(row: CtaRow, expected: int | None) -> None:
    """`Refused` where the CTA has another version than is expected."""
    if expected is not None and expected != row.version:
        message = (
            f"The CTA is at version {row.version} by now; read it again and decide "
            "what to keep."
        )
        raise Refused("expectedVersion", "CONFLICT", message)


async def change_cta(
    ctx: Context,
    cta_id: str,
    expected: int | None,
    action: str,
    apply: Callable[[Changing], Awaitable[None]],
    *,
    path: str = "id",
) -> CtaPayload:
    """Change one CTA in one transaction; `apply` raises `Refused` for what can't be."""
    try:
        settings = (await reached(ctx, [cta_id])).get(cta_id)
        if settings is None:
            raise absent(cta_id)
        async with ctx.database.write() as session:
            held = (await locked(ctx, session, [cta_id])).get(cta_id)
            if held is None:
                raise absent(cta_id)
            change = Changing(ctx, session, settings, *held)
            await check_right(change)
            check_version(change.row, expected)
            await apply(change)
            await change.save(action)
    except Refused as refused:
        if refused.path == "id":
            refused.path = path
        return CtaPayload(cta=None, errors=[error_of(refused)])
    (cta,) = await shown(ctx, [(change.row, change.tasks)])
    return CtaPayload(cta=cta, errors=[])


def error_of(refused: Refused) -> UserError:
    """What clients are told."""
    return UserError(
        path=refused.path.split("."),
        code=UserErrorCode[refused.code],
        message=refused.message,
    )
