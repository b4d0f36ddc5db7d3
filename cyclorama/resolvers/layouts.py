"""Layouts for admins: all of them, their file, and why a viewer gets which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from cyclorama.errors import ForbiddenError, InvalidInputError
from cyclorama.layouts.explanation import outcome
from cyclorama.layouts.model import Layout as LayoutValue
from cyclorama.layouts.resolution import Resolution
from cyclorama.resolvers.book import layout_text
from cyclorama.resolvers.context import Context
from cyclorama.resolvers.loaded import instance_of
from cyclorama.resolvers.placements import described
from cyclorama.resolvers.refs import find, resolved
from cyclorama.schema.common import RecordKind, RelationshipType
from cyclorama.schema.envelope import SectionPlacement, Surface
from cyclorama.schema.layouts import (
    AssignmentTrace,
    Layout,
    LayoutExplanation,
    LayoutStatus,
    WithheldReason,
    WithheldSection,
)
from cyclorama.storage.accounts import signed_in_as
from cyclorama.storage.ids import kind_of_id
from cyclorama.storage.rows import RelationshipTypeRow, UserGroupRow, UserRow


def allow_admin(ctx: Context) -> None:
    """Raise `ForbiddenError` unless the viewer is an admin."""
    if not ctx.is_admin:
        raise ForbiddenError("Only members of the group 'admin' may read layouts.")


async def list_layouts(
    ctx: Context, kind: RecordKind | None, type_key: str | None
) -> list[Layout]:
    """The layouts by kind, type and key; `type_key` leaves those of that very type."""
    allow_admin(ctx)
    types = await _types(ctx)
    if type_key is not None and type_key not in types:
        raise InvalidInputError(
            f"The argument `relationshipTypeKey` names {type_key[:80]!r}; there are "
            f"{', '.join(sorted(types)) or 'no relationship types'}."
        )
    return [
        _shown(ctx, layout, types)
        for layout in ctx.settings.book.layouts
        if kind in (None, RecordKind(layout.kind))
        and type_key in (None, layout.relationship_type)
    ]


async def one_layout(ctx: Context, key: str) -> Layout | None:
    """The layout with this key; None where there is none."""
    allow_admin(ctx)
    for layout in ctx.settings.book.layouts:
        if layout.key == key:
            return _shown(ctx, layout, await _types(ctx))
    return None


async def layouts_by_id(ctx: Context, ids: Sequence[str]) -> list[Layout | None]:
    """Layouts by id; None for each where the viewer is no admin."""
    if not ctx.is_admin:
        return [None] * len(ids)
    held = {layout.id: layout for layout in ctx.settings.book.layouts}
    types = await _types(ctx)
    return [_shown(ctx, held[i], types) if i in held else None for i in ids]


async def layout_file(ctx: Context) -> str:
    """All layouts and assignments as a layout file."""
    allow_admin(ctx)
    return await layout_text(ctx.reading, ctx.settings.book)


async def explain_layout(
    ctx: Context,
    record_id: str,
    user_id: str | None,
    group_keys: Sequence[str] | None,
    surface: Surface,
) -> LayoutExplanation:
    """Which layout somebody gets on a record."""
    allow_admin(ctx)
    viewer, personal = await _somebody(ctx, user_id, group_keys)
    kind = {"company": "COMPANY", "relationship": "RELATIONSHIP"}.get(
        kind_of_id(record_id)
    )
    found = (await find(ctx, kind, [record_id]))[0] if kind else None
    if kind is None or found is None:
        raise InvalidInputError(
            f"The argument `recordId` names no company or relationship: "
            f"{record_id[:80]!r}."
        )
    resolution = resolved(
        ctx, kind, found.id, found.attributes, surface.name, viewer, personal
    )
    return _explained(ctx, resolution, await _types(ctx))


async def _somebody(
    ctx: Context, user_id: str | None, group_keys: Sequence[str] | None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The viewer to explain for, and what they made of layouts: a user, or the asking
    one; in other groups, somebody who made nothing of them."""
    viewer = ctx.viewer
    if user_id is not None:
        query = sa.select(UserRow.email).where(UserRow.id == user_id)
        emails = [row.email for row in await ctx.reading.execute(query)]
        signed = await signed_in_as(ctx.reading, emails[0]) if emails else None
        if signed is None:
            raise InvalidInputError(
                f"The argument `userId` names no active user: {user_id[:80]!r}."
            )
        viewer = signed.viewer
    if group_keys is None:
        groups = frozenset(g.key for g in viewer.groups)
    else:
        groups = frozenset(group_keys)
        rows = await ctx.reading.execute(sa.select(UserGroupRow.key))
        known = {row.key for row in rows}
        unknown = sorted(groups - known)
        if unknown:
            raise InvalidInputError(
                f"The argument `groupKeys` names {unknown[0][:80]!r}; there are "
                f"{', '.join(sorted(known))}."
            )
    personal = viewer.personal if group_keys is None else {}
    return {**viewer.attributes, "groups": groups}, personal


def _explained(
    ctx: Context, resolution: Resolution, types: Mapping[str, Any]
) -> LayoutExplanation:
    return LayoutExplanation(
        layout=_shown(ctx, resolution.layout, types),
        outcome=outcome(resolution),
        trail=[
            AssignmentTrace(
                rank=t.rank,
                assignment=t.assignment,
                layout_key=t.layout_key,
                matched=t.matched,
                because=list(t.because),
            )
            for t in resolution.trail
        ],
        withheld=[
            WithheldSection(
                instance_key=w.instance_key,
                section=w.section,
                reason=WithheldReason(w.reason),
            )
            for w in resolution.withheld
        ],
    )


async def _types(ctx: Context) -> dict[str, Any]:
    """The relationship types by key."""
    table = RelationshipTypeRow.__table__
    rows = await ctx.reading.execute(sa.select(*table.c))
    return {
        row.key: instance_of(
            RelationshipType, row=RelationshipTypeRow, values=dict(row._mapping)
        )
        for row in rows
    }


def _shown(ctx: Context, layout: LayoutValue, types: Mapping[str, Any]) -> Layout:
    return Layout(
        id=layout.id,  # type: ignore[arg-type]
        key=layout.key,
        kind=RecordKind(layout.kind),
        relationship_type=types.get(layout.relationship_type or ""),
        name=layout.name,
        description=layout.description,
        is_default=layout.is_default,
        status=LayoutStatus(layout.status),
        version=layout.version,
        placements=[
            _placement(ctx, placement, position)
            for position, placement in enumerate(layout.placements)
        ],
    )


def _placement(ctx: Context, placement: Any, position: int) -> SectionPlacement:
    """A placement, whose section may be installed no more."""
    section = ctx.settings.sections.get(placement.section)
    values = described(section, placement, position)
    values["surfaces"] = [Surface[s] for s in values["surfaces"]]
    return SectionPlacement(**values)
