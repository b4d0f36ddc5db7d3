"""References to records: what a root resolver returns and the executor reads.

Statement 1 of a root field finds the ids with the attributes that layouts ask for; the
layouts are resolved in Python; records of one call share a batch and its plan.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from cyclorama.layouts.clauses import GROUPS
from cyclorama.layouts.resolution import Resolution, record_attributes, resolve
from cyclorama.resolvers.context import Context, Env, Variant
from cyclorama.resolvers.placements import parsed, shown
from cyclorama.schema import catalogue
from cyclorama.schema.masks import masked_of
from cyclorama.schema.symbols import COMPANY, ROWS, TYPE_NAMES
from cyclorama.storage.prepared import among, as_listed
from cyclorama.storage.rows import ExternalRefRow

_PREFIX = "cy_layout_"
_NUMBERS = count()


@dataclass(slots=True, eq=False)
class Batch:
    """Records that are read together; `runs` holds the plans that have started."""

    kind: str
    depth: int = 0
    """How many waves lie above it."""
    refs: list[Ref] = field(default_factory=list)
    runs: dict[Any, Any] = field(default_factory=dict)

    @property
    def variants(self) -> list[Variant]:
        """The distinct layouts of the batch, in the order of their records."""
        return list({r.variant.token: r.variant for r in self.refs}.values())


@dataclass(slots=True, eq=False)
class Ref:
    """A record that exists and that the viewer may read; its fields are not read yet."""

    kind: str
    """The name of its type in the graph."""
    id: str
    attributes: Mapping[str, Any]
    variant: Variant
    batch: Batch


def layout_columns(ctx: Context, kind: str) -> list[ColumnElement[Any]]:
    """Columns of statement 1 that layouts ask for, labelled for `refs`."""
    columns = catalogue.attribute_columns(
        kind, attributes_of(ctx, kind), ctx.settings.fields
    )
    pairs = zip(columns.values(), layout_labels(ctx, kind), strict=True)
    return [column.label(label) for column, label in pairs]


def layout_labels(ctx: Context, kind: str) -> list[str]:
    """The names of these columns."""
    return [f"{_PREFIX}{i}" for i in range(len(attributes_of(ctx, kind)))]


def attributes_of(ctx: Context, kind: str) -> tuple[str, ...]:
    """The attributes that rules ask for and that exist, in order."""
    known = ctx.settings.attributes
    if kind not in known:
        names = set(record_attributes(ctx.settings.book, kind))
        if kind != COMPANY:
            names.add("type")
        exist = catalogue.attribute_names(kind, ctx.settings.fields)
        known[kind] = tuple(sorted(names & exist))
    return known[kind]


def refs(ctx: Context, kind: str, rows: Sequence[Any]) -> list[Ref]:
    """References to the records of these rows, in their order, as one batch."""
    labels = layout_labels(ctx, kind)
    asked = attrgetter("id", *labels) if labels else lambda row: (row.id,)
    found = (asked(row) for row in rows)
    return refs_of(ctx, kind, ((record, raw) for record, *raw in found))


def refs_of(
    ctx: Context, kind: str, found: Iterable[tuple[str, Sequence[Any]]], depth: int = 0
) -> list[Ref]:
    """References to records, given as ids with what layouts ask of them, as one batch."""
    batch = Batch(kind, depth)
    for record, raw in found:
        attributes, shown = _shown(ctx, kind, record, tuple(raw))
        batch.refs.append(Ref(TYPE_NAMES[kind], record, attributes, shown, batch))
    return list(batch.refs)


def _shown(
    ctx: Context, kind: str, record: str, raw: tuple[Any, ...]
) -> tuple[Mapping[str, Any], Variant]:
    """The attributes of a record, and its layout for this viewer; worked out once in a
    request for records that are alike."""
    pinned = None if ctx.settings.book.pin_of(record) is None else record
    key = (kind, raw, pinned)
    if key not in ctx.resolutions:
        attributes = {
            n: catalogue.python_value(kind, n, value)
            for n, value in zip(attributes_of(ctx, kind), raw, strict=True)
        }
        shown = variant(ctx, kind, resolved(ctx, kind, record, attributes))
        ctx.resolutions[key] = (attributes, shown)
    found: tuple[Mapping[str, Any], Variant] = ctx.resolutions[key]
    return found


def resolved(
    ctx: Context,
    kind: str,
    record: str,
    attributes: Mapping[str, Any],
    surface: str = "PAGE",
    viewer: Mapping[str, Any] | None = None,
    personal: Mapping[str, Any] | None = None,
) -> Resolution:
    """The layout of the viewer, or of another one, for a record (its id, attributes)."""
    if viewer is None:
        viewer, personal = ctx.viewer_attributes, ctx.viewer.personal
    fields = ctx.settings.fields_for(ctx.graph, viewer[GROUPS])
    return resolve(
        ctx.settings.book,
        viewer=viewer,
        record=attributes,
        record_id=record,
        today=ctx.today,
        kind=kind,
        relationship_type=None if kind == COMPANY else attributes["type"],
        surface=surface,
        sections=ctx.settings.facts,
        masked=masked_of(fields).sections,
        personal=personal or {},
    )


async def find(ctx: Context, kind: str, ids: Sequence[str]) -> list[Ref | None]:
    """The records with these ids, in this order, None where there is none."""
    if not ids:
        return []
    row: Any = ROWS[kind]

    def query() -> sa.Select[Any]:
        chosen = sa.select(row.id, *layout_columns(ctx, kind))
        return chosen.where(among(row.id, "ids", ctx.database.dialect))

    key = ("find", kind, attributes_of(ctx, kind), ctx.settings.fields)
    wanted = as_listed(list(set(ids)), ctx.database.dialect)
    found = refs(
        ctx, kind, await ctx.reading.prepared(key, query, ids=wanted, **ctx.symbols)
    )
    by_id = {r.id: r for r in found}
    return [by_id.get(i) for i in ids]


async def find_mirror(
    ctx: Context, kind: str, system: str, external_id: str, object_type: str | None
) -> list[Ref]:
    """The records, two at most, that mirror this record of another system."""
    row: Any = ROWS[kind]

    def query() -> sa.Select[Any]:
        mirror = sa.select(ExternalRefRow.entity_id).where(
            ExternalRefRow.system == sa.bindparam("system"),
            ExternalRefRow.external_id == sa.bindparam("external_id"),
        )
        if object_type is not None:
            mirror = mirror.where(
                ExternalRefRow.object_type == sa.bindparam("object_type")
            )
        chosen = sa.select(row.id, *layout_columns(ctx, kind))
        return chosen.where(row.id.in_(mirror)).limit(2)

    asked = (attributes_of(ctx, kind), ctx.settings.fields)
    rows = await ctx.reading.prepared(
        ("find_mirror", kind, object_type is None, *asked),
        query,
        system=system,
        external_id=external_id,
        object_type=object_type,
        **ctx.symbols,
    )
    return refs(ctx, kind, rows)


async def find_together(
    ctx: Context, kind: str, ids: Sequence[str]
) -> list[Ref | None]:
    """As `find`, in one statement and one batch with all that ask at the same time."""
    finder = _find_companies if kind == COMPANY else _find_relationships
    return list(await asyncio.gather(*(ctx.load(finder, i) for i in ids)))


async def _find_companies(ctx: Context, ids: Sequence[str]) -> list[Ref | None]:
    return await find(ctx, "COMPANY", ids)


async def _find_relationships(ctx: Context, ids: Sequence[str]) -> list[Ref | None]:
    return await find(ctx, "RELATIONSHIP", ids)


def variant(ctx: Context, kind: str, resolution: Resolution) -> Variant:
    """The variant of a resolved layout; equal ones are the same object while it is kept,
    and their tokens differ otherwise."""
    layout, placements = resolution.layout, resolution.placements
    fields = ctx.fields
    shown = tuple(p.instance_key for p in placements)
    key = (kind, layout.key, masked_of(fields), shown)

    def make() -> Variant:
        token = f"{ctx.settings.version}:{next(_NUMBERS)}"
        return Variant(
            token=token,
            kind=kind,
            resolution=resolution,
            envs=_envs(ctx, kind, resolution, token),
            fields=fields,
        )

    return ctx.settings.variants.get(key, make)


def _envs(
    ctx: Context, kind: str, resolution: Resolution, token: str
) -> tuple[Env, ...]:
    sections = ctx.settings.sections
    held = [sections[p.section] for p in resolution.placements]
    settings = [
        parsed(section, placement.config)
        for placement, section in zip(resolution.placements, held, strict=True)
    ]
    configs = {s.key: x for s, x in reversed([*zip(held, settings, strict=True)])}
    return tuple(
        Env(
            kind=kind,
            placement=placement,
            described=shown(ctx, kind, section, placement, position),
            config=settings[position],
            sections=held,
            fields=ctx.fields,
            token=f"{token}:{position}",
            configs=configs,
        )
        for position, (placement, section) in enumerate(
            zip(resolution.placements, held, strict=True)
        )
    )


async def loaded(ctx: Context, cls: type, ids: Sequence[str]) -> list[Any]:
    """Objects of a type that is no record, by id, in this order, None where missing."""
    from cyclorama.resolvers.loaded import load_by_id

    return await load_by_id(ctx, cls, ids)
