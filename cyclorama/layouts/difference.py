"""What changes from one book to another, in words, and a digest of what a book says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any, Final

from cyclorama.layouts.model import (
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Pin,
    Placement,
    SharedSection,
)
from cyclorama.layouts.phrases import conditions, days, quoted
from cyclorama.layouts.writing import book_as_data

_FACTS: Final = {
    "kind": "kind",
    "relationship_type": "relationship type",
    "name": "name",
    "description": "description",
    "is_default": "default",
    "status": "status",
}
_PLACED: Final = {
    "section": "section",
    "label": "label",
    "icon": "icon",
    "surfaces": "surfaces",
    "shared": "shared section",
    "decoupled_from": "decoupled from",
    "decoupled_version": "decoupled at version",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: the layout's key (empty where it is none's), a name of the graph's
    `LayoutChangeKind`, the placement, and a sentence."""

    layout: str
    kind: str
    instance_key: str | None
    detail: str


def changes(old: LayoutBook, new: LayoutBook) -> list[Change]:
    """Every difference, shared sections first, then layouts, assignments and pins; empty
    exactly where both books say the same."""
    return [
        *_shared_changes(old.shared, new.shared),
        *_layout_changes(old, new),
        *_assignment_changes(old.assignments, new.assignments),
        *_pin_changes(old.pins, new.pins),
    ]


def told_apart(value: Any) -> Any:
    """The value such that 1 and true, equal in Python, differ."""
    match value:
        case bool():
            return ("flag", value)
        case Mapping():
            return {key: told_apart(held) for key, held in value.items()}
        case list() | tuple():
            return [told_apart(held) for held in value]
        case Clause(attribute, operator, values):
            return (attribute, operator, told_apart(values))
        case Layout():
            return (value, [told_apart(p.config) for p in value.placements])
        case SharedSection():
            return (value, told_apart(value.config))
        case Assignment():
            clauses = (told_apart(value.viewer), told_apart(value.record))
            return (value, clauses)
        case Pin():
            return (value, told_apart(value.viewer))
    return value


def renewed(
    old: Iterable[SharedSection], new: Iterable[SharedSection]
) -> tuple[SharedSection, ...]:
    """The new shared sections at the versions that saving them gives."""
    before = {s.key: s for s in old}
    return tuple(_renewed(before.get(s.key), s) for s in new)


def _renewed(was: SharedSection | None, now: SharedSection) -> SharedSection:
    if was is None:
        return replace(now, version=1)
    return replace(now, version=was.version + (told_apart(was) != told_apart(now)))


def digest(book: LayoutBook) -> str:
    """The same for books that say the same, whatever their order of layouts,
    assignments, shared sections and pins."""
    data = book_as_data(book)
    ordered = {name: sorted(map(_text, held)) for name, held in data.items()}
    return hashlib.sha256(_text(ordered).encode("utf-8", "surrogatepass")).hexdigest()


def _text(value: Any) -> str:
    return json.dumps(_numbers(value), sort_keys=True)


def _numbers(value: Any) -> Any:
    """Without the difference between 1 and 1.0, which no database keeps."""
    if isinstance(value, Mapping):
        return {key: _numbers(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_numbers(held) for held in value]
    whole = isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


def _shared_changes(
    old: Iterable[SharedSection], new: Iterable[SharedSection]
) -> Iterator[Change]:
    before, after = {s.key: s for s in old}, {s.key: s for s in new}
    for key, shared in after.items():
        was = before.get(key)
        if was is None:
            words = f"Shared section {key!r} ({shared.section}) is added."
            yield Change("", "SHARED_SECTION_ADDED", None, words)
        elif told_apart(was) != told_apart(shared):
            parts = [
                f"{name} {quoted(getattr(was, name))} becomes "
                f"{quoted(getattr(shared, name))}"
                for name in ("section", "name")
                if getattr(was, name) != getattr(shared, name)
            ]
            if told_apart(was.config) != told_apart(shared.config):
                parts.append(_settings(was.config, shared.config))
            words = f"Shared section {key!r}: {'; '.join(parts)}."
            yield Change("", "SHARED_SECTION_CHANGED", None, words)
    for key in before:
        if key not in after:
            words = f"Shared section {key!r} is removed."
            yield Change("", "SHARED_SECTION_REMOVED", None, words)


def _layout_changes(old: LayoutBook, new: LayoutBook) -> Iterator[Change]:
    before, after = ({x.key: x for x in book.layouts} for book in (old, new))
    for key, layout in after.items():
        was = before.get(key)
        if was is None:
            held = ", ".join(p.instance_key for p in layout.placements) or "no sections"
            draft = " as a draft" if layout.status == "DRAFT" else ""
            words = f"{layout.name} is added{draft}, with {held}."
            yield Change(key, "LAYOUT_ADDED", None, words)
            continue
        parts = [
            f"{word} {quoted(getattr(was, name))} becomes {quoted(getattr(layout, name))}"
            for name, word in _FACTS.items()
            if getattr(was, name) != getattr(layout, name)
        ]
        if parts:
            words = f"{layout.name}: {'; '.join(parts)}."
            yield Change(key, "LAYOUT_CHANGED", None, words)
        yield from _placement_changes(key, was.placements, layout.placements)
    for key, was in before.items():
        if key not in after:
            yield Change(key, "LAYOUT_REMOVED", None, f"{was.name} is removed.")


def _placement_changes(
    layout: str, old: Sequence[Placement], new: Sequence[Placement]
) -> Iterator[Change]:
    before, after = ({p.instance_key: p for p in placed} for placed in (old, new))
    places = {key: n for n, key in enumerate(after, 1)}
    for key, placement in after.items():
        was = before.get(key)
        if was is None:
            where = f"at place {places[key]}"
            words = f"{_called(placement)} is added {where}."
            yield Change(layout, "SECTION_ADDED", key, words)
            continue
        parts = [
            f"{word} {quoted(getattr(was, name))} becomes "
            f"{quoted(getattr(placement, name))}"
            for name, word in _PLACED.items()
            if getattr(was, name) != getattr(placement, name)
        ]
        if told_apart(was.config) != told_apart(placement.config):
            parts.append(_settings(was.config, placement.config))
        if parts:
            words = f"{_called(placement)}: {'; '.join(parts)}."
            yield Change(layout, "SECTION_CHANGED", key, words)
    for key, was in before.items():
        if key not in after:
            words = f"{_called(was)} is removed."
            yield Change(layout, "SECTION_REMOVED", key, words)
    former = {key: n for n, key in enumerate(before, 1)}
    for key in _moved(
        [k for k in before if k in after], [k for k in after if k in before]
    ):
        words = (
            f"{_called(after[key])} moves from place {former[key]} to {places[key]}."
        )
        yield Change(layout, "SECTION_MOVED", key, words)


def _moved(old: list[str], new: list[str]) -> list[str]:
    """The fewest that one has to move to come from one order to the other."""
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    stay = {
        key
        for block in matcher.get_matching_blocks()
        for key in new[block.b : block.b + block.size]
    }
    return [key for key in new if key not in stay]


def _called(placement: Placement) -> str:
    """`contract (attributes)`: the instance and, if it is another word, the section."""
    if placement.instance_key == placement.section:
        return placement.section
    return f"{placement.instance_key} ({placement.section})"


def _settings(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Which settings differ, at the outermost place that does."""
    names = [
        name
        for name in dict.fromkeys((*old, *new))
        if (name in old) != (name in new)
        or told_apart(old.get(name)) != told_apart(new.get(name))
    ]
    return f"settings change: {', '.join(names)}"


def _assignment_changes(
    old: Sequence[Assignment], new: Sequence[Assignment]
) -> Iterator[Change]:
    gone, come = _unequal(old, new)
    for same in (
        lambda a: (a.name, a.layout),
        lambda a: (a.rank, a.layout),
        lambda a: (a.name,),
    ):
        for assignment in list(come):
            was = next((a for a in gone if same(a) == same(assignment)), None)
            if was is not None:
                gone = [a for a in gone if a is not was]
                come = [a for a in come if a is not assignment]
                words = f"{_titled(assignment)}: {'; '.join(_parts(was, assignment))}."
                yield Change(assignment.layout, "ASSIGNMENT_CHANGED", None, words)
    for a in come:
        words = f"{_titled(a)} is added: {_whom(a)}."
        yield Change(a.layout, "ASSIGNMENT_ADDED", None, words)
    for a in gone:
        words = f"{_titled(a)} is removed: {_whom(a)}."
        yield Change(a.layout, "ASSIGNMENT_REMOVED", None, words)


def _unequal(old: Sequence[Any], new: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """What of each has no equal in the other, each equal counted once."""
    come = list(new)
    gone = []
    for one in old:
        twin = next((o for o in come if told_apart(o) == told_apart(one)), None)
        if twin is None:
            gone.append(one)
        else:
            come = [o for o in come if o is not twin]
    return gone, come


def _titled(a: Assignment) -> str:
    return f"Assignment {a.rank} {a.name!r}"


def _whom(a: Assignment) -> str:
    off = "" if a.enabled else ", disabled"
    return f"{conditions(a.viewer, a.record)}{days(a.valid_from, a.valid_until)}{off}"


def _parts(old: Assignment, new: Assignment) -> Iterator[str]:
    for name in ("rank", "name", "layout", "enabled"):
        if getattr(old, name) != getattr(new, name):
            was, now = quoted(getattr(old, name)), quoted(getattr(new, name))
            yield f"{name} {was} becomes {now}"
    before, after = (
        replace(a, rank=0, name="", layout="", enabled=True) for a in (old, new)
    )
    if told_apart(before) != told_apart(after):
        yield f"it was for {_whom(before)}, and is for {_whom(after)}"


def _pin_changes(old: Sequence[Pin], new: Sequence[Pin]) -> Iterator[Change]:
    gone, come = _unequal(old, new)
    former = {pin.record: pin for pin in gone}
    for pin in come:
        was = former.pop(pin.record, None)
        whom = conditions(pin.viewer, ())
        words = f"{pin.record} gets {pin.layout} for {whom}"
        if was is None:
            yield Change(pin.layout, "PIN_ADDED", None, f"{words}.")
        else:
            then = f"it got {was.layout} for {conditions(was.viewer, ())}"
            yield Change(pin.layout, "PIN_CHANGED", None, f"{words}; {then}.")
    for pin in former.values():
        words = f"{pin.record} is not pinned any more."
        yield Change(pin.layout, "PIN_REMOVED", None, words)
