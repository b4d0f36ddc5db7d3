"""Playbooks as admins read them, and as the audit log tells them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.plugins import Info, Parent, PicklistItemRow, RecordKind, Viewer
from cyclorama.sections.cockpit.playbook_inputs import (
    CtaPlaybookSettings,
    CtaPlaybookTask,
)
from cyclorama.sections.cockpit.rules import Anchor, TaskOwner
from cyclorama.sections.cockpit.tables import (
    GONE,
    PlaybookRow,
    PlaybookTaskRow,
    PlaybookTypeRow,
)
from cyclorama.sections.cockpit.types import CtaTaskKind

_BOOK: Any = PlaybookRow.__table__
_TASK: Any = PlaybookTaskRow.__table__
_FITS: Any = PlaybookTypeRow.__table__


async def cta_playbooks(
    viewer: Parent[Viewer], info: Info
) -> list[CtaPlaybookSettings]:
    """All playbooks by name, also those that are not active. Empty for all but admins."""
    ctx = info.context
    if not ctx.is_admin:
        return []
    books = await ctx.reading.execute(
        sa.select(_BOOK).order_by(_BOOK.c.name, _BOOK.c.id)
    )
    tasks, types = _of()
    return _shown(
        books, await ctx.reading.execute(tasks), await ctx.reading.execute(types)
    )


def _of(id: str | None = None) -> tuple[Any, Any]:
    """What reads the tasks and the types of a playbook, or of all."""
    tasks = sa.select(_TASK).where(_TASK.c.position > GONE)
    tasks = tasks.order_by(_TASK.c.position, _TASK.c.id)
    item = PicklistItemRow
    types = sa.select(_FITS.c.playbook_id, item.key)
    types = types.join(item, item.id == _FITS.c.type_id).order_by(
        item.position, item.id
    )
    if id is None:
        return tasks, types
    return (
        tasks.where(_TASK.c.playbook_id == id),
        types.where(_FITS.c.playbook_id == id),
    )


async def read_playbook(session: AsyncSession, id: str) -> CtaPlaybookSettings:
    books = (await session.execute(sa.select(_BOOK).where(_BOOK.c.id == id))).all()
    tasks, types = _of(id)
    (found,) = _shown(
        books,
        (await session.execute(tasks)).all(),
        (await session.execute(types)).all(),
    )
    return found


def _shown(
    books: Sequence[Any], tasks: Sequence[Any], types: Sequence[Any]
) -> list[CtaPlaybookSettings]:
    """The playbooks with their tasks and types."""
    brings: defaultdict[str, list[CtaPlaybookTask]] = defaultdict(list)
    for t in tasks:
        brings[t.playbook_id].append(
            CtaPlaybookTask(
                name=t.name,
                description=t.description,
                anchor=Anchor(t.anchor),
                offset_days=t.offset_days,
                owner=TaskOwner(t.owner_strategy),
                owner_id=t.owner_id,
                kind=CtaTaskKind(t.kind),
                is_mandatory=t.is_mandatory,
            )
        )
    fits: defaultdict[str, list[str]] = defaultdict(list)
    for fit in types:
        fits[fit.playbook_id].append(fit.key)
    return [
        CtaPlaybookSettings(
            id=b.id,
            key=b.key,
            name=b.name,
            description=b.description,
            record_kind=None if b.record_kind is None else RecordKind[b.record_kind],
            active=b.active,
            type_keys=fits[b.id],
            tasks=brings[b.id],
            version=b.version,
        )
        for b in books
    ]


def told_of(book: CtaPlaybookSettings) -> Mapping[str, Any]:
    """What the audit log says of a playbook."""
    kind = book.record_kind
    tasks = [
        {
            **vars(t),
            "anchor": t.anchor.value,
            "owner": t.owner.value,
            "kind": t.kind.value,
        }
        for t in book.tasks
    ]
    return {
        "name": book.name,
        "description": book.description,
        "record_kind": None if kind is None else kind.value,
        "active": book.active,
        "type_keys": book.type_keys,
        "tasks": tasks,
    }
