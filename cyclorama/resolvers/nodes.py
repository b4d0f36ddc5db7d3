"""`node` and `nodes`: anything with an id, found by the id alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from cyclorama.errors import InvalidInputError
from cyclorama.resolvers.context import Context
from cyclorama.resolvers.layouts import layouts_by_id
from cyclorama.resolvers.loaded import instance_of, load_by_id
from cyclorama.resolvers.refs import Ref, find
from cyclorama.schema.common import Person, RelationshipType, User, UserGroup
from cyclorama.storage.ids import kind_of_id

MOST_IDS: Final = 200
_RECORDS: Final = {"company": "COMPANY", "relationship": "RELATIONSHIP"}
_PLAIN: Final[dict[str, Any]] = {
    "user": User,
    "group": UserGroup,
    "person": Person,
    "relationship_type": RelationshipType,
}
"""Types of the core that everybody may read, by the type part of their ids."""


async def find_nodes(ctx: Context, ids: Sequence[str]) -> list[Any]:
    """The things with these ids, in this order; None for what does not exist or what
    the viewer may not see."""
    if len(ids) > MOST_IDS:
        raise InvalidInputError(
            f"The argument `ids` holds {len(ids)} ids; at most {MOST_IDS} are allowed."
        )
    by_kind: dict[str, list[str]] = {}
    for one in dict.fromkeys(ids):
        by_kind.setdefault(kind_of_id(one), []).append(one)
    found: dict[str, Any] = {}
    for kind, own in by_kind.items():
        found |= zip(own, await _of_kind(ctx, kind, own), strict=True)
    return [found[one] for one in ids]


async def _of_kind(ctx: Context, kind: str, ids: Sequence[str]) -> Sequence[Any]:
    if kind in _RECORDS:
        return await find(ctx, _RECORDS[kind], ids)
    if kind in _PLAIN:
        if not ctx.sees(_PLAIN[kind]):
            return [None] * len(ids)
        return await load_by_id(ctx, _PLAIN[kind], ids)
    if kind == "layout":
        return await layouts_by_id(ctx, ids)
    for section in ctx.settings.sections.values():
        if kind in section.nodes and ctx.sees(section.nodes[kind]):
            return await _of_section(ctx, section, kind, ids)
    return [None] * len(ids)


async def _of_section(
    ctx: Context, section: Any, kind: str, ids: Sequence[str]
) -> list[Any]:
    """Rows of a section, for viewers whose layout of the row's record holds it."""
    type_ = section.nodes[kind]
    rows = await load_by_id(ctx, type_, ids, section.node_conditions.get(kind))
    subjects = {i: subject_of_row(row) for i, row in zip(ids, rows, strict=True)}
    refs: dict[str, Ref] = {}
    for of, record_kind in _RECORDS.items():
        own = [s for s in subjects.values() if s and kind_of_id(s) == of]
        for ref in await find(ctx, record_kind, own):
            if ref is not None:
                refs[ref.id] = ref
    found = []
    for one, row in zip(ids, rows, strict=True):
        ref = refs.get(subjects[one] or "")
        env = ref and ref.variant.env(section.key, None)
        place = getattr(row, "cy_place", None)
        if ref and env and place:
            ctx.reads.section(ref.id, section.key)
        found.append(
            instance_of(type_, ref=ref, env=env, row=place.row, values=place.values)
            if env and place
            else None
        )
    return found


def subject_of_row(row: Any) -> str | None:
    """The record that a section's row is about: its relationship, or its company."""
    if row is None:
        return None
    values: Mapping[str, str | None] = row.cy_place.values
    return values.get("relationship_id") or values.get("company_id")
