"""Which layout a viewer gets on a record, what of it, and why.

Assignments are asked by rank, the first match wins; without one the default layout of
the kind and type answers, and at last the built-in default: there is always an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from cyclorama.layouts.clauses import MISSING, holds, phrase
from cyclorama.layouts.model import (
    Assignment,
    Clause,
    Layout,
    LayoutBook,
    Placement,
    SectionFacts,
    WithheldReason,
)
from cyclorama.layouts.personal import Personal, arranged, personal_of
from cyclorama.layouts.presets import default_layout

_NOTHING: Mapping[str, Any] = MappingProxyType({})


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
    """An assignment that was asked, and what it found."""

    rank: int
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


@dataclass(frozen=True, slots=True)
class Resolution:
    """The layout, the placements of it that the viewer gets, in order, and the reasons."""

    layout: Layout
    placements: tuple[Placement, ...]
    trail: tuple[Trace, ...]
    withheld: tuple[Withheld, ...]


def resolve(
    book: LayoutBook,
    *,
    viewer: Mapping[str, Any],
    record: Mapping[str, Any],
    kind: str,
    relationship_type: str | None,
    surface: str = "PAGE",
    sections: Mapping[str, SectionFacts],
    personal: Mapping[str, Any] = _NOTHING,
) -> Resolution:
    """The layout of a viewer on a record.

    An attribute that the viewer lacks is null; one that the record lacks does not exist,
    and no clause on it holds. `personal` is what the viewer made of layouts, by key.
    """
    listed = book.list_for(kind, relationship_type)
    trail: list[Trace] = []
    chosen = listed.default or default_layout(kind)
    for assignment, layout in listed.assignments:
        trail.append(_asked(assignment, layout, viewer, record))
        if trail[-1].matched:
            chosen = layout
            break
    own = personal_of(personal.get(chosen.key))
    reasons = [_reason(p, kind, surface, sections) for p in chosen.placements]
    given = zip(chosen.placements, reasons, strict=True)
    judged = [(p, reason or _hidden(p, own)) for p, reason in given]
    shown = tuple(p for p, reason in judged if reason is None)
    if own.order:
        left = [p for p, reason in judged if reason in (None, "HIDDEN_BY_VIEWER")]
        kept = {p.instance_key for p in shown}
        ordered = arranged(left, own.order)
        shown = tuple(p for p in ordered if p.instance_key in kept)
    return Resolution(
        layout=chosen,
        placements=shown,
        trail=tuple(trail),
        withheld=tuple(
            Withheld(p.instance_key, p.section, reason)
            for p, reason in judged
            if reason is not None
        ),
    )


def record_attributes(book: LayoutBook, kind: str) -> frozenset[str]:
    """The names of the record's attributes that have to be read for this kind."""
    layouts = {layout.key for layout in book.layouts if layout.kind == kind}
    asked = [a for a in book.assignments if a.enabled and a.layout in layouts]
    return frozenset(clause.attribute for a in asked for clause in a.record)


def _asked(
    assignment: Assignment,
    layout: Layout,
    viewer: Mapping[str, Any],
    record: Mapping[str, Any],
) -> Trace:
    findings: list[Finding] = []
    skipped = _skipped(assignment, layout)
    if skipped is None:
        findings += [
            Finding("viewer", c, viewer.get(c.attribute)) for c in assignment.viewer
        ]
        findings += [
            Finding("record", c, record.get(c.attribute, MISSING))
            for c in assignment.record
        ]
    return Trace(
        rank=assignment.rank,
        assignment=assignment.name,
        layout_key=layout.key,
        matched=skipped is None and all(f.holds for f in findings),
        findings=tuple(findings),
        skipped=skipped,
    )


def _skipped(assignment: Assignment, layout: Layout) -> str | None:
    if not assignment.enabled:
        return "The assignment is disabled."
    if layout.status != "PUBLISHED":
        return "The layout is a draft."
    return None


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
