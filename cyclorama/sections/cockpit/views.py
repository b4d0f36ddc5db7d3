"""Saved views: the filters and columns of a list of CTAs, one's own or everybody's."""

from __future__ import annotations

from dataclasses import asdict
from enum import Enum
from typing import Any, Final

import sqlalchemy as sa
import strawberry
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.utils.str_converters import to_camel_case

from cyclorama.plugins import (
    Context,
    Info,
    Payload,
    UserError,
    made,
    new_id,
    record_change,
)
from cyclorama.sections.cockpit.choices import checked_text
from cyclorama.sections.cockpit.fields import CtaView
from cyclorama.sections.cockpit.recommended import CtaOrder
from cyclorama.sections.cockpit.rules import Refused
from cyclorama.sections.cockpit.tables import ViewRow
from cyclorama.sections.cockpit.types import Cta, CtaSavedView
from cyclorama.sections.cockpit.writing import error_of

MOST_VIEWS: Final = 100
"""Of a user; and as many are everybody's."""
MOST_VALUES: Final = 50
MOST_COLUMNS: Final = 30
LONGEST_KEY: Final = 80


@strawberry.input(description="Arguments of `ctas`.")
class CtaViewFiltersInput:
    view: CtaView = CtaView.OPEN
    order: CtaOrder = CtaOrder.DUE_DATE
    important: bool = False
    type_keys: list[str] | None = None
    owner_ids: list[strawberry.ID] | None = None
    reason_keys: list[str] | None = None
    priority_keys: list[str] | None = None


@strawberry.input(description="A view as it is to be; with `id` one is changed.")
class SaveCtaViewInput:
    name: str
    filters: CtaViewFiltersInput
    id: strawberry.ID | None = None
    columns: list[str] = strawberry.field(
        default_factory=list, description="Fields of `Cta` in order, at most 30."
    )
    is_shared: bool = strawberry.field(
        default=False, description="Whether it is everybody's; for admins."
    )
    expected_version: int | None = strawberry.field(
        default=None, description="Another version than this is a CONFLICT."
    )


@strawberry.input(description="A saved view to delete.")
class DeleteCtaViewInput:
    id: strawberry.ID
    expected_version: int | None = None


@strawberry.type(description="The view as it is now, or why nothing was changed.")
class CtaViewPayload(Payload):
    view: CtaSavedView | None
    errors: list[UserError]


@strawberry.type(description="The id of what is gone, or why it is still there.")
class CtaViewDeletionPayload(Payload):
    deleted_id: strawberry.ID | None
    errors: list[UserError]


async def save_cta_view(info: Info, input: SaveCtaViewInput) -> CtaViewPayload:
    """Save a view of the lists of CTAs, or change one; a user has at most 100."""
    ctx = info.context
    try:
        _check_user(ctx)
        values = _values(ctx, input)
        async with ctx.database.write() as session:
            row = await _saved(ctx, session, input, values)
    except Refused as refused:
        return CtaViewPayload(view=None, errors=[error_of(refused)])
    await ctx.renew()
    columns: Any = ViewRow.__table__.c
    view = made(CtaSavedView, **{c.key: getattr(row, c.key) for c in columns})
    return CtaViewPayload(view=view, errors=[])


async def delete_cta_view(
    info: Info, input: DeleteCtaViewInput
) -> CtaViewDeletionPayload:
    """Delete a saved view for good; admins also those that are everybody's."""
    ctx = info.context
    try:
        _check_user(ctx)
        async with ctx.database.write() as session:
            row = await _held(ctx, session, input.id, input.expected_version)
            before = _told(row)
            await session.delete(row)
            await session.flush()
            await record_change(
                ctx, session, "cockpit.view_delete", input.id, before=before
            )
    except Refused as refused:
        return CtaViewDeletionPayload(deleted_id=None, errors=[error_of(refused)])
    return CtaViewDeletionPayload(deleted_id=input.id, errors=[])


def _check_user(ctx: Context) -> None:
    if ctx.viewer.kind != "USER":
        raise Refused("id", "FORBIDDEN", "Only users save views.")


def _values(ctx: Context, input: SaveCtaViewInput) -> dict[str, Any]:
    """The columns that the input says."""
    if input.is_shared and not ctx.is_admin:
        message = "Views that are everybody's are made by admins."
        raise Refused("isShared", "FORBIDDEN", message)
    return {
        "name": checked_text(input.name, "name", LONGEST_KEY),
        "is_shared": input.is_shared,
        "filters": _filters(input.filters),
        "columns": _columns(input.columns),
    }


def _filters(input: CtaViewFiltersInput) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in asdict(input).items():
        if isinstance(value, list):
            value = list(dict.fromkeys(value))
            if len(value) > MOST_VALUES or any(len(v) > LONGEST_KEY for v in value):
                message = f"Name at most {MOST_VALUES} of {LONGEST_KEY} characters."
                raise Refused("filters", "LIMIT_EXCEEDED", message)
        if value is not None:
            plain = value.value if isinstance(value, Enum) else value
            found[to_camel_case(name)] = plain
    return found


def _columns(names: list[str]) -> list[str]:
    fields = Cta.__strawberry_definition__.fields  # type: ignore[attr-defined]
    known = {to_camel_case(f.python_name) for f in fields}
    if len(names) > MOST_COLUMNS:
        message = f"Choose at most {MOST_COLUMNS}."
        raise Refused("columns", "LIMIT_EXCEEDED", message)
    for name in names:
        if name not in known:
            message = f"`Cta` has no field {name[:80]!r}."
            raise Refused("columns", "UNKNOWN_FIELD", message)
    if len(set(names)) < len(names):
        raise Refused("columns", "DUPLICATE", "Name each column once.")
    return names


async def _saved(
    ctx: Context, session: AsyncSession, input: SaveCtaViewInput, values: dict[str, Any]
) -> ViewRow:
    if input.id is not None:
        row = await _held(ctx, session, input.id, input.expected_version)
        before = _told(row)
        if values["is_shared"] and not row.is_shared:
            await _check_room(session, ViewRow.is_shared, "isShared")
        for name, value in values.items():
            setattr(row, name, value)
        if _told(row) == before:
            return row
        row.version, row.updated_at = row.version + 1, ctx.now
    else:
        before = {}
        await _check_room(session, ViewRow.owner_id == ctx.viewer.id, "name")
        if values["is_shared"]:
            await _check_room(session, ViewRow.is_shared, "isShared")
        row = ViewRow(
            **values,
            id=new_id("cta_view"),
            owner_id=ctx.viewer.id,
            version=1,
            created_at=ctx.now,
            updated_at=ctx.now,
        )
        session.add(row)
    await session.flush()
    await record_change(
        ctx, session, "cockpit.view", row.id, before=before, after=_told(row)
    )
    return row


async def _check_room(session: AsyncSession, which: Any, path: str) -> None:
    """`Refused` where there are as many as there may be."""
    query = sa.select(sa.func.count()).select_from(ViewRow).where(which)
    if (await session.scalar(query) or 0) >= MOST_VIEWS:
        message = f"There are {MOST_VIEWS} such views; delete one first."
        raise Refused(path, "LIMIT_EXCEEDED", message)


async def _held(
    ctx: Context, session: AsyncSession, view_id: str, expected: int | None
) -> ViewRow:
    """The view, locked; one of somebody else that is not shared is none."""
    query = sa.select(ViewRow).where(ViewRow.id == view_id).with_for_update()
    row = await session.scalar(query)
    is_own = row is not None and row.owner_id == ctx.viewer.id
    if row is None or not (is_own or row.is_shared):
        raise Refused("id", "NOT_FOUND", f"There is no view {view_id[:80]!r}.")
    if not (ctx.is_admin if row.is_shared else is_own):
        raise Refused("id", "FORBIDDEN", "This view is everybody's; ask an admin.")
    if expected is not None and expected != row.version:
        message = f"The view is at version {row.version} by now; read it again."
        raise Refused("expectedVersion", "CONFLICT", message)
    return row


def _told(row: ViewRow) -> dict[str, Any]:
    names = ("name", "is_shared", "filters", "columns")
    return {name: getattr(row, name) for name in names}
