"""Who would see more or less: records by what rules ask of them, before and after.

Records of which the same rules hold are decided once, and so are people of whom the same
clauses do: both sets are kept as the bits of a number.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from itertools import repeat
from operator import and_, or_
from typing import Any, Final

from cyclorama.layouts.clauses import Comparable, Subject, comparable
from cyclorama.layouts.difference import told_apart
from cyclorama.layouts.model import (
    SURFACES,
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    SectionFacts,
    by_rank,
)
from cyclorama.layouts.resolution import fallback, shown, skipped

NO_GROUP: Final = "(none)"
"""Stands for the people who are in no group."""
Row = tuple[str | None, Sequence[Any], int]
"""A pinned record's id or None, the values of the attributes asked, how many records."""
Alike = Counter[tuple[str | None, str | None, int]]
"""How many records there are by type, pin, and the bits of the rules that hold."""
Choice = tuple[int, Layout]
"""The bits of the rules that are left for a viewer, of which the lowest one wins, and the
layout where none holds."""
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


class _Places:
    """Which clauses on attributes hold of a value, found once for all values that stand
    in the same place among those that the clauses name."""

    def __init__(self) -> None:
        self._clauses: dict[str, list[tuple[tuple[Clause, ...], int]]] = {}
        self._ends: dict[str, dict[str, list[Any]]] = {}
        self._known: dict[Any, int] = {}

    def add(self, name: str, clauses: tuple[Clause, ...], bit: int) -> None:
        """Clauses on the attribute of this name; the bit says that all of them hold."""
        self._clauses.setdefault(name, []).append((clauses, bit))
        self._known.clear()
        self._ends.clear()

    def held(self, name: str, value: Any) -> int:
        """The bits of what holds of a value."""
        if value is None or isinstance(value, list | tuple | set | frozenset):
            return self._asked(name, value)
        key = (name, *self._place(name, comparable(value)))
        if key not in self._known:
            self._known[key] = self._asked(name, value)
        return self._known[key]

    def bits(self, name: str) -> int:
        """The bits of all clauses on an attribute."""
        return sum(bit for _, bit in self._clauses.get(name, ()))

    @property
    def names(self) -> Sequence[str]:
        """The attributes that clauses ask for."""
        return list(self._clauses)

    def _asked(self, name: str, value: Any) -> int:
        asked = Subject({name: value})
        pairs = self._clauses.get(name, ())
        return sum(bit for clauses, bit in pairs if asked.meets(clauses))

    def _place(self, name: str, value: Comparable) -> tuple[str, int, int]:
        """Where a value stands among those that clauses on the attribute name: all that
        has the same place meets the same clauses."""
        ends = self._ends.get(name)
        if ends is None:
            pairs = self._clauses.get(name, ())
            asked = (c for clauses, _ in pairs for c in clauses)
            named = {comparable(v) for c in asked for v in c.values}
            ends = self._ends[name] = {}
            for family, end in sorted(named):
                ends.setdefault(family, []).append(end)
        family, plain = value
        held = ends.get(family, [])
        return family, bisect_left(held, plain), bisect_right(held, plain)


class _Viewers:
    """Numbers for clauses on viewers: equal ones have the same."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._places = _Places()

    def of(self, clauses: Iterable[Clause]) -> int:
        """The bits of these clauses; new ones get the next."""
        found = 0
        for clause in clauses:
            key = repr(told_apart(clause))
            if key not in self._numbers:
                bit = self._numbers[key] = 1 << len(self._numbers)
                self._places.add(clause.attribute, (clause,), bit)
            found |= self._numbers[key]
        return found

    def held_by(self, viewer: Mapping[str, Any]) -> int:
        """The bits of the clauses that hold of a viewer."""
        places = self._places
        return sum(places.held(name, viewer.get(name)) for name in places.names)


class _Rules:
    """A bit for each assignment, lower for what is asked earlier: whether the conditions
    on the record hold."""

    def __init__(self) -> None:
        self.layouts: list[Layout] = []
        """What each bit gives."""
        self._places = _Places()

    def add(self, assignment: Assignment, layout: Layout) -> int:
        """The bit of the next assignment, which gives this layout."""
        bit = 1 << len(self.layouts)
        self.layouts.append(layout)
        asked: dict[str, tuple[Clause, ...]] = {}
        for clause in assignment.record:
            asked[clause.attribute] = (*asked.get(clause.attribute, ()), clause)
        for name, clauses in asked.items():
            self._places.add(name, clauses, bit)
        return bit

    def without(self, missing: Set[str]) -> int:
        """The bits of all but those that ask for what does not exist."""
        gone = (self._places.bits(n) for n in self._places.names if n in missing)
        return self._everything & ~reduce(or_, gone, 0)

    def left(self, name: str, value: Any) -> int:
        """The bits of those that this value of an attribute does not rule out."""
        others = self._everything & ~self._places.bits(name)
        return others | self._places.held(name, value)

    @property
    def asked(self) -> frozenset[str]:
        """The attributes of records that conditions ask for."""
        return frozenset(self._places.names)

    @property
    def _everything(self) -> int:
        return (1 << len(self.layouts)) - 1


@dataclass(slots=True)
class _Side:
    """A book before or after, with what was worked out of it."""

    book: LayoutBook
    kind: str
    today: date
    viewer: _Viewers
    rules: _Rules
    _lists: dict[str | None, tuple[list[tuple[int, int]], Layout]] = field(
        default_factory=dict
    )
    """By type: the assignments' bits with those of their viewers, and the fallback."""

    def prepare(self, types: Iterable[str | None]) -> None:
        """Give all assignments and the clauses on viewers their bits."""
        held = {x.key: x for x in self.book.layouts if x.kind == self.kind}
        asked = [(a, held[a.layout]) for a in self.book.assignments if a.layout in held]
        bits = {
            id(a): (self.rules.add(a, layout), self.viewer.of(a.viewer))
            for a, layout in sorted(asked, key=by_rank)
            if skipped(a, layout, self.today) is None
        }
        for name in types:
            listed = self.book.list_for(self.kind, name)
            own = [bits[id(a)] for a, _ in listed.assignments if id(a) in bits]
            self._lists[name] = own, fallback(listed, self.kind)
        for pin in self.book.pins:
            self.viewer.of(pin.viewer)

    def choice(self, type_: str | None, pinned: str | None, viewer: int) -> Choice:
        """What is left to decide for a viewer of these bits."""
        pin = self.book.pin_of(pinned)
        if pin is not None:
            layout = self.book.list_for(self.kind, type_).layouts.get(pin.layout)
            wanted = self.viewer.of(pin.viewer)
            applies = viewer & wanted == wanted
            if applies and layout is not None and layout.status == "PUBLISHED":
                return 0, layout
        asked, rest = self._lists[type_]
        return sum(b for b, wanted in asked if viewer & wanted == wanted), rest


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
    viewer, rules = _Viewers(), _Rules()
    sides = [_Side(b, records.kind, today, viewer, rules) for b in (old, new)]
    rows = list(records.rows)
    types = _types(records, rows)
    for side in sides:
        side.prepare(types.values() if types else [None])
    alike = _alike(records, rows, types, rules)
    differences = _Differences(records.kind, sections)
    found = []
    for group, members in people.items():
        viewers = {(viewer.held_by(p), _hidden(masked(p), records)) for p in members}
        gained, lost = _counted(sides, alike, viewers, rules.layouts, differences)
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
    viewers: Collection[tuple[int, frozenset[str]]],
    layouts: Sequence[Layout],
    differ: _Differences,
) -> tuple[Counter[str], Counter[str]]:
    """How many records gain and lose each section for any of the viewers, given as
    their bits and the sections that are masked for them."""
    choices: dict[Any, list[tuple[Choice, Choice, frozenset[str]]]] = {}
    chosen: Counter[tuple[_Step, ...]] = Counter()
    """How many records come from which layout to which, viewer by viewer."""
    old, new = sides
    for (type_, pinned, left), count in alike.items():
        place = (type_, pinned)
        if place not in choices:
            choices[place] = list(
                {
                    (old.choice(*place, v), new.choice(*place, v), hidden): None
                    for v, hidden in viewers
                }
            )
        found = []
        for (of_old, was), (of_new, now), hidden in choices[place]:
            first, second = left & of_old, left & of_new
            if first:
                was = layouts[(first & -first).bit_length() - 1]
            if second:
                now = layouts[(second & -second).bit_length() - 1]
            found.append((was, now, hidden))
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
    records: Records, rows: Sequence[Row], types: Mapping[Any, str], rules: _Rules
) -> Alike:
    """How many records there are by type, pin and what their attributes leave of the
    rules."""
    names = list(records.names)
    every = rules.without(rules.asked - set(names))
    found: Alike = Counter()
    if not rows:
        return found
    pins, values, counts = zip(*rows, strict=True)
    lefts: Iterable[int] = repeat(every, len(rows))
    columns = list(zip(*values, strict=True))
    for name, column in zip(names, columns, strict=True):
        by_raw = {v: rules.left(name, records.decoded(name, v)) for v in set(column)}
        lefts = map(and_, lefts, map(by_raw.__getitem__, column))
    of_type: Iterable[str | None] = repeat(None, len(rows))
    if types:
        of_type = map(types.__getitem__, columns[names.index("type")])
    for type_, pin, left, count in zip(of_type, pins, lefts, counts, strict=True):
        found[type_, pin, left] += count
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


def viewer_attributes(books: Iterable[LayoutBook]) -> frozenset[str]:
    """The names that the rules and pins of books ask of viewers."""
    asking = [
        [*(a.viewer for a in book.assignments), *(p.viewer for p in book.pins)]
        for book in books
    ]
    return frozenset(
        clause.attribute for one in asking for clauses in one for clause in clauses
    )
