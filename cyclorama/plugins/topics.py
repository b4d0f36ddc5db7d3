"""Things of records that rows of other sections may be about, as they were at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cyclorama.resolvers.context import Context

Topic = Mapping[str, Any]
"""What was known of a thing, as plain values by name: its `kind`, the `section` that says
it, and others."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Topics:
    """What a section offers that has no row of a record's own, as the measures of its
    scorecard."""

    find: Callable[[Any, str, str], Awaitable[Topic | None]]
    """Given the context of a request, the id of a record and that of a thing: what is
    known of the thing by now, without the section; None where the record has no such
    thing. What of it the viewer may know is not asked."""
    fields: Mapping[str, Sequence[str]]
    """By the name of a value, the fields of the graph that show the same, as
    `Score.value`: hidden with any."""

    @staticmethod
    async def of(context: Context, record_id: str, thing_id: str) -> Topic | None:
        """What is known by now of a thing of a record, for viewers who get its section
        there; None without one. It is kept whole: `known` says what somebody may know."""
        ref = await context.ref(record_id)
        for env in () if ref is None else ref.variant.envs:
            section = context.settings.sections[env.placement.section]
            if section.topics is not None:
                found = await section.topics.find(context, record_id, thing_id)
                if found is not None:
                    return {**found, "section": section.key}
        return None

    @staticmethod
    async def known(
        context: Context, kept: Sequence[tuple[str, Topic]]
    ) -> list[Topic | None]:
        """Ids of records with what `of` gave for them in, what the viewer may know of it
        out, same order: None where they don't get the section on the record, null for
        values of fields that are hidden from them."""
        refs = await context.refs([record for record, _ in kept])
        found = zip(refs, kept, strict=True)
        return [_known(context, ref, topic) for ref, (_, topic) in found]


def _known(context: Context, ref: Any, topic: Topic) -> Topic | None:
    section = context.settings.sections.get(topic["section"])
    if ref is None or section is None or section.topics is None:
        return None
    if ref.variant.env(section.key, None) is None:
        return None
    of, hidden = section.topics.fields, context.masked.fields
    return {
        name: value if hidden.isdisjoint(of.get(name, ())) else None
        for name, value in topic.items()
    }
