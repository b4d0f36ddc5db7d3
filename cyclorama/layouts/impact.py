"""Who would see more or less: records by what rules ask of them, before and after.

Records that are alike in every clause are decided once, and so are people: what counts is
the set of clauses that hold, kept as the bits of a number.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from cyclorama.layouts.clauses import Comparable, Subject, comparable
from cyclorama.layouts.difference import told_apart
from cyclorama.layouts.model import (
    SURFACES,
    Clause,
    Layout,
    LayoutBook,
    SectionFacts,
)
from cyclorama.layouts.resolution import fallback, shown, skipped

NO_GROUP: Final = "(none)"
"""Stands for the people who are in no group."""
Row = tuple[str | None, Sequence[Any], int]
"""A pinned record's id or None, the values of the attributes asked, how many records."""
Rules = list[tuple[Layout, int, int]]
"""Layout, the viewer's and the record's bits that it takes; the last takes none."""
Alike = Counter[tuple[str | None, str | None, int]]
"""How many records there are by type, pin, and the bits of the clauses that hold."""
Branches = tuple[tuple[Layout, int], ...]
"""What is left of rules for a viewer: layout, the record's bits that it takes."""
Masks = Callable[[Mapping[str, Any]], Set[tuple[str, str]]]
"""From somebody's attributes to the sections, by kind of record, that are masked."""
_Step = tuple[int, int, frozenset[str]]
"""Numbers of the layouts before and after, and what is masked of both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """How many records of a kind show the members of a group one section more or less."""

    group: str
    section: str
    kind: str
    gained: int
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The records of a kind, those with equal values of the attributes together."""

    kind: str
    names: Sequence[str]
    """Of the attributes."""
    rows: Iterable[Row]
    decoded: Callable[[str, Any], Any]
    """A value as rules compare it, from an attribute's name and its raw value."""


class Bits:
    """Numbers for clauses: equal ones have the same."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._clauses: dict[str, list[tuple[Clause, int]]] = {}
        self._ends: dict[str, dict[str, list[Any]]] = {}
        self._known: dict[Any, int] = {}

    def of(self, clauses: Iterable[Clause]) -> int:
        """The bits of these clauses; new ones get the next."""
        found = 0
        for clause in clauses:
            key = repr(told_apart(clause))
            if key not in self._numbers:
                bit = self._numbers[key] = 1 << len(self._numbers)
                self._clauses.setdefault(clause.attribute, []).append((clause, bit))
                self._known.clear()
                self._ends.clear()
            found |= self._numbers[key]
        return found

    def held(self, name: str, value: Any) -> int:
        """The bits of the clauses on an attribute that hold of a value."""
        if value is None or isinstance(value, list | tuple | set | frozenset):
            return self._asked(name, value)
        key = (name, *self._place(name, comparable(value)))
        if key not in self._known:
            self._known[key] = self._asked(name, value)
        return self._known[key]

    def held_by(self, viewer: Mapping[str, Any]) -> int:
        """The bits of the clauses that hold of a viewer."""
        return sum(self.held(name, viewer.get(name)) for name in self._clauses)

    def _asked(self, name: str, value: Any) -> int:
        asked = Subject({name: value})
        pairs = self._clauses.get(name, ())
        return sum(bit for clause, bit in pairs if asked.meets((clause,)))

    def _place(self, name: str, value: Comparable) -> tuple[str, int, int]:
        """Where a value stands among those that clauses on the attribute name: all that
        has the same place meets the same clauses."""
        ends = self._ends.get(name)
        if ends is None:
            named = {
                comparable(v) for c, _ in self._clauses.get(name, ()) for v in c.values
            }
            ends = self._ends[name] = {}
            for family, end in sorted(named):
                ends.setdefault(family, []).append(end)
        family, plain = value
        held = ends.get(family, [])
        return family, bisect_left(held, plain), bisect_right(held, plain)


@dataclass(slots=True)
class _Side:
    """A book before or after, with what was worked out of it."""

    book: LayoutBook
    kind: str
    today: date
    viewer: Bits
    record: Bits
    _rules: dict[str | None, Rules] = field(default_factory=dict)

    def prepare(self, types: Iterable[str | None]) -> None:
        """Give all clauses their bits."""
        for name in types:
            listed = self.book.list_for(self.kind, name)
            rules: Rules = [
                (layout, self.viewer.of(a.viewer), self.record.of(a.record))
                for a, layout in listed.assignments
                if skipped(a, layout, self.today) is None
            ]
            self._rules[name] = [*rules, (fallback(listed, self.kind), 0, 0)]
        for pin in self.book.pins:
            self.viewer.of(pin.viewer)

    def branches(self, type_: str | None, pinned: str | None, viewer: int) -> Branches:
        """What decides for a viewer of these bits: first match wins, the last takes
        nothing."""
        pin = self.book.pin_of(pinned)
        if pin is not None:
            layout = self.book.list_for(self.kind, type_).layouts.get(pin.layout)
            wanted = self.viewer.of(pin.viewer)
            applies = viewer & wanted == wanted
            if applies and layout is not None and layout.status == "PUBLISHED":
                return ((layout, 0),)
        found = []
        for layout, asked, left in self._rules[type_]:
            if viewer & asked == asked:
                found.append((layout, left))
                if not left:
                    break
        return tuple(found)


def impact(
    old: LayoutBook,
    new: LayoutBook,
    *,
    records: Records,
    people: Mapping[str, Sequence[Mapping[str, Any]]],
    sections: Mapping[str, SectionFacts],
    today: date,
    masked: Masks = lambda _: frozenset(),
) -> list[Impact]:
    """By group and section, where anything is gained or lost on any surface.

    A record counts for a group where it shows a placement of the section more (or less)
    to at least one of its `people`, given as their attributes, of whom `masked` says
    what they may see nothing of."""
    viewer, record = Bits(), Bits()
    sides = [_Side(b, records.kind, today, viewer, record) for b in (old, new)]
    rows = list(records.rows)
    types = _types(records, rows)
    for side in sides:
        side.prepare(types.values() if types else [None])
    alike = _alike(records, rows, types, record)
    differences = _Differences(records.kind, sections)
    found = []
    for group, members in people.items():
        viewers = {(viewer.held_by(p), _hidden(masked(p), records)) for p in members}
        gained, lost = _counted(sides, alike, viewers, differences)
        found += [
            Impact(
                group=group,
                section=section,
                kind=records.kind,
                gained=gained[section],
                lost=lost[section],
            )
            for section in sorted({*gained, *lost})
        ]
    return found


def _hidden(masked: Set[tuple[str, str]], records: Records) -> frozenset[str]:
    return frozenset(section for kind, section in masked if kind == records.kind)


def _counted(
    sides: Sequence[_Side],
    alike: Alike,
    viewers: Iterable[tuple[int, frozenset[str]]],
    differ: _Differences,
) -> tuple[Counter[str], Counter[str]]:
    """How many records gain and lose each section for any of the viewers, given as
    their bits and the sections that are masked for them."""
    branches: dict[Any, list[tuple[Branches, Branches, frozenset[str]]]] = {}
    chosen: Counter[tuple[_Step, ...]] = Counter()
    """How many records come from which layout to which, viewer by viewer."""
    old, new = sides
    for (type_, pinned, bits), count in alike.items():
        place = (type_, pinned)
        if place not in branches:
            branches[place] = list(
                {
                    (old.branches(*place, v), new.branches(*place, v), hidden): None
                    for v, hidden in viewers
                }
            )
        pairs = branches[place]
        found = tuple(
            (_first(was, bits), _first(now, bits), h) for was, now, h in pairs
        )
        chosen[differ.numbered(found)] += count
    gained, lost = Counter[str](), Counter[str]()
    for key, count in chosen.items():
        more, less = differ.of_any(key)
        gained.update(dict.fromkeys(more, count))
        lost.update(dict.fromkeys(less, count))
    return gained, lost


def _types(records: Records, rows: Sequence[Row]) -> dict[Any, str]:
    """The types of relationships that there are, by their raw values."""
    if records.kind == "COMPANY":
        return {}
    at = list(records.names).index("type")
    return {raw: records.decoded("type", raw) for raw in {r[1][at] for r in rows}}


def _alike(
    records: Records, rows: Sequence[Row], types: Mapping[Any, str], bits: Bits
) -> Alike:
    """How many records there are by type, pin and the clauses that hold of them."""
    names = list(records.names)
    at = names.index("type") if types else None
    known: list[dict[Any, int]] = [{} for _ in names]
    found: Alike = Counter()
    for pinned, values, count in rows:
        held = 0
        for name, raw, seen in zip(names, values, known, strict=True):
            if raw not in seen:
                seen[raw] = bits.held(name, records.decoded(name, raw))
            held |= seen[raw]
        type_ = None if at is None else types[values[at]]
        found[type_, pinned, held] += count
    return found


@dataclass(slots=True)
class _Differences:
    """Which sections a layout shows more or less than another one, worked out once."""

    kind: str
    sections: Mapping[str, SectionFacts]
    _layouts: dict[int, Layout] = field(default_factory=dict)

    def numbered(
        self, steps: Iterable[tuple[Layout, Layout, frozenset[str]]]
    ) -> tuple[_Step, ...]:
        """The layouts of the steps as numbers, which are cheaper to tell apart."""
        for was, now, _ in steps:
            self._layouts[id(was)], self._layouts[id(now)] = was, now
        return tuple((id(was), id(now), hidden) for was, now, hidden in steps)

    def of_any(self, steps: Iterable[_Step]) -> tuple[set[str], set[str]]:
        """The sections gained and lost in any step."""
        gained, lost = set[str](), set[str]()
        for was, now, hidden in steps:
            before, after = (self._shown(self._layouts[n]) for n in (was, now))
            gained |= {section for *_, section in after - before} - hidden
            lost |= {section for *_, section in before - after} - hidden
        return gained, lost

    def _shown(self, layout: Layout) -> set[tuple[str, str, str]]:
        return {
            (surface, placement.instance_key, placement.section)
            for surface in SURFACES
            for placement in shown(layout, self.kind, surface, self.sections)
        }


def _first(branches: Branches, bits: int) -> Layout:
    for layout, asked in branches:
        if bits & asked == asked:
            return layout
    raise ValueError("the last branch takes nothing")


def viewer_attributes(books: Iterable[LayoutBook]) -> frozenset[str]:
    """The names that the rules and pins of books ask of viewers."""
    asking = [
        [*(a.viewer for a in book.assignments), *(p.viewer for p in book.pins)]
        for book in books
    ]
    return frozenset(
        clause.attribute for one in asking for clauses in one for clause in clauses
    )
