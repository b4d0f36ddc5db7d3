"""The words for a resolution: which layout, why, and what of it is withheld."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from cyclorama.layouts.resolution import PINNED, Resolution, Trace, Withheld

REASONS: Final[Mapping[str, str]] = {
    "PLUGIN_DISABLED": "the section is switched off or not installed",
    "KIND_NOT_SUPPORTED": "the section does not support this kind of record",
    "OTHER_SURFACE": "the section is not shown on this surface",
    "NOT_CONFIGURED": "the section needs settings and has none",
    "NOT_PERMITTED": "masks hide all of the section from the viewer",
    "NOT_RELEVANT": "the section does not concern this record",
    "HIDDEN_BY_VIEWER": "the viewer has hidden the section",
}


def explain(resolution: Resolution) -> list[str]:
    """Lines for a terminal: the layout, the trail in rank order, what is withheld."""
    return [*_layout(resolution), *_trail(resolution), *_sections(resolution)]


def outcome(resolution: Resolution) -> str:
    """What decided, in a sentence."""
    last = resolution.trail[-1] if resolution.trail else None
    if last is None or not last.matched:
        return f"No assignment matches: {_fallback(resolution)}."
    if last.assignment == PINNED and last.rank == 0:
        return f"The record is pinned to {last.layout_key}."
    return f"Assignment {last.rank} {last.assignment!r} is the first that matches."


def _layout(resolution: Resolution) -> Iterator[str]:
    layout = resolution.layout
    yield f"Layout {layout.key} ({layout.name}), version {layout.version}"
    yield f"  {outcome(resolution)}"


def _trail(resolution: Resolution) -> Iterator[str]:
    for trace in resolution.trail:
        yield from _trace(trace)


def _trace(trace: Trace) -> Iterator[str]:
    outcome = "matches" if trace.matched else "does not match"
    yield f"  {trace.rank} {trace.assignment} -> {trace.layout_key}: {outcome}"
    for sentence in trace.because:
        yield f"      {sentence}"


def _fallback(resolution: Resolution) -> str:
    layout = resolution.layout
    if resolution.case.listed.default is None:
        built_in = "what all layouts show of the built-in one answers"
        return f"there is no default layout, and {built_in}"
    if layout.kind == "COMPANY":
        return "the default layout of companies answers"
    if layout.relationship_type is None:
        return "the default layout of relationships answers"
    return f"the default layout of {layout.relationship_type} relationships answers"


def _sections(resolution: Resolution) -> Iterator[str]:
    got = ", ".join(p.instance_key for p in resolution.placements)
    yield f"Sections: {got or 'none'}"
    for withheld in resolution.withheld:
        yield f"Withheld: {_withheld(withheld)}"


def _withheld(withheld: Withheld) -> str:
    name = withheld.instance_key
    if withheld.section != withheld.instance_key:
        name = f"{name} ({withheld.section})"
    return f"{name}: {REASONS[withheld.reason]}"
