"""Which layout a viewer gets on a record, what of it, and why.

A pin of the record is asked first, then the assignments by rank, the first match wins;
without one the default layout of the kind and type answers, and at last the built-in
default: there is always an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from cyclorama.layouts.clauses import MISSING, Subject, holds, phrase
from cyclorama.layouts.model import (
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    LayoutList,
    Pin,
    Placement,
    SectionFacts,
    WithheldReason,
)
from cyclorama.layouts.personal import Personal, arranged, personal_of
from cyclorama.layouts.presets import default_layout

_NOTHING: Mapping[str, Any] = MappingProxyType({})
PINNED: Final = "Pinned to this record"
"""What stands for the name of an assignment in the trail where a pin was asked."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A clause, the value that was found, and of whom: `viewer` or `record`."""

    subject: str
    clause: Clause
    value: Any

    @property
    def holds(self) -> bool:
        """Whether the clause is true of the value."""
        return holds(self.clause, self.value)


@dataclass(frozen=True, slots=True)
class Trace:
    """An assignment or a pin that was asked, and what it found."""

    rank: int
    """0 for a pin."""
    assignment: str
    layout_key: str
    matched: bool
    findings: tuple[Finding, ...] = ()
    skipped: str | None = None
    """Why it was not asked at all."""

    @property
    def because(self) -> tuple[str, ...]:
        """Why it matched or not, a sentence for each clause that was looked at."""
        if self.skipped is not None:
            return (self.skipped,)
        if not self.findings:
            return ("It has no conditions and matches everything.",)
        return tuple(phrase(f.subject, f.clause, f.value) for f in self.findings)


@dataclass(frozen=True, slots=True)
class Withheld:
    """A placement that the layout holds and the viewer doesn't get."""

    instance_key: str
    section: str
    reason: WithheldReason


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Who asks for what and when: all that a layout is decided by."""

    book: LayoutBook
    viewer: Mapping[str, Any]
    record: Mapping[str, Any]
    record_id: str | None
    kind: str
    relationship_type: str | None
    today: date

    @property
    def listed(self) -> LayoutList:
        """The layouts that the record may get at all."""
        return self.book.list_for(self.kind, self.relationship_type)

    @property
    def pin(self) -> tuple[Pin, Layout] | None:
        """The record's pin with its layout, if that is one for the record."""
        pin = self.book.pin_of(self.record_id)
        layout = None if pin is None else self.listed.layouts.get(pin.layout)
        return None if pin is None or layout is None else (pin, layout)


@dataclass(frozen=True, slots=True)
class Resolution:
    """The layout, the placements of it that the viewer gets, in order, and the reasons."""

    layout: Layout
    placements: tuple[Placement, ...]
    withheld: tuple[Withheld, ...]
    case: Case

    @property
    def trail(self) -> tuple[Trace, ...]:
        """What was asked up to the winner, in order; made when it is looked at."""
        return tuple(_trail(self.case))


def resolve(
    book: LayoutBook,
    *,
    viewer: Mapping[str, Any],
    record: Mapping[str, Any],
    kind: str,
    relationship_type: str | None,
    today: date,
    record_id: str | None = None,
    surface: str = "PAGE",
    sections: Mapping[str, SectionFacts],
    masked: Set[tuple[str, str]] = frozenset(),
    personal: Mapping[str, Any] = _NOTHING,
) -> Resolution:
    """The layout of a viewer on a record.

    An attribute that the viewer lacks is null; one that the record lacks does not exist,
    and no clause on it holds. `masked` are the sections, by kind of record, of which the
    viewer may see nothing. `personal` is what they made of layouts, by key.
    """
    case = Case(book, viewer, record, record_id, kind, relationship_type, today)
    chosen = _chosen(case)
    own = personal_of(personal.get(chosen.key))
    judged = [
        (
            p,
            _reason(p, kind, surface, sections)
            or _masked(p, kind, masked)
            or _hidden(p, own),
        )
        for p in chosen.placements
    ]
    shown = tuple(p for p, reason in judged if reason is None)
    if own.order:
        left = [p for p, reason in judged if reason in (None, "HIDDEN_BY_VIEWER")]
        kept = {p.instance_key for p in shown}
        ordered = arranged(left, own.order)
        shown = tuple(p for p in ordered if p.instance_key in kept)
    return Resolution(
        layout=chosen,
        placements=shown,
        withheld=tuple(
            Withheld(p.instance_key, p.section, reason)
            for p, reason in judged
            if reason is not None
        ),
        case=case,
    )


def record_attributes(book: LayoutBook, kind: str) -> frozenset[str]:
    """The names of the record's attributes that have to be read for this kind."""
    layouts = {layout.key for layout in book.layouts if layout.kind == kind}
    asked = [a for a in book.assignments if a.enabled and a.layout in layouts]
    return frozenset(clause.attribute for a in asked for clause in a.record)


def fallback(listed: LayoutList, kind: str) -> Layout:
    """The layout that answers where nothing matches: the organisation's default, or
    what its layouts all show of the built-in one, so that it reveals less than any."""
    if listed.default is not None:
        return listed.default
    built_in = default_layout(kind)
    published = (x for x in listed.layouts.values() if x.status == "PUBLISHED")
    shown = [{p.section for p in x.placements} for x in published]
    kept = (p for p in built_in.placements if all(p.section in s for s in shown))
    return replace(built_in, placements=tuple(kept))


def skipped(assignment: Assignment, layout: Layout, today: date) -> str | None:
    """Why an assignment is not asked on this day; None where it is."""
    if not assignment.enabled:
        return "The assignment is disabled."
    if layout.status != "PUBLISHED":
        return "The layout is a draft."
    if assignment.is_effective(today):
        return None
    if assignment.valid_from is not None and today < assignment.valid_from:
        return f"It holds only from {assignment.valid_from} on."
    return f"It held only until {assignment.valid_until}."


def shown(
    layout: Layout, kind: str, surface: str, sections: Mapping[str, SectionFacts]
) -> Iterator[Placement]:
    """The placements that whoever gets the layout gets, in order."""
    for placement in layout.placements:
        if _reason(placement, kind, surface, sections) is None:
            yield placement


def _chosen(case: Case) -> Layout:
    viewer, record = Subject(case.viewer), Subject(case.record, MISSING)
    if case.pin is not None:
        pin, layout = case.pin
        if layout.status == "PUBLISHED" and viewer.meets(pin.viewer):
            return layout
    for assignment, layout in case.listed.assignments:
        if (
            viewer.meets(assignment.viewer)
            and record.meets(assignment.record)
            and skipped(assignment, layout, case.today) is None
        ):
            return layout
    return fallback(case.listed, case.kind)


def _trail(case: Case) -> Iterator[Trace]:
    if case.pin is not None:
        pin, layout = case.pin
        draft = "The layout is a draft." if layout.status != "PUBLISHED" else None
        asked = _traced(case, 0, PINNED, layout, pin.viewer, (), draft)
        yield asked
        if asked.matched:
            return
    for a, layout in case.listed.assignments:
        because = skipped(a, layout, case.today)
        asked = _traced(case, a.rank, a.name, layout, a.viewer, a.record, because)
        yield asked
        if asked.matched:
            return


def _traced(
    case: Case,
    rank: int,
    name: str,
    layout: Layout,
    viewer: tuple[Clause, ...],
    record: tuple[Clause, ...],
    because: str | None,
) -> Trace:
    findings: list[Finding] = []
    if because is None:
        findings += [Finding("viewer", c, case.viewer.get(c.attribute)) for c in viewer]
        findings += [
            Finding("record", c, case.record.get(c.attribute, MISSING)) for c in record
        ]
    return Trace(
        rank=rank,
        assignment=name,
        layout_key=layout.key,
        matched=because is None and all(f.holds for f in findings),
        findings=tuple(findings),
        skipped=because,
    )


def _masked(
    placement: Placement, kind: str, masked: Set[tuple[str, str]]
) -> WithheldReason | None:
    return "NOT_PERMITTED" if (kind, placement.section) in masked else None


def _hidden(placement: Placement, own: Personal) -> WithheldReason | None:
    return "HIDDEN_BY_VIEWER" if placement.instance_key in own.hidden else None


def _reason(
    placement: Placement,
    kind: str,
    surface: str,
    sections: Mapping[str, SectionFacts],
) -> WithheldReason | None:
    """Why the viewer does not get a placement; None where they do."""
    facts = sections.get(placement.section)
    if facts is None or not facts.enabled:
        return "PLUGIN_DISABLED"
    if kind not in facts.kinds:
        return "KIND_NOT_SUPPORTED"
    if surface not in placement.surfaces or surface not in facts.surfaces:
        return "OTHER_SURFACE"
    if placement.problem or (facts.requires_config and not placement.config):
        return "NOT_CONFIGURED"
    return None
