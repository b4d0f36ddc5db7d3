"""Layouts, assignments, shared sections and pins in the database, and their history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.errors import ConfigError
from cyclorama.layouts.difference import changes, digest, renewed, told_apart
from cyclorama.layouts.model import (
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Pin,
    Placement,
    SharedSection,
)
from cyclorama.layouts.writing import export_layouts
from cyclorama.resolvers.book_audit import record_books
from cyclorama.storage.audit import Author
from cyclorama.storage.configuration import bump_configuration
from cyclorama.storage.engine import Reading
from cyclorama.storage.ids import new_id
from cyclorama.storage.layout_history import Revision, latest_revision, record_revision
from cyclorama.storage.layout_rows import LayoutPinRow, SharedSectionRow
from cyclorama.storage.rows import (
    AssignmentRow,
    ConfigurationRow,
    LayoutRow,
    PlacementRow,
    RelationshipTypeRow,
    UserGroupRow,
    UserRow,
)

_ASSIGNMENTS = sa.select(AssignmentRow.__table__)
_LAYOUTS = sa.select(LayoutRow.__table__)
_PLACEMENTS = sa.select(PlacementRow.__table__).order_by(
    PlacementRow.layout_id, PlacementRow.position
)
_SHARED = sa.select(SharedSectionRow.__table__)
_PINS = sa.select(LayoutPinRow.__table__)
MOST_SENTENCES: Final = 500
"""Of a revision in the history."""
INSTALLATION: Final = "Cyclorama"
"""The author of what no person has changed."""


class VersionConflictError(ConfigError):
    """The configuration is not at the version that a change was made for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authored:
    """A change by somebody: the text of the file, who, and when."""

    text: str
    author: str
    at: datetime
    who: Author
    """Whom the audit log names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What saving a book changed; keys of layouts in order."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    assignments: bool = False
    shared: bool = False
    pins: bool = False
    text: bool = False
    """Whether the file's text changed and nothing of what it says."""
    version: int
    """Of the configuration, afterwards."""

    @property
    def anything(self) -> bool:
        """False where the book was saved already."""
        layouts = self.added or self.changed or self.removed
        return bool(layouts or self.assignments or self.shared or self.pins)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What layout files may name besides sections and the attributes of records."""

    groups: frozenset[str]
    relationship_types: frozenset[str]
    viewer_attributes: frozenset[str]
    """Those further attributes that some user has."""


async def load_book(reading: Reading) -> LayoutBook:
    """All layouts and assignments: companies first, then by type, key and rank."""
    queries = (_LAYOUTS, _PLACEMENTS, _ASSIGNMENTS, _SHARED, _PINS)
    return _book(*[await reading.execute(query) for query in queries])


async def layout_text(reading: Reading, book: LayoutBook) -> str:
    """The file of this saved book: as it was applied, comments and order included,
    where it says the same, written anew otherwise."""
    last = await latest_revision(reading)
    if last is not None and last.digest == digest(book):
        return last.file
    return export_layouts(book)


async def load_vocabulary(reading: Reading) -> Vocabulary:
    """The names that exist now."""
    groups = await reading.execute(sa.select(UserGroupRow.key))
    types = await reading.execute(sa.select(RelationshipTypeRow.key))
    attributes = await reading.execute(sa.select(UserRow.attributes).distinct())
    return Vocabulary(
        groups=frozenset(key for (key,) in groups),
        relationship_types=frozenset(key for (key,) in types),
        viewer_attributes=frozenset(name for (held,) in attributes for name in held),
    )


async def save_book(
    session: AsyncSession,
    book: LayoutBook,
    *,
    expected_version: int | None = None,
    by: Authored | None = None,
    installer: Author | None = None,
) -> Saved:
    """Replace all layouts and assignments by these; without `by` it is the installation
    that does it, started by `installer`.

    A layout that says the same keeps its version, another one's grows by one, and the
    version of the configuration with it. Raises `VersionConflictError` where the
    configuration isn't at `expected_version`; the caller's transaction undoes everything
    on an error.
    """
    version = await _locked_version(session)
    if expected_version not in (None, version):
        raise VersionConflictError(
            f"The configuration is at version {version}, not {expected_version}: it was "
            "changed meanwhile. Export it, look at the difference and apply again."
        )
    queries = (_LAYOUTS, _PLACEMENTS, _ASSIGNMENTS, _SHARED, _PINS)
    layouts, *others = [(await session.execute(query)).all() for query in queries]
    old = _book(layouts, *others)
    saved = _difference(old, book, version)
    text = export_layouts(book) if by is None else by.text
    if not saved.anything:
        last = await latest_revision(session)
        kept = export_layouts(old)
        if last is not None and last.digest == digest(old):
            kept = last.file
        if by is None or text == kept:
            return saved
        saved = replace(saved, text=True)
    else:
        await _write(session, old, book, saved, {row.key: row.id for row in layouts})
    version = await bump_configuration(session)
    await _record(session, old, book, version, text, by)
    who = installer if by is None else by.who
    if who is not None:
        await record_books(session, who, old, book)
    return replace(saved, version=version)


async def _record(
    session: AsyncSession,
    old: LayoutBook,
    book: LayoutBook,
    version: int,
    text: str,
    by: Authored | None,
) -> None:
    """Note the change in the history of layouts."""
    revision = Revision(
        version=version,
        at=None if by is None else by.at,
        author=INSTALLATION if by is None else by.author,
        file=text,
        digest=digest(book),
        changes=_sentences(old, book),
    )
    await record_revision(session, revision)


def _sentences(old: LayoutBook, new: LayoutBook) -> tuple[str, ...]:
    """What changed, for the history; cut after so many with their number."""
    said = [
        f"{change.layout}: {change.detail}" if change.layout else change.detail
        for change in changes(old, new)
    ]
    said = said or ["Comments or the order of the file change."]
    rest = len(said) - MOST_SENTENCES
    more = [f"… and {rest} more."] if rest > 0 else []
    return (*said[:MOST_SENTENCES], *more)


async def seed_layouts(
    session: AsyncSession, book: LayoutBook, installer: Author | None = None
) -> bool:
    """Save the book where there is no layout at all; whether it was."""
    if await session.scalar(sa.select(LayoutRow.id).limit(1)) is not None:
        return False
    return (await save_book(session, book, installer=installer)).anything


async def _locked_version(session: AsyncSession) -> int:
    """The version of the configuration; other writers wait from here on."""
    query = sa.select(ConfigurationRow.version).where(ConfigurationRow.id == 1)
    version = await session.scalar(query.with_for_update())
    return version or 0


def _book(
    layouts: Iterable[Any],
    placements: Iterable[Any],
    assignments: Iterable[Any],
    shared: Iterable[Any],
    pins: Iterable[Any],
) -> LayoutBook:
    sections = {row.key: _shared(row) for row in sorted(shared, key=lambda r: r.key)}
    placed: defaultdict[str, list[Placement]] = defaultdict(list)
    for row in placements:
        placed[row.layout_id].append(_placement(row, sections))
    ordered = sorted(layouts, key=_in_book)
    places = {row.id: (n, row.key) for n, row in enumerate(ordered)}
    assigned = sorted(
        assignments, key=lambda a: (a.rank, places[a.layout_id][0], a.name, a.id)
    )
    return LayoutBook(
        tuple(_layout(row, placed[row.id]) for row in ordered),
        tuple(_assignment(row, places[row.layout_id][1]) for row in assigned),
        tuple(sections.values()),
        tuple(
            _pin(row, places[row.layout_id][1])
            for row in sorted(pins, key=lambda p: p.record_id)
        ),
    )


def _shared(row: Any) -> SharedSection:
    return SharedSection(
        row.key, row.section, row.name, row.config, row.version, row.config_version
    )


def _pin(row: Any, layout: str) -> Pin:
    return Pin(row.record_id, layout, tuple(_clause(c) for c in row.viewer))


def _in_book(row: Any) -> tuple[str, str, str]:
    return (row.kind, row.relationship_type or "", row.key)


def _layout(row: Any, placements: Sequence[Placement]) -> Layout:
    return Layout(**row._mapping, placements=tuple(placements))


def _placement(row: Any, shared: Mapping[str, SharedSection]) -> Placement:
    return Placement(
        row.instance_key,
        row.section,
        row.label,
        row.icon,
        tuple(row.surfaces),
        row.config if row.shared is None else shared[row.shared].config,
        row.shared,
        row.decoupled_from,
        row.decoupled_version,
        row.config_version if row.shared is None else shared[row.shared].config_version,
    )


def _assignment(row: Any, layout: str) -> Assignment:
    return Assignment(
        rank=row.rank,
        name=row.name,
        layout=layout,
        enabled=row.enabled,
        viewer=tuple(_clause(c) for c in row.viewer),
        record=tuple(_clause(c) for c in row.record),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
    )


def _clause(held: Mapping[str, Any]) -> Clause:
    return Clause(held["attribute"], held["operator"], tuple(held["values"]))


def _difference(old: LayoutBook, new: LayoutBook, version: int) -> Saved:
    before = {layout.key: told_apart(layout) for layout in old.layouts}
    after = {layout.key: told_apart(layout) for layout in new.layouts}

    def differ(part: str) -> bool:
        return _unordered(getattr(old, part)) != _unordered(getattr(new, part))

    return Saved(
        added=tuple(key for key in after if key not in before),
        changed=tuple(k for k in after if k in before and after[k] != before[k]),
        removed=tuple(key for key in before if key not in after),
        assignments=differ("assignments"),
        shared=differ("shared"),
        pins=differ("pins"),
        version=version,
    )


def _unordered(values: Iterable[Any]) -> list[Any]:
    """Values in an order that doesn't depend on the file's."""
    return [told_apart(v) for v in sorted(values, key=repr)]


async def _write(
    session: AsyncSession,
    old: LayoutBook,
    book: LayoutBook,
    saved: Saved,
    ids: dict[str, str],
) -> None:
    """Bring the tables to the book; `ids` are those of the layouts by key."""
    await session.execute(sa.delete(AssignmentRow))
    await session.execute(sa.delete(LayoutPinRow))
    if saved.shared:
        await _write_shared(session, old.shared, book.shared)
    touched = [ids[key] for key in (*saved.changed, *saved.removed)]
    gone = [ids[key] for key in saved.removed]
    await session.execute(
        sa.delete(PlacementRow).where(PlacementRow.layout_id.in_(touched))
    )
    await session.execute(sa.delete(LayoutRow).where(LayoutRow.id.in_(gone)))
    ids |= {key: new_id("layout") for key in saved.added}
    for layout in book.layouts:
        if layout.key in saved.added:
            await _insert(session, LayoutRow, [_layout_values(layout, ids[layout.key])])
        elif layout.key in saved.changed:
            values = _layout_values(layout, ids[layout.key])
            await session.execute(_renewed(values))
        else:
            continue
        await _insert(session, PlacementRow, _placed(layout, ids[layout.key]))
    await _insert(session, AssignmentRow, [_assigned(a, ids) for a in book.assignments])
    await _insert(session, LayoutPinRow, [_pinned(p, ids) for p in book.pins])


async def _write_shared(
    session: AsyncSession, old: Iterable[SharedSection], new: Iterable[SharedSection]
) -> None:
    """All shared sections anew: one that says the same keeps its version."""
    await session.execute(sa.delete(SharedSectionRow))
    values = [{**asdict(s), "id": new_id("shared_section")} for s in renewed(old, new)]
    await _insert(session, SharedSectionRow, values)


async def _insert(
    session: AsyncSession, row: type[Any], values: list[dict[str, Any]]
) -> None:
    if values:
        await session.execute(sa.insert(row), values)


def _renewed(values: dict[str, Any]) -> sa.Update:
    return (
        sa.update(LayoutRow)
        .where(LayoutRow.id == values["id"])
        .values(**{**values, "version": LayoutRow.version + 1})
        .execution_options(synchronize_session=False)
    )


def _layout_values(layout: Layout, layout_id: str) -> dict[str, Any]:
    values = {k: v for k, v in asdict(layout).items() if k != "placements"}
    return {**values, "id": layout_id, "version": 1}


def _placed(layout: Layout, layout_id: str) -> list[dict[str, Any]]:
    return [
        {
            **{k: v for k, v in asdict(placement).items() if k != "problem"},
            "id": new_id("placement"),
            "layout_id": layout_id,
            "position": position,
            "surfaces": list(placement.surfaces),
            "config": {} if placement.shared else placement.config,
        }
        for position, placement in enumerate(layout.placements)
    ]


def _assigned(assignment: Assignment, ids: Mapping[str, str]) -> dict[str, Any]:
    values = {k: v for k, v in asdict(assignment).items() if k != "layout"}
    return {
        **values,
        "id": new_id("assignment"),
        "layout_id": ids[assignment.layout],
        "viewer": [_held(c) for c in assignment.viewer],
        "record": [_held(c) for c in assignment.record],
    }


def _pinned(pin: Pin, ids: Mapping[str, str]) -> dict[str, Any]:
    return {
        "record_id": pin.record,
        "layout_id": ids[pin.layout],
        "viewer": [_held(c) for c in pin.viewer],
    }


def _held(clause: Clause) -> dict[str, Any]:
    return {
        "attribute": clause.attribute,
        "operator": clause.operator,
        "values": list(clause.values),
    }
