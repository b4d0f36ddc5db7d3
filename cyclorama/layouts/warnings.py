"""What to think over before layouts are applied: never in the way, always said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from cyclorama.layouts.clauses import GROUPS
from cyclorama.layouts.model import (
    KINDS,
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Placement,
    SectionFacts,
)
from cyclorama.layouts.resolution import record_attributes, shown

_NAMING: Final = frozenset({"IN", "EQ", "IN_GROUP", "CONTAINS_ANY"})
"""Operators that hold only of something that the values name."""
_OF_NULL: Final = frozenset({"IS_NULL", "NOT_IN", "NEQ", "NOT_IN_GROUP"})
KIND_WORDS = {"COMPANY": "companies", "RELATIONSHIP": "relationships"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What exists now."""

    sections: Mapping[str, SectionFacts]
    attributes: Mapping[str, frozenset[str]]
    """Of records, by kind."""
    viewer_attributes: frozenset[str]
    groups: frozenset[str]
    relationship_types: frozenset[str]
    items: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """Keys of a vocabulary's items, by kind of record and attribute."""
    paths: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of fields that settings may show, by kind of record."""
    records: frozenset[str] = frozenset()
    """Those pinned records that exist."""
    used_paths: Mapping[tuple[str, str], Sequence[tuple[str, str]]] = field(
        default_factory=dict
    )
    """Kind and path of the fields that settings show, by layout and instance key."""


def warnings(old: LayoutBook, new: LayoutBook, names: Names, today: date) -> list[str]:
    """Sentences about the new book, each once."""
    found = [
        *_sections(new, names),
        *_gone(new, names),
        *_asked(new, today),
        *_unreachable(new, names, today),
        *_defaults(old, new),
        *_shared(new),
        *_pins(new, names),
        *_costs(old, new, names),
    ]
    return list(dict.fromkeys(found))


def _sections(book: LayoutBook, names: Names) -> Iterator[str]:
    for layout in book.layouts:
        for placement in layout.placements:
            where = f"{layout.key}, {placement.instance_key}"
            facts = names.sections.get(placement.section)
            if facts is None:
                yield (
                    f"{where}: the plugin of the section {placement.section!r} is not "
                    "installed; nobody gets it."
                )
            elif not facts.enabled:
                yield (
                    f"{where}: the section {placement.section!r} is switched off; "
                    "nobody gets it."
                )
            elif facts.requires_config and not placement.config:
                yield (
                    f"{where}: {placement.section} needs settings and has none; nobody "
                    "gets it."
                )
            for kind, path in names.used_paths.get(
                (layout.key, placement.instance_key), ()
            ):
                if path not in names.paths.get(kind, {path}):
                    yield (
                        f"{where}: there is no field {path!r} of {KIND_WORDS[kind]} any "
                        "more; it is left out."
                    )


def _gone(book: LayoutBook, names: Names) -> Iterator[str]:
    """Names in conditions that do not exist any more."""
    kinds = {layout.key: layout.kind for layout in book.layouts}
    for layout in book.layouts:
        type_ = layout.relationship_type
        if type_ is not None and type_ not in names.relationship_types:
            yield f"{layout.key}: there is no relationship type {type_!r} any more."
    for a in book.assignments:
        for subject, clause in _clauses(a):
            for what in _missing(subject, clause, kinds.get(a.layout, ""), names):
                yield f"{_titled(a)}: there is no {what} (any more)."
    for pin in book.pins:
        for clause in pin.viewer:
            for what in _missing("viewer", clause, "", names):
                yield f"Pin of {pin.record}: there is no {what} (any more)."


def _missing(subject: str, clause: Clause, kind: str, names: Names) -> Iterator[str]:
    name = clause.attribute
    if not _exists(subject, clause, kind, names):
        # Of a viewer it is null, of a record it does not exist.
        holds = subject == "viewer" and clause.operator in _OF_NULL
        always = "always" if holds else "never"
        yield f"{subject} attribute {name!r}; the condition {always} holds"
        return
    vocabularies = {
        ("viewer", GROUPS): ("group", names.groups),
        ("record", "type"): ("relationship type", names.relationship_types),
    }
    items = names.items.get((kind, name)) if subject == "record" else None
    what, existing = vocabularies.get((subject, name), (f"item of {name}", items))
    for value in clause.values:
        if existing is not None and value not in existing:
            yield f"{what} {value!r}"


def _never(a: Assignment, kind: str, names: Names) -> bool:
    """Whether a condition asks for what does not exist, and so holds of nothing."""
    return any(_is_void(subject, c, kind, names) for subject, c in _clauses(a))


def _is_void(subject: str, clause: Clause, kind: str, names: Names) -> bool:
    if not _exists(subject, clause, kind, names):
        return subject == "record" or clause.operator not in _OF_NULL
    gone = list(_missing(subject, clause, kind, names))
    return clause.operator in _NAMING and 0 < len(gone) == len(clause.values)


def _exists(subject: str, clause: Clause, kind: str, names: Names) -> bool:
    """Whether there is the attribute that a condition asks for."""
    known = names.viewer_attributes
    if subject == "record":
        known = names.attributes.get(kind, frozenset({clause.attribute}))
    return clause.attribute in known


def _asked(book: LayoutBook, today: date) -> Iterator[str]:
    drafts = {x.key for x in book.layouts if x.status != "PUBLISHED"}
    for a in book.assignments:
        if a.enabled and a.layout in drafts:
            yield f"{_titled(a)}: {a.layout} is a draft; nobody gets it."
        if a.valid_until is not None and a.valid_until < today:
            yield f"{_titled(a)} is over since {a.valid_until}; it never matches."
        elif a.valid_from is not None and today < a.valid_from:
            yield (
                f"{_titled(a)} holds from {a.valid_from} on; the numbers are those of "
                f"today, {today}."
            )


def _unreachable(book: LayoutBook, names: Names, today: date) -> Iterator[str]:
    """Assignments that others come before, and layouts that nobody gets."""
    reached: set[str] = {pin.layout for pin in book.pins}
    covered: dict[int, Assignment] = {}
    open_: set[int] = set()
    for kind, type_ in _lists(book, names):
        listed = book.list_for(kind, type_)
        live = [
            (a, layout)
            for a, layout in listed.assignments
            if a.enabled
            and layout.status == "PUBLISHED"
            and (a.valid_until is None or a.valid_until >= today)
            and not _never(a, kind, names)
        ]
        for n, (a, layout) in enumerate(live):
            before = next((b for b, _ in live[:n] if _covers(b, a, today)), None)
            if before is None:
                open_.add(id(a))
                reached.add(layout.key)
            else:
                covered.setdefault(id(a), before)
        every = Assignment(0, "", "")
        taken = any(_covers(a, every, today) for a, _ in live)
        if listed.default is not None and not taken:
            reached.add(listed.default.key)
    for a in book.assignments:
        if id(a) in covered and id(a) not in open_:
            yield (
                f"{_titled(a)} is never reached: {_titled(covered[id(a)])} comes first "
                "and matches all that it would."
            )
    for layout in book.layouts:
        if layout.status == "PUBLISHED" and layout.key not in reached:
            yield f"{layout.key}: nobody gets the layout."


def _covers(first: Assignment, other: Assignment, today: date) -> bool:
    """Whether the first matches, from today on, whatever the other one matches."""
    starts = first.valid_from is None or first.valid_from <= today
    ends = first.valid_until is None or (
        other.valid_until is not None and other.valid_until <= first.valid_until
    )
    return (
        starts
        and ends
        and set(map(repr, first.viewer)) <= set(map(repr, other.viewer))
        and set(map(repr, first.record)) <= set(map(repr, other.record))
    )


def _lists(book: LayoutBook, names: Names) -> Iterator[tuple[str, str | None]]:
    """The kinds and types of records that there are."""
    yield "COMPANY", None
    named = {x.relationship_type for x in book.layouts} - {None}
    yield from (
        ("RELATIONSHIP", name)
        for name in sorted(named | names.relationship_types, key=str)
    )
    yield "RELATIONSHIP", None


def _defaults(old: LayoutBook, new: LayoutBook) -> Iterator[str]:
    held = {x.relationship_type for x in new.layouts if x.is_default}
    for layout in old.layouts:
        name = layout.relationship_type
        if layout.is_default and name is not None and name not in held:
            yield (
                f"Relationships of type {name} lose their default layout {layout.key}; "
                "that of all relationships answers."
            )
    for kind in KINDS:
        yield from _revealing([x for x in new.layouts if x.kind == kind])


def _revealing(layouts: Sequence[Layout]) -> Iterator[str]:
    """A default is what strangers get: it should show less than the others."""
    others = [x for x in layouts if not x.is_default and x.status == "PUBLISHED"]
    placed = {x.key: {p.section for p in x.placements} for x in layouts}
    for layout in layouts:
        if not (layout.is_default and others):
            continue
        own = placed[layout.key]
        alone = own.difference(*(placed[x.key] for x in others))
        least = min(others, key=lambda x: (len(placed[x.key]), x.key))
        stranger = "whoever no assignment matches gets it."
        if alone:
            yield (
                f"{layout.key}: the default layout shows {', '.join(sorted(alone))}, "
                f"which no other layout does; {stranger}"
            )
        if len(own) > len(placed[least.key]):
            yield (
                f"{layout.key}: the default layout shows {len(own)} sections, "
                f"{least.key} only {len(placed[least.key])}; {stranger}"
            )


def _shared(book: LayoutBook) -> Iterator[str]:
    held = {s.key: s for s in book.shared}
    used = {p.shared for p in _placements(book)}
    for key in held:
        if key not in used:
            yield f"No layout places the shared section {key!r}."
    for layout in book.layouts:
        for p in layout.placements:
            if p.decoupled_from is None:
                continue
            where = (
                f"{layout.key}, {p.instance_key}: decoupled from {p.decoupled_from!r}"
            )
            source = held.get(p.decoupled_from)
            if source is None:
                yield f"{where}, which does not exist any more; it can't be linked again."
            elif source.version != p.decoupled_version:
                yield (
                    f"{where} at version {p.decoupled_version}, which is at version "
                    f"{source.version} now."
                )


def _pins(book: LayoutBook, names: Names) -> Iterator[str]:
    drafts = {x.key for x in book.layouts if x.status != "PUBLISHED"}
    for pin in book.pins:
        if pin.record not in names.records:
            yield f"Pin of {pin.record}: there is no such record any more."
        if pin.layout in drafts:
            yield f"Pin of {pin.record}: {pin.layout} is a draft; nobody gets it."


def _costs(old: LayoutBook, new: LayoutBook, names: Names) -> Iterator[str]:
    before = {x.key: x for x in old.layouts}
    for layout in new.layouts:
        was = before.get(layout.key)
        if was is None or layout.status != "PUBLISHED":
            continue
        then, now = (_read(x, names) for x in (was, layout))
        if len(now) > len(then):
            yield (
                f"{layout.key} costs more: its page reads {len(now)} sections, "
                f"{len(then)} before."
            )
        for section in sorted(_in_code(now, names) - _in_code(then, names)):
            yield (
                f"{layout.key} costs more: {section} is read by code, beside the one "
                "statement of the page."
            )
    for kind in KINDS:
        more = record_attributes(new, kind) - record_attributes(old, kind)
        if more:
            yield (
                f"Every list of {KIND_WORDS[kind]} costs more: assignments ask "
                f"{', '.join(sorted(more))} of each record."
            )


def _read(layout: Layout, names: Names) -> list[Placement]:
    return list(shown(layout, layout.kind, "PAGE", names.sections))


def _in_code(placements: Iterable[Placement], names: Names) -> set[str]:
    return {p.section for p in placements if names.sections[p.section].in_code}


def _placements(book: LayoutBook) -> Iterator[Placement]:
    for layout in book.layouts:
        yield from layout.placements


def _clauses(a: Assignment) -> Iterator[tuple[str, Clause]]:
    yield from (("viewer", c) for c in a.viewer)
    yield from (("record", c) for c in a.record)


def _titled(a: Assignment) -> str:
    return f"Assignment {a.rank} {a.name!r}"
