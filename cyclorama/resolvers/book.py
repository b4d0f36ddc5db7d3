"""Layouts and assignments in the database, and the version of the configuration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from cyclorama.errors import ConfigError
from cyclorama.layouts.model import Assignment, Clause, Layout, LayoutBook, Placement
from cyclorama.resolvers.book_audit import record_books
from cyclorama.storage.audit import Author
from cyclorama.storage.configuration import bump_configuration
from cyclorama.storage.engine import Reading
from cyclorama.storage.ids import new_id
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What saving a book changed; keys of layouts in order."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    assignments: bool = False
    version: int
    """Of the configuration, afterwards."""

    @property
    def anything(self) -> bool:
        """False where the book was saved already."""
        return bool(self.added or self.changed or self.removed or self.assignments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What layout files may name besides sections and the attributes of records."""

    groups: frozenset[str]
    relationship_types: frozenset[str]
    viewer_attributes: frozenset[str]
    """Those further attributes that some user has."""


async def load_book(reading: Reading) -> LayoutBook:
    """All layouts and assignments: companies first, then by type, key and rank."""
    return _book(
        await reading.execute(_LAYOUTS),
        await reading.execute(_PLACEMENTS),
        await reading.execute(_ASSIGNMENTS),
    )


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
    author: Author | None,
    expected_version: int | None = None,
) -> Saved:
    """Replace all layouts and assignments by these.

    A layout that says the same keeps its version, another one's grows by one, and the
    version of the configuration with it. Raises `ConfigError` where the configuration
    isn't at `expected_version`; the caller's transaction undoes everything on an error.
    The audit log names the author; None only for what a new database is given.
    """
    version = await _locked_version(session)
    if expected_version not in (None, version):
        raise ConfigError(
            f"The configuration is at version {version}, not {expected_version}: it was "
            "changed meanwhile. Export it, look at the difference and apply again."
        )
    layouts = (await session.execute(_LAYOUTS)).all()
    placements = (await session.execute(_PLACEMENTS)).all()
    assignments = (await session.execute(_ASSIGNMENTS)).all()
    old = _book(layouts, placements, assignments)
    saved = _difference(old, book, version)
    if not saved.anything:
        return saved
    ids = {row.key: row.id for row in layouts}
    await _write(session, book, saved, ids)
    raised = await bump_configuration(session)
    if author is not None:
        await record_books(session, author, old, book)
    return replace(saved, version=raised)


async def seed_layouts(session: AsyncSession, book: LayoutBook) -> bool:
    """Save the book where there is no layout at all; whether it was."""
    if await session.scalar(sa.select(LayoutRow.id).limit(1)) is not None:
        return False
    return (await save_book(session, book, author=None)).anything


async def _locked_version(session: AsyncSession) -> int:
    """The version of the configuration; other writers wait from here on."""
    query = sa.select(ConfigurationRow.version).where(ConfigurationRow.id == 1)
    version = await session.scalar(query.with_for_update())
    return version or 0


def _book(
    layouts: Iterable[Any], placements: Iterable[Any], assignments: Iterable[Any]
) -> LayoutBook:
    placed: defaultdict[str, list[Placement]] = defaultdict(list)
    for row in placements:
        placed[row.layout_id].append(_placement(row))
    ordered = sorted(layouts, key=_in_book)
    places = {row.id: (n, row.key) for n, row in enumerate(ordered)}
    assigned = sorted(
        assignments, key=lambda a: (a.rank, places[a.layout_id][0], a.name)
    )
    return LayoutBook(
        tuple(_layout(row, placed[row.id]) for row in ordered),
        tuple(_assignment(row, places[row.layout_id][1]) for row in assigned),
    )


def _in_book(row: Any) -> tuple[str, str, str]:
    return (row.kind, row.relationship_type or "", row.key)


def _layout(row: Any, placements: Sequence[Placement]) -> Layout:
    return Layout(**row._mapping, placements=tuple(placements))


def _placement(row: Any) -> Placement:
    return Placement(
        row.instance_key,
        row.section,
        row.label,
        row.icon,
        tuple(row.surfaces),
        row.config,
        row.config_version,
    )


def _assignment(row: Any, layout: str) -> Assignment:
    return Assignment(
        rank=row.rank,
        name=row.name,
        layout=layout,
        enabled=row.enabled,
        viewer=tuple(_clause(c) for c in row.viewer),
        record=tuple(_clause(c) for c in row.record),
    )


def _clause(held: Mapping[str, Any]) -> Clause:
    return Clause(held["attribute"], held["operator"], tuple(held["values"]))


def _difference(old: LayoutBook, new: LayoutBook, version: int) -> Saved:
    before = {layout.key: _told_apart(layout) for layout in old.layouts}
    after = {layout.key: _told_apart(layout) for layout in new.layouts}
    return Saved(
        added=tuple(key for key in after if key not in before),
        changed=tuple(k for k in after if k in before and after[k] != before[k]),
        removed=tuple(key for key in before if key not in after),
        assignments=_asked(old) != _asked(new),
        version=version,
    )


def _asked(book: LayoutBook) -> list[Any]:
    """The assignments in an order that doesn't depend on the file's."""
    ordered = sorted(book.assignments, key=lambda a: (a.rank, a.layout, a.name))
    return [
        (
            a.rank,
            a.layout,
            a.name,
            a.enabled,
            _told_apart(a.viewer),
            _told_apart(a.record),
        )
        for a in ordered
    ]


def _told_apart(value: Any) -> Any:
    """The value such that 1 and true, equal in Python, differ."""
    match value:
        case bool():
            return ("flag", value)
        case Mapping():
            return {key: _told_apart(held) for key, held in value.items()}
        case list() | tuple():
            return [_told_apart(held) for held in value]
        case Clause(attribute, operator, values):
            return (attribute, operator, _told_apart(values))
        case Layout():
            return (value, [_told_apart(p.config) for p in value.placements])
    return value


async def _write(
    session: AsyncSession, book: LayoutBook, saved: Saved, ids: dict[str, str]
) -> None:
    """Bring the tables to the book; `ids` are those of the layouts by key."""
    await session.execute(sa.delete(AssignmentRow))
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


def _held(clause: Clause) -> dict[str, Any]:
    return {**asdict(clause), "values": list(clause.values)}
