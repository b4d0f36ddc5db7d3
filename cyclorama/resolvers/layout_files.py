"""Layout files against the database: read, planned, applied, taken back."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ValidationError

from cyclorama.layouts.assignment_checks import VIEWER_ATTRIBUTES
from cyclorama.layouts.clauses import GROUPS
from cyclorama.layouts.difference import Change, changes, renewed
from cyclorama.layouts.file import Limits, parse_layouts
from cyclorama.layouts.impact import Impact
from cyclorama.layouts.model import KINDS, LayoutBook, SectionFacts
from cyclorama.layouts.problems import LayoutFileError, Path, Problem
from cyclorama.layouts.warnings import Names, warnings
from cyclorama.resolvers.book import (
    Authored,
    Saved,
    VersionConflictError,
    Vocabulary,
    load_vocabulary,
    save_book,
)
from cyclorama.resolvers.context import Configuration
from cyclorama.resolvers.impact import count_impact
from cyclorama.schema import catalogue
from cyclorama.schema.masks import masked_of
from cyclorama.storage.engine import Database, Reading
from cyclorama.storage.rows import (
    CompanyRow,
    PicklistItemRow,
    RelationshipRow,
    RelationshipTypeRow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What applying a file would change."""

    version: int
    """Of the configuration that the file was held against."""
    changes: Sequence[Change]
    impact: Sequence[Impact]
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What files are read and planned with: the state of a reading transaction."""

    reading: Reading
    settings: Configuration
    graph: Any
    today: date
    limits: Limits = Limits()

    @property
    def configs(self) -> Mapping[str, type[BaseModel]]:
        """The models of the sections' settings, by key."""
        held = self.settings.sections.items()
        return {key: s.config for key, s in held if s.config is not None}


async def read_file(desk: Desk, text: str) -> LayoutBook:
    """The book of a file; `LayoutFileError` where it can't be used.

    What the saved layouts name already may stand, also where it exists no more: it is
    warned of, so that a file that was exported can always be applied."""
    settings, book = desk.settings, desk.settings.book
    vocabulary = await load_vocabulary(desk.reading)
    sections, uninstalled = _sections(settings)
    named = _named(book)
    types = {x.relationship_type for x in book.layouts if x.relationship_type}
    read = parse_layouts(
        text,
        sections=sections,
        uninstalled=uninstalled,
        configs=desk.configs,
        attributes={
            kind: catalogue.attribute_names(kind, settings.fields)
            | named["record", kind]
            for kind in KINDS
        },
        viewer_attributes=vocabulary.viewer_attributes | named["viewer", ""],
        groups=vocabulary.groups | named["groups", ""],
        relationship_types=vocabulary.relationship_types | types | named["types", ""],
        paths=_known_paths(desk),
        limits=desk.limits,
    )
    problems = await _pin_problems(desk, read)
    if problems:
        raise LayoutFileError(problems)
    return read


async def plan_file(desk: Desk, text: str) -> Plan:
    """What applying a file would change; `LayoutFileError` where it can't be used."""
    return await plan_book(desk, await read_file(desk, text))


async def plan_book(desk: Desk, new: LayoutBook) -> Plan:
    """What saving a book would change, with the numbers of records."""
    settings = desk.settings
    old = settings.book
    differences = changes(old, new)
    new = replace(new, shared=renewed(old.shared, new.shared))
    names = await _names(desk, new)

    def masked(viewer: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
        return masked_of(settings.fields_for(desk.graph, viewer[GROUPS])).sections

    return Plan(
        version=settings.version,
        changes=differences,
        impact=await count_impact(desk.reading, settings, new, desk.today, masked)
        if differences
        else (),
        warnings=await asyncio.to_thread(warnings, old, new, names, desk.today),
    )


async def apply_file(
    database: Database,
    desk: Desk,
    by: Authored,
    expected_version: int | None = None,
) -> tuple[Plan, Saved]:
    """Replace the layouts by those of a file, all or nothing; what that changed.

    The plan is that of exactly what was done. `VersionConflictError` where somebody else
    was faster; `LayoutFileError` where the file can't be used."""
    if expected_version not in (None, desk.settings.version):
        raise VersionConflictError(
            f"The configuration is at version {desk.settings.version}, not "
            f"{expected_version}: it was changed meanwhile. Export it, look at the "
            "difference and apply again."
        )
    book = await read_file(desk, by.text)
    plan = await plan_book(desk, book)
    async with database.write() as session:
        saved = await save_book(
            session, book, expected_version=desk.settings.version, by=by
        )
    return plan, saved


def _sections(
    settings: Configuration,
) -> tuple[Mapping[str, SectionFacts], frozenset[str]]:
    """The installed sections, and those that saved layouts place all the same."""
    book = settings.book
    placed = {p.section for layout in book.layouts for p in layout.placements}
    placed |= {s.section for s in book.shared}
    return settings.facts, frozenset(placed - settings.facts.keys())


def _named(book: LayoutBook) -> Mapping[tuple[str, str], frozenset[str]]:
    """What the conditions of a book name: attributes of records by kind, of viewers,
    groups, types of relationships."""
    kinds = {layout.key: layout.kind for layout in book.layouts}
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for a in book.assignments:
        for clause in a.record:
            found["record", kinds[a.layout]].add(clause.attribute)
            if clause.attribute == "type":
                found["types", ""].update(map(str, clause.values))
    for asking in (
        *(a.viewer for a in book.assignments),
        *(p.viewer for p in book.pins),
    ):
        for clause in asking:
            found["viewer", ""].add(clause.attribute)
            if clause.attribute == "groups":
                found["groups", ""].update(map(str, clause.values))
    return defaultdict(frozenset, {k: frozenset(v) for k, v in found.items()})


def _known_paths(desk: Desk) -> dict[str, frozenset[str]]:
    """The fields that settings may name: those that exist, and those named already."""
    used = _used_paths(desk.settings.book, desk.configs)
    named = [pair for pairs in used.values() for pair in pairs]
    return {
        kind: frozenset(catalogue.all_paths(kind, desk.settings.fields))
        | {path for of, path in named if of == kind}
        for kind in KINDS
    }


def _used_paths(
    book: LayoutBook, configs: Mapping[str, type[BaseModel]]
) -> dict[tuple[str, str], Sequence[tuple[str, str]]]:
    """Kind and path of the fields that settings show, by layout and instance key."""
    found: dict[tuple[str, str], Sequence[tuple[str, str]]] = {}
    for layout in book.layouts:
        for p in layout.placements:
            model = configs.get(p.section)
            if model is None or not p.config:
                continue
            try:
                settings: Any = model.model_validate(p.config)
            except ValidationError:
                continue
            if callable(getattr(settings, "paths", None)):
                found[layout.key, p.instance_key] = settings.paths(layout.kind)
    return found


async def _names(desk: Desk, book: LayoutBook) -> Names:
    fields = desk.settings.fields
    vocabulary: Vocabulary = await load_vocabulary(desk.reading)
    return Names(
        sections=desk.settings.facts,
        attributes={k: catalogue.attribute_names(k, fields) for k in KINDS},
        viewer_attributes=vocabulary.viewer_attributes | VIEWER_ATTRIBUTES,
        groups=vocabulary.groups,
        relationship_types=vocabulary.relationship_types,
        items=await _items(desk, book),
        paths={k: frozenset(catalogue.all_paths(k, fields)) for k in KINDS},
        records=frozenset(await _pinned(desk.reading, book)),
        used_paths=_used_paths(book, desk.configs),
    )


async def _items(desk: Desk, book: LayoutBook) -> dict[tuple[str, str], frozenset[str]]:
    """The keys of the vocabularies that conditions ask for."""
    rows = await desk.reading.execute(
        sa.select(PicklistItemRow.picklist, PicklistItemRow.key)
    )
    held: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        held[row.picklist].add(row.key)
    found = {}
    for (what, kind), attributes in _named(book).items():
        for name in attributes if what == "record" else ():
            known = catalogue.entry(kind, name, desk.settings.fields)
            if known is not None and known.picklist is not None:
                found[kind, name] = frozenset(held[known.picklist])
    return found


async def _pin_problems(desk: Desk, book: LayoutBook) -> list[Problem]:
    """Pins whose record does not exist or can't get the layout."""
    layouts = {layout.key: layout for layout in book.layouts}
    held = await _pinned(desk.reading, book)
    saved = {pin.record for pin in desk.settings.book.pins}
    found = []
    for n, pin in enumerate(book.pins):
        path: Path = ("pins", n)
        known = held.get(pin.record)
        if known is None and pin.record not in saved:
            message = (
                "there is no company or relationship with this id; remove the pin."
            )
            found.append(_problem((*path, "record"), "NOT_FOUND", pin.record, message))
        elif known is not None and not layouts[pin.layout].serves(*known):
            type_ = known[1]
            what = "a company" if type_ is None else f"a relationship of type {type_}"
            message = f"{pin.layout} is no layout for {what}; name another."
            found.append(_problem((*path, "layout"), "INVALID", pin.record, message))
    return found


def _problem(path: Path, code: str, record: str, message: str) -> Problem:
    return Problem(path, code, f"Pin {record!r}: {message}")


async def _pinned(
    reading: Reading, book: LayoutBook
) -> dict[str, tuple[str, str | None]]:
    """Kind and type of the pinned records that exist, by id."""
    ids = [pin.record for pin in book.pins]
    if not ids:
        return {}
    companies = await reading.execute(
        sa.select(CompanyRow.id).where(CompanyRow.id.in_(ids))
    )
    others = await reading.execute(
        sa.select(RelationshipRow.id, RelationshipTypeRow.key)
        .join(RelationshipTypeRow, RelationshipTypeRow.id == RelationshipRow.type_id)
        .where(RelationshipRow.id.in_(ids))
    )
    return {
        **{row.id: ("COMPANY", None) for row in companies},
        **{row.id: ("RELATIONSHIP", row.key) for row in others},
    }
