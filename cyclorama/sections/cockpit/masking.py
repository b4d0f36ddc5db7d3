"""What somebody may not see or not change, they don't change: the field masks of CTAs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import Field, fields
from typing import Any, Final

from strawberry.utils.str_converters import to_camel_case

from cyclorama.plugins import Context
from cyclorama.sections.cockpit.inputs import OpenTasks
from cyclorama.sections.cockpit.rules import Refused

CTA: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("Cta.name",),
    "type_key": ("Cta.type",),
    "reason_key": ("Cta.reason",),
    "priority_key": ("Cta.priority",),
    "status_key": ("Cta.status",),
    "owner_id": ("Cta.owner",),
    "due_date": ("Cta.dueDate",),
    "is_important": ("Cta.isImportant",),
    "comments": ("Cta.comments",),
    "from_id": ("Cta.linkedRecords",),
    "until": ("Cta.snoozedUntil",),
    "reason": ("Cta.snoozeReason",),
    "playbook_key": ("Cta.playbook", "Cta.tasks"),
    "task_owners": ("CtaTask.owner",),
    "shift_tasks": ("CtaTask.dueDate",),
    "open_tasks": ("CtaTask.status",),
}
"""Members of inputs about a CTA, and what they change."""
TASK: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("CtaTask.name",),
    "description": ("CtaTask.description",),
    "owner_id": ("CtaTask.owner",),
    "due_date": ("CtaTask.dueDate",),
    "status": ("CtaTask.status",),
    "is_mandatory": ("CtaTask.isMandatory",),
    "depends_on": ("CtaTask.dependsOn",),
    "shift_following": ("CtaTask.dueDate", "Cta.dueDate"),
}
"""Members of inputs about a task."""


def closed_fields(ctx: Context) -> frozenset[str]:
    """Those of the graph that the viewer may not see or not change."""
    return ctx.masked.fields | ctx.masked.read_only


def check_given(
    ctx: Context,
    input: Any,
    changes: Mapping[str, tuple[str, ...]],
    needed: Collection[str] = (),
) -> None:
    """`Refused` where something is handed in that the viewer may not change; what is
    `needed` to make a thing is not asked for."""
    if not closed_fields(ctx):
        return
    given = (m.name for m in fields(input) if _is_given(getattr(input, m.name), m))
    for name in given:
        if name in changes and name not in needed:
            check_open(ctx, to_camel_case(name), *changes[name])


def _is_given(value: Any, member: Field[Any]) -> bool:
    """Whether a member of an input changes anything."""
    return value is not member.default and value is not OpenTasks.KEEP


def check_open(ctx: Context, path: str, *names: str) -> None:
    """`Refused` where the viewer may not change one of these fields."""
    if not closed_fields(ctx).isdisjoint(names):
        message = f"You may not change {path!r} here."
        raise Refused(path, "READ_ONLY", message)
