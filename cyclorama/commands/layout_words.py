"""What `cyclorama layouts` prints of plans, changes, revisions and explanations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cyclorama.layouts.explanation import outcome
from cyclorama.layouts.resolution import Resolution
from cyclorama.resolvers.book import Saved
from cyclorama.resolvers.layout_files import Plan
from cyclorama.storage.layout_history import Revision
from cyclorama.storage.types import wire_instant


def plan_data(plan: Plan) -> dict[str, Any]:
    """In the words of the graph's `LayoutPlan`."""
    return {
        "version": plan.version,
        "changes": [
            {
                "layoutKey": c.layout,
                "kind": c.kind,
                "instanceKey": c.instance_key,
                "detail": c.detail,
            }
            for c in plan.changes
        ],
        "impact": [
            {
                "group": i.group,
                "section": i.section,
                "recordKind": i.kind,
                "gained": i.gained,
                "lost": i.lost,
            }
            for i in plan.impact
        ],
        "warnings": list(plan.warnings),
    }


def plan_words(plan: Plan) -> str:
    """Changes, who notices, what to think over."""
    return "\n".join(_plan_lines(plan))


def _plan_lines(plan: Plan) -> Iterator[str]:
    yield f"Against version {plan.version} of the configuration."
    if not plan.changes:
        yield "Nothing to change."
    for change in plan.changes:
        yield f"  {change.layout or '-'}: {change.detail}"
    if plan.changes and not plan.impact:
        yield "No record shows anybody more or less."
    for i in plan.impact:
        records = "companies" if i.kind == "COMPANY" else "relationships"
        for word, count in (("gains", i.gained), ("loses", i.lost)):
            if count:
                yield f"  {i.group} {word} {i.section} on {count} {records}"
    for warning in plan.warnings:
        yield f"Warning: {warning}"


def revision_data(revision: Revision) -> dict[str, Any]:
    """In the words of the graph's `LayoutRevision`, without the file."""
    return {
        "version": revision.version,
        "at": revision.at and wire_instant(revision.at),
        "author": revision.author,
        "changes": list(revision.changes),
    }


def revision_words(revision: Revision) -> str:
    """A line for the revision and one for each change."""
    when = "at installation" if revision.at is None else wire_instant(revision.at)
    lines = [f"{revision.version}  {when}  {revision.author}"]
    return "\n".join([*lines, *(f"    {change}" for change in revision.changes)])


def saved_data(saved: Saved) -> dict[str, Any]:
    """What applying a file changed."""
    return {
        "changed": saved.anything or saved.text,
        "layoutsAdded": saved.added,
        "layoutsChanged": saved.changed,
        "layoutsRemoved": saved.removed,
        "assignmentsChanged": saved.assignments,
        "sharedSectionsChanged": saved.shared,
        "pinsChanged": saved.pins,
        "version": saved.version,
    }


def saved_words(saved: Saved) -> str:
    """What applying a file changed, a line for each part."""
    if not (saved.anything or saved.text):
        return f"Nothing to change; the configuration stays at version {saved.version}."
    parts = {"Added": saved.added, "Changed": saved.changed, "Removed": saved.removed}
    lines = [f"{word}: {', '.join(keys)}" for word, keys in parts.items() if keys]
    further = {
        "the assignments": saved.assignments,
        "the shared sections": saved.shared,
        "the pins": saved.pins,
        "comments or the order of the file": saved.text,
    }
    lines += [f"Changed: {words}" for words, changed in further.items() if changed]
    return "\n".join([*lines, f"The configuration is at version {saved.version}."])


def resolution_data(resolution: Resolution) -> dict[str, Any]:
    """In the words of the graph's `LayoutExplanation`."""
    layout = resolution.layout
    return {
        "layout": {"key": layout.key, "name": layout.name, "version": layout.version},
        "outcome": outcome(resolution),
        "sections": [
            {"instanceKey": p.instance_key, "section": p.section}
            for p in resolution.placements
        ],
        "trail": [
            {
                "rank": t.rank,
                "assignment": t.assignment,
                "layoutKey": t.layout_key,
                "matched": t.matched,
                "because": list(t.because),
            }
            for t in resolution.trail
        ],
        "withheld": [
            {"instanceKey": w.instance_key, "section": w.section, "reason": w.reason}
            for w in resolution.withheld
        ],
    }
